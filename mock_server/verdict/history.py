"""What an app gives back of earlier answers: calls with their ids and results, and the tokens of reasoning."""

from collections.abc import Iterator, Sequence

from llm_sdk.types import (
    AssistantMessage,
    Message,
    ReasoningPart,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
    UserMessage,
)
from mock_server.verdict.evidence import Continuation, Evidence, calls_of, signatures_of
from mock_server.verdict.findings import Rule, Sighting, gathered

__all__ = ["RULES"]


def _lost_calls(evidence: Evidence) -> Iterator[Sighting]:
    def seen() -> Iterator[tuple[object, Sighting]]:
        for step in evidence.continuations:
            if not step.before.complete:
                continue
            given = calls_of(step.returned)
            ids = {call.tool_call_id for call in given}
            known = {call.tool_call_id for call in calls_of(step.seen.content)}
            others = [call for call in given if call.tool_call_id not in known]
            for call in calls_of(step.seen.content):
                if call.tool_call_id not in ids and (message := _fate_of(call, others, step)):
                    yield (step.before.number, call.tool_call_id), Sighting(message, _numbers(step))

    return gathered(seen())


def _fate_of(call: ToolCallPart, others: Sequence[ToolCallPart], step: Continuation) -> str | None:
    """What has become of a call whose id does not come back; None for nothing that matters."""
    for other in others:
        if (other.tool_name, other.args) == (call.tool_name, call.args):
            # A protocol may do without ids: one that the request does not hold was made up in reading it.
            sent = other.tool_call_id.encode("utf-8", "surrogatepass") in step.after.body
            return f"the call {call.tool_call_id!r} came back as {other.tool_call_id!r}" if sent else None
    return f"the call {call.tool_call_id!r} of {call.tool_name} is missing in the answer that was sent back"


def _lost_reasoning(evidence: Evidence) -> Iterator[Sighting]:
    """A provider goes on with its reasoning as long as it waits for results; later it may be left out."""

    def seen() -> Iterator[tuple[object, Sighting]]:
        for step in evidence.continuations:
            if _is_waiting(step) and step.before.complete and _has_lost_reasoning(step):
                message = "the signature of the reasoning before a tool call was not sent back with its result"
                yield step.before.number, Sighting(message, _numbers(step))

    return gathered(seen())


def _is_waiting(step: Continuation) -> bool:
    """Whether the model is still about the question that it made its calls for."""
    roles = {type(message) for message in step.behind}
    return bool(calls_of(step.returned)) and ToolMessage in roles and UserMessage not in roles


def _has_lost_reasoning(step: Continuation) -> bool:
    assert step.before.response is not None  # noqa: S101 - it has been gone on with
    wanted = signatures_of(step.seen.content)
    scripted = wanted & signatures_of(step.before.response.content)
    given = signatures_of(step.returned)
    if scripted - given:
        return True
    # A signature that was made up on the way out is another one here: that there is one has to do.
    signed = [part for part in step.seen.content if isinstance(part, ReasoningPart) and part.signature]
    returned = [part for part in step.returned if isinstance(part, ReasoningPart) and part.signature]
    return len(returned) < len(signed)


def _unanswered_calls(evidence: Evidence) -> Iterator[Sighting]:
    return gathered(_pairing(evidence, unanswered=True))


def _unknown_results(evidence: Evidence) -> Iterator[Sighting]:
    return gathered(_pairing(evidence, unanswered=False))


def _pairing(evidence: Evidence, *, unanswered: bool) -> Iterator[tuple[object, Sighting]]:
    for exchange in evidence.exchanges:
        if exchange.input is None:
            continue
        without_result, without_call = _unpaired(exchange.input.messages)
        for name, id in without_result if unanswered else without_call:
            what = (
                f"the call {id!r} of {name} has no result"
                if unanswered
                else f"a result is for {id!r}, which no call has"
            )
            yield (exchange.provider, exchange.caller, id), Sighting(what, (exchange.number,))


Named = list[tuple[str, str]]
"""Tools and ids of their calls."""


def _unpaired(messages: Sequence[Message]) -> tuple[Named, Named]:
    """The calls without a result, and the results without a call. The last answer still waits for its results."""
    waiting: dict[str, str] = {}
    known: set[str] = set()
    without_result: Named = []
    without_call: Named = []
    answering = False
    for message in messages:
        if isinstance(message, AssistantMessage):
            if not answering:
                without_result += [(name, id) for id, name in waiting.items()]
                waiting = {}
            for call in calls_of(message.content):
                waiting[call.tool_call_id] = call.tool_name
                known.add(call.tool_call_id)
        elif isinstance(message, ToolMessage):
            for part in message.content:
                if isinstance(part, ToolResultPart) and not part.provider_executed:
                    waiting.pop(part.tool_call_id, None)
                    if part.tool_call_id not in known:
                        without_call.append((part.tool_name, part.tool_call_id))
        answering = isinstance(message, AssistantMessage)
    if not answering:
        without_result += [(name, id) for id, name in waiting.items()]
    return without_result, without_call


def _numbers(step: Continuation) -> tuple[int, int]:
    return step.before.number, step.after.number


RULES = (
    Rule(
        "lost-tool-call",
        "Every tool call of an answer goes back with the id that it had.",
        "Append the answer to the history as it came, with all its calls and their ids.",
        _lost_calls,
    ),
    Rule(
        "lost-reasoning",
        "The reasoning before a tool call goes back together with the result.",
        "Append the answer to the history as it came, with its reasoning parts and their signatures.",
        _lost_reasoning,
    ),
    Rule(
        "unanswered-call",
        "Every tool call has a result before the conversation goes on.",
        "Send a result for each call of an answer, an error where the tool could not be run.",
        _unanswered_calls,
    ),
    Rule(
        "result-without-call",
        "Every tool result belongs to a call that stands before it.",
        "Keep an answer with calls and their results together when the history is shortened, and copy the id.",
        _unknown_results,
    ),
)
