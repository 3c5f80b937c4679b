"""The stream events of items that the provider runs itself: what comes between their being added and done."""

from llm_sdk.types import JsonObject

# The events right behind output_item.added (recorded).
PROGRESS: dict[str, tuple[str, ...]] = {
    "web_search_call": ("in_progress", "searching"),
    "file_search_call": ("in_progress", "searching", "completed"),
    "image_generation_call": ("in_progress", "generating"),
    "code_interpreter_call": ("in_progress",),
    "mcp_list_tools": ("in_progress", "completed"),
    "mcp_call": ("in_progress",),
}
# What an opaque item looks like when it is added, where that differs from its end (recorded).
OPENED: dict[str, JsonObject] = {
    "code_interpreter_call": {"status": "in_progress", "code": ""},
    "mcp_call": {"status": "in_progress", "arguments": "", "output": None},
    "mcp_list_tools": {"tools": []},
    "file_search_call": {"status": "in_progress"},
    "computer_call": {"status": "in_progress"},
    "custom_tool_call": {"status": "in_progress", "input": ""},
    "shell_call": {"status": "in_progress"},
    "apply_patch_call": {"status": "in_progress"},
}


def deltas_of(kind: str, item: JsonObject) -> list[tuple[str, JsonObject]]:
    """The events between the progress of an opaque item and its end (recorded)."""
    match kind:
        case "code_interpreter_call":
            code = item.get("code") or ""
            return [
                ("code_interpreter_call_code.delta", {"delta": code}),
                ("code_interpreter_call_code.done", {"code": code}),
                ("code_interpreter_call.interpreting", {}),
                ("code_interpreter_call.completed", {}),
            ]
        case "mcp_call":
            arguments = item.get("arguments") or ""
            end = "failed" if item.get("error") else "completed"
            return [
                ("mcp_call_arguments.delta", {"delta": arguments}),
                ("mcp_call_arguments.done", {"arguments": arguments}),
                (f"mcp_call.{end}", {}),
            ]
        case "custom_tool_call":
            text = item.get("input") or ""
            return [("custom_tool_call_input.delta", {"delta": text}), ("custom_tool_call_input.done", {"input": text})]
        case "apply_patch_call":
            diff = (item.get("operation") or {}).get("diff")
            name = "apply_patch_call_operation_diff"
            return [(f"{name}.delta", {"delta": diff}), (f"{name}.done", {"diff": diff})] if diff else []
        case "shell_call":
            return shell_deltas((item.get("action") or {}).get("commands") or [])
        case "shell_call_output":
            return shell_output_deltas(item.get("output") or [])
    return []


def shell_deltas(commands: list[str]) -> list[tuple[str, JsonObject]]:
    """Each command of a shell call is written on its own; these events carry no ``item_id`` (recorded)."""
    events: list[tuple[str, JsonObject]] = []
    for at, command in enumerate(commands):
        place = {"command_index": at}
        events.append(("shell_call_command.added", {**place, "command": ""}))
        events.append(("shell_call_command.delta", {**place, "delta": command}))
        events.append(("shell_call_command.done", {**place, "command": command}))
    return events


def shell_output_deltas(outputs: list[JsonObject]) -> list[tuple[str, JsonObject]]:
    """What each command of a shell call printed."""
    events: list[tuple[str, JsonObject]] = []
    for at, output in enumerate(outputs):
        printed = {"stdout": output.get("stdout", "")}
        events.append(("shell_call_output_content.delta", {"command_index": at, "delta": printed}))
        events.append(("shell_call_output_content.done", {"command_index": at, "output": [output]}))
    return events
