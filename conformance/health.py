"""The bill of health of a folder of cassettes: whether they can be read, where they come from, how old they are, which
case each belongs to, and which say the same twice."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from conformance.case import load_cases
from conformance.settings import is_of_the_cases
from llm_sdk.registry import get_codec, provider_names
from llm_sdk.types import JsonObject
from mock_server.cassette import Cassette, CassetteError, load_cassette
from mock_server.scrub import leaks

__all__ = ["MAX_AGE", "Finding", "HealthReport", "examine"]

MAX_AGE = 180
"""Days. Recordings are evidence of a protocol and not of what a provider does today: an old one is worth a look."""
SHOWN = 5
SUFFIXES = (".yaml", ".yml", ".yaml.gz", ".yml.gz")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be said of one file. A fault is to be mended; the rest is a warning."""

    file: str
    kind: str
    message: str
    is_fault: bool = False


@dataclass(slots=True)
class HealthReport:
    """What was found in one folder."""

    folder: Path
    files: int = 0
    interactions: int = 0
    recorded: Counter[str] = field(default_factory=Counter)
    """How many interactions each one has answered."""
    oldest: str = ""
    newest: str = ""
    findings: list[Finding] = field(default_factory=list)

    @property
    def faults(self) -> list[Finding]:
        """Those that are to be mended."""
        return [finding for finding in self.findings if finding.is_fault]

    def as_json(self) -> JsonObject:
        """For machines."""
        return {
            "folder": str(self.folder),
            "files": self.files,
            "interactions": self.interactions,
            "recorded": dict(self.recorded.most_common()),
            "oldest": self.oldest,
            "newest": self.newest,
            "findings": [
                {"file": one.file, "kind": one.kind, "message": one.message, "fault": one.is_fault}
                for one in self.findings
            ],
        }

    def as_text(self) -> str:
        """For people."""
        lines = [f"{self.folder}: {self.files} cassettes, {self.interactions} interactions"]
        lines += [f"  {count:>6}  recorded from {who}" for who, count in self.recorded.most_common()]
        lines += [f"  from {self.oldest} to {self.newest}"] if self.oldest else []
        for finding in self.findings:
            lines.append(f"{'FAULT' if finding.is_fault else 'warning':<8} {finding.file}: {finding.message}")
        warnings = len(self.findings) - len(self.faults)
        return "\n".join([*lines, f"{len(self.faults)} faults, {warnings} warnings"])


def examine(folder: Path, *, now: datetime, max_age: int = MAX_AGE) -> HealthReport:
    """Look at every cassette below ``folder``; ``max_age`` is in days. Cases are looked for where the folder is laid
    out as the suite's own is, ``<provider>/<case>.yaml``."""
    report = HealthReport(folder)
    seen: dict[tuple[object, ...], str] = {}
    for file in sorted(file for file in folder.rglob("*") if file.name.endswith(SUFFIXES)):
        name = file.relative_to(folder).as_posix()
        report.files += 1
        try:
            cassette = load_cassette(file)
        except CassetteError as error:
            report.findings.append(Finding(name, "unreadable", str(error).removeprefix(f"{file}: "), is_fault=True))
            continue
        report.interactions += len(cassette.interactions)
        report.findings += _of_one(name, cassette, report, now, max_age)
        if (twin := seen.setdefault(_content(cassette), name)) != name:
            report.findings.append(Finding(name, "duplicate", f"says the same as {twin}"))
    report.findings += _orphans(folder)
    return report


def _content(cassette: Cassette) -> tuple[object, ...]:
    return tuple(
        (found.request.uri, found.request.body, found.response.status, found.response.body)
        for found in cassette.interactions
    )


def _of_one(name: str, cassette: Cassette, report: HealthReport, now: datetime, max_age: int) -> Iterator[Finding]:
    if not cassette.interactions:
        yield Finding(name, "empty", "holds no interaction", is_fault=True)
    without: list[str] = []
    days = 0
    for at, interaction in enumerate(cassette.interactions):
        for leak in leaks(interaction, {}):
            yield Finding(name, "secret", f"interactions[{at}].{leak}", is_fault=True)
        note = interaction.response.note
        if note is None or not note.recorded or _time(note.recorded_at) is None:
            without.append(str(at))
            continue
        report.recorded[note.recorded] += 1
        report.oldest = min(report.oldest or note.recorded_at, note.recorded_at)
        report.newest = max(report.newest, note.recorded_at)
        days = max(days, (now - (_time(note.recorded_at) or now)).days)
    if without:
        yield Finding(name, "provenance", f"interactions {', '.join(without)} do not say who was recorded and when")
    if days > max_age:
        yield Finding(name, "age", f"was recorded {days} days ago")


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _orphans(folder: Path) -> Iterator[Finding]:
    """Cassettes without a case, and cases without a cassette, of every provider that has a folder here."""
    ours = [name for name in provider_names() if (folder / name).is_dir()]
    if not any(is_of_the_cases(folder, name) for name in ours):
        return
    for provider in ours:
        capabilities = get_codec(provider).capabilities
        cases = load_cases()
        wanted = {case.name for case in cases if case.applies_to(provider, capabilities) and not case.sends_nothing}
        there = {file.name.removesuffix(".yaml") for file in (folder / provider).glob("*.yaml")}
        for name in sorted(there - wanted):
            yield Finding(
                f"{provider}/{name}.yaml", "orphan", "no case of this provider is recorded here", is_fault=True
            )
        if absent := sorted(wanted - there):
            shown = f"{', '.join(absent[:SHOWN])}{', …' if len(absent) > SHOWN else ''}"
            have = "case has" if len(absent) == 1 else "cases have"
            again = f"record with: llm-conformance run --provider {provider} --record --cassettes {folder}"
            yield Finding(provider, "absent", f"{len(absent)} {have} no cassette ({shown}); {again}")
