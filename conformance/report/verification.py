"""Whether a report that someone else made can be believed: what it says is compared with what it holds."""

from collections import Counter
from collections.abc import Iterator, Mapping

from conformance.catalogue import Requirement, load_requirements
from conformance.manifest import load_manifest
from conformance.report.document import (
    DIGEST,
    OWN,
    SUITE_VERSION,
    Document,
    RequirementResult,
    digest_of,
    total_of,
    verdicts_by_provider,
)
from conformance.report.schema import violations
from conformance.report.words import most_severe
from llm_sdk.types import JsonObject

__all__ = ["faults_of"]

SHOWN = 20
SHOWN_IDS = 8


def faults_of(report: JsonObject) -> list[str]:
    """What is wrong with a report, one line each; nothing for one that says what it holds.

    A report that does not fit the published schema is not looked at any further.
    """
    if wrong := list(violations(report)):
        more = [f"schema: and {len(wrong) - SHOWN} more"] if len(wrong) > SHOWN else []
        return [f"schema: {line}" for line in wrong[:SHOWN]] + more
    document = Document.model_validate(report)
    return [
        *_digest(report),
        *_totals(document),
        *_verdicts(document),
        *_catalogue(document),
        *_checks(document),
        *_integrity(document),
    ]


def _digest(report: JsonObject) -> Iterator[str]:
    found = digest_of(report)
    if found != report[DIGEST]:
        yield f"digest: the report says {report[DIGEST][:16]}…, its content has {found[:16]}…: it was changed"


def _totals(document: Document) -> Iterator[str]:
    checks = total_of(check.verdict for check in document.checks)
    requirements = total_of(found.verdict for found in document.requirements.values())
    yield from _counts("checks", document.totals.checks, checks)
    yield from _counts("requirements", document.totals.requirements, requirements)


def _counts(what: str, said: Mapping[str, int], counted: Mapping[str, int]) -> Iterator[str]:
    for verdict in sorted({*said, *counted}):
        if said.get(verdict, 0) != counted.get(verdict, 0):
            yield f"totals: {said.get(verdict, 0)} {what} {verdict!r} are told, {counted.get(verdict, 0)} are there"


def _verdicts(document: Document) -> Iterator[str]:
    counted = verdicts_by_provider(document.checks)
    for id, found in document.requirements.items():
        verdicts = counted.get(id, {})
        for provider in sorted({*verdicts, *found.verdicts}):
            if verdicts.get(provider) != found.verdicts.get(provider):
                said, shown = found.verdicts.get(provider, "nothing"), verdicts.get(provider, "nothing")
                yield f"verdicts: {id} with {provider}: {said!r} is told, its checks come to {shown!r}"
        if (worst := most_severe(found.verdicts.values())) != found.verdict:
            yield f"verdicts: {id}: {found.verdict!r} is told, its providers come to {worst!r}"
    if missing := sorted(counted.keys() - document.requirements.keys()):
        yield f"verdicts: {_some(missing)}: checks prove them, and the report does not list them"


def _catalogue(document: Document) -> Iterator[str]:
    known = {requirement.id: requirement for requirement in load_requirements()}
    if unknown := [id for id in document.requirements if id not in known]:
        yield f"requirements: {_some(unknown)}: not known to suite version {SUITE_VERSION}"
    if document.suite.version != SUITE_VERSION:
        return  # only that version can tell what else it should say
    if missing := [id for id in known if id not in document.requirements]:
        yield f"requirements: {_some(missing)}: missing from the report"
    for id, found in document.requirements.items():
        if id in known and not _says_the_same(found, known[id]):
            yield f"requirements: {id}: not as suite version {SUITE_VERSION} has it"


def _says_the_same(found: RequirementResult, known: Requirement) -> bool:
    told = (found.level, found.area, found.sentence, found.source, found.since, found.concerns)
    return told == (known.level, known.area, known.sentence, known.source, known.since, known.providers)


def _checks(document: Document) -> Iterator[str]:
    if not document.checks:
        yield "checks: there are none"
    times = Counter((check.provider, check.check) for check in document.checks)
    if twice := [check for (_, check), count in times.items() if count > 1]:
        yield f"checks: {_some(twice)}: more than once"
    providers = {check.provider for check in document.checks}
    if strangers := sorted(providers - set(document.providers)):
        yield f"checks: of {_some(strangers)}, which the report does not claim to judge"
    if unjudged := [provider for provider in document.providers if provider not in providers]:
        yield f"checks: none of {_some(unjudged)}, which the report claims to judge"
    if not document.network.refused:
        yield "network: it was in reach while the adapter was judged"


def _integrity(document: Document) -> Iterator[str]:
    told = document.integrity
    if told.judged != len(document.checks):
        yield f"integrity: {told.judged} checks are said to be judged, {len(document.checks)} are there"
    yield from (f"integrity: the run says of itself: {fault}" for fault in told.faults)
    known = [load_manifest()["providers"].get(provider) for provider in document.providers]
    if document.suite.version != SUITE_VERSION or not all(known):
        return
    expected = sum(entry["checks"] for entry in known)
    if told.expected != expected and document.cassettes == OWN:
        yield f"integrity: of {told.expected} checks, it says; suite version {SUITE_VERSION} has {expected}"
    if not told.narrowed and len(document.checks) != expected:
        yield f"integrity: {len(document.checks)} of {expected} checks, and no option that asked for less"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN_IDS} more" if len(names) > SHOWN_IDS else ""
    return ", ".join(names[:SHOWN_IDS]) + more
