"""The scenarios that are loaded, and the little that has to be counted about them."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from llm_sdk.types import JsonObject
from mock_server.asked import Asked
from mock_server.conditions import Match, Miss
from mock_server.conversation import assistant_turns
from mock_server.scenarios import Scenario, Turn
from mock_server.store import Counts, InMemory, Store

__all__ = ["Choice", "NearMiss", "Script"]

_Candidate: TypeAlias = tuple[int, Callable[[Asked], Match | None]]
"""The place of a scenario, and what tells whether a request to the right model fits it."""

MAX_TARGETS = 1_000


@dataclass(frozen=True, slots=True)
class Choice:
    """The turn of the scenario that answers a call, and what its templates may name. ``answered`` is how often the
    model has answered since the scenario began."""

    name: str
    turn: Turn
    variables: Mapping[str, str]
    answered: int = 0


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A scenario that does not answer a request, and the conditions that the request does not meet; ``size`` is how
    many it has."""

    name: str
    misses: tuple[Miss, ...]
    size: int


class Script:
    """Scenarios in order: the first that fits answers, and those that are a fallback come after all others.

    Where a conversation stands is read from the request. Counted is only what it cannot tell: how often a scenario
    with ``nth``, ``probability`` or ``sequence`` was asked for, and how often this same request came to a scenario
    that spoils its first answers; ``store`` keeps that. ``seed`` is what the probability is drawn from.
    """

    def __init__(self, scenarios: Iterable[Scenario] = (), *, seed: int = 0, store: Store | None = None) -> None:
        self._scenarios: list[Scenario] = list(scenarios)
        self._seed = seed
        self._store: Store = store if store is not None else InMemory()
        self._candidates: dict[tuple[str, str], list[_Candidate]] = {}
        self._count_anew()

    def _count_anew(self) -> None:
        # The counts of other scenarios, of an earlier run or before a reload, say nothing of these.
        these = _digest(self._scenarios) if self._store.is_shared else ""
        self._answers: Counts = self._store.counts(f"answers:{these}")
        self._calls: Counts = self._store.counts(f"calls:{these}")
        self._repeats: Counts = self._store.counts(f"repeats:{these}")

    def __len__(self) -> int:
        return len(self._scenarios)

    @property
    def names(self) -> list[str]:
        """What the scenarios are called, in their order."""
        return [self._name(at) for at in range(len(self._scenarios))]

    @property
    def scenarios(self) -> list[Scenario]:
        """The scenarios, in their order."""
        return list(self._scenarios)

    @property
    def unused(self) -> list[str]:
        """The scenarios that have never answered."""
        return [self._name(at) for at in range(len(self._scenarios)) if not self._answers.count_of(at)]

    def add(self, scenarios: Iterable[Scenario]) -> None:
        """Put these behind those that are there."""
        self._scenarios.extend(scenarios)
        self._candidates.clear()

    def put(self, scenario: Scenario, *, instead_of: Scenario | None) -> None:
        """Put ``scenario`` in the place of another one; behind all, where that is not there."""
        self._candidates.clear()
        for at, other in enumerate(self._scenarios):
            if other is instead_of:
                self._scenarios[at] = scenario
                return
        self._scenarios.append(scenario)

    def exchange(self, old: Iterable[Scenario], new: Iterable[Scenario]) -> None:
        """Put ``new`` in the place of ``old``, before all others. Counts begin anew."""
        left = {id(scenario) for scenario in old}
        self._scenarios = [*new, *(scenario for scenario in self._scenarios if id(scenario) not in left)]
        self._count_anew()
        self._candidates.clear()

    def choose(self, asked: Asked, fingerprint: str) -> Choice | None:
        """The answer to this request. ``fingerprint`` is the same for a request that is repeated."""
        for at, matcher in self._candidates_for(asked):
            match = matcher(asked)
            if match is not None and (number := self._taken(at, fingerprint)) is not None:
                return self._choice(at, asked, match, fingerprint, number)
        return None

    def nearest(self, asked: Asked, limit: int = 3) -> list[NearMiss]:
        """The scenarios that come closest to a request that none of them answers, the closest first."""
        found = []
        for at, scenario in enumerate(self._scenarios):
            when = scenario.when
            misses = when.misses(asked) or self._counted_out(at)
            found.append(NearMiss(self._name(at), tuple(misses), when.size + (when.nth is not None)))
        found.sort(key=lambda near: (len(near.misses), -near.size))
        return found[:limit]

    def to_json(self) -> list[JsonObject]:
        """The scenarios, and how often each has answered."""
        return [
            {"name": self._name(at), **scenario.model_dump(mode="json"), "answered": self._answers.count_of(at)}
            for at, scenario in enumerate(self._scenarios)
        ]

    def _candidates_for(self, asked: Asked) -> "list[_Candidate]":
        """The scenarios for this provider and model, in the order in which they are asked."""
        target = (asked.provider, asked.model_id)
        found = self._candidates.get(target)
        if found is None:
            if len(self._candidates) >= MAX_TARGETS:
                self._candidates.clear()
            here = [at for at, scenario in enumerate(self._scenarios) if scenario.when.is_for(*target)]
            here.sort(key=lambda at: self._scenarios[at].fallback)
            found = self._candidates[target] = [(at, self._scenarios[at].when.matcher) for at in here]
        return found

    def _taken(self, at: int, fingerprint: str) -> int | None:
        """Count a request that fits. Its number, where anything depends on that, or None where it is not one of those
        that the scenario answers."""
        scenario = self._scenarios[at]
        when = scenario.when
        if not when.counts and scenario.sequence is None:
            return 0
        number = self._calls.next(at) + 1
        if not when.takes(number):
            return None
        if when.probability is None:
            return number
        seen = self._repeats.next("drawn", at, fingerprint)
        drawn = Random(f"{self._seed}:{self._name(at)}:{fingerprint}:{seen}").random()  # noqa: S311 - reproducible
        return number if drawn < when.probability else None

    def _choice(self, at: int, asked: Asked, match: Match, fingerprint: str, number: int) -> Choice:
        scenario = self._scenarios[at]
        self._answers.next(at)
        answered = seen = 0
        if scenario.turns is not None or scenario.cassette is not None:
            answered = assistant_turns(asked.input.messages[match.anchor + 1 :])
        if scenario.turns is not None:
            seen = self._repeats.next(at, fingerprint)
        turn = scenario.turn_for(answered, seen, number)
        return Choice(self._name(at), turn, match.variables, answered)

    def _counted_out(self, at: int) -> list[Miss]:
        """Why a scenario whose every other condition holds does not answer."""
        when, number = self._scenarios[at].when, self._calls.count_of(at)
        if not when.takes(number):
            wanted = when.nth if isinstance(when.nth, list) else [when.nth]
            return [Miss("nth", "request " + " or ".join(map(str, wanted)), f"request {number}")]
        return (
            [Miss("probability", f"a draw below {when.probability:g}", "one that is not")] if when.probability else []
        )

    def _name(self, at: int) -> str:
        return self._scenarios[at].name or f"scenario {at + 1}"


def _digest(scenarios: Iterable[Scenario]) -> str:
    digest = hashlib.sha256()
    for scenario in scenarios:
        digest.update(scenario.model_dump_json().encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()[:16]
