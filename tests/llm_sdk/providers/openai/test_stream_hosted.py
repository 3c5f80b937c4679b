"""Partial responses -> the stream events of what the provider runs itself."""

import json
from typing import Any

import pytest

from llm_sdk.deltas import ContentDelta, PartialModelResponse, ToolCallPartDelta
from llm_sdk.types import OpaquePart, TextPart
from providers.openai.given import SEARCH
from providers.openai.transcripts import events, opaque, write

HI = TextPart(text="Hi", signature="msg_1")
REMOTE = {"name": "f", "server_label": "docs", "output": "a"}
# What the deltas of an item without a unified form say, and the field that their end repeats.
TOLD: dict[str, tuple[OpaquePart, str, list[Any], dict[str, Any]]] = {
    "code": (
        opaque("code_interpreter_call", "ci_1", code="1+1", container_id="cntr_1", outputs=None, status="completed"),
        "response.code_interpreter_call_code",
        ["1+1"],
        {"code": "1+1"},
    ),
    "arguments of a remote tool": (
        opaque("mcp_call", "mcp_1", arguments='{"a":1}', **REMOTE),
        "response.mcp_call_arguments",
        ['{"a":1}'],
        {"arguments": '{"a":1}'},
    ),
    "input of a custom tool": (
        opaque("custom_tool_call", "ctc_1", call_id="call_1", name="f", input="abc"),
        "response.custom_tool_call_input",
        ["abc"],
        {"input": "abc"},
    ),
    "patch": (
        opaque(
            "apply_patch_call",
            "apc_1",
            call_id="call_1",
            status="completed",
            operation={"type": "update_file", "path": "a", "diff": "+b"},
        ),
        "response.apply_patch_call_operation_diff",
        ["+b"],
        {"diff": "+b"},
    ),
    "shell": (
        opaque("shell_call", "sh_1", call_id="call_1", status="completed", action={"commands": ["ls"]}),
        "response.shell_call_command",
        ["ls"],
        {"command": "ls", "command_index": 0},
    ),
    "what a shell has printed": (
        opaque("shell_call_output", "sho_1", call_id="call_1", output=[{"stdout": "a", "stderr": ""}]),
        "response.shell_call_output_content",
        [{"stdout": "a"}],
        {"output": [{"stdout": "a", "stderr": ""}], "command_index": 0},
    ),
}


@pytest.mark.parametrize(("part", "name", "deltas", "end"), TOLD.values(), ids=TOLD)
def test_an_opaque_item_is_told_piece_by_piece(
    part: OpaquePart, name: str, deltas: list[Any], end: dict[str, Any]
) -> None:
    written = events(HI, part)
    assert [data["delta"] for data in written if data["type"] == f"{name}.delta"] == deltas
    [done] = [data for data in written if data["type"] == f"{name}.done"]
    assert {key: done[key] for key in end} == end
    assert done["output_index"] == 1
    [*started] = [data for data in written if data["type"] == f"{name}.added"]
    assert all(data["command"] == "" for data in started)
    assert len(started) == (name == "response.shell_call_command")
    assert written[-1]["response"]["output"][1] == part.data


# How an item looks when it is added, where that differs from its end, and the steps that follow at once (recorded).
STARTS: dict[str, tuple[OpaquePart, dict[str, Any], list[str]]] = {
    "file search": (
        opaque("file_search_call", "fs_1", queries=["a"], results=None, status="completed"),
        {"status": "in_progress"},
        ["file_search_call.in_progress", "file_search_call.searching", "file_search_call.completed"],
    ),
    "code": (TOLD["code"][0], {"status": "in_progress", "code": ""}, ["code_interpreter_call.in_progress"]),
    "remote tool": (
        TOLD["arguments of a remote tool"][0],
        {"status": "in_progress", "arguments": "", "output": None},
        ["mcp_call.in_progress"],
    ),
    "list of remote tools": (
        opaque("mcp_list_tools", "mcpl_1", server_label="docs", tools=[{"name": "f", "input_schema": {}}]),
        {"tools": []},
        ["mcp_list_tools.in_progress", "mcp_list_tools.completed"],
    ),
    "custom tool": (TOLD["input of a custom tool"][0], {"status": "in_progress", "input": ""}, []),
    "computer": (
        opaque("computer_call", "cu_1", call_id="call_1", status="completed", action={"type": "screenshot"}),
        {"status": "in_progress"},
        [],
    ),
    "shell": (TOLD["shell"][0], {"status": "in_progress"}, []),
    "patch": (TOLD["patch"][0], {"status": "in_progress"}, []),
    "item of tomorrow": (opaque("of_tomorrow", "x_1", status="completed"), {}, []),
}


@pytest.mark.parametrize(("part", "start", "steps"), STARTS.values(), ids=STARTS)
def test_an_opaque_item_is_added_before_it_is_done(part: OpaquePart, start: dict[str, Any], steps: list[str]) -> None:
    [_, _, added, *rest] = events(part)
    assert added["item"] == {**part.data, **start}
    assert [data["type"] for data in rest[: len(steps)]] == [f"response.{step}" for step in steps]
    assert all(data["item_id"] == part.data["id"] for data in rest[: len(steps)])


def test_searches_may_be_under_way_at_once() -> None:
    """As recorded: each is done when what it searched for is told, and stands where it began."""
    searches = [SEARCH.model_copy(update={"tool_call_id": f"ws_{at}", "id": f"ws_{at}"}) for at in range(2)]
    heads = [ToolCallPartDelta(**search.model_dump(exclude={"args"})) for search in searches]
    deltas = [*enumerate(heads), *((at, ToolCallPartDelta(args='{"type":"search","query":"a"}')) for at in (1, 0))]
    partials = [PartialModelResponse(delta=ContentDelta(index=2 * at, part=part)) for at, part in deltas]
    written = [json.loads(event.data) for event in write(partials)]
    added = [data for data in written if data["type"] == "response.output_item.added"]
    assert [(data["output_index"], data["item"]["id"]) for data in added] == [(0, "ws_0"), (1, "ws_1")]
    assert [item["id"] for item in written[-1]["response"]["output"]] == ["ws_0", "ws_1"]
    done = [data["type"] for data in written].index("response.output_item.done")
    assert done > written.index(added[1])
