"""Custom tools: tools of the caller's that have no unified form."""

from collections.abc import Sequence
from typing import Any

from llm_sdk.codec import Ids, ModelCall
from llm_sdk.openai_custom_tools import INPUT, parameters_of
from llm_sdk.providers.openai_chat_completion.content import PROVIDER
from llm_sdk.services import AllowedTools, ClientTool
from llm_sdk.types import JsonObject, OpaquePart, OpaqueTool, Tool, ToolOption

CUSTOM = "custom"


def custom_names(tools: Sequence[ToolOption]) -> set[str]:
    """The names of the custom tools that are no function's name."""
    opaque = [tool for tool in tools if isinstance(tool, OpaqueTool) and tool.provider == PROVIDER]
    names = {name for tool in opaque if (name := _described(tool.data).get("name")) is not None}
    return names - {tool.name for tool in tools if isinstance(tool, Tool)}


def _described(data: JsonObject) -> dict[str, Any]:
    """What a tool, or a call, of this kind says of itself; nothing for any other kind."""
    described = data.get(CUSTOM) if data.get("type") == CUSTOM else None
    return described if isinstance(described, dict) and isinstance(described.get("name"), str) else {}


def client_tool(tool: OpaqueTool) -> ClientTool | None:
    """How a custom tool is called; None for any other."""
    described = _described(tool.data)
    if not described:
        return None
    name: str = described["name"]
    format = described.get("format")
    grammar = format.get("grammar") if isinstance(format, dict) else None
    given: dict[str, Any] = grammar if isinstance(grammar, dict) else {}

    def write(id: str, args: JsonObject, ids: Ids) -> OpaquePart:  # noqa: ARG001 - the contract's
        call = {"id": id, "type": CUSTOM, CUSTOM: {"name": name, INPUT: args[INPUT]}}
        return OpaquePart(provider=PROVIDER, data=call)

    return ClientTool(name, parameters_of(given.get("syntax"), given.get("definition")), write)


def called_tool(part: OpaquePart) -> str | None:
    """The name of the custom tool that a part calls."""
    return _described(part.data).get("name") if part.provider == PROVIDER else None


def allowed_tools(call: ModelCall) -> AllowedTools | None:
    """What a choice of several tools allows."""
    match (call.input.extra or {}).get("tool_choice"):
        case {"type": "allowed_tools", "allowed_tools": {"tools": list(tools), **choice}}:
            described = (tool.get(kind) for tool in tools if isinstance(tool, dict) for kind in ("function", CUSTOM))
            names = frozenset(str(one.get("name")) for one in described if isinstance(one, dict))
            return AllowedTools(names, choice.get("mode") == "required")
    return None
