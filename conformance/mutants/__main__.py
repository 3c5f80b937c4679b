"""``python -m conformance.mutants``: which mutant is caught by which requirement."""

import sys

import click

from conformance.mutants.kill import hunt, run_reference
from conformance.mutants.registry import load_mutants
from llm_sdk.registry import provider_names


@click.command(help=__doc__)
@click.option(
    "--provider", type=click.Choice(provider_names()), required=True, help="Whose protocol the mutants speak."
)
@click.option("--name", default="", help="Only the mutants whose name holds this.")
@click.option("--quirks", is_flag=True, help="Only the mutants that break what is a quirk of some providers.")
def main(provider: str, name: str, quirks: bool) -> None:
    """Print a line for each mutant; the exit status is 1 when one survives, or the reference fails."""
    named = [found for found in load_mutants() if name in found.name and (found.is_of_a_quirk or not quirks)]
    mutants = [found for found in named if found.applies_to(provider)]
    if not mutants:
        raise click.UsageError(f"no mutant of this name can be seen with {provider}")
    survivors = 0
    for mutant in mutants:
        kill = hunt(mutant, provider)
        survivors += not kill.is_caught
        word = "caught by" if kill.is_caught else "SURVIVES "
        click.echo(f"{mutant.name:<42}{word} {mutant.requirement:<10} failed: {' '.join(kill.failed) or 'none'}")
    failed, message = run_reference(mutants, provider)
    if len(named) > len(mutants):
        click.echo(f"{len(named) - len(mutants)} others break nothing that {provider} has")
    click.echo(f"{len(mutants) - survivors} of {len(mutants)} caught; the reference fails {' '.join(failed) or 'none'}")
    if failed:
        click.echo(message)
    sys.exit(1 if survivors or failed else 0)


main()
