"""The same stream in other bytes: cut anywhere, framed in every legal way, with what later versions may add."""

import gzip
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from conformance import chunking_strategies
from conformance.arrays import is_array
from conformance.chunking import (
    Cuts,
    byte_cuts,
    chunks,
    event_cuts,
    fewest_cuts,
    seeded_cuts,
    single_cuts,
    tender_offsets,
)
from conformance.marks import lane_shows, over, requirement
from conformance.outcome import Outcome, is_same, told_by
from conformance.plan import Call
from conformance.reframing import TRANSFORMS, reframe, truncations
from conformance.replay import Ending, Hold, playback_of
from conformance.stream_judge import read_stream
from conformance.subject import Subject
from conformance.verdict import Verdict
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import InvalidInputError, InvariantError, RefusalError, StatusCodeError, UnsupportedError

SMALL = 160
"""Bodies up to this many bytes are cut everywhere, larger ones at some of the places where it hurts and some others.
One larger stream of each provider is cut everywhere as well."""
TENDER = 40
OTHERS = 12
BREAKS = 24
LAST_BREAKS = 6
EXAMPLES = 4
LARGE = 1_500_000
PIECE = 65536
OBJECT = re.compile(rb"(?m)^data: ?\{")
"""Where the data of an event begins with an object: an end mark does not."""


def check_bytes(call: Call, subject: Subject, verdict: Verdict, cuttings: Iterable[Cuts], transform: str = "") -> None:
    """The stream, transformed and cut, has to come to what it came to as it was recorded. A failure is told with as few
    of the cuts as show it."""
    if transform:
        skip_arrays(call)
    body = reframe(call.exchange.response_body, transform)
    expected = subject.plain(call)

    def ask(cuts: Cuts) -> Outcome:
        return subject.ask(call, playback_of(call.exchange, chunks(body, cuts)))

    for cuts in cuttings:
        outcome = ask(cuts)
        if not is_same(expected, outcome):
            fewer = fewest_cuts(cuts, lambda some: not is_same(expected, ask(some)))
            again = ask(fewer)
            if not is_same(expected, again):  # an adapter that fails now and then fails all the same
                cuts, outcome = fewer, again
        verdict.same(expected, outcome, "the same as of the stream as recorded", cuts=cuts, transform=transform)


def skip_arrays(call: Call) -> None:
    """The rules of server-sent events do not hold for an array."""
    if is_array(call):
        pytest.skip("the adapter asks for an array of events, which has no lines")


def places(body: bytes, seed: str) -> Iterator[Cuts]:
    """Single cuts: all of a small body; of a large one those beside line ends and characters, and some others."""
    if len(body) <= SMALL:
        yield from single_cuts(body)
        return
    draw = random.Random(seed)  # noqa: S311 - reproducible is the point
    tender = tender_offsets(body)
    chosen = {*draw.sample(tender, min(TENDER, len(tender))), *draw.sample(range(1, len(body)), OTHERS)}
    yield from ((at,) for at in sorted(chosen))


@requirement("STREAM-02")
@over("streams")
@lane_shows("chunks")
def test_single_cuts(call: Call, subject: Subject, verdict: Verdict) -> None:
    check_bytes(call, subject, verdict, places(call.exchange.response_body, call.id))


@requirement("STREAM-02")
@over("first streams")
@lane_shows("chunks")
def test_every_single_cut(call: Call, subject: Subject, verdict: Verdict) -> None:
    check_bytes(call, subject, verdict, single_cuts(call.exchange.response_body))


@requirement("STREAM-03")
@over("streams outside ASCII")
@lane_shows("chunks")
def test_cut_characters(call: Call, subject: Subject, verdict: Verdict) -> None:
    body = call.exchange.response_body
    inside = [at for at in range(1, len(body)) if body[at] & 0xC0 == 0x80]
    draw = random.Random(call.id)  # noqa: S311 - reproducible is the point
    check_bytes(call, subject, verdict, [(at,) for at in draw.sample(inside, min(TENDER, len(inside)))])
    check_bytes(call, subject, verdict, [tuple(inside)])


@requirement("STREAM-04")
@over("streams")
@lane_shows("chunks")
def test_chunkings(call: Call, subject: Subject, verdict: Verdict) -> None:
    body = call.exchange.response_body
    events = event_cuts(body)
    doubled = tuple(sorted([*events, *events, 0, 0, len(body)]))
    seeded = (seeded_cuts(body, f"{call.id}/{number}", 32) for number in range(4))
    check_bytes(call, subject, verdict, [(), byte_cuts(body), events, doubled, *seeded])


