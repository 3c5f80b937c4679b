"""``python -m conformance.mutants``: which mutant is caught by which requirement."""

import os
import sys

import click

from conformance.mutants.kill import Kill, hunt
from conformance.mutants.registry import Mutant, load_mutants
from llm_sdk.registry import provider_names


@click.command(help=__doc__)
@click.option(
    "--provider", type=click.Choice(provider_names()), required=True, help="Whose protocol the mutants speak."
)
@click.option("--name", default="", help="Only the mutants whose name holds this.")
@click.option("--quirks", is_flag=True, help="Only the mutants that break what is a quirk of some providers.")
@click.option("--jobs", type=click.IntRange(min=1), default=os.cpu_count() or 1, help="How many processes share them.")
def main(provider: str, name: str, quirks: bool, jobs: int) -> None:
    """Print a line for each mutant; the exit status is 1 when one survives, or the reference fails."""
    named = [found for found in load_mutants() if name in found.name and (found.is_of_a_quirk or not quirks)]
    mutants = [found for found in named if found.applies_to(provider)]
    if not mutants:
        raise click.UsageError(f"no mutant of this name can be seen with {provider}")
    *kills, reference = hunt(mutants, provider, jobs=jobs)
    survivors = sum(_tell(mutant, kill) for mutant, kill in zip(mutants, kills, strict=True))
    if len(named) > len(mutants):
        click.echo(f"{len(named) - len(mutants)} others break nothing that {provider} has")
    caught = f"{len(mutants) - survivors} of {len(mutants)} caught"
    click.echo(f"{caught}; the reference fails {' '.join(reference.failed) or 'none'}")
    if reference.failed:
        click.echo(reference.message)
    sys.exit(1 if survivors or reference.failed else 0)


def _tell(mutant: Mutant, kill: Kill) -> bool:
    """Print what became of a mutant; whether it survived."""
    caught = kill.is_by(mutant.requirement)
    word = "caught by" if caught else "SURVIVES "
    click.echo(f"{mutant.name:<42}{word} {mutant.requirement:<10} failed: {' '.join(kill.failed) or 'none'}")
    return not caught


if __name__ == "__main__":
    main()
