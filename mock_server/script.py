"""The scenarios that are loaded, and the little that has to be counted about them."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from llm_sdk.codec import ModelCall
from mock_server.conversation import assistant_turns
from mock_server.scenarios import Scenario, Turn

__all__ = ["Choice", "Counter", "Script"]

MAX_COUNTED = 10_000


class Counter:
    """Counts keys; forgets the one that was longest not seen when there are too many."""

    def __init__(self) -> None:
        self._counts: OrderedDict[tuple[object, ...], int] = OrderedDict()

    def next(self, *key: object) -> int:
        """How often this key was asked for before."""
        count = self._counts.pop(key, 0)
        self._counts[key] = count + 1
        if len(self._counts) > MAX_COUNTED:
            self._counts.popitem(last=False)
        return count


@dataclass(frozen=True, slots=True)
class Choice:
    """The turn of the scenario that answers a call, and what its templates may name."""

    name: str
    turn: Turn
    variables: Mapping[str, str]


class Script:
    """Scenarios in order: the first that fits answers.

    Where a conversation stands is read from the request. Counted is only what it cannot tell: how often a scenario
    with ``nth`` was asked for, and how often this same request came to a scenario that spoils its first answers.
    """

    def __init__(self, scenarios: Iterable[Scenario] = ()) -> None:
        self._scenarios: list[Scenario] = list(scenarios)
        self._calls: defaultdict[int, int] = defaultdict(int)
        self._repeats = Counter()

    @property
    def names(self) -> list[str]:
        """What the scenarios are called, in their order."""
        return [self._name(at) for at in range(len(self._scenarios))]

    @property
    def scenarios(self) -> list[Scenario]:
        """The scenarios, in their order."""
        return list(self._scenarios)

    def add(self, scenarios: Iterable[Scenario]) -> None:
        """Put these behind those that are there."""
        self._scenarios.extend(scenarios)

    def put(self, scenario: Scenario, *, instead_of: Scenario | None) -> None:
        """Put ``scenario`` in the place of another one; behind all, where that is not there."""
        for at, other in enumerate(self._scenarios):
            if other is instead_of:
                self._scenarios[at] = scenario
                return
        self._scenarios.append(scenario)

    def choose(self, provider: str, call: ModelCall, headers: Mapping[str, str], fingerprint: str) -> Choice | None:
        """The answer to this call. ``fingerprint`` is the same for a request that is repeated."""
        for at, scenario in enumerate(self._scenarios):
            match = scenario.when.match(provider, call, headers)
            if match is None:
                continue
            if scenario.when.nth is not None:
                self._calls[at] += 1
                if not scenario.when.counts(self._calls[at]):
                    continue
            answered = assistant_turns(call.input.messages[match.anchor + 1 :])
            seen = self._repeats.next(at, fingerprint)
            return Choice(self._name(at), scenario.turn_for(answered, seen), match.variables)
        return None

    def _name(self, at: int) -> str:
        return self._scenarios[at].name or f"scenario {at + 1}"
