"""A list of calls in Python's syntax: ``[f(a=1, b="x"), g()]``. Read by hand, because nothing of it shall run, and
Python's own reader is stricter than models are: ``true`` and ``null`` count, and a bare word is a text."""

import re
from typing import Any, NoReturn

from llm_sdk.json_model import MAX_JSON_DEPTH, JsonObject, copy_json

__all__ = ["CallSyntaxError", "read_call_list"]

SPACE = re.compile(r"\s*")
NAME = re.compile(r"[A-Za-z_][\w.-]*")
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"|' + r"'(?:[^'\\]|\\.)*'", re.DOTALL)
ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0", "\n": ""}
WORDS = {"True": True, "true": True, "False": False, "false": False, "None": None, "null": None}
CLOSINGS = {"[": "]", "(": ")", "{": "}"}


class CallSyntaxError(ValueError):
    """The text is no list of calls; the message says what was expected, and at which character."""


def read_call_list(text: str) -> list[tuple[str, JsonObject, str]]:
    """The calls: name, arguments and text of each. Raises CallSyntaxError."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def read(self) -> list[tuple[str, JsonObject, str]]:
        calls: list[tuple[str, JsonObject, str]] = []
        self._expect("[")
        while not self._take("]"):
            calls.append(self._call())
            self._separator("]")
        self._skip()
        if self._at < len(self._text):
            self._fail("nothing after the list")
        return calls

    def _call(self) -> tuple[str, JsonObject, str]:
        self._skip()
        start = self._at
        name = self._match(NAME, "the name of a function")
        self._expect("(")
        arguments: JsonObject = {}
        while not self._take(")"):
            key = self._match(NAME, "an argument such as name=value")
            self._expect("=")
            arguments[key] = self._value()
            self._separator(")")
        try:
            return name, copy_json(arguments), self._text[start : self._at]
        except ValueError as error:
            raise CallSyntaxError(str(error)) from None

    def _value(self) -> Any:
        self._skip()
        first = self._text[self._at : self._at + 1]
        if first in CLOSINGS and first:
            return self._nested(first)
        if (found := STRING.match(self._text, self._at)) is not None:
            self._at = found.end()
            return ESCAPE.sub(_unescape, found.group()[1:-1])
        if (found := NUMBER.match(self._text, self._at)) is not None:
            self._at = found.end()
            return _number(found.group())
        word = self._match(NAME, "a value")
        return WORDS.get(word, word)

    def _nested(self, opening: str) -> Any:
        self._depth += 1
        if self._depth > MAX_JSON_DEPTH:
            self._fail(f"no more than {MAX_JSON_DEPTH} levels")
        self._at += 1
        closing = CLOSINGS[opening]
        values: list[Any] = []
        entries: JsonObject = {}
        while not self._take(closing):
            if opening == "{":
                key = self._value()
                self._expect(":")
                entries[key if isinstance(key, str) else str(key)] = self._value()
            else:
                values.append(self._value())
            self._separator(closing)
        self._depth -= 1
        return entries if opening == "{" else values

    def _separator(self, closing: str) -> None:
        """A comma, or the end that comes next."""
        self._skip()
        if not self._text.startswith(closing, self._at):
            self._expect(",")

    def _match(self, pattern: re.Pattern[str], what: str) -> str:
        self._skip()
        if (found := pattern.match(self._text, self._at)) is None:
            self._fail(what)
        self._at = found.end()
        return found.group()

    def _take(self, mark: str) -> bool:
        self._skip()
        if not self._text.startswith(mark, self._at):
            return False
        self._at += len(mark)
        return True

    def _expect(self, mark: str) -> None:
        if not self._take(mark):
            self._fail(repr(mark))

    def _skip(self) -> None:
        if (found := SPACE.match(self._text, self._at)) is not None:
            self._at = found.end()

    def _fail(self, expected: str) -> NoReturn:
        raise CallSyntaxError(f"expected {expected} at character {self._at}")


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("+-").isdecimal() else float(text)


def _unescape(found: re.Match[str]) -> str:
    escape = found.group(1)
    if escape[0] in "xu" and len(escape) > 1:
        return chr(int(escape[1:], 16))
    return ESCAPES.get(escape, escape if escape in "\\'\"" else found.group())
