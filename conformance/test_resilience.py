"""How an adapter behaves when things go wrong, and when several things go on at once."""

import json
import time
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from conformance.marks import lane_shows, over, requirement
from conformance.outcome import Outcome
from conformance.plan import Call, Plan
from conformance.replay import Ending, Hold, Playback, playback_of
from conformance.subject import Subject
from conformance.verdict import Verdict
from llm_sdk.codec import WireRequest
from llm_sdk.errors import ConnectionFailedError, OverloadedError, StatusCodeError, TimedOutError
from llm_sdk.types import JsonObject

NEVER_RETRIED = frozenset({400, 401, 403, 404, 413, 422})
CONCURRENT = 12
RETRIES = 3
REPEATED = 4
WAIT = 2
"""Seconds: the header holds whole ones, and nobody waits so long who was not asked to."""
SOON = 0.9
"""What of a wait counts as all of it."""


def overloaded(subject: Subject) -> Playback:
    """The provider has no capacity, and asks to wait for next to no time."""
    reply = subject.codec.encode_error(OverloadedError("busy", status_code=503, retry_after=0.01))
    return Playback(reply.status, reply.headers, (reply.body,))


@requirement("RESIL-01")
@over("answered streams")
@lane_shows("endings")
def test_broken_stream_is_not_sent_again(call: Call, subject: Subject, verdict: Verdict) -> None:
    first, *others = call.events
    begun = first if others else first[: len(first) // 2]
    outcome = subject.ask(call, playback_of(call.exchange, [begun], "reset"))
    sent = len(outcome.performances)
    verdict.true(sent == 1, "one request: what has begun is not asked for again", f"{sent} requests")


@requirement("RESIL-02")
@over("first calls")
def test_overload_is_asked_again(call: Call, subject: Subject, verdict: Verdict) -> None:
    answers = iter([overloaded(subject)])
    recorded = playback_of(call.exchange)
    outcome = subject.ask_input(call.model_id, call.input, lambda _: next(answers, recorded), stream=call.stream)
    verdict.same(subject.plain(call), outcome, "the answer, after one answer of status 503")
    sent = [json.loads(performance.request.body) for performance in outcome.performances]
    again = len(sent) > 1 and sent == sent[:1] * 2
    verdict.true(again, "the same request once more", f"{len(sent)} requests in all, or another one")


@requirement("RESIL-02")
@over("first calls")
def test_overload_that_lasts(call: Call, subject: Subject, verdict: Verdict) -> None:
    busy = overloaded(subject)
    outcome = subject.ask_input(call.model_id, call.input, lambda _: busy, stream=call.stream)
    verdict.true(isinstance(outcome.error, OverloadedError), "OverloadedError in the end", outcome.describe)
    sent = len(outcome.performances)
    verdict.true(sent <= 2 * RETRIES, "a few requests, not an endless row", f"{sent} requests")


@requirement("RESIL-11")
@over("first streams")
def test_the_wait_that_was_asked_for(call: Call, subject: Subject, verdict: Verdict, waits: list[float]) -> None:
    busy = subject.codec.encode_error(OverloadedError("busy", status_code=503, retry_after=WAIT))
    answers = iter([Playback(busy.status, busy.headers, (busy.body,))])
    recorded = playback_of(call.exchange)
    came: list[float] = []

    def answer(_: WireRequest) -> Playback:
        came.append(time.monotonic() + sum(waits))
        return next(answers, recorded)

    waits.clear()
    subject.ask_input(call.model_id, call.input, answer, stream=call.stream)
    if len(came) > 1:  # whether it asks again is another matter
        waited = came[1] - came[0]
        verdict.true(waited > WAIT * SOON, f"{WAIT} seconds until the next request", f"{waited:.3f} seconds")


@requirement("RESIL-03")
@over("errors")
def test_refused_request_is_not_sent_again(call: Call, subject: Subject, verdict: Verdict) -> None:
    sent = len(subject.plain(call).performances)
    if call.exchange.status in NEVER_RETRIED:
        verdict.true(sent == 1, f"one request, for status {call.exchange.status} stays", f"{sent} requests")


@requirement("RESIL-04")
@over("first calls")
@lane_shows("endings")
def test_no_connection(call: Call, subject: Subject, verdict: Verdict) -> None:
    outcome = subject.ask(call, Playback(ending="refused"))
    verdict.true(isinstance(outcome.error, ConnectionFailedError), "ConnectionFailedError", outcome.describe)


@requirement("RESIL-04")
@over("first calls")
@lane_shows("waiting")
def test_no_answer_in_time(call: Call, subject: Subject, verdict: Verdict) -> None:
    outcome = subject.ask(call, Playback(ending="timeout"))
    verdict.true(isinstance(outcome.error, TimedOutError), "TimedOutError", outcome.describe)


@requirement("RESIL-05")
@over("whole answers")
@lane_shows("endings")
def test_whole_answer_cut_short(call: Call, subject: Subject, verdict: Verdict) -> None:
    body = call.exchange.response_body.rstrip()
    endings: tuple[Ending, ...] = ("complete", "reset")
    for kept in sorted({0, 1, len(body) // 3, len(body) // 2, len(body) - 1}):
        for ending in endings:
            outcome = subject.ask(call, playback_of(call.exchange, [body[:kept]], ending))
            verdict.true(
                outcome.error is not None and not isinstance(outcome.error, StatusCodeError),
                f"an error, and none of a status, for {kept} of {len(body)} bytes came",
                outcome.describe,
            )


@requirement("RESIL-06")
@over("first calls")
def test_concurrent_calls(call: Call, subject: Subject, verdict: Verdict, plan: Plan) -> None:
    """Several calls on one model at once, their answers coming event by event in turns."""
    others = [
        subject.as_asked(other)
        for other in plan.calls
        if other.provider == call.provider
        and other.model_id == call.model_id
        and other.stream == call.stream
        and other.is_answered
    ][:CONCURRENT]
    expected = [subject.plain(other) for other in others]
    asked = {other.id: _readings(outcome, subject) for other, outcome in zip(others, expected, strict=True)}
    waiting = list(others)

    def answer(request: WireRequest) -> Playback:
        read = subject.codec.decode_request(request).input.model_dump(mode="json")
        # What an adapter says wrongly it says so alone, too; only the ids that it makes up are others each time.
        meant = next((other for other in waiting if read in asked[other.id] or not other.misreading(read)), None)
        if meant is None:
            return Playback(ending="refused")
        waiting.remove(meant)
        return replace(playback_of(meant.exchange, meant.events), interleaved=True)

    for other, alone, together in zip(others, expected, subject.ask_all(others, answer), strict=True):
        verdict.same(alone, together, f"of {other.id} what it gives alone, with {len(others)} calls at once")


def _readings(outcome: Outcome, subject: Subject) -> list[JsonObject]:
    requests = [performance.request for performance in outcome.performances]
    return [subject.codec.decode_request(request).input.model_dump(mode="json") for request in requests]


@requirement("RESIL-12")
@over("first calls")
@lane_shows("holding")
def test_calls_do_not_wait_for_each_other(call: Call, subject: Subject, verdict: Verdict) -> None:
    """The first answer is held back until the second request has come."""
    call = subject.as_asked(call)
    hold = Hold(before=0)
    held = iter([playback_of(call.exchange, call.events, hold=hold)])

    def answer(_: WireRequest) -> Playback:
        if (first := next(held, None)) is not None:
            return first
        hold.release()
        return playback_of(call.exchange)

    subject.ask_all([call, call], answer)
    verdict.true(not hold.expired, "a second call while the first has no answer yet", "it waited for the first")


@requirement("RESIL-13")
@over("first calls")
def test_nothing_runs_on(call: Call, subject: Subject, verdict: Verdict) -> None:
    """A pool that an adapter keeps is made once; what grows with every call is left behind."""
    subject.ask(call)
    running = [subject.left_running()]
    for _ in range(REPEATED):
        subject.ask(call)
        running.append(subject.left_running())
    grows = all(before < after for before, after in pairwise(running))
    shown = ", ".join(map(str, running))
    verdict.true(not grows, "as many tasks and threads after each call", f"more after each: {shown}")


@requirement("RESIL-07")
@over("first calls")
@lane_shows("endings")
def test_works_on_after_an_error(call: Call, subject: Subject, verdict: Verdict) -> None:
    expected = subject.plain(call)
    for playback in _troubles(call, subject):
        subject.ask(call, playback)
        verdict.same(expected, subject.ask(call), "the answer, after a call that failed")


def _troubles(call: Call, subject: Subject) -> Iterable[Playback]:
    body = call.exchange.response_body
    half = body[: len(body) // 2]
    reply = subject.codec.encode_error(StatusCodeError("no", status_code=400))
    yield Playback(reply.status, reply.headers, (reply.body,))
    yield playback_of(call.exchange, [half], "complete")
    yield playback_of(call.exchange, [half], "reset")
    yield Playback(ending="refused")


@requirement("RESIL-08")
@over("first calls")
@lane_shows("holding", "closing")
def test_cancelling(call: Call, subject: Subject, verdict: Verdict) -> None:
    pieces = call.events
    hold = Hold(before=len(pieces) - 1)
    cancelled = subject.cancel(call, playback_of(call.exchange, pieces, "complete", hold))
    verdict.true(cancelled, "a call that ends when it is cancelled", "the call went on")
    closed = all(performance.is_closed_soon() for performance in subject.lane.performances)
    hold.release()
    verdict.true(closed, "a closed response after the call was cancelled", "an open response")


@requirement("RESIL-10")
@over("calls")
@lane_shows("closing")
def test_response_is_closed(call: Call, subject: Subject, verdict: Verdict) -> None:
    outcome = subject.plain(call)
    still_open = [performance for performance in outcome.performances if not performance.is_closed_soon()]
    verdict.true(not still_open, "every response closed when the call has ended", f"{len(still_open)} open")
