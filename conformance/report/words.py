"""The verdicts, and all that a report has to know of each: one table, read by every form of a report."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["FAILING", "NOT_JUDGED", "WORDS", "Tone", "Word", "most_severe"]

Tone: TypeAlias = Literal["good", "bad", "doubtful", "quiet"]
NOT_JUDGED = "not judged"
"""The verdict of a requirement that no check was run for; no check has it."""


@dataclass(frozen=True, slots=True)
class Word:
    """One verdict. Of several checks of one requirement, the verdict of the highest ``rank`` is the requirement's.

    ``standing`` orders what is said of the adapter, higher being better, for comparing reports; ``None`` where nothing
    is said of it. ``sign`` stands for the word where there is little room, ``tone`` chooses its colour.
    """

    name: str
    rank: int
    standing: int | None
    tone: Tone
    sign: str
    meaning: str


WORDS = {
    word.name: word
    for word in (
        Word("failed", 9, 0, "bad", "✗", "the adapter does not do what is required"),
        Word("error", 8, 0, "bad", "✗", "the check could not be set up or ended"),
        Word("harness-error", 7, None, "doubtful", "?", "the suite itself went wrong; it counts against nobody"),
        Word("warning", 6, 1, "doubtful", "!", "not what a SHOULD or a MAY asks for"),
        Word("provisional", 5, 1, "doubtful", "…", "not what a requirement later than the set asked for wants"),
        Word("known failure", 4, 0, "doubtful", "~", "fails, and stands in the list of known failures"),
        Word("passed", 3, 3, "good", "✓", "the adapter does what is required"),
        Word("not-applicable", 2, 2, "quiet", "–", "the adapter refuses what it does not support, as it must"),
        Word("skipped", 1, None, "quiet", "·", "not judged here, for the reason given"),
        Word(NOT_JUDGED, 0, None, "quiet", "·", "nothing in this run shows it"),
    )
}
FAILING = frozenset({"failed", "error"})
"""The verdicts that count against an adapter."""


def most_severe(verdicts: Iterable[str]) -> str:
    """What several verdicts come to: the one of the highest rank, :data:`NOT_JUDGED` for none."""
    return max(verdicts, key=lambda name: WORDS[name].rank, default=NOT_JUDGED)
