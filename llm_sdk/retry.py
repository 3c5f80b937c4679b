"""When to ask again, and how long to wait before. No I/O, no clock.

The rules are those of the official clients: failed connections and timeouts, 408, 409, 429 and 5xx are tried again;
``x-should-retry`` overrules the status; ``retry-after-ms`` and then ``retry-after`` say how long to wait, and where
neither is given the wait doubles from half a second up to eight.
"""

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from llm_sdk.errors import LanguageModelError, StatusCodeError, TransportError

__all__ = ["LONGEST_WAIT", "RetryPolicy", "retry_after"]

FIRST_WAIT = 0.5
LAST_WAIT = 8.0
LONGEST_WAIT = 120.0
"""Seconds. A provider that asks for a longer wait is not asked again: its error, which says how long, is raised."""

RETRIED_STATUSES = frozenset({408, 409, 429})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often to ask again. ``random`` gives numbers from 0 up to 1, for the jitter of the waits."""

    max_retries: int = 2
    random: Callable[[], float] = random.random

    def wait(self, error: LanguageModelError, headers: Mapping[str, str], *, attempt: int) -> float | None:
        """Seconds to wait before asking again, or ``None`` when the error is final.

        ``headers`` are those of the answer that was an error, and empty where none came; ``attempt`` counts the
        requests before this one, from 0.
        """
        if attempt >= self.max_retries or not is_retryable(error, headers):
            return None
        asked = retry_after(headers)
        if asked is None and isinstance(error, StatusCodeError):
            asked = error.retry_after
        if asked is not None:
            return asked if asked <= LONGEST_WAIT else None
        return float(min(FIRST_WAIT * 2 ** min(attempt, 10), LAST_WAIT)) * (1 - 0.25 * self.random())


def is_retryable(error: LanguageModelError, headers: Mapping[str, str]) -> bool:
    """Whether the same request can succeed later: the provider's own word where it gives one, else by the status."""
    if isinstance(error, TransportError):
        return True
    if not isinstance(error, StatusCodeError):
        return False
    if (word := headers.get("x-should-retry", "").strip().lower()) in ("true", "false"):
        return word == "true"
    if error.retryable is not None:
        return error.retryable
    return error.status_code in RETRIED_STATUSES or error.status_code >= 500


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that an answer asks to wait: ``retry-after-ms``, else ``retry-after`` in seconds or as a date.

    A date is compared with the answer's own ``date``, so that no clock is needed. ``None`` where nothing sensible is
    asked: no header, a negative or endless wait, a date without another to compare with.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    then, now = _date(value), _date(headers.get("date"))
    return None if then is None or now is None else max(0.0, (then - now).total_seconds())


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _date(text: str | None) -> datetime | None:
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
