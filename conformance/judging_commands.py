"""The commands of ``llm-conformance`` that judge without pytest, and the list of what is required."""

import json
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import click

from conformance.adapters import REFERENCE, AdapterError, transport_for
from conformance.cassettes import CASSETTES, is_of_the_cases
from conformance.catalogue import CatalogueError, load_requirements
from conformance.corpus import Selection, judge_corpus
from conformance.lanes import LANES, open_lane
from conformance.plan import PlanError
from conformance.published import DEFAULT_FOLDER, SchemaFileError
from conformance.smoke import smoke as try_glue
from llm_sdk.errors import LanguageModelError
from mock_server.recordings import RecordingError

__all__ = ["corpus", "requirements", "smoke"]


@click.command()
@click.option("--provider", required=True, metavar="NAME", help="Whose protocol the adapter speaks, such as openai.")
@click.option("--adapter", default=REFERENCE, metavar="PKG.MOD:FACTORY", help="As in `run`; the reference by default.")
@click.option("--transport", type=click.Choice([*LANES]), default=None, help="As in `run`.")
@click.option("--cassettes", type=click.Path(path_type=Path, exists=True), default=None, help="As in `run`.")
def smoke(provider: str, adapter: str, transport: str | None, cassettes: Path | None) -> None:
    """Try the glue of an adapter: its factory, its methods, and one simple call of each kind.

    Every step is a line; what is wrong says what to do. The exit status is 0 when all is right, 1 when it is not, and
    2 when the question is wrong.
    """
    try:
        name = transport_for(adapter, transport)
        with closing(open_lane(name)) as lane:
            own = cassettes is None or is_of_the_cases(cassettes, provider)
            found = [*try_glue(provider, adapter, lane, cassettes or CASSETTES, own=own)]
    except (AdapterError, PlanError, LanguageModelError) as error:
        raise click.UsageError(str(error)) from None
    for finding in found:
        click.echo(f"{'WRONG' if finding.problem else 'ok':<6} {finding.step:<14} {finding.problem or finding.told}")
    problems = sum(bool(finding.problem) for finding in found)
    verdict = f"{problems} problem{'s' * (problems != 1)}" if problems else "the glue is right"
    click.echo(f"smoke: {provider}, {adapter}, {name}: {verdict}")
    sys.exit(1 if problems else 0)


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--provider", required=True, metavar="NAME", help="Whose protocol to judge, such as openai.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.option("--limit", type=click.IntRange(min=1), help="Stop after this many exchanges.")
@click.option("--id", default="", metavar="ID", help="Only the exchange with this id, or a start of it.")
@click.option("--recorded-as", default="", metavar="NAME", help="Only recordings that name their provider so.")
@click.option(
    "--specs",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=None,
    help="Folder of the providers' published schemas.",
)
def corpus(
    path: Path, provider: str, as_json: bool, limit: int | None, id: str, recorded_as: str, specs: Path | None
) -> None:
    """Put the recorded exchanges in PATH through both halves of a provider's codec.

    PATH is a file or a folder of JSON lines, vcrpy or vcr.rb cassettes, or HAR files, plain or gzipped. The exit
    status is 0 when they could be judged, whatever was found.
    """
    try:
        selection = Selection(id=id, recorded_as=recorded_as, limit=limit)
        report = judge_corpus(path, provider, specs=specs or DEFAULT_FOLDER, selection=selection)
    except (RecordingError, SchemaFileError, LanguageModelError) as error:
        raise click.ClickException(str(error)) from None
    if not report.judgement.exchanges:
        click.echo(f"{path}: no exchange with {provider} was found here", err=True)
    click.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2) if as_json else report.as_text())


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print them as one JSON list.")
def requirements(as_json: bool) -> None:
    """List every requirement of the suite: id, level, sentence and source."""
    try:
        catalogue = load_requirements()
    except CatalogueError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps([asdict(requirement) for requirement in catalogue], ensure_ascii=False, indent=2))
        return
    area = ""
    for requirement in catalogue:
        if requirement.area != area:
            area = requirement.area
            click.echo(f"\n{area}" if requirement is not catalogue[0] else area)
        click.echo(f"  {requirement.id:<14} {requirement.level:<6} {requirement.sentence}")
        click.echo(f"  {'':<14} {'':<6} source: {requirement.source}")
