"""Whole answers, their streams and their errors, read and written."""

import json
from typing import Any

import pytest

from llm_sdk.accumulator import accumulate, to_partials
from llm_sdk.codec import SeededIds
from llm_sdk.errors import (
    InvariantError,
    MalformedArgumentsError,
    StreamTruncatedError,
    UnsupportedError,
)
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import (
    ImagePart,
    ModelResponse,
    ModelTokensDetails,
    ModelUsage,
    TextPart,
    ToolCallPart,
)
from providers.mistral.given import (
    CALL,
    CALL_ID,
    CALL_JSON,
    CODEC,
    DONE,
    MODEL,
    answer,
    call,
    chunk,
    content,
    feed,
    plain,
    reference,
    reply,
    text,
    thinking,
)

THOUGHT = {"type": "reasoning", "text": "Hm so"}
SIGNED = {**THOUGHT, "id": "thinking", "signature": "s"}
SAID = {"type": "text", "text": "Hi"}
PAGE = {"type": "tool_reference", "tool": "web_search", "title": "T", "url": "https://e.org"}
OPAQUE_PAGE = {"type": "opaque", "provider": "mistral", "data": {"type": "thinking", "thinking": [PAGE]}}

# The content of a message, in pieces as a stream may bring them, and its parts; a whole answer has all of the pieces.
CONTENTS: dict[str, tuple[list[list[Any]], list[Any]]] = {
    "text": ([[text("H")], [text("i")]], [SAID]),
    "thought": ([[thinking("Hm")], [thinking(" ", "so")], [text("Hi")]], [THOUGHT, SAID]),
    "thought without words": ([[thinking()], [thinking("Hm so")], [text("Hi")]], [THOUGHT, SAID]),
    "signature": ([[thinking("Hm so")], [thinking(signature="s")], [text("Hi")]], [SIGNED, SAID]),
    "a signature closes a thought": ([[thinking("Hm so", signature="s")], [thinking("Hm so")]], [SIGNED, THOUGHT]),
    "thoughts between texts": ([[text("Hi"), thinking("Hm so")], [text("Hi")]], [SAID, THOUGHT, SAID]),
    "reference": (
        [[text("Hi"), reference(0)], [reference("doc")], [text("Hi")]],
        [{**SAID, "citations": [{"source": "0"}, {"source": "doc"}]}, SAID],
    ),
    "reference alone": ([[reference(7)]], [{"type": "text", "text": "", "citations": [{"source": "7"}]}]),
    "page in a thought": (
        [[{"type": "thinking", "thinking": [text("Hm so"), PAGE]}], [thinking("Hm so")]],
        [THOUGHT, OPAQUE_PAGE, THOUGHT],
    ),
    "chunk of tomorrow": (
        [[{"type": "smell", "smell": "rose"}], [text("Hi")]],
        [{"type": "opaque", "provider": "mistral", "data": {"type": "smell", "smell": "rose"}}, SAID],
    ),
}


@pytest.mark.parametrize(("pieces", "parts"), CONTENTS.values(), ids=CONTENTS)
def test_contents_whole_and_streamed(pieces: list[list[Any]], parts: list[Any]) -> None:
    whole = CODEC.decode_response(answer([one for piece in pieces for one in piece]))
    assert content(whole) == parts
    streamed = accumulate(feed(*(chunk({"content": piece}) for piece in pieces), chunk({}, "stop"), DONE))
    assert plain(streamed) == plain(whole)


def test_content_changes_its_form_within_a_stream() -> None:
    """Recorded: a list while the model thinks, then a text."""
    deltas = [
        {"role": "assistant", "content": ""},
        {"content": [thinking("Hm so")]},
        {"content": "H"},
        {"content": "i"},
    ]
    response = accumulate(feed(*map(chunk, deltas), chunk({"content": ""}, "stop"), DONE))
    assert content(response) == [THOUGHT, SAID]


