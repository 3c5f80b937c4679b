"""Streams: the partials of every event, what is odd in them, and the exact events that are written."""

import json
from typing import Any

import pytest

from llm_sdk.accumulator import accumulate, to_partials
from llm_sdk.codec import SeededIds
from llm_sdk.deltas import ContentDelta, PartialModelResponse, TextPartDelta
from llm_sdk.errors import InvariantError, RefusalError, StreamTruncatedError, UnsupportedError
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import (
    Citation,
    FilePart,
    ModelResponse,
    ModelTokensDetails,
    ModelUsage,
    OpaquePart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
)
from providers.anthropic.given import (
    CALL,
    CALL_BLOCK,
    CALLER,
    CODEC,
    MODEL,
    PAGE,
    PAGE_BLOCK,
    PDF,
    SEARCH,
    SEARCH_BLOCK,
    block,
    call,
    end,
    event,
    feed,
    found,
    found_block,
    plain,
    start,
    text,
)

STARTED_CALL = {**CALL_BLOCK, "input": {}}
STARTED_SEARCH = {**SEARCH_BLOCK, "input": {}}
FETCH = {"type": "server_tool_use", "id": "srvtoolu_2", "name": "web_fetch", "input": {"url": "https://a.example"}}
PLACE = {
    "type": "web_search_result_location",
    "cited_text": "rain",
    "url": "https://a.example",
    "title": "A",
    "encrypted_index": "Eidx",
}
CITATION = Citation(source="https://a.example", title="A", cited_text="rain", signature="Eidx")
BY_ANOTHER_TOOL = '{"caller":{"type":"code_execution_20260120","tool_id":"srvtoolu_2"}}'
THINKING = {"type": "thinking", "thinking": "", "signature": ""}


def text_delta(text: str) -> dict[str, Any]:
    return {"type": "text_delta", "text": text}


def json_delta(fragment: str) -> dict[str, Any]:
    return {"type": "input_json_delta", "partial_json": fragment}


# The events of one block, as the provider sends them, and its part. The block is written in the same way again.
BLOCKS: dict[str, tuple[list[ServerSentEvent], Part]] = {
    "text": (block(0, text(""), text_delta("He"), text_delta("llo")), TextPart(text="Hello")),
    "no text": (block(0, text("")), TextPart(text="")),
    "citations come before their text": (
        block(0, text(""), {"type": "citations_delta", "citation": PLACE}, text_delta("Rain")),
        TextPart(text="Rain", citations=[CITATION]),
    ),
    "call": (block(0, STARTED_CALL, json_delta(""), json_delta('{"city": "Pa'), json_delta('ris"}')), CALL),
    "call without arguments": (block(0, STARTED_CALL, json_delta("")), CALL.model_copy(update={"args": {}})),
    "call by another tool": (
        block(0, {**CALL_BLOCK, "caller": CALLER}),
        CALL.model_copy(update={"signature": BY_ANOTHER_TOOL}),
    ),
    "thinking": (
        block(
            0, THINKING, {"type": "thinking_delta", "thinking": "Hm"}, {"type": "signature_delta", "signature": "Es"}
        ),
        ReasoningPart(text="Hm", signature="Es"),
    ),
    "thinking without its text": (
        block(0, THINKING, {"type": "signature_delta", "signature": "Es"}),
        ReasoningPart(text="", signature="Es"),
    ),
    "redacted thinking": (
        block(0, {"type": "redacted_thinking", "data": "Ered"}),
        ReasoningPart(text="", signature="Ered", id="redacted_thinking"),
    ),
    "search": (block(0, STARTED_SEARCH, json_delta(""), json_delta('{"query":"rain"}')), SEARCH),
    "result of a search": (block(0, found_block([PAGE_BLOCK])), found(PAGE)),
    "other hosted tool": (
        block(0, {**FETCH, "input": {}}, json_delta(""), json_delta('{"url":"https://a.example"}')),
        OpaquePart(provider="anthropic", data=FETCH),
    ),
    "compaction": (
        block(0, {"type": "compaction", "content": None}, {"type": "compaction_delta", "content": "Rain."}),
        OpaquePart(provider="anthropic", data={"type": "compaction", "content": "Rain."}),
    ),
}


