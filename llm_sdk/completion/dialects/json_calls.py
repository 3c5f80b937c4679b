"""The dialect ``json``: the whole answer is ``{"name", "arguments"}``, or ``{"tool_calls": [...]}`` with several."""

import json
import re
from typing import Any

from pydantic_core import from_json

from llm_sdk.completion.dialects.items import Found, Malformed
from llm_sdk.completion.dialects.scanner import Calls, Grammar, Whole
from llm_sdk.json_model import JsonObject, copy_json

__all__ = ["GRAMMAR", "WHOLE", "parse_json", "read_call"]

FIRST_KEYS = ("name", "arguments", "parameters", "tool_calls", "id", "type", "function")
BEGIN = re.compile(r'\s*\{\s*"(?P<key>\w{1,16})"')
BEGUN = re.compile(r'\s*(\{\s*("\w{0,16})?)?')
SHAPE = re.compile(r'\s*\{\s*("tool_calls"\s*:|"name"\s*:\s*"[^"]*"\s*,\s*"(arguments|parameters)"\s*:)')


def parse_json(text: str) -> Any:
    """The value of a JSON text. Raises ValueError with the reader's own words."""
    return copy_json(from_json(text.strip(), allow_inf_nan=False))


def read_call(value: Any, raw: str) -> Found | None:
    """The call that a JSON value is: its arguments may be an object, or one written as a text; none at all are empty.

    OpenAI's form, with the call under ``function``, is one too. None for any other value.
    """
    if not isinstance(value, dict):
        return None
    inner = value["function"] if isinstance(value.get("function"), dict) else value
    name = inner.get("name")
    arguments = _read_arguments(inner)
    if not isinstance(name, str) or not name or arguments is None:
        return None
    id = value.get("id")
    return Found(name, arguments, raw, id if isinstance(id, str) and id else None)


def _read_arguments(call: JsonObject) -> JsonObject | None:
    key = "arguments" if "arguments" in call else "parameters"
    if key not in call:
        return None
    arguments = call[key]
    if isinstance(arguments, str):
        try:
            arguments = parse_json(arguments or "{}")
        except ValueError:
            return None
    arguments = {} if arguments is None else arguments
    return arguments if isinstance(arguments, dict) else None


def _begins(text: str) -> bool | None:
    if (found := BEGIN.match(text)) is not None:
        return found["key"] in FIRST_KEYS
    return None if BEGUN.fullmatch(text) is not None else False


def _read_whole(text: str) -> Calls | None:
    try:
        value = parse_json(text)
    except ValueError as error:
        return [Malformed(f"Failed to parse JSON tool call: {error}", text)] if SHAPE.match(text) else None
    if isinstance(value, dict) and isinstance(entries := value.get("tool_calls"), list) and entries:
        return [_read_entry(entry) for entry in entries]
    call = read_call(value, text)
    return None if call is None else [call]


def _read_entry(entry: Any) -> Found | Malformed:
    raw = json.dumps(entry, ensure_ascii=False)
    return read_call(entry, raw) or Malformed("tool_calls entry is missing name/arguments", raw)


WHOLE = Whole(_begins, _read_whole)
GRAMMAR = Grammar(whole=WHOLE)
