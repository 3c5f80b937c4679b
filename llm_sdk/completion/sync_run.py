"""The twin of a run for code without an event loop: the run itself is on the loop of its own thread."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from llm_sdk import loop_thread
from llm_sdk.completion.events import CompletionResult, CompletionStats, Event, ToolCall, ToolEvent
from llm_sdk.completion.logs import Log, Settled
from llm_sdk.completion.options import Prepared
from llm_sdk.completion.run import AsyncCompletionRun

__all__ = ["CompletionRun", "LogView", "invoke_in_place"]

T = TypeVar("T")


def invoke_in_place(run: Callable[[], Any]) -> Any:
    """Run a handler here; one that is asynchronous runs on the loop's thread, and is waited for."""
    result = run()
    return loop_thread.run(result) if isinstance(result, Coroutine) else result


class LogView(Iterable[T], Generic[T]):
    """A log, read by plain ``for`` loops: each reads all of it, from the start, waiting for what has not come yet."""

    def __init__(self, log: Log[T]) -> None:
        self._log = log

    def __iter__(self) -> Iterator[T]:
        at = 0
        items = self._log.items
        while at < len(items) or loop_thread.run(self._log.wait_for(at)):
            yield items[at]
            at += 1


class CompletionRun:
    """What :func:`~llm_sdk.completion.completion` returns: see
    :class:`~llm_sdk.completion.run.AsyncCompletionRun`, with plain iterators and values, which wait in place. It may be
    used from several threads."""

    def __init__(self, prepared: Prepared) -> None:
        async def start() -> AsyncCompletionRun:
            return AsyncCompletionRun(prepared)

        self._run = loop_thread.run(start())

    @property
    def request_id(self) -> str:
        """The id of the run."""
        return self._run.request_id

    @property
    def token_stream(self) -> LogView[str]:
        """The text of the answer, piece by piece."""
        return LogView(self._run.token_stream)

    @property
    def tool_call_stream(self) -> LogView[ToolEvent]:
        """``toolCall`` and ``toolCallError`` events."""
        return LogView(self._run.tool_call_stream)

    @property
    def events(self) -> LogView[Event]:
        """Everything in order."""
        return LogView(self._run.events)

    @property
    def text(self) -> str:
        """The whole text."""
        return _wait(self._run.text)

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The calls that can be made."""
        return _wait(self._run.tool_calls)

    @property
    def stats(self) -> CompletionStats | None:
        """How the run went."""
        return _wait(self._run.stats)

    @property
    def final(self) -> CompletionResult:
        """All of it."""
        return _wait(self._run.final)

    @property
    def is_settled(self) -> bool:
        """Whether the run has ended."""
        return self._run.is_settled

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the run has ended, and raise nothing of it; False when that takes more than ``timeout`` seconds,
        which leaves the run as it is."""
        return loop_thread.run(_ends_within(timeout, self._run))

    def cancel(self) -> None:
        """End the run, and wait until its connection is closed; of one that has ended, nothing."""
        loop_thread.run(_cancel(self._run))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.cancel()


def _wait(settled: Settled[T]) -> T:
    async def wait() -> T:
        return await settled

    return loop_thread.run(wait())


async def _cancel(run: AsyncCompletionRun) -> None:
    await run.cancel()


async def _ends_within(seconds: float | None, run: AsyncCompletionRun) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await run.wait()
    except TimeoutError:
        return False
    return True
