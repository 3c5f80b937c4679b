"""Time as the stand-in sees it: the machine's, or a test's own, which stands still until it is told to go on."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import anyio

__all__ = ["Clock", "SystemClock", "VirtualClock"]

NEW_YEAR_2026 = 1767225600.0


class Clock(Protocol):
    """What tells the time and waits."""

    def time(self) -> float:
        """Seconds since 1970."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    async def sleep_async(self, seconds: float) -> None:
        """Wait, and let others work."""
        ...


class SystemClock:
    """The time of this machine."""

    def time(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        if seconds > 0:
            time.sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Wait, and let others work."""
        if seconds > 0:
            import anyio

            await anyio.sleep(seconds)


class VirtualClock:
    """A test's own time: it stands still until :meth:`advance`, and whoever waits is woken when his time has come.

    With ``auto_advance`` it goes on by itself, at once, whenever somebody waits: delays cost nothing, and are noted
    in :attr:`slept`. ``start`` is in seconds since 1970. It may be used from any thread and any event loop.
    """

    def __init__(self, start: float = NEW_YEAR_2026, *, auto_advance: bool = False) -> None:
        self._now = start
        self._auto_advance = auto_advance
        self._change = threading.Condition()
        self._sleepers: dict[int, tuple[float, Callable[[], object]]] = {}
        self._number = 0
        self.slept: list[float] = []
        """Every delay that was waited for, in seconds, in the order in which they began."""

    def time(self) -> float:
        """Seconds since 1970."""
        return self._now

    @property
    def sleepers(self) -> int:
        """How many are waiting."""
        return len(self._sleepers)

    def advance(self, seconds: float) -> None:
        """Let time go on. Raises ValueError for a step back."""
        if seconds < 0:
            raise ValueError(f"time does not go back: {seconds}")
        with self._change:
            self._now += seconds
            due = [(at, number) for number, (at, _) in self._sleepers.items() if at <= self._now]
            woken = [self._sleepers.pop(number)[1] for _, number in sorted(due)]
            self._change.notify_all()
        for wake in woken:
            wake()

    def wait_for_sleepers(self, count: int = 1, *, timeout: float = 5.0) -> None:
        """Block until at least ``count`` wait, so that an :meth:`advance` cannot come too early.

        ``timeout`` is in seconds of the machine's time; raises TimeoutError after it.
        """
        with self._change:
            if not self._change.wait_for(lambda: len(self._sleepers) >= count, timeout):
                raise TimeoutError(f"{len(self._sleepers)} of {count} waited after {timeout} s")

    def sleep(self, seconds: float) -> None:
        """Wait until the time has come."""
        done = threading.Event()
        if self._enter(seconds, done.set) is not None:
            done.wait()

    async def sleep_async(self, seconds: float) -> None:
        """Wait until the time has come, and let others work."""
        import anyio
        from anyio.lowlevel import checkpoint

        done = anyio.Event()
        number = self._enter(seconds, _waker(done))
        if number is None:
            await checkpoint()
            return
        try:
            await done.wait()
        finally:
            with self._change:
                self._sleepers.pop(number, None)

    def _enter(self, seconds: float, wake: Callable[[], object]) -> int | None:
        """Wait in line; None where there is nothing to wait for."""
        if seconds <= 0:
            return None
        with self._change:
            self.slept.append(seconds)
            if self._auto_advance:
                self._now += seconds
                return None
            self._number += 1
            self._sleepers[self._number] = (self._now + seconds, wake)
            self._change.notify_all()
            return self._number


def _waker(done: "anyio.Event") -> Callable[[], object]:
    """Sets an event of the running loop, from any thread and without waiting for it."""
    from anyio.lowlevel import current_token

    loop: Any = current_token().native_token
    soon = getattr(loop, "call_soon_threadsafe", None) or loop.run_sync_soon  # asyncio's, or trio's

    def wake() -> None:
        with suppress(RuntimeError):  # whoever waited has gone with his loop
            soon(done.set)

    return wake
