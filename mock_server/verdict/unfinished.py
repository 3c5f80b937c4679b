"""What an app makes of answers that are not whole: cut at the token limit, refused, or cut with the connection."""

import re
from collections.abc import Iterator

from llm_sdk.types import AssistantMessage, ModelResponse, TextPart, ToolMessage, ToolResultPart, UserMessage
from mock_server.conversation import text_of
from mock_server.journal import Exchange
from mock_server.verdict.evidence import Continuation, Evidence, calls_of, said_text
from mock_server.verdict.findings import Rule, Sighting, gathered

__all__ = ["RULES"]

STOPS = {"length": "was cut at the token limit", "content_filter": "was refused"}
SHORTEST_QUOTED = 24
"""Characters of an answer that nobody writes a second time by chance."""
ASKS_TO_GO_ON = re.compile(
    r"contin|go on|carry on|keep going|finish|rest of|cut off|weiter|fortsetz|suite|sigue", re.IGNORECASE
)


def _ran_calls(evidence: Evidence) -> Iterator[Sighting]:
    for step in evidence.continuations:
        how = STOPS.get(step.seen.finish_reason or "")
        calls = {call.tool_call_id for call in calls_of(step.seen.content)}
        if how and calls & _answered(step):
            message = f"a tool call of an answer that {how} was run"
            yield Sighting(message, (step.before.number, step.after.number))


def _answered(step: Continuation) -> set[str]:
    parts = [part for message in step.behind if isinstance(message, ToolMessage) for part in message.content]
    return {part.tool_call_id for part in parts if isinstance(part, ToolResultPart)}


def _went_on(evidence: Evidence, reason: str) -> Iterator[Sighting]:
    """An answer with this reason for its end was taken for a whole one: kept in the history, or handed on."""

    def seen() -> Iterator[tuple[object, Sighting]]:
        for step in evidence.continuations:
            if step.seen.finish_reason == reason and _is_kept_as_whole(step, reason):
                message = f"an answer that {STOPS[reason]} was kept in the history, and the conversation went on"
                yield step.before.number, Sighting(message, (step.before.number, step.after.number), "warning")
        for exchange, text in _unfinished_texts(evidence, reason):
            for later in evidence.exchanges:
                if later.number > exchange.number and _hands_on(later, text):
                    message = f"the text of an answer that {STOPS[reason]} was handed on in another request"
                    yield exchange.number, Sighting(message, (exchange.number, later.number), "warning")

    return gathered(seen())


def _is_kept_as_whole(step: Continuation, reason: str) -> bool:
    text = said_text(step.seen.content)
    if not text or said_text(step.returned) != text or not step.behind or not isinstance(step.behind[0], UserMessage):
        return False
    if reason == "content_filter":
        return True
    before, after = step.before.input, step.after.input
    assert before is not None and after is not None  # noqa: S101 PT018 - they could be read
    more = after.max_tokens is None or (before.max_tokens is not None and after.max_tokens > before.max_tokens)
    asked = ASKS_TO_GO_ON.search(text_of(step.behind[0].content)) is not None
    return not asked and not (more and after.max_tokens != before.max_tokens)


def _unfinished_texts(evidence: Evidence, reason: str) -> Iterator[tuple[Exchange, str]]:
    for exchange in evidence.exchanges:
        seen = evidence.seen(exchange)
        if (
            seen is not None
            and seen.finish_reason == reason
            and len(text := said_text(seen.content)) >= SHORTEST_QUOTED
        ):
            yield exchange, text


def _hands_on(later: Exchange, text: str) -> bool:
    """Whether a request holds the text in other words than the model's, and does not ask for the rest of it."""
    if later.input is None:
        return False
    others = [text_of(said.content) for said in later.input.messages if not isinstance(said, AssistantMessage)]
    return any(text in other and not ASKS_TO_GO_ON.search(other.replace(text, "")) for other in others)


def _ignored_length(evidence: Evidence) -> Iterator[Sighting]:
    return _went_on(evidence, "length")


def _ignored_refusal(evidence: Evidence) -> Iterator[Sighting]:
    return _went_on(evidence, "content_filter")


def _took_cut_stream(evidence: Evidence) -> Iterator[Sighting]:
    for step in evidence.continuations:
        whole, returned = _said(step.before.response), said_text(step.returned)
        if not step.before.complete and returned and returned != whole and whole.startswith(returned):
            message = "the beginning of an answer whose connection was cut was kept in the history as a whole one"
            yield Sighting(message, (step.before.number, step.after.number))


def _said(response: ModelResponse | None) -> str:
    return said_text(part for part in (response.content if response else ()) if isinstance(part, TextPart))


RULES = (
    Rule(
        "ran-unfinished-call",
        "The tool calls of an answer that is not whole are not run.",
        "Look at why the answer ended before its calls are run; ask again with more tokens after a length stop.",
        _ran_calls,
    ),
    Rule(
        "ignored-length",
        "An answer that was cut at the token limit is not taken for a whole one.",
        "Look at why the answer ended; ask for the rest, or again with more tokens.",
        _ignored_length,
    ),
    Rule(
        "ignored-refusal",
        "A refusal is not taken for an answer.",
        "Look at why the answer ended; tell the user, and take the refused turn out before going on.",
        _ignored_refusal,
    ),
    Rule(
        "took-cut-stream",
        "A stream that ends before its end mark is not taken for a whole answer.",
        "Treat a stream without a reason for its end as failed, and ask again.",
        _took_cut_stream,
    ),
)