FRAMING_REQUIREMENTS = {
    "crlf": "STREAM-05",
    "cr": "STREAM-05",
    "no-space": "STREAM-07",
    "comments": "STREAM-08",
    "comments-inside": "STREAM-08",
    "unknown-events": "STREAM-09",
    "unknown-fields": "STREAM-10",
    "id-lines": "STREAM-10",
    "name-last": "STREAM-10",
    "multi-line-data": "STREAM-11",
    "bom": "STREAM-12",
    "no-final-blank-line": "STREAM-13",
    "blank-lines": "STREAM-08",
    "multi-line-data+crlf": "STREAM-05",
    "multi-line-data+cr": "STREAM-05",
    "comments+cr": "STREAM-14",
    "comments-inside+no-space+crlf": "STREAM-14",
}
"""What each way of framing proves. Some defects show only where two come together."""
BINDING = tuple(name for name in TRANSFORMS if name != "no-final-blank-line")
"""The framings that every client has to read: the standard lets it drop a last event that nothing ends."""


@pytest.mark.parametrize(
    "transform",
    [pytest.param(name, marks=requirement(id), id=name) for name, id in FRAMING_REQUIREMENTS.items()],
)
@over("streams")
def test_framing(call: Call, subject: Subject, verdict: Verdict, transform: str) -> None:
    body = reframe(call.exchange.response_body, transform)
    line_ends = tuple(at for at in tender_offsets(body) if body[at - 1] in b"\r\n")
    scattered = tuple(sorted({1, 2, *seeded_cuts(body, call.id, 16)} - {0}))  # 1 and 2 cut a byte order mark
    cuttings = [(), line_ends, scattered]
    check_bytes(call, subject, verdict, cuttings, transform)


@requirement("STREAM-14")
@over("streams")
def test_framings_together(call: Call, subject: Subject, verdict: Verdict) -> None:
    """Combinations of framings, cut at random: what fails is shrunk to the fewest of both."""

    @hypothesis_settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(transform=chunking_strategies.transforms(BINDING), data=st.data())
    def law(transform: str, data: st.DataObject) -> None:
        body = reframe(call.exchange.response_body, transform)
        check_bytes(call, subject, verdict, [data.draw(chunking_strategies.cuts(body))], transform)

    law()


@requirement("STREAM-06")
@over("answered streams")
def test_separators_that_end_no_line(call: Call, subject: Subject, verdict: Verdict) -> None:
    """Separators that some libraries take for line ends, put into every event where they mean nothing."""
    skip_arrays(call)
    field = '{"x_conformance":"a\u2028b\u2029c\u0085d",'.encode()
    body = OBJECT.sub(b"data: " + field, call.exchange.response_body)
    outcome = subject.ask(call, playback_of(call.exchange, [body]))
    verdict.same(subject.plain(call), outcome, "the same as without U+2028, U+2029 and U+0085 in the data")


@requirement("STREAM-21")
@over("first streams")
def test_large_event(call: Call, subject: Subject, verdict: Verdict) -> None:
    skip_arrays(call)
    events = call.events
    at = max((at for at, event in enumerate(events) if OBJECT.search(event)), default=0)  # behind it may be an end mark
    field = b'{"x_conformance":"' + b"a" * LARGE + b'",'
    body = b"".join([*events[:at], OBJECT.sub(b"data: " + field, events[at]), *events[at + 1 :]])
    pieces = [body[at : at + PIECE] for at in range(0, len(body), PIECE)]
    outcome = subject.ask(call, playback_of(call.exchange, pieces))
    verdict.same(subject.plain(call), outcome, f"the same as without {LARGE} bytes of padding in one event")


