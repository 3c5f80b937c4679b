"""The recorder's edge to httpx: a transport between a client and its real one.

The client gets every chunk at once; the recorder hears of it on the way. How a body died is told by what the real
transport raises.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any, Protocol

import httpx

from mock_server.cassette import Cut

__all__ = ["RecordingTransport", "Tape", "TapedTake"]


class TapedTake(Protocol):
    """One interaction while it happens: see :class:`mock_server.recorder.Take`."""

    @property
    def ended(self) -> bool: ...
    def respond(self, status: int, headers: list[tuple[str, str]], reason: str = "") -> None: ...
    def chunk(self, data: bytes) -> None: ...
    def end(self, cut: Cut = "") -> None: ...


class Tape(Protocol):
    """What hears of every request: see :class:`mock_server.recorder.Recorder`."""

    def begin(self, method: str, url: str, headers: list[tuple[str, str]], body: bytes) -> TapedTake: ...


class RecordingTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport for ``httpx.Client`` or ``httpx.AsyncClient``: sends through ``transport`` and tells ``tape``.

    With ``drain`` a response that its reader leaves early is read to its end for the recording.
    """

    def __init__(
        self, transport: httpx.BaseTransport | httpx.AsyncBaseTransport, tape: Tape, *, drain: bool = False
    ) -> None:
        self._transport: Any = transport
        self._tape = tape
        self._drain = drain

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See :class:`httpx.BaseTransport`."""
        take = self._begin(request, request.read())
        return self._listen(self._transport.handle_request(request), take)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See :class:`httpx.AsyncBaseTransport`."""
        take = self._begin(request, await request.aread())
        return self._listen(await self._transport.handle_async_request(request), take)

    def close(self) -> None:
        """Close the transport inside."""
        self._transport.close()

    async def aclose(self) -> None:
        """Close the transport inside."""
        await self._transport.aclose()

    def _begin(self, request: httpx.Request, body: bytes) -> TapedTake:
        return self._tape.begin(request.method, str(request.url), request.headers.multi_items(), body)

    def _listen(self, response: httpx.Response, take: TapedTake) -> httpx.Response:
        take.respond(response.status_code, response.headers.multi_items(), response.reason_phrase)
        response.stream = _Tee(response.stream, take, drain=self._drain)
        return response


class _Tee(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The stream of a response, passed on chunk by chunk; ``take`` hears of each, and once of the end."""

    def __init__(self, stream: Any, take: TapedTake, *, drain: bool) -> None:
        self._stream = stream
        self._rest: Any = None
        self._take = take
        self._drain = drain

    def __iter__(self) -> Iterator[bytes]:
        try:
            self._rest = iter(self._stream)
            for chunk in self._rest:
                self._take.chunk(chunk)
                yield chunk
        except httpx.TransportError as error:
            self._take.end(_cut_by(error))
            raise
        self._take.end()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            self._rest = aiter(self._stream)
            async for chunk in self._rest:
                self._take.chunk(chunk)
                yield chunk
        except httpx.TransportError as error:
            self._take.end(_cut_by(error))
            raise
        self._take.end()

    def close(self) -> None:
        if self._drain and not self._take.ended:
            with suppress(httpx.TransportError):
                for _ in self._left():
                    pass
        self._take.end("left")
        self._stream.close()

    async def aclose(self) -> None:
        if self._drain and not self._take.ended:
            with suppress(httpx.TransportError):
                async for _ in self._left_async():
                    pass
        self._take.end("left")
        await self._stream.aclose()

    def _left(self) -> Iterator[bytes]:
        """What the reader has not taken, told on the way."""
        rest = _Tee(self._stream if self._rest is None else self._rest, self._take, drain=False)
        return iter(rest)

    def _left_async(self) -> AsyncIterator[bytes]:
        rest = _Tee(self._stream if self._rest is None else self._rest, self._take, drain=False)
        return aiter(rest)


def _cut_by(error: httpx.TransportError) -> Cut:
    """How the body died: no word in time, an end before its end, or a connection that was lost."""
    if isinstance(error, httpx.TimeoutException):
        return "timeout"
    return "incomplete" if isinstance(error, httpx.RemoteProtocolError) else "reset"
