"""The stand-in without a socket: a transport for httpx and for httpx2, sync and async, that streams piece by piece.

httpx's own ASGI transport collects the whole stream before the caller sees any of it; this one does not.
"""

import sys
from collections.abc import AsyncIterator, Iterator
from functools import cache
from typing import Any, Self

from mock_server.clock import Clock
from mock_server.engine import Engine
from mock_server.pending import PendingReply
from mock_server.reply import ReplyPlan
from mock_server.routes import Routes

__all__ = ["MockTransport"]

CUT = "peer closed connection without sending complete message body (incomplete chunked read)"
RESET = "[Errno 104] Connection reset by peer"


class MockTransport:
    """Give it to ``httpx.Client(transport=...)`` or ``httpx.AsyncClient(transport=...)``, or to those of httpx2.

    Any host will do: that of a provider's real API leads to that provider. It has what the transports of both libraries
    have, and is made of neither: some clients refuse what comes from the library that is not theirs.
    """

    def __init__(self, engine: Engine) -> None:
        self._routes = Routes(engine)
        self._clock = engine.clock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None: ...

    def close(self) -> None:
        """Nothing is open."""

    async def aclose(self) -> None:
        """Nothing is open."""

    def handle_request(self, request: Any) -> Any:
        """Answer one request of a sync client."""
        plan = self._run(request)
        self._clock.sleep(plan.latency)
        return _response(request, plan, self._clock)

    async def handle_async_request(self, request: Any) -> Any:
        """Answer one request of an async client."""
        found = self._begin(request, await request.aread())
        plan = await found.run_async() if isinstance(found, PendingReply) else found
        await self._clock.sleep_async(plan.latency)
        return _response(request, plan, self._clock)

    def side_effect(self, request: Any) -> Any:
        """The answer for whoever does not say whether the client is sync, as respx does not: delays that come before
        the status line come before the first byte of the body instead."""
        plan = self._run(request)
        return _response(request, plan, self._clock, wait=plan.latency)

    def _run(self, request: Any) -> ReplyPlan:
        found = self._begin(request, request.read())
        return found.run() if isinstance(found, PendingReply) else found

    def _begin(self, request: Any, body: bytes) -> ReplyPlan | PendingReply:
        target = request.url.raw_path.decode("latin-1")
        return self._routes.answer(request.method, target, dict(request.headers), body, request.url.host)


def _response(request: Any, plan: ReplyPlan, clock: Clock, *, wait: float = 0.0) -> Any:
    """The answer, as the library that made this request has it: its client accepts only its own."""
    library: Any = sys.modules[type(request).__module__.partition(".")[0]]
    if plan.reset and not plan.chunks:
        raise library.ReadError(RESET)
    stream = _stream_of(library)(plan, clock, wait)
    return library.Response(plan.status, headers=dict(plan.headers), stream=stream)


@cache
def _stream_of(library: Any) -> Any:
    """The class of bodies for clients of this library, sync and async, that come piece by piece."""

    class Stream(library.SyncByteStream, library.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, plan: ReplyPlan, clock: Clock, wait: float) -> None:
            self._plan, self._clock, self._wait = plan, clock, wait
            self._ended = False

        def __iter__(self) -> Iterator[bytes]:
            self._clock.sleep(self._wait)
            for chunk in self._plan.chunks:
                self._clock.sleep(chunk.delay)
                yield chunk.data
            self._end()

        async def __aiter__(self) -> AsyncIterator[bytes]:
            await self._clock.sleep_async(self._wait)
            for chunk in self._plan.chunks:
                await self._clock.sleep_async(chunk.delay)
                yield chunk.data
            self._end()

        def close(self) -> None:
            if not self._ended and self._plan.on_left is not None:
                self._plan.on_left()
            self._ended = True

        async def aclose(self) -> None:
            self.close()

        def _end(self) -> None:
            self._ended = True
            if not self._plan.complete:
                raise library.ReadError(RESET) if self._plan.reset else library.RemoteProtocolError(CUT)

    return Stream
