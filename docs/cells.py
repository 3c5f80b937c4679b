"""What stands in one cell of a table: the outcome of one question, in few words."""

import json
from typing import Any

from llm_sdk.testing.questions import LOOSE, SCHEMA
from llm_sdk.testing.survey import Finding, said_by

__all__ = ["option_cell", "part_cell", "wire_cell"]

TOLD = " ⚠"
# What names a part and says nothing.
NAMES = frozenset({"type", "provider"})


def part_cell(finding: Finding) -> str:
    """What became of a part."""
    match finding.outcome:
        case "refused":
            return "no"
        case "kept":
            return "yes"
        case "left out":
            return "left out" + _told(finding)
    said = said_by(finding.question)
    asked = said[0]
    kinds = [part["type"] for part in finding.became]
    phrases = []
    if kinds != [part["type"] for part in said]:
        phrases.append("as " + ", ".join(f"`{kind}`" for kind in kinds))
    if lost := [name for name in finding.lost if name not in NAMES and name not in _changed(asked, finding)]:
        phrases.append("without " + ", ".join(f"`{name}`" for name in lost))
    changed = _changed(asked, finding)
    for word, names in (
        ("with another", [name for name in changed if name in asked]),
        ("with", [name for name in changed if name not in asked]),
    ):
        if names:
            phrases.append(f"{word} " + ", ".join(f"`{name}`" for name in names))
    return ("; ".join(phrases) or "yes") + _told(finding)


def _changed(asked: dict[str, Any], finding: Finding) -> list[str]:
    """The fields of the only part that came which it has in another form."""
    [came] = finding.became if len(finding.became) == 1 else [{}]
    if came.get("type") != asked["type"]:
        return []
    return [name for name, value in came.items() if value not in ("", asked.get(name))]


def option_cell(finding: Finding) -> str:
    """What became of an option."""
    match finding.outcome:
        case "refused":
            return "no"
        case "kept":
            return "yes" + _told(finding)
        case "left out":
            return "left out" + _told(finding) if finding.warnings else "yes, by default"
    return f"as `{_short(finding.became)}`" + _told(finding)


def wire_cell(finding: Finding) -> str:
    """What the body has for an option."""
    return f"`{_short(finding.wire)}`" if finding.wire else ""


def _told(finding: Finding) -> str:
    return TOLD if finding.warnings else ""


def _short(value: Any) -> str:
    return json.dumps(_without_schemas(value), ensure_ascii=False).replace('"…"', "…")


def _without_schemas(value: Any) -> Any:
    if value in (SCHEMA, LOOSE):
        return "…"
    if isinstance(value, dict):
        return {name: _without_schemas(inner) for name, inner in value.items()}
    return [_without_schemas(inner) for inner in value] if isinstance(value, list) else value
