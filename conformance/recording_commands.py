"""The commands of ``llm-conformance`` that are about recordings: ``drift`` and ``cassettes``."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from conformance.corpus import Selection, select
from conformance.drift import find_drift, lines_of
from conformance.drift_live import CHEAP_MODELS, live_exchanges
from conformance.health import MAX_AGE, examine
from conformance.known import FOLDER, KnownError, add_to, load_known
from conformance.settings import CASSETTES
from conformance.wire_knowledge import wire_models_of
from llm_sdk.codec import Codec
from llm_sdk.environment import read_setting
from llm_sdk.errors import LanguageModelError
from llm_sdk.registry import get_codec, provider_names
from mock_server.recordings import Exchange, RecordingError

__all__ = ["cassettes", "drift"]

FOUND = 1


@click.command()
@click.option("--provider", required=True, metavar="NAME", help="Whose answers to look at, such as openai.")
@click.option(
    "--against", type=click.Path(path_type=Path, exists=True), help="Look at these recordings; no call is made."
)
@click.option("--model", default="", metavar="NAME", help="Whom to ask; a cheap one of the provider by default.")
@click.option("--base-url", default="", metavar="URL", help="Another place where the API stands.")
@click.option(
    "--known", type=click.Path(path_type=Path, exists=True), multiple=True, help="One more list of known things."
)
@click.option("--accept", type=click.Path(path_type=Path), help="Add what was found to this list.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def drift(
    provider: str,
    against: Path | None,
    model: str,
    base_url: str,
    known: tuple[Path, ...],
    accept: Path | None,
    as_json: bool,
) -> None:
    """Report what a provider's answers hold that nobody has seen before.

    Fields, events, words in fields that enumerate, and headers. With a key in the environment a handful of cheap calls
    is made; with --against recordings are read, in any form that `corpus` reads. The exit status is 0 when nothing is
    new, 1 when something is, and 2 when nobody could tell.
    """
    try:
        codec = get_codec(provider)
        lists = [*known, *(file for file in (FOLDER / f"{provider}.txt", accept) if file and file.exists())]
        exchanges = _recorded(provider, against) if against else _live(codec, model, base_url)
        report = find_drift(provider, exchanges, wire_models_of(codec), load_known(lists))
        if accept is not None:
            add_to(accept, lines_of(report))
    except (KnownError, RecordingError, LanguageModelError) as error:
        raise click.UsageError(str(error)) from None
    if not report.exchanges:
        where = f"{against}: no exchange with {provider} was found here" if against else f"{provider} did not answer"
        raise click.UsageError(where)
    click.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2) if as_json else report.as_text())
    sys.exit(FOUND if report.found else 0)


def _recorded(provider: str, path: Path) -> Iterator[Exchange]:
    codecs = {name: get_codec(name) for name in {*provider_names(), provider}}
    return (exchange for exchange, _ in select(path, provider, codecs, Selection()))


def _live(codec: Codec, model: str, base_url: str) -> Iterator[Exchange]:
    model_id = model or CHEAP_MODELS.get(codec.provider, "")
    if not model_id:
        raise click.UsageError(f"{codec.provider}: name a model with --model")
    endpoint = codec.endpoint
    key = read_setting(endpoint.key_variables)
    if not key:
        raise click.UsageError(f"a live call needs a key: set {' or '.join(endpoint.key_variables)}, or use --against")
    return live_exchanges(codec, api_key=key, base_url=base_url or endpoint.base_url, model_id=model_id)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True), default=CASSETTES)
@click.option("--max-age", default=MAX_AGE, show_default=True, metavar="DAYS", help="Warn of older recordings.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def cassettes(folder: Path, max_age: int, as_json: bool) -> None:
    """Examine the cassettes in FOLDER: can they be read, where do they come from, how old are they.

    A cassette that cannot be read or is not what was recorded, one without a case, and one that holds what looks like a
    key are faults; age, a missing note, duplicates and cases without a cassette are warnings. The exit status is 0
    without faults, 1 with some, and 2 when there are no cassettes.
    """
    report = examine(folder, now=datetime.now(UTC), max_age=max_age)
    if not report.files:
        raise click.UsageError(f"{folder}: no cassettes here; they end in .yaml, .yml, or those and .gz")
    click.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2) if as_json else report.as_text())
    sys.exit(FOUND if report.faults else 0)
