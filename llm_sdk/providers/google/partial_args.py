"""Arguments of a function call that are streamed in pieces (Vertex, ``streamFunctionCallArguments``)."""

import re
from itertools import pairwise
from typing import Any

from llm_sdk.errors import InvariantError
from llm_sdk.providers.google import wire
from llm_sdk.providers.google.content import PROVIDER
from llm_sdk.types import JsonObject

PATH = re.compile(r"\$((?:\.[^.\[\]]+|\[\d+\]|\['[^']*'\])*)")
STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\['([^']*)'\]")
MAX_INDEX = 10_000


class PartialArgs:
    """Puts the pieces together: texts at one path are concatenated, every other value is set."""

    def __init__(self) -> None:
        self.args: JsonObject = {}

    def add(self, piece: wire.PartialArg) -> None:
        """Add one piece. Raises InvariantError for a path that cannot be gone."""
        steps = _steps(piece.json_path)
        into: Any = self.args
        try:
            for step, following in pairwise(steps):
                into = _enter(into, step, [] if isinstance(following, int) else {})
            before = _enter(into, steps[-1], None)
            if piece.string_value is not None:
                value: Any = before + piece.string_value if isinstance(before, str) else piece.string_value
            elif piece.number_value is not None:
                number = piece.number_value
                value = int(number) if number.is_integer() else number
            else:
                value = piece.bool_value
            into[steps[-1]] = value
        except (TypeError, IndexError) as error:
            raise InvariantError(
                f"a piece of an argument does not fit at {piece.json_path!r}: {error}", provider=PROVIDER
            ) from None


def _steps(path: str) -> list[str | int]:
    found = PATH.fullmatch(path)
    if found is None or not found[1]:
        raise InvariantError(f"{path!r} is no path of an argument", provider=PROVIDER)
    return [int(index) if index else name or quoted for name, index, quoted in STEP.findall(found[1])]


def _enter(into: Any, step: str | int, empty: Any) -> Any:
    """What stands at ``step``, put there as ``empty`` where nothing does."""
    if isinstance(step, int):
        if step > MAX_INDEX:
            raise IndexError(f"no list is that long: {step}")
        if not isinstance(into, list):
            raise TypeError("a position in what is no list")
        while len(into) <= step:
            into.append(None)
        if into[step] is None:
            into[step] = empty
        return into[step]
    if not isinstance(into, dict):
        raise TypeError("a name in what is no object")
    return into.setdefault(step, empty)
