"""The command line: what it runs, what it prints, and how it ends."""

import json
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from conformance import cli
from conformance.catalogue import load_requirements
from conformance.cli import main
from conformance.ending import ENDED


def test_run_is_pytest_on_the_suite_with_every_argument_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def start(command: list[str], *, env: dict[str, str]) -> AbstractContextManager[Any]:
        commands.append(command)
        return nullcontext(SimpleNamespace(wait=lambda _: 3))

    monkeypatch.setattr(subprocess, "Popen", start)
    result = CliRunner().invoke(main, ["run", "--provider", "openai", "--adapter", "mine:make", "-x", "--help"])
    suite = [sys.executable, "-m", "pytest", "-p", "conformance.plugin", "--pyargs", "conformance"]
    assert commands == [[*suite, "--provider", "openai", "--adapter", "mine:make", "-x", "--help"]]
    assert result.exit_code == 3


@pytest.mark.parametrize(
    ("told", "status", "said"),
    [("0", 0, ""), ("1", 1, "its checks say otherwise"), ("", 3, "before it had judged")],
    ids=["well", "changed-at-exit", "left-early"],
)
def test_a_run_that_ends_with_0_has_to_have_judged(
    told: str, status: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An adapter can call os._exit(0), at once or when the interpreter ends."""

    def start(command: list[str], *, env: dict[str, str]) -> AbstractContextManager[Any]:
        if told:
            Path(env[ENDED]).write_text(told)
        return nullcontext(SimpleNamespace(wait=lambda _: 0))

    monkeypatch.setattr(subprocess, "Popen", start)
    result = CliRunner().invoke(main, ["run", "--provider", "openai"])
    assert result.exit_code == status
    assert said in result.output
    assert bool(said) == ("FAULT in the run" in result.output)


def test_a_run_that_has_told_its_end_and_does_not_come_to_it_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that an adapter has left behind would keep the process for ever."""
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nprintf 1 > "${ENDED}"\nexec sleep 600\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(cli, "LAST_SECONDS", 0.2)
    result = CliRunner().invoke(main, ["run", "--provider", "openai"])
    assert result.exit_code == 1
    assert "left threads behind that do not end" in result.output


def test_requirements_lists_all_of_them() -> None:
    listed = json.loads(CliRunner().invoke(main, ["requirements", "--json"]).output)
    assert [row["id"] for row in listed] == [requirement.id for requirement in load_requirements()]
    assert set(listed[0]) >= {"id", "level", "area", "sentence", "source", "since"}
    text = CliRunner().invoke(main, ["requirements"]).output
    assert all(requirement.sentence in text for requirement in load_requirements())
