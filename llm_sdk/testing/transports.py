"""Fakes for HTTP clients that keep what the ready-made ones lose: chunk boundaries, and whether a stream was closed.

httpx's own ``ASGITransport`` joins a body into one chunk, and its ``MockTransport`` says nothing of closing.
"""

import inspect
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import httpx

__all__ = ["ChunkedTransport", "FakeExchange", "FakeReply"]

Step: TypeAlias = bytes | Exception | Callable[[], Any]
"""Of a body: a chunk, an exception to raise, or something to call, and to await where it has to be, before going on."""


@dataclass(frozen=True)
class FakeReply:
    """An answer. A ``body`` of several steps is a stream; an exception of httpx is raised as the client's library has
    it, so that one reply serves clients of httpx2 too.
    """

    status: int = 200
    body: bytes | Sequence[Step] = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def stream(cls, *steps: Step, content_type: str = "text/event-stream") -> "FakeReply":
        """A 200 answer of server-sent events."""
        return cls(200, steps, {"content-type": content_type})

    @property
    def steps(self) -> Sequence[Step]:
        return [self.body] if isinstance(self.body, bytes) else self.body


@dataclass
class FakeExchange:
    """What became of one request: ``taken`` counts the chunks that the client has read."""

    request: Any
    reply: FakeReply | Exception
    taken: int = 0
    closed: bool = False


Answer: TypeAlias = FakeReply | Exception
Answers: TypeAlias = Callable[[Any], Answer] | Sequence[Answer]


class ChunkedTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport for ``httpx.Client`` and ``httpx.AsyncClient``, and for those of httpx2.

    ``answers`` is a list, taken one a request, or a function of the request; an exception among them is raised in
    place of an answer. ``exchanges`` records what was asked and how it ended.
    """

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self.exchanges: list[FakeExchange] = []

    @property
    def requests(self) -> list[Any]:
        """The requests so far, read to their end."""
        return [exchange.request for exchange in self.exchanges]

    @property
    def all_closed(self) -> bool:
        """Whether no answer is still open."""
        return all(exchange.closed for exchange in self.exchanges)

    def handle_request(self, request: Any) -> Any:
        """See :meth:`httpx.BaseTransport.handle_request`."""
        request.read()
        return self._respond(request)

    async def handle_async_request(self, request: Any) -> Any:
        """See :meth:`httpx.AsyncBaseTransport.handle_async_request`."""
        await request.aread()
        return self._respond(request)

    def _respond(self, request: Any) -> Any:
        library = _library(request)
        if callable(self._answers):
            reply = self._answers(request)
        elif len(self.exchanges) < len(self._answers):
            reply = self._answers[len(self.exchanges)]
        else:
            raise AssertionError(f"request {len(self.exchanges) + 1}, but only {len(self._answers)} answers are given")
        exchange = FakeExchange(request, reply)
        self.exchanges.append(exchange)
        if isinstance(reply, Exception):
            exchange.closed = True
            raise _translate(reply, library)
        stream = _stream_class(library)(exchange, reply)
        return library.Response(reply.status, headers=dict(reply.headers), stream=stream, request=request)


class _Stream:
    """The body of a fake answer; mixed with the stream classes of a library, which its clients insist on."""

    def __init__(self, exchange: FakeExchange, reply: FakeReply) -> None:
        self._exchange = exchange
        self._reply = reply

    def __iter__(self) -> Iterator[bytes]:
        for step in self._reply.steps:
            if isinstance(step, bytes):
                self._exchange.taken += 1
                yield step
            elif isinstance(step, Exception):
                raise _translate(step, _library(self._exchange.request))
            else:
                step()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for step in self._reply.steps:
            if isinstance(step, bytes):
                self._exchange.taken += 1
                yield step
            elif isinstance(step, Exception):
                raise _translate(step, _library(self._exchange.request))
            elif inspect.isawaitable(waiting := step()):
                await waiting

    def close(self) -> None:
        self._exchange.closed = True

    async def aclose(self) -> None:
        self._exchange.closed = True


def _library(request: Any) -> Any:
    return sys.modules[type(request).__module__.partition(".")[0]]


def _translate(error: Exception, library: Any) -> Exception:
    """An exception of httpx as another library names it; any other as it is."""
    kind = type(error)
    if kind.__module__.partition(".")[0] != "httpx" or library is httpx:
        return error
    other: type[Exception] = getattr(library, kind.__name__)
    translated = other.__new__(other, *error.args)
    translated.__dict__.update(vars(error))
    return translated


_stream_classes: dict[str, type[_Stream]] = {}


def _stream_class(library: Any) -> type[_Stream]:
    name: str = library.__name__
    if name not in _stream_classes:
        _stream_classes[name] = type("FakeStream", (_Stream, library.SyncByteStream, library.AsyncByteStream), {})
    return _stream_classes[name]
