"""Two outcomes of one adapter: when they are the same, and how one is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from conformance.asking import ask_in_place
from conformance.expectations import content_as_expected, usage_as_expected
from conformance.lanes import InProcess
from conformance.outcome import Outcome, as_json, failed, is_same
from conformance.plan import Plan
from conformance.replay import Hold, Performance, Playback, playback_of
from conformance.settings import CASSETTES
from conformance.subject import Subject
from llm_sdk.codec import WireRequest
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import InvariantError, ServerError, StreamTruncatedError
from llm_sdk.model import HttpLanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.types import LanguageModelInput, ModelResponse, ModelTokensDetails, ModelUsage, TextPart, ToolCallPart


def answered(id: str, call_id: str, text: str = "a", sent: bytes = b'{"id": "chat-1", "call": "call-1"}') -> Outcome:
    call = ToolCallPart(tool_call_id=call_id, tool_name="t", args={"id": text})
    response = ModelResponse(content=[TextPart(text=text), call], id=id)
    performance = Performance(WireRequest("POST", "/"), Playback(chunks=(sent[:9], sent[9:])))
    return Outcome(response, performances=(performance,))


def test_an_id_that_the_adapter_makes_up_may_be_another_in_every_call() -> None:
    assert is_same(answered("chat-1", "own-1"), answered("chat-1", "own-2"))
    assert is_same(answered("own-1", "call-1"), answered("own-2", "call-1"))


def test_an_id_that_the_provider_sent_may_not() -> None:
    assert not is_same(answered("chat-1", "call-1"), answered("chat-1", "call-2"))
    assert not is_same(answered("chat-1", "call-1"), answered("chat", "call-1"))


def test_nothing_else_may() -> None:
    assert not is_same(answered("own-1", "own-1"), answered("own-2", "own-2", text="b"))


def refused(message: str) -> Outcome:
    sent = b'{"error": {"message": "The limit of 30 was reached"}}'
    performance = Performance(WireRequest("POST", "/"), Playback(status=500, chunks=(sent,)))
    return Outcome(error=ServerError(message, status_code=500), performances=(performance,))


def test_of_a_provider_s_error_the_provider_s_words_count() -> None:
    """What an adapter adds may be another in every call: how long it took, the object that failed."""
    told = refused("The limit of 30 was reached (after 0.31 s, <Response object at 0x7f2ac0>)")
    assert is_same(told, refused("The limit of 30 was reached (after 1.2 s, <Response object at 0x88b1d0>)"))
    assert not is_same(told, refused("The limit of 30 (after 0.31 s, <Response object at 0x7f2ac0>)"))
    assert not is_same(told, refused("Internal server error"))


def test_of_an_adapter_s_own_error_the_class_counts() -> None:
    told = Outcome(error=InvariantError("no JSON, after 0.31 s"))
    assert is_same(told, Outcome(error=InvariantError("no JSON, after 1.2 s")))
    assert not is_same(told, Outcome(error=StreamTruncatedError("no JSON, after 0.31 s")))


def test_a_crash_begins_with_what_it_comes_to_and_where() -> None:
    """A long traceback is shown shortened at its end."""
    try:
        raise KeyError("choices")
    except KeyError as error:
        outcome = failed(error)
    where = f"{__file__}, line {_line_of('raise KeyError')}, in test_a_crash_begins_with_what_it_comes_to_and_where"
    told = outcome.describe().splitlines()
    assert told[:2] == [f"KeyError: 'choices', raised in {where}", "Traceback (most recent call last):"]
    assert as_json(outcome) == {"crash": "KeyError: 'choices'"}


def _line_of(words: str) -> int:
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(at for at, line in enumerate(lines, 1) if line.strip().startswith(words))


def test_a_crash_in_a_library_says_what_is_wrong() -> None:
    """The last line of what pydantic says is an address."""
    try:
        ToolCallPart(tool_call_id="c", tool_name="f", args=[])  # type: ignore[arg-type]
    except ValidationError as error:
        told = failed(error).describe().splitlines()[0]
    assert "1 validation error for ToolCallPart args" in told


def test_the_frames_of_the_suite_are_not_shown() -> None:
    class Stumbling:
        def generate_sync(self, _: LanguageModelInput) -> ModelResponse:
            raise ZeroDivisionError("here")

    told = ask_in_place(Stumbling(), LanguageModelInput(messages=[]), stream=False).describe()  # type: ignore[arg-type]
    assert "in generate_sync" in told
    assert "asking.py" not in told


class LeavesItToTheLoop(HttpLanguageModel):
    """Its stream reads another generator, which Python closes on the event loop when nobody holds it any more."""

    async def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:  # type: ignore[override]
        async for partial in self._inner(input):
            yield partial

    async def _inner(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
        async for partial in super().stream(input):
            yield partial


def test_a_stream_may_be_closed_by_the_event_loop() -> None:
    codec = get_codec("openai")
    [call] = [call for call in Plan(["openai"], CASSETTES, own=True, only=["text"]).calls if call.stream]

    def create(**known: Any) -> HttpLanguageModel:
        return LeavesItToTheLoop(codec, known["model_id"], **{k: v for k, v in known.items() if k != "model_id"})

    with closing(InProcess()) as lane, closing(asyncio.new_event_loop()) as loop:
        subject = Subject(codec, create, lane, loop)
        subject.leave_early(call, playback_of(call.exchange, call.events, "complete", Hold(len(call.events) - 1)))
        assert lane.performances[-1].closed
        assert lane.performances[-1].taken < len(call.events)


def test_a_text_without_characters_may_be_left_out() -> None:
    """It says nothing, and Anthropic refuses one that comes back."""
    texts = [{"type": "text", "text": text} for text in ("a", "", "b")]
    first, empty, last = (TextPart(text=text) for text in ("a", "", "b"))
    for came in ([first, last], [first, empty, last]):
        assert content_as_expected(ModelResponse(content=came), {"content": texts}) == {"content": texts}
    for wrong in ([first], [empty, last], [last, first], [first, TextPart(text="ab")]):
        assert content_as_expected(ModelResponse(content=wrong), {"content": texts}) != {"content": texts}


def test_a_detail_of_zero_says_no_more_than_its_absence() -> None:
    bare = ModelUsage(input_tokens=5, output_tokens=0)
    told = bare.model_copy(update={"input_tokens_details": ModelTokensDetails(cached_text_tokens=0)})
    for came, expected in ((bare, told), (told, bare)):
        wanted = {"usage": expected.model_dump(mode="json")}
        assert usage_as_expected(ModelResponse(content=[], usage=came), wanted) == wanted
    wanted = {"usage": {**bare.model_dump(), "input_tokens_details": {"cached_text_tokens": 3}}}
    assert usage_as_expected(ModelResponse(content=[], usage=told), wanted) != wanted
