"""Requirements by providers, with the failing checks of each: what the page shows."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from conformance.report.document import Check, Document, Excerpt, RequirementResult
from conformance.report.words import NOT_JUDGED, WORDS, Word

__all__ = ["Area", "Cell", "Matrix", "ProviderTotals", "Row", "matrix_of", "pieces_of"]

PAGE = 950_000
"""About how many characters a page may have."""
ROW, CELL, FRAME = 420, 115, 30_000
"""About how many of them the page spends on a requirement, on one cell of it, and on what is always there."""
OVERHEAD = 600
"""About how many characters the page spends on one failing check besides what that says."""
NAMED, NAME = 6, 60
"""How many of the other failing checks of a requirement are named, and what that costs beside the names."""
TELLING = frozenset({"failed", "error", "harness-error", "warning", "known failure"})
ESCAPE = re.compile(r"(\\(?:x[0-9a-f]{2}|[nrt\\]))")


@dataclass(frozen=True, slots=True)
class Cell:
    """One requirement with one provider: the verdict, how many checks there were, how many of them tell of trouble.
    ``word`` is ``None`` where the requirement does not concern the provider."""

    provider: str
    word: Word | None
    checks: int = 0
    telling: int = 0

    @property
    def count(self) -> str:
        """Such as ``12``, or ``3/12`` where three of them fail."""
        if not self.checks:
            return ""
        return f"{self.telling}/{self.checks}" if self.telling else str(self.checks)

    @property
    def label(self) -> str:
        """The cell in words."""
        if self.word is None:
            return "does not concern it"
        checks = "1 check" if self.checks == 1 else f"{self.checks} checks"
        told = f"{self.telling} of {checks}" if self.telling else checks
        return f"{self.word.name}: {told}" if self.checks else self.word.name


@dataclass(slots=True)
class Row:
    """One requirement. ``shown`` are failing checks that the page holds whole, ``named`` some of the others, and
    ``left_out`` counts the rest."""

    id: str
    result: RequirementResult
    cells: list[Cell]
    telling: list[Check]
    shown: list[Check] = field(default_factory=list)

    @property
    def word(self) -> Word:
        return WORDS[self.result.verdict]

    @property
    def words(self) -> tuple[str, ...]:
        """The verdicts that stand in this row."""
        return tuple(dict.fromkeys([self.word.name, *(cell.word.name for cell in self.cells if cell.word)]))

    @property
    def others(self) -> list[Check]:
        shown = {id(check) for check in self.shown}
        return [check for check in self.telling if id(check) not in shown]

    @property
    def named(self) -> list[Check]:
        return self.others[:NAMED]

    @property
    def left_out(self) -> int:
        return len(self.others) - len(self.named)


@dataclass(frozen=True, slots=True)
class Area:
    """The requirements of one area."""

    name: str
    rows: list[Row]

    @property
    def failing(self) -> int:
        return sum(row.word.tone == "bad" for row in self.rows)


@dataclass(frozen=True, slots=True)
class ProviderTotals:
    """One column: how many requirements have which verdict."""

    name: str
    counts: list[tuple[Word, int]]

    @property
    def judged(self) -> int:
        return sum(count for _, count in self.counts)

    @property
    def passed(self) -> int:
        return sum(count for word, count in self.counts if word.name in ("passed", "not-applicable"))


@dataclass(frozen=True, slots=True)
class Matrix:
    """All of it. ``left_out`` counts the failing checks that the page does not hold whole."""

    rows: list[Row]
    providers: list[ProviderTotals]

    @property
    def areas(self) -> list[Area]:
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row.result.area, []).append(row)
        return [Area(name, rows) for name, rows in found.items()]

    @property
    def left_out(self) -> int:
        return sum(len(row.others) for row in self.rows)


def matrix_of(document: Document, limit: int = PAGE) -> Matrix:
    """Requirements by providers. Failing checks are shown whole until the page has ``limit`` characters: first one for
    each requirement and provider, then a second one for each, and so on."""
    by_requirement: dict[str, list[Check]] = {id: [] for id in document.requirements}
    for check in document.checks:
        for id in check.ids:
            by_requirement.setdefault(id, []).append(check)
    rows = [_row(id, result, by_requirement[id], document.providers) for id, result in document.requirements.items()]
    budget = limit - FRAME - len(rows) * (ROW + CELL * len(document.providers)) - sum(map(_size_of_names, rows))
    for row, check in _in_rounds(rows):
        budget -= _size(check)
        if budget < 0:
            break
        row.shown.append(check)
    for row in rows:
        row.shown.sort(key=lambda check: document.providers.index(check.provider))
    return Matrix(rows, [_column(provider, rows) for provider in document.providers])


def _row(id: str, result: RequirementResult, checks: Sequence[Check], providers: Sequence[str]) -> Row:
    cells = []
    for provider in providers:
        here = [check for check in checks if check.provider == provider]
        concerns = bool(here) or not result.concerns or provider in result.concerns
        word = WORDS[result.verdicts.get(provider, NOT_JUDGED)] if concerns else None
        cells.append(Cell(provider, word, len(here), sum(check.verdict in TELLING for check in here)))
    return Row(id, result, cells, [check for check in checks if check.verdict in TELLING])


def _in_rounds(rows: Sequence[Row]) -> Iterator[tuple[Row, Check]]:
    queues = [
        [(row, check) for check in row.telling if check.provider == cell.provider] for row in rows for cell in row.cells
    ]
    for one_round in zip_longest(*queues):
        yield from (found for found in one_round if found is not None)


def _size_of_names(row: Row) -> int:
    return 4 * NAME * bool(row.telling) + sum(NAME + len(check.check) for check in row.telling[:NAMED])


def _size(check: Check) -> int:
    said = len(check.message) if check.failure is None else len(check.failure.expected) + len(check.failure.got)
    escapes = sum(excerpt.before.count("\\") + excerpt.after.count("\\") for excerpt in _excerpts(check))
    return OVERHEAD + said + len(check.check) + 2 * len(check.repeat) + 250 * len(_excerpts(check)) + 16 * escapes


def _excerpts(check: Check) -> tuple[Excerpt, ...]:
    return check.failure.bytes if check.failure is not None else ()


def _column(provider: str, rows: Sequence[Row]) -> ProviderTotals:
    cells = [cell for row in rows for cell in row.cells if cell.provider == provider and cell.checks]
    words = [cell.word for cell in cells if cell.word is not None and cell.word.name != "skipped"]
    return ProviderTotals(provider, [(word, words.count(word)) for word in WORDS.values() if word in words])


def pieces_of(text: str) -> list[tuple[bool, str]]:
    """Escaped bytes in pieces, each with whether it is an escape."""
    return [(bool(ESCAPE.fullmatch(piece)), piece) for piece in ESCAPE.split(text) if piece]
