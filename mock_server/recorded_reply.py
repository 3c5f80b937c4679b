"""Answers out of a recording: a cassette that stands in the place of a scripted reply.

Asked in the protocol and the form that were recorded, the bytes come as they were; in any other, what they say.
"""

import gzip
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias
from urllib.parse import urlsplit

from pydantic import BeforeValidator, InstanceOf, PlainSerializer, ValidationInfo, WithJsonSchema

from llm_sdk.accumulator import accumulate
from llm_sdk.codec import Codec, ModelCall, Route, WireResponse
from llm_sdk.errors import InvariantError, LanguageModelError, RefusalError
from llm_sdk.json_array import JsonArrayDecoder
from llm_sdk.sse import ServerSentEventDecoder
from llm_sdk.types import ModelResponse
from mock_server.reply import ReplyPlan, TimedChunk

if TYPE_CHECKING:
    from mock_server.cassette import Cassette, Interaction

__all__ = ["CassetteFile", "Place", "RecordedReply"]

CONTEXT = "cassettes_beside"
OF_THE_CONNECTION = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where cassettes are looked for: in ``folder``, and nowhere outside ``root``, where that is given."""

    folder: Path
    root: Path | None = None

    @property
    def context(self) -> dict[str, "Place"]:
        """The validation context that lets scenarios name cassettes."""
        return {CONTEXT: self}

    def find(self, name: str) -> Path:
        """The file of that name. Raises ValueError for one that is outside."""
        path = (self.folder / name).resolve()
        if self.root is not None and not path.is_relative_to(self.root.resolve()):
            raise ValueError(f"{name} is outside the folder of the scenarios, {self.root}; put the cassette below it")
        return path


@dataclass(frozen=True, slots=True)
class RecordedReply:
    """What a cassette has recorded. ``name`` is its file as the scenario names it."""

    name: str
    cassette: "Cassette"

    def plan(self, answered: int, codec: Codec, call: ModelCall, codecs: Sequence[Codec]) -> ReplyPlan | ModelResponse:
        """The answer when the model has answered ``answered`` times: its bytes, where they are what ``codec`` would
        write for ``call``; what they say, otherwise. Recordings of the form that is asked for, whole or streamed, come
        before all others.

        Raises the error that was recorded, and InvariantError for a recording that cannot be read.
        """
        every = self.cassette.interactions
        fitting = [recorded for recorded in every if _is_stream(recorded) == call.stream] or every
        recorded = fitting[min(answered, len(fitting) - 1)]
        speaker, route = self._protocol_of(recorded, codecs)
        streamed = _is_stream(recorded)
        if speaker.provider == codec.provider and (streamed == call.stream or recorded.response.status != 200):
            return _as_it_was(recorded, stream=streamed)
        return _read(recorded, speaker, route, streamed=streamed)

    def _protocol_of(self, recorded: "Interaction", codecs: Iterable[Codec]) -> tuple[Codec, Route]:
        url = urlsplit(recorded.request.uri)
        target = url.path + (f"?{url.query}" if url.query else "")
        fits: list[tuple[bool, Codec, Route]] = []
        for codec in codecs:
            for path in {target, target.removeprefix(codec.endpoint.mount)}:
                if (route := codec.match(recorded.request.method, path)) is not None:
                    own = path != target or url.netloc == urlsplit(codec.endpoint.base_url).netloc
                    fits.append((own, codec, route))
        if not fits:
            raise InvariantError(f"{self.name}: no protocol here has {recorded.request.method} {url.path}")
        _, codec, route = max(fits, key=lambda fit: fit[0])
        return codec, route


def _open(value: Any, info: ValidationInfo) -> Any:
    if not isinstance(value, str):
        return value
    place = (info.context or {}).get(CONTEXT)
    if place is None:
        raise ValueError("a cassette can be named in a file of scenarios alone, and stands below its folder")
    # Here, because most scenarios name no cassette.
    from mock_server.cassette import CassetteError, load_cassette

    path = place.find(value)
    try:
        cassette = load_cassette(path)
    except CassetteError as error:
        raise ValueError(str(error)) from None
    if not cassette.interactions:
        raise ValueError(f"{value}: nothing is recorded in it")
    return RecordedReply(value, cassette)


CassetteFile: TypeAlias = Annotated[
    InstanceOf[RecordedReply],
    BeforeValidator(_open),
    PlainSerializer(lambda recorded: recorded.name, return_type=str),
    WithJsonSchema({"type": "string", "description": "A cassette, by its path from the folder of this file."}),
]


def _is_stream(recorded: "Interaction") -> bool:
    note = recorded.response.note
    if note is not None and note.chunk_offsets:
        return True
    return any(value.startswith("text/event-stream") for value in recorded.response.headers.get("content-type", ()))


def _as_it_was(recorded: "Interaction", *, stream: bool) -> ReplyPlan:
    """The recorded bytes, in the recorded chunks."""
    response = recorded.response
    headers = {name: ", ".join(values) for name, values in response.headers.items() if name not in OF_THE_CONNECTION}
    complete = not (response.note and response.note.truncated)
    if not stream and complete:
        headers["content-length"] = str(len(response.body))
    chunks = tuple(TimedChunk(piece) for piece in response.chunks() if piece)
    return ReplyPlan(response.status, headers, chunks, stream=stream, complete=complete)


def _read(recorded: "Interaction", codec: Codec, route: Route, *, streamed: bool) -> ModelResponse:
    response = recorded.response
    headers = {name: ", ".join(values) for name, values in response.headers.items()}
    reply = WireResponse(response.status, _unpacked(response.body, headers), headers)
    try:
        if response.status != 200:
            raise codec.decode_error(reply)
        return _read_stream(reply.body, codec, route) if streamed else codec.decode_response(reply)
    except RefusalError as refusal:
        if refusal.response is None:
            raise
        return refusal.response


def _read_stream(body: bytes, codec: Codec, route: Route) -> ModelResponse:
    events = ServerSentEventDecoder() if route.framing == "sse" else JsonArrayDecoder()
    reader = codec.stream_decoder()
    partials = [partial for event in (*events.feed(body), *events.close()) for partial in reader.feed(event)]
    return accumulate([*partials, *reader.close()])


def _unpacked(body: bytes, headers: dict[str, str]) -> bytes:
    try:
        match headers.get("content-encoding", "identity"):
            case "gzip":
                return gzip.decompress(body)
            case "deflate":
                return zlib.decompress(body)
    except (OSError, EOFError, zlib.error) as error:
        raise LanguageModelError(f"the recorded body cannot be unpacked: {error}") from None
    return body
