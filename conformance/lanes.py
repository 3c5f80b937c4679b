"""The lanes on which answers come before an adapter: through its httpx client, under vcrpy, or over a socket.

They differ in what they can show of an exchange. A check names what it needs of that with
:func:`conformance.marks.lane_shows`, and is not judged on a lane that cannot show it.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any, Literal, Protocol, TypeAlias
from urllib.parse import urlsplit

import httpx
from vcr.cassette import Cassette  # type: ignore[import-untyped]
from vcr.record_mode import RecordMode  # type: ignore[import-untyped]

from conformance.replay import Answer, Performance, Playback, ReplayTransport
from conformance.replay_server import ReplayServer
from llm_sdk.codec import Codec, WireRequest

__all__ = ["LANES", "InProcess", "Lane", "Loopback", "Patched", "Sight", "open_lane"]

Sight: TypeAlias = Literal["chunks", "compression", "endings", "holding", "closing", "waiting"]
"""What a lane can show: where the chunks of an answer are cut, a compressed body, a connection that is refused or lost,
an answer that is held back, whether the client closes the response, and that no answer comes in time."""
EVERYTHING: frozenset[Sight] = frozenset({"chunks", "compression", "endings", "holding", "closing", "waiting"})


class Lane(Protocol):
    """A way to put answers before an adapter. ``shows`` is what of them it can show."""

    name: str
    shows: frozenset[Sight]
    http_client: httpx.AsyncClient | None

    @property
    def performances(self) -> list[Performance]:
        """Everything that was asked so far."""
        ...

    def base_url(self, codec: Codec) -> str:
        """Where the adapter shall send its requests."""
        ...

    def play(self, answer: Answer) -> None:
        """Answer so from now on, and forget what was asked."""
        ...

    def close(self) -> None:
        """Stop."""
        ...


def _refuse(_: WireRequest) -> Playback:
    return Playback(ending="refused")


class InProcess:
    """Through the adapter's httpx client: every chunk arrives exactly as it is played."""

    name = "in-process"
    shows = EVERYTHING

    def __init__(self) -> None:
        self._transport = ReplayTransport(_refuse)
        self.http_client: httpx.AsyncClient | None = httpx.AsyncClient(transport=_as_transport(self._transport))

    @property
    def performances(self) -> list[Performance]:
        return self._transport.performances

    def base_url(self, codec: Codec) -> str:
        return codec.endpoint.base_url

    def play(self, answer: Answer) -> None:
        self._transport.answer = answer
        self._transport.performances = []

    def close(self) -> None:
        """The client holds nothing that needs closing."""


def _as_transport(transport: ReplayTransport) -> Any:
    return transport


class Loopback:
    """Over a socket of this machine: for adapters on any other HTTP client, or in any other language."""

    name = "socket"
    shows = EVERYTHING - {"waiting"}
    http_client: httpx.AsyncClient | None = None

    def __init__(self) -> None:
        self._server = ReplayServer(_refuse)
        self._server.start()

    @property
    def performances(self) -> list[Performance]:
        return self._server.performances

    def base_url(self, codec: Codec) -> str:
        return self._server.origin + codec.endpoint.root

    def play(self, answer: Answer) -> None:
        self._server.answer = answer
        self._server.performances = []

    def close(self) -> None:
        self._server.stop()


class Patched:
    """Under vcrpy, which replaces the insides of httpx, httpx2, requests, urllib3, aiohttp and others: for adapters
    that make a client of their own and cannot be sent elsewhere.

    vcrpy hands over whole bodies, so that nothing of how they arrive can be shown: neither chunks nor their ends.
    """

    name = "patched"
    shows: frozenset[Sight] = frozenset()
    http_client: httpx.AsyncClient | None = None

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._cassette = self._stack.enter_context(_Answers.use(path="conformance", record_mode=RecordMode.NONE))

    @property
    def performances(self) -> list[Performance]:
        found: list[Performance] = self._cassette.performances
        return found

    def base_url(self, codec: Codec) -> str:
        return codec.endpoint.base_url

    def play(self, answer: Answer) -> None:
        self._cassette.answer = answer
        self._cassette.performances = []

    def close(self) -> None:
        self._stack.close()


class _Answers(Cassette):  # type: ignore[misc]  # vcrpy has no types
    """A cassette that asks for the answer to each request in place of reading it from a file."""

    answer: Answer = staticmethod(_refuse)
    performances: list[Performance]

    def _load(self) -> None:
        self.performances = []

    def _save(self, force: bool = False) -> None:
        """Nothing is ever recorded."""

    def can_play_response_for(self, request: Any) -> bool:  # noqa: ARG002 - as vcrpy calls it
        """Every request has an answer, and so none is ever sent."""
        return True

    def play_response(self, request: Any) -> dict[str, Any]:
        """The answer in vcrpy's form."""
        sent = _wire_request(request)
        playback = self.answer(sent)
        self.performances.append(Performance(sent, playback, taken=len(playback.chunks), closed=True))
        return {
            "status": {"code": playback.status, "message": ""},
            "headers": {name: [value] for name, value in playback.headers.items()},
            "body": {"string": b"".join(playback.chunks)},
        }


def _wire_request(request: Any) -> WireRequest:
    """A request as vcrpy noted it: a body may be a value that the client would have written as JSON."""
    parts = urlsplit(request.uri)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return WireRequest(request.method, path, _bytes_of(request.body), dict(_headers_of(request.headers)))


def _headers_of(headers: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    for name, value in headers.items():
        last = value[-1] if isinstance(value, list | tuple) else value
        yield _text(name), _text(last)


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _bytes_of(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, dict | list):
        return json.dumps(body).encode()
    return b"".join(map(_bytes_of, body))


LANES: dict[str, type[InProcess | Patched | Loopback]] = {lane.name: lane for lane in (InProcess, Patched, Loopback)}
"""The values of ``--transport``."""


def open_lane(name: str) -> Lane:
    """The lane of this name, to be closed by the caller."""
    return LANES[name]()
