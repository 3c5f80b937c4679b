"""Streams that tell less, later or in another order than the API usually does: they add up to the whole answer all the
same (law 8), or to an error."""

import json
from itertools import chain
from typing import Any

import pytest

from llm_sdk.accumulator import accumulate
from llm_sdk.errors import (
    InvariantError,
    LanguageModelError,
    MalformedArgumentsError,
    RateLimitError,
    ServerError,
    StreamTruncatedError,
)
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import ImagePart, OpaquePart, TextPart
from providers.openai.given import CODEC, PNG, answer, event, feed, function_call, message, output_text, plain
from providers.openai.transcripts import CREATED, added, arguments, completed, done, reasoning_text, summary, text

REASONING = {"id": "rs_1", "type": "reasoning", "summary": []}
TOOLS = {"id": "mcpl_1", "type": "mcp_list_tools", "server_label": "docs", "tools": []}
IMAGE = {"id": "ig_1", "type": "image_generation_call", "status": "completed", "result": PNG}
SEARCH = {"id": "ws_1", "type": "web_search_call", "status": "completed"}
FOUND = {**SEARCH, "action": {"type": "search", "query": "a", "sources": [{"type": "url", "url": "https://a.example"}]}}


def second(item: dict[str, Any]) -> dict[str, Any]:
    """The same item under other ids."""
    ids = {name: item[name].replace("1", "2") for name in ("id", "call_id") if name in item}
    return {**item, **ids}


def without(item: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in names}


def preview(data: str, output_index: int = 0) -> ServerSentEvent:
    name = "response.image_generation_call.partial_image"
    return event(name, output_index=output_index, partial_image_index=0, partial_image_b64=data)


def told(item: dict[str, Any], *between: ServerSentEvent, output_index: int = 0) -> list[ServerSentEvent]:
    """An item from its being added, empty, to its being done."""
    started = message(id=item["id"]) if item["type"] == "message" else item
    return [added(started, output_index), *between, done(item, output_index)]


