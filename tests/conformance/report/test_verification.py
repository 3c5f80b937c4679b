"""A report that someone else made: whatever was bent in it is said."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from made_reports import check, colourful, report

from conformance.cli import main
from conformance.manifest import load_manifest
from conformance.report.document import digest_of
from conformance.report.verification import faults_of

Bend = Callable[[dict[str, Any]], Any]


def whole() -> dict[str, Any]:
    """A sound report of one failed check and one that passed."""
    checks = [check("openai", "CORE-01", verdict="failed"), check("openai", "CORE-02", name="test_other")]
    document: dict[str, Any] = json.loads(json.dumps(report(*checks, providers=("openai",)).as_json()))
    return document


@pytest.mark.parametrize("document", [whole, lambda: colourful().as_json()], ids=["small", "every verdict"])
def test_a_sound_report_has_no_fault(document: Callable[[], dict[str, Any]]) -> None:
    assert faults_of(document()) == []


def test_a_bent_report_does_not_fit_its_digest() -> None:
    document = whole()
    document["adapter"] = "mine:create"
    [fault] = faults_of(document)
    assert fault.startswith("digest: the report says ")


def pass_the_check(document: dict[str, Any]) -> None:
    document["checks"][0]["verdict"] = "passed"


def pass_the_requirement(document: dict[str, Any]) -> None:
    document["requirements"]["CORE-01"]["verdicts"]["openai"] = "passed"
    document["requirements"]["CORE-01"]["verdict"] = "passed"


UNKNOWN = {
    "level": "MUST", "area": "core", "sentence": "s", "source": "s", "since": "0.1.0",
    "verdict": "not judged", "verdicts": {},
}  # fmt: skip


def add_a_requirement(document: dict[str, Any]) -> None:
    document["requirements"]["CORE-99"] = UNKNOWN
    document["totals"]["requirements"]["not judged"] += 1


EXPECTED = {name: entry["checks"] for name, entry in load_manifest()["providers"].items()}


def of_fewer(*providers: str) -> str:
    there = sum(EXPECTED[provider] for provider in providers)
    return f"integrity: of {EXPECTED['openai']} checks, it says; suite version 0.1.0 has {there}"


BENDS: dict[str, tuple[Bend, list[str]]] = {
    "a check is made to pass": (
        pass_the_check,
        [
            "totals: 1 checks 'failed' are told, 0 are there",
            "totals: 1 checks 'passed' are told, 2 are there",
            "verdicts: CORE-01 with openai: 'failed' is told, its checks come to 'passed'",
        ],
    ),
    "a requirement is made to pass": (
        pass_the_requirement,
        [
            "totals: 1 requirements 'failed' are told, 0 are there",
            "totals: 1 requirements 'passed' are told, 2 are there",
            "verdicts: CORE-01 with openai: 'passed' is told, its checks come to 'failed'",
        ],
    ),
    "the failed check is taken out": (
        lambda document: document["checks"].pop(0),
        [
            "totals: 1 checks 'failed' are told, 0 are there",
            "verdicts: CORE-01 with openai: 'failed' is told, its checks come to 'nothing'",
            "integrity: 2 checks are said to be judged, 1 are there",
        ],
    ),
    "a check stands there twice": (
        lambda document: document["checks"].append(document["checks"][1]),
        [
            "totals: 1 checks 'passed' are told, 2 are there",
            "checks: test_other[openai-text-1-stream]: more than once",
            "integrity: 2 checks are said to be judged, 3 are there",
        ],
    ),
    "a requirement is taken out": (
        lambda document: document["requirements"].pop("CORE-01"),
        [
            "totals: 1 requirements 'failed' are told, 0 are there",
            "verdicts: CORE-01: checks prove them, and the report does not list them",
            "requirements: CORE-01: missing from the report",
        ],
    ),
    "a requirement is weakened": (
        lambda document: document["requirements"]["CORE-01"].update(level="MAY"),
        ["requirements: CORE-01: not as suite version 0.1.0 has it"],
    ),
    "a provider is claimed that was not judged": (
        lambda document: document["providers"].append("google"),
        ["checks: none of google, which the report claims to judge", of_fewer("openai", "google")],
    ),
    "a provider was judged that is not claimed": (
        lambda document: document.update(providers=["google"]),
        [
            "checks: of openai, which the report does not claim to judge",
            "checks: none of google, which the report claims to judge",
            of_fewer("google"),
        ],
    ),
    "the network was in reach": (
        lambda document: document["network"].update(refused=False),
        ["network: it was in reach while the adapter was judged"],
    ),
    "the run was disturbed, and says so": (
        lambda document: document["integrity"].update(faults=["a fixture was overridden"]),
        ["integrity: the run says of itself: a fixture was overridden"],
    ),
    "less was judged than it says": (
        lambda document: document["integrity"].update(narrowed=[]),
        [f"integrity: 2 of {EXPECTED['openai']} checks, and no option that asked for less"],
    ),
    "a requirement nobody knows": (
        add_a_requirement,
        ["requirements: CORE-99: not known to suite version 0.1.0"],
    ),
}


@pytest.mark.parametrize(("bend", "faults"), BENDS.values(), ids=BENDS)
def test_a_bent_report_with_a_digest_made_anew(bend: Bend, faults: list[str]) -> None:
    document = whole()
    bend(document)
    document["sha256"] = digest_of(document)
    assert faults_of(document) == faults


def test_another_version_of_the_suite_is_judged_by_what_the_report_holds() -> None:
    document = whole()
    document["suite"]["version"] = "0.0.9"
    document["requirements"]["CORE-02"]["sentence"] = "as it was once"
    document["sha256"] = digest_of(document)
    assert faults_of(document) == []


def test_the_command_says_one_line_for_each_fault_and_ends_with_1(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    document = whole()
    path.write_text(json.dumps(document))
    result = CliRunner().invoke(main, ["verify", str(path)])
    assert result.exit_code == 0
    assert result.output == (
        f"{path}: sound. acme_llm.conformance:create adapter, openai, 2 checks, suite 0.1.0:"
        " 1 of 2 requirements is not fulfilled.\n"
    )
    del document["adapter"]
    path.write_text(json.dumps(document))
    result = CliRunner().invoke(main, ["verify", str(path)])
    assert result.exit_code == 1
    assert result.output == f'{path}: schema: the report: "adapter" is a required property\n'
    path.write_text("[")
    result = CliRunner().invoke(main, ["verify", str(path)])
    assert result.exit_code == 1
    assert "not JSON" in result.output
