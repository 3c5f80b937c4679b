"""The chunks of a stream: the exact sequence for every kind of answer, and what comes of it."""

import json
from typing import Any

import pytest

from llm_sdk.accumulator import accumulate
from llm_sdk.codec import SeededIds
from llm_sdk.errors import (
    InvariantError,
    MalformedArgumentsError,
    RefusalError,
    StatusCodeError,
    StreamTruncatedError,
    UnsupportedError,
)
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import (
    AudioPart,
    Citation,
    ImagePart,
    ModelResponse,
    ModelUsage,
    OpaquePart,
    ReasoningPart,
    TextPart,
    ToolCallPart,
)
from providers.openai_chat_completion.given import (
    CALL,
    CODEC,
    END,
    MODEL,
    call,
    calls,
    chunk,
    event,
    feed,
    plain,
    stream_of,
    streamed,
    whole_of,
)

USAGE = ModelUsage(input_tokens=3, output_tokens=2)
USAGE_JSON = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
SECOND = ToolCallPart(tool_call_id="call_2", tool_name="get_weather", args={})
HEAD = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": ""}}
DETAILS = '[{"type":"reasoning.encrypted","data":"x"}]'
OPENING = {"role": "assistant", "content": "", "refusal": None}


def arguments(text: str, index: int = 0) -> dict[str, Any]:
    return {"tool_calls": [{"index": index, "function": {"arguments": text}}]}


