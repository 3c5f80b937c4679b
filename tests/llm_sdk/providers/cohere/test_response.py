"""Answers to the letter, whole and streamed: what they say, how they end, and what is written for them."""

import json
from typing import Any

import pytest

from llm_sdk.accumulator import accumulate, to_partials
from llm_sdk.codec import SeededIds
from llm_sdk.errors import (
    InvariantError,
    MalformedArgumentsError,
    StatusCodeError,
    StreamTruncatedError,
    UnsupportedError,
)
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import (
    Citation,
    ImagePart,
    ModelResponse,
    OpaquePart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
)
from providers.cohere.given import (
    CALL,
    CODEC,
    DONE,
    PNG,
    START,
    answer,
    call,
    change,
    end,
    event,
    feed,
    plain,
    reply,
    text_block,
    thinking_block,
    tool_call,
)

OUTPUT = {"content": "sun"}
SOURCES = [
    {"type": "tool", "id": "get_weather_1:0", "tool_output": OUTPUT},
    {"type": "document", "id": "d1", "document": {"id": "d1", "title": "T", "text": "x"}},
]
CITED = {"start": 0, "end": 5, "text": "Sunny", "sources": SOURCES, "type": "TEXT_CONTENT"}
PASSAGE: dict[str, Any] = {"start_index": 0, "end_index": 5, "cited_text": "Sunny"}
CITATIONS = [
    Citation(source="get_weather_1:0", signature='{"type":"tool","tool_output":{"content":"sun"}}', **PASSAGE),
    Citation(
        source="d1",
        title="T",
        signature='{"type":"document","document":{"id":"d1","title":"T","text":"x"}}',
        **PASSAGE,
    ),
]
NEW = {"type": "map", "points": "abc"}
LOST = "citation: a citation of thinking or of a plan has no unified form and was left out"


def start(at: int, block: dict[str, Any]) -> ServerSentEvent:
    return change("content-start", at, content=block)


def more(at: int, **content: str) -> ServerSentEvent:
    return change("content-delta", at, content=content)


def stop(at: int, kind: str = "content-end") -> ServerSentEvent:
    return event(kind, index=at)


def called(at: int = 0, id: str = "get_weather_1") -> ServerSentEvent:
    return change("tool-call-start", at, tool_calls=tool_call("", id))


def args(fragment: str, at: int = 0) -> ServerSentEvent:
    return change("tool-call-delta", at, tool_calls={"function": {"arguments": fragment}})


def plan(text: str) -> ServerSentEvent:
    return change("tool-plan-delta", tool_plan=text)


def cited(**fields: Any) -> ServerSentEvent:
    return change("citation-start", 0, citations={**CITED, **fields})