CALL, OTHER_CALL = function_call(), second(function_call())
NO_ARGUMENTS = function_call("")
A, B = message("a"), message("b", id="msg_2")
THOUGHT = {**REASONING, **reasoning_text("a", "b")}
THOUGHT_AND_SAID = {**REASONING, **reasoning_text("a"), "content": [{"type": "reasoning_text", "text": "b"}]}
SAID = event("response.reasoning_text.delta", output_index=0, content_index=0, delta="b")
HOLOGRAM = message("a", {"type": "hologram"})
FAILED_IMAGE = {**without(IMAGE, "result"), "status": "failed"}
NO_ID, OTHER_NO_ID = without(CALL, "id"), without(OTHER_CALL, "id")
ODD_ID = {"type": "of_tomorrow", "id": ["x"]}
# Events between response.created and the end, and the items of the whole answer.
ODD: dict[str, tuple[list[ServerSentEvent], list[Any]]] = {
    "an item that is only in the answer": (told(A), [A, CALL]),
    "an item that is never done": ([added(TOOLS, 0), *told(A, *text("a", output_index=1), output_index=1)], [TOOLS, A]),
    "items that are open at the same time": (
        [added(TOOLS, 0), added(second(TOOLS), 1), *told(CALL, output_index=2), done(second(TOOLS), 1), done(TOOLS, 0)],
        [TOOLS, second(TOOLS), CALL],
    ),
    "arguments of two calls, in turns": (
        [
            added(NO_ARGUMENTS, 0),
            added(second(NO_ARGUMENTS), 1),
            *chain(*zip(arguments("{", "}"), arguments("{", "}", output_index=1), strict=True)),
            done(second(function_call("{}")), 1),
            done(function_call("{}"), 0),
        ],
        [function_call("{}"), second(function_call("{}"))],
    ),
    "one output_index for every item": (
        [
            *(added(NO_ARGUMENTS, 0), *arguments('{"city":"Paris"}'), done(CALL, 0)),
            *(added(second(NO_ARGUMENTS), 0), *arguments('{"city":"Paris"}'), done(OTHER_CALL, 0)),
        ],
        [CALL, OTHER_CALL],
    ),
    "an item that is not added": ([*arguments('{"city":"Paris"}'), done(CALL, 0)], [CALL]),
    "a search that is not added": ([done(FOUND, 0), done(A, 1)], [FOUND, A]),
    "a search whose sources come behind the text": (
        [added(SEARCH, 0), *told(A, *text("a", output_index=1), output_index=1), done(FOUND, 0)],
        [FOUND, A],
    ),
    "arguments that are told when the call is added, and once more": (
        [added(CALL, 0), *arguments('{"city":"Paris"}'), done(CALL, 0)],
        [CALL],
    ),
    "arguments that are told only when the call is added": ([added(CALL, 0)], [CALL]),
    "an item that is done twice": ([*told(CALL), done(CALL, 0)], [CALL]),
    "the beginning told twice": ([CREATED, event("response.in_progress", response={}), CREATED], []),
    "summaries without their frame": (told(THOUGHT, *summary("a", at=0)[1:2], *summary("b", at=1)[1:2]), [THOUGHT]),
    "summaries that only the item tells": (told(THOUGHT), [THOUGHT]),
    "an empty summary between": (
        told({**REASONING, **reasoning_text("a", "", "c")}, *summary("a", at=0), *summary(at=1), *summary("c", at=2)),
        [{**REASONING, **reasoning_text("a", "", "c")}],
    ),
    "a preview and no item": ([preview("AAAA"), done(IMAGE, 0)], [IMAGE]),
    "an image between texts": (
        [
            *told(A, *text("a")),
            *told(IMAGE, preview("AAAA", 1), output_index=1),
            *told(B, *text("b", output_index=2), output_index=2),
        ],
        [A, IMAGE, B],
    ),
    "items without ids, one of them never done": ([*told(NO_ID), added(OTHER_NO_ID, 1)], [NO_ID, OTHER_NO_ID]),
    "the id of a message comes late": ([added(without(message(), "id"), 0), *text("a"), done(A, 0)], [A]),
    "the phase of a message comes late": (
        [added(message(), 0), *text("a"), done({**A, "phase": "commentary"}, 0)],
        [{**A, "phase": "commentary"}],
    ),
    "a text that is not added": ([*text("a")[1:3]], [A]),
    "a text behind a call that began later": (
        [added(message(), 0), added(CALL, 1), *text("a"), done(A, 0), done(CALL, 1)],
        [A, CALL],
    ),
    "an item that is only in the answer, before one that is told": (
        told(A, *text("a", output_index=1), output_index=1),
        [REASONING, A],
    ),
    "an unknown item whose id is no text": ([done(ODD_ID, 0)], [ODD_ID]),
    "a summary and content": (told(THOUGHT_AND_SAID, *summary("a", at=0), SAID), [THOUGHT_AND_SAID]),
    "a message that holds more than text": (told(HOLOGRAM, *text("a")), [HOLOGRAM]),
}


@pytest.mark.parametrize(("events", "output"), ODD.values(), ids=ODD)
def test_an_odd_stream_adds_up_to_the_whole_answer(events: list[ServerSentEvent], output: list[Any]) -> None:
    whole = CODEC.decode_response(answer(*output))
    assert plain(accumulate(feed(CREATED, *events, completed(*output)))) == plain(whole)


@pytest.mark.parametrize("summaries", [("a", "b"), ("a", "", "c"), ("", "b", "")])
def test_summaries_that_only_frame_and_item_tell(summaries: tuple[str, ...]) -> None:
    thought = {**REASONING, **reasoning_text(*summaries)}
    frames = [one for at, _ in enumerate(summaries) for one in summary(at=at)]
    streamed = accumulate(feed(CREATED, *told(thought, *frames), completed(thought)))
    assert plain(streamed) == plain(CODEC.decode_response(answer(thought)))


