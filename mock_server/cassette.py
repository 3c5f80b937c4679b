"""Cassettes: recorded interactions in vcrpy's YAML, version 1, byte for byte.

What vcrpy does not know stands inside each ``response`` under ``x-conformance``, which survives vcrpy's own rewriting:
where the chunks of the body began, whether it was cut, who was recorded and when, and the sha256 of the body as it came
over the wire. A cassette that cannot be read is an error that says why, never an empty recording.
"""

import gzip
import hashlib
import itertools
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import yaml

__all__ = [
    "Cassette",
    "CassetteError",
    "Cut",
    "Interaction",
    "RecordedRequest",
    "RecordedResponse",
    "RecordingNote",
    "dump_cassette",
    "load_cassette",
    "parse_cassette",
    "write_whole",
]

VERSION = 1
NOTE = "x-conformance"
Headers = Mapping[str, Sequence[str]]
Cut: TypeAlias = Literal["", "reset", "incomplete", "timeout", "left"]
"""How a body ended before its end: the connection was lost; it was closed in the middle of a message; nothing came in
time; the reader left. Empty for a body that is whole."""


class CassetteError(Exception):
    """A cassette cannot be read or written; the message names the file and says why."""


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """What a client sent. ``uri`` is the whole address; header names are in lower case."""

    method: str
    uri: str
    body: bytes = b""
    headers: Headers = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordingNote:
    """Where a recording comes from.

    ``recorded`` is ``live`` or the program that answered, such as ``mock-server 0.1.0``; ``recorded_at`` is in ISO
    8601. ``chunk_offsets`` are the places in the body where a chunk other than the first began. ``truncated``: the
    body ended before its end, and ``cut`` says how, where that was noted. ``times`` are when the head and then each
    chunk came, in seconds after the request; empty where nobody looked at a clock.
    """

    recorded: str
    recorded_at: str
    sha256: str
    chunk_offsets: tuple[int, ...] = ()
    truncated: bool = False
    cut: Cut = ""
    times: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordedResponse:
    """What came back; ``body`` as it came over the wire, still compressed where it was."""

    status: int
    body: bytes
    headers: Headers = field(default_factory=dict)
    reason: str = ""
    note: RecordingNote | None = None

    def chunks(self) -> list[bytes]:
        """The body in the chunks in which it came; whole where that was not noted."""
        edges = [0, *(self.note.chunk_offsets if self.note else ()), len(self.body)]
        return [self.body[start:end] for start, end in itertools.pairwise(edges)]


@dataclass(frozen=True, slots=True)
class Interaction:
    """One request and its response."""

    request: RecordedRequest
    response: RecordedResponse


@dataclass(frozen=True, slots=True)
class Cassette:
    """The interactions of one file, in the order in which they happened."""

    interactions: tuple[Interaction, ...]


def load_cassette(path: Path) -> Cassette:
    """Read a cassette, plain or gzipped. Raises CassetteError for a file that is not one."""
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data).decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise CassetteError(f"{path}: cannot be read ({error})") from None
    return parse_cassette(text, str(path))


def parse_cassette(text: str, name: str) -> Cassette:
    """Read the text of a cassette; ``name`` stands in the errors. Raises CassetteError."""
    try:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise CassetteError(f"{name}: is not YAML ({_one_line(error)})") from None
    if not isinstance(document, dict) or not isinstance(document.get("interactions"), list):
        raise CassetteError(f"{name}: is not a cassette: it has no list of interactions")
    if document.get("version") != VERSION:
        raise CassetteError(f"{name}: is a cassette of version {document.get('version')!r}; version {VERSION} is read")
    interactions = []
    for at, interaction in enumerate(document["interactions"]):
        try:
            interactions.append(_read(interaction))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CassetteError(f"{name}: interactions[{at}] is malformed ({_reason(error)})") from None
    return Cassette(tuple(interactions))


