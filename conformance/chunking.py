"""Where a network may cut a body of bytes: everywhere, and most harmfully beside line ends and inside characters.

A cut is an offset in the body, and ``cuts`` is a sorted tuple of them; equal neighbours make an empty chunk. All of it
is pure: the same body and the same seed give the same chunks.
"""

import random
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from llm_sdk.json_array import JsonArrayDecoder

__all__ = [
    "Cuts",
    "byte_cuts",
    "chunks",
    "event_cuts",
    "fewest_cuts",
    "format_cuts",
    "parse_cuts",
    "seeded_cuts",
    "single_cuts",
    "tender_offsets",
]

Cuts = tuple[int, ...]
BIAS = 0.8
TENDER = re.compile(rb"[\r\n\x80-\xff]")


def chunks(body: bytes, cuts: Cuts) -> list[bytes]:
    """The pieces of ``body`` between the cuts. Raises ValueError for cuts that are not sorted or not inside."""
    edges = (0, *cuts, len(body))
    if any(left > right for left, right in pairwise(edges)):
        raise ValueError(f"cuts must rise from 0 to {len(body)}: {format_cuts(cuts)}")
    return [body[left:right] for left, right in pairwise(edges)]


def format_cuts(cuts: Cuts) -> str:
    """Cuts as a command line shows them: ``118,119``, and ``1..500`` for a row of three or more neighbours."""
    rows: list[list[int]] = []
    for cut in cuts:
        if rows and cut == rows[-1][-1] + 1:
            rows[-1].append(cut)
        else:
            rows.append([cut])
    return ",".join(f"{row[0]}..{row[-1]}" if len(row) > 2 else ",".join(map(str, row)) for row in rows)


def parse_cuts(text: str) -> Cuts:
    """Read what :func:`format_cuts` writes. Raises ValueError for anything else."""
    try:
        return tuple(cut for word in text.split(",") if word for cut in _row(word))
    except ValueError:
        wanted = "cuts are offsets with commas between them, such as 118,119 or 1..500"
        raise ValueError(f"{wanted}, not {text!r}") from None


def _row(word: str) -> Iterable[int]:
    first, dots, last = word.partition("..")
    return range(int(first), int(last) + 1) if dots else (int(first),)


def single_cuts(body: bytes) -> Iterator[Cuts]:
    """Every way to cut the body once."""
    return ((at,) for at in range(1, len(body)))


def byte_cuts(body: bytes) -> Cuts:
    """The cuts that leave one byte in each chunk."""
    return tuple(range(1, len(body)))


def event_cuts(body: bytes) -> Cuts:
    """The cuts after each event of a stream but the last: one event in each chunk, as most servers send it.

    An event ends with a blank line; in an array, which no stream of server-sent events begins with, it is an element.
    """
    if body.startswith(b"["):
        return _element_cuts(body)
    cuts: list[int] = []
    start = 0
    for line in body.splitlines(keepends=True):
        start += len(line)
        if not line.strip(b"\r\n") and start < len(body):
            cuts.append(start)
    return tuple(cuts)


def _element_cuts(body: bytes) -> Cuts:
    ends: list[int] = []
    for element in JsonArrayDecoder().feed(body):
        start = ends[-1] if ends else 0
        ends.append(body.index(element.data, start) + len(element.data))
    return tuple(ends[:-1])


def tender_offsets(body: bytes) -> list[int]:
    """Offsets where cuts hurt: on either side of CR and LF, and inside and around characters of several bytes."""
    found = {at for match in TENDER.finditer(body) for at in (match.start(), match.end())}
    return sorted(found - {0, len(body)})


def seeded_cuts(body: bytes, seed: int | str, count: int = 16, tender: list[int] | None = None) -> Cuts:
    """Up to ``count`` cuts, four in five of them at tender offsets, the same for the same seed.

    ``tender`` saves finding the tender offsets again when many cuts of one body are drawn. Some cuts may fall on one
    offset, which makes empty chunks.
    """
    draw = random.Random(seed)  # noqa: S311 - reproducible is the point
    tender = tender_offsets(body) if tender is None else tender
    return tuple(
        sorted(
            draw.choice(tender) if tender and draw.random() < BIAS else draw.randint(0, len(body))
            for _ in range(draw.randint(1, count))
        )
    )


def fewest_cuts(cuts: Cuts, fails: Callable[[Cuts], bool], tries: int = 48) -> Cuts:
    """Some of ``cuts`` that still fail, and as few as ``tries`` calls of ``fails`` can find: for showing a person where
    it hurts. What fails with no cut at all comes to none."""
    parts = 1
    while cuts and tries > 0:
        size = -(-len(cuts) // parts)
        pieces = [cuts[at : at + size] for at in range(0, len(cuts), size)]
        without = [tuple(cut for piece in pieces[:at] + pieces[at + 1 :] for cut in piece) for at in range(len(pieces))]
        smaller = [*([] if parts == 1 else pieces), *([] if parts == 2 else without)][:tries]
        tries -= len(smaller)
        found = next((some for some in smaller if fails(some)), None)
        if found is not None:
            parts = 2 if found in pieces else max(2, parts - 1)
            cuts = found
        elif size == 1:
            break
        else:
            parts = min(len(cuts), 2 * parts)
    return cuts
