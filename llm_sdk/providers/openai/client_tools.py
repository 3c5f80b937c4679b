"""Tools without a unified form that the caller runs: custom tools, shells and computers.

Source: OpenAI's OpenAPI document 2.3.0, and recorded calls of custom tools, local shells and computers.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from llm_sdk.codec import Ids, ModelCall
from llm_sdk.openai_custom_tools import INPUT, parameters_of
from llm_sdk.providers.openai import id_forms
from llm_sdk.providers.openai.content import PROVIDER
from llm_sdk.services import AllowedTools, ClientTool
from llm_sdk.types import JsonObject, OpaquePart, OpaqueTool, Part, Tool, ToolOption

CUSTOM = "custom"
CALL = "custom_tool_call"
HOSTED: dict[str, JsonObject] = {
    "local_shell": {"type": "local_shell_call", "action": {"type": "exec", "command": ["pwd"], "env": {}}},
    "shell": {
        "type": "shell_call",
        "action": {"commands": ["pwd"], "timeout_ms": None, "max_output_length": None},
    },
    "computer_use_preview": {
        "type": "computer_call",
        "action": {"type": "screenshot"},
        "pending_safety_checks": [],
    },
    "computer": {"type": "computer_call", "actions": [{"type": "screenshot"}], "pending_safety_checks": []},
}
"""The calls of OpenAI's own tools that the caller runs, each of which changes nothing. Their names are their types."""
NO_ARGUMENTS: JsonObject = {"type": "object", "properties": {}}


def custom_names(tools: Sequence[ToolOption]) -> set[str]:
    """The names of the custom tools that are no function's name."""
    opaque = [tool.data for tool in tools if isinstance(tool, OpaqueTool) and tool.provider == PROVIDER]
    names = {str(data.get("name")) for data in opaque if data.get("type") == CUSTOM}
    return names - {tool.name for tool in tools if isinstance(tool, Tool)}


def client_tool(tool: OpaqueTool) -> ClientTool | None:
    """How a tool of these is called; None for one that the provider runs."""
    kind, name, format = tool.data.get("type"), tool.data.get("name"), tool.data.get("format")
    if isinstance(kind, str) and kind in HOSTED and not _runs_there(tool):
        return ClientTool(kind, NO_ARGUMENTS, partial(_write_hosted, kind))
    if kind != CUSTOM or not isinstance(name, str):
        return None
    grammar: dict[str, Any] = format if isinstance(format, dict) else {}

    def write(id: str, args: JsonObject, ids: Ids) -> OpaquePart:
        own = id_forms.CUSTOM_CALL_ID + ids.token(id_forms.ID_LENGTH)
        call = {"id": own, "type": CALL, "status": "completed", "call_id": id, INPUT: args[INPUT], "name": name}
        return OpaquePart(provider=PROVIDER, data=call)

    return ClientTool(name, parameters_of(grammar.get("syntax"), grammar.get("definition")), write)


def _runs_there(tool: OpaqueTool) -> bool:
    """Whether a shell runs in a container of the provider's, which is told by its environment (documented)."""
    environment = tool.data.get("environment")
    return isinstance(environment, dict) and environment.get("type") != "local"


def _write_hosted(kind: str, id: str, args: JsonObject, ids: Ids) -> OpaquePart:  # noqa: ARG001 - the contract's
    own = id_forms.HOSTED_CALL_IDS[kind] + ids.token(id_forms.ID_LENGTH)
    call = {"id": own, "status": "completed", "call_id": id, **HOSTED[kind]}
    return OpaquePart(provider=PROVIDER, data=call)


def custom_call(part: Part) -> JsonObject | None:
    """The call of a custom tool that a part is, None for any other part."""
    if not isinstance(part, OpaquePart) or part.provider != PROVIDER or part.data.get("type") != CALL:
        return None
    return part.data if all(isinstance(part.data.get(name), str) for name in ("call_id", "name")) else None


def called_tool(part: OpaquePart) -> str | None:
    """The name of the tool that a part calls."""
    call = custom_call(part)
    if call is not None:
        return str(call["name"])
    kind, fields = part.data.get("type") if part.provider == PROVIDER else None, part.data.keys()
    return next((name for name, call in HOSTED.items() if call["type"] == kind and call.keys() <= fields), None)


def allowed_tools(call: ModelCall) -> AllowedTools | None:
    """What a choice of several tools allows: functions and custom tools by name, any other by its type."""
    match (call.input.extra or {}).get("tool_choice"):
        case {"type": "allowed_tools", "tools": list(tools), **choice}:
            named = (tool.get("name") or tool.get("type") for tool in tools if isinstance(tool, dict))
            return AllowedTools(frozenset(map(str, named)), choice.get("mode") == "required")
    return None