ROME = {"id": "hd1jUE8h9", "function": {"name": "get_weather", "arguments": '{"city": "Rome"}'}}
CALL_OF_ROME = ToolCallPart(tool_call_id="hd1jUE8h9", tool_name="get_weather", args={"city": "Rome"})


def fragment(arguments: Any, name: str = "", **fields: Any) -> dict[str, Any]:
    return {"function": {"name": name, "arguments": arguments}, **fields}


# The tool calls of each chunk, and the parts.
STREAMED_CALLS: dict[str, tuple[list[list[Any]], list[ToolCallPart]]] = {
    "whole": ([[{**CALL_JSON, "index": 0}]], [CALL]),
    "without an index, in one chunk": ([[CALL_JSON, ROME]], [CALL, CALL_OF_ROME]),
    "with the same index": ([[{**CALL_JSON, "index": 0}, {**ROME, "index": 0}]], [CALL, CALL_OF_ROME]),
    "in fragments with empty names": (
        [
            [fragment("", "get_weather", id=CALL_ID, index=0)],
            [fragment('{"city":', index=0)],
            [fragment('"Paris"}', index=0)],
        ],
        [CALL],
    ),
    "in fragments without an index": (
        [[fragment("", "get_weather", id=CALL_ID)], [fragment('{"city":"Paris"}', id="null")]],
        [CALL],
    ),
    "interleaved": (
        [
            [fragment("", "get_weather", id=CALL_ID, index=0), fragment("", "get_weather", id="hd1jUE8h9", index=1)],
            [fragment('{"city":"Rome"}', index=1), fragment('{"city":"Paris"}', index=0)],
        ],
        [CALL, CALL_OF_ROME],
    ),
    "arguments as an object": ([[fragment({"city": "Paris"}, "get_weather", id=CALL_ID)]], [CALL]),
    "no arguments": (
        [[fragment("", "now", id=CALL_ID, index=0)]],
        [ToolCallPart(tool_call_id=CALL_ID, tool_name="now", args={})],
    ),
    "no ids": (
        [[fragment("", "now"), fragment("", "now")]],
        [
            ToolCallPart(tool_call_id="call00000", tool_name="now", args={}),
            ToolCallPart(tool_call_id="call00001", tool_name="now", args={}),
        ],
    ),
}


@pytest.mark.parametrize(("chunks", "parts"), STREAMED_CALLS.values(), ids=STREAMED_CALLS)
def test_streamed_calls(chunks: list[list[Any]], parts: list[ToolCallPart]) -> None:
    events = [chunk({"tool_calls": calls}) for calls in chunks]
    response = accumulate(feed(*events, chunk({"content": "Hi"}, "tool_calls"), DONE))
    assert content(response) == [SAID, *map(plain, parts)]
    assert response.finish_reason == "tool_calls"


@pytest.mark.parametrize("id", [None, "null", ""])
def test_a_call_without_an_id_gets_one_from_its_position(id: Any) -> None:
    response = CODEC.decode_response(answer("", {**CALL_JSON, "id": id}, finish_reason="tool_calls"))
    assert response.content == [CALL.model_copy(update={"tool_call_id": "call00000"})]


def test_a_call_that_was_cut_is_told_of() -> None:
    cut = {**CALL_JSON, "function": {"name": "get_weather", "arguments": '{"ci'}}
    whole = CODEC.decode_response(answer("", cut, finish_reason="length"))
    assert (whole.content, whole.finish_reason) == ([], "length")
    [warning] = whole.warnings or []
    assert warning.startswith("tool-call: the answer was cut short")
    assert plain(accumulate(feed(chunk({"tool_calls": [cut]}, "length"), DONE))) == plain(whole)