# What is said, and the deltas that say it; the last chunk is an empty one with the finish reason.
STREAMS: dict[str, tuple[ModelResponse, list[dict[str, Any]]]] = {
    "text": (
        ModelResponse(content=[TextPart(text="a b")]),
        [OPENING, {"content": "a"}, {"content": " "}, {"content": "b"}],
    ),
    "nothing": (ModelResponse(content=[]), [OPENING]),
    "refusal": (
        ModelResponse(content=[TextPart(text="No")], finish_reason="content_filter", finish_detail="refusal"),
        [{"role": "assistant", "content": None, "refusal": ""}, {"refusal": "N"}, {"refusal": "o"}],
    ),
    "a call": (
        ModelResponse(content=[ToolCallPart(tool_call_id="call_1", tool_name="get_weather", args={})]),
        [
            {"role": "assistant", "content": None, "tool_calls": [HEAD], "refusal": None},
            arguments("{"),
            arguments("}"),
        ],
    ),
    "text and two calls": (
        ModelResponse(content=[TextPart(text="a"), CALL.model_copy(update={"args": {}}), SECOND]),
        [
            OPENING,
            {"content": "a"},
            {"tool_calls": [HEAD]},
            arguments("{"),
            arguments("}"),
            {"tool_calls": [{**HEAD, "index": 1, "id": "call_2"}]},
            arguments("{", 1),
            arguments("}", 1),
        ],
    ),
    "reasoning": (
        ModelResponse(content=[ReasoningPart(text="H", id="reasoning", signature=DETAILS), TextPart(text="a")]),
        [
            {"role": "assistant", "content": None},
            {"reasoning": "H"},
            {"reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]},
            {"content": "a"},
        ],
    ),
    "audio": (
        ModelResponse(
            content=[
                AudioPart(data="AAAA", format="linear16", sample_rate=24000, channels=1, transcript="Hi", id="audio_1")
            ]
        ),
        [
            {"role": "assistant", "content": None, "refusal": None},
            {"audio": {"id": "audio_1", "transcript": ""}},
            {"audio": {"data": "AAAA"}},
            {"audio": {"transcript": "H"}},
            {"audio": {"transcript": "i"}},
            {"audio": {"expires_at": 1767229200}},
        ],
    ),
    "cited text": (
        ModelResponse(
            content=[TextPart(text="a", citations=[Citation(source="s", title="t", start_index=0, end_index=1)])]
        ),
        [
            OPENING,
            {"content": "a"},
            {
                "annotations": [
                    {
                        "type": "url_citation",
                        "url_citation": {"end_index": 1, "start_index": 0, "title": "t", "url": "s"},
                    }
                ]
            },
        ],
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_chunks(name: str) -> None:
    response, expected = STREAMS[name]
    *chunks, end = [json.loads(one.data) if one != END else one for one in stream_of(response, cut=list)]
    assert end == END
    assert [one["choices"][0]["delta"] for one in chunks] == [*expected, {}]
    reasons = [one["choices"][0]["finish_reason"] for one in chunks]
    calls_something = any(isinstance(part, ToolCallPart) for part in response.content)
    assert reasons == [None] * len(expected) + ["tool_calls" if calls_something else "stop"]


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_read_as_the_whole_answer(name: str) -> None:
    response, _ = STREAMS[name]
    whole = CODEC.decode_response
    events = stream_of(response, cut=list)
    if response.finish_detail == "refusal":
        with pytest.raises(RefusalError) as of_stream:
            feed(*events)
        with pytest.raises(RefusalError) as of_whole:
            whole(CODEC.encode_response(response, call=call(), ids=SeededIds()))
        assert of_stream.value.response == of_whole.value.response
        return
    assert plain(accumulate(feed(*events))) == plain(
        whole(CODEC.encode_response(response, call=call(), ids=SeededIds()))
    )


def test_every_chunk_repeats_the_head_and_is_padded() -> None:
    *chunks, usage, _ = stream_of(ModelResponse(content=[TextPart(text="été")], usage=USAGE))
    head = {
        name: whole_of(ModelResponse(content=[]))[name] for name in ("id", "created", "model", "system_fingerprint")
    }
    for one in (*chunks, usage):
        data = json.loads(one.data)
        padding = f',"obfuscation":"{data.pop("obfuscation")}"'
        assert {name: data[name] for name in head} == head
        assert data["object"] == "chat.completion.chunk"
        assert len(one.data.decode().replace(padding, "")) % 16 == -(len(padding) - len(',"obfuscation":""')) % 16
    assert all(json.loads(one.data)["usage"] is None for one in chunks)
    assert (json.loads(usage.data)["choices"], json.loads(usage.data)["usage"]) == ([], USAGE_JSON)


def test_usage_and_padding_only_for_those_who_want_them() -> None:
    options = {"stream_options": {"include_usage": False, "include_obfuscation": False}}
    events = stream_of(ModelResponse(content=[TextPart(text="a")], usage=USAGE), extra=options)
    assert [len(json.loads(one.data)["choices"]) for one in events[:-1]] == [1, 1, 1]
    assert not any({"usage", "obfuscation"} & json.loads(one.data).keys() for one in events[:-1])


def test_several_choices() -> None:
    *chunks, _ = stream_of(ModelResponse(content=[TextPart(text="a")]), extra={"n": 2})
    assert [json.loads(one.data)["choices"][0]["index"] for one in chunks] == [0, 1] * 3
    response = accumulate(feed(*chunks, END))
    assert response.content == [TextPart(text="a")]
    assert response.warnings == ["choices: 2 answers came, and only the first one is given"]


def test_a_caller_that_knows_only_functions() -> None:
    events = stream_of(ModelResponse(content=[CALL]), extra={"functions": []})
    response = accumulate(feed(*events))
    assert response.content == [CALL.model_copy(update={"tool_call_id": "function_call"})]
    assert response.finish_detail == "function_call"


def test_a_custom_tool_call() -> None:
    data = {"id": "call_3", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}}
    opaque = OpaquePart(provider="openai-chat-completion", data=data)
    response = accumulate(feed(*stream_of(ModelResponse(content=[opaque]))))
    assert response.content == [opaque]
    assert response.warnings == ["custom: this kind of tool call has no unified form and is kept as an opaque part"]


def test_text_and_arguments_are_passed_on_as_they_come() -> None:
    decoder = CODEC.stream_decoder()
    assert [one.delta.part.text for one in decoder.feed(chunk(content="a")) if one.delta] == ["a"]  # type: ignore[union-attr]
    (head,) = decoder.feed(calls(HEAD))
    (more,) = decoder.feed(event({"choices": [{"index": 0, "delta": arguments('{"a"')}]}))
    assert head.delta is not None
    assert more.delta is not None
    assert (head.delta.index, more.delta.part.args) == (more.delta.index, '{"a"')  # type: ignore[union-attr]


TEXT = chunk(content="a")
STOP = chunk("stop")


@pytest.mark.parametrize(
    "events",
    [
        [],
        [TEXT],
        [chunk(content="a", beside={"usage": None}), chunk("stop", beside={"usage": None})],
    ],
)
def test_a_stream_that_broke_off(events: list[ServerSentEvent]) -> None:
    with pytest.raises(StreamTruncatedError, match=r"without \[DONE\]"):
        feed(*events)


def test_a_refusal_that_broke_off_is_no_refusal() -> None:
    with pytest.raises(StreamTruncatedError):
        feed(chunk(refusal="I"))


def test_nothing_is_read_after_the_end() -> None:
    assert accumulate(feed(TEXT, STOP, END, TEXT)).content == [TextPart(text="a")]


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        ({"message": "broken", "type": "server_error", "param": None, "code": None}, 500, "broken"),
        ({"message": "slowly", "type": "requests", "code": "rate_limit_exceeded"}, 429, "slowly"),
        ({"message": "upstream", "code": 502}, 502, "upstream"),
        ("a sentence", 500, "a sentence"),
    ],
)
def test_an_error_inside_a_stream(error: Any, status: int, message: str) -> None:
    with pytest.raises(StatusCodeError) as caught:
        feed(TEXT, event({"error": error}), END)
    assert (caught.value.status_code, caught.value.message) == (status, message)
    assert caught.value.provider == "openai-chat-completion"


def test_a_malformed_chunk_says_which() -> None:
    with pytest.raises(InvariantError, match=r"event 1 is malformed at choices\.0\.delta\.refusal"):
        feed(TEXT, chunk(refusal=5))


def test_arguments_that_are_no_object_end_the_stream() -> None:
    events = [calls(HEAD), calls({"index": 0, "function": {"arguments": '["Paris"]'}})]
    with pytest.raises(MalformedArgumentsError, match="get_weather"):
        feed(*events, chunk("tool_calls"), END)
    with pytest.raises(MalformedArgumentsError, match="get_weather"):
        feed(*events, chunk("tool_calls"))
    assert feed(*events, chunk("length"), END)[-1].finish_reason == "length"


def test_what_an_answer_cannot_carry() -> None:
    with pytest.raises(UnsupportedError, match=r"content\[0\]: an answer of this protocol cannot carry image"):
        stream_of(ModelResponse(content=[ImagePart(mime_type="image/png", data="AA==")]))


def test_the_model_and_the_id_come_first() -> None:
    first, *_ = feed(TEXT, STOP, END)
    assert (first.id, first.model_id) == ("chatcmpl-1", MODEL)
    assert streamed(TEXT, STOP).finish_reason == "stop"