def dump_cassette(cassette: Cassette) -> str:
    """The text of a cassette, in ASCII, so that every reader of every platform reads the same bytes."""
    document = {"interactions": [_written(interaction) for interaction in cassette.interactions], "version": VERSION}
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=1_000_000)
    if parse_cassette(text, "the cassette to be written") != cassette:
        raise CassetteError("the cassette would not read back as it is; it was not written")
    return text


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _read(interaction: Any) -> Interaction:
    request, response = interaction["request"], interaction["response"]
    status = response["status"]
    body = _bytes(response["body"]["string"])
    note = response.get(NOTE)
    return Interaction(
        RecordedRequest(
            str(request["method"]), str(request["uri"]), _bytes(request.get("body")), _headers(request.get("headers"))
        ),
        RecordedResponse(
            int(status["code"]), body, _headers(response.get("headers")), status.get("message") or "", _note(note, body)
        ),
    )


def _note(note: Any, body: bytes) -> RecordingNote | None:
    if note is None:
        return None
    offsets = tuple(int(offset) for offset in note["chunk_offsets"])
    if sorted(set(offsets)) != list(offsets) or (offsets and not 0 < offsets[0] <= offsets[-1] < len(body)):
        raise ValueError("chunk_offsets are not places inside the body, in order")
    if (digest := hashlib.sha256(body).hexdigest()) != note["sha256"]:
        raise ValueError(f"the body has changed since it was recorded: its sha256 is {digest}")
    cut = note.get("cut", "")
    if cut not in get_args(Cut):
        raise ValueError(f"cut is {cut!r}; it can be {', '.join(filter(None, get_args(Cut)))}")
    truncated = bool(note.get("truncated", False))
    times = tuple(float(time) for time in note.get("times", ()))
    if times and (list(times) != sorted(times) or times[0] < 0 or len(times) != len(offsets) + 1 + bool(body)):
        raise ValueError("times are not one for the head and one for each chunk, in order")
    return RecordingNote(str(note["recorded"]), str(note["recorded_at"]), digest, offsets, truncated, cut, times)


def _written(interaction: Interaction) -> dict[str, Any]:
    request, response, note = interaction.request, interaction.response, interaction.response.note
    reply: dict[str, Any] = {
        "status": {"code": response.status, "message": response.reason},
        "headers": {name: list(values) for name, values in response.headers.items()},
        "body": {"string": _text(response.body)},
    }
    if note is not None:
        reply[NOTE] = {
            "recorded": note.recorded,
            "recorded_at": note.recorded_at,
            "sha256": note.sha256,
            "truncated": note.truncated,
            **({"cut": note.cut} if note.cut else {}),
            "chunk_offsets": _InOneLine(note.chunk_offsets),
            **({"times": _InOneLine(note.times)} if note.times else {}),
        }
    return {
        "request": {
            "method": request.method,
            "uri": request.uri,
            "headers": {name: list(values) for name, values in request.headers.items()},
            "body": _text(request.body),
        },
        "response": reply,
    }


def _headers(headers: Any) -> dict[str, tuple[str, ...]]:
    return {
        str(name).lower(): (values,) if isinstance(values, str) else tuple(map(str, values))
        for name, values in (headers or {}).items()
    }


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode("utf-8")
    if isinstance(body, bytes):
        return body
    raise TypeError(f"a body is text or binary, not {type(body).__name__}")


def _text(body: bytes) -> "str | bytes | _Block":
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return body
    return _Block(text) if "\n" in text and text.isascii() and "\r" not in text else text


def _reason(error: Exception) -> str:
    return f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else _one_line(error)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


class _Block(str):
    """Text that is written as a block, to be read by eye."""

    __slots__ = ()


class _InOneLine(tuple[float, ...]):
    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Writes blocks where YAML can hold the text exactly, and falls back to quotes where it cannot."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature of PyYAML
        return True


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A safe loader that leaves times as the text they are."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


def _represent_block(dumper: yaml.SafeDumper, text: _Block) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")


def _represent_in_one_line(dumper: yaml.SafeDumper, items: _InOneLine) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=True)


_Dumper.add_representer(_Block, _represent_block)
_Dumper.add_representer(_InOneLine, _represent_in_one_line)
