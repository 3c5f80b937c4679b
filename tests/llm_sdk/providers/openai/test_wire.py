"""Everything that was recorded is named in ``wire.py``, or listed here as what nothing reads."""

import inspect
import json
from itertools import groupby
from typing import Any, get_args

from pydantic import BaseModel

from llm_sdk.accumulator import accumulate
from llm_sdk.errors import LanguageModelError
from llm_sdk.providers.openai import wire
from llm_sdk.providers.openai.stream_decoder import StreamDecoder
from llm_sdk.sse import ServerSentEvent
from providers.openai.given import feed, plain
from providers.openai.recorded import answers, streams

READ_EVENTS = set(StreamDecoder.READERS)
# Recorded and not read: what they tell comes with another event, most of it with the end of the item.
SKIPPED_EVENTS = {
    "response.content_part.done",
    "response.refusal.done",
    *(f"response.reasoning_summary_{step}.done" for step in ("text", "part")),
    *(f"response.web_search_call.{step}" for step in ("in_progress", "searching", "completed")),
    *(f"response.image_generation_call.{step}" for step in ("in_progress", "generating", "completed")),
    # Of items without a unified form, which become opaque parts when they are done.
    *(f"response.file_search_call.{step}" for step in ("in_progress", "searching", "completed")),
    *(f"response.code_interpreter_call.{step}" for step in ("in_progress", "interpreting", "completed")),
    *(f"response.code_interpreter_call_code.{step}" for step in ("delta", "done")),
    *(f"response.mcp_list_tools.{step}" for step in ("in_progress", "completed")),
    *(f"response.mcp_call.{step}" for step in ("in_progress", "completed")),
    *(f"response.mcp_call_arguments.{step}" for step in ("delta", "done")),
    *(f"response.shell_call_command.{step}" for step in ("added", "delta", "done")),
    *(f"response.shell_call_output_content.{step}" for step in ("delta", "done")),
    *(f"response.apply_patch_call_operation_diff.{step}" for step in ("delta", "done")),
}
# Items of recorded answers that have no unified form.
OPAQUE_ITEMS = {
    "apply_patch_call",
    "code_interpreter_call",
    "compaction",
    "computer_call",
    "file_search_call",
    "local_shell_call",
    "mcp_approval_request",
    "mcp_call",
    "mcp_list_tools",
    "program",
    "program_output",
    "shell_call",
    "shell_call_output",
    "tool_search_call",
    "tool_search_output",
}


def named_types() -> set[str]:
    """The literals of ``type`` of every wire model."""
    models = [each for _, each in inspect.getmembers(wire, inspect.isclass) if issubclass(each, BaseModel)]
    fields = [each.model_fields["type"] for each in models if "type" in each.model_fields]
    return {kind for field in fields for kind in get_args(field.annotation) if isinstance(kind, str)}


def kind_of(one: ServerSentEvent) -> str:
    """The name of an event, or the type that stands in its data."""
    return one.event or str(json.loads(one.data)["type"])


def test_every_recorded_event_is_read_or_listed() -> None:
    recorded = {kind_of(one) for events in streams() for one in events}
    assert recorded - READ_EVENTS == SKIPPED_EVENTS


def test_every_recorded_item_is_named_or_listed() -> None:
    recorded = {item["type"] for each in answers() for item in each.get("output", [])}
    assert recorded - named_types() == OPAQUE_ITEMS


ENDS = {"response.completed", "response.incomplete", "response.failed", "error"}
NEEDED = {
    "response.output_item.done",
    "response.output_text.delta",
    "response.reasoning_summary_text.delta",
}
LARGE = 150


def sketch(events: list[ServerSentEvent]) -> tuple[str, ...]:
    """Streams of one sketch differ in their texts only."""
    return tuple(kind for kind, _ in groupby(map(kind_of, events)))


def test_no_kind_of_event_is_needed_but_the_end() -> None:
    """What one event leaves untold, a later one tells: leaving out any one kind changes nothing. The end of an item is
    left in: it alone has the ``encrypted_content`` that counts. So are deltas of text and summary: one recording says
    something else in them than at the end, and others frame a summary that only its item then tells."""
    told_apart = {sketch(events): events for events in streams() if len(events) < LARGE}
    assert len(told_apart) > 30
    for events in told_apart.values():
        whole = outcome(events)
        for kind in {*map(kind_of, events)} - ENDS - NEEDED:
            assert (kind, outcome([one for one in events if kind_of(one) != kind])) == (kind, whole)


def outcome(events: list[ServerSentEvent]) -> Any:
    """What a stream comes to; an error in words."""
    try:
        return plain(accumulate(feed(*events)))
    except LanguageModelError as error:
        return repr(error)