TEXT = (start(0, text_block("")), more(0, text="Sunny"), more(0, text="."), stop(0))
NO_ARGUMENTS = CALL.model_copy(update={"args": {}})
SAID: dict[str, tuple[dict[str, Any], tuple[ServerSentEvent, ...], list[Part], list[str]]] = {
    "a text": ({"content": [text_block("Sunny.")]}, TEXT, [TextPart(text="Sunny.")], []),
    "nothing": ({}, (), [], []),
    "an empty text": (
        {"content": [text_block("")]},
        (start(0, text_block("")), stop(0)),
        [TextPart(text="")],
        [],
    ),
    "thoughts and a text": (
        {"content": [thinking_block("Hm."), text_block("42")]},
        (
            start(0, thinking_block("")),
            more(0, thinking="Hm."),
            stop(0),
            start(1, text_block("")),
            more(1, text="42"),
            stop(1),
        ),
        [ReasoningPart(text="Hm."), TextPart(text="42")],
        [],
    ),
    "a plan and parallel calls": (
        {"tool_plan": "I will look.", "tool_calls": [tool_call(), tool_call(id="b")]},
        (
            plan("I will"),
            plan(" look."),
            called(),
            args('{"city":'),
            args('"Paris"}'),
            stop(0, "tool-call-end"),
            called(1, "b"),
            args('{"city":"Paris"}', 1),
            stop(1, "tool-call-end"),
        ),
        [ReasoningPart(text="I will look.", id="tool_plan"), CALL, CALL.model_copy(update={"tool_call_id": "b"})],
        [],
    ),
    "calls before a text stand behind it": (
        {"content": [text_block("Sunny.")], "tool_calls": [tool_call()]},
        (called(), args('{"city":"Paris"}'), stop(0, "tool-call-end"), *TEXT),
        [TextPart(text="Sunny."), CALL],
        [],
    ),
    "arguments that are null": (
        {"tool_calls": [tool_call("null")]},
        (called(), args("nu"), args("ll"), stop(0, "tool-call-end")),
        [NO_ARGUMENTS],
        [],
    ),
    "arguments that are empty": (
        {"tool_calls": [tool_call("")]},
        (called(), stop(0, "tool-call-end")),
        [NO_ARGUMENTS],
        [],
    ),
    "arguments that are absent": (
        {"tool_calls": [{"id": "get_weather_1", "type": "function", "function": {"name": "get_weather"}}]},
        (called(), stop(0, "tool-call-end")),
        [NO_ARGUMENTS],
        [],
    ),
    "citations in the text": (
        {"content": [text_block("Sunny.")], "citations": [CITED]},
        (*TEXT[:3], cited(), stop(0, "citation-end"), TEXT[3]),
        [TextPart(text="Sunny.", citations=CITATIONS)],
        [],
    ),
    "citations behind the text": (
        {"content": [text_block("Sunny.")], "citations": [CITED]},
        (*TEXT, cited(), stop(0, "citation-end")),
        [TextPart(text="Sunny.", citations=CITATIONS)],
        [],
    ),
    "citations before the text, behind thoughts": (
        {"content": [thinking_block("Hm."), text_block("Sunny.")], "citations": [{**CITED, "type": None}]},
        (start(0, thinking_block("Hm.")), cited(type=None), start(1, text_block("Sunny."))),
        [ReasoningPart(text="Hm."), TextPart(text="Sunny.", citations=CITATIONS)],
        [],
    ),
    "citations of the second text": (
        {"content": [text_block("a"), text_block("Sunny.")], "citations": [{**CITED, "content_index": 1}]},
        (start(0, text_block("a")), start(1, text_block("Sunny.")), cited(content_index=1)),
        [TextPart(text="a"), TextPart(text="Sunny.", citations=CITATIONS)],
        [],
    ),
    "a citation without sources": (
        {"content": [text_block("Sunny.")], "citations": [{**CITED, "sources": []}]},
        (*TEXT, cited(sources=[])),
        [TextPart(text="Sunny.", citations=[Citation(source="", **PASSAGE)])],
        [],
    ),
    "a citation of thinking": (
        {"content": [thinking_block("Sunny.")], "citations": [{**CITED, "type": "THINKING_CONTENT"}]},
        (start(0, thinking_block("Sunny.")), cited(type="THINKING_CONTENT")),
        [ReasoningPart(text="Sunny.")],
        [LOST],
    ),
    "a block of tomorrow": (
        {"content": [NEW, text_block("Sunny.")]},
        (
            start(0, {"type": "map", "points": "a"}),
            more(0, points="bc"),
            stop(0),
            start(1, text_block("Sunny.")),
            event("weather-report", index=3),
        ),
        [OpaquePart(provider="cohere", data=NEW), TextPart(text="Sunny.")],
        ["map: this content has no unified form and is kept as it is"],
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_an_answer_is_the_same_whole_and_streamed(name: str) -> None:
    message, events, content, warnings = SAID[name]
    whole = CODEC.decode_response(answer(**message))
    assert whole.content == content
    assert whole.warnings == (warnings or None)
    assert plain(accumulate(feed(START, *events, *end()))) == plain(whole)


def test_the_head_of_an_answer() -> None:
    assert plain(CODEC.decode_response(answer(content=[text_block("x")]))) == {
        "content": [text_block("x")],
        "usage": {"input_tokens": 5, "output_tokens": 7},
        "finish_reason": "stop",
        "finish_detail": "COMPLETE",
        "id": "an-id",
    }


FINISH = [
    ("COMPLETE", "stop"),
    ("STOP_SEQUENCE", "stop"),
    ("MAX_TOKENS", "length"),
    ("TOOL_CALL", "tool_calls"),
    ("TIMEOUT", "error"),
    ("WORD_OF_TOMORROW", "other"),
]


@pytest.mark.parametrize(("word", "reason"), FINISH)
def test_why_an_answer_ended(word: str, reason: str) -> None:
    whole = CODEC.decode_response(answer(word))
    assert (whole.finish_reason, whole.finish_detail) == (reason, word)
    assert accumulate(feed(START, *end(word))) == whole
    written = json.loads(CODEC.encode_response(whole, call=call(), ids=SeededIds()).body)
    assert written["finish_reason"] == ("COMPLETE" if reason == "other" else word)


UNITS = {"input_tokens": 129.0, "output_tokens": 12.0}
USAGES: list[tuple[Any, Any]] = [
    (None, None),
    ({}, None),
    ({"billed_units": UNITS}, {"input_tokens": 129, "output_tokens": 12}),
    ({"tokens": UNITS}, {"input_tokens": 129, "output_tokens": 12}),
    (
        # recorded: 1560 tokens of the template are not billed and were cached, and 8 of the others
        {"billed_units": UNITS, "tokens": {"input_tokens": 1689, "output_tokens": 24}, "cached_tokens": 1568},
        {"input_tokens": 129, "output_tokens": 12, "input_tokens_details": {"cached_text_tokens": 8}},
    ),
    (
        # recorded: less was cached than the template
        {
            "billed_units": {"input_tokens": 84, "output_tokens": 314},
            "tokens": {"input_tokens": 1501, "output_tokens": 346, "reasoning_tokens": 304},
            "cached_tokens": 1008,
        },
        {
            "input_tokens": 84,
            "output_tokens": 314,
            "input_tokens_details": {"cached_text_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 304},
        },
    ),
    (
        # recorded: several images are billed one by one
        {
            "billed_units": {"input_tokens": 522, "output_tokens": 65},
            "tokens": {"input_tokens": 501, "output_tokens": 65, "image_tokens": 518},
            "cached_tokens": 480,
        },
        {
            "input_tokens": 522,
            "output_tokens": 65,
            "input_tokens_details": {"cached_text_tokens": 480, "image_tokens": 518},
        },
    ),
]


@pytest.mark.parametrize(("usage", "expected"), USAGES)
def test_usage_is_what_is_billed(usage: Any, expected: Any) -> None:
    body = {"id": "x", "message": {"role": "assistant"}, "finish_reason": "COMPLETE", "usage": usage}
    whole = CODEC.decode_response(reply(body))
    assert (plain(whole.usage) if whole.usage else None) == expected
    last = event("message-end", delta={"finish_reason": "COMPLETE", "usage": usage})
    assert accumulate(feed(START, last, DONE)).usage == whole.usage


def test_a_call_that_was_cut_at_the_limit_is_left_out() -> None:
    whole = CODEC.decode_response(answer("MAX_TOKENS", tool_calls=[tool_call('{"city":')]))
    assert whole.content == []
    assert whole.warnings is not None
    assert "get_weather" in whole.warnings[0]
    assert accumulate(feed(START, called(), args('{"city":'), *end("MAX_TOKENS"))) == whole


def test_arguments_that_are_no_object_are_told_by_the_stream_itself() -> None:
    with pytest.raises(MalformedArgumentsError, match="get_weather"):
        CODEC.decode_response(answer(tool_calls=[tool_call('{"city":')]))
    with pytest.raises(MalformedArgumentsError, match="get_weather"):
        feed(START, called(), args('{"city":'), *end("TOOL_CALL"))


@pytest.mark.parametrize(("error_type", "status"), [("INVALID_TOOL_GENERATION", 422), ("NEW", 500), (None, 500)])
def test_an_error_inside_an_answer(error_type: str | None, status: int) -> None:
    fields = {"error": "invalid tool generation", "error_type": error_type}
    head = {"id": "x", "message": {"role": "assistant"}, "finish_reason": "ERROR", "usage": {}}
    last = event("message-end", delta={"finish_reason": "ERROR", "usage": {}, **fields})
    for act in (lambda: CODEC.decode_response(reply({**head, **fields})), lambda: feed(START, plan("I"), last, DONE)):
        with pytest.raises(StatusCodeError) as caught:
            act()
        assert (caught.value.status_code, caught.value.code) == (status, error_type)
        assert (caught.value.message, caught.value.provider) == ("invalid tool generation", "cohere")


@pytest.mark.parametrize("kept", range(len(TEXT) + 3))
def test_a_stream_without_its_end_is_no_answer(kept: int) -> None:
    events = (START, *TEXT, *end())[:kept]
    with pytest.raises(StreamTruncatedError):
        feed(*events)


@pytest.mark.parametrize(
    "events",
    [
        (ServerSentEvent(b"{", "content-delta"),),
        (event("content-delta", index=0),),
        (event("content-delta", delta={"message": {"content": {"text": "x"}}}),),
        (ServerSentEvent(b"no JSON"),),
    ],
)
def test_a_malformed_event_is_named(events: tuple[ServerSentEvent, ...]) -> None:
    with pytest.raises(InvariantError, match="event 0"):
        feed(*events)


def test_events_without_names_are_known_by_their_type() -> None:
    events = [ServerSentEvent(one.data) for one in (START, *TEXT, *end())]
    assert accumulate(feed(*events)).content == [TextPart(text="Sunny.")]


def streamed(response: ModelResponse) -> list[ServerSentEvent]:
    encoder = CODEC.stream_encoder(call=call(stream=True), ids=SeededIds())
    return [one for partial in to_partials(response) for one in encoder.feed(partial)] + encoder.close()


WHOLE = ModelResponse(
    content=[
        ReasoningPart(text="Hm."),
        TextPart(text="Sunny.", citations=CITATIONS),
        ReasoningPart(text="I will look.", id="tool_plan"),
        CALL,
    ],
    finish_reason="tool_calls",
    id="an-id",
)


def test_the_bytes_of_an_answer() -> None:
    written = CODEC.encode_response(WHOLE, call=call(), ids=SeededIds())
    assert json.loads(written.body) == {
        "id": "an-id",
        "message": {
            "role": "assistant",
            "content": [thinking_block("Hm."), text_block("Sunny.")],
            "tool_plan": "I will look.",
            "tool_calls": [tool_call()],
            "citations": [CITED],
        },
        "finish_reason": "TOOL_CALL",
    }
    assert written.headers["content-type"] == "application/json"


def test_the_events_of_an_answer() -> None:
    first = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    assert streamed(WHOLE) == [
        event("message-start", id="an-id", delta={"message": first}),
        start(0, thinking_block("")),
        more(0, thinking="Hm."),
        stop(0),
        start(1, text_block("")),
        more(1, text="Sunny."),
        cited(),
        stop(0, "citation-end"),
        stop(1),
        plan("I will look."),
        called(),
        args('{"city":"Paris"}'),
        stop(0, "tool-call-end"),
        event("message-end", delta={"finish_reason": "TOOL_CALL"}),
        DONE,
    ]


def test_an_id_is_made_that_is_a_uuid_of_version_4() -> None:
    response = ModelResponse(content=[])
    id = json.loads(CODEC.encode_response(response, call=call(), ids=SeededIds()).body)["id"]
    assert [len(part) for part in id.split("-")] == [8, 4, 4, 4, 12]
    assert (id[14], id[19] in "89ab") == ("4", True)


@pytest.mark.parametrize("reason", ["stop", "content_filter", "other", None])
def test_a_refusal_is_plain_text(reason: Any) -> None:
    refusal = ModelResponse(content=[TextPart(text="I will not.")], finish_reason=reason, finish_detail="refusal")
    body = json.loads(CODEC.encode_response(refusal, call=call(), ids=SeededIds()).body)
    assert (body["message"]["content"], body["finish_reason"]) == ([text_block("I will not.")], "COMPLETE")


@pytest.mark.parametrize(
    "part",
    [
        ImagePart(mime_type="image/png", data=PNG),
        OpaquePart(provider="acme", data={}),
        ToolCallPart(tool_call_id="a", tool_name="web_search", args={}, provider_executed=True),
    ],
    ids=lambda part: part.type,
)
def test_what_an_answer_cannot_carry(part: Part) -> None:
    response = ModelResponse(content=[TextPart(text="x"), part])
    for act in (lambda: CODEC.encode_response(response, call=call(), ids=SeededIds()), lambda: streamed(response)):
        with pytest.raises(UnsupportedError) as caught:
            act()
        assert caught.value.path == "content[1]"


def test_a_block_that_has_ended_gets_no_more() -> None:
    first, second = (
        list(to_partials(ModelResponse(content=[TextPart(text="a"), TextPart(text="b")])))[at] for at in (1, 3)
    )
    encoder = CODEC.stream_encoder(call=call(stream=True), ids=SeededIds())
    encoder.feed(first)
    encoder.feed(second)
    with pytest.raises(InvariantError):
        encoder.feed(first)
