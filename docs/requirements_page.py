"""The page of the requirements: what is asked, by which checks it is judged, which mutants prove that they can fail."""

from collections.abc import Iterator
from pathlib import Path

from conformance.catalogue import AREAS, load_requirements
from conformance.explanation import Explanation, explanation_of
from conformance.frozen import frozen_versions
from docs.tables import table

__all__ = ["FILE", "requirements_page"]

FILE = Path(__file__).parent / "requirements.md"
HEAD = ("requirement", "what is asked, and its source", "checks", "mutants that it catches", "seen in")


def requirements_page() -> str:
    """The page."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    catalogue = load_requirements()
    yield "# Requirements"
    yield ""
    yield f"{len(catalogue)} requirements in {len(AREAS)} areas. A check proves one or more of them; a mutant is the"
    yield "reference adapter broken in one thing, and shows that the checks of a requirement can fail. *and n more* are"
    yield "mutants broken in another thing, by which this requirement fails too. `llm-conformance explain ID` says all"
    yield f"of one. Frozen sets, for `--requirements`: {', '.join(frozen_versions())}. Made by `python -m docs`."
    for area in AREAS:
        yield from ("", f"## {area}", "")
        found = (explanation_of(requirement) for requirement in catalogue if requirement.area == area)
        yield from table(HEAD, map(_row, found))


def _row(found: Explanation) -> tuple[str, ...]:
    requirement = found.requirement
    whose = f" Quirk of {', '.join(requirement.providers)}." if requirement.providers else ""
    mutants = [f"`{mutant.name}`" for mutant in found.mutants]
    more = [f"and {len(found.others)} more"] if found.others else []
    return (
        f"**{requirement.id}** {requirement.level}, {requirement.since}",
        f"{requirement.sentence}{whose} *{requirement.source}*",
        "<br>".join(f"`{check}`" for check in found.checks),
        "<br>".join(mutants + more),
        "<br>".join(map(_place, found.seen)),
    )


def _place(place: str) -> str:
    repository, _, number = place.partition("#")
    if number:
        return f"[{place}](https://github.com/{repository}/issues/{number})"
    repository, _, commit = place.partition("@")
    return f"[{repository}@{commit[:7]}](https://github.com/{repository}/commit/{commit})"
