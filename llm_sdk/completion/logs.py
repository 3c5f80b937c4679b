"""What many can read and wait for: a log of items, and the outcome of a run.

Both belong to the event loop of their run. Every reader has a place of its own, so that none takes from another, and
each that waits has a future of its own, so that a reader's time-out reaches nobody else.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator
from types import TracebackType
from typing import Any, Generic, NoReturn, TypeVar, cast

from llm_sdk.errors import InvalidInputError

__all__ = ["Failure", "Log", "Outcome", "Settled"]

T = TypeVar("T")


class Signal:
    """Wakes those who wait on one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: set[asyncio.Future[None]] = set()

    async def wait(self) -> None:
        """Wait for the next :meth:`notify`. Raises InvalidInputError on another loop, which nothing would wake."""
        if asyncio.get_running_loop() is not self._loop:
            raise InvalidInputError("this run belongs to another event loop: await it where acompletion was called")
        future = self._loop.create_future()
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)

    def notify(self) -> None:
        """Wake everybody."""
        for future in self._waiting:
            if not future.done():
                future.set_result(None)


class Failure:
    """An exception that is raised many times, always the same object."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
        self._traceback: TracebackType | None = error.__traceback__

    def throw(self) -> NoReturn:
        """Raise it. Its traceback starts anew each time: otherwise it would grow with every reader."""
        raise self.error.with_traceback(self._traceback)


class Log(Generic[T]):
    """Items in the order in which they came. Each ``async for`` reads all of them, from the first one, at any time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.items: list[T] = []
        self._signal = Signal(loop)
        self._ended = False
        self._failure: Failure | None = None

    def append(self, item: T) -> None:
        """Add an item."""
        self.items.append(item)
        self._signal.notify()

    def end(self, failure: Failure | None = None) -> None:
        """There is no more; every reader is told of the failure after the last item."""
        self._ended, self._failure = True, failure
        self._signal.notify()

    async def wait_for(self, at: int) -> bool:
        """Wait until there is an item at this place; False when there will be none. Raises what the log ended with."""
        while at >= len(self.items):
            if self._ended:
                if self._failure is not None:
                    self._failure.throw()
                return False
            await self._signal.wait()
        return True

    def __aiter__(self) -> AsyncIterator[T]:
        return _Reader(self)


class _Reader(AsyncIterator[T]):
    def __init__(self, log: Log[T]) -> None:
        self._log = log
        self._at = 0

    async def __anext__(self) -> T:
        if not await self._log.wait_for(self._at):
            raise StopAsyncIteration
        self._at += 1
        return self._log.items[self._at - 1]


class Outcome(Generic[T]):
    """What a run comes to, once."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._signal = Signal(loop)
        self._value: T | None = None
        self._failure: Failure | None = None
        self.is_settled = False

    def settle(self, value: T | None, failure: Failure | None = None) -> None:
        """Set it; the first one counts."""
        if not self.is_settled:
            self._value, self._failure, self.is_settled = value, failure, True
            self._signal.notify()

    async def wait(self) -> None:
        """Wait until it is settled, well or badly."""
        while not self.is_settled:
            await self._signal.wait()

    async def get(self) -> T:
        """Wait for the value. Raises the failure, which is the same object for everybody."""
        await self.wait()
        if self._failure is not None:
            self._failure.throw()
        return cast("T", self._value)


class Settled(Generic[T]):
    """An awaitable that can be awaited any number of times. Giving up on it, by a time-out for example, leaves the
    run as it is."""

    def __init__(self, outcome: Outcome[Any], pick: Callable[[Any], T]) -> None:
        self._outcome = outcome
        self._pick = pick

    def __await__(self) -> Generator[Any, None, T]:
        return self._get().__await__()

    async def _get(self) -> T:
        return self._pick(await self._outcome.get())
