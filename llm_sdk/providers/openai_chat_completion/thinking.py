"""Reasoning <-> the fields in which compatible servers tell it. OpenAI's own endpoint only counts its tokens.

A part keeps where it came from, so that it goes back there and nowhere else: its ``id`` is the name of the field that
held the text, its ``signature`` the JSON of what stood beside it: of ``reasoning_details``, which is an array, or of
``reasoning_opaque``, which is a text.
"""

import json
from collections.abc import Iterable
from typing import Any, Protocol, TypeAlias

from llm_sdk.codec import dump_json
from llm_sdk.types import JsonObject, ReasoningPart

DETAILS = "reasoning_details"
OPAQUE = "reasoning_opaque"
TEXT_FIELDS = ("reasoning_content", "reasoning", "reasoning_text")
FIELDS = (*TEXT_FIELDS, DETAILS, OPAQUE)
DEFAULT_FIELD = "reasoning_content"
DETAIL_TEXTS = ("text", "summary")
DETAIL_FRAGMENTS = (*DETAIL_TEXTS, "data")

Beside: TypeAlias = list[JsonObject] | str
"""What stands beside a reasoning text: its details, or one opaque text; empty where there is nothing."""


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

    @property
    def reasoning_text(self) -> Any:
        """Copilot's field."""
        ...

    @property
    def reasoning_details(self) -> list[JsonObject] | None:
        """What OpenRouter puts beside it."""
        ...

    @property
    def reasoning_opaque(self) -> Any:
        """What Copilot puts beside it."""
        ...


def thought(said: HasThinking) -> tuple[str, str]:
    """The reasoning text and the field that holds it; both are empty where there is none."""
    for field in TEXT_FIELDS:
        text = getattr(said, field)
        if isinstance(text, str) and text:
            return text, field
    return "", ""


def beside_thought(said: HasThinking) -> Beside:
    """What stands beside the reasoning text."""
    if said.reasoning_details:
        return said.reasoning_details
    return said.reasoning_opaque if isinstance(said.reasoning_opaque, str) else ""


def reasoning_part(text: str, field: str, beside: Beside) -> ReasoningPart | None:
    """The part of a reasoning text and of what stands beside it; None where there is neither.

    A text that stands in the details only is taken from there.
    """
    if not field and not beside:
        return None
    if not field and isinstance(beside, list):
        text, field = "\n".join(filter(None, map(_detail_text, beside))), DETAILS
    return ReasoningPart(text=text, id=field or OPAQUE, signature=dump_json(beside).decode() if beside else None)


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


def read_beside(part: ReasoningPart) -> JsonObject:
    """The field that a signature holds, by its name; none where it is no signature of this protocol."""
    if part.signature is None or not is_own(part):
        return {}
    try:
        beside = json.loads(part.signature)
    except ValueError:
        return {}
    if isinstance(beside, str):
        return {OPAQUE: beside}
    known = isinstance(beside, list) and all(isinstance(detail, dict) for detail in beside)
    return {DETAILS: beside} if known else {}


def encode_reasoning(parts: list[ReasoningPart]) -> JsonObject:
    """The fields of a message. A message has one reasoning text: those of several parts follow one another."""
    fields: JsonObject = {}
    beside: JsonObject = {}
    for part in parts:
        field = part.id if part.id in FIELDS else DEFAULT_FIELD
        for name, value in read_beside(part).items():
            beside[name] = beside[name] + value if name in beside else value
        if field not in (DETAILS, OPAQUE):
            fields[field] = fields.get(field, "") + part.text
    return fields | beside
