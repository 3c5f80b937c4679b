"""The requirements of a version of the suite, as they stood when it was released.

``requirements/frozen/<version>.json`` holds the level of each requirement and a digest of the rest of it, and the names
of the cases and the checks of that version. ``--requirements VERSION`` judges by it: whatever came later is judged all
the same, and cannot fail a run. How such a file is made, :mod:`conformance.freezing` tells.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conformance.catalogue import CatalogueError, Requirement
from llm_sdk.types import JsonObject

__all__ = ["ALL", "FOLDER", "RequirementSet", "frozen_versions", "read_frozen", "requirement_set"]

FOLDER = Path(__file__).parent / "requirements" / "frozen"


@dataclass(frozen=True, slots=True)
class RequirementSet:
    """What binds an adapter. ``levels`` are by requirement; ``None`` stands for all that the suite has."""

    name: str = ""
    levels: Mapping[str, str] | None = None
    cases: frozenset[str] = frozenset()
    checks: frozenset[str] = frozenset()

    def level(self, requirement: Requirement) -> str:
        """The level of a requirement in this set; empty where it is not in it."""
        return requirement.level if self.levels is None else self.levels.get(requirement.id, "")

    def binds(self, requirements: list[Requirement], check: str, case: str | None) -> bool:
        """Whether a check on a case counts: not so where its requirements, itself or the case came later. ``case`` is
        ``None`` for a recording from elsewhere.
        """
        if self.levels is None:
            return True
        known = check in self.checks and (case is None or case in self.cases)
        return known and any(map(self.level, requirements))


ALL = RequirementSet()


def frozen_versions() -> list[str]:
    """The versions that there is a set of, the oldest first."""
    return sorted(
        (file.stem for file in FOLDER.glob("*.json")), key=lambda name: [int(part) for part in name.split(".")]
    )


@cache
def requirement_set(version: str) -> RequirementSet:
    """The set of a version. Raises CatalogueError for one that there is none of."""
    if version not in frozen_versions():
        raise CatalogueError(f"no requirements of a version {version!r}; there are {', '.join(frozen_versions())}")
    found = read_frozen(version)
    levels = {id: row["level"] for id, row in found["requirements"].items()}
    return RequirementSet(version, levels, frozenset(found["cases"]), frozenset(found["checks"]))


def read_frozen(version: str) -> JsonObject:
    """The file of a version."""
    found: JsonObject = json.loads((FOLDER / f"{version}.json").read_text(encoding="utf-8"))
    return found
