"""What a judge of recorded exchanges found: how often each figure held, and every time that it did not."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from llm_sdk.types import JsonObject

__all__ = ["FIGURES", "UNREAD", "Failure", "Judgement", "MismatchError"]

T = TypeVar("T")

FIGURES = (
    "requests.read",
    "requests.rewritten",
    "responses.read",
    "responses.rewritten",
    "streams.read",
    "streams.rechunked",
    "streams.grammar",
    "errors.read",
)
UNREAD = "not judged, because it was not read"
"""The message of every figure that stands on a reading that failed."""
SHOWN = 600


class MismatchError(Exception):
    """Two things that had to be the same are not; the message says where."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One exchange for which one figure did not hold, and why."""

    id: str
    figure: str
    message: str


@dataclass(slots=True)
class Judgement:
    """The counts over all exchanges so far."""

    exchanges: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)

    def check(self, id: str, figure: str, act: Callable[[], T]) -> T | None:
        """Count ``act`` for ``figure``: passed when it returns, and then its result comes back.

        Whatever it raises is a failure with the exception's class and message: a judge does not crash on what it
        judges.
        """
        self.total[figure] += 1
        try:
            result = act()
        except MismatchError as error:
            self._fail(id, figure, str(error))
        except Exception as error:  # noqa: BLE001 - any exception of a codec is a finding
            self._fail(id, figure, f"{type(error).__name__}: {error}")
        else:
            self.passed[figure] += 1
            return result
        return None

    def fail(self, id: str, figure: str, message: str) -> None:
        """Count a failure that needs no trying."""
        self.total[figure] += 1
        self._fail(id, figure, message)

    def _fail(self, id: str, figure: str, message: str) -> None:
        line = " ".join(message.split())
        self.failures.append(Failure(id, figure, line if len(line) <= SHOWN else f"{line[:SHOWN]}…"))

    def warn(self, warnings: tuple[str, ...] | list[str] | None) -> None:
        """Count warnings by kind, which is what stands before the first colon."""
        self.warnings.update(warning.partition(":")[0].strip() for warning in warnings or ())

    def figures(self) -> JsonObject:
        """``{"requests": {"read": {"passed", "total"}, ...}, ...}``."""
        tree: JsonObject = {}
        for figure in FIGURES:
            group, name = figure.split(".")
            tree.setdefault(group, {})[name] = {"passed": self.passed[figure], "total": self.total[figure]}
        return tree
