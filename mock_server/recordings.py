"""Exchanges recorded anywhere, read into one shape: JSON lines, vcrpy and vcr.rb cassettes, HAR files.

A file is taken for what its name and its content say, plain or gzipped. Bodies come out as the bytes that the
recording client saw after content decoding; where a recording holds parsed JSON instead, it is written again.
"""

import base64
import binascii
import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from llm_sdk.json_array import JsonArrayDecoder
from llm_sdk.sse import ServerSentEvent, ServerSentEventDecoder
from llm_sdk.types import JsonObject

__all__ = ["Exchange", "RecordingError", "is_stream", "read_exchanges", "read_file", "unframe"]

SUFFIXES = frozenset({".jsonl", ".ndjson", ".json", ".har", ".yaml", ".yml"})
ANSWERS = range(200, 300)
FIRST_ERROR = 400
STREAM_TYPES = ("text/event-stream", "application/vnd.amazon.eventstream")
STREAM_STARTS = (b"data:", b"event:", b"id:", b"retry:", b": ")


class RecordingError(ValueError):
    """A file is not the recording it should be. The message is one sentence that names the file and the place."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One recorded request and its answer.

    ``request_body`` is ``None`` where only the answer was kept. ``recorded_as`` is the provider in the recording's own
    words, a hint at most. ``metadata`` is what a cassette holds under ``x-conformance``. Header names are in lower
    case; ``place`` says where the exchange stands.
    """

    id: str
    method: str
    url: str
    status: int
    response_body: bytes
    request_body: bytes | None = None
    request_headers: Mapping[str, str] = field(default_factory=dict)
    response_headers: Mapping[str, str] = field(default_factory=dict)
    streaming: bool = False
    recorded_as: str = ""
    features: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    place: str = ""

    @property
    def is_answer(self) -> bool:
        """Whether the provider answered with success (2xx)."""
        return self.status in ANSWERS

    @property
    def is_error(self) -> bool:
        """Whether the provider answered with an error (4xx and 5xx)."""
        return self.status >= FIRST_ERROR

    @property
    def truncated(self) -> bool:
        """Whether the recording says that its stream was cut before the end."""
        return "truncated-stream" in self.features or bool(self.metadata.get("truncated"))


def read_exchanges(path: Path) -> Iterator[Exchange]:
    """Every exchange in a file, or in every recording of a folder, in the order of their names.

    Files of a folder whose names end in none of the known ways are passed over. Raises RecordingError for a path
    that does not exist, a folder without recordings, and a file that is not a recording.
    """
    if path.is_file():
        yield from read_file(path, path.name)
        return
    if not path.is_dir():
        raise RecordingError(f"{path}: no such file or folder")
    files = sorted(file for file in path.rglob("*") if file.is_file() and _kind(file) in SUFFIXES)
    if not files:
        raise RecordingError(f"{path}: no recordings here; they end in {', '.join(sorted(SUFFIXES))}, or those and .gz")
    for file in files:
        yield from read_file(file, file.relative_to(path).as_posix())


def read_file(path: Path, name: str) -> Iterator[Exchange]:
    """The exchanges of one file; ``name`` stands in the ids of exchanges that have none of their own."""
    kind = _kind(path)
    if kind in (".jsonl", ".ndjson"):
        yield from _read_lines(path, name)
    elif kind in (".json", ".har"):
        yield from _read_document(_parse_json(_read_bytes(path), str(path)), path, name)
    elif kind in (".yaml", ".yml"):
        yield from _read_document(_parse_yaml(path), path, name)
    else:
        raise RecordingError(f"{path}: a recording ends in {', '.join(sorted(SUFFIXES))}, or one of those and .gz")


def _kind(path: Path) -> str:
    suffixes = path.suffixes
    if suffixes and suffixes[-1].lower() == ".gz":
        suffixes = suffixes[:-1]
    return suffixes[-1].lower() if suffixes else ""


def _read_bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    except (OSError, EOFError, zlib.error) as error:
        raise RecordingError(f"{path}: cannot be read ({error})") from None


def _parse_json(data: bytes, place: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"{place}: not JSON ({error})") from None


def _read_lines(path: Path, name: str) -> Iterator[Exchange]:
    for number, line in enumerate(_read_bytes(path).split(b"\n"), 1):
        if line.strip():
            place = f"{path}, line {number}"
            yield _from_record(_object(_parse_json(line, place), place, "a record"), place, f"{name}:{number}")


