"""The report for machines: what stands in it, its schema, its digest, and files that are none."""

import json
from pathlib import Path

import pytest
from made_reports import ADAPTER, check, colourful, report

from conformance.catalogue import load_requirements
from conformance.report.document import SCHEMA, SUITE_VERSION, ReportError, digest_of, load_document
from conformance.report.schema import schema_of_a_report, violations
from conformance.report.words import NOT_JUDGED, WORDS, most_severe


def test_it_says_what_was_judged_and_what_came_of_it() -> None:
    found = report(check("openai", "CORE-01", "CORE-02"), check("google", "CORE-01", verdict="failed")).as_json()
    assert found["suite"] == {"name": "llm-conformance", "version": SUITE_VERSION}
    assert (found["adapter"], found["transport"], found["level"]) == (ADAPTER, "in-process", "must")
    assert found["network"] == {"refused": True, "attempts": []}
    assert found["totals"]["checks"] == {"failed": 1, "passed": 1}
    unjudged = len(load_requirements()) - 2
    assert found["totals"]["requirements"] == {"failed": 1, "passed": 1, NOT_JUDGED: unjudged}
    assert list(found["requirements"]) == [requirement.id for requirement in load_requirements()]
    assert found["requirements"]["CORE-01"] == {
        "level": "MUST",
        "area": "core",
        "sentence": "The text of an answer arrives character for character as the provider sent it.",
        "source": "OpenAI API reference, Responses: output_text.text",
        "since": "0.1.0",
        "verdict": "failed",
        "verdicts": {"openai": "passed", "google": "failed"},
        "concerns": [],
    }
    assert found["requirements"]["CORE-03"]["verdict"] == NOT_JUDGED
    name = "test_content[openai-text-1-stream]"
    passed = {"ids": ["CORE-01", "CORE-02"], "provider": "openai", "case": "text", "check": name, "verdict": "passed"}
    assert found["checks"][0] == passed


def test_of_several_verdicts_the_most_severe_counts() -> None:
    order = ["failed", "error", "harness-error", "warning", "provisional"]
    order += ["known failure", "passed", "not-applicable", "skipped"]
    assert [*order, NOT_JUDGED] == list(WORDS)
    for at, word in enumerate(order):
        assert most_severe(order[at:][::-1]) == word
    assert most_severe([]) == NOT_JUDGED


def test_the_published_schema_is_that_of_the_models() -> None:
    wrong = "write it again: python -m conformance.report"
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == schema_of_a_report(), wrong


def test_a_report_fits_the_published_schema_and_is_read_again(tmp_path: Path) -> None:
    made = colourful()
    made.write(tmp_path / "report.json")
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert list(violations(found)) == []
    assert load_document(tmp_path / "report.json") == made
    assert found["sha256"] == digest_of(found)
    assert digest_of({**found, "adapter": "another"}) != found["sha256"]
    assert digest_of(dict(reversed(found.items()))) == found["sha256"]


def test_one_line_of_the_file_is_one_check(tmp_path: Path) -> None:
    made = colourful()
    made.write(tmp_path / "report.json")
    lines = (tmp_path / "report.json").read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.startswith('  {"ids": ')]) == len(made.checks)
    assert len([line for line in lines if '"sentence": ' in line]) == len(load_requirements())


def test_half_a_character_from_an_adapter_is_escaped(tmp_path: Path) -> None:
    report(check("openai", "CORE-01", verdict="failed", message="got \ud83d")).write(tmp_path / "report.json")
    assert load_document(tmp_path / "report.json").checks[0].message == "got \\ud83d"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"adapter": None}, "adapter: "),
        ({"surprise": 1}, "'surprise'"),
        ({"checks": [{"ids": []}]}, "checks.0: "),
        ({"sha256": "short"}, "sha256: "),
        ({"duration_seconds": -1}, "duration_seconds: "),
    ],
)
def test_the_schema_refuses_what_is_no_report(change: dict[str, object], complaint: str) -> None:
    found = list(violations({**colourful().as_json(), **change}))
    assert found
    assert any(complaint in line for line in found)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{", "not JSON"),
        (b"\xff", "cannot be read"),
        (b"[]", "no JSON object"),
        (b"{}", "no report of this suite: suite: Field required"),
        (b'{"suite": {"name": "x", "version": "9.9"}}', "it says suite version 9.9, and this is"),
        (b'{"suite": "no"}', "no report of this suite: suite: "),
    ],
)
def test_a_file_that_is_no_report_is_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "report.json").write_bytes(content)
    with pytest.raises(ReportError) as caught:
        load_document(tmp_path / "report.json")
    assert sentence in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "report.json"))
