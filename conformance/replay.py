"""Answers put before a client in exactly the chunks that are wanted, through its own httpx client.

A :class:`Playback` is one answer: status, headers, chunks, and how it ends. A transport asks its ``answer`` for the
playback of each request, and writes down what was asked and how far the answer was read.
"""

import asyncio
import itertools
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any, Literal, TypeAlias

from llm_sdk.codec import WireRequest
from mock_server.recordings import Exchange

__all__ = [
    "Answer",
    "Ending",
    "Hold",
    "Performance",
    "Playback",
    "ReplayTransport",
    "playback_of",
    "recorded_chunks",
]

Ending: TypeAlias = Literal["complete", "reset", "refused", "timeout"]
NOT_REPLAYED = frozenset({"content-length", "transfer-encoding", "content-encoding", "connection"})
LONGEST_HOLD = 2.0


class Hold:
    """Keeps an answer back before its chunk number ``before`` until :meth:`release`, or for two seconds."""

    def __init__(self, before: int) -> None:
        self.before = before
        self.expired = False
        self._released = threading.Event()

    def release(self) -> None:
        """Let the rest of the answer go."""
        self._released.set()

    def wait(self, give_up: Callable[[], bool] = lambda: False) -> None:
        """Wait in place; ``give_up`` says that nobody listens any more."""
        end = time.monotonic() + LONGEST_HOLD
        while not self._released.wait(0.005):
            if give_up():
                return
            if time.monotonic() > end:
                self.expired = True
                return

    async def wait_async(self) -> None:
        """The same, for an event loop."""
        await asyncio.get_running_loop().run_in_executor(None, self.wait)


@dataclass(frozen=True, slots=True)
class Playback:
    """One answer. ``ending``: ``complete``, or ``reset`` when the connection is lost after the last chunk; ``refused``
    and ``timeout`` come in place of an answer. ``interleaved`` lets other calls go on between its chunks."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    chunks: Sequence[bytes] = ()
    ending: Ending = "complete"
    hold: Hold | None = None
    interleaved: bool = False


Answer: TypeAlias = Callable[[WireRequest], Playback]


@dataclass(slots=True)
class Performance:
    """How one answer went: the request, how many chunks were taken, and whether the client closed the response. ``url``
    is the whole address, where the lane sees one."""

    request: WireRequest
    playback: Playback
    taken: int = 0
    closed: bool = False
    url: str = ""

    @property
    def is_held(self) -> bool:
        """Whether the answer has come to where it is held back."""
        hold = self.playback.hold
        return hold is not None and self.taken >= hold.before

    def is_closed_soon(self) -> bool:
        """Whether the client closes the response, given two seconds for it."""
        end, clock = time.monotonic() + LONGEST_HOLD, threading.Event()
        while not self.closed and time.monotonic() < end:
            clock.wait(0.005)
        return self.closed


def recorded_chunks(exchange: Exchange) -> list[bytes]:
    """The body in the chunks in which it was recorded; whole where that was not noted."""
    offsets = exchange.metadata.get("chunk_offsets") or ()
    edges = [0, *(at for at in offsets if 0 < at < len(exchange.response_body)), len(exchange.response_body)]
    return [exchange.response_body[start:end] for start, end in itertools.pairwise(edges)]


def playback_of(
    exchange: Exchange,
    chunks: Iterable[bytes] | None = None,
    ending: Ending | None = None,
    hold: Hold | None = None,
) -> Playback:
    """The recorded answer, in other ``chunks`` and with another ``ending`` where they are given."""
    headers = {name: value for name, value in exchange.response_headers.items() if name not in NOT_REPLAYED}
    return Playback(
        exchange.status,
        headers,
        tuple(recorded_chunks(exchange) if chunks is None else chunks),
        ending or ("reset" if exchange.truncated else "complete"),
        hold,
    )


class ReplayTransport:
    """A transport for the clients of httpx and httpx2, asynchronous or not, that never touches a network."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.performances: list[Performance] = []

    async def handle_async_request(self, request: Any) -> Any:
        """See ``httpx.AsyncBaseTransport``; ``request`` is of either library."""
        return self._perform(request, await request.aread())

    def handle_request(self, request: Any) -> Any:
        """See ``httpx.BaseTransport``."""
        return self._perform(request, request.read())

    def close(self) -> None:
        """Nothing is held."""

    async def aclose(self) -> None:
        """Nothing is held."""

    async def __aenter__(self) -> "ReplayTransport":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __enter__(self) -> "ReplayTransport":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _perform(self, request: Any, body: bytes) -> Any:
        library = sys.modules[type(request).__module__.partition(".")[0]]
        sent = WireRequest(request.method, request.url.raw_path.decode("ascii"), body, dict(request.headers))
        performance = Performance(sent, self.answer(sent), url=str(request.url))
        self.performances.append(performance)
        playback = performance.playback
        if playback.ending == "refused":
            performance.closed = True
            raise library.ConnectError("All connection attempts failed", request=request)
        if playback.ending == "timeout":
            performance.closed = True
            raise library.ReadTimeout("no answer in time", request=request)
        stream = _stream_class(library)(library, performance)
        return library.Response(playback.status, headers=dict(playback.headers), stream=stream)


class _ReplayedStream:
    """The body of a replayed response. It is made a stream of its library in :func:`_stream_class`."""

    def __init__(self, library: ModuleType, performance: Performance) -> None:
        self._library = library
        self._performance = performance

    def __iter__(self) -> Iterator[bytes]:
        for at, chunk in enumerate(self._performance.playback.chunks):
            if (hold := self._performance.playback.hold) is not None and hold.before == at:
                hold.wait()
            self._performance.taken = at + 1
            yield chunk
        self._end()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for at, chunk in enumerate(self._performance.playback.chunks):
            if (hold := self._performance.playback.hold) is not None and hold.before == at:
                await hold.wait_async()
            if self._performance.playback.interleaved:
                await asyncio.sleep(0)
            self._performance.taken = at + 1
            yield chunk
        self._end()

    def _end(self) -> None:
        if self._performance.playback.ending == "reset":
            raise self._library.RemoteProtocolError("peer closed connection without sending complete message body")

    def close(self) -> None:
        self._performance.closed = True

    async def aclose(self) -> None:
        self._performance.closed = True


@cache
def _stream_class(library: ModuleType) -> Any:
    bases = (_ReplayedStream, library.SyncByteStream, library.AsyncByteStream)
    return type("ReplayedStream", bases, {})
