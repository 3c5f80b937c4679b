"""How a check fails: with the requirement, its sentence, what was expected, what came, and how to see it again."""

import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import pytest

from conformance.catalogue import Requirement
from conformance.chunking import Cuts, format_cuts
from conformance.outcome import Outcome, comparable, failed, is_same
from conformance.report.document import Failure
from conformance.report.excerpts import excerpts
from llm_sdk.comparison import describe

__all__ = ["Repeat", "Verdict"]

SHOWN = 1500
SHOWN_CUTS = 200


@dataclass(frozen=True, slots=True)
class Repeat:
    """Builds the command that runs one check again: ``command`` is the start that all share. ``seed`` is that of a
    check that varies answers."""

    command: Sequence[str]
    case: str
    check: str
    seed: int | None = None

    def line(self, cuts: Cuts = (), transform: str = "") -> str:
        """The command, to be pasted into a shell."""
        words = [*self.command, "--case", self.case]
        if cuts or transform:
            words += ["--cuts", format_cuts(cuts)] if cuts else []
            words += ["--transform", transform] if transform else []
        else:
            words += ["-k", self.check, *(["--seed", str(self.seed)] if self.seed is not None else [])]
        return shlex.join(words)


class Verdict:
    """Given to every check. What it is told to expect and does not find ends the check. ``recorded`` is the body that
    the check plays, for showing where it was cut.
    """

    def __init__(self, requirements: Sequence[Requirement], repeat: Repeat, recorded: bytes = b"") -> None:
        self.requirements = requirements
        self.failure: Failure | None = None
        """How the check ended, where it failed here."""
        self.repeat = repeat.line()
        """The command that repeats the check, or just what failed in it."""
        self._repeat = repeat
        self._recorded = recorded

    def fail(self, expected: str, got: str, *, cuts: Cuts = (), transform: str = "") -> NoReturn:
        """End the check. ``cuts`` and ``transform`` are what was done to the bytes."""
        lines = [f"{found.id} ({found.level}): {found.sentence}" for found in self.requirements]
        expected, got = _shorten(expected), _shorten(got)
        lines += [f"  expected: {expected}", f"  got:      {got}"]
        if cuts or transform:
            lines.append(f"  bytes:    {_damage(cuts, transform)}")
        self.repeat = self._repeat.line(cuts, transform)
        lines.append(f"  repeat:   {self.repeat}")
        shown, length = excerpts(self._recorded, cuts, transform) if self._recorded else ((), 0)
        self.failure = Failure(
            expected=expected, got=got, cuts=format_cuts(cuts), transform=transform, bytes=shown, length=length
        )
        raise pytest.fail.Exception("\n".join(lines), pytrace=False) from None

    def equal(self, expected: Any, actual: Any, what: str, *, cuts: Cuts = (), transform: str = "") -> None:
        """Two JSON values have to be the same."""
        if found := describe(expected, actual):
            got = found if isinstance(actual, dict | list) else json.dumps(actual, ensure_ascii=False, default=repr)
            self.fail(what, got, cuts=cuts, transform=transform)

    def same(self, expected: Outcome, actual: Outcome, what: str, *, cuts: Cuts = (), transform: str = "") -> None:
        """Two outcomes have to be the same response, or the same error."""
        if is_same(expected, actual):
            return
        self.equal(*comparable(expected, actual), what, cuts=cuts, transform=transform)

    def crash(self, error: BaseException) -> NoReturn:
        """End a check that could not go on, for the adapter raised this in the middle of it."""
        self.fail("a call that raises nothing here", failed(error).describe())

    def true(self, holds: bool, expected: str, got: str | Callable[[], str]) -> None:
        """A condition has to hold."""
        if not holds:
            self.fail(expected, got() if callable(got) else got)


def _damage(cuts: Cuts, transform: str) -> str:
    cut = format_cuts(cuts)
    cut = cut if len(cut) <= SHOWN_CUTS else f"{cut[:SHOWN_CUTS]}… ({len(cuts)} cuts)"
    return "; ".join(filter(None, [transform and f"transformed by {transform}", cut and f"cut at {cut}"]))


def _shorten(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} characters)"
