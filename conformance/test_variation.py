"""Answers that nobody has recorded: what is read must be what came, in this run and with this seed."""

import random
from dataclasses import replace

import pytest

from conformance.chunking import chunks, seeded_cuts
from conformance.expectations import content_as_expected, expected_content, expected_usage, usage_as_expected
from conformance.marks import over, requirement
from conformance.outcome import Outcome
from conformance.plan import Call
from conformance.reframing import reframe
from conformance.replay import Playback, playback_of
from conformance.subject import Subject
from conformance.test_answers import answer_of
from conformance.test_requests import judge_meaning, read, sent_by
from conformance.variation import varied
from conformance.verdict import Verdict
from llm_sdk.errors import UnsupportedError

FRAMINGS = ("", "crlf", "comments", "no-space", "unknown-events", "blank-lines")
PIECES = 8


@requirement("CORE-40")
@over("own answers")
def test_varied_answer(call: Call, subject: Subject, verdict: Verdict, seed: int) -> None:
    """What was asked before is answered otherwise, and then something else is asked and answered."""
    subject.plain(call)
    try:
        other = varied(call, seed)
    except UnsupportedError as error:
        pytest.skip(f"the codec cannot write such an answer: {error}")
    asked_again = subject.as_asked(replace(other, input=call.input))
    _judge(asked_again, subject.ask(asked_again), verdict)
    played = subject.as_asked(other)
    outcome = subject.ask(played, _in_other_bytes(played, seed))
    if not call.is_marked:
        found = read(sent_by(outcome, verdict), subject, verdict)
        judge_meaning(other, found, verdict, "a request with the varied words")
    _judge(played, outcome, verdict)


def _judge(call: Call, outcome: Outcome, verdict: Verdict) -> None:
    """The reference's reading counts: the case says what was recorded."""
    told = replace(call, stage=None)
    answer = answer_of(outcome, verdict)
    content, usage = expected_content(told), expected_usage(told)
    verdict.equal(content, content_as_expected(answer, content), "the content of the varied answer")
    verdict.equal(usage, usage_as_expected(answer, usage), "the usage of the varied answer")


def _in_other_bytes(call: Call, seed: int) -> Playback:
    """A stream in a framing and in pieces that the seed decides."""
    body = call.exchange.response_body
    if not call.is_event_stream or body.startswith(b"["):
        return playback_of(call.exchange)
    framing = random.Random(f"{seed}/{call.id}").choice(FRAMINGS)  # noqa: S311 - to be had again is the point
    body = reframe(body, framing)
    return playback_of(call.exchange, chunks(body, seeded_cuts(body, f"{seed}/{call.id}", PIECES)))