def test_arguments_that_are_no_object_are_told_by_the_stream_itself() -> None:
    broken = {**CALL_JSON, "function": {"name": "get_weather", "arguments": '["Paris"]'}}
    with pytest.raises(MalformedArgumentsError, match="get_weather"):
        CODEC.decode_response(answer("", broken, finish_reason="tool_calls"))
    with pytest.raises(MalformedArgumentsError, match="get_weather"):
        feed(chunk({"tool_calls": [broken]}, "tool_calls"), DONE)


ENDS = {
    "stop": "stop",
    "length": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "error": "error",
    "tomorrow": "other",
}


@pytest.mark.parametrize(("word", "reason"), ENDS.items())
def test_ends(word: str, reason: str) -> None:
    whole = CODEC.decode_response(answer("Hi", finish_reason=word))
    assert (whole.finish_reason, whole.finish_detail) == (reason, word)
    assert plain(accumulate(feed(chunk({"content": "Hi"}, word), DONE))) == plain(whole)
    if word != "tomorrow":
        written = CODEC.encode_response(whole, call=call(), ids=SeededIds())
        assert json.loads(written.body)["choices"][0]["finish_reason"] == word


def test_a_refusal_is_an_answer_like_any_other() -> None:
    refused = ModelResponse(content=[TextPart(text="No.")], finish_reason="content_filter", finish_detail="refusal")
    written = CODEC.encode_response(refused, call=call(), ids=SeededIds())
    read = CODEC.decode_response(written)
    assert (content(read), read.finish_reason) == ([{"type": "text", "text": "No."}], "stop")


COUNTS = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
CACHED = ModelTokensDetails(cached_text_tokens=4)
USAGES: dict[str, tuple[dict[str, Any], ModelTokensDetails | None, int]] = {
    "bare": ({}, None, 10),
    "details": ({"prompt_tokens_details": {"cached_tokens": 4}}, CACHED, 10),
    "details in another spelling": ({"prompt_token_details": {"cached_tokens": 4}}, CACHED, 10),
    "one number": ({"num_cached_tokens": 4}, CACHED, 10),
    "audio beside the prompt": (
        {"prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 100}, "total_tokens": 115},
        ModelTokensDetails(cached_text_tokens=4, audio_tokens=100),
        110,
    ),
    "audio inside the prompt": (
        {"prompt_tokens_details": {"audio_tokens": 8}, "prompt_audio_seconds": 3},
        ModelTokensDetails(audio_tokens=8),
        10,
    ),
}


@pytest.mark.parametrize(("fields", "details", "given"), USAGES.values(), ids=USAGES)
def test_usage(fields: Any, details: ModelTokensDetails | None, given: int) -> None:
    usage = ModelUsage(input_tokens=given, output_tokens=5, input_tokens_details=details)
    wired = {**COUNTS, **fields}
    assert CODEC.decode_response(answer("Hi", usage=wired)).usage == usage
    assert accumulate(feed(chunk({}, "stop", usage=wired), DONE)).usage == usage


def test_the_body_of_an_answer() -> None:
    response = ModelResponse(
        content=[TextPart(text="Hi"), CALL],
        usage=ModelUsage(input_tokens=10, output_tokens=5, input_tokens_details=CACHED),
    )
    written = CODEC.encode_response(response, call=call(), ids=SeededIds())
    body = json.loads(written.body)
    assert (len(body.pop("id")), body.pop("created")) == (32, 1767225600)
    message = {"role": "assistant", "tool_calls": [{**CALL_JSON, "index": 0}], "content": "Hi"}
    assert body == {
        "model": MODEL,
        "usage": {**COUNTS, "prompt_tokens_details": {"cached_tokens": 4}, "service_tier": "standard"},
        "object": "chat.completion",
        "choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}],
    }
    assert written.headers["content-type"] == "application/json"
    assert len(written.headers["mistral-correlation-id"]) == 36


def stream_of(response: ModelResponse, **options: Any) -> list[ServerSentEvent]:
    encoder = CODEC.stream_encoder(call=call(stream=True, **options), ids=SeededIds())
    return [event for partial in to_partials(response) for event in encoder.feed(partial)] + encoder.close()


def test_the_events_of_a_stream() -> None:
    """The role first, then what is said; calls, the end and the usage in one chunk, all but the first padded."""
    *events, end = stream_of(
        ModelResponse(content=[TextPart(text="Hi"), CALL], usage=ModelUsage(input_tokens=10, output_tokens=5))
    )
    chunks = [json.loads(event.data) for event in events]
    assert end == DONE
    assert "p" not in chunks[0]
    assert all("abcdefghijklmnopqrstuvwxyz0123456789".startswith(one.pop("p")) for one in chunks[1:])
    heads = [{name: one.pop(name) for name in ("id", "object", "created", "model")} for one in chunks]
    assert heads == [heads[0]] * 3
    assert [one.pop("usage", None) is not None for one in chunks] == [False, False, True]
    assert chunks == [
        {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}]},
        {
            "choices": [
                {"index": 0, "delta": {"tool_calls": [{**CALL_JSON, "index": 0}]}, "finish_reason": "tool_calls"}
            ]
        },
    ]