@requirement("STREAM-22")
@over("answered streams")
@lane_shows("compression")
def test_compressed(call: Call, subject: Subject, verdict: Verdict) -> None:
    body = gzip.compress(call.exchange.response_body, mtime=0)
    whole = playback_of(call.exchange)
    headers = {**whole.headers, "content-encoding": "gzip"}
    for cuts in ((), (1,), (len(body) // 2,), byte_cuts(body)):
        outcome = subject.ask(call, replace(whole, headers=headers, chunks=chunks(body, cuts)))
        verdict.same(subject.plain(call), outcome, f"the same as uncompressed; the gzip stream came in {len(cuts) + 1}")


@requirement("STREAM-15")
@over("answered streams")
def test_truncation(call: Call, subject: Subject, verdict: Verdict) -> None:
    check_truncations(call, subject, verdict, breaks(call), "complete")


@requirement("STREAM-16")
@over("answered streams")
@lane_shows("endings")
def test_lost_connection(call: Call, subject: Subject, verdict: Verdict) -> None:
    check_truncations(call, subject, verdict, breaks(call), "reset")


def breaks(call: Call) -> list[str]:
    """Where the stream breaks off: in and after each event, of a long stream in and after some and the last."""
    found = list(truncations(call.exchange.response_body))
    if len(found) <= BREAKS:
        return found
    draw = random.Random(call.id)  # noqa: S311 - reproducible is the point
    return [*draw.sample(found[:-LAST_BREAKS], BREAKS - LAST_BREAKS), *found[-LAST_BREAKS:]]


def check_truncations(
    call: Call, subject: Subject, verdict: Verdict, transforms: Iterable[str], ending: Ending, cuts: Cuts = ()
) -> None:
    """A stream that breaks off is an error; where all that counts had come, it may be the whole answer."""
    expected = subject.plain(call)
    for transform in transforms:
        body = reframe(call.exchange.response_body, transform)
        outcome = subject.ask(call, playback_of(call.exchange, chunks(body, cuts), ending))
        if outcome.error is None and (outcome.response is None or not is_same(expected, outcome)):
            verdict.fail("an error, for the stream broke off", outcome.describe(), cuts=cuts, transform=transform)
        wrong = isinstance(outcome.error, StatusCodeError | UnsupportedError | InvalidInputError | RefusalError)
        if wrong or (ending == "reset" and isinstance(outcome.error, InvariantError)):
            verdict.fail("an error of the transport", outcome.describe(), cuts=cuts, transform=transform)


@requirement("STREAM-17")
@over("telling streams")
@lane_shows("endings")
def test_what_came_before_a_break(call: Call, subject: Subject, verdict: Verdict) -> None:
    kept = call.events[:-1]
    while len(kept) > 1 and read_stream(subject.codec, kept).error is None:
        kept.pop()  # an end that is not missed: what stands there may be told at the end
    outcome = subject.ask(call, playback_of(call.exchange, [b"".join(kept)], "reset"))
    expected = _told(read_stream(subject.codec, kept).partials)
    verdict.true(
        _told(outcome.partials) >= expected,
        f"{expected} characters in deltas before the error",
        f"{_told(outcome.partials)} characters; {outcome.describe()}",
    )


@requirement("STREAM-18")
@over("telling streams")
@lane_shows("holding")
def test_deltas_come_at_once(call: Call, subject: Subject, verdict: Verdict) -> None:
    """One event a chunk: what an event tells is given before the next but one is taken."""
    pieces = call.events
    whole = playback_of(call.exchange, pieces)
    if subject.lane.name != "in-process":
        whole = replace(whole, hold=Hold(before=len(pieces) - 1))
    arrivals = subject.arrivals(call, whole)
    if whole.hold is not None:
        verdict.true(not whole.hold.expired, "a delta before the last event was sent", "no delta until the end")
        return
    for taken in range(1, len(pieces)):
        expected = _told(read_stream(subject.codec, pieces[:taken]).partials)
        given_so_far = sum(told for at, told in arrivals if at <= taken + 1)
        verdict.true(
            given_so_far >= expected,
            f"{expected} characters in deltas after event {taken + 1} of {len(pieces)}",
            f"{given_so_far} characters",
        )


@requirement("STREAM-19")
@over("telling streams")
@lane_shows("holding", "closing")
def test_leaving_early(call: Call, subject: Subject, verdict: Verdict) -> None:
    pieces = call.events
    subject.leave_early(call, playback_of(call.exchange, pieces, "complete", Hold(before=len(pieces) - 1)))
    performance = subject.lane.performances[-1]
    verdict.true(performance.is_closed_soon(), "a closed response after the stream was left", "an open response")
    verdict.true(performance.taken < len(pieces), "a stream that is not read to its end", "all of it was read")


@requirement("STREAM-19")
@over("first streams")
@lane_shows("closing")
def test_leaving_the_sync_twin_early(call: Call, subject: Subject, verdict: Verdict) -> None:
    subject.leave_early_sync(call, playback_of(call.exchange, call.events))
    closed = subject.lane.performances[-1].is_closed_soon()
    verdict.true(closed, "a closed response after the stream was left", "an open response")


@requirement("STREAM-20")
@over("answered streams")
def test_broken_event(call: Call, subject: Subject, verdict: Verdict) -> None:
    """Half of the JSON of one event is missing, where the reference codec takes that for a broken protocol."""
    pieces = call.events
    for at in sorted({0, len(pieces) // 2, len(pieces) - 1}):
        broken = [*pieces[:at], _broken(pieces[at]), *pieces[at + 1 :]]
        if not isinstance(read_stream(subject.codec, broken).error, InvariantError):
            continue
        outcome = subject.ask(call, playback_of(call.exchange, broken))
        verdict.true(
            isinstance(outcome.error, InvariantError),
            f"InvariantError for event {at + 1}, whose data ends in the middle",
            outcome.describe,
        )


def _told(partials: Iterable[PartialModelResponse]) -> int:
    return sum(told_by(partial) for partial in partials)


def _broken(event: bytes) -> bytes:
    text = event.rstrip(b"\r\n")
    start = text.rfind(b"data:")
    return text[: (start + len(text)) // 2] + b"\n\n"  # what nothing ends would be a stream that breaks off
