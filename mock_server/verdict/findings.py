"""What a verdict is made of: rules, and what each of them has found."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from llm_sdk.types import JsonObject

if TYPE_CHECKING:
    from mock_server.verdict.evidence import Evidence

__all__ = ["Find", "Finding", "Level", "Rule", "Sighting", "gathered"]

Level: TypeAlias = Literal["error", "warning"]
"""An error breaks at a real provider, or costs money for nothing. A warning may be meant."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a rule has seen: one sentence, and the numbers of the exchanges that show it."""

    message: str
    exchanges: tuple[int, ...]
    level: Level = "error"


Find: TypeAlias = Callable[["Evidence"], Iterator[Sighting]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that an app may do wrong: its id, the sentence that is true of an app that does it right, and what to
    do where it is not."""

    id: str
    sentence: str
    advice: str
    find: Find


@dataclass(frozen=True, slots=True)
class Finding:
    """What an app did wrong: in one sentence, in which exchanges, and what to do."""

    rule: str
    level: Level
    message: str
    exchanges: tuple[int, ...]
    advice: str

    def to_json(self) -> JsonObject:
        """The finding as JSON."""
        return {
            "rule": self.rule,
            "level": self.level,
            "message": self.message,
            "exchanges": list(self.exchanges),
            "advice": self.advice,
        }

    def __str__(self) -> str:
        """Two lines: what, where, and what to do."""
        numbers = ", ".join(f"#{number}" for number in self.exchanges)
        return f"{self.level} {self.rule}: {self.message} ({numbers})\n    {self.advice}"


def gathered(sightings: Iterable[tuple[object, Sighting]]) -> Iterator[Sighting]:
    """One sighting for each key, with all the exchanges of those that have it: a fault that stands in a conversation
    is seen again in every later request."""
    found: dict[object, Sighting] = {}
    for key, sighting in sightings:
        first = found.get(key)
        numbers = sighting.exchanges if first is None else (*first.exchanges, *sighting.exchanges)
        kept = sighting if first is None else first
        found[key] = Sighting(kept.message, tuple(dict.fromkeys(numbers)), kept.level)
    return iter(found.values())