def test_several_choices() -> None:
    said = ModelResponse(content=[TextPart(text="Hi")])
    whole = CODEC.encode_response(said, call=call(extra={"n": 2}), ids=SeededIds())
    assert len(json.loads(whole.body)["choices"]) == 2
    response = CODEC.decode_response(whole)
    assert content(response) == [SAID]
    assert response.warnings == ["choices: 2 answers came, and only the first one is given"]
    assert plain(accumulate(feed(*stream_of(said, extra={"n": 2})))) == plain(response)


@pytest.mark.parametrize("part", [ImagePart(mime_type="image/png", data="")])
def test_what_an_answer_cannot_carry(part: Any) -> None:
    response = ModelResponse(content=[part])
    for write in (lambda: CODEC.encode_response(response, call=call(), ids=SeededIds()), lambda: stream_of(response)):
        with pytest.raises(UnsupportedError) as caught:
            write()
        assert caught.value.path == "content[0]"


def test_ids_that_another_api_makes_are_not_answered_with() -> None:
    made_up = CALL.model_copy(update={"tool_call_id": "call_" + "a1" * 12})
    given = CALL.model_copy(update={"tool_call_id": "call_1"})
    written = CODEC.encode_response(ModelResponse(content=[made_up, given]), call=call(), ids=SeededIds())
    first, second = (
        one.tool_call_id for one in CODEC.decode_response(written).content if isinstance(one, ToolCallPart)
    )
    assert (len(first), first.isalnum(), second) == (9, True, "call_1")


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"choices": [{}]}'])
def test_malformed_answers_say_where(body: bytes) -> None:
    with pytest.raises(InvariantError, match="the answer is malformed at"):
        CODEC.decode_response(reply(body))


def test_a_malformed_event_says_which() -> None:
    with pytest.raises(InvariantError, match="event 1 is malformed at choices"):
        feed(chunk({}), ServerSentEvent(b'{"choices": 1}'))


@pytest.mark.parametrize("events", [[], [chunk({"content": "Hi"})], [chunk({"content": "Hi"}, "stop")]])
def test_a_stream_without_its_end_mark_is_cut(events: list[ServerSentEvent]) -> None:
    with pytest.raises(StreamTruncatedError):
        feed(*events)


def test_what_follows_the_end_mark_is_not_read() -> None:
    assert content(accumulate(feed(chunk({"content": "Hi"}, "stop"), DONE, chunk({"content": "!"})))) == [SAID]


def test_padding_and_fields_of_tomorrow_change_nothing() -> None:
    events = [chunk({"content": "Hi", "index": 0}, "stop", p="abc", smell="rose"), DONE]
    assert content(accumulate(feed(*events))) == [SAID]
    assert content(CODEC.decode_response(answer("Hi", smell="rose"))) == [SAID]
