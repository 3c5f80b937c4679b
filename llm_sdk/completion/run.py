"""A run on an event loop: one task reads the answer into logs that anybody may read."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import Any, Self

from llm_sdk.accumulator import to_partials
from llm_sdk.completion.errors import CompletionCancelledError
from llm_sdk.completion.events import (
    CompletionResult,
    CompletionStats,
    ContentDelta,
    Event,
    ToolCall,
    ToolCallErrorEvent,
    ToolCallEvent,
    ToolEvent,
)
from llm_sdk.completion.logs import Failure, Log, Outcome, Settled
from llm_sdk.completion.options import Prepared
from llm_sdk.errors import InvalidInputError, MalformedArgumentsError

__all__ = ["AsyncCompletionRun"]

_running: set[asyncio.Task[None]] = set()
"""Held here, because an event loop alone does not keep its tasks alive."""


class AsyncCompletionRun:
    """What :func:`~llm_sdk.completion.acompletion` returns. Everything here shows the same answer.

    ``token_stream``, ``tool_call_stream`` and ``events`` may be read by any number of ``async for`` loops, from the
    start, at any time; ``text``, ``tool_calls``, ``stats`` and ``final`` be awaited any number of times. None of them
    needs another to be read, and leaving one does not end the run: ``cancel`` does, and so does the end of an
    ``async with`` block.

    A run that fails raises one exception object everywhere: from the streams after what came before. One that is
    cancelled ends its streams, and raises CompletionCancelledError from what is awaited. With ``stream=False`` the two
    streams stay empty, and end with the run.
    """

    def __init__(self, prepared: Prepared) -> None:
        """Start. Raises InvalidInputError where no event loop runs."""
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            raise InvalidInputError("acompletion() needs a running event loop; completion() does without") from None
        self.request_id = prepared.request_id
        self._prepared = prepared
        self._reader = prepared.reader
        self._events: Log[Event] = Log(self._loop)
        self._tokens: Log[str] = Log(self._loop)
        self._tool_events: Log[ToolEvent] = Log(self._loop)
        self._outcome: Outcome[CompletionResult] = Outcome(self._loop)
        self._cancel_asked = False
        self._task = self._loop.create_task(self._read(), name=f"completion {self.request_id}")
        _running.add(self._task)
        self._task.add_done_callback(self._finish)

    @property
    def token_stream(self) -> Log[str]:
        """The text of the answer, piece by piece, without the markup of calls and without thinking."""
        return self._tokens

    @property
    def tool_call_stream(self) -> Log[ToolEvent]:
        """``toolCall`` and ``toolCallError`` events, in the order of the answer."""
        return self._tool_events

    @property
    def events(self) -> Log[Event]:
        """Everything in order, each event with its ``seq``; the last one is ``completionDone``."""
        return self._events

    @property
    def text(self) -> Settled[str]:
        """The whole text."""
        return Settled(self._outcome, lambda result: result.content_text)

    @property
    def tool_calls(self) -> Settled[list[ToolCall]]:
        """The calls that can be made; those that cannot are ``toolCallError`` events, and in ``final.tool_errors``."""
        return Settled(self._outcome, lambda result: list(result.tool_calls))

    @property
    def stats(self) -> Settled[CompletionStats | None]:
        """How the run went; None where neither the provider nor the clock tells anything."""
        return Settled(self._outcome, lambda result: result.stats)

    @property
    def final(self) -> Settled[CompletionResult]:
        """All of it."""
        return Settled(self._outcome, lambda result: result)

    @property
    def is_settled(self) -> bool:
        """Whether the run has ended."""
        return self._outcome.is_settled

    async def wait(self) -> None:
        """Wait until the run has ended, and raise nothing of it."""
        await self._outcome.wait()

    def cancel(self) -> "Ending":
        """End the run, if it has not ended. Await what is returned to wait until its connection is closed."""
        if not self._cancel_asked and not self._task.done():
            self._cancel_asked = True
            self._task.cancel()
        return Ending(self)

    def __await__(self) -> Any:
        """The run itself, so that ``await acompletion(...)`` gives it too."""
        return self
        yield

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.cancel()

    async def _read(self) -> None:
        call = self._prepared
        try:
            if call.stream:
                await self._read_stream(call.model.stream(call.input))
            else:
                await self._read_whole()
        finally:
            if call.owned and (close := getattr(call.model, "aclose", None)) is not None:
                await close()

    async def _read_stream(self, stream: AsyncIterator[Any]) -> None:
        try:
            async for partial in stream:
                self._publish(self._reader.feed(partial, self._prepared.clock()))
        finally:
            if (close := getattr(stream, "aclose", None)) is not None:
                await close()
        self._publish(self._reader.close())

    async def _read_whole(self) -> None:
        try:
            response = await self._prepared.model.generate(self._prepared.input)
        except MalformedArgumentsError as error:
            self._publish(self._reader.close_malformed(error))
            return
        now = self._prepared.clock()
        for partial in to_partials(response):
            self._publish(self._reader.feed(partial, now))
        self._publish(self._reader.close())

    def _publish(self, events: Iterable[Event]) -> None:
        for event in events:
            self._events.append(event)
            if not self._prepared.stream:
                continue
            if isinstance(event, ContentDelta):
                self._tokens.append(event.text)
            elif isinstance(event, ToolCallEvent | ToolCallErrorEvent):
                self._tool_events.append(event.model_copy(update={"seq": None}))

    def _finish(self, task: asyncio.Task[None]) -> None:
        """Called however the task ends, even where it was cancelled before it began."""
        _running.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            try:
                self._publish(self._reader.stop("error", error))
            finally:
                self._end(Failure(error), Failure(error))
        elif task.cancelled() or self._cancel_asked:
            self._publish(self._reader.stop("cancelled"))
            provider = self._prepared.model.provider
            cancelled = CompletionCancelledError(self._reader.result(), provider=provider, request_id=self.request_id)
            self._end(Failure(cancelled), None)
        else:
            self._end(None, None)

    def _end(self, failure: Failure | None, of_streams: Failure | None) -> None:
        self._outcome.settle(None if failure is not None else self._reader.result(), failure)
        for log in (self._tokens, self._tool_events, self._events):
            log.end(of_streams)


class Ending:
    """An awaitable for the end of a run, whatever it is."""

    def __init__(self, run: AsyncCompletionRun) -> None:
        self._run = run

    def __await__(self) -> Any:
        return self._run.wait().__await__()
