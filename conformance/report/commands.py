"""What ``llm-conformance`` does with reports: compare them, and tell whether one can be believed."""

import json
import sys
from pathlib import Path

import click

from conformance.report.changes import compare as compare_documents
from conformance.report.document import SUITE_VERSION, ReportError, load_document, read_json
from conformance.report.outline import outline
from conformance.report.verification import faults_of

__all__ = ["compare", "verify"]


@click.command()
@click.argument("reports", nargs=-1, type=click.Path(path_type=Path), required=True)
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as one JSON object.")
def compare(reports: tuple[Path, ...], as_json: bool) -> None:
    """Compare two or more REPORTS (--report-json) with the first of them.

    Tells the requirements and the checks that got worse, got better, or changed otherwise. The exit status is 1 when
    anything got worse.
    """
    if len(reports) == 1:
        raise click.UsageError("there is nothing to compare: give two reports, or more")
    try:
        documents = [load_document(path) for path in reports]
    except ReportError as error:
        raise click.ClickException(str(error)) from None
    found = compare_documents([str(path) for path in reports], documents)
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
    else:
        for line in found.lines():
            click.echo(line)
    sys.exit(1 if found.is_worse else 0)


@click.command()
@click.argument("report", type=click.Path(path_type=Path))
def verify(report: Path) -> None:
    """Tell whether a REPORT that someone else made says what it holds.

    Its schema, its digest, its totals and its verdicts are checked, and its requirements against those of this version
    of the suite. Each fault is one line, and any makes the exit status 1. A report that says that an adapter failed may
    well be a good report.
    """
    try:
        document = read_json(report)
        faults = faults_of(document)
    except ReportError as error:
        raise click.ClickException(str(error)) from None
    for fault in faults:
        click.echo(f"{report}: {fault}")
    if faults:
        sys.exit(1)
    sound = load_document(report)
    version = sound.suite.version
    click.echo(
        f"{report}: sound. {sound.adapter} adapter, {', '.join(sound.providers)}, {len(sound.checks)} checks,"
        f" suite {version}: {outline(sound).sentence}"
    )
    if version != SUITE_VERSION:
        click.echo(f"the sentences of its requirements were not checked: this is suite {SUITE_VERSION}")
