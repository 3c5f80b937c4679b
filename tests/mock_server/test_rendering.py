"""Answers that are written once: bytes are the same as if each had been written in full."""

from collections.abc import Iterator
from typing import Any

import pytest

from llm_sdk.codec import Codec, ModelCall, WireRequest
from llm_sdk.registry import get_codec, provider_names
from llm_sdk.types import LanguageModelInput
from mock_server.author import write_answer
from mock_server.engine import Engine
from mock_server.rendering import Kept, RenderedAnswers
from mock_server.reply import ReplyPlan

TOOL = {"name": "look_up", "description": "", "parameters": {"type": "object", "properties": {"q": {"type": "string"}}}}
ASKED: dict[str, dict[str, Any]] = {
    "text": {},
    "a tool call": {"tools": [TOOL], "tool_choice": {"type": "required"}},
    "reasoning": {"reasoning": {"enabled": True}, "max_tokens": 2000},
}
REPETITIONS = 4


def answers(codec: Codec, request: WireRequest) -> Iterator[ReplyPlan]:
    engine = Engine(codecs=[codec])
    path = codec.endpoint.root + request.path
    for _ in range(REPETITIONS):
        yield engine.answer(codec, WireRequest("POST", path, request.body, request.headers))


@pytest.mark.parametrize("provider", provider_names())
def test_what_is_kept_is_what_would_have_been_written(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    codec = get_codec(provider)
    kept, written = {}, {}
    found: list[bool] = []
    find = RenderedAnswers.find

    def watched(self: RenderedAnswers, *args: object) -> ReplyPlan | None:
        plan = find(self, *args)  # type: ignore[arg-type]  # handed on
        found.append(plan is not None)
        return plan

    for name, options in ASKED.items():
        for stream in (False, True):
            input = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": "hello"}], **options})
            request = codec.encode_request("m", input, stream=stream)
            with monkeypatch.context() as patch:
                patch.setattr(RenderedAnswers, "find", watched)
                kept[name, stream] = list(answers(codec, request))
                patch.setattr(RenderedAnswers, "find", lambda *_: None)
                written[name, stream] = list(answers(codec, request))
    assert kept == written
    assert found == [False, False, True, True] * len(kept), "the third answer and those behind it are kept ones"
    for plans in kept.values():
        assert len({plan.body + repr(plan.headers).encode() for plan in plans}) == REPETITIONS, (
            "each has ids of its own"
        )


WRITTEN_ONCE = {"text": 1, "a tool call": REPETITIONS, "a long prompt": REPETITIONS}
"""How often an answer is worked out: each time where it has an id of its own, or usage that tells of earlier calls."""


@pytest.mark.parametrize("name", WRITTEN_ONCE)
def test_an_answer_that_is_the_same_every_time_is_worked_out_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    codec = get_codec("openai")
    said = "hello " * (1000 if name == "a long prompt" else 1)
    asked = {"messages": [{"role": "user", "content": said}]} | ASKED.get(name, {})
    request = codec.encode_request("m", LanguageModelInput.model_validate(asked), stream=False)
    written: list[ModelCall] = []

    def watched(call: ModelCall, *args: Any) -> Any:
        written.append(call)
        return write_answer(call, *args)

    monkeypatch.setattr("mock_server.answers.write_answer", watched)
    bodies = {plan.body for plan in answers(codec, request)}
    assert len(bodies) == REPETITIONS, "each has ids of its own"
    assert len(written) == WRITTEN_ONCE[name]


def test_what_was_longest_not_used_is_forgotten() -> None:
    kept: Kept[str] = Kept(max_values=2, max_bytes=10)
    kept.put("a", "A", 1)
    kept.put("b", "B", 1)
    assert kept.get("a") == "A"
    kept.put("c", "C", 1)
    assert [kept.get(key) for key in "abc"] == ["A", None, "C"]
    kept.put("a", "AA", 10)
    assert [kept.get(key) for key in "abc"] == ["AA", None, None]
    kept.put("d", "D", 11)
    assert [kept.get(key) for key in "abcd"] == [None] * 4, "it fits nowhere"
