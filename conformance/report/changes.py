"""Two reports or more, compared: which requirements and checks got better, got worse, or changed otherwise."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

from conformance.report.document import Document, RequirementResult
from conformance.report.words import NOT_JUDGED, WORDS
from llm_sdk.types import JsonObject

__all__ = ["OUTSIDE", "Change", "Comparison", "compare"]

Direction: TypeAlias = Literal["worse", "better", "changed", "not compared", "same"]
Verdicts: TypeAlias = Mapping[tuple[str, str], str]
"""A report's verdicts by name (of a requirement, of a check) and provider."""
DIRECTIONS: tuple[Direction, ...] = ("worse", "better", "changed", "not compared")
OUTSIDE = "absent"
"""Stands for the verdict where a report has none to give: it judged other providers, areas or cases, or another set of
requirements."""
NAMED_CHECKS = 25
PROVIDER, COLUMN = 24, 15


@dataclass(frozen=True, slots=True)
class Change:
    """One requirement or check whose verdict is not the same in all reports. ``verdicts`` are in the order of the
    reports; ``direction`` is the worst that became of the first of them."""

    name: str
    provider: str
    direction: Direction
    verdicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between reports; each is compared with the first."""

    names: tuple[str, ...]
    requirements: tuple[Change, ...]
    checks: tuple[Change, ...]

    @property
    def is_worse(self) -> bool:
        """Whether anything got worse."""
        return any(change.direction == "worse" for change in (*self.requirements, *self.checks))

    def as_json(self) -> JsonObject:
        """The comparison for machines."""
        return {
            "reports": list(self.names),
            "worse": self.is_worse,
            "requirements": [asdict(change) for change in self.requirements],
            "checks": [asdict(change) for change in self.checks],
        }

    def lines(self) -> Iterator[str]:
        """The comparison as tables: what got worse comes first."""
        yield from (f"[{number}] {name}" for number, name in enumerate(self.names, 1))
        yield from self._table("requirement", self.requirements)
        yield from self._table("check", self.checks[:NAMED_CHECKS])
        if len(self.checks) > NAMED_CHECKS:
            yield "more checks: --json has them all"
        yield ""
        yield f"requirements: {_counted(self.requirements)}; checks: {_counted(self.checks)}"

    def _table(self, title: str, changes: Sequence[Change]) -> Iterator[str]:
        changes = [change for change in changes if change.direction != "not compared"]
        if not changes:
            return
        name = max(len(title), *(len(change.name) for change in changes))
        columns = "".join(f"{f'[{number}]':<{COLUMN}}" for number, _ in enumerate(self.names, 1))
        yield ""
        yield f"{'':<9}{title:<{name}}  {'provider':<{PROVIDER}}{columns}".rstrip()
        for change in changes:
            verdicts = "".join(f"{verdict:<{COLUMN}}" for verdict in change.verdicts)
            yield f"{change.direction:<9}{change.name:<{name}}  {change.provider:<{PROVIDER}}{verdicts}".rstrip()


def _counted(changes: Sequence[Change]) -> str:
    found = [change.direction for change in changes]
    return ", ".join(f"{found.count(word)} {word}" for word in DIRECTIONS if word in found) or "no change"


def compare(names: Sequence[str], documents: Sequence[Document]) -> Comparison:
    """Compare reports with the first of them; ``names`` tell them apart.

    A requirement that is not judged any more got worse, for what is not looked at is not known to be good; unless the
    report says itself that it did not judge that provider, that area, or all cases. So did a check that the suite could
    not end. What only one of two reports judged is not compared.
    """
    return Comparison(
        tuple(names),
        tuple(_changes([_requirements(document) for document in documents])),
        tuple(_changes([_checks(document) for document in documents])),
    )


def _requirements(document: Document) -> Verdicts:
    return {
        (id, provider): found.verdicts.get(provider, NOT_JUDGED)
        for id, found in document.requirements.items()
        for provider in document.providers
        if provider in found.verdicts or _is_in_scope(document, found, provider)
    }


def _is_in_scope(document: Document, requirement: RequirementResult, provider: str) -> bool:
    concerns = not requirement.concerns or provider in requirement.concerns
    return concerns and not document.cases and (not document.profiles or requirement.area in document.profiles)


def _checks(document: Document) -> Verdicts:
    return {(check.check, check.provider): check.verdict for check in document.checks}


def _changes(reports: Sequence[Verdicts]) -> list[Change]:
    keys = dict.fromkeys(key for verdicts in reports for key in verdicts)
    found = []
    for name, provider in keys:
        verdicts = tuple(report.get((name, provider), OUTSIDE) for report in reports)
        direction = _worst(_direction(verdicts[0], verdict) for verdict in verdicts[1:])
        if direction != "same":
            found.append(Change(name, provider, direction, verdicts))
    return sorted(found, key=lambda change: DIRECTIONS.index(change.direction))


def _worst(directions: Iterable[Direction]) -> Direction:
    seen = set(directions)
    return next((word for word in DIRECTIONS if word in seen), "same")


def _direction(before: str, after: str) -> Direction:
    if before == after or {before, after} == {NOT_JUDGED, OUTSIDE}:
        return "same"
    if OUTSIDE in (before, after):
        return "not compared"
    old, new = WORDS[before].standing, WORDS[after].standing
    if new is None:
        return "changed" if old is None else "worse"
    if old is None:
        return "better" if WORDS[after].tone in ("good", "quiet") else "worse"
    return "changed" if old == new else "worse" if new < old else "better"
