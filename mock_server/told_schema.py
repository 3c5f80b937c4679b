"""The schema that a prompt tells in words: how frameworks ask a model for JSON that has no format for it."""

import json
import re

from llm_sdk.types import JsonObject, LanguageModelInput
from mock_server.conversation import last_user, system_text
from mock_server.told_shape import read_shape

__all__ = ["told_schema"]

ANNOUNCED = re.compile(r"schema[^{}]{0,200}(?=\{)", re.IGNORECASE)
"""The word, and not much before an object."""
SHAPE_ANNOUNCED = re.compile(r"(?:schema|structure|format)[^{}\[\]]{0,200}:\s*(?=[{\[])", re.IGNORECASE)
"""The same with words for a shape, and a colon right before it."""
KEYWORDS = frozenset({"properties", "$ref", "anyOf", "oneOf", "allOf", "items", "enum"})


def told_schema(input: LanguageModelInput) -> JsonObject | None:
    """The last JSON object in the user's last message, else in the instructions, that is announced as a schema and
    looks like one; else the last shape that is announced there."""
    for text in (last_user(input)[1], system_text(input)):
        for announced in reversed(list(ANNOUNCED.finditer(text))):
            try:
                value, _ = json.JSONDecoder().raw_decode(text, announced.end())
            except ValueError:
                continue
            if isinstance(value, dict) and KEYWORDS & value.keys():
                return value
        for announced in reversed(list(SHAPE_ANNOUNCED.finditer(text))):
            if (shape := read_shape(text, announced.end())) is not None:
                return shape
    return None
