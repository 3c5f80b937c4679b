"""Flows, driven over an exchange: what a flow yields is done, and what came of it is sent back in."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Generator, Iterator
from types import TracebackType
from typing import Self, TypeVar

from llm_sdk.deltas import PartialModelResponse
from llm_sdk.flow import Flow, ResponseReader
from llm_sdk.tracing import CallSpan
from llm_sdk.transport import AsyncExchange, Exchange
from llm_sdk.types import ModelResponse

__all__ = ["AsyncResponseStream", "ResponseStream", "generate", "generate_sync", "stream", "stream_sync"]

T = TypeVar("T")


async def _drive(flow: Flow[T], exchange: AsyncExchange, span: CallSpan) -> T:
    reply = None
    with span.active():
        while True:
            try:
                command = flow.send(reply)
            except StopIteration as finished:
                result: T = finished.value
                return result
            reply = await exchange.perform(command)


def _drive_sync(flow: Flow[T], exchange: Exchange, span: CallSpan) -> T:
    reply = None
    with span.active():
        while True:
            try:
                command = flow.send(reply)
            except StopIteration as finished:
                result: T = finished.value
                return result
            reply = exchange.perform(command)


async def generate(flow: Flow[ModelResponse], exchange: AsyncExchange, span: CallSpan) -> ModelResponse:
    """The answer of a flow; nothing stays open, even when the task is cancelled."""
    with span:
        try:
            return span.record(await _drive(flow, exchange, span))
        finally:
            await exchange.close()


def generate_sync(flow: Flow[ModelResponse], exchange: Exchange, span: CallSpan) -> ModelResponse:
    """The same, waiting in place."""
    with span:
        try:
            return span.record(_drive_sync(flow, exchange, span))
        finally:
            exchange.close()


async def stream(
    flow: Flow[ResponseReader], exchange: AsyncExchange, span: CallSpan
) -> AsyncGenerator[PartialModelResponse, None]:
    """The partial responses of a flow. The connection is closed when the generator ends, however it ends."""
    with span:
        try:
            reader = span.watch(await _drive(flow, exchange, span))
            while isinstance(chunk := await exchange.next_chunk(), bytes):
                for partial in reader.feed(chunk):
                    yield partial
            for partial in reader.close(chunk):
                yield partial
        finally:
            await exchange.close()


def stream_sync(
    flow: Flow[ResponseReader], exchange: Exchange, span: CallSpan
) -> Generator[PartialModelResponse, None, None]:
    """The same, waiting in place."""
    with span:
        try:
            reader = span.watch(_drive_sync(flow, exchange, span))
            while isinstance(chunk := exchange.next_chunk(), bytes):
                yield from reader.feed(chunk)
            yield from reader.close(chunk)
        finally:
            exchange.close()


class AsyncResponseStream(AsyncIterator[PartialModelResponse]):
    """The partial responses of one call.

    Its end, an error, a cancelled task, ``aclose`` and the end of an ``async with`` block close the connection at
    once. A ``break`` alone does so when nobody holds the stream any more, at the next turn of the event loop: that is
    right after ``async for partial in model.stream(...)``, and where the stream has a name when the name goes.
    """

    def __init__(self, partials: AsyncGenerator[PartialModelResponse, None]) -> None:
        self._partials = partials

    def __anext__(self) -> Awaitable[PartialModelResponse]:
        return self._partials.__anext__()

    async def aclose(self) -> None:
        """Close the connection; there are no more partials after it."""
        await self._partials.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()


class ResponseStream(Iterator[PartialModelResponse]):
    """The same, waiting in place. After a ``break`` the connection is closed when nobody holds the stream any more."""

    def __init__(self, partials: Generator[PartialModelResponse, None, None]) -> None:
        self._partials = partials

    def __next__(self) -> PartialModelResponse:
        return next(self._partials)

    def close(self) -> None:
        """Close the connection; there are no more partials after it."""
        self._partials.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