def test_a_preview_stays_when_its_image_fails() -> None:
    """What was shown cannot be taken back: the one case in which a stream comes to more than the whole answer."""
    streamed = accumulate(feed(CREATED, *told(FAILED_IMAGE, preview("AAAA")), completed(FAILED_IMAGE)))
    assert streamed.content == [
        ImagePart(mime_type="image/png", data="AAAA"),
        OpaquePart(provider="openai", data=FAILED_IMAGE),
    ]
    assert streamed.warnings == CODEC.decode_response(answer(FAILED_IMAGE)).warnings


@pytest.mark.parametrize("output", [[message("a")], [CALL], [REASONING], [FOUND, message("a")]])
def test_an_end_that_does_not_repeat_the_items_changes_nothing(output: list[Any]) -> None:
    """Some servers send an empty output with the terminal event."""
    events = [one for at, item in enumerate(output) for one in (added(item, at), done(item, at))]
    assert accumulate(feed(CREATED, *events, completed())) == accumulate(feed(CREATED, *events, completed(*output)))


def test_a_call_that_the_token_limit_has_cut_is_left_out_with_a_warning() -> None:
    cut = function_call('{"city":"Pa')
    limit = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    events = [added(message(), 0), *text("a"), done(message("a"), 0), added(function_call(""), 1)]
    events += [*arguments('{"city":"Pa', output_index=1), done(cut, 1)]
    end = completed(message("a"), cut, type="response.incomplete", **limit)
    streamed = accumulate(feed(CREATED, *events, end))
    assert plain(streamed) == plain(CODEC.decode_response(answer(message("a"), cut, **limit)))
    assert [part.type for part in streamed.content] == ["text"]


def test_arguments_that_are_no_object_are_an_error_without_that_limit() -> None:
    events = [CREATED, added(function_call(""), 0), *arguments("[]"), done(function_call("[]"), 0)]
    with pytest.raises(MalformedArgumentsError, match="get_weather"):
        accumulate(feed(*events, completed(function_call("[]"))))


WHOLE = [
    *(CREATED, event("response.in_progress", response={})),
    *(added(REASONING, 0), *summary("a", at=0), done({**REASONING, **reasoning_text("a")}, 0)),
    *(added(message(), 1), *text("a", "b", output_index=1), done(message("ab"), 1)),
    *(added(function_call(""), 2), *arguments('{"city":', '"Paris"}', output_index=2), done(CALL, 2)),
    completed({**REASONING, **reasoning_text("a")}, message("ab"), CALL),
]


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_a_stream_that_is_cut_behind_any_event_is_truncated(length: int) -> None:
    decoder = CODEC.stream_decoder()
    for one in WHOLE[:length]:
        decoder.feed(one)
    with pytest.raises(StreamTruncatedError, match=rf"after {length} events") as caught:
        decoder.close()
    assert caught.value.provider == "openai"


@pytest.mark.parametrize("mark", [b"[DONE]", b"null", b'{"type":"response.output_item.done"}'])
def test_only_the_terminal_event_ends_a_stream(mark: bytes) -> None:
    with pytest.raises(LanguageModelError):
        feed(*WHOLE[:-1], ServerSentEvent(mark))


# Events that lack what the protocol promises, and the field that is at fault.
MALFORMED: dict[str, tuple[ServerSentEvent, str]] = {
    "half": (ServerSentEvent(b'{"type":"response.output_text.delta"', "response.output_text.delta"), "the top level"),
    "no object": (ServerSentEvent(b"[]", "response.output_text.delta"), "the top level"),
    "not UTF-8": (ServerSentEvent(b'"\xff"', "response.output_text.delta"), "the top level"),
    "no delta": (event("response.output_text.delta", output_index=0), "delta"),
    "a delta that is no text": (event("response.output_text.delta", output_index=0, delta=5), "delta"),
    "no index": (event("response.output_text.delta", delta="a"), "output_index"),
    "an index in words": (event("response.output_text.delta", delta="a", output_index="first"), "output_index"),
    "no item": (event("response.output_item.added", output_index=0), "item"),
    "an item without a type": (event("response.output_item.done", output_index=0, item={"id": "x"}), "item"),
    "a call without a name": (
        event("response.output_item.done", output_index=0, item=without(CALL, "name")),
        r"item.*name",
    ),
    "no response": (event("response.created"), "response"),
    "no response at the end": (event("response.completed"), "response"),
    "no picture": (event("response.image_generation_call.partial_image", output_index=0), "partial_image_b64"),
    "no annotation": (event("response.output_text.annotation.added", output_index=0), "annotation"),
}


