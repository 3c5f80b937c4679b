"""Reasoning <-> the fields in which compatible servers tell it. OpenAI's own endpoint only counts its tokens.

A part keeps where it came from, so that it goes back there and nowhere else: its ``id`` is the name of the field that
held the text, its ``signature`` the JSON of ``reasoning_details``.
"""

import json
from collections.abc import Iterable
from typing import Any, Protocol

from llm_sdk.codec import dump_json
from llm_sdk.types import JsonObject, ReasoningPart

DETAILS = "reasoning_details"
TEXT_FIELDS = ("reasoning_content", "reasoning")
FIELDS = (*TEXT_FIELDS, DETAILS)
DEFAULT_FIELD = "reasoning_content"
DETAIL_TEXTS = ("text", "summary")
DETAIL_FRAGMENTS = (*DETAIL_TEXTS, "data")


class HasThinking(Protocol):
    """A message, a whole one or a delta."""

    @property
    def reasoning_content(self) -> Any:
        """DeepSeek's field, and most servers'."""
        ...

    @property
    def reasoning(self) -> Any:
        """OpenRouter's field."""
        ...


def thought(said: HasThinking) -> tuple[str, str]:
    """The reasoning text and the field that holds it; both are empty where there is none."""
    for field in TEXT_FIELDS:
        text = getattr(said, field)
        if isinstance(text, str) and text:
            return text, field
    return "", ""


def reasoning_part(text: str, field: str, details: list[JsonObject]) -> ReasoningPart | None:
    """The part of a reasoning text and of what stands beside it; None where there is neither.

    A text that stands in the details only is taken from there.
    """
    if not field and not details:
        return None
    if not field:
        text, field = "\n".join(filter(None, map(_detail_text, details))), DETAILS
    return ReasoningPart(text=text, id=field, signature=dump_json(details).decode() if details else None)


def _detail_text(detail: JsonObject) -> str:
    return next((detail[name] for name in DETAIL_TEXTS if isinstance(detail.get(name), str)), "")


def merge_details(details: list[JsonObject], fragments: Iterable[JsonObject]) -> None:
    """Add the ``reasoning_details`` of one delta: texts of the same index and type are joined, other fields replaced
    unless they come empty."""
    for fragment in fragments:
        place = (fragment.get("index"), fragment.get("type"))
        found = next((detail for detail in details if (detail.get("index"), detail.get("type")) == place), None)
        if found is None or place[0] is None:
            details.append(dict(fragment))
            continue
        for name, value in fragment.items():
            if name in DETAIL_FRAGMENTS and isinstance(value, str) and isinstance(found.get(name), str):
                found[name] += value
            elif value is not None or name not in found:
                found[name] = value


def is_own(part: ReasoningPart) -> bool:
    """Whether the reasoning came through this protocol; that of any other provider means nothing here."""
    return part.id in FIELDS


def read_details(part: ReasoningPart) -> list[JsonObject]:
    """The details that a signature holds; none where it is no signature of this protocol."""
    if part.signature is None or not is_own(part):
        return []
    try:
        details = json.loads(part.signature)
    except ValueError:
        return []
    known = isinstance(details, list) and all(isinstance(detail, dict) for detail in details)
    return details if known else []


def encode_reasoning(parts: list[ReasoningPart]) -> JsonObject:
    """The fields of a message. A message has one reasoning text: those of several parts follow one another."""
    fields: JsonObject = {}
    details: list[JsonObject] = []
    for part in parts:
        field = part.id if part.id in FIELDS else DEFAULT_FIELD
        details += read_details(part)
        if field != DETAILS:
            fields[field] = fields.get(field, "") + part.text
    return {**fields, DETAILS: details} if details else fields
