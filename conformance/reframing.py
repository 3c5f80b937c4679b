"""The same stream of events in other bytes: every framing the standard allows, what a later version of a provider may
add, and where a connection may be lost.

A transform has a name; names joined by ``+`` make a combination, such as ``crlf+comments``, which a command line can
print and read back. Transforms of framing change no event. ``id-lines`` and ``multi-line-data`` change how an event is
written but not what its JSON says. ``unknown-events`` and ``unknown-fields`` add what a client has to pass over.
Source: HTML Living Standard, section 9.2.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from conformance.chunking import event_cuts

__all__ = ["ADDITIONS", "FRAMINGS", "TRANSFORMS", "TransformError", "reframe", "truncations"]

BOM = b"\xef\xbb\xbf"
LINE_END = re.compile(rb"\r\n|\r|\n")
TOKEN_GAP_OR_TEXT = re.compile(rb'(?<=[,:\[{])|"(?:[^"\\]|\\.)*"')
UNKNOWN_NAME = "x-conformance-unknown"
UNKNOWN_FIELD = b'"x_conformance_unknown":{"a":[1,null,"b"]}'
TRUNCATE = re.compile(r"truncate@(\d+)")


class TransformError(ValueError):
    """A name that is no transform; the message lists those that are."""


@dataclass(frozen=True, slots=True)
class _Stream:
    """A body taken apart: its blocks of lines (an event, or comments) and how they are put together again."""

    blocks: tuple[tuple[bytes, ...], ...]
    line_end: bytes = b"\n"
    head: bytes = b""
    closed: bool = True

    def body(self) -> bytes:
        blocks = [self.line_end.join(block) + self.line_end for block in self.blocks]
        body = self.head + self.line_end.join(blocks)
        return body + self.line_end if self.closed else body.removesuffix(self.line_end)


Transform = Callable[[_Stream], _Stream]


def _take_apart(body: bytes) -> _Stream:
    blocks: list[tuple[bytes, ...]] = []
    lines: list[bytes] = []
    for line in LINE_END.split(body.removeprefix(BOM)):
        if line:
            lines.append(line)
        elif lines:
            blocks.append(tuple(lines))
            lines = []
    if lines:
        blocks.append(tuple(lines))
    return _Stream(tuple(blocks))


def _each_line(change: Callable[[bytes], Iterator[bytes]]) -> Transform:
    def transform(stream: _Stream) -> _Stream:
        blocks = (tuple(new for line in block for new in change(line)) for block in stream.blocks)
        return replace(stream, blocks=tuple(blocks))

    return transform


def _each_event(change: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]) -> Transform:
    def transform(stream: _Stream) -> _Stream:
        return replace(stream, blocks=tuple(change(block) if _data(block) else block for block in stream.blocks))

    return transform


def _between(made: Callable[[int], tuple[bytes, ...]]) -> Transform:
    """Put a block between each two events, and before an only one: never before the first of several or after the
    last."""

    def transform(stream: _Stream) -> _Stream:
        blocks: list[tuple[bytes, ...]] = []
        lone = len(stream.blocks) == 1
        for at, block in enumerate(stream.blocks):
            blocks += [made(at), block] if at or lone else [block]
        return replace(stream, blocks=tuple(blocks))

    return transform


def _data(block: tuple[bytes, ...]) -> bytes:
    return b"\n".join(line[5:].removeprefix(b" ") for line in block if line.startswith(b"data:"))


def _no_space(line: bytes) -> Iterator[bytes]:
    name, colon, value = line.partition(b":")
    yield name + colon + (value[1:] if value.startswith(b" ") and not value.startswith(b"  ") else value)


def _comment_inside(line: bytes) -> Iterator[bytes]:
    yield b": data: {"
    yield line
    yield b":"


def _several_data_lines(line: bytes) -> Iterator[bytes]:
    """Break JSON data where whitespace may stand: after a comma, a colon or an opening bracket outside texts."""
    if not line.startswith((b"data: {", b"data:{", b"data: [{", b"data:[{")):
        yield line
        return
    broken = TOKEN_GAP_OR_TEXT.sub(lambda found: found[0] or b"\n", line[5:].removeprefix(b" "))
    yield from (b"data: " + piece for piece in broken.split(b"\n"))


def _name_last(block: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return tuple(sorted(block, key=lambda line: line.startswith(b"event:")))


def _id_lines(block: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return (b"id: 7", b"retry: 3000", *block, b"unknown: field", b"unknown")


def _unknown_event(at: int) -> tuple[bytes, ...]:
    body = {"type": UNKNOWN_NAME, "index": at, "delta": {"text": "not for you"}}
    return (f"event: {UNKNOWN_NAME}".encode(), b"data: " + json.dumps(body).encode())


def _unknown_field(block: tuple[bytes, ...]) -> tuple[bytes, ...]:
    data = _data(block).rstrip()
    if not data.startswith(b"{") or not data.endswith(b"}"):
        return block
    comma = b"" if data[1:-1].strip() == b"" else b","
    rest = tuple(line for line in block if not line.startswith(b"data:"))
    lines = (data[:-1] + comma + UNKNOWN_FIELD + b"}").split(b"\n")
    return (*rest, *(b"data: " + line for line in lines))


FRAMINGS: dict[str, Transform] = {
    "multi-line-data": _each_line(_several_data_lines),
    "id-lines": _each_event(_id_lines),
    "name-last": _each_event(_name_last),
    "no-space": _each_line(_no_space),
    "comments-inside": _each_line(_comment_inside),
    "comments": _between(lambda _: (b": keep-alive", b":")),
    "blank-lines": _between(lambda _: ()),
    "lf": lambda stream: stream,
    "crlf": lambda stream: replace(stream, line_end=b"\r\n"),
    "cr": lambda stream: replace(stream, line_end=b"\r"),
    "bom": lambda stream: replace(stream, head=BOM),
    "no-final-blank-line": lambda stream: replace(stream, closed=False),
}
"""Transforms after which every event says the same."""

ADDITIONS: dict[str, Transform] = {
    "unknown-events": _between(_unknown_event),
    "unknown-fields": _each_event(_unknown_field),
}
"""Transforms that add what a client has to pass over."""

TRANSFORMS = ADDITIONS | FRAMINGS
"""All transforms by name, in the order in which a combination applies them: what stands in the lines comes first."""


def reframe(body: bytes, transforms: str) -> bytes:
    """``body`` changed by the named transforms, such as ``crlf+comments`` or ``truncate@120``; as it is for an empty
    name.

    They are applied in the order of :data:`TRANSFORMS`, whatever the order of the names; ``truncate@N`` keeps the first
    N bytes of the result. Raises TransformError for a name that is none.
    """
    names = [name for name in transforms.split("+") if name]
    cuts = [int(found[1]) for name in names if (found := TRUNCATE.fullmatch(name))]
    chosen = {name for name in names if not TRUNCATE.fullmatch(name)}
    if unknown := sorted(chosen - TRANSFORMS.keys()):
        known = ", ".join([*TRANSFORMS, "truncate@N"])
        raise TransformError(f"no transform {unknown[0]!r}; there are {known}, and combinations with +")
    if chosen:
        stream = _take_apart(body)
        for name, transform in TRANSFORMS.items():
            stream = transform(stream) if name in chosen else stream
        body = stream.body()
    return body[: min(cuts)] if cuts else body


def truncations(body: bytes) -> Iterator[str]:
    """Where a connection may be lost, as names for :func:`reframe`: before the first byte, after each event but the
    last, and in the middle and one byte before the end of each event.
    """
    start = 0
    found = {0}
    for end in (*event_cuts(body), len(body)):
        found |= {(start + end) // 2, len(body[start:end].rstrip(b"\r\n")) + start - 1}
        if end < len(body):
            found.add(end)
        start = end
    return (f"truncate@{at}" for at in sorted(found) if 0 <= at < len(body))
