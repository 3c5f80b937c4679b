"""The command line: what it runs, what it prints, and how it ends."""

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from conformance.catalogue import load_requirements
from conformance.cli import main


def test_run_is_pytest_on_the_suite_with_every_argument_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], check: bool) -> SimpleNamespace:
        commands.append(command)
        return SimpleNamespace(returncode=3)

    monkeypatch.setattr(subprocess, "run", run)
    result = CliRunner().invoke(main, ["run", "--provider", "openai", "--adapter", "mine:make", "-x", "--help"])
    suite = [sys.executable, "-m", "pytest", "-p", "conformance.plugin", "--pyargs", "conformance"]
    assert commands == [[*suite, "--provider", "openai", "--adapter", "mine:make", "-x", "--help"]]
    assert result.exit_code == 3


def test_requirements_lists_all_of_them() -> None:
    listed = json.loads(CliRunner().invoke(main, ["requirements", "--json"]).output)
    assert [row["id"] for row in listed] == [requirement.id for requirement in load_requirements()]
    assert set(listed[0]) >= {"id", "level", "area", "sentence", "source", "since"}
    text = CliRunner().invoke(main, ["requirements"]).output
    assert all(requirement.sentence in text for requirement in load_requirements())
