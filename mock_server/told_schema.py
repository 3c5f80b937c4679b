"""The JSON Schema that a prompt tells in words: how frameworks ask a model for JSON that has no format for it."""

import json
import re

from llm_sdk.types import JsonObject, LanguageModelInput
from mock_server.conversation import last_user, system_text

__all__ = ["told_schema"]

ANNOUNCED = re.compile(r"schema[^{}]{0,200}(?=\{)", re.IGNORECASE)
"""The word, and not much before an object."""
KEYWORDS = frozenset({"properties", "$ref", "anyOf", "oneOf", "allOf", "items", "enum"})


def told_schema(input: LanguageModelInput) -> JsonObject | None:
    """The last JSON object in the user's last message, else in the instructions, that is announced as a schema and
    looks like one."""
    for text in (last_user(input)[1], system_text(input)):
        for announced in reversed(list(ANNOUNCED.finditer(text))):
            try:
                value, _ = json.JSONDecoder().raw_decode(text, announced.end())
            except ValueError:
                continue
            if isinstance(value, dict) and KEYWORDS & value.keys():
                return value
    return None
