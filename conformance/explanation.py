"""All that is known of one requirement: what it asks, which checks prove it, which mutants it catches, where the defect
was seen.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import click

from conformance.catalogue import CatalogueError, Requirement, requirement_by_id
from conformance.manifest import load_manifest
from conformance.mutants.matrix import mutants_by
from conformance.mutants.registry import Mutant, mutant_by_name

__all__ = ["Explanation", "explain", "explanation_of", "explanation_text"]

SHOWN = 8
WIDTH = 12


@dataclass(frozen=True, slots=True)
class Explanation:
    """``checks`` are the checks that prove it, with how often they do by provider; ``mutants`` are broken in just this,
    and ``others`` in another thing, by which this fails too. ``seen`` are places where an adapter had the defect of one
    of the mutants.
    """

    requirement: Requirement
    checks: Mapping[str, Mapping[str, int]]
    mutants: tuple[Mutant, ...]
    others: tuple[str, ...]

    @property
    def seen(self) -> tuple[str, ...]:
        """Places as ``owner/repository#number`` or ``owner/repository@commit``."""
        return tuple(dict.fromkeys(place for mutant in self.mutants for place in mutant.seen))


def explanation_of(requirement: Requirement) -> Explanation:
    """What the manifest and the kill matrix say of a requirement."""
    checks: dict[str, dict[str, int]] = {}
    for provider, entry in load_manifest()["providers"].items():
        for check, count in entry["by_requirement"].get(requirement.id, {}).items():
            checks.setdefault(check, {})[provider] = count
    found = [mutant_by_name(name) for name in mutants_by("failed").get(requirement.id, ())]
    own = tuple(mutant for mutant in found if mutant.requirement == requirement.id)
    others = tuple(mutant.name for mutant in found if mutant.requirement != requirement.id)
    return Explanation(requirement, checks, own, others)


def explanation_text(found: Explanation) -> Iterator[str]:
    """The lines of it, for a terminal."""
    requirement = found.requirement
    yield f"{requirement.id} ({requirement.level}, {requirement.area}, since {requirement.since})"
    yield f"  {requirement.sentence}"
    yield f"  {'source':<{WIDTH}}{requirement.source}"
    if requirement.providers:
        yield f"  {'quirk of':<{WIDTH}}{', '.join(requirement.providers)}"
    for check, counts in found.checks.items():
        yield f"  {'check':<{WIDTH}}{check}: {', '.join(f'{count} with {name}' for name, count in counts.items())}"
    for mutant in found.mutants:
        yield f"  {'mutant':<{WIDTH}}{mutant.name}: {' '.join(mutant.breaks.split())}"
    if found.others:
        more = f" and {len(found.others) - SHOWN} more" if len(found.others) > SHOWN else ""
        yield f"  {'fails too':<{WIDTH}}for {', '.join(found.others[:SHOWN])}{more}"
    yield from (f"  {'seen in':<{WIDTH}}{place}" for place in found.seen)


@click.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
def explain(ids: tuple[str, ...]) -> None:
    """Tell all of a requirement: its checks, the mutants that show that they can fail, where the defect was seen."""
    try:
        found = [explanation_of(requirement_by_id(id)) for id in ids]
    except CatalogueError as error:
        raise click.UsageError(str(error)) from None
    click.echo("\n\n".join("\n".join(explanation_text(one)) for one in found))
