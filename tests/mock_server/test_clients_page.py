"""docs/clients.md agrees with the clients, the scenarios and the versions that the tests are about."""

from pathlib import Path

import pytest
from clients_page import IncompleteReportError, read_report, render
from official_clients import CLIENTS, SCENARIOS, STATUSES, required

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"
Tables = tuple[list[list[str]], list[list[str]]]
NAMES = [*SCENARIOS, *(f"status {status}" for status in STATUSES)]


@pytest.fixture
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture
def tables(page: str) -> Tables:
    """The rows of both: answers, errors."""
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    return rows[: len(CLIENTS)], rows[len(CLIENTS) :]


def test_the_page_is_as_it_would_be_written(page: str, tables: Tables) -> None:
    answers, errors = (dict(zip(CLIENTS, rows, strict=True)) for rows in tables)
    shown = {key: dict(zip(NAMES, [*answers[key][3:], *errors[key][2:]], strict=True)) for key in CLIENTS}
    assert render(shown, {key: answers[key][2] for key in CLIENTS}) == page


def test_its_versions_are_those_that_are_tested(tables: Tables) -> None:
    """For Python, those that pyproject.toml allows: newer ones may be installed."""
    for client, row in zip(CLIENTS.values(), tables[0], strict=True):
        versions = row[2].split(", ")
        if client.language == "JavaScript":
            assert versions == [*client.versions]
        else:
            asked = [required()[package].specifier for package in client.packages]
            assert [one.contains(version) for one, version in zip(asked, versions, strict=True)] == [True] * len(asked)


def test_each_scenario_is_shown_by_each_client_that_can(tables: Tables) -> None:
    for client, row in zip(CLIENTS.values(), tables[0], strict=True):
        assert row[3:] == ["–" if scenario in client.lacks else "yes" for scenario in SCENARIOS]


def test_a_run_without_all_of_it_gives_no_page() -> None:
    with pytest.raises(IncompleteReportError, match="Python anthropic: text"):
        read_report("<testsuites/>")


@pytest.mark.parametrize("end", ["failure", "error", "skipped"])
def test_what_did_not_pass_is_not_shown(end: str) -> None:
    told = (("language", "Python"), ("client", "anthropic"), ("scenario", "text"))
    properties = "".join(f'<property name="{name}" value="{value}"/>' for name, value in told)
    passed = f"<testcase><properties>{properties}</properties></testcase>"
    ended = f"<testcase><properties>{properties}</properties><{end}/></testcase>"
    with pytest.raises(IncompleteReportError) as caught:
        read_report(f"<testsuites>{passed}</testsuites>")
    assert "Python anthropic: text;" not in str(caught.value)
    with pytest.raises(IncompleteReportError, match="Python anthropic: text;"):
        read_report(f"<testsuites>{passed}{ended}</testsuites>")
