"""What several protocols do alike with the options of a call: tools of others, unknown tools, places, formats."""

from collections.abc import Iterable, Iterator

from llm_sdk.strict_schema import allows_strict
from llm_sdk.types import JsonObject, OpaqueTool, ResponseFormatOption, TextResponseFormat, ToolOption, UserLocation

__all__ = ["LOCATION", "encode_schema_format", "encode_user_location", "own_tools", "unknown_tool"]

LOCATION = tuple(UserLocation.model_fields)
"""What a place is told by, in the words of all protocols that have one."""


def own_tools(tools: Iterable[ToolOption], provider: str, warnings: list[str]) -> Iterator[ToolOption]:
    """The tools that can be sent to ``provider``. A hosted tool of another one is left out with a warning."""
    for tool in tools:
        if isinstance(tool, OpaqueTool) and tool.provider != provider:
            warnings.append(f"tool: a hosted tool of {tool.provider} was left out")
        else:
            yield tool


def unknown_tool(kind: str, data: JsonObject, provider: str, warnings: list[str]) -> OpaqueTool:
    """A tool of a ``kind`` without a unified form, kept in its own JSON; a warning says so."""
    warnings.append(f"{kind}: this tool has no unified form and is kept as an opaque tool")
    return OpaqueTool(provider=provider, data=data)


def encode_user_location(location: UserLocation) -> JsonObject:
    """The ``user_location`` of a web search."""
    return {"type": "approximate", **location.model_dump()}


def encode_schema_format(format: ResponseFormatOption) -> JsonObject:
    """``response_format`` with its schema under ``json_schema``, and ``strict`` where the schema allows it."""
    if isinstance(format, TextResponseFormat):
        return {"type": "text"}
    if format.json_schema is None:
        return {"type": "json_object"}
    described = {} if format.description is None else {"description": format.description}
    strict = {"strict": True} if allows_strict(format.json_schema) else {}
    schema = {"name": format.name, **described, "schema": format.json_schema, **strict}
    return {"type": "json_schema", "json_schema": schema}
