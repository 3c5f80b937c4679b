"""The page as people use it: in a browser, on a phone and on a desk, by light and by night, with the keyboard alone."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from made_reports import ADAPTER, SCRIPT, colourful

from conformance.catalogue import load_requirements
from conformance.report.page import page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser: pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here to open the page in")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
ALL = len(load_requirements())


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("chromium")
    with playwright.sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(folder, executable_path=CHROMIUM, args=list(FLAGS))
        yield context
        context.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    file: Path = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(page(colourful()), encoding="utf-8")
    return file.as_uri()


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Any]:
    """The page on a desk; nothing may go wrong in it, and nothing else may be asked for."""
    tab = browser.new_page()
    troubles: list[str] = []
    tab.on("pageerror", lambda error: troubles.append(str(error)))
    tab.on("console", lambda message: troubles.append(message.text))
    tab.on("request", lambda request: None if request.url == address else troubles.append(request.url))
    tab.set_viewport_size(DESK)
    tab.goto(address)
    yield tab
    tab.close()
    assert troubles == []


def shown(tab: Any) -> list[str]:
    """The ids of the requirements that the filter leaves."""
    ids: list[str] = tab.eval_on_selector_all("tr.row:not([hidden])", "rows => rows.map(row => row.id)")
    return ids


def status(tab: Any) -> str:
    text: str = tab.locator("#status").inner_text()
    return text


def test_all_requirements_are_shown_at_first(opened: Any) -> None:
    assert len(shown(opened)) == ALL
    assert status(opened) == f"{ALL} requirements"


def test_the_text_filters_by_sentence_id_and_what_a_failure_says(opened: Any) -> None:
    opened.fill("#text", "stream-02")
    assert shown(opened) == ["STREAM-02"]
    assert status(opened) == f"1 of {ALL} requirements"
    assert opened.locator("tbody:visible").count() == 1
    opened.fill("#text", "bytes STREAM cut")
    assert "STREAM-02" in shown(opened)
    opened.fill("#text", "recorded usage became null")
    assert shown(opened) == ["USAGE-01"]
    opened.fill("#text", "nothing says so")
    assert shown(opened) == []
    assert opened.locator("#nothing").is_visible()


def test_area_and_verdict_filter_together_and_are_cleared(opened: Any) -> None:
    opened.check("[value=failed]")
    assert shown(opened) == ["STREAM-02", "STREAM-05", "USAGE-01"]
    opened.check("[value=error]")
    assert shown(opened) == ["STREAM-02", "STREAM-05", "USAGE-01", "ERROR-01"]
    opened.select_option("#area", "usage")
    assert shown(opened) == ["USAGE-01"]
    opened.click("text=Clear")
    opened.wait_for_function(f"document.getElementById('status').textContent === '{ALL} requirements'")
    assert len(shown(opened)) == ALL


def test_a_link_to_a_requirement_opens_its_failures_even_when_it_is_filtered_away(opened: Any) -> None:
    opened.fill("#text", "audio")
    opened.click(".mend a[href='#USAGE-01']")
    opened.wait_for_function("document.querySelector('#USAGE-01').nextElementSibling.querySelector('details').open")
    assert "USAGE-01" in shown(opened)
    assert opened.locator("tr.row#USAGE-01 + tr dd").first.is_visible()


def test_a_failure_shows_the_bytes_on_both_sides_of_the_cut(opened: Any) -> None:
    line = opened.locator("tr.row#STREAM-02 + tr .bytes").first
    assert line.inner_text().replace("\u00a0", " ").startswith(r'event: delta\ndata: {"text":"Gr\xc3')
    mark = line.locator("mark").bounding_box()
    assert mark["height"] > 8


def test_the_command_is_copied(opened: Any, browser: Any) -> None:
    browser.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.locator("tr.row#STREAM-02 + tr .copy").first.click()
    opened.wait_for_selector("text=Copied")
    command = f"llm-conformance run --provider openai --adapter {ADAPTER} --case text --cuts 31"
    assert opened.evaluate("navigator.clipboard.readText()") == command


def test_what_an_adapter_said_is_shown_and_not_run(opened: Any) -> None:
    assert "broken" not in opened.title()
    opened.fill("#text", "TOOLS-01")
    opened.click("tr.row#TOOLS-01 + tr summary")
    assert SCRIPT in opened.locator("tr.row#TOOLS-01 + tr dl").inner_text()


def test_the_keyboard_reaches_everything_and_the_focus_is_seen(opened: Any) -> None:
    for details in opened.locator("details").all():
        details.evaluate("found => { found.open = true }")
    wanted = opened.evaluate("""() => {
        const all = document.querySelectorAll("a[href], button, input, select, summary");
        return [...all].map((one, at) => (one.dataset.at = at));
    }""")
    reached, unseen = [], []
    opened.evaluate("document.body.focus()")
    for _ in wanted:
        opened.keyboard.press("Tab")
        at, visible = opened.evaluate("""() => {
            const focused = document.activeElement;
            const drawn = focused.classList.contains("skip") ? focused
                : focused.type === "checkbox" ? focused.nextElementSibling : focused;
            const box = drawn.getBoundingClientRect();
            return [focused.dataset.at, box.width > 0 && getComputedStyle(drawn).outlineStyle !== "none"];
        }""")
        reached.append(at)
        unseen += [] if visible else [at]
    assert reached == [str(at) for at in wanted]
    assert unseen == []


def test_the_keyboard_filters_and_opens(opened: Any) -> None:
    opened.keyboard.press("/")
    opened.keyboard.type("CORE-08")
    assert shown(opened) == ["CORE-08"]
    opened.focus("[value=warning]")
    opened.keyboard.press("Space")
    assert shown(opened) == ["CORE-08"]
    opened.focus("tr.row#CORE-08 + tr summary")
    opened.keyboard.press("Enter")
    assert opened.locator("tr.row#CORE-08 + tr dd").first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_nothing_is_wider_than_the_screen(opened: Any, size: Any, scheme: Literal["light", "dark"]) -> None:
    opened.set_viewport_size(size)
    opened.emulate_media(color_scheme=scheme)
    opened.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true })")
    assert opened.evaluate("document.documentElement.scrollWidth") <= size["width"]
    beyond = opened.evaluate("""() => [...document.querySelectorAll("body *")]
        .filter(one => one.checkVisibility() && !one.closest(".unseen, thead"))
        .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
        .map(one => one.outerHTML.slice(0, 80))""")
    assert beyond == []


CONTRAST = """() => {
    const parse = colour => colour.match(/[\\d.]+/g).map(Number);
    const luminance = ([r, g, b]) => [r, g, b].map(v => v / 255)
        .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
    const ground = one => {
        for (; one; one = one.parentElement) {
            const colour = parse(getComputedStyle(one).backgroundColor);
            if (colour.length < 4 || colour[3] > 0) return colour;
        }
    };
    const found = new Set();
    for (const one of document.querySelectorAll("body *")) {
        const says = [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
        if (!says || !one.checkVisibility() || one.closest(".unseen, script, .skip, option")) continue;
        const [a, b] = [luminance(parse(getComputedStyle(one).color)), luminance(ground(one))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) found.add(`${one.tagName}.${one.className} ${ratio.toFixed(2)}`);
    }
    return [...found];
}"""


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_every_text_can_be_read_by_light_and_by_night(opened: Any, scheme: str, dark: bool) -> None:
    opened.emulate_media(color_scheme=scheme)
    opened.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true })")
    paper = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(","))) < 200) == dark
    assert opened.evaluate(CONTRAST) == []
