"""The badge: one line that says who was judged and what came of it."""

from dataclasses import dataclass

from conformance.report.document import Document
from conformance.report.outline import outline
from conformance.report.templating import render
from conformance.report.words import Tone

__all__ = ["badge"]

COLOURS: dict[Tone, str] = {"good": "#2c7a4b", "doubtful": "#8a6100", "bad": "#b3362b", "quiet": "#5d6670"}
"""Dark enough for white letters: a contrast of 4.5 to 1 or more."""
NARROW, WIDE = frozenset("fijlrt1/.,:;!|()[]- "), frozenset("mwMW@%")
MARGIN = 7


@dataclass(frozen=True, slots=True)
class _Side:
    text: str
    start: int = 0

    @property
    def length(self) -> int:
        """In pixels, about as Verdana of 11 pixels is drawn; textLength makes it exact."""
        return round(sum(4.4 if letter in NARROW else 10.2 if letter in WIDE else 7.0 for letter in self.text))

    @property
    def width(self) -> int:
        return self.length + 2 * MARGIN

    @property
    def middle(self) -> float:
        return self.start + self.width / 2


def badge(document: Document) -> str:
    """The SVG. Its title says in a sentence what the picture shows."""
    found = outline(document)
    providers = document.providers
    judged = {provider for result in document.requirements.values() for provider in result.verdicts}
    some = f"{len(judged)} of " if 0 < len(judged) < len(providers) else ""
    who = providers[0] if len(providers) == 1 else f"{some}{len(providers)} protocols"
    part = f" ({', '.join(document.profiles)})" if document.profiles else " (some cases)" if document.cases else ""
    left = _Side(f"llm-conformance {document.suite.version}")
    right = _Side(f"{who}{part} {found.short}", left.width)
    title = f"{left.text}, {document.adapter} adapter, {', '.join(providers)}{part}: {found.sentence}"
    return render(
        "badge.svg.j2",
        title=title,
        left=left,
        right=right,
        width=left.width + right.width,
        colour=COLOURS[found.tone],
    )
