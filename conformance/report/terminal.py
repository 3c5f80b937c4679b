"""The report for the terminal: counts by area, and for each requirement that failed what to do next."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from conformance.catalogue import AREAS
from conformance.report.document import Check, Document, RequirementResult
from conformance.report.words import FAILING, NOT_JUDGED, WORDS

__all__ = ["summary", "title"]

SHOWN_UNJUDGED = 40
SHOWN_ATTEMPTS = 5
SHOWN_UNPLAYED = 8
SHOWN_WIDTH = 200
SHOWN_CASES = 8
REQUEST_ID = re.compile(r" \(request [^)]*\)")
Cause: TypeAlias = tuple[str, str, str]
"""Provider, case, and what came."""
TOLD = ("failed", "error", "harness-error", "warning", "provisional")
"""The verdicts whose checks are told one by one, in this order."""


def title(document: Document) -> str:
    """Who was judged, and by what."""
    providers = ", ".join(document.providers)
    asked = f", requirements of {document.requirement_set}" if document.requirement_set else ""
    return f"conformance {document.suite.version}{asked}: {providers}, {document.adapter} adapter, {document.transport}"


def summary(document: Document, known_failures: Mapping[str, str]) -> Iterator[str]:
    """The lines of it. ``known_failures`` are reasons by case."""
    yield from _areas(document)
    yield from _failures(document)
    yield from _known_failures(document, known_failures)
    yield from _network(document)
    yield from _integrity(document)
    unjudged = [id for id, found in document.requirements.items() if found.verdict == NOT_JUDGED]
    if unjudged and len(unjudged) < SHOWN_UNJUDGED:
        yield f"not judged, for nothing here shows them: {' '.join(unjudged)}"
    if len(document.providers) > 1:
        yield from _providers(document)


def _areas(document: Document) -> Iterator[str]:
    yield f"{'area':<20}{'requirements':>13}{'passed':>9}{'failed':>9}{'not judged':>13}{'checks':>9}"
    for area in AREAS:
        found = {id: result for id, result in document.requirements.items() if result.area == area}
        counts = Counter(result.verdict for result in found.values())
        failed = sum(counts[word] for word in TOLD)
        unjudged = counts[NOT_JUDGED] + counts["skipped"]
        checks = sum(any(id in found for id in check.ids) for check in document.checks)
        yield f"{area:<20}{len(found):>13}{counts['passed']:>9}{failed:>9}{unjudged:>13}{checks:>9}"


def _failures(document: Document) -> Iterator[str]:
    bad: dict[str, list[Check]] = {}
    for check in document.checks:
        if check.verdict in TOLD:
            for id in check.ids:
                bad.setdefault(id, []).append(check)
    told = [(id, document.requirements[id]) for id in document.requirements if id in bad]
    shown: dict[Cause, str] = {}
    for id, result in sorted(told, key=lambda found: TOLD.index(found[1].verdict) if found[1].verdict in TOLD else 0):
        yield from _failure(id, result, bad[id], shown)
    yield from _cases_that_fail(document)


def _failure(id: str, result: RequirementResult, bad: list[Check], shown: dict[Cause, str]) -> Iterator[str]:
    """One requirement, by a check whose cause was not shown before, where it has one. ``shown`` are the causes that
    were, each with the requirement that it was shown at."""
    word = "FAILED" if result.verdict in FAILING else result.verdict
    candidates = [check for check in bad if check.verdict == result.verdict] or bad
    first = next((check for check in candidates if _cause(check) not in shown), candidates[0])
    providers = ", ".join(dict.fromkeys(check.provider for check in bad))
    count = "1 check" if len(bad) == 1 else f"{len(bad)} checks"
    yield f"{word} {id} ({result.level}) {result.sentence}: {count} ({providers})"
    if (above := shown.setdefault(_cause(first), id)) != id:
        yield f"    comes to the same as {above} above"
        return
    if first.failure is not None:
        yield f"    expected {_short(first.failure.expected)}"
        yield f"    got      {_short(first.failure.got)}"
    elif said := first.message.strip():
        yield f"    said     {_short(said.splitlines()[-1])}"
    if first.repeat:
        yield f"    repeat   {first.repeat}"


def _cause(check: Check) -> Cause:
    """What tells two failures apart: where they happened, and what came, but for the id of the request."""
    told = check.failure.got if check.failure is not None else check.message
    return check.provider, check.case, REQUEST_ID.sub("", told.splitlines()[0] if told else "")


def _cases_that_fail(document: Document) -> Iterator[str]:
    """The cases with the most failing checks: one that breaks in many ways at once is a good place to begin."""
    counts = Counter(check.case for check in document.checks if check.verdict in FAILING)
    if len(counts) > 1:
        most = [f"{case} ({times})" for case, times in counts.most_common(SHOWN_CASES)]
        more = f" and {len(counts) - SHOWN_CASES} more" if len(counts) > SHOWN_CASES else ""
        yield f"failing checks by case: {', '.join(most)}{more}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_WIDTH else f"{line[:SHOWN_WIDTH]}…"


def _known_failures(document: Document, known_failures: Mapping[str, str]) -> Iterator[str]:
    for case, reason in known_failures.items():
        verdicts = {check.verdict for check in document.checks if check.case == case}
        if verdicts and "known failure" not in verdicts:
            yield f"known failure that passes now, take it off the list: {case}: {reason}"
        elif not verdicts:
            yield f"known failure that was not judged: {case}: {reason}"


def _network(document: Document) -> Iterator[str]:
    attempts = Counter(document.network.attempts)
    for attempt, times in attempts.most_common(SHOWN_ATTEMPTS):
        yield f"refused while the suite ran: {attempt}" + (f", {times} times" if times > 1 else "")


def _integrity(document: Document) -> Iterator[str]:
    found = document.integrity
    if found.narrowed:
        of = f" of {found.expected}" if found.expected is not None else ""
        yield f"partial: {found.judged}{of} checks were judged: {', '.join(found.narrowed)}"
    elif found.expected is not None:
        yield f"{found.judged} of {found.expected} checks were judged"
    reasons = Counter(
        (check.verdict, _short(check.message))
        for check in document.checks
        if check.verdict in ("skipped", "not-applicable")
    )
    for (verdict, reason), times in reasons.most_common():
        yield f"{verdict}: {times} checks: {reason}"
    yield from (f"passes, although not declared: {name}" for name in found.undeclared)
    if unplayed := found.unplayed:
        more = f" and {len(unplayed) - SHOWN_UNPLAYED} more" if len(unplayed) > SHOWN_UNPLAYED else ""
        yield f"never asked for: {', '.join(unplayed[:SHOWN_UNPLAYED])}{more}"
    yield from (f"FAULT in the run: {fault}" for fault in found.faults)


def _providers(document: Document) -> Iterator[str]:
    for provider in document.providers:
        verdicts = Counter(
            result.verdicts[provider] for result in document.requirements.values() if provider in result.verdicts
        )
        told = ", ".join(f"{verdicts[word]} {word}" for word in WORDS if verdicts[word])
        yield f"{provider}: {told or 'nothing was judged'}"
