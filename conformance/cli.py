"""``llm-conformance``: judge an adapter, judge the codecs on recorded traffic, list what is required."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from conformance.ending import ENDED

__all__ = ["main"]

HARNESS = 3
"""The exit status of a run that could not be trusted, as pytest has it for its own errors."""
LAST_SECONDS = 30.0
"""How long a run may take from its last word to its end."""
COMMANDS = {
    "cassettes": "conformance.recording_commands",
    "compare": "conformance.report.commands",
    "corpus": "conformance.judging_commands",
    "drift": "conformance.recording_commands",
    "explain": "conformance.explanation",
    "requirements": "conformance.judging_commands",
    "smoke": "conformance.judging_commands",
    "verify": "conformance.report.commands",
}
"""Where each command stands that is imported when it is asked for: all of them together take longer than most do."""
NOT_SO = {True: "and its checks say otherwise", False: "before it had judged"}


class _Commands(click.Group):
    """The commands of this module, and those of :data:`COMMANDS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *COMMANDS})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            found: click.Command = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
            return found
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="llm-conformance")
def main() -> None:
    """Judge clients of LLM APIs."""


@main.command(context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(arguments: tuple[str, ...]) -> None:
    """Run the suite; every argument goes to pytest (--provider, --adapter, ...).

    It is `pytest -p conformance.plugin --pyargs conformance ARGUMENTS`, and ends with pytest's exit status.
    """
    command = [sys.executable, "-m", "pytest", "-p", "conformance.plugin", "--pyargs", "conformance", *arguments]
    with TemporaryDirectory() as folder:
        ended = Path(folder) / "status"
        environment = {**os.environ, ENDED: str(ended)}
        status = _status_of(command, environment, ended)
        told = ended.read_text(encoding="utf-8") if ended.exists() else ""
    asked = any(word in arguments for word in ("-h", "--help", "--version", "-V"))
    if status == 0 and not asked and told != "0":
        click.echo(f"FAULT in the run: it ended as if all were well, {NOT_SO[bool(told)]}", err=True)
        status = int(told or HARNESS)
    sys.exit(status)


def _status_of(command: Sequence[str], environment: Mapping[str, str], ended: Path) -> int:
    """The exit status of a run. One that has told its end in the file and does not come to it is ended: a thread that
    an adapter has left behind keeps a process for ever."""
    with subprocess.Popen(command, env=environment) as process:  # noqa: S603 - our own interpreter
        while True:
            was_over = ended.exists()
            try:
                return process.wait(LAST_SECONDS)
            except subprocess.TimeoutExpired:
                if was_over:
                    click.echo("the adapter has left threads behind that do not end; the run is ended", err=True)
                    process.kill()
                    return int(ended.read_text(encoding="utf-8") or HARNESS)
