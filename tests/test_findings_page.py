"""The page of findings says what the data say, and the data name what there is."""

import shlex

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
    words = shlex.split(found.command)
    folder = BRIDGES / found.bridge
    assert (folder / words[words.index("--declare") + 1]).exists()
    assert found.sentence.endswith(".")
    assert found.reason.endswith(".")


def test_every_bridge_with_findings_keeps_its_runs() -> None:
    assert {found.bridge for found in FOUND} == {file.parents[1].name for file in BRIDGES.glob("*/runs/*.json")}
