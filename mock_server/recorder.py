"""Records what passes through an httpx client, chunk by chunk, without holding anything back.

:class:`RecordingTransport` stands between a client and its real transport. The client gets every chunk at once; the
recorder notes where it began. A stream that dies, or that its reader leaves, is recorded too, and marked as cut.
Secrets never reach the disk: only headers on a list are kept, keys in an address are dropped, and a cassette in which a
known secret or anything that looks like a key is found is not written.
"""

import gzip
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from mock_server.cassette import (
    Cassette,
    CassetteError,
    Interaction,
    RecordedRequest,
    RecordedResponse,
    RecordingNote,
    dump_cassette,
    load_cassette,
    write_whole,
)

__all__ = ["Recorder", "RecordingTransport", "save_cassette"]

REQUEST_HEADERS = re.compile(r"accept|accept-encoding|content-type|[a-z-]+-(version|beta)")
RESPONSE_HEADERS = re.compile(
    r"content-type|content-encoding|retry-after|retry-after-ms|x-should-retry|[a-z-]+-version|x-api-warning|"
    r"([a-z]+-)*(request|correlation|trace)-id"
)
QUERY = frozenset({"alt", "api-version", "beta"})
KEY = re.compile(
    rb"(?<![\w-])(sk-[\w-]{20,}|AIza[\w-]{35}|gsk_\w{20,}|xai-\w{20,}|Bearer\s+[\w.-]{20,}|eyJ[\w-]{20,}\.)"
)


class Recorder:
    """Collects interactions.

    ``recorded`` says who answers (see :class:`~mock_server.cassette.RecordingNote`), ``recorded_at`` when, in ISO 8601.
    ``rename`` turns the address that was called into the one to be written: a mock server's port is worth nothing
    later.
    """

    def __init__(self, *, recorded: str, recorded_at: str, rename: Callable[[str], str] = str) -> None:
        self.interactions: list[Interaction] = []
        self._recorded = recorded
        self._recorded_at = recorded_at
        self._rename = rename

    def cassette(self) -> Cassette:
        """Everything recorded so far."""
        return Cassette(tuple(self.interactions))

    def add(
        self, request: httpx.Request, body: bytes, response: httpx.Response, chunks: list[bytes], cut: bool
    ) -> None:
        """Note one interaction; ``body`` is the request's, ``cut`` whether the response ended before its end."""
        whole = b"".join(chunks)
        offsets, at = [], 0
        for chunk in chunks:
            if chunk and at:
                offsets.append(at)
            at += len(chunk)
        note = RecordingNote(
            self._recorded, self._recorded_at, hashlib.sha256(whole).hexdigest(), tuple(offsets), truncated=cut
        )
        self.interactions.append(
            Interaction(
                RecordedRequest(
                    request.method,
                    self._rename(_without_secrets(request.url)),
                    body,
                    _kept(request.headers, REQUEST_HEADERS),
                ),
                RecordedResponse(
                    response.status_code, whole, _kept(response.headers, RESPONSE_HEADERS), response.reason_phrase, note
                ),
            )
        )


class RecordingTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport for ``httpx.Client`` or ``httpx.AsyncClient``: sends through ``transport`` and tells ``recorder``.

    With ``drain`` a response that its reader leaves early is read to its end for the recording.
    """

    def __init__(
        self, transport: httpx.BaseTransport | httpx.AsyncBaseTransport, recorder: Recorder, *, drain: bool = False
    ) -> None:
        self._transport: Any = transport
        self._recorder = recorder
        self._drain = drain

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See :class:`httpx.BaseTransport`."""
        body = request.read()
        response: httpx.Response = self._transport.handle_request(request)
        response.stream = _Tee(response, partial(self._recorder.add, request, body, response), drain=self._drain)
        return response

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See :class:`httpx.AsyncBaseTransport`."""
        body = await request.aread()
        response: httpx.Response = await self._transport.handle_async_request(request)
        response.stream = _Tee(response, partial(self._recorder.add, request, body, response), drain=self._drain)
        return response

    def close(self) -> None:
        """Close the transport inside."""
        self._transport.close()

    async def aclose(self) -> None:
        """Close the transport inside."""
        await self._transport.aclose()


class _Tee(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The stream of a response, passed on chunk by chunk; ``tell`` hears of it once, however it ends."""

    def __init__(self, response: httpx.Response, tell: Callable[..., None], *, drain: bool) -> None:
        self._stream: Any = response.stream
        self._rest: Any = None
        self._chunks: list[bytes] = []
        self._tell: Callable[..., None] | None = tell
        self._drain = drain

    def __iter__(self) -> Iterator[bytes]:
        self._rest = iter(self._stream)
        for chunk in self._rest:
            self._chunks.append(chunk)
            yield chunk
        self._end(cut=False)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self._rest = aiter(self._stream)
        async for chunk in self._rest:
            self._chunks.append(chunk)
            yield chunk
        self._end(cut=False)

    def close(self) -> None:
        if self._drain and self._tell is not None:
            with suppress(httpx.TransportError):
                self._chunks.extend(self._stream if self._rest is None else self._rest)
                self._end(cut=False)
        self._end(cut=True)
        self._stream.close()

    async def aclose(self) -> None:
        if self._drain and self._tell is not None:
            with suppress(httpx.TransportError):
                async for chunk in self._stream if self._rest is None else self._rest:
                    self._chunks.append(chunk)
                self._end(cut=False)
        self._end(cut=True)
        await self._stream.aclose()

    def _end(self, *, cut: bool) -> None:
        tell, self._tell = self._tell, None
        if tell is not None:
            tell(self._chunks, cut=cut)


def save_cassette(path: Path, cassette: Cassette, *, secrets: Sequence[str] = ()) -> bool:
    """Write a cassette, whole or not at all, and say whether the file has changed.

    A recording that differs from the file only in when it was made, or in where its chunks began, leaves the file as it
    is. Raises CassetteError, and writes nothing, where one of the ``secrets`` or anything like a key stands in it.
    """
    for at, interaction in enumerate(cassette.interactions):
        _refuse_secrets(interaction, f"{path}: interactions[{at}]", secrets)
    text = dump_cassette(cassette)
    if path.exists() and _said(load_cassette(path)) == _said(cassette):
        return False
    write_whole(path, text)
    return True


def _said(cassette: Cassette) -> list[Interaction]:
    """What a cassette says, apart from when and in which chunks."""
    return [
        replace(interaction, response=replace(interaction.response, note=_who(interaction.response.note)))
        for interaction in cassette.interactions
    ]


def _who(note: RecordingNote | None) -> RecordingNote | None:
    return note and replace(note, recorded_at="", chunk_offsets=())


def _refuse_secrets(interaction: Interaction, where: str, secrets: Sequence[str]) -> None:
    request, response = interaction.request, interaction.response
    places = {
        "request.uri": request.uri.encode(),
        "request.headers": repr(request.headers).encode(),
        "request.body": request.body,
        "response.headers": repr(response.headers).encode(),
        "response.body": _plain(response.body),
    }
    for name, content in places.items():
        if any(secret.encode() in content for secret in secrets if secret):
            raise CassetteError(f"{where}.{name} holds a secret; nothing was written")
        if KEY.search(content):
            raise CassetteError(f"{where}.{name} holds what looks like a key; nothing was written")


def _plain(body: bytes) -> bytes:
    try:
        return gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
    except (OSError, EOFError):
        return body


def _without_secrets(url: httpx.URL) -> str:
    kept = httpx.QueryParams(tuple(item for item in url.params.multi_items() if item[0] in QUERY))
    return str(url.copy_with(username=None, password=None, query=str(kept).encode() or None, fragment=None))


def _kept(headers: httpx.Headers, allowed: re.Pattern[str]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(headers.get_list(name)) for name in sorted(set(headers.keys())) if allowed.fullmatch(name)}
