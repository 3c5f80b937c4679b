"""``ModelResponse`` <-> the completion: the exact message of every part, why it ended, and what it cost."""

from typing import Any

import pytest

from llm_sdk.codec import SeededIds
from llm_sdk.errors import InvariantError, RefusalError, StatusCodeError, UnsupportedError
from llm_sdk.types import (
    AudioPart,
    Citation,
    ImagePart,
    ModelResponse,
    ModelTokensDetails,
    ModelUsage,
    OpaquePart,
    ReasoningPart,
    TextPart,
    ToolCallPart,
)
from providers.openai_chat_completion.given import CALL, CODEC, MODEL, THOUGHT, WAV, answer, call_json, reply, whole_of

URL = "https://a.example/b"
CITED = {"type": "url_citation", "url_citation": {"end_index": 3, "start_index": 0, "title": "Rain", "url": URL}}
CUSTOM = {"id": "call_3", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}}
SPOKEN = AudioPart(data=WAV, format="wav", transcript="Hi", id="audio_1")

# Parts and the fields of their message, read in both directions.
MESSAGES: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "text": ([TextPart(text="Hi")], {"content": "Hi"}),
    "nothing": ([], {"content": None}),
    "cited text": (
        [TextPart(text="It rains.", citations=[Citation(source=URL, title="Rain", start_index=0, end_index=3)])],
        {"content": "It rains.", "annotations": [CITED]},
    ),
    "calls": (
        [CALL, ToolCallPart(tool_call_id="call_2", tool_name="get_weather", args={})],
        {"tool_calls": [call_json(), call_json("{}", "call_2")]},
    ),
    "text and call": ([TextPart(text="Hi"), CALL], {"content": "Hi", "tool_calls": [call_json()]}),
    "audio": ([SPOKEN], {"audio": {"id": "audio_1", "data": WAV, "expires_at": 1767229200, "transcript": "Hi"}}),
    "reasoning": ([THOUGHT, TextPart(text="Hi")], {"content": "Hi", "reasoning_content": "Hm."}),
    "reasoning elsewhere": (
        [ReasoningPart(text="Hm.", id="reasoning", signature='[{"type":"reasoning.encrypted","data":"x"}]')],
        {"reasoning": "Hm.", "reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]},
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_message(name: str) -> None:
    content, fields = MESSAGES[name]
    calls = any(isinstance(part, ToolCallPart) for part in content)
    finish_reason = "tool_calls" if calls else "stop"
    response = ModelResponse(
        content=content, finish_reason=finish_reason, finish_detail=finish_reason, id="chatcmpl-1", model_id=MODEL
    )
    (choice,) = whole_of(response)["choices"]
    empty = {"role": "assistant", "content": None, "refusal": None, "annotations": []}
    assert choice == {"index": 0, "message": empty | fields, "logprobs": None, "finish_reason": finish_reason}
    assert CODEC.decode_response(answer(finish_reason, **fields)) == response


def test_body() -> None:
    response = ModelResponse(content=[TextPart(text="Hi")], usage=ModelUsage(input_tokens=3, output_tokens=2))
    body = whole_of(response)
    ids = SeededIds()
    alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    assert body.pop("choices")
    assert body == {
        "id": "chatcmpl-" + ids.token(29, alphanumeric),
        "object": "chat.completion",
        "created": 1767225600,
        "model": MODEL,
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
        "service_tier": "default",
        "system_fingerprint": "fp_" + ids.token(10),
    }


@pytest.mark.parametrize(
    ("word", "message", "expected"),
    [
        ("stop", {}, ("stop", "stop")),
        ("length", {}, ("length", "length")),
        ("content_filter", {}, ("content_filter", "content_filter")),
        ("tool_calls", {"tool_calls": [call_json()]}, ("tool_calls", "tool_calls")),
        ("stop", {"tool_calls": [call_json()]}, ("tool_calls", "stop")),
        ("eos", {}, ("stop", "eos")),
        ("model_length", {}, ("length", "model_length")),
        ("of_tomorrow", {}, ("other", "of_tomorrow")),
        (None, {}, (None, None)),
        (None, {"tool_calls": [call_json()]}, ("tool_calls", None)),
    ],
)
def test_why_it_ended(word: Any, message: Any, expected: Any) -> None:
    response = CODEC.decode_response(answer(word, **message))
    assert (response.finish_reason, response.finish_detail) == expected


@pytest.mark.parametrize(
    ("response", "word"),
    [
        (ModelResponse(content=[], finish_reason="length"), "length"),
        (ModelResponse(content=[], finish_reason="content_filter"), "content_filter"),
        (ModelResponse(content=[], finish_reason="other", finish_detail="max_messages"), "stop"),
        (ModelResponse(content=[CALL], finish_reason="stop"), "tool_calls"),
        (ModelResponse(content=[CALL], finish_reason="tool_calls", finish_detail="stop"), "stop"),
    ],
)
def test_the_word_that_is_written(response: ModelResponse, word: str) -> None:
    assert whole_of(response)["choices"][0]["finish_reason"] == word


def test_a_refusal() -> None:
    with pytest.raises(RefusalError) as caught:
        CODEC.decode_response(answer(refusal="I will not."))
    assert caught.value.refusal == "I will not."
    response = caught.value.response
    assert response == ModelResponse(
        content=[TextPart(text="I will not.")],
        finish_reason="content_filter",
        finish_detail="refusal",
        id="chatcmpl-1",
        model_id=MODEL,
    )
    (choice,) = whole_of(response)["choices"]
    assert (choice["message"]["content"], choice["message"]["refusal"]) == (None, "I will not.")
    assert choice["finish_reason"] == "stop"


# Usage on the wire, and what it means.
USAGES: dict[str, tuple[dict[str, Any], ModelUsage]] = {
    "all details": (
        {
            "prompt_tokens": 30,
            "completion_tokens": 20,
            "total_tokens": 50,
            "prompt_tokens_details": {"cached_tokens": 8, "audio_tokens": 1, "cache_write_tokens": 2},
            "completion_tokens_details": {"reasoning_tokens": 12, "audio_tokens": 0},
        },
        ModelUsage(
            input_tokens=30,
            output_tokens=20,
            input_tokens_details=ModelTokensDetails(cached_text_tokens=8, audio_tokens=1, cache_write_tokens=2),
            output_tokens_details=ModelTokensDetails(reasoning_tokens=12, audio_tokens=0),
        ),
    ),
    "no details": (
        {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
        ModelUsage(input_tokens=3, output_tokens=2),
    ),
    "one side has details": (
        {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5, "prompt_tokens_details": {"cached_tokens": 0}},
        ModelUsage(input_tokens=3, output_tokens=2, input_tokens_details=ModelTokensDetails(cached_text_tokens=0)),
    ),
}


@pytest.mark.parametrize("name", USAGES)
def test_usage(name: str) -> None:
    body, usage = USAGES[name]
    assert CODEC.decode_response(answer(content="Hi", beside={"usage": body})).usage == usage
    assert whole_of(ModelResponse(content=[], usage=usage))["usage"] == body


def test_a_custom_tool_call_is_opaque_and_goes_back() -> None:
    response = CODEC.decode_response(answer("tool_calls", tool_calls=[CUSTOM]))
    assert response.content == [OpaquePart(provider="openai-chat-completion", data=CUSTOM)]
    assert response.warnings == ["custom: this kind of tool call has no unified form and is kept as an opaque part"]
    assert whole_of(response)["choices"][0]["message"]["tool_calls"] == [CUSTOM]


def test_a_call_that_the_token_limit_cut_is_left_out_with_a_warning() -> None:
    response = CODEC.decode_response(answer("length", tool_calls=[call_json('{"city":"Pa')]))
    assert response.content == []
    (warning,) = response.warnings or ()
    assert warning.startswith("tool-call: the answer was cut short")
    assert '{"city":"Pa' in warning
    with pytest.raises(InvariantError, match="get_weather"):
        CODEC.decode_response(answer("tool_calls", tool_calls=[call_json('{"city":"Pa')]))


def test_several_choices() -> None:
    both = [{"index": at, "message": {"content": f"{at}"}, "finish_reason": "stop"} for at in (1, 0)]
    response = CODEC.decode_response(reply({"choices": both}))
    assert response.content == [TextPart(text="0")]
    assert response.warnings == ["choices: 2 answers came, and only the first one is given"]
    written = whole_of(ModelResponse(content=[TextPart(text="Hi")]), extra={"n": 2})
    assert [(choice["index"], choice["message"]["content"]) for choice in written["choices"]] == [(0, "Hi"), (1, "Hi")]


def test_a_caller_that_knows_only_functions() -> None:
    (choice,) = whole_of(ModelResponse(content=[CALL]), extra={"functions": []})["choices"]
    assert choice["message"]["function_call"] == {"name": "get_weather", "arguments": '{"city":"Paris"}'}
    assert "tool_calls" not in choice["message"]
    assert choice["finish_reason"] == "function_call"
    response = CODEC.decode_response(answer("function_call", **choice["message"]))
    assert response.content == [CALL.model_copy(update={"tool_call_id": "function_call"})]
    assert response.finish_reason == "tool_calls"


def test_log_probabilities_for_those_who_ask() -> None:
    options = {"logprobs": True, "top_logprobs": 1}
    (choice,) = whole_of(ModelResponse(content=[TextPart(text="Hi you")]), extra=options)["choices"]
    first, second = choice["logprobs"]["content"]
    assert (first["token"], first["bytes"], second["token"]) == ("Hi", [72, 105], " you")
    assert [top["token"] for top in first["top_logprobs"]] == ["Hi"]


def test_what_an_answer_cannot_carry() -> None:
    with pytest.raises(UnsupportedError, match=r"content\[0\]: an answer of this protocol cannot carry image"):
        whole_of(ModelResponse(content=[ImagePart(mime_type="image/png", data="AA==")]))


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"<html>", "malformed at the top level"),
        ({}, "malformed at choices: Field required"),
        (
            {"choices": [{"message": {"tool_calls": [{"id": "1", "function": {}}]}}]},
            "tool_calls.0.function.name",
        ),
    ],
)
def test_a_malformed_answer_says_where(body: Any, complaint: str) -> None:
    with pytest.raises(InvariantError, match=complaint):
        CODEC.decode_response(reply(body))


def test_an_error_inside_an_answer() -> None:
    body = {"error": {"message": "The response was filtered", "code": "content_filter", "status": 400}}
    with pytest.raises(StatusCodeError, match="The response was filtered") as caught:
        CODEC.decode_response(reply(body))
    assert (caught.value.status_code, caught.value.code) == (400, "content_filter")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("UklGRgAAAABXQVZF", "wav"),
        ("SUQzBA==", "mp3"),
        ("//tUwA==", "mp3"),
        ("//FQgA==", "aac"),
        ("ZkxhQwA=", "flac"),
        ("T2dnUwA=", "opus"),
        ("AAAAAA==", "linear16"),
        ("", "linear16"),
    ],
)
def test_the_format_of_audio_shows_in_its_bytes(data: str, expected: str) -> None:
    (part,) = CODEC.decode_response(answer(audio={"id": "audio_1", "data": data, "transcript": "Hi"})).content
    assert isinstance(part, AudioPart)
    assert part.format == expected
    assert (part.sample_rate, part.channels) == ((24000, 1) if expected == "linear16" else (None, None))
