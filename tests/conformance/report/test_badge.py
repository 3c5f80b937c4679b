"""The badge says in one line who was judged and what came of it, to eyes and to screen readers."""

from xml.etree import ElementTree

import pytest
from made_reports import check, report

from conformance.report import Check
from conformance.report.badge import COLOURS, badge
from conformance.report.document import SUITE_VERSION

SVG = "{http://www.w3.org/2000/svg}"
PASSED = check("openai", "CORE-01")


def luminance(colour: str) -> float:
    """As WCAG 2 reckons it."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("checks", "text", "tone"),
    [
        ([PASSED], "openai 1/1", "good"),
        ([PASSED, check("openai", "CORE-02", verdict="not-applicable")], "openai 2/2", "good"),
        ([PASSED, check("openai", "CORE-08", verdict="warning")], "openai 1/2", "doubtful"),
        ([PASSED, check("openai", "CORE-02", verdict="harness-error")], "openai 1/2", "doubtful"),
        ([PASSED, check("openai", "CORE-02", verdict="failed")], "openai 1 failed of 2", "bad"),
        ([PASSED, check("openai", "CORE-01", verdict="error")], "openai 1 failed of 1", "bad"),
        ([check("openai", "CORE-01", verdict="skipped")], "openai nothing judged", "quiet"),
        ([], "openai nothing judged", "quiet"),
    ],
)
def test_the_count_and_the_colour(checks: list[Check], text: str, tone: str) -> None:
    picture = ElementTree.fromstring(badge(report(*checks, providers=("openai",))))  # noqa: S314 - our own
    assert [found.text for found in picture.iter(f"{SVG}text")] == [f"llm-conformance {SUITE_VERSION}", text]
    fills = [found.get("fill") for found in picture.iter(f"{SVG}rect")]
    assert COLOURS[tone] in fills  # type: ignore[index]
    [title] = picture.iter(f"{SVG}title")
    assert picture.get("role") == "img"
    assert picture.get("aria-label") == title.text
    assert title.text is not None
    assert title.text.startswith(f"llm-conformance {SUITE_VERSION}, acme_llm.conformance:create adapter, openai: ")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"providers": ("openai", "google")}, "1 of 2 protocols 1/1"),
        ({"providers": ("openai",), "profiles": frozenset({"tools", "core"})}, "openai (core, tools) 1/1"),
        ({"providers": ("openai",), "cases": ("text",)}, "openai (some cases) 1/1"),
    ],
)
def test_a_part_is_shown_as_a_part(changes: dict[str, object], text: str) -> None:
    assert f">{text}</text>" in badge(report(PASSED, **changes))  # type: ignore[arg-type]


def test_several_protocols_are_counted() -> None:
    both = report(PASSED, check("google", "CORE-01"), providers=("openai", "google"))
    assert ">2 protocols 1/1</text>" in badge(both)
    assert ": The one requirement that was judged is fulfilled." in badge(both)


def test_what_a_stranger_names_himself_is_escaped() -> None:
    drawn = badge(report(PASSED, adapter='"><script>'))
    assert "<script>" not in drawn
    ElementTree.fromstring(drawn)  # noqa: S314 - our own


@pytest.mark.parametrize("colour", COLOURS.values(), ids=COLOURS)
def test_white_letters_can_be_read_on_it(colour: str) -> None:
    assert 1.05 / (luminance(colour) + 0.05) >= 4.5
