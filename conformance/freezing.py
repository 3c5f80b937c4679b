"""Freezes the requirements of a version: ``python -m conformance.freezing VERSION``.

It adds to the file of the version what is new in the suite; it takes nothing away and changes nothing, for a version
that was released binds the suite.
"""

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.case import COMPLETION, case_files
from conformance.catalogue import CatalogueError, Requirement, load_requirements
from conformance.frozen import FOLDER, frozen_versions, read_frozen
from conformance.manifest import load_manifest
from llm_sdk.types import JsonObject
from mock_server.cassette import write_whole

__all__ = ["completed", "departures"]

DIGITS = 16
"""How much of a digest is kept."""


def departures(version: str, requirements: tuple[Requirement, ...] | None = None) -> list[str]:
    """How the suite departs from what it was bound to by a version, one line for each; nothing where it does not."""
    catalogue = load_requirements() if requirements is None else requirements
    found, rows = read_frozen(version), {requirement.id: _row(requirement) for requirement in catalogue}
    return [
        *_changes(found["requirements"], rows),
        *(f"the case {name} is gone" for name in sorted(set(found["cases"]) - _cases())),
        *(f"the check {name} is gone" for name in sorted(set(found["checks"]) - _checks())),
    ]


def _changes(bound: JsonObject, rows: Mapping[str, JsonObject]) -> Iterator[str]:
    for id, row in bound.items():
        if id not in rows:
            yield f"{id} is gone"
        else:
            yield from (f"{id}: its {field} is another" for field in row if row[field] != rows[id][field])


def _row(requirement: Requirement) -> JsonObject:
    """A source may be bettered, and a quirk found with further providers; what is asked for may not change."""
    digest = hashlib.sha256(requirement.sentence.encode()).hexdigest()
    return {"level": requirement.level, "since": requirement.since, "sentence": digest[:DIGITS]}


def _cases() -> set[str]:
    return {COMPLETION, *case_files()}


def _checks() -> set[str]:
    return {check for provider in load_manifest()["providers"].values() for check in provider["by_check"]}


def _is_of(requirement: Requirement, version: str) -> bool:
    return [int(part) for part in requirement.since.split(".")][:2] <= [int(part) for part in version.split(".")]


def completed(version: str) -> JsonObject:
    """The set of a version with what the suite has of it beyond. Raises CatalogueError where the suite departs from
    what stands there.
    """
    bound: dict[str, Any] = {"requirements": {}, "cases": [], "checks": []}
    if version in frozen_versions():
        if wrong := departures(version):
            raise CatalogueError(f"the requirements of {version} are frozen: {'; '.join(wrong)}")
        bound = read_frozen(version)
    new = {found.id: _row(found) for found in load_requirements() if _is_of(found, version)}
    return {
        "requirements": {**new, **bound["requirements"]},
        "cases": sorted({*bound["cases"], *_cases()}),
        "checks": sorted({*bound["checks"], *_checks()}),
    }


def _text(document: JsonObject) -> str:
    rows = ",\n".join(f"  {json.dumps(id)}: {json.dumps(row)}" for id, row in document["requirements"].items())
    names = "".join(f',\n "{field}": {json.dumps(document[field], indent=1)}' for field in ("cases", "checks"))
    return f'{{\n "requirements": {{\n{rows}\n }}{names}\n}}\n'


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:]:
        write_whole(FOLDER / f"{name}.json", _text(completed(name)))
        sys.stdout.write(f"{FOLDER / name}.json written\n")
