"""The lane under vcrpy, for adapters that make a client of their own and cannot be sent elsewhere."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import httpx
from vcr.cassette import Cassette  # type: ignore[import-untyped]
from vcr.record_mode import RecordMode  # type: ignore[import-untyped]

from conformance.lanes import Sight, refuse
from conformance.replay import Answer, Performance
from llm_sdk.codec import Codec, WireRequest

__all__ = ["Patched"]


class Patched:
    """A :class:`~conformance.lanes.Lane` of vcrpy, which replaces the insides of httpx, httpx2, requests, urllib3,
    aiohttp and others.

    vcrpy hands over whole bodies, so that nothing of how they arrive can be shown: neither chunks nor their ends.
    """

    name = "patched"
    shows: frozenset[Sight] = frozenset()
    http_client: httpx.AsyncClient | None = None
    closings = 0

    def __init__(self) -> None:
        self.performances: list[Performance] = []
        _Patches.take()

    def base_url(self, codec: Codec) -> str:
        return codec.endpoint.base_url

    def play(self, answer: Answer) -> None:
        self.performances = []
        _Patches.answers.lane, _Patches.answers.answer = self, answer

    def close(self) -> None:
        _Patches.let_go()


class _Patches:
    """The patches are one for the whole process: the lane that plays has its requests. They go when all lanes have."""

    lanes = 0
    stack = ExitStack()
    answers: "_Answers"

    @classmethod
    def take(cls) -> None:
        if not cls.lanes:
            cls.answers = cls.stack.enter_context(_Answers.use(path="conformance", record_mode=RecordMode.NONE))
        cls.lanes += 1

    @classmethod
    def let_go(cls) -> None:
        cls.lanes -= 1
        if not cls.lanes:
            cls.stack.close()


class _Answers(Cassette):  # type: ignore[misc]  # vcrpy has no types
    """A cassette that asks for the answer to each request in place of reading it from a file."""

    answer: Answer = staticmethod(refuse)
    lane: Patched | None = None

    def _load(self) -> None:
        """There is no file."""

    def _save(self, force: bool = False) -> None:
        """Nothing is ever recorded."""

    def can_play_response_for(self, request: Any) -> bool:  # noqa: ARG002 - as vcrpy calls it
        """Every request has an answer, and so none is ever sent."""
        return True

    def play_response(self, request: Any) -> dict[str, Any]:
        """The answer in vcrpy's form."""
        sent = _wire_request(request)
        playback = self.answer(sent)
        if self.lane is not None:
            self.lane.performances.append(Performance(sent, playback, taken=len(playback.chunks), closed=True))
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
