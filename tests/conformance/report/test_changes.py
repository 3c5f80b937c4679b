"""Reports compared: better, worse, changed, and what cannot be compared."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from made_reports import check, report

from conformance.cli import main
from conformance.report import Check, Document
from conformance.report.changes import OUTSIDE, compare
from conformance.report.words import NOT_JUDGED


def only(word: str) -> Document:
    """A report in which CORE-01 has this verdict, and CORE-02 passes."""
    other = check("openai", "CORE-02", name="test_other")
    if word == NOT_JUDGED:
        return report(other, providers=("openai",))
    return report(check("openai", "CORE-01", verdict=word), other, providers=("openai",))


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        ("passed", "failed", "worse"),
        ("passed", "error", "worse"),
        ("passed", "warning", "worse"),
        ("passed", "known failure", "worse"),
        ("passed", "not-applicable", "worse"),
        ("passed", "harness-error", "worse"),
        ("passed", "skipped", "worse"),
        ("passed", NOT_JUDGED, "worse"),
        ("failed", NOT_JUDGED, "worse"),
        ("warning", "failed", "worse"),
        (NOT_JUDGED, "failed", "worse"),
        (NOT_JUDGED, "passed", "better"),
        ("harness-error", "passed", "better"),
        ("failed", "passed", "better"),
        ("failed", "warning", "better"),
        ("not-applicable", "passed", "better"),
        ("failed", "known failure", "changed"),
        ("failed", "error", "changed"),
        ("skipped", "harness-error", "changed"),
    ],
)
def test_what_became_of_a_requirement(before: str, after: str, direction: str) -> None:
    [found] = compare(["a", "b"], [only(before), only(after)]).requirements
    assert (found.name, found.provider, found.verdicts) == ("CORE-01", "openai", (before, after))
    assert found.direction == direction


@pytest.mark.parametrize("word", ["passed", "failed", "known failure", NOT_JUDGED])
def test_nothing_changed(word: str) -> None:
    found = compare(["a", "b"], [only(word), only(word)])
    assert (found.requirements, found.checks, found.is_worse) == ((), (), False)


@pytest.mark.parametrize(
    "narrower",
    [
        {"providers": ("google",)},
        {"providers": ("openai",), "profiles": frozenset({"core"})},
        {"providers": ("openai",), "cases": ("text",)},
    ],
    ids=["other providers", "one area", "some cases"],
)
def test_what_a_report_says_it_did_not_judge_is_not_compared(narrower: dict[str, Any]) -> None:
    whole = report(check("openai", "STREAM-02", name="test_single_cuts"), providers=("openai",))
    part = report(check(narrower["providers"][0], "CORE-01"), **narrower)
    found = compare(["whole", "part"], [whole, part])
    [lost] = [change for change in found.requirements if change.name == "STREAM-02"]
    assert (lost.verdicts, lost.direction) == (("passed", OUTSIDE), "not compared")
    assert not found.is_worse


def test_each_report_is_compared_with_the_first_and_the_worst_counts() -> None:
    [found] = compare(["a", "b", "c"], [only("warning"), only("failed"), only("passed")]).requirements
    assert (found.direction, found.verdicts) == ("worse", ("warning", "failed", "passed"))


def run(folder: Path, *reports: Document, json: bool = False) -> Result:
    """``llm-conformance compare`` on these reports."""
    names = [str(folder / f"{letter}.json") for letter, _ in zip("abcd", reports, strict=False)]
    for name, one in zip(names, reports, strict=True):
        one.write(Path(name))
    return CliRunner().invoke(main, ["compare", *names, *(["--json"] if json else [])])


def test_the_table_tells_what_got_worse_first_and_the_status_is_1(tmp_path: Path) -> None:
    checks = [check("openai", "CORE-01"), check("google", "CORE-02", verdict="failed", name="test_other")]
    after = [check("openai", "CORE-01", verdict="failed"), check("google", "CORE-02", name="test_other")]
    result = run(tmp_path, report(*checks), report(*after))
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        f"[1] {tmp_path}/a.json",
        f"[2] {tmp_path}/b.json",
        "",
        "         requirement  provider                [1]            [2]",
        "worse    CORE-01      openai                  passed         failed",
        "better   CORE-02      google                  failed         passed",
        "",
        "         check                               provider                [1]            [2]",
        "worse    test_content[openai-text-1-stream]  openai                  passed         failed",
        "better   test_other[google-text-1-stream]    google                  failed         passed",
        "",
        "requirements: 1 worse, 1 better; checks: 1 worse, 1 better",
    ]


def test_for_machines_and_better_ends_with_0(tmp_path: Path) -> None:
    result = run(tmp_path, only("failed"), only("passed"), json=True)
    assert result.exit_code == 0
    found = json.loads(result.output)
    assert found["worse"] is False
    change = {"name": "CORE-01", "provider": "openai", "direction": "better", "verdicts": ["failed", "passed"]}
    assert found["requirements"] == [change]
    assert [one["direction"] for one in found["checks"]] == ["better"]


def test_one_report_is_too_few_and_a_bad_one_is_one_sentence(tmp_path: Path) -> None:
    assert run(tmp_path, only("passed")).exit_code == 2
    (tmp_path / "bad.json").write_text("{}")
    result = CliRunner().invoke(main, ["compare", str(tmp_path / "a.json"), str(tmp_path / "bad.json")])
    assert result.exit_code == 1
    assert "bad.json: no report of this suite" in result.output


def test_many_checks_are_cut_short_in_the_table(tmp_path: Path) -> None:
    def many(word: str) -> list[Check]:
        return [check("openai", "CORE-01", verdict=word, case=f"case-{number}") for number in range(40)]

    lines = run(tmp_path, report(*many("passed")), report(*many("failed"))).output.splitlines()
    assert lines[-3:] == ["more checks: --json has them all", "", "requirements: 1 worse; checks: 40 worse"]
