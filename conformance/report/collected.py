"""What a run found, gathered check by check, and made into the report when it ends."""

import platform
import time
from datetime import UTC, datetime
from operator import itemgetter

from conformance.catalogue import load_requirements
from conformance.report.document import (
    OWN,
    SUITE_VERSION,
    Check,
    Document,
    Environment,
    Integrity,
    Network,
    RequirementResult,
    Suite,
    Totals,
    digest_of,
    total_of,
    verdicts_by_provider,
)
from conformance.report.words import most_severe
from conformance.settings import CASSETTES, Settings

__all__ = ["Report"]

UNSIGNED = "0" * 64


class Report:
    """Everything that is judged in one run, which begins when this is made."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.attempts: list[str] = []
        """What was refused of the network while checks ran."""
        self.integrity = Integrity()
        """What has to be admitted of the run; known when it ends."""
        self.plugins: tuple[str, ...] = ()
        """The plugins of pytest that take part."""
        self._placed: list[tuple[int, Check]] = []
        self._made_at = datetime.now(UTC)
        self._began = time.monotonic()

    def add(self, check: Check, place: int) -> None:
        """Note a check. ``place`` is its own in the order of the run: several processes finish theirs in any other."""
        self._placed.append((place, check))

    @property
    def checks(self) -> list[Check]:
        """All of them, in the order of the run."""
        self._placed.sort(key=itemgetter(0))
        return [check for _, check in self._placed]

    def document(self) -> Document:
        """The report of all that was noted so far."""
        settings, checks = self.settings, self.checks
        requirements = _results(checks)
        unsigned = Document(
            suite=Suite(name="llm-conformance", version=SUITE_VERSION),
            made_at=self._made_at.isoformat(timespec="seconds"),
            duration_seconds=round(time.monotonic() - self._began, 3),
            environment=Environment(
                python=platform.python_version(), platform=platform.platform(), plugins=self.plugins
            ),
            adapter=settings.adapter,
            transport=settings.transport,
            providers=settings.providers,
            level=settings.level,
            requirement_set=settings.binding.name,
            profiles=tuple(sorted(settings.profiles)),
            cases=settings.cases,
            cassettes=OWN if settings.cassettes == CASSETTES else str(settings.cassettes),
            seed=settings.seed,
            network=Network(refused=not settings.live, attempts=tuple(self.attempts)),
            integrity=self.integrity,
            totals=Totals(
                checks=total_of(check.verdict for check in checks),
                requirements=total_of(found.verdict for found in requirements.values()),
            ),
            requirements=requirements,
            checks=tuple(checks),
            sha256=UNSIGNED,
        )
        return unsigned.model_copy(update={"sha256": digest_of(unsigned.as_json())})


def _results(checks: list[Check]) -> dict[str, RequirementResult]:
    """Every requirement of the suite, in its order."""
    verdicts = verdicts_by_provider(checks)
    return {
        requirement.id: RequirementResult(
            level=requirement.level,
            area=requirement.area,
            sentence=requirement.sentence,
            source=requirement.source,
            since=requirement.since,
            verdict=most_severe(verdicts.get(requirement.id, {}).values()),
            verdicts=verdicts.get(requirement.id, {}),
            concerns=requirement.providers,
        )
        for requirement in load_requirements()
    }
