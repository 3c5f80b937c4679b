"""The page of findings says what the data say, and the data name what there is."""

import json
import shlex
import tomllib

import pytest

from conformance.case import load_cases
from conformance.catalogue import load_requirements
from docs.findings_page import BRIDGES, FILE, Finding, findings, page

FOUND = [found for file in sorted(BRIDGES.glob("*/findings.toml")) for found in findings(file.parent.name)]
REQUIREMENTS = {requirement.id for requirement in load_requirements()}
CASES = {case.name for case in load_cases()}
CHECKS = "".join(file.read_text(encoding="utf-8") for file in (BRIDGES.parents[1] / "conformance").glob("test_*.py"))


def test_the_page_is_what_the_data_say() -> None:
    """Where it is not: ``python -m docs`` writes it again."""
    assert FILE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("found", FOUND, ids=lambda found: f"{found.bridge}-{found.provider}-{found.requirement}")
def test_a_finding_names_what_there_is(found: Finding) -> None:
    assert found.requirement in REQUIREMENTS
    assert found.case in CASES
    assert f"def {found.check}(" in CHECKS
    declared = shlex.split(found.command).count(f"declare/{found.provider}.yaml")
    assert declared == (BRIDGES / found.bridge / "declare").exists()
    assert found.sentence.endswith(".")
    assert found.reason.endswith(".")


@pytest.mark.parametrize("found", FOUND, ids=lambda found: f"{found.bridge}-{found.provider}-{found.requirement}")
def test_a_finding_stands_in_the_run_that_is_kept(found: Finding) -> None:
    run = json.loads((BRIDGES / found.bridge / "runs" / f"{found.provider}.json").read_text(encoding="utf-8"))
    kept = run["failed"] | run["warning"]
    assert found.case in kept[found.requirement]


def test_the_bound_names_what_there_is() -> None:
    bound = tomllib.loads((BRIDGES / "bound.toml").read_text(encoding="utf-8"))
    repeating = bound["repeating"]
    assert set(bound["cases"]) <= CASES
    assert set(repeating["cases"]) <= set(bound["cases"])
    assert [check for check in repeating["checks"] if f"def {check}(" not in CHECKS] == []
