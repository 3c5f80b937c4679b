"""Custom tools, which both protocols of OpenAI have: the model calls them with a text, not with an object."""

from typing import Any

from llm_sdk.types import JsonObject

__all__ = ["INPUT", "parameters_of"]

INPUT = "input"
"""The one argument of such a call: its text."""


def parameters_of(syntax: Any, definition: Any) -> JsonObject:
    """The arguments of a custom tool whose text has to follow a grammar. One in the ``syntax`` ``regex`` is a pattern
    of the whole text; any other is not understood here, and takes any text."""
    pattern = {"pattern": f"^(?:{definition})$"} if syntax == "regex" and isinstance(definition, str) else {}
    return {"type": "object", "properties": {INPUT: {"type": "string", **pattern}}, "required": [INPUT]}
