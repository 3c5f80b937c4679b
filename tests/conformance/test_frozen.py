"""What a version of the suite asked for stays as it was: an upgrade fails nobody overnight."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance import frozen
from conformance.catalogue import CatalogueError, Requirement, load_requirements, requirement_by_id
from conformance.freezing import completed, departures
from conformance.frozen import ALL, RequirementSet, frozen_versions, requirement_set


@pytest.mark.parametrize("version", frozen_versions())
def test_what_a_version_asked_for_stands(version: str) -> None:
    assert departures(version) == []


def test_every_requirement_case_and_check_of_a_version_is_frozen() -> None:
    """Where one is missing: ``python -m conformance.freezing VERSION`` adds it."""
    for version in frozen_versions():
        kept = json.loads((frozen.FOLDER / f"{version}.json").read_text(encoding="utf-8"))
        assert kept["requirements"] == completed(version)["requirements"]
    assert kept == completed(frozen_versions()[-1])


def changed(**fields: str) -> tuple[Requirement, ...]:
    first, *rest = load_requirements()
    return (replace(first, **fields), *rest)


@pytest.mark.parametrize(
    ("catalogue", "departure"),
    [
        (load_requirements()[1:], "CORE-01 is gone"),
        (changed(level="SHOULD"), "CORE-01: its level is another"),
        (changed(sentence="Anything goes."), "CORE-01: its sentence is another"),
        (changed(since="0.2.0"), "CORE-01: its since is another"),
        (changed(source="A better place"), None),
        (changed(id="CORE-99"), "CORE-01 is gone"),
    ],
    ids=["taken away", "level", "sentence", "since", "source", "id"],
)
def test_a_frozen_requirement_that_is_changed_is_told(
    catalogue: tuple[Requirement, ...], departure: str | None
) -> None:
    assert departures("0.1", catalogue) == ([departure] if departure else [])


def test_a_version_that_there_is_not_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(CatalogueError, match=r"'9\.9'; there are 0\.1"):
        requirement_set("9.9")


OLD = RequirementSet("0.0", {"CORE-01": "SHOULD"}, frozenset({"text"}), frozenset({"test_content"}))


@pytest.mark.parametrize(
    ("ids", "check", "case", "counts"),
    [
        (["CORE-01"], "test_content", "text", True),
        (["CORE-01", "CORE-02"], "test_content", "text", True),
        (["CORE-01"], "test_content", None, True),
        (["CORE-02"], "test_content", "text", False),
        (["CORE-01"], "test_usage", "text", False),
        (["CORE-01"], "test_content", "text-unicode", False),
    ],
    ids=["all known", "one of two", "recording", "later requirement", "later check", "later case"],
)
def test_what_came_later_does_not_count(ids: list[str], check: str, case: str | None, counts: bool) -> None:
    proved = [requirement_by_id(id) for id in ids]
    assert OLD.binds(proved, check, case) is counts
    assert ALL.binds(proved, check, case)
    assert (OLD.level(proved[0]), ALL.level(proved[0])) == ("SHOULD" if ids[0] == "CORE-01" else "", "MUST")


OLDER = """
import json
from pathlib import Path
from conformance import frozen

frozen.FOLDER = Path("sets").resolve()
"""


@pytest.mark.timeout(300)
def test_a_run_by_an_older_version_is_not_failed_by_what_came_later(tmp_path: Path) -> None:
    kept: dict[str, Any] = json.loads((frozen.FOLDER / "0.1.json").read_text(encoding="utf-8"))
    kept["requirements"] = {id: row for id, row in kept["requirements"].items() if id != "CORE-01"}
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / "0.0.json").write_text(json.dumps(kept))
    (tmp_path / "older.py").write_text(OLDER)
    words = ["-p", "older", "-p", "conformance.plugin", "--pyargs", "conformance", "-p", "no:cacheprovider", "-q"]
    words += ["--provider", "openai", "--case", "whitespace", "-k", "test_content", "--report-json", "report.json"]
    words += ["--adapter", "conformance.mutants.answers:strips_text", "--requirements", "0.0"]
    command = [sys.executable, "-m", "pytest", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=290, check=False)  # noqa: S603 - ours
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["requirement_set"] == "0.0"
    assert report["requirements"]["CORE-01"]["verdict"] == "provisional"
    assert "requirements of 0.0" in done.stdout
