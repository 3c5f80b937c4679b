"""Windows in which only so many requests are answered. No clock: the time comes with each request."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Allowance", "RateLimits", "Windows"]

MAX_WINDOWS = 10_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a request is allowed: whether it is answered, how many more of ``limit`` are, and in how many seconds the
    window ends."""

    allowed: bool
    limit: int
    remaining: int
    reset_after: float


class Windows(Protocol):
    """Counts requests in windows that begin with their first request, one for each key."""

    def take(self, key: tuple[object, ...], *, limit: int, window: float, now: float) -> Allowance:
        """Count one request. ``window`` and ``now`` are in seconds; what is refused is not counted."""
        ...


class RateLimits:
    """The windows in memory."""

    def __init__(self) -> None:
        self._windows: OrderedDict[tuple[object, ...], tuple[float, int]] = OrderedDict()

    def take(self, key: tuple[object, ...], *, limit: int, window: float, now: float) -> Allowance:
        """See :meth:`Windows.take`."""
        begun, taken = self._windows.pop(key, (now, 0))
        if not begun <= now < begun + window:
            begun, taken = now, 0
        allowed = taken < limit
        taken += allowed
        self._windows[key] = (begun, taken)
        if len(self._windows) > MAX_WINDOWS:
            self._windows.popitem(last=False)
        return Allowance(allowed, limit, limit - taken, begun + window - now)
