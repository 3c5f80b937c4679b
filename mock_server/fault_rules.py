"""Faults that no scenario brings: set by a control call, by a header of the request, or behind the model's name."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from itertools import count
from random import Random
from typing import Annotated

from pydantic import Field, ValidationError

from llm_sdk.errors import InvalidInputError
from llm_sdk.json_model import JsonObject, Maybe, Model
from mock_server.asked import Asked
from mock_server.conditions import When
from mock_server.faults import Fault
from mock_server.store import Counts, InMemory, Store

__all__ = ["HEADER", "FaultRule", "FaultRules", "fault_in_header", "split_model"]

HEADER = "x-mock-fault"

# No colon has to stand in it, because Gemini's paths have one behind the model; "+" and "," need no escape anywhere.
IN_MODEL = re.compile(r"(?P<model>.+?)\+fault[,:](?P<fault>.*)", re.DOTALL)


class FaultRule(Model):
    """A fault for the requests that meet ``when``: all of them, or the next ``times``. It comes on top of whatever
    answers them. ``nth`` and ``probability`` are about the requests that meet the rest, counted for each rule."""

    when: When = Field(default_factory=When)
    fault: Fault
    times: Maybe[Annotated[int, Field(ge=1)]] = None


class FaultRules:
    """The rules that are set, in their order. All that fit a request apply to it; where two disagree, the first holds.

    ``seed`` is what their probabilities are drawn from; ``store`` keeps how often each was met.
    """

    def __init__(self, seed: int = 0, store: Store | None = None) -> None:
        self._seed = seed
        self._store: Store = store if store is not None else InMemory()
        self._clears = 0
        self._begin()

    def _begin(self) -> None:
        self._rules: dict[int, FaultRule] = {}
        self._numbers = count(1)
        self._met: Counts = self._store.counts(f"met:{self._clears}")
        self._applied: Counts = self._store.counts(f"applied:{self._clears}")

    def __len__(self) -> int:
        return len(self._rules)

    def add(self, rules: Iterable[FaultRule]) -> None:
        """Put these behind those that are there."""
        for rule in rules:
            self._rules[next(self._numbers)] = rule

    def clear(self) -> None:
        """Forget all."""
        self._clears += 1
        self._begin()

    def take(self, asked: Asked) -> Fault | None:
        """What goes wrong with this request."""
        found: Fault | None = None
        for number, rule in list(self._rules.items()):
            if rule.when.match(asked) is None or not self._takes(number, rule.when):
                continue
            if rule.times is None or self._uses(number, rule.times):
                found = rule.fault if found is None else found.over(rule.fault)
        return found

    def _uses(self, number: int, times: int) -> bool:
        """Use a rule once more, and forget it behind its last time; False where that was before."""
        applied = self._applied.next(number)
        if applied + 1 >= times:
            del self._rules[number]
        return applied < times

    def _takes(self, number: int, when: When) -> bool:
        """Count a request that meets a rule, and say whether the rule wants it."""
        met = self._met.next(number) + 1
        if not when.takes(met):
            return False
        if when.probability is None:
            return True
        drawn = Random(f"{self._seed}:rule {number}:{met}").random()  # noqa: S311 - reproducible
        return drawn < when.probability

    def to_json(self) -> list[JsonObject]:
        """The rules as they were set, and how many requests each still waits for."""
        told = []
        for number, rule in self._rules.items():
            left = None if rule.times is None else rule.times - self._applied.count_of(number)
            if left is None or left > 0:
                said = rule.model_dump(mode="json", exclude_defaults=True) | {"fault": rule.fault.asked}
                told.append(said if left is None else said | {"left": left})
        return told


def fault_in_header(value: str) -> Fault:
    """The fault that the header :data:`HEADER` asks for: ``status=429; retry_after=1``. Raises InvalidInputError."""
    return _parse(tuple(value.split(";")), HEADER)


def split_model(model_id: str) -> tuple[str, Fault | None]:
    """The model's own name, and the fault behind it: ``gpt-5+fault,status=429,retry_after=1``.

    Raises InvalidInputError for one that is malformed.
    """
    found = IN_MODEL.fullmatch(model_id)
    if found is None:
        return model_id, None
    return found["model"], _parse(tuple(re.split("[,;]", found["fault"])), "model")


@lru_cache(maxsize=256)
def _parse(items: tuple[str, ...], path: str) -> Fault:
    fields: dict[str, str] = {}
    for item in items:
        name, mark, value = item.strip().partition("=")
        if name:
            fields[name.strip()] = value.strip() if mark else "true"
    for name in fields.keys() - Fault.model_fields.keys():
        alike = get_close_matches(name, Fault.model_fields, n=1)
        hint = f"is {alike[0]!r} meant?" if alike else f"there are {', '.join(Fault.model_fields)}"
        raise InvalidInputError(f"no fault {name!r}; {hint}", path=path)
    try:
        return Fault.model_validate_strings(fields)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = ".".join(map(str, detail["loc"]))
        said = detail["msg"].removeprefix("Value error, ")
        raise InvalidInputError(f"{where}: {said}" if where else said, path=path) from None
