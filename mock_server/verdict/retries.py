"""How an app asks again after an error.

Requests of one caller that ask the same, one after the other, are attempts at one call. What may be asked again, and
when, is what the official clients do: 408, 409, 429 and 5xx; not before ``retry-after`` has passed, as long as it is no
more than a minute; and else after half a second that doubles.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from mock_server.journal import Exchange
from mock_server.verdict.evidence import Evidence
from mock_server.verdict.findings import Level, Rule, Sighting, gathered

__all__ = ["RULES"]

PASSING = frozenset({408, 409, 425, 429})
BUSY = frozenset({429, 503, 529})
MOST_ATTEMPTS = 8
AT_ONCE = 0.1
"""Seconds. No client that waits between two attempts is faster."""
LONGEST_OBEYED = 60.0
FORGOTTEN = 300.0
"""Seconds after which the same request is not a retry any more."""
LEEWAY = 0.05
"""How much of the time may be missing: clocks are not exact."""


def _attempts(evidence: Evidence) -> list[list[Exchange]]:
    """Every call as the attempts at it: all but the last have failed."""
    same: defaultdict[tuple[object, ...], list[list[Exchange]]] = defaultdict(list)
    for exchange in evidence.exchanges:
        calls = same[_call_of(exchange)]
        last = calls[-1][-1] if calls else None
        if last is not None and last.status >= 400 and _pause(last, exchange) <= FORGOTTEN + (last.retry_after or 0):
            calls[-1].append(exchange)
        else:
            calls.append([exchange])
    return [attempts for calls in same.values() for attempts in calls if len(attempts) > 1]


def _call_of(exchange: Exchange) -> tuple[object, ...]:
    asks = exchange.fingerprint or hashlib.sha256(exchange.body).hexdigest()
    return exchange.provider, exchange.caller, exchange.method, exchange.path, exchange.stream, asks


def _pause(first: Exchange, second: Exchange) -> float:
    """Seconds between the end of an answer and the next request. Where a test drives the clock, whatever time has
    passed for the server or for the client counts."""
    told, real = second.time - first.time, second.arrived - first.arrived
    if abs(told - real) < 1:
        return max(told, real) - first.seconds
    return max(told - first.seconds, real)


def _pairs(evidence: Evidence) -> Iterator[tuple[Exchange, Exchange]]:
    for attempts in _attempts(evidence):
        yield from pairwise(attempts)


def _in_vain(evidence: Evidence) -> Iterator[Sighting]:
    def seen() -> Iterator[tuple[object, Sighting]]:
        for first, second in _pairs(evidence):
            if first.status < 500 and first.status not in PASSING:
                message = f"the same request was sent again after a {first.status}"
                yield _call_of(first), Sighting(message, (first.number, second.number))

    return gathered(seen())


def _too_early(evidence: Evidence) -> Iterator[Sighting]:
    for first, second in _pairs(evidence):
        wait, pause = first.retry_after, _pause(first, second)
        if wait and pause < wait * (1 - LEEWAY) - LEEWAY:
            told = (
                f"the {first.status} asked to wait {wait:g} s, and the same request came after {max(0.0, pause):.2g} s"
            )
            level: Level = "error" if wait <= LONGEST_OBEYED else "warning"
            yield Sighting(told, (first.number, second.number), level)


def _at_once(evidence: Evidence) -> Iterator[Sighting]:
    for first, second in _pairs(evidence):
        if first.status in BUSY and first.retry_after is None and _pause(first, second) < AT_ONCE:
            message = f"the same request came at once after a {first.status}"
            yield Sighting(message, (first.number, second.number), "warning")


def _too_often(evidence: Evidence) -> Iterator[Sighting]:
    for attempts in _attempts(evidence):
        if len(attempts) > MOST_ATTEMPTS:
            yield Sighting(f"one call was tried {len(attempts)} times", _numbers(attempts))


def _numbers(exchanges: Sequence[Exchange]) -> tuple[int, ...]:
    return tuple(exchange.number for exchange in exchanges)


RULES = (
    Rule(
        "retried-in-vain",
        "What the provider has refused for good is not asked again.",
        "Retry 408, 409, 429 and 5xx alone; the official clients do so by themselves.",
        _in_vain,
    ),
    Rule(
        "ignored-retry-after",
        "The next attempt waits as long as the provider asks.",
        "Wait for the seconds in retry-after before the next attempt. Official clients do so up to 60 s.",
        _too_early,
    ),
    Rule(
        "retried-at-once",
        "A busy provider gets a pause before the next attempt.",
        "Wait half a second at least, longer each time, and not always equally long.",
        _at_once,
    ),
    Rule(
        "retried-too-often",
        f"A call is given up after {MOST_ATTEMPTS} attempts at the latest.",
        "Bound the attempts, and see whether a retry loop stands around a client that retries by itself.",
        _too_often,
    ),
)