def without_padding(events: list[ServerSentEvent]) -> list[Any]:
    return [json.loads(one.data) for one in events]


@pytest.mark.parametrize(("events", "part"), BLOCKS.values(), ids=BLOCKS)
def test_blocks(events: list[ServerSentEvent], part: Part) -> None:
    partials = feed(start(), *events, *end())
    assert accumulate(partials).content == [part]

    encoder = CODEC.stream_encoder(call=call(stream=True), ids=SeededIds())
    written = [one for partial in partials for one in encoder.feed(partial)] + encoder.close()
    inside = [one for one in written if one.event.startswith("content_block")]
    assert without_padding(inside) == without_padding(events)


def test_usage_is_a_running_total_on_the_wire() -> None:
    """``message_delta`` repeats some counts, corrects others and leaves out the rest."""
    partials = feed(
        start(input_tokens=3, cache_read_input_tokens=8, cache_creation_input_tokens=4, output_tokens=1),
        *end(usage={"input_tokens": 3, "output_tokens": 5, "output_tokens_details": {"thinking_tokens": 2}}),
    )
    assert [partial.usage for partial in partials if partial.usage is not None] == [
        ModelUsage(
            input_tokens=15,
            output_tokens=1,
            input_tokens_details=ModelTokensDetails(cached_text_tokens=8, cache_write_tokens=4),
        ),
        ModelUsage(
            input_tokens=0,
            output_tokens=4,
            input_tokens_details=ModelTokensDetails(cached_text_tokens=0, cache_write_tokens=0),
            output_tokens_details=ModelTokensDetails(reasoning_tokens=2),
        ),
    ]
    assert plain(accumulate(partials))["usage"] == {
        "input_tokens": 15,
        "output_tokens": 5,
        "input_tokens_details": {"cached_text_tokens": 8, "cache_write_tokens": 4},
        "output_tokens_details": {"reasoning_tokens": 2},
    }


# Streams that are odd, and what they come to.
ODD: dict[str, tuple[list[ServerSentEvent], list[Part]]] = {
    "pings and events of tomorrow": (
        [
            start(),
            ServerSentEvent(b'{"type": "ping"}', "ping"),
            ServerSentEvent(b"not JSON at all", "event_of_tomorrow"),
            *block(0, text(""), text_delta("Hi"), {"type": "delta_of_tomorrow", "x": 1}),
            *end(),
        ],
        [TextPart(text="Hi")],
    ),
    "frames without names": (
        [ServerSentEvent(one.data) for one in (start(), *block(0, text("Hi")), *end())],
        [TextPart(text="Hi")],
    ),
    "another answer behind the end": (
        [start(), *block(0, text("Hi")), *end(), start(), *block(0, text("again")), *end()],
        [TextPart(text="Hi")],
    ),
    "arguments in the start": ([start(), *block(0, CALL_BLOCK), *end()], [CALL]),
    "arguments in the start and once more": (
        [start(), *block(0, CALL_BLOCK, json_delta('{"city":"Rome"}')), *end()],
        [CALL.model_copy(update={"args": {"city": "Rome"}})],
    ),
    "calls that begin without their arguments": (
        [
            start(),
            *block(0, {**CALL_BLOCK, "input": ""}, json_delta('{"city":"Paris"}')),
            *block(1, {"type": "tool_use", "id": "toolu_2", "name": "get_time"}),
            *end(),
        ],
        [CALL, ToolCallPart(tool_call_id="toolu_2", tool_name="get_time", args={})],
    ),
    "blocks without a stop": (
        [start(), block(0, CALL_BLOCK)[0], block(1, FETCH)[0], *end()],
        [CALL, OpaquePart(provider="anthropic", data=FETCH)],
    ),
    "a gap": ([start(), *block(3, text("Hi")), *end()], [TextPart(text="Hi")]),
}


