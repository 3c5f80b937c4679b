"""A whole report in a few words: for the badge, and for the head of the page."""

from collections import Counter
from dataclasses import dataclass

from conformance.report.document import Document
from conformance.report.words import FAILING, Tone

__all__ = ["Outline", "outline"]

SILENT = frozenset({"not judged", "skipped"})
MISSED = frozenset({"known failure", "warning", "harness-error"})


@dataclass(frozen=True, slots=True)
class Outline:
    """What a report comes to. ``judged`` counts the requirements that something in the run showed; ``passed`` those
    that the adapter fulfils, by passing or by refusing what it does not support."""

    tone: Tone
    judged: int
    passed: int
    failed: int
    missed: int
    sentence: str

    @property
    def short(self) -> str:
        """Such as ``154/154``, or ``3 failed of 154``."""
        if not self.judged:
            return "nothing judged"
        return f"{self.failed} failed of {self.judged}" if self.failed else f"{self.passed}/{self.judged}"


def outline(document: Document) -> Outline:
    """Count the requirements of a report."""
    counts = Counter(found.verdict for found in document.requirements.values())
    judged = sum(count for word, count in counts.items() if word not in SILENT)
    failed = sum(counts[word] for word in FAILING)
    missed = sum(counts[word] for word in MISSED)
    return Outline(
        tone=_tone(judged, failed, missed),
        judged=judged,
        passed=judged - failed - missed,
        failed=failed,
        missed=missed,
        sentence=_sentence(judged, failed, missed),
    )


def _tone(judged: int, failed: int, missed: int) -> Tone:
    if not judged:
        return "quiet"
    if failed:
        return "bad"
    return "doubtful" if missed else "good"


def _sentence(judged: int, failed: int, missed: int) -> str:
    if not judged:
        return "Nothing was judged."
    of = f"of {judged} requirements"
    if failed:
        return f"{failed} {of} {'is' if failed == 1 else 'are'} not fulfilled."
    if missed:
        return f"{judged - missed} {of} are fulfilled; none of the others counts against the adapter."
    if judged == 1:
        return "The one requirement that was judged is fulfilled."
    return f"All {judged} requirements that were judged are fulfilled."