class _CassetteLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe YAML with Ruby's ``!binary`` beside YAML's ``!!binary``."""


_CassetteLoader.add_constructor("!binary", yaml.SafeLoader.yaml_constructors["tag:yaml.org,2002:binary"])


def _parse_yaml(path: Path) -> Any:
    try:
        return yaml.load(_read_bytes(path), Loader=_CassetteLoader)  # noqa: S506 - a safe loader, with one more tag
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise RecordingError(f"{path}{line}: not YAML ({error.problem})") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RecordingError(f"{path}: not YAML ({' '.join(str(error).split())})") from None


def _read_document(document: Any, path: Path, name: str) -> Iterator[Exchange]:
    entries, read = _entries(document, path)
    for number, entry in enumerate(entries, 1):
        place = f"{path}, exchange {number}"
        yield read(_object(entry, place, "an exchange"), place, f"{name}#{number}")


def _entries(document: Any, path: Path) -> tuple[list[Any], "Reader"]:
    """The exchanges of a document, and how to read one of them."""
    if isinstance(document, list):
        return document, _from_record
    if isinstance(document, dict):
        if "response_body" in document:
            return [document], _from_record
        for key, read in FORMS.items():
            if key in document:
                held = document[key]
                entries = held.get("entries") if key == "log" and isinstance(held, dict) else held
                if isinstance(entries, list):
                    return entries, read
                raise RecordingError(f"{path}: {key} holds no list of exchanges")
    raise RecordingError(
        f"{path}: not a recording: a cassette has interactions, vcr.rb's has http_interactions, a HAR file log.entries"
    )


def _from_record(record: JsonObject, place: str, id: str) -> Exchange:
    """One record of JSON lines: flat, with bodies as text or as parsed JSON."""
    if "response_body" not in record:
        raise RecordingError(f"{place}: a record needs a response_body")
    body = _json_or_text(record["response_body"], place) or b""
    headers = _headers(record.get("response_headers"), place)
    streaming = record.get("streaming")
    return Exchange(
        id=str(record.get("id") or id),
        method=str(record.get("method") or "POST").upper(),
        url=str(record.get("url") or ""),
        status=_status(record.get("status", 200), place),
        request_headers=_headers(record.get("request_headers"), place),
        request_body=_json_or_text(record.get("request_body"), place),
        response_headers=headers,
        response_body=body,
        streaming=bool(streaming) if streaming is not None else is_stream(headers, body),
        recorded_as=str(record.get("provider") or ""),
        features=frozenset(map(str, record.get("features") or ())),
        notes=tuple(map(str, record.get("notes") or ())),
        place=place,
    )


def _from_interaction(interaction: JsonObject, place: str, id: str) -> Exchange:
    """One interaction of vcrpy, vcr.rb or a recorder that copied them; URLs are ``uri`` or ``url``."""
    request = _object(interaction.get("request"), place, "its request")
    response = _object(interaction.get("response"), place, "its response")
    status = response.get("status", response.get("code"))
    return _exchange(
        place,
        id,
        method=request.get("method"),
        url=request.get("uri") or request.get("url"),
        request_headers=request.get("headers"),
        request_body=_cassette_body(request, place),
        status=status.get("code") if isinstance(status, dict) else status,
        response_headers=response.get("headers"),
        response_body=_cassette_body(response, place),
        metadata=_object(response.get("x-conformance") or {}, place, "x-conformance"),
    )


def _cassette_body(message: JsonObject, place: str) -> bytes | None:
    if "parsed_body" in message:
        return _json_or_text(message["parsed_body"], place)
    body = message.get("body")
    if isinstance(body, dict):
        if "base64_string" in body:
            return _base64(body["base64_string"], place)
        if "string" in body:
            return _json_or_text(body["string"], place)
    return _json_or_text(body, place)


def _from_entry(entry: JsonObject, place: str, id: str) -> Exchange:
    """One entry of a HAR file."""
    request = _object(entry.get("request"), place, "its request")
    response = _object(entry.get("response"), place, "its response")
    content = _object(response.get("content") or {}, place, "its content")
    posted = _object(request.get("postData") or {}, place, "its postData")
    text = content.get("text")
    return _exchange(
        place,
        id,
        method=request.get("method"),
        url=request.get("url"),
        request_headers=request.get("headers"),
        request_body=_base64(posted["text"], place)
        if posted.get("encoding") == "base64"
        else _json_or_text(posted.get("text"), place),
        status=response.get("status"),
        response_headers=response.get("headers"),
        response_body=_base64(text, place) if content.get("encoding") == "base64" else _json_or_text(text, place),
    )


Reader = Callable[[JsonObject, str, str], Exchange]
FORMS: dict[str, Reader] = {
    "interactions": _from_interaction,
    "http_interactions": _from_interaction,
    "log": _from_entry,
}


def _exchange(
    place: str,
    id: str,
    *,
    method: Any,
    url: Any,
    request_headers: Any,
    request_body: bytes | None,
    status: Any,
    response_headers: Any,
    response_body: bytes | None,
    metadata: Mapping[str, Any] | None = None,
) -> Exchange:
    sent = _headers(request_headers, place)
    received = _headers(response_headers, place)
    body = _decode_content(response_body or b"", received, place)
    return Exchange(
        id=id,
        method=str(method or "POST").upper(),
        url=str(url or ""),
        status=_status(status, place),
        request_headers=sent,
        request_body=_decode_content(request_body, sent, place) if request_body else None,
        response_headers=received,
        response_body=body,
        streaming=is_stream(received, body),
        metadata=metadata or {},
        place=place,
    )


def _object(value: Any, place: str, what: str) -> JsonObject:
    if not isinstance(value, dict):
        raise RecordingError(f"{place}: {what} is not an object")
    return value


def _status(value: Any, place: str) -> int:
    try:
        return int(str(value).split()[0])
    except (ValueError, IndexError):
        raise RecordingError(f"{place}: {value!r} is no HTTP status") from None


def _headers(value: Any, place: str) -> Mapping[str, str]:
    """Headers as an object (of texts or lists of them), as pairs, or as HAR's ``{name, value}``; repeated ones are
    joined.
    """
    headers: dict[str, str] = {}
    pairs = value.items() if isinstance(value, dict) else value or ()
    try:
        for pair in pairs:
            name, content = (pair["name"], pair["value"]) if isinstance(pair, dict) else pair
            text = ", ".join(map(_header_text, content)) if isinstance(content, list) else _header_text(content)
            key = _header_text(name).lower()
            headers[key] = f"{headers[key]}, {text}" if key in headers else text
    except (TypeError, KeyError, ValueError):
        raise RecordingError(f"{place}: headers that are neither an object nor pairs of name and value") from None
    return headers


def _header_text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _json_or_text(value: Any, place: str) -> bytes | None:
    """A body as bytes: text in UTF-8, anything parsed as the JSON it was."""
    if value is None or isinstance(value, bytes):
        return value
    try:
        if isinstance(value, str):
            return value.encode("utf-8", "surrogatepass")
        return _dump(value)
    except (TypeError, ValueError) as error:
        raise RecordingError(f"{place}: a body that is neither text nor JSON ({error})") from None


def _dump(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:  # a lone surrogate, which JSON can hold as an escape and UTF-8 cannot
        return json.dumps(value, separators=(",", ":")).encode()


def _base64(value: Any, place: str) -> bytes:
    try:
        return base64.b64decode(value or "")
    except (TypeError, binascii.Error) as error:
        raise RecordingError(f"{place}: a body that is not base64 ({error})") from None


def _decode_content(body: bytes, headers: Mapping[str, str], place: str) -> bytes:
    """Undo gzip and deflate where the bytes are still compressed: recorders often decode and keep the header."""
    coding = headers.get("content-encoding", "").strip().lower()
    try:
        if body.startswith(b"\x1f\x8b"):
            return gzip.decompress(body)
        if coding == "deflate" and body[:1] == b"\x78":
            return zlib.decompress(body)
    except (OSError, EOFError, zlib.error) as error:
        raise RecordingError(f"{place}: a compressed body that cannot be read ({error})") from None
    if coding in ("br", "zstd") and not _is_text(body):
        raise RecordingError(f"{place}: a body compressed with {coding}; record with accept-encoding: identity")
    return body


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_stream(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether an answer with these headers (names in lower case) came as a stream of events."""
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    return kind in STREAM_TYPES or (not kind.endswith("json") and body.lstrip().startswith(STREAM_STARTS))


def unframe(pieces: Iterable[bytes]) -> Iterator[ServerSentEvent]:
    """The events of a body: server-sent ones, or the elements of an array, which no such stream begins with."""
    framing: ServerSentEventDecoder | JsonArrayDecoder | None = None
    for piece in pieces:
        if framing is None and piece:
            framing = JsonArrayDecoder() if piece.startswith(b"[") else ServerSentEventDecoder()
        if framing is not None:
            yield from framing.feed(piece)
    if framing is not None:
        yield from framing.close()
