"""The program ``mock-server``."""

import gc
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mock_server.scenario_errors import Problem
    from mock_server.scenarios import Scenario

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="llm-conformance", prog_name="mock-server")
def main() -> None:
    """A stand-in for LLM providers, for tests."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes a free one."
)
@click.option(
    "--scenarios",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE_OR_DIR",
    help="What to answer. Repeatable; the first scenario that fits wins.",
)
@click.option(
    "--replay",
    type=click.Path(path_type=Path),
    metavar="FILE_OR_DIR",
    help="Recordings that answer what means the same as a recorded request, before all scenarios.",
)
@click.option("--replay-timing", is_flag=True, help="Let recorded answers take the time that they took.")
@click.option("--replay-once", is_flag=True, help="Let each recording answer once; left out, the last stays.")
@click.option(
    "--reload/--no-reload", default=True, show_default=True, help="Read a scenario file that has changed again."
)
@click.option("--strict", is_flag=True, help="Refuse what no scenario matches, and unknown fields of a request.")
@click.option("--api-key", metavar="KEY", help="Refuse every other key.")
@click.option(
    "--validate",
    type=click.Choice(["provider", "warn", "off"]),
    help="What becomes of a request that the provider would refuse: its own error, a warning, or nothing. "
    "Left out: a warning for an unknown field, the error for all else.",
)
@click.option("--seed", default=0, show_default=True, help="Changes made-up ids.")
@click.option("--profile", metavar="NAME", help="Be a server that deviates from its protocol, such as qvac or ollama.")
@click.option(
    "--allow-origin",
    "allow_origins",
    multiple=True,
    metavar="ORIGIN",
    help="Let pages of this site, such as http://localhost:5173, read the providers' answers in a browser; * for all. "
    "Repeatable.",
)
@click.option("--allow-anyone", is_flag=True, help="Serve other machines without a key: needed for such a --host.")
@click.option(
    "--control-token",
    metavar="TOKEN",
    envvar="MOCK_SERVER_CONTROL_TOKEN",
    help="What the control endpoints ask for; without it they are there on a loopback address alone.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes; with more than one and no --state, control and scenarios that count are off.",
)
@click.option(
    "--state",
    metavar="URL",
    help="Keep counts, kept responses, the journal and what was set by control calls in Redis, redis://HOST:PORT/0, "
    "for all workers together. It outlives them.",
)
@click.option(
    "--isolate-keys",
    is_flag=True,
    help="Keep the scenarios, requests, faults and kept responses of each API key apart from all others.",
)
@click.option(
    "--verdict",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="At the end, write what the requests show of the app: .json, .xml (JUnit) or .txt.",
)
@click.option(
    "--fail-on", type=click.Choice(["error", "warning"]), help="End with status 1 where the verdict is as bad as that."
)
@click.option("--log-format", type=click.Choice(["text", "json"]), help="Log every request to standard error.")
def serve(**options: Any) -> None:
    """Serve every provider's API until interrupted.

    Prints one line with the base URL per provider when it accepts connections, and at the end the scenarios that have
    never answered.
    """
    gc.disable()  # all that is imported stays: to look through it for garbage takes a tenth of the start
    try:
        # Here, because the other commands need no server.
        from mock_server import serving
    finally:
        gc.enable()
    serving.serve(serving.ServeOptions(**options))


@main.command()
@click.option(
    "--upstream",
    "upstreams",
    multiple=True,
    required=True,
    metavar="PROVIDER[=URL]",
    help="An API to record, by its base URL: the provider's own where it is left out. Repeatable.",
)
@click.option(
    "--cassettes", required=True, type=click.Path(path_type=Path, file_okay=False), help="Where recordings are put."
)
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes a free one."
)
def record(upstreams: tuple[str, ...], cassettes: Path, port: int) -> None:
    """Pass requests on to real APIs, until interrupted, and write down what comes back.

    Prints one line with the base URL per provider when it accepts connections. Keys are passed on and never written.
    """
    from mock_server import recording

    recording.record(upstreams, cassettes, port)


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE_OR_DIR...")
def check(paths: tuple[Path, ...]) -> None:
    """Say whether scenario files are right, and name every mistake by file, line and key."""
    scenarios = _load(paths)
    click.echo(f"{len(scenarios)} scenario{'' if len(scenarios) == 1 else 's'}, no mistakes")


@main.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from mock_server.scenario_files import scenario_schema

    click.echo(json.dumps(scenario_schema(), indent=2))


def _load(paths: tuple[Path, ...]) -> "list[Scenario]":
    from mock_server.scenario_files import ScenarioError, load_scenarios

    scenarios: list[Scenario] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            scenarios += load_scenarios(path)
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise click.ClickException("\n".join(map(str, problems)))
    return scenarios
