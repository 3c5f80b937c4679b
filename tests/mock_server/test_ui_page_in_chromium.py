"""The page at ``/`` as people use it: it shows what comes as it comes, and runs nothing of it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from plain_protocol import PLAIN

from llm_sdk.types import LanguageModelInput
from mock_server import MockServer

playwright = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser: pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here to open the page in")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
EVIL = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>"


def ask(mock: MockServer, said: str, model: str = "m", query: str = "") -> None:
    input = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": said}]})
    body = PLAIN.encode_request(model, input, stream=False).body
    httpx.post(f"{mock.base_url('plain')}/chat{query}", content=body)


@pytest.fixture(scope="module")
def mock() -> Iterator[MockServer]:
    scenarios = [
        {"name": EVIL, "when": {"last_user": "image"}, "reply": EVIL},
        {"name": "idle", "when": {"nth": 99}, "reply": "x"},
    ]
    with MockServer(scenarios, codecs=[PLAIN]) as server:
        ask(server, f"An image: {EVIL}", EVIL)
        httpx.post(f"{server.base_url('plain')}/chat", content=EVIL.encode())
        yield server


@pytest.fixture(scope="module")
def tab(mock: MockServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder, troubles = tmp_path_factory.mktemp("chromium"), []
    with playwright.sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(folder, executable_path=CHROMIUM, args=list(FLAGS))
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda message: troubles.append(message.text))
        page.on("request", lambda request: None if request.url.startswith(mock.url) else troubles.append(request.url))
        page.set_viewport_size(DESK)
        page.goto(f"{mock.url}/")
        page.wait_for_selector("#e2")
        yield page
        context.close()
    assert [trouble for trouble in troubles if not trouble.startswith("data:,")] == []


def test_it_shows_what_comes_and_runs_nothing_of_it(mock: MockServer, tab: Any) -> None:
    assert tab.locator("#urls").inner_text() == f"plain {mock.base_url('plain')}"
    assert tab.locator("#scenarios").inner_text().splitlines() == [f"{EVIL} answered 1×", "idle never used"]
    for details in tab.locator("details").all():
        details.locator("summary").click()
    assert tab.locator("#e1 pre", has_text=f"An image: {EVIL}").count() >= 1
    assert EVIL in tab.locator("#e2").inner_text()
    assert tab.locator("#exchanges img, #exchanges script, #scenarios img").count() == 0
    assert tab.title() == "mock-server"


def test_it_follows_what_happens(mock: MockServer, tab: Any) -> None:
    assert "Nothing found in 2 exchanges." in tab.locator("#verdict").inner_text()
    ask(mock, "a third", query="?key=s3cret")
    tab.wait_for_selector("#e3")
    tab.wait_for_selector("#verdict >> text=key-in-url")
    assert "s3cret" not in tab.content()
    tab.click("#verdict a")
    assert tab.locator("#e3 details").get_attribute("open") is not None


def test_it_is_filtered_by_the_keyboard(tab: Any) -> None:
    tab.evaluate("document.activeElement.blur()")
    tab.keyboard.press("/")
    tab.keyboard.type("third")
    assert tab.locator("#exchanges > li:visible").count() == 1
    assert tab.locator("#counted").inner_text() == "1 of 3 shown"
    tab.fill("#text", "")
    tab.select_option("#kind", "4")
    assert [row.get_attribute("id") for row in tab.locator("#exchanges > li:visible").all()] == ["e2"]
    tab.select_option("#kind", "")
    tab.focus("#e1 summary")
    was = tab.locator("#e1 details").get_attribute("open")
    tab.keyboard.press("Enter")
    assert tab.locator("#e1 details").get_attribute("open") != was
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_by_light_and_by_night(tab: Any, scheme: str, tmp_path: Path) -> None:
    tab.emulate_media(color_scheme=scheme)
    tab.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true })")
    for size in (DESK, PHONE):
        tab.set_viewport_size(size)
        assert tab.evaluate("document.documentElement.scrollWidth") <= size["width"]
        tab.screenshot(
            path=Path(os.environ.get("PAGE_SHOTS", tmp_path)) / f"{scheme}-{size['width']}.png", full_page=True
        )
    paper = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(","))) < 200) == (scheme == "dark")
