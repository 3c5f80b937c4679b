"""The page, read as a file: what stands in it, that it is alone, and that it stays small."""

import re
from html.parser import HTMLParser

import pytest
from made_reports import ADAPTER, SCRIPT, check, colourful, failed, failure, report, settings

from conformance.catalogue import load_requirements
from conformance.report.matrix import CELL, FRAME, NAMED, ROW, matrix_of
from conformance.report.page import page
from conformance.report.words import WORDS

PAGE = page(colourful())
VOID = {"meta", "input", "wbr", "link", "img", "br"}
BOUND = 1_000_000
ROOM_FOR_A_FEW = FRAME + len(load_requirements()) * (ROW + CELL * len(settings().providers)) + 5_000


class _Elements(HTMLParser):
    """Every element with its attributes; raises for one that is closed in the wrong place."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


def test_it_holds_every_requirement_and_the_failures_whole() -> None:
    rows = [attributes["id"] for tag, attributes in _Elements(PAGE).found if "data-verdicts" in attributes]
    assert rows == [requirement.id for requirement in load_requirements()]
    assert r'"Gr<i>\xc3</i><mark><span class="unseen"> cut here </span></mark><i>\xbc</i>' in PAGE.replace("&#34;", '"')
    assert f"--provider openai --adapter {ADAPTER} --case text --cuts 31" in PAGE
    assert "4 of 9 requirements are not fulfilled." in PAGE


def test_it_needs_no_other_file_and_forbids_itself_to_ask_for_one() -> None:
    elements = _Elements(PAGE).found
    assert {tag for tag, _ in elements} & {"link", "img", "iframe", "object", "embed"} == set()
    assert [attributes for _, attributes in elements if {"src", "srcset", "style"} & attributes.keys()] == []
    addresses = [attributes["href"] or "" for tag, attributes in elements if tag == "a"]
    assert all(address.startswith(("#", "https://", "http://")) for address in addresses)
    assert "@import" not in PAGE
    assert "url(" not in PAGE
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', PAGE)
    assert policy.startswith("default-src &#39;none&#39;; style-src &#39;sha256-")


def test_what_an_adapter_says_is_text() -> None:
    assert SCRIPT not in PAGE
    assert [tag for tag, _ in _Elements(PAGE).found].count("script") == 1
    hostile = page(report(check("openai", "CORE-01"), adapter="</title><script>alert(1)</script>"))
    assert [tag for tag, _ in _Elements(hostile).found].count("script") == 1


def test_ids_are_there_once_and_every_link_inside_leads_somewhere() -> None:
    elements = _Elements(PAGE).found
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    inside = {
        str(attributes["href"])[1:] for tag, attributes in elements if tag == "a" and attributes["href"][0] == "#"
    }  # type: ignore[index]
    assert inside <= set(ids)


def test_every_verdict_is_explained() -> None:
    for word in WORDS.values():
        assert word.meaning in PAGE


@pytest.mark.parametrize("failing", [0, 1], ids=["all pass", "all fail"])
def test_a_page_of_all_providers_stays_under_a_megabyte(failing: int) -> None:
    why = failure("the same " * 150, "another " * 170, 31)
    checks = [
        failed(provider, requirement.id, why=why, case=f"case-{number}")
        if failing
        else check(provider, requirement.id, case=f"case-{number}")
        for requirement in load_requirements()
        for provider in settings().providers
        for number in range(12)
    ]
    made = report(*checks)
    text = page(made)
    assert len(text.encode()) <= BOUND
    shown = text.count('<article class="failure')
    assert (shown > 80) == bool(failing)
    if failing:
        assert f"{len(checks) - shown:,} checks that failed are left out" in text


def test_each_requirement_and_provider_shows_one_failure_before_any_shows_two() -> None:
    why = failure("a", "b")
    checks = [failed("openai", "CORE-01", why=why, case=f"case-{number}") for number in range(50)]
    checks += [failed("google", "CORE-02", why=why), failed("google", "CORE-01", why=why)]
    whole = matrix_of(report(*checks))
    assert [len(row.shown) for row in whole.rows[:2]] == [51, 1]
    small = matrix_of(report(*checks), limit=ROOM_FOR_A_FEW)
    shown = {(row.id, check.provider): row.shown.count(check) for row in small.rows for check in row.shown}
    assert set(shown) == {("CORE-01", "openai"), ("CORE-01", "google"), ("CORE-02", "google")}
    assert len(small.rows[0].named) == NAMED
    assert small.left_out == 52 - sum(len(row.shown) for row in small.rows)
