"""Documents that a caller gives to be cited, as the texts that stand in them.

A protocol may have a form for them, and a client may yet send no more than what they say: the model reads it all the
same, and only has nothing to cite.
"""

from typing import Any

from llm_sdk.types import JsonObject

__all__ = ["without_sources"]


def without_sources(read: JsonObject) -> JsonObject | None:
    """A request with each document as what it says, and ``None`` where it has no document."""
    messages = read.get("messages") or []
    flat = [{**message, "content": _flat(message["content"])} for message in messages]
    return {**read, "messages": flat} if flat != messages else None


def _flat(parts: list[Any]) -> list[Any]:
    found: list[Any] = []
    for part in parts:
        if part["type"] == "source":
            found += _flat(part["content"])
        elif part["type"] == "tool-result" and not part.get("provider_executed"):
            found.append({**part, "content": _flat(part["content"])})
        else:
            found.append(part)
    return found
