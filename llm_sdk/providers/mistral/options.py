"""Tools, tool choice, response format and reasoning <-> their fields in the request."""

from collections.abc import Iterable

from llm_sdk.extra import ExtraFields
from llm_sdk.providers.mistral import wire
from llm_sdk.providers.mistral.capabilities import CAPABILITIES
from llm_sdk.providers.mistral.content import PROVIDER
from llm_sdk.shared_options import encode_schema_format, own_tools, unknown_tool
from llm_sdk.strict_schema import allows_strict
from llm_sdk.types import (
    JsonObject,
    JsonResponseFormat,
    OpaqueTool,
    ReasoningOptions,
    ResponseFormatOption,
    TextResponseFormat,
    Tool,
    ToolChoiceAuto,
    ToolChoiceNone,
    ToolChoiceOption,
    ToolChoiceRequired,
    ToolChoiceTool,
    ToolOption,
)

TOOL_CHOICES: dict[str, ToolChoiceOption] = {
    "auto": ToolChoiceAuto(),
    "none": ToolChoiceNone(),
    "any": ToolChoiceRequired(),
    "required": ToolChoiceRequired(),
}
"""The last of those with one meaning is another word for it, and only read."""
THINKING_EFFORT = "high"
"""The one effort beside ``none`` that every thinking model takes (documented): together they are on and off."""
REASONING_MODE = "reasoning"


def encode_tools(tools: Iterable[ToolOption], warnings: list[str]) -> list[JsonObject]:
    """``tools``. A hosted tool of another provider is left out with a warning; the capabilities refuse a web search."""
    written: list[JsonObject] = []
    for tool in own_tools(tools, PROVIDER, warnings):
        match tool:
            case OpaqueTool():
                written.append(tool.data)
            case Tool():
                described = {"description": tool.description} if tool.description else {}
                strict = {"strict": True} if allows_strict(tool.parameters) else {}
                function = {"name": tool.name, **described, "parameters": tool.parameters, **strict}
                written.append({"type": "function", "function": function})
    return written


def decode_tools(wired: list[wire.Tool] | None, extra: ExtraFields, warnings: list[str]) -> list[ToolOption] | None:
    """The tools; a hosted one is opaque."""
    if wired is None:
        return None
    tools: list[ToolOption] = []
    for at, tool in enumerate(wired):
        if isinstance(tool, wire.FunctionTool):
            extra.keep_all(tool.rest("type", "function"), "tools", str(at))
            tools.append(decode_function(tool.function, ("tools", str(at), "function"), extra))
        else:
            tools.append(unknown_tool(tool.type, tool.as_json(), PROVIDER, warnings))
    return tools


def decode_function(function: wire.Function, path: tuple[str, ...], extra: ExtraFields) -> Tool:
    """A function. ``strict`` is kept where it is not what the schema says by itself."""
    if bool(function.strict) != allows_strict(function.parameters):
        extra.keep(*path, "strict", value=bool(function.strict))
    extra.keep_all(function.rest("name", "description", "parameters", "strict"), *path)
    return Tool(name=function.name, description=function.description or "", parameters=function.parameters)


def encode_tool_choice(choice: ToolChoiceOption) -> str | JsonObject:
    """``tool_choice``."""
    if isinstance(choice, ToolChoiceTool):
        return {"type": "function", "function": {"name": choice.tool_name}}
    return "any" if choice.type == "required" else choice.type


def decode_tool_choice(choice: str | JsonObject | None, extra: ExtraFields) -> ToolChoiceOption | None:
    """The other way; a choice without a unified form is kept."""
    match choice:
        case None:
            return None
        case str() as word if word in TOOL_CHOICES:
            return TOOL_CHOICES[word]
        case {"function": {"name": str(name), **inner}, **rest} if not inner and rest in ({}, {"type": "function"}):
            if not rest:
                extra.keep("tool_choice", value=choice)
            return ToolChoiceTool(tool_name=name)
        case other:
            extra.keep("tool_choice", value=other)
            return None


def encode_format(format: ResponseFormatOption) -> JsonObject:
    """``response_format``."""
    return encode_schema_format(format)


def decode_format(format: wire.ResponseFormat | None, extra: ExtraFields) -> ResponseFormatOption | None:
    """The other way; a format without a unified form is kept."""
    if format is None:
        return None
    schema = format.json_schema
    if format.type == "json_schema" and schema is not None:
        path = ("response_format", "json_schema")
        if bool(schema.strict) != allows_strict(schema.json_schema):
            extra.keep(*path, "strict", value=bool(schema.strict))
        extra.keep_all(schema.rest("name", "description", "schema", "strict"), *path)
        extra.keep_all(format.rest("type", "json_schema"), "response_format")
        fields = {"name": schema.name, "description": schema.description, "schema": schema.json_schema}
        return JsonResponseFormat.model_validate(fields)
    if format.type not in ("text", "json_object"):
        extra.keep("response_format", value=format.as_json())
        return None
    extra.keep_all(format.rest("type"), "response_format")
    return TextResponseFormat() if format.type == "text" else JsonResponseFormat(name="json_object")


def encode_reasoning_options(options: ReasoningOptions) -> str:
    """``reasoning_effort``."""
    return (options.effort or THINKING_EFFORT) if options.enabled else "none"


def decode_reasoning_options(body: wire.Request, extra: ExtraFields) -> ReasoningOptions | None:
    """``reasoning_effort``, and ``prompt_mode`` in which older models are told to think; an unknown effort is kept.

    A ``prompt_mode`` of null is none at all, and another thing than one that is not given.
    """
    if "prompt_mode" in body.model_fields_set:
        extra.keep("prompt_mode", value=body.prompt_mode)
    effort = body.reasoning_effort
    if effort is None:
        if body.prompt_mode != REASONING_MODE:
            return None
        extra.keep("reasoning_effort", value=None)
        return ReasoningOptions()
    if effort in ("none", THINKING_EFFORT):
        return ReasoningOptions(enabled=effort == THINKING_EFFORT)
    if effort in CAPABILITIES.reasoning_efforts:
        return ReasoningOptions.model_validate({"effort": effort})
    extra.keep("reasoning_effort", value=effort)
    return None
