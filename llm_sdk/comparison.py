"""Two JSON values compared leaf by leaf, and what differs said in a line."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["ABSENT", "Difference", "describe", "differences"]

SHOWN = 60


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT = _Absent()
"""Stands for a value that one side does not have."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The value at ``path`` on both sides, either of which may be :data:`ABSENT`."""

    path: str
    expected: Any
    actual: Any

    def __str__(self) -> str:
        return f"{self.path or '(whole body)'}: {_show(self.expected)} became {_show(self.actual)}"


def differences(expected: Any, actual: Any, path: str = "") -> Iterator[Difference]:
    """Every leaf that is not the same on both sides, in the order of ``expected``.

    Numbers are equal by value (1 and 1.0), but never equal to true and false; null is not the same as absent.
    """
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in [*expected, *(key for key in actual if key not in expected)]:
            inner = f"{path}.{key}" if path else str(key)
            yield from differences(expected.get(key, ABSENT), actual.get(key, ABSENT), inner)
    elif isinstance(expected, list) and isinstance(actual, list):
        for at in range(max(len(expected), len(actual))):
            left = expected[at] if at < len(expected) else ABSENT
            right = actual[at] if at < len(actual) else ABSENT
            yield from differences(left, right, f"{path}[{at}]")
    elif isinstance(expected, bool) is not isinstance(actual, bool) or expected != actual:
        yield Difference(path, expected, actual)


def describe(expected: Any, actual: Any, limit: int = 3) -> str:
    """The first ``limit`` differences in one line; empty when there are none."""
    found = list(differences(expected, actual))
    more = f"; and {len(found) - limit} more" if len(found) > limit else ""
    return "; ".join(map(str, found[:limit])) + more


def _show(value: Any) -> str:
    if value is ABSENT:
        return "absent"
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} characters)"
