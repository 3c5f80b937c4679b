"""Servers that copy the protocol, and where they deviate: each row was seen in recorded traffic or reported."""

import json
from typing import Any

import pytest

from llm_sdk.accumulator import accumulate
from llm_sdk.errors import MalformedArgumentsError, OverloadedError, RateLimitError, StatusCodeError
from llm_sdk.sse import ServerSentEvent, ServerSentEventDecoder
from llm_sdk.types import Citation, ModelTokensDetails, ModelUsage, ReasoningPart, TextPart, ToolCallPart
from providers.openai_chat_completion.given import (
    CODEC,
    END,
    THOUGHT,
    answer,
    call_json,
    calls,
    chunk,
    event,
    feed,
    reply,
    streamed,
)

STOP = chunk("stop")
USED = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def fragment(arguments: Any = None, name: Any = None, **fields: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {**fields, "function": {key: value for key, value in function.items() if value is not None}}


def called(*given: tuple[str, dict[str, Any]]) -> list[ToolCallPart]:
    return [ToolCallPart(tool_call_id=id, tool_name="f", args=args) for id, args in given]


ONE, TWO = {"a": 1}, {"a": 2}
ONE_TEXT, TWO_TEXT = '{"a":1}', '{"a":2}'
# Chunks of calls, and the calls that they are.
CALLS: dict[str, tuple[list[ServerSentEvent], list[ToolCallPart]]] = {
    "whole in one chunk": (
        [calls(fragment(ONE_TEXT, "f", index=0, id="x"), fragment(TWO_TEXT, "f", index=1, id="y"))],
        called(("x", ONE), ("y", TWO)),
    ),
    "the same index twice": (
        [calls(fragment(ONE_TEXT, "f", index=0, id="x")), calls(fragment(TWO_TEXT, "f", index=0, id="y"))],
        called(("x", ONE), ("y", TWO)),
    ),
    "no index": (
        [
            calls(fragment('{"a":', "f", id="x")),
            calls(fragment("1}")),
            calls(fragment('{"a":', "f", id="y")),
            calls(fragment("2}", id="y")),
        ],
        called(("x", ONE), ("y", TWO)),
    ),
    "no index and no id": (
        [calls(fragment(ONE_TEXT, "f")), calls(fragment(TWO_TEXT, "f"))],
        called(("call_0", ONE), ("call_1", TWO)),
    ),
    "an index that does not begin at 0": (
        [calls(fragment('{"a":', "f", index=1, id="x")), calls(fragment("1}", index=1))],
        called(("x", ONE)),
    ),
    "no id": ([calls(fragment(ONE_TEXT, "f", index=0))], called(("call_0", ONE))),
    "an empty id and name later": (
        [calls(fragment("", "f", index=0, id="x")), calls(fragment(ONE_TEXT, "", index=0, id=""))],
        called(("x", ONE)),
    ),
    "id and name in every chunk": (
        [calls(fragment('{"a":', "f", index=0, id="x")), calls(fragment("1}", "f", index=0, id="x"))],
        called(("x", ONE)),
    ),
    "interleaved": (
        [
            calls(fragment('{"a":', "f", index=0, id="x")),
            calls(fragment('{"a":', "f", index=1, id="y")),
            calls(fragment("1}", index=0)),
            calls(fragment("2}", index=1)),
        ],
        called(("x", ONE), ("y", TWO)),
    ),
    "the name after the arguments began": (
        [calls(fragment('{"a":', index=0, id="x")), calls(fragment("1}", "f", index=0))],
        called(("x", ONE)),
    ),
    "arguments as an object": ([calls(fragment(ONE, "f", index=0, id="x"))], called(("x", ONE))),
    "null for no arguments": ([calls(fragment("null", "f", index=0, id="x"))], called(("x", {}))),
    "no arguments at all": ([calls(fragment(None, "f", index=0, id="x"))], called(("x", {}))),
}


@pytest.mark.parametrize("name", CALLS)
def test_streamed_calls(name: str) -> None:
    events, expected = CALLS[name]
    response = streamed(*events, chunk("tool_calls"))
    assert response.content == expected
    assert response.finish_reason == "tool_calls"


@pytest.mark.parametrize(
    ("function", "args"),
    [({"arguments": "null"}, {}), ({"arguments": ""}, {}), ({}, {}), ({"arguments": ONE}, ONE)],
)
def test_calls_of_a_whole_answer(function: Any, args: Any) -> None:
    response = CODEC.decode_response(answer("stop", content="", tool_calls=[{"function": {"name": "f", **function}}]))
    assert response.content == called(("call_0", args))


# Messages with reasoning, and the part that it is. Each is read whole and streamed.
REASONING: dict[str, tuple[dict[str, Any], ReasoningPart]] = {
    "reasoning_content": ({"reasoning_content": "Hm."}, THOUGHT),
    "reasoning": ({"reasoning": "Hm."}, ReasoningPart(text="Hm.", id="reasoning")),
    "both": ({"reasoning_content": "Hm.", "reasoning": "Hm."}, THOUGHT),
    "details beside": (
        {"reasoning": "Hm.", "reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "Hm."}]},
        ReasoningPart(text="Hm.", id="reasoning", signature='[{"type":"reasoning.text","index":0,"text":"Hm."}]'),
    ),
    "only encrypted": (
        {"reasoning_details": [{"type": "reasoning.encrypted", "index": 0, "data": "x"}]},
        ReasoningPart(
            text="", id="reasoning_details", signature='[{"type":"reasoning.encrypted","index":0,"data":"x"}]'
        ),
    ),
    "only details": (
        {"reasoning_details": [{"type": "reasoning.summary", "index": 0, "summary": "Hm."}]},
        ReasoningPart(
            text="Hm.", id="reasoning_details", signature='[{"type":"reasoning.summary","index":0,"summary":"Hm."}]'
        ),
    ),
}


@pytest.mark.parametrize("name", REASONING)
def test_reasoning(name: str) -> None:
    fields, part = REASONING[name]
    expected = [part, TextPart(text="a")]
    assert CODEC.decode_response(answer(content="a", **fields)).content == expected
    assert streamed(chunk(role="assistant", content="", **fields), chunk(content="a"), STOP).content == expected


def test_details_of_a_stream_are_put_together() -> None:
    first = {"type": "reasoning.text", "index": 0, "text": "H", "format": "x"}
    events = [
        chunk(reasoning="H", reasoning_details=[first]),
        chunk(reasoning="m", reasoning_details=[{"type": "reasoning.text", "index": 0, "text": "m"}]),
        chunk(reasoning_details=[{"type": "reasoning.text", "index": 0, "signature": "s"}]),
        chunk(content="a"),
        STOP,
    ]
    (thought, _) = streamed(*events).content
    assert isinstance(thought, ReasoningPart)
    assert thought.text == "Hm"
    assert json.loads(thought.signature or "") == [{**first, "text": "Hm", "signature": "s"}]


# Usage as other servers give it.
USAGES: dict[str, tuple[dict[str, Any], ModelUsage]] = {
    "cache hits beside (DeepSeek)": (
        {**USED, "prompt_cache_hit_tokens": 1, "prompt_cache_miss_tokens": 2},
        ModelUsage(input_tokens=3, output_tokens=2, input_tokens_details=ModelTokensDetails(cached_text_tokens=1)),
    ),
    "reasoning beside (Copilot)": (
        {**USED, "reasoning_tokens": 1},
        ModelUsage(input_tokens=3, output_tokens=2, output_tokens_details=ModelTokensDetails(reasoning_tokens=1)),
    ),
    "reasoning outside of the output (xAI)": (
        {**USED, "total_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 4}},
        ModelUsage(input_tokens=3, output_tokens=6, output_tokens_details=ModelTokensDetails(reasoning_tokens=4)),
    ),
    "null details": (
        {**USED, "prompt_tokens_details": None, "completion_tokens_details": {"reasoning_tokens": None}},
        ModelUsage(input_tokens=3, output_tokens=2, output_tokens_details=ModelTokensDetails()),
    ),
}


@pytest.mark.parametrize("name", USAGES)
def test_usage(name: str) -> None:
    body, usage = USAGES[name]
    assert CODEC.decode_response(answer(content="a", beside={"usage": body})).usage == usage
    assert streamed(chunk(content="a"), chunk("stop", beside={"usage": body})).usage == usage


@pytest.mark.parametrize(
    "events",
    [
        [chunk("stop", beside={"usage": USED}), event({"choices": [], "usage": USED})],
        [chunk(content="", beside={"usage": {**USED, "completion_tokens": 1}}), chunk("stop", beside={"usage": USED})],
        [chunk("stop", beside={"x_groq": {"id": "req_1", "usage": USED}})],
    ],
    ids=["twice (Groq)", "as a running total (Perplexity)", "in x_groq (Groq)"],
)
def test_usage_is_counted_once(events: list[ServerSentEvent]) -> None:
    assert streamed(chunk(content="a"), *events).usage == ModelUsage(input_tokens=3, output_tokens=2)


def test_missing_usage_ids_and_finish_reason() -> None:
    body = {"choices": [{"message": {"role": "assistant", "content": "a"}}]}
    response = CODEC.decode_response(reply(body))
    assert response.model_dump(mode="json") == {"content": [{"type": "text", "text": "a"}]}
    assert streamed(event({"choices": [{"delta": {"content": "a"}}]})) == response


def test_empty_choices() -> None:
    assert CODEC.decode_response(reply({"id": "x", "choices": []})).content == []
    azure = event({"id": "", "object": "", "model": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]})
    response = streamed(azure, chunk(content="a"), STOP)
    assert (response.id, response.content) == ("chatcmpl-1", [TextPart(text="a")])


def test_a_choice_whose_message_was_filtered_out() -> None:
    response = CODEC.decode_response(reply({"choices": [{"index": 0, "finish_reason": "content_filter"}]}))
    assert (response.content, response.finish_reason) == ([], "content_filter")


def test_a_finish_reason_ends_a_stream_without_end_mark() -> None:
    response = accumulate(feed(chunk(content="a"), chunk("stop", beside={"usage": USED})))
    assert (response.content, response.finish_reason) == ([TextPart(text="a")], "stop")
    assert response.usage == ModelUsage(input_tokens=3, output_tokens=2)


def test_leading_whitespace_and_comments() -> None:
    body = answer(content="a").body
    assert CODEC.decode_response(reply(b"\n         \n" + body)).content == [TextPart(text="a")]
    framing = ServerSentEventDecoder()
    sent = b": OPENROUTER PROCESSING\n\n" + b"".join(b"data: " + one.data + b"\n\n" for one in (STOP, END))
    assert [*framing.feed(sent), *framing.close()] == [STOP, END]


def test_content_as_a_list() -> None:
    content = [{"type": "text", "text": "a"}, {"type": "thinking", "thinking": []}, {"type": "text", "text": "b"}]
    warnings = ["thinking: this content has no unified form and was left out"]
    for response in (CODEC.decode_response(answer(content=content)), streamed(chunk(content=content), STOP)):
        assert (response.content, response.warnings) == ([TextPart(text="ab")], warnings)


def test_numbered_citations() -> None:
    beside = {
        "citations": ["https://a.example", "https://b.example"],
        "search_results": [{"url": "https://a.example", "title": "A"}],
    }
    first = {"source": "https://a.example", "title": "A"}
    expected = TextPart(
        text="Wet[1], wet[1].",
        citations=[
            Citation(**first, start_index=3, end_index=6),
            Citation(**first, start_index=11, end_index=14),
            Citation(source="https://b.example", title="", start_index=0, end_index=15),
        ],
    )
    assert CODEC.decode_response(answer(content="Wet[1], wet[1].", beside=beside)).content == [expected]
    events = [chunk(content="Wet[1]", beside=beside), chunk(content=", wet[1].", beside=beside), STOP]
    assert streamed(*events).content == [expected]


def test_a_cut_that_only_the_upstream_tells() -> None:
    cut = call_json('{"city":"Pa')
    body = json.loads(answer("tool_calls", tool_calls=[cut]).body)
    body["choices"][0]["native_finish_reason"] = "length"
    response = CODEC.decode_response(reply(body))
    assert (response.content, response.finish_reason, response.finish_detail) == ([], "length", "length")
    last = {"choices": [{"delta": {}, "finish_reason": "tool_calls", "native_finish_reason": "max_output_tokens"}]}
    in_stream = streamed(calls({**cut, "index": 0}), event(last))
    assert (in_stream.content, in_stream.finish_detail) == ([], "max_output_tokens")
    with pytest.raises(MalformedArgumentsError):
        streamed(calls({**cut, "index": 0}), chunk("tool_calls"))


@pytest.mark.parametrize(
    ("status", "body", "kind", "message", "code"),
    [
        (404, b'{"error":"no such model"}', StatusCodeError, "no such model", None),
        (429, b'{"error":{"message":"slowly","code":429}}', RateLimitError, "slowly", None),
        (400, b'{"code":400,"message":"too hot","type":"Bad Request"}', StatusCodeError, "too hot", "Bad Request"),
        (503, b"upstream connect error", OverloadedError, "upstream connect error", None),
        (500, b"", StatusCodeError, "an answer of status 500 without a body", None),
    ],
)
def test_errors(status: int, body: bytes, kind: type[StatusCodeError], message: str, code: str | None) -> None:
    error = CODEC.decode_error(reply(body, status))
    assert isinstance(error, kind)
    assert (error.status_code, error.message, error.code) == (status, message, code)
