"""Bodies of requests that mean the same, brought to one form: what every ``normalize.py`` is made of."""

import json
from typing import Any

from llm_sdk.types import JsonObject

__all__ = ["drop_defaults", "parse_arguments"]


def drop_defaults(value: JsonObject, defaults: JsonObject | None = None) -> JsonObject:
    """A copy without nulls, and without what ``defaults`` has too: their absence means the same."""
    known = defaults or {}
    return {key: item for key, item in value.items() if item is not None and item != known.get(key)}


def parse_arguments(text: str, *empty: str) -> Any:
    """The arguments of a call as JSON, so that their layout does not count: ``{}`` for none, or a word for none such
    as ``null``, given in ``empty``; the text itself where it is no JSON."""
    if text.strip() in ("", *empty):
        return {}
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
