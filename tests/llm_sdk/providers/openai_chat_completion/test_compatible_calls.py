"""Tool calls of servers that copy the protocol: each row was seen in recorded traffic or reported."""

from typing import Any

import pytest

from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import TextPart, ToolCallPart
from providers.openai_chat_completion.given import (
    CALL,
    CODEC,
    HI,
    answer,
    assistant,
    call_json,
    calling,
    calls,
    chunk,
    losses,
    read_messages,
    result,
    results,
    stream_of,
    streamed,
    user,
    whole_of,
    written,
)


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
    "another id with every fragment (vLLM)": (
        [
            calls(fragment('{"a":', "f", index=0, id="x")),
            calls(fragment("1}", index=0, id="y")),
            calls(fragment('{"a":2}', "f", index=1, id="z")),
        ],
        called(("x", ONE), ("z", TWO)),
    ),
    "one index for calls without ids (Gemini's compatible endpoint)": (
        [calls(fragment(ONE_TEXT, "f", index=0, id="")), calls(fragment(TWO_TEXT, "f", index=0, id=""))],
        called(("call_0", ONE), ("call_1", TWO)),
    ),
    "a name with every fragment and no id": (
        [
            calls(fragment('{"a":', "f", index=0)),
            calls(fragment("1}", "f", index=0)),
            calls(fragment("", "f", index=0)),
        ],
        called(("call_0", ONE)),
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


SIGNED = {"extra_content": {"google": {"thought_signature": "s"}}}


def test_a_thought_signature_of_a_call_goes_back() -> None:
    signed = {**call_json(), **SIGNED}
    part = CALL.model_copy(update={"signature": '{"extra_content":{"google":{"thought_signature":"s"}}}'})
    response = CODEC.decode_response(answer("tool_calls", tool_calls=[signed]))
    assert response.content == streamed(calls({**signed, "index": 0}), chunk("tool_calls")).content == [part]
    assert whole_of(response)["choices"][0]["message"]["tool_calls"] == [signed]
    assert streamed(*stream_of(response)[:-1]).content == [part]
    said = [HI, calling(signed), {"role": "tool", "tool_call_id": "call_1", "content": "wet"}]
    assert written(read_messages(*said))["messages"] == said
    assert losses(user(TextPart(text="a")), assistant(part), results(result())) == ()
