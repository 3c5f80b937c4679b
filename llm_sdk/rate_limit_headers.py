"""The headers in which a provider tells how many requests its limit leaves. No I/O."""

from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Literal, TypeAlias

__all__ = ["NO_RATE_LIMIT_HEADERS", "RateLimitHeaders", "ResetForm"]

ResetForm: TypeAlias = Literal["duration", "time"]


@dataclass(frozen=True, slots=True)
class RateLimitHeaders:
    """The names of the headers; one that the provider does not send is empty.

    ``limit`` and ``remaining`` are numbers of requests. ``reset`` tells when the window ends: as a ``duration`` such as
    ``6m0s``, or as a ``time`` of RFC 3339. Without ``on_refusal`` an answer of status 429 has none of them.
    """

    limit: str = ""
    remaining: str = ""
    reset: str = ""
    reset_form: ResetForm = "duration"
    on_refusal: bool = True

    def write(self, limit: int, remaining: int, reset_after: float, now: float, *, refused: bool) -> dict[str, str]:
        """The headers of one answer. ``reset_after`` is in seconds, ``now`` in seconds since 1970."""
        if refused and not self.on_refusal:
            return {}
        reset = _duration(reset_after) if self.reset_form == "duration" else _time(now + reset_after)
        told = {self.limit: str(limit), self.remaining: str(remaining), self.reset: reset}
        return {name: value for name, value in told.items() if name}


NO_RATE_LIMIT_HEADERS = RateLimitHeaders()


def _duration(seconds: float) -> str:
    """As Go writes it, in milliseconds below a second: ``6m0s``, ``1.5s``, ``20ms``."""
    milliseconds = ceil(seconds * 1000)
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{rest / 1000:g}s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(ceil(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
