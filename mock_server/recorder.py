"""Records what passes between a client and a provider, chunk by chunk. No I/O: an edge tells it what came.

    take = recorder.begin("POST", url, headers, body)
    take.respond(200, headers, "OK")
    take.chunk(b"...")
    take.end()                     # or take.end(cut="reset"), where the body died

A stream that dies, or that its reader leaves, is recorded with what came of it, and says how it was cut. Secrets never
reach the disk (see :mod:`mock_server.scrub`).
"""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mock_server.cassette import (
    Cassette,
    CassetteError,
    Cut,
    Interaction,
    RecordedRequest,
    RecordedResponse,
    RecordingNote,
    dump_cassette,
    load_cassette,
    write_whole,
)
from mock_server.scrub import kept_request_headers, kept_response_headers, kept_url, refuse_leaks

__all__ = ["Recorder", "Take", "is_same_recording", "save_cassette"]

Headers = Iterable[tuple[str, str]]


class Recorder:
    """Collects interactions, in the order in which they end.

    ``recorded`` says who answers (see :class:`~mock_server.cassette.RecordingNote`), ``recorded_at`` when, in ISO 8601.
    ``rename`` turns the address that was called into the one to be written: a mock server's port is worth nothing
    later. ``clock`` tells seconds, for the times at which chunks came; without one they are not noted.
    ``on_recorded`` hears of each interaction as it ends.
    """

    def __init__(
        self,
        *,
        recorded: str,
        recorded_at: str,
        rename: Callable[[str], str] = str,
        clock: Callable[[], float] | None = None,
        on_recorded: Callable[[Interaction], object] | None = None,
    ) -> None:
        self.interactions: list[Interaction] = []
        self._recorded = recorded
        self._recorded_at = recorded_at
        self._rename = rename
        self._clock = clock
        self._on_recorded = on_recorded

    def cassette(self) -> Cassette:
        """Everything recorded so far."""
        return Cassette(tuple(self.interactions))

    def begin(self, method: str, url: str, headers: Headers, body: bytes) -> "Take":
        """A request goes out."""
        request = RecordedRequest(method, self._rename(kept_url(url)), body, kept_request_headers(headers))
        return Take(request, self._add, self._clock)

    def _add(
        self,
        request: RecordedRequest,
        response: RecordedResponse,
        chunks: list[bytes],
        times: tuple[float, ...],
        cut: Cut,
    ) -> None:
        whole = b"".join(chunks)
        offsets = tuple(itertools.accumulate(map(len, chunks[:-1])))
        digest = hashlib.sha256(whole).hexdigest()
        note = RecordingNote(self._recorded, self._recorded_at, digest, offsets, bool(cut), cut, times)
        interaction = Interaction(request, replace(response, body=whole, note=note))
        self.interactions.append(interaction)
        if self._on_recorded is not None:
            self._on_recorded(interaction)


class Take:
    """One interaction while it happens."""

    def __init__(
        self,
        request: RecordedRequest,
        tell: Callable[[RecordedRequest, RecordedResponse, list[bytes], tuple[float, ...], Cut], None],
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._request = request
        self._response: RecordedResponse | None = None
        self._chunks: list[bytes] = []
        self._times: list[float] = []
        self._tell = tell
        self._clock = clock
        self._began = clock() if clock is not None else 0.0
        self.ended = False
        """Whether it has been written down."""

    def respond(self, status: int, headers: Headers, reason: str = "") -> None:
        """The head of the answer has come."""
        self._response = RecordedResponse(status, b"", kept_response_headers(headers), reason)
        self._look_at_clock()

    def chunk(self, data: bytes) -> None:
        """A chunk of its body has come, as it came over the wire."""
        if data:
            self._chunks.append(data)
            self._look_at_clock()

    def _look_at_clock(self) -> None:
        if self._clock is not None:
            self._times.append(round(self._clock() - self._began, 3))

    def end(self, cut: Cut = "") -> None:
        """The body has ended, or died; only the first word on that counts. Without any head there is nothing to
        record."""
        if not self.ended and self._response is not None:
            self.ended = True
            self._tell(self._request, self._response, self._chunks, tuple(self._times), cut)


def save_cassette(path: Path, cassette: Cassette, *, secrets: Mapping[str, str]) -> bool:
    """Write a cassette, whole or not at all, and say whether the file has changed.

    A recording that differs from the file only in when it was made, or in where its chunks began, leaves the file as it
    is; a file that cannot be read is written anew. ``secrets`` are values by what to call them. Raises CassetteError,
    and writes nothing, where one of them or anything like a key stands in it.
    """
    refuse_leaks(cassette.interactions, str(path), secrets)
    text = dump_cassette(cassette)
    with suppress(CassetteError):
        if path.exists() and is_same_recording(load_cassette(path), cassette):
            return False
    write_whole(path, text)
    return True


def is_same_recording(one: Cassette, other: Cassette) -> bool:
    """Whether two cassettes say the same, apart from when, and in which chunks."""
    return _said(one) == _said(other)


def _said(cassette: Cassette) -> list[Interaction]:
    return [
        replace(interaction, response=replace(interaction.response, note=_who(interaction.response.note)))
        for interaction in cassette.interactions
    ]


def _who(note: RecordingNote | None) -> RecordingNote | None:
    return note and replace(note, recorded_at="", chunk_offsets=(), times=())