@pytest.mark.parametrize(("events", "content"), ODD.values(), ids=ODD)
def test_odd_streams(events: list[ServerSentEvent], content: list[Part]) -> None:
    assert accumulate(feed(*events)).content == content


def test_a_call_that_was_cut_at_the_limit_is_left_out_with_a_warning() -> None:
    half = block(1, STARTED_CALL, json_delta('{"city": "Pa'))
    response = accumulate(feed(start(), *block(0, text("Hi")), *half, *end("max_tokens")))
    assert response.content == [TextPart(text="Hi")]
    assert [warning.partition(":")[0] for warning in response.warnings or ()] == ["tool-call"]


DETAILS = {"type": "refusal", "category": "cyber", "explanation": "Not this."}


@pytest.mark.parametrize(
    "events",
    [
        [start(), *end("refusal", stop_details=DETAILS)],
        [
            event(
                "message_start",
                message={
                    "id": "msg_01",
                    "model": MODEL,
                    "content": [],
                    "stop_reason": "refusal",
                    "stop_details": DETAILS,
                },
            ),
            event("message_stop"),
        ],
    ],
    ids=["at the end", "at the start"],
)
def test_refusals(events: list[ServerSentEvent]) -> None:
    with pytest.raises(RefusalError) as caught:
        feed(*events)
    assert caught.value.refusal == "Not this."
    assert caught.value.response is not None
    assert caught.value.response.id == "msg_01"
    assert caught.value.response.finish_detail == "refusal"


def test_a_refusal_amid_a_text_keeps_what_was_said() -> None:
    with pytest.raises(RefusalError) as caught:
        feed(start(), *block(0, text(""), text_delta("Well,")), *end("refusal", stop_details=DETAILS))
    assert caught.value.response is not None
    texts = [part.text for part in caught.value.response.content if isinstance(part, TextPart)]
    assert texts == ["Well,", "Not this."]


def test_an_unexplained_refusal_amid_a_text_is_written_as_it_came() -> None:
    events = [start(), *block(0, text(""), text_delta("Well,")), *end("refusal")]
    with pytest.raises(RefusalError, match="Well,") as caught:
        feed(*events)
    assert caught.value.response is not None
    assert caught.value.response.content == [TextPart(text="Well,"), TextPart(text="")]
    encoder = CODEC.stream_encoder(call=call(stream=True), ids=SeededIds())
    partials = to_partials(caught.value.response)
    written = [one for partial in partials for one in encoder.feed(partial)] + encoder.close()
    assert [one.event for one in written if one.event != "ping"] == [one.event for one in events]


def test_a_refusal_is_written_as_one() -> None:
    response = ModelResponse(
        content=[TextPart(text="Not this.")], finish_reason="content_filter", finish_detail="refusal"
    )
    encoder = CODEC.stream_encoder(call=call(stream=True), ids=SeededIds())
    written = [one for partial in to_partials(response, list) for one in encoder.feed(partial)] + encoder.close()
    assert [one.event for one in written] == ["message_start", "ping", "message_delta", "message_stop"]
    assert json.loads(written[2].data)["delta"] == {
        "stop_reason": "refusal",
        "stop_sequence": None,
        "stop_details": {**DETAILS, "category": None},
    }


