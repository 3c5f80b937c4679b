"""The requirements: what a client of an LLM API has to do, each with an id, a level, one sentence and its source.

They stand in ``requirements/<area>.toml``. An id is never used again for something else; a new MUST is a minor release
of the suite.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from llm_sdk.registry import PROVIDERS

__all__ = ["ABOUT", "AREAS", "LEVELS", "CatalogueError", "Requirement", "load_requirements", "requirement_by_id"]

Level: TypeAlias = Literal["MUST", "SHOULD", "MAY"]
About: TypeAlias = Literal[
    "answer",
    "finish",
    "identity",
    "usage",
    "request",
    "completeness",
    "return",
    "warning",
    "unsupported",
    "error",
    "stream",
    "conduct",
    "twins",
    "purity",
]
LEVELS: tuple[str, ...] = get_args(Level)
ABOUT: tuple[str, ...] = get_args(About)
AREAS = (
    "core",
    "streaming",
    "tools",
    "structured-output",
    "multimodal",
    "audio",
    "reasoning",
    "citations",
    "web-search",
    "usage",
    "errors",
    "resilience",
    "completion",
)
"""The profiles of a run, in the order of a report."""
FOLDER = Path(__file__).parent / "requirements"
FIELDS = ("id", "level", "about", "sentence", "source", "since")


class CatalogueError(ValueError):
    """The catalogue contradicts itself; the message names the file and the requirement."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement. ``about`` says which side of a call it concerns, so that a case with several requirements shows
    each of them by the check that can see it. ``since`` is the version of the suite that brought it. ``providers`` are
    those whose quirk it is, and none for what concerns every protocol.
    """

    id: str
    level: Level
    area: str
    about: About
    sentence: str
    source: str
    since: str
    providers: tuple[str, ...] = ()


@cache
def load_requirements(folder: Path = FOLDER) -> tuple[Requirement, ...]:
    """Every requirement, area by area. Raises CatalogueError for ids that are not unique and in order, for missing
    fields, and for an area without a file.
    """
    found: list[Requirement] = []
    for area in AREAS:
        file = folder / f"{area}.toml"
        try:
            document = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CatalogueError(f"{file}: cannot be read ({error})") from None
        if document.get("area") != area:
            raise CatalogueError(f"{file}: area must be {area!r}")
        found += _read_area(file, area, document.get("requirement", []))
    ids = [requirement.id for requirement in found]
    if twice := sorted({id for id in ids if ids.count(id) > 1}):
        raise CatalogueError(f"{folder}: ids used twice: {', '.join(twice)}")
    return tuple(found)


def _read_area(file: Path, area: str, rows: list[dict[str, Any]]) -> list[Requirement]:
    found = []
    for number, row in enumerate(rows, 1):
        where = f"{file}: {row.get('id') or f'requirement {number}'}"
        providers = tuple(row.pop("providers", ()))
        if set(row) != set(FIELDS):
            missing, unknown = sorted(set(FIELDS) - set(row)), sorted(set(row) - set(FIELDS))
            raise CatalogueError(f"{where}: missing {missing or 'nothing'}, unknown {unknown or 'nothing'}")
        if row["level"] not in LEVELS or row["about"] not in ABOUT:
            raise CatalogueError(f"{where}: level is one of {LEVELS}, about one of {ABOUT}")
        if not all(isinstance(row[name], str) and row[name].strip() for name in FIELDS):
            raise CatalogueError(f"{where}: every field is a text, and none is empty")
        if unknown_names := [name for name in providers if name not in PROVIDERS]:
            raise CatalogueError(f"{where}: no provider {unknown_names[0]!r}; there are {', '.join(PROVIDERS)}")
        prefix, _, place = row["id"].rpartition("-")
        if not prefix or place != f"{number:02d}" or not rows[0]["id"].startswith(f"{prefix}-"):
            raise CatalogueError(f"{where}: ids of an area have one prefix and count from 01 without a gap")
        found.append(Requirement(area=area, providers=providers, **row))
    return found


def requirement_by_id(id: str) -> Requirement:
    """The requirement of this id. Raises CatalogueError for any other."""
    for requirement in load_requirements():
        if requirement.id == id:
            return requirement
    raise CatalogueError(f"no requirement {id!r}")
