"""An answer for which a function of the test has to be asked first."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from mock_server.asked import Asked
from mock_server.reply import ReplyPlan

__all__ = ["PendingReply"]


@dataclass(frozen=True, slots=True)
class PendingReply:
    """A reply that ``function`` has to give. ``finish`` makes the plan of what it gives, ``fail`` of what it raises.

    It is run outside of the engine's lock and, where there is an event loop, beside it: the function may take its time,
    and may itself send requests to the stand-in.
    """

    function: Callable[[Asked], Any]
    asked: Asked
    finish: Callable[[Any], ReplyPlan]
    fail: Callable[[Exception], ReplyPlan]

    def run(self) -> ReplyPlan:
        """Call the function, and wait for it where it is async."""
        try:
            given = self.function(self.asked)
            if inspect.isawaitable(given):
                given = _wait_for(given)
        except Exception as error:  # noqa: BLE001 - whatever a test's function raises is told to its client
            return self.fail(error)
        return self.finish(given)

    async def run_async(self) -> ReplyPlan:
        """Await the function; one that is not async is called in a thread."""
        import anyio.to_thread

        try:
            if inspect.iscoroutinefunction(self.function):
                given = await self.function(self.asked)
            else:
                given = await anyio.to_thread.run_sync(self.function, self.asked)
                given = await given if inspect.isawaitable(given) else given
        except Exception as error:  # noqa: BLE001 - see run
            return self.fail(error)
        return self.finish(given)


def _wait_for(given: Awaitable[Any]) -> Any:
    async def wait() -> Any:
        return await given

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(wait())
    # A sync client was called inside of a loop, which it blocks: its answer needs a loop of its own.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, wait()).result()