@pytest.mark.parametrize("events", range(5))
def test_a_stream_without_its_end_is_truncated(events: int) -> None:
    whole = [start(), *block(0, text("Hi")), *end()]
    with pytest.raises(StreamTruncatedError, match=f"after {events} events without message_stop"):
        feed(*whole[:events])


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([start(), start()], "a second message_start stands in one answer"),
        ([ServerSentEvent(b"{", "message_start")], r"event 0 \(message_start\) is malformed at the top level"),
        ([ServerSentEvent(b"half a wo")], "event 0 is not JSON"),
        (
            [start(), event("content_block_delta", delta={})],
            r"event 1 \(content_block_delta\) is malformed at delta.type",
        ),
        (
            [start(), *block(0, STARTED_CALL, json_delta('["Paris"]')), *end("tool_use")],
            "the arguments of tool 'get_weather' are not a JSON object",
        ),
        (
            [start(), *block(0, STARTED_CALL, json_delta('{"city": "Pa')), *end("tool_use")],
            "the arguments of tool 'get_weather' are not JSON",
        ),
    ],
)
def test_malformed_streams(events: list[ServerSentEvent], message: str) -> None:
    with pytest.raises(InvariantError, match=message):
        feed(*events)


def test_a_stream_to_the_letter() -> None:
    """Names, order, the ping behind the first start, and the padding before the last brace."""
    response = ModelResponse(
        content=[TextPart(text="Hi"), CALL],
        usage=ModelUsage(input_tokens=3, output_tokens=5),
        finish_reason="tool_calls",
        id="msg_01",
    )
    encoder = CODEC.stream_encoder(call=call(stream=True), ids=SeededIds())
    written = [one for partial in to_partials(response) for one in encoder.feed(partial)] + encoder.close()
    opening: dict[str, Any] = {"content": [], "stop_reason": None, "stop_sequence": None, "stop_details": None}
    usage = {"input_tokens": 3, "output_tokens": 1, "service_tier": "standard"}
    head = {"model": MODEL, "id": "msg_01", "type": "message", "role": "assistant"}
    stop = {"stop_reason": "tool_use", "stop_sequence": None, "stop_details": None}
    expected = [
        event("message_start", message={**head, **opening, "usage": usage}),
        block(0, text(""))[0],
        event("ping"),
        *block(0, text(""), text_delta("Hi"))[1:],
        *block(1, STARTED_CALL, json_delta(""), json_delta('{"city":"Paris"}')),
        event("message_delta", delta=stop, usage={"input_tokens": 3, "output_tokens": 5}),
        event("message_stop"),
    ]
    assert [one.event for one in written] == [one.event for one in expected]
    assert without_padding(written) == without_padding(expected)
    assert written[2].data == b'{"type": "ping"}'
    padding = [len(one.data) - len(one.data.rstrip(b"}").rstrip(b" ")) for one in written]
    assert len(set(padding)) > 3


def test_parts_that_take_turns_cannot_be_written() -> None:
    encoder = CODEC.stream_encoder(call=call(stream=True), ids=SeededIds())
    deltas = [PartialModelResponse(delta=ContentDelta(index=at, part=TextPartDelta(text="a"))) for at in (0, 1, 0)]
    encoder.feed(deltas[0])
    encoder.feed(deltas[1])
    with pytest.raises(InvariantError, match="content 0: this protocol streams one block after another"):
        encoder.feed(deltas[2])


def test_what_a_stream_cannot_carry() -> None:
    encoder = CODEC.stream_encoder(call=call(stream=True), ids=SeededIds())
    response = ModelResponse(content=[FilePart(mime_type="application/pdf", data=PDF)])
    with pytest.raises(UnsupportedError) as caught:
        [encoder.feed(partial) for partial in to_partials(response)]
    assert caught.value.path == "content[0]"


def test_an_answer_that_fails_on_its_way_ends_in_an_error_event() -> None:
    encoder = CODEC.stream_encoder(call=call(stream=True), ids=SeededIds())
    partials = to_partials(ModelResponse(content=[TextPart(text="so far")], finish_reason="error"))
    written = [one for partial in partials for one in encoder.feed(partial)] + encoder.close()
    assert [one.event for one in written][-2:] == ["content_block_stop", "error"]
    assert json.loads(written[-1].data)["error"] == {"type": "api_error", "message": "Internal server error"}
