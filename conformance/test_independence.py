"""What calls on one model are to each other, and conversations of other providers to this one: nothing. What grows long
stays what it is."""

import time
from collections.abc import Iterator
from typing import Any

from conformance.foreign import marks_of, opaque_part, opaque_tool, reasoning_of_others
from conformance.marks import over, requirement
from conformance.outcome import Outcome, as_json
from conformance.plan import Call, Plan
from conformance.replay import Playback, playback_of
from conformance.subject import Subject
from conformance.test_answers import answer_of
from conformance.test_requests import read, sent_by
from conformance.variation import spoken
from conformance.verdict import Verdict
from llm_sdk.errors import InvalidInputError, UnsupportedError
from llm_sdk.types import (
    AssistantMessage,
    JsonObject,
    LanguageModelInput,
    ModelResponse,
    ModelUsage,
    Part,
    TextPart,
    Tool,
    ToolCallPart,
    UserMessage,
)

USAGE = ModelUsage(input_tokens=10, output_tokens=20)
"""Some protocols want one in every answer."""
SAID, ASKED = "That was my answer.", "And what else?"
OTHERS = 8
SHORT, LONG = 100, 1600
"""Events of a stream."""
STEEPER = 3
"""How many times longer than by its length a stream may take: by the square of it, it would be sixteen times."""
LEAST = 0.01
CALLS = 12
DEPTH = 20


@requirement("RESIL-16")
@over("first calls")
def test_calls_one_after_the_other(call: Call, subject: Subject, verdict: Verdict, plan: Plan) -> None:
    first = subject.ask(call)
    given = as_json(first)
    for other in _with_other_fields(call, plan):
        subject.ask(other)
    verdict.equal(given, as_json(first), "an answer that stays as it was given while others come")
    again = subject.ask(call)
    requests = (read(sent_by(outcome, verdict), subject, verdict) for outcome in (first, again))
    alone, later = (call.misreading(request.input.model_dump(mode="json")) for request in requests)
    # What an adapter says wrongly it says so alone, too.
    verdict.true(later in ("", alone), "a request with nothing of the calls before it", later)
    verdict.same(first, again, "the answer that came before the other calls")


def _with_other_fields(call: Call, plan: Plan) -> Iterator[Call]:
    """Calls of the same kind, each with a field of the input that no call before it has."""
    seen = set(call.input.model_fields_set)
    for other in plan.calls:
        is_alike = (other.provider, other.stream, other.model_id) == (call.provider, call.stream, call.model_id)
        if is_alike and other.is_answered and (new := other.input.model_fields_set - seen):
            seen |= new
            yield other


@requirement("RESIL-06")
@over("first streams")
def test_twins_in_turns(call: Call, subject: Subject, verdict: Verdict) -> None:
    """Two streams of the twin that waits in place, a partial response of the one after one of the other."""
    alone = subject.ask(call, sync=True)
    both = subject.ask_in_turns(call, playback_of(call.exchange, call.events))
    for outcome in both:
        verdict.same(alone, outcome, "what it gives alone")


@requirement("RESIL-17")
@over("first streams")
def test_time_of_a_long_stream(call: Call, subject: Subject, verdict: Verdict) -> None:
    short, long = (subject.as_asked(spoken(call, _words(count), _pieces)) for count in (SHORT, LONG))
    spent = min(_spent_on(short, subject, verdict) for _ in range(2))
    most = STEEPER * (LONG / SHORT) * max(spent, LEAST)
    took = _spent_on(long, subject, verdict)
    if most < took < 2 * most:  # by chance, perhaps
        took = _spent_on(long, subject, verdict)
    told = f"{took:.2f} seconds of the processor for {LONG} deltas, and {spent:.3f} for {SHORT}"
    verdict.true(took <= most, "time that grows with the length of a stream, and not with its square", told)


def _words(count: int) -> ModelResponse:
    """Each word another: some clients take a row of equal ones for a model that cannot stop."""
    text = "".join(f"word{number} " for number in range(count))
    return ModelResponse(content=[TextPart(text=text)], finish_reason="stop", usage=USAGE)


def _pieces(text: str) -> list[str]:
    return [f"{word} " for word in text.split()]


