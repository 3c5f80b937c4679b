"""Custom tools: tools of the caller's that have no unified form."""

from collections.abc import Sequence
from typing import Any

from llm_sdk.codec import Ids, ModelCall
from llm_sdk.openai_custom_tools import INPUT, parameters_of
from llm_sdk.providers.openai import id_forms
from llm_sdk.providers.openai.content import PROVIDER
from llm_sdk.services import AllowedTools, ClientTool
from llm_sdk.types import JsonObject, OpaquePart, OpaqueTool, Part, Tool, ToolOption

CUSTOM = "custom"
CALL = "custom_tool_call"


def custom_names(tools: Sequence[ToolOption]) -> set[str]:
    """The names of the custom tools that are no function's name."""
    opaque = [tool.data for tool in tools if isinstance(tool, OpaqueTool) and tool.provider == PROVIDER]
    names = {str(data.get("name")) for data in opaque if data.get("type") == CUSTOM}
    return names - {tool.name for tool in tools if isinstance(tool, Tool)}


def client_tool(tool: OpaqueTool) -> ClientTool | None:
    """How a custom tool is called; None for any other."""
    name, format = tool.data.get("name"), tool.data.get("format")
    if tool.data.get("type") != CUSTOM or not isinstance(name, str):
        return None
    grammar: dict[str, Any] = format if isinstance(format, dict) else {}

    def write(id: str, args: JsonObject, ids: Ids) -> OpaquePart:
        own = id_forms.CUSTOM_CALL_ID + ids.token(id_forms.ID_LENGTH)
        call = {"id": own, "type": CALL, "status": "completed", "call_id": id, INPUT: args[INPUT], "name": name}
        return OpaquePart(provider=PROVIDER, data=call)

    return ClientTool(name, parameters_of(grammar.get("syntax"), grammar.get("definition")), write)


def custom_call(part: Part) -> JsonObject | None:
    """The call of a custom tool that a part is, None for any other part."""
    if not isinstance(part, OpaquePart) or part.provider != PROVIDER or part.data.get("type") != CALL:
        return None
    return part.data if {"call_id", "name"} <= part.data.keys() else None


def called_tool(part: OpaquePart) -> str | None:
    """The name of the custom tool that a part calls."""
    call = custom_call(part)
    return None if call is None else str(call["name"])


def allowed_tools(call: ModelCall) -> AllowedTools | None:
    """What a choice of several tools allows: functions and custom tools by name, any other by its type."""
    match (call.input.extra or {}).get("tool_choice"):
        case {"type": "allowed_tools", "tools": list(tools), **choice}:
            named = (tool.get("name") or tool.get("type") for tool in tools if isinstance(tool, dict))
            return AllowedTools(frozenset(map(str, named)), choice.get("mode") == "required")
    return None
