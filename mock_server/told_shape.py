"""The shape of JSON as prompts write it: ``{name: string, tags: string[], kind: "a" or "b", next?: {...} | null}``.

BAML writes it so, with ``//`` before what it says about a field, and so do graders such as promptfoo's, and prompts
with types of TypeScript. It becomes a JSON Schema.
"""

import re
from collections.abc import Callable, Iterator

from pydantic_core import from_json

from llm_sdk.types import JsonObject

__all__ = ["read_shape"]

MAX_DEPTH = 16
TYPES = {
    **dict.fromkeys(("string", "str"), "string"),
    **dict.fromkeys(("int", "integer"), "integer"),
    **dict.fromkeys(("float", "number"), "number"),
    **dict.fromkeys(("bool", "boolean"), "boolean"),
    "null": "null",
}
ANY = "any"
OR = frozenset(("or", "|"))
TOKEN = re.compile(r"""(?:\s|//[^\n]*)*("(?:[^"\\\n]|\\.)*"|'[^'\\\n]*'|\w+|\[\]|.)""")


class _NoShapeError(Exception):
    """The text is something else."""


def read_shape(text: str, start: int) -> JsonObject | None:
    """The schema of the object, or of the list, that begins at ``start``; None where that is no shape."""
    try:
        return _Reader(match[1] for match in TOKEN.finditer(text, start)).read(0)
    except _NoShapeError:
        return None


class _Reader:
    """Reads one shape from its tokens."""

    def __init__(self, tokens: Iterator[str]) -> None:
        self._tokens = tokens
        self._next = next(tokens, "")

    def read(self, depth: int) -> JsonObject:
        """One type, or several of which a value has one."""
        found = [self._one(depth)]
        while depth and self._next in OR:  # behind the outermost the prompt goes on
            self._take()
            found.append(self._one(depth))
        return found[0] if len(found) == 1 else {"anyOf": found}

    def _one(self, depth: int) -> JsonObject:
        if depth > MAX_DEPTH:
            raise _NoShapeError
        readers: dict[str, Callable[[int], JsonObject]] = {"{": self._object, "[": self._list, "(": self._group}
        token = self._take()
        found = readers[token](depth) if token in readers else _scalar(token)
        while depth and self._next == "[]":
            self._take()
            found = {"type": "array", "items": found}
        return found

    def _object(self, depth: int) -> JsonObject:
        fields: dict[str, JsonObject] = {}
        required: list[str] = []
        while self._next != "}":
            name = _name(self._take())
            optional = self._next == "?"
            if optional:
                self._take()
            self._expect(":")
            fields[name] = self.read(depth + 1)
            required += [] if optional else [name]
            if self._next in (",", ";"):
                self._take()
        self._take()
        if not fields:
            raise _NoShapeError
        return {"type": "object", "properties": fields, "required": required}

    def _list(self, depth: int) -> JsonObject:
        items = self.read(depth + 1)
        self._expect("]")
        return {"type": "array", "items": items}

    def _group(self, depth: int) -> JsonObject:
        inner = self.read(depth + 1)
        self._expect(")")
        return inner

    def _take(self) -> str:
        token, self._next = self._next, next(self._tokens, "")
        return token

    def _expect(self, token: str) -> None:
        if self._take() != token:
            raise _NoShapeError


def _scalar(token: str) -> JsonObject:
    if token in TYPES:
        return {"type": TYPES[token]}
    if token == ANY:
        return {}
    if token[:1] in ('"', "'"):
        return {"const": _name(token)}
    raise _NoShapeError


def _name(token: str) -> str:
    try:
        name = from_json(token) if token.startswith('"') else token.strip("'")
    except ValueError:
        raise _NoShapeError from None
    if not isinstance(name, str) or not (name.isidentifier() or token[:1] in ('"', "'")):
        raise _NoShapeError
    return name
