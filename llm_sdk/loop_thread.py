"""An event loop on a thread of its own, so that a plain call can be made with an asynchronous client.

There is one for the whole process, started when it is first needed and stopped at exit. Only input and output happen
on it: everything else of a call runs on the caller's thread.
"""

import asyncio
import atexit
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from llm_sdk.errors import InvalidInputError, LanguageModelError
from llm_sdk.flow import Command, Reply
from llm_sdk.transport import AsyncExchange

__all__ = ["LoopExchange", "run"]

T = TypeVar("T")


class LoopExchange:
    """An :class:`~llm_sdk.transport.Exchange` on an asynchronous client."""

    def __init__(self, exchange: AsyncExchange) -> None:
        self._exchange = exchange

    def perform(self, command: Command) -> Reply:
        """See :meth:`Exchange.perform`."""
        return run(self._exchange.perform(command))

    def next_chunk(self) -> bytes | LanguageModelError | None:
        """See :meth:`Exchange.next_chunk`."""
        return run(self._exchange.next_chunk())

    def close(self) -> None:
        """See :meth:`Exchange.close`.

        The garbage collector may call it anywhere, even on the loop's thread, which cannot wait for itself, or after
        the loop has ended and its connections with it.
        """
        thread = _thread
        if thread is None or not thread.is_alive():
            return
        if thread is threading.current_thread():
            thread.start_task(self._exchange.close())
        else:
            run(self._exchange.close())


class _LoopThread(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="llm_sdk", daemon=True)
        self.loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()

    def start_task(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def run(self) -> None:
        try:
            self.loop.run_forever()
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        finally:
            self.loop.close()

    def stop(self) -> None:
        if self.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.join(timeout=5)


_lock = threading.Lock()
_thread: _LoopThread | None = None


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, run on the loop's thread. It is cancelled when the wait for it is interrupted.

    Raises InvalidInputError when called on that thread itself, which would wait for ever.
    """
    thread = _running_thread()
    if thread is threading.current_thread():
        coroutine.close()
        raise InvalidInputError("a synchronous call with an asynchronous client cannot be made from inside another")
    future = asyncio.run_coroutine_threadsafe(coroutine, thread.loop)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def _running_thread() -> _LoopThread:
    """The thread, started anew where a fork has left only its parent's."""
    global _thread
    with _lock:
        if _thread is None or not _thread.is_alive():
            _thread = _LoopThread()
            _thread.start()
            atexit.register(_thread.stop)
        return _thread