@pytest.mark.parametrize(("bad", "field"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_event_is_an_error_that_gives_its_number(bad: ServerSentEvent, field: str) -> None:
    decoder = CODEC.stream_decoder()
    decoder.feed(CREATED)
    decoder.feed(event("keepalive"))
    with pytest.raises(InvariantError, match=rf"^openai: event 2 \({bad.event}\) is malformed at .*{field}.*: "):
        decoder.feed(bad)


def test_a_frame_that_is_not_json_is_an_error_that_gives_its_number() -> None:
    decoder = CODEC.stream_decoder()
    decoder.feed(CREATED)
    with pytest.raises(InvariantError, match=r"^openai: event 1 is not JSON"):
        decoder.feed(ServerSentEvent(b"upstream connect error"))


@pytest.mark.parametrize("data", [b"", b"ping", b"{"])
def test_an_unknown_event_may_hold_anything(data: bytes) -> None:
    [last] = feed(CREATED, ServerSentEvent(data, "ping"), completed())[1:]
    assert last.finish_reason == "stop"


def test_an_unknown_annotation_is_told_once() -> None:
    path = {"type": "file_path", "file_id": "file-1", "index": 1}
    events = [
        *(CREATED, added(message(), 0), *text("a")),
        event("response.output_text.annotation.added", output_index=0, content_index=0, annotation=path),
        *(done(message(output_text("a", path)), 0), completed(message(output_text("a", path)))),
    ]
    streamed = accumulate(feed(*events))
    assert streamed.warnings == ["annotation: file_path has no unified form and is kept in a signature"]
    assert plain(streamed) == plain(CODEC.decode_response(answer(message(output_text("a", path)))))


def test_arguments_that_only_the_beginning_of_a_call_tells() -> None:
    [call] = accumulate(feed(CREATED, added(CALL, 0), completed())).content
    assert plain(call)["args"] == {"city": "Paris"}


def test_another_name_for_the_end() -> None:
    """OpenRouter's (documented)."""
    events = [CREATED, added(message(), 0), *text("a"), completed(message("a"), type="response.done")]
    assert accumulate(feed(*events)).finish_reason == "stop"


@pytest.mark.parametrize(
    ("code", "kind"), [(429, RateLimitError), ("server_error", ServerError)], ids=["status", "word"]
)
def test_an_error_that_is_no_event(code: Any, kind: type[LanguageModelError]) -> None:
    told = ServerSentEvent(json.dumps({"error": {"code": code, "message": "slowly"}}).encode())
    with pytest.raises(kind, match="slowly"):
        feed(CREATED, told)


def test_a_big_event_is_one_delta() -> None:
    whole = "x" * 5_000_000
    partials = feed(CREATED, added(message(), 0), *text(whole), completed(message(whole)))
    assert [len(json.dumps(plain(one))) > len(whole) for one in partials].count(True) == 1
    assert accumulate(partials).content == [TextPart(text=whole, signature="msg_1")]


def test_opaque_items_keep_their_place() -> None:
    opaque = OpaquePart(provider="openai", data=TOOLS)
    events = [added(TOOLS, 0), added(message(), 1), *text("a", output_index=1), done(message("a"), 1)]
    partials = feed(CREATED, *events, completed(TOOLS, message("a")))
    assert accumulate(partials).content == [opaque, TextPart(text="a", signature="msg_1")]
