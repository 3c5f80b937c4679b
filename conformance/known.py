"""What was seen of a provider's answers before: lists of words that a person has looked at, one for each provider.

A line says one thing, and what stands behind ``#`` is a remark:

    event ping                      an event of a stream
    type web_search_call            a word in the ``type`` of an object
    field usage.service_tier        a field: where it stands is told from the type of the object around it
    value choices[].finish_reason stop
    free response.metadata          a field whose content is the caller's or the model's own
    header x-request-id             ``*`` stands for anything

``llm-conformance drift --accept FILE`` adds what it found.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from mock_server.cassette import write_whole

__all__ = ["FOLDER", "Kind", "Known", "KnownError", "add_to", "load_known"]

Kind: TypeAlias = Literal["event", "type", "field", "value", "free", "header"]
FOLDER = Path(__file__).resolve().parent / "seen"
"""The suite's own lists, ``<provider>.txt``."""


class KnownError(ValueError):
    """A list cannot be read; the message names the file and the line."""


@dataclass(frozen=True, slots=True)
class Known:
    """What stands in one list, or in several."""

    lines: frozenset[tuple[str, str]] = frozenset()
    headers: tuple[str, ...] = ()

    def holds(self, kind: Kind, what: str) -> bool:
        """Whether it was seen before. ``what`` is all that stands behind the kind."""
        if kind == "header":
            return any(fnmatchcase(what, pattern) for pattern in self.headers)
        return (kind, what) in self.lines or (kind == "field" and ("free", what) in self.lines)


def load_known(files: Iterable[Path]) -> Known:
    """Read lists. Raises KnownError."""
    lines = [line for file in files for line in _read(file)]
    return Known(frozenset(lines), tuple(what for kind, what in lines if kind == "header"))


def add_to(file: Path, found: Iterable[tuple[str, str]]) -> int:
    """Write a list with these lines added, in order, and say how many are new. Remarks at its head stay. Raises
    KnownError for a file that cannot be read."""
    before = _read(file) if file.exists() else []
    head = _head(file) if file.exists() else []
    after = sorted({*before, *found})
    write_whole(file, "\n".join([*head, *(f"{kind} {what}" for kind, what in after)]) + "\n")
    return len(after) - len(set(before))


def _read(file: Path) -> list[tuple[str, str]]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise KnownError(f"{file}: cannot be read ({error})") from None
    found: list[tuple[str, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        kind, _, what = line.partition(" #")[0].strip().partition(" ")
        if not kind or kind.startswith("#"):
            continue
        if kind not in get_args(Kind) or not what.strip():
            raise KnownError(
                f"{file}, line {number}: a line is a word of {', '.join(get_args(Kind))} and what is known"
            )
        found.append((kind, what.strip()))
    return found


def _head(file: Path) -> list[str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return lines[: next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))]
