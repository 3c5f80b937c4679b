"""Faults that no scenario brings: set by a control call, by a header of the request, or behind the model's name."""

import re
from collections import Counter
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

    ``seed`` is what their probabilities are drawn from.
    """

    def __init__(self, seed: int = 0) -> None:
        self._rules: dict[int, FaultRule] = {}
        self._left: dict[int, int] = {}
        self._met: Counter[int] = Counter()
        self._numbers = count(1)
        self._seed = seed

    def __len__(self) -> int:
        return len(self._rules)

    def add(self, rules: Iterable[FaultRule]) -> None:
        """Put these behind those that are there."""
        for rule in rules:
            number = next(self._numbers)
            self._rules[number] = rule
            if rule.times is not None:
                self._left[number] = rule.times

    def clear(self) -> None:
        """Forget all."""
        self._rules.clear()
        self._left.clear()
        self._met.clear()
        self._numbers = count(1)

    def take(self, asked: Asked) -> Fault | None:
        """What goes wrong with this request."""
        found: Fault | None = None
        for number, rule in list(self._rules.items()):
            if rule.when.match(asked) is None or not self._takes(number, rule.when):
                continue
            found = rule.fault if found is None else found.over(rule.fault)
            if number in self._left:
                self._left[number] -= 1
                if not self._left[number]:
                    del self._left[number], self._rules[number]
        return found

    def _takes(self, number: int, when: When) -> bool:
        """Count a request that meets a rule, and say whether the rule wants it."""
        self._met[number] += 1
        if not when.takes(self._met[number]):
            return False
        if when.probability is None:
            return True
        drawn = Random(f"{self._seed}:rule {number}:{self._met[number]}").random()  # noqa: S311 - reproducible
        return drawn < when.probability

    def to_json(self) -> list[JsonObject]:
        """The rules as they were set, and how many requests each still waits for."""
        return [
            rule.model_dump(mode="json", exclude_defaults=True)
            | {"fault": rule.fault.asked}
            | ({"left": self._left[number]} if number in self._left else {})
            for number, rule in self._rules.items()
        ]


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
