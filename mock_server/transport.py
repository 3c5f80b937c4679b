"""The stand-in without a socket: a transport for httpx and for httpx2, sync and async, that streams piece by piece.

httpx's own ASGI transport collects the whole stream before the caller sees any of it; this one does not.
"""

import sys
from collections.abc import AsyncIterator, Iterator
from types import ModuleType
from typing import Any

import httpx

from mock_server.clock import Clock
from mock_server.engine import Engine
from mock_server.pending import PendingReply
from mock_server.reply import ReplyPlan
from mock_server.routes import Routes

__all__ = ["MockTransport"]

CUT = "peer closed connection without sending complete message body (incomplete chunked read)"
RESET = "[Errno 104] Connection reset by peer"


class MockTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Give it to ``httpx.Client(transport=...)`` or ``httpx.AsyncClient(transport=...)``, or to those of httpx2.

    Any host will do: that of a provider's real API leads to that provider.
    """

    def __init__(self, engine: Engine) -> None:
        self._routes = Routes(engine)
        self._clock = engine.clock

    def handle_request(self, request: Any) -> Any:
        """Answer one request of a sync client."""
        library = _library_of(request)
        found = self._begin(request, request.read())
        plan = found.run() if isinstance(found, PendingReply) else found
        self._clock.sleep(plan.latency)
        return _response(library, plan, _sync_stream(library, plan, self._clock))

    async def handle_async_request(self, request: Any) -> Any:
        """Answer one request of an async client."""
        library = _library_of(request)
        found = self._begin(request, await request.aread())
        plan = await found.run_async() if isinstance(found, PendingReply) else found
        await self._clock.sleep_async(plan.latency)
        return _response(library, plan, _async_stream(library, plan, self._clock))

    def _begin(self, request: Any, body: bytes) -> ReplyPlan | PendingReply:
        target = request.url.raw_path.decode("latin-1")
        return self._routes.answer(request.method, target, dict(request.headers), body, request.url.host)


def _library_of(request: Any) -> ModuleType:
    """The library that made this request: its client accepts only its own responses and errors."""
    return sys.modules[type(request).__module__.partition(".")[0]]


def _response(library: Any, plan: ReplyPlan, stream: Any) -> Any:
    if plan.reset and not plan.chunks:
        raise library.ReadError(RESET)
    return library.Response(plan.status, headers=dict(plan.headers), stream=stream)


def _sync_stream(library: Any, plan: ReplyPlan, clock: Clock) -> Any:
    class Stream(library.SyncByteStream):  # type: ignore[misc]
        def __iter__(self) -> Iterator[bytes]:
            for chunk in plan.chunks:
                clock.sleep(chunk.delay)
                yield chunk.data
            if not plan.complete:
                raise library.ReadError(RESET) if plan.reset else library.RemoteProtocolError(CUT)

    return Stream()


def _async_stream(library: Any, plan: ReplyPlan, clock: Clock) -> Any:
    class Stream(library.AsyncByteStream):  # type: ignore[misc]
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for chunk in plan.chunks:
                await clock.sleep_async(chunk.delay)
                yield chunk.data
            if not plan.complete:
                raise library.ReadError(RESET) if plan.reset else library.RemoteProtocolError(CUT)

    return Stream()