def _spent_on(call: Call, subject: Subject, verdict: Verdict) -> float:
    begun = time.process_time()
    answer = answer_of(subject.ask(call, Playback(200, call.exchange.response_headers, tuple(call.events))), verdict)
    spent = time.process_time() - begun
    told = "".join(part.text for part in answer.content if isinstance(part, TextPart))
    verdict.true(told == call.exchange.metadata["text"], "the whole text", f"{len(told)} characters")
    return spent


@requirement("TOOLS-04", "TOOLS-06")
@over("first calls with tools")
def test_many_calls(call: Call, subject: Subject, verdict: Verdict) -> None:
    """More than ten, of which one has arguments nested deeply."""
    deep: Any = None
    for _ in range(DEPTH):
        deep = [{"in": deep}]
    args: list[JsonObject] = [{"number": number} for number in range(CALLS)]
    args[1] = {"tree": deep}
    asked = [
        ToolCallPart(tool_call_id=f"call_Number{number:02}", tool_name=f"tool_{number % 3}", args=given)
        for number, given in enumerate(args)
    ]
    said = ModelResponse(content=[*asked], finish_reason="tool_calls", usage=USAGE)
    answered = subject.as_asked(spoken(call, said))
    answer = answer_of(
        subject.ask(answered, Playback(200, answered.exchange.response_headers, tuple(answered.events))), verdict
    )
    came = [{"name": part.tool_name, "args": part.args} for part in answer.content if isinstance(part, ToolCallPart)]
    verdict.equal([{"name": one.tool_name, "args": one.args} for one in asked], came, f"{CALLS} calls in their order")
    ids = {part.tool_call_id for part in answer.content if isinstance(part, ToolCallPart)}
    verdict.true(len(ids) == CALLS, f"{CALLS} ids of calls", f"{len(ids)}")


@requirement("CORE-48")
@over("first calls")
def test_what_is_opaque_of_another(call: Call, subject: Subject, verdict: Verdict) -> None:
    part = opaque_part()
    outcome = _ask_with(part, call, subject)
    _judge_foreign(part, outcome, subject, verdict)
    input = LanguageModelInput(messages=[UserMessage(content=[TextPart(text=ASKED)])], tools=[opaque_tool()])
    played = playback_of(call.exchange)
    outcome = subject.ask_input(call.model_id, input, lambda _: played, stream=call.stream)
    _judge_foreign(part, outcome, subject, verdict)


@requirement("CORE-49")
@over("first calls")
def test_signatures_of_another(call: Call, subject: Subject, verdict: Verdict) -> None:
    for part in reasoning_of_others(call.provider):
        _judge_foreign(part, _ask_with(part, call, subject), subject, verdict)


def _ask_with(part: Part, call: Call, subject: Subject) -> Outcome:
    said = AssistantMessage(content=[part, TextPart(text=SAID)])
    first, then = (UserMessage(content=[TextPart(text=text)]) for text in ("Hello", ASKED))
    played = playback_of(call.exchange)
    input = LanguageModelInput(messages=[first, said, then])
    return subject.ask_input(call.model_id, input, lambda _: played, stream=call.stream)


def _judge_foreign(part: Part, outcome: Outcome, subject: Subject, verdict: Verdict) -> None:
    """Left out, with all that stands beside it sent, or refused."""
    if isinstance(outcome.error, UnsupportedError | InvalidInputError) and not outcome.performances:
        return
    request = sent_by(outcome, verdict)
    body = request.body.decode("utf-8", "replace")
    verdict.true(not any(mark in body for mark in marks_of(part)), "a request without what another provider made", body)
    texts = [
        one.text
        for said in read(request, subject, verdict).input.messages
        for one in said.content
        if one.type == "text"
    ]
    verdict.true(ASKED in texts, f"a request that asks {ASKED!r}", f"{texts}")
    if part.type == "opaque":
        verdict.true(bool(answer_of(outcome, verdict).warnings), "a warning for what was left out", "no warning")


@requirement("TOOLS-34")
@over("calls with schemas")
def test_order_of_properties(call: Call, subject: Subject, verdict: Verdict) -> None:
    found = read(sent_by(subject.plain(call), verdict), subject, verdict).input
    for wanted, sent in zip(_tools(call.input), _tools(found), strict=False):
        names = [*wanted.parameters.get("properties", {})]
        told = [name for name in sent.parameters.get("properties", {}) if name in names]
        verdict.equal(names, told, f"the properties of {wanted.name} in the order in which they are given")


def _tools(input: LanguageModelInput) -> list[Tool]:
    return [tool for tool in input.tools or () if isinstance(tool, Tool)]
