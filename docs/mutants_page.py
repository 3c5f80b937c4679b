"""The page of the mutants: what each breaks, what catches it, and what became of those that chance made."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from conformance.mutants.generated import load_fates
from conformance.mutants.matrix import load_matrix
from conformance.mutants.registry import Mutant, load_mutants
from conformance.mutants.survivors import NOTES
from docs.tables import table

__all__ = ["FILE", "mutants_page"]

FILE = Path(__file__).parent / "mutants.md"


def mutants_page() -> str:
    """The page."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    mutants, kills = load_mutants(), load_matrix()["kills"]
    pairs = sum(map(len, kills.values()))
    seen = sum(any("#" in place for place in mutant.seen) for mutant in mutants)
    yield "# Mutants"
    yield ""
    yield f"{len(mutants)} adapters broken on purpose, each in one thing, {seen} of them as some adapter was broken"
    yield f"according to its issue tracker. Judged with each provider that has what they break: {pairs} trials, each"
    yield "failed by the requirement that it breaks. The matrix is made by"
    yield "`python -m conformance.mutants --all --write`, this page by `python -m docs`."
    yield ""
    rows = (_row(mutant, len(kills.get(mutant.name, {}))) for mutant in mutants)
    yield from table(("mutant", "what it does", "caught by", "providers", "seen in"), rows)
    yield from ("", "## Generated mutants", "")
    yield "The client side of each reference adapter, changed in one place that chance chooses, on a line that"
    yield "some case runs through; judged by the quick checks on a few of those cases, until one fails. Made by"
    yield "`python -m conformance.mutants.generated --provider NAME`."
    yield ""
    yield from _scores(load_fates())


def _row(mutant: Mutant, count: int) -> tuple[str, ...]:
    breaks = " ".join(mutant.breaks.split())
    return f"`{mutant.name}`", breaks, mutant.requirement, str(count), ", ".join(mutant.seen)


def _scores(found: dict[str, dict[str, Any]]) -> Iterator[str]:
    if not found:
        yield "No sample is recorded."
        return
    rows = []
    for provider, made in found.items():
        fates = made["fates"]
        survivors = sum(not fate["caught_by"] for fate in fates)
        score = f"{len(fates) - survivors} of {len(fates)}, {1 - survivors / len(fates):.0%}"
        rows.append((provider, str(made["places"]), str(made["seed"]), score))
    yield from table(("provider", "places that could be changed", "seed", "caught"), rows)
    yield ""
    fates = [fate for made in found.values() for fate in made["fates"]]
    by_operator = Counter(fate["operator"] for fate in fates)
    caught = Counter(fate["operator"] for fate in fates if fate["caught_by"])
    yield from table(
        ("operator", "caught"), ((name, f"{caught[name]} of {count}") for name, count in sorted(by_operator.items()))
    )
    yield from ("", "The survivors of the sample:", "")
    places = ((fate, f"{fate['file']}:{fate['line']}") for fate in fates if not fate["caught_by"])
    yield from table(
        ("place", "change", "line", "what of it"),
        (
            (
                at,
                fate["operator"],
                f"`{fate['source']}`",
                NOTES.get((fate["file"], fate["operator"], fate["source"]), ""),
            )
            for fate, at in places
        ),
    )
