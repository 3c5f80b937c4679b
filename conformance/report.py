"""What a run found: counts by area, each requirement that failed, and a file for machines."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from operator import itemgetter
from pathlib import Path

from conformance.catalogue import AREAS, Requirement, load_requirements, requirement_by_id
from conformance.settings import Settings
from llm_sdk.types import JsonObject
from mock_server.cassette import write_whole

__all__ = ["SUITE_VERSION", "Check", "Report"]

SUITE_VERSION = version("llm-conformance")
FAILED = ("failed", "error")
SHOWN_UNJUDGED = 40


@dataclass(slots=True)
class Check:
    """One check on one case. ``verdict`` is passed, failed, skipped, warning, known failure or error; ``ids`` are the
    requirements that it proves, and ``repeat`` the command that runs it again."""

    ids: list[str]
    provider: str
    case: str
    check: str
    verdict: str
    message: str = ""
    repeat: str = ""

    def as_json(self) -> JsonObject:
        """For the report, and for the way between processes."""
        return asdict(self)


class Report:
    """Everything that was judged in one run."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._placed: list[tuple[int, Check]] = []

    def add(self, check: Check, place: int) -> None:
        """Note a check. ``place`` is its own in the order of the run: several processes finish theirs in any other."""
        self._placed.append((place, check))

    @property
    def checks(self) -> list[Check]:
        """All of them, in the order of the run."""
        self._placed.sort(key=itemgetter(0))
        return [check for _, check in self._placed]

    def as_json(self) -> JsonObject:
        """The report for machines."""
        return {
            "suite": {"name": "llm-conformance", "version": SUITE_VERSION},
            "providers": list(self.settings.providers),
            "adapter": self.settings.adapter,
            "transport": self.settings.transport,
            "level": self.settings.level,
            "profiles": sorted(self.settings.profiles),
            "cassettes": "the suite's own" if self.settings.own else str(self.settings.cassettes),
            "verdicts": dict(Counter(check.verdict for check in self.checks)),
            "requirements": {id: verdict for id, verdict in self._verdicts().items() if verdict},
            "checks": [check.as_json() for check in self.checks],
        }

    def write(self, path: Path) -> None:
        """Write the report, whole or not at all. Raises OSError."""
        write_whole(path, json.dumps(self.as_json(), ensure_ascii=False, indent=1) + "\n")

    def title(self) -> str:
        """Who was judged, and by what."""
        providers = ", ".join(self.settings.providers)
        return f"conformance {SUITE_VERSION}: {providers}, {self.settings.adapter} adapter, {self.settings.transport}"

    def lines(self) -> Iterator[str]:
        """The report for the terminal."""
        verdicts = self._verdicts()
        yield f"{'area':<20}{'requirements':>13}{'passed':>9}{'failed':>9}{'not judged':>13}{'checks':>9}"
        for area in AREAS:
            ids = [found.id for found in load_requirements() if found.area == area]
            counts = Counter(verdicts[id] for id in ids)
            checks = sum(any(id in check.ids for id in ids) for check in self.checks)
            failed = counts["failed"] + counts["warning"]
            yield f"{area:<20}{len(ids):>13}{counts['passed']:>9}{failed:>9}{counts['']:>13}{checks:>9}"
        yield from self._failures()
        yield from self._known_failures()
        unjudged = [id for id, verdict in verdicts.items() if not verdict]
        if unjudged and len(unjudged) < SHOWN_UNJUDGED:
            yield f"not judged, for nothing here shows them: {' '.join(unjudged)}"

    def _verdicts(self) -> dict[str, str]:
        """Each requirement: failed when one check fails, else passed when one passes, else empty."""
        order = {"failed": 4, "error": 4, "warning": 3, "known failure": 2, "passed": 1}
        found = {requirement.id: "" for requirement in load_requirements()}
        for check in self.checks:
            verdict = "failed" if check.verdict in FAILED else check.verdict
            for id in check.ids:
                if order.get(verdict, 0) > order.get(found[id], 0):
                    found[id] = verdict
        return found

    def _failures(self) -> Iterator[str]:
        for id in self._verdicts():
            bad = [check for check in self.checks if id in check.ids and check.verdict in (*FAILED, "warning")]
            if bad:
                yield f"{_headline(requirement_by_id(id), bad[0])}: {len(bad)} checks"
                yield f"    {bad[0].repeat}"

    def _known_failures(self) -> Iterator[str]:
        for case, reason in self.settings.known_failures.items():
            verdicts = {check.verdict for check in self.checks if check.case == case}
            if verdicts and "known failure" not in verdicts:
                yield f"known failure that passes now, take it off the list: {case}: {reason}"
            elif not verdicts:
                yield f"known failure that was not judged: {case}: {reason}"


def _headline(requirement: Requirement, check: Check) -> str:
    word = "warning" if check.verdict == "warning" else "FAILED"
    return f"{word} {requirement.id} ({requirement.level}) {requirement.sentence}"
