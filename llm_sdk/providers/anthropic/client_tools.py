"""The tools of Anthropic's own that the caller runs: their arguments are known to the model, and stand in no request.

Source: Anthropic's guides to the bash, text editor, memory and computer use tools.
"""

from llm_sdk.codec import Ids
from llm_sdk.services import ClientTool
from llm_sdk.types import JsonObject, OpaqueTool, ToolCallPart

# Arguments that change nothing, by the beginning of a tool's type, which ends in the date of its version.
HARMLESS: dict[str, JsonObject] = {
    "bash_": {"command": "pwd"},
    "text_editor_": {"command": "view", "path": "/"},
    "memory_": {"command": "view", "path": "/memories"},
    "computer_": {"action": "screenshot"},
}


def client_tool(tool: OpaqueTool) -> ClientTool | None:
    """How a tool of these is called; None for one that the provider runs."""
    kind, name = tool.data.get("type"), tool.data.get("name")
    if not isinstance(kind, str) or not isinstance(name, str):
        return None
    args = next((args for beginning, args in HARMLESS.items() if kind.startswith(beginning)), None)
    if args is None:
        return None
    parameters: JsonObject = {
        "type": "object",
        "properties": {argument: {"const": value} for argument, value in args.items()},
        "required": list(args),
    }

    def write(id: str, args: JsonObject, ids: Ids) -> ToolCallPart:  # noqa: ARG001 - the contract's
        return ToolCallPart(tool_call_id=id, tool_name=name, args=args)

    return ClientTool(name, parameters, write)
