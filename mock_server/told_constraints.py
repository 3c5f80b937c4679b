"""Bounds that a client tells the model in words, where the provider takes no such keyword in a schema.

Anthropic's official clients move what structured outputs do not support into the description, as
``{minimum: 1, maxItems: 3}``; ``ai`` writes ``minimum: 1; max items: 3.`` there. A model keeps to it, and the client
checks the answer by the whole schema.
"""

import re
from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from llm_sdk.types import JsonObject
from mock_server.schema_merging import DATA

__all__ = ["with_told_constraints"]

COUNTS = {"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"}
NUMBERS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
TEXTS = {"pattern", "format"}
FLAGS = {"uniqueItems": {"true": True, "True": True, "false": False, "False": False}}
NEXT_IN_BRACES = re.compile(r", (?=\$?\w+: )")
NEXT_IN_WORDS = re.compile(r"; (?=[a-z ]+: )")
SECOND_WORD = re.compile(r" ([a-z])")


def with_told_constraints(schema: Any) -> Any:
    """The schema with the keywords that its descriptions tell and it does not have itself."""
    if isinstance(schema, list):
        return [with_told_constraints(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    full = {key: item if key in DATA else with_told_constraints(item) for key, item in schema.items()}
    description = schema.get("description")
    return {**_told(description), **full} if isinstance(description, str) else full


def _told(description: str) -> JsonObject:
    line = description.rpartition("\n")[2]
    if line.startswith("{") and line.endswith("}"):
        return dict(_keywords(NEXT_IN_BRACES.split(line[1:-1])))
    said = [one.partition(": ") for one in NEXT_IN_WORDS.split(line[:-1])] if line.endswith(".") else []
    found = dict(_keywords([_camel_case(words) + colon + value for words, colon, value in said]))
    return found if len(found) == len(said) else {}


def _camel_case(words: str) -> str:
    return SECOND_WORD.sub(lambda word: word[1].upper(), words)


def _keywords(pairs: list[str]) -> Iterator[tuple[str, Any]]:
    """The keywords that are understood, each with its value."""
    for pair in pairs:
        name, _, text = pair.partition(": ")
        value = FLAGS[name].get(text) if name in FLAGS else _value(text)
        if (
            (name in FLAGS and isinstance(value, bool))
            or (name in COUNTS and type(value) is int and value >= 0)
            or (name in NUMBERS and type(value) in (int, float))
            or (name in TEXTS and isinstance(value, str))
        ):
            yield name, value


def _value(text: str) -> Any:
    """JSON, or a text as it stands."""
    try:
        return from_json(text)
    except ValueError:
        return text
