"""``python -m conformance.mutants``: which mutant is caught by which requirement."""

import os
import sys
from collections.abc import Sequence

import click

from conformance.mutants.kill import REFERENCE, Kill, hunt
from conformance.mutants.matrix import FILE, write_matrix
from conformance.mutants.registry import Mutant, load_mutants
from llm_sdk.registry import provider_names


@click.command(help=__doc__)
@click.option("--provider", type=click.Choice(provider_names()), multiple=True, help="Whose protocol they speak.")
@click.option("--all", "every", is_flag=True, help="With every provider.")
@click.option("--name", default="", help="Only the mutants whose name holds this.")
@click.option("--quirks", is_flag=True, help="Only the mutants that break what is a quirk of some providers.")
@click.option("--jobs", type=click.IntRange(min=1), default=os.cpu_count() or 1, help="How many processes share them.")
@click.option("--write", is_flag=True, help=f"Write {FILE.name}; goes with --all.")
def main(provider: tuple[str, ...], every: bool, name: str, quirks: bool, jobs: int, write: bool) -> None:
    """Print a line for each mutant; the exit status is 1 when one survives, or the reference fails."""
    providers = provider_names() if every else list(provider)
    if not providers:
        raise click.UsageError("say with which --provider, or --all")
    if write and (not every or name or quirks):
        raise click.UsageError("--write is of the whole matrix: it goes with --all alone")
    named = [found for found in load_mutants() if name in found.name and (found.is_of_a_quirk or not quirks)]
    mutants = [found for found in named if any(map(found.applies_to, providers))]
    if not mutants:
        raise click.UsageError(f"no mutant of this name can be seen with {' or '.join(providers)}")
    kills = hunt(mutants, providers, jobs=jobs)
    survivors = _tell(mutants, kills)
    if len(named) > len(mutants):
        click.echo(f"{len(named) - len(mutants)} others break nothing that {' or '.join(providers)} has")
    references = [kill for kill in kills if kill.name == REFERENCE]
    failed = sorted({id for kill in references for id in kill.failed})
    count = len(kills) - len(references)
    click.echo(f"{count - survivors} of {count} caught; the reference fails {' '.join(failed) or 'none'}")
    click.echo("".join(kill.message for kill in references), nl=bool(failed))
    if write and not survivors and not failed:
        write_matrix(kills)
    sys.exit(1 if survivors or failed else 0)


def _tell(mutants: Sequence[Mutant], kills: Sequence[Kill]) -> int:
    """Print what became of each mutant; how many survived."""
    by_name = {mutant.name: mutant for mutant in mutants}
    survivors = 0
    for kill in kills:
        if (mutant := by_name.get(kill.name)) is None:
            continue
        caught = kill.is_by(mutant.requirement)
        survivors += not caught
        word = "caught by" if caught else "SURVIVES "
        who = f"{kill.provider:<23}{mutant.name:<48}"
        click.echo(f"{who}{word} {mutant.requirement:<10} failed: {' '.join(kill.failed) or 'none'}")
    return survivors


if __name__ == "__main__":
    main()
