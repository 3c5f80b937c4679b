"""What a run leaves behind: each form of the report, of adapters that fail and of one that does not."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from conformance.report import SUITE_VERSION
from conformance.report.document import load_document
from conformance.report.verification import faults_of

FORGETFUL = (
    "import httpx\n"
    "from llm_sdk import get_model\n"
    "class Lossy(httpx.AsyncByteStream):\n"
    "    def __init__(self, stream): self.stream = stream\n"
    "    async def __aiter__(self):\n"
    "        async for chunk in self.stream: yield chunk.decode('utf-8', 'replace').encode()\n"
    "    async def aclose(self): await self.stream.aclose()\n"
    "class Transport(httpx.AsyncBaseTransport):\n"
    "    def __init__(self, client): self.client = client\n"
    "    async def handle_async_request(self, request):\n"
    "        found = await self.client._transport.handle_async_request(request)\n"
    "        found.stream = Lossy(found.stream)\n"
    "        return found\n"
    "def create(*, base_url, api_key, model_id, http_client, provider):\n"
    "    client = httpx.AsyncClient(transport=Transport(http_client))\n"
    "    return get_model(provider, model_id, api_key=api_key, base_url=base_url, http_client=client)\n"
)
"""An adapter that decodes each chunk on its own, so that characters cut in two are lost."""


@dataclass(frozen=True)
class Run:
    """A finished run, and the folder with its reports."""

    status: int
    output: str
    folder: Path

    def report(self) -> dict[str, object]:
        """The JSON."""
        found: dict[str, object] = json.loads((self.folder / "report.json").read_text(encoding="utf-8"))
        return found


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("broken")
    (folder / "forgetful.py").write_text(FORGETFUL)
    words = ["--adapter", "forgetful:create", "--provider", "openai", "--provider", "google", "--case", "short-stream"]
    words += ["--report-json", "report.json", "--report-html", "report.html", "--badge", "badge.svg"]
    return run(folder, *words, "--junitxml", "junit.xml", "-k", "test_cut_characters or test_content")


def run(folder: Path, *words: str) -> Run:
    """The suite, as where it is installed."""
    suite = [sys.executable, "-m", "pytest", "-p", "conformance.plugin", "--pyargs", "conformance"]
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [*suite, "-p", "no:cacheprovider", *words], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    return Run(done.returncode, done.stdout + done.stderr, folder)


def test_the_json_is_sound_and_shows_the_cut(broken: Run) -> None:
    assert broken.status == pytest.ExitCode.TESTS_FAILED, broken.output
    assert faults_of(broken.report()) == []
    found = load_document(broken.folder / "report.json")
    assert {id: result.verdicts for id, result in found.failing.items()} == {
        "STREAM-03": {"openai": "failed", "google": "failed"}
    }
    failed = next(check for check in found.checks if check.verdict == "failed")
    assert failed.failure is not None
    [excerpt] = failed.failure.bytes
    assert failed.failure.cuts == str(excerpt.at)
    around = (excerpt.before + "|" + excerpt.after).encode().decode("unicode_escape").encode("latin-1")
    left, right = around.split(b"|")
    assert left[-1] >= 0xC0 or left[-1] & 0xC0 == 0x80
    assert right[0] & 0xC0 == 0x80
    assert failed.repeat.endswith(f"--case short-stream --cuts {excerpt.at}")


def test_the_terminal_says_what_to_do(broken: Run) -> None:
    lines = [line.strip() for line in broken.output.splitlines()]
    sentence = "A character of several bytes that is cut in two arrives whole."
    at = lines.index(f"FAILED STREAM-03 (MUST) {sentence}: 2 checks (openai, google)")
    assert lines[at + 1] == "expected the same as of the stream as recorded"
    assert lines[at + 3].startswith("repeat   llm-conformance run --provider openai --adapter forgetful:create --case")


def test_the_page_and_the_badge_are_there(broken: Run) -> None:
    page = (broken.folder / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "forgetful:create" in page
    assert "cut here" in page
    assert "2 protocols (some cases) 1 failed of " in (broken.folder / "badge.svg").read_text(encoding="utf-8")
    assert sorted(path.name for path in broken.folder.iterdir() if path.is_file()) == [
        *("badge.svg", "forgetful.py", "junit.xml", "report.html", "report.json")
    ]


def test_junit_says_requirement_case_and_command_in_words(broken: Run) -> None:
    suite = ElementTree.parse(broken.folder / "junit.xml").find("testsuite")  # noqa: S314 - our own
    assert suite is not None
    assert {found.get("name"): found.get("value") for found in suite.findall("properties/property")} == {
        "suite": f"llm-conformance {SUITE_VERSION}",
        "adapter": "forgetful:create",
        "transport": "in-process",
        "providers": "openai, google",
        "level": "must",
    }
    [first, *_] = [case for case in suite.findall("testcase") if case.find("failure") is not None]
    properties = [(found.get("name"), found.get("value")) for found in first.findall("properties/property")]
    assert properties[:4] == [
        ("requirement", "STREAM-03 (MUST) A character of several bytes that is cut in two arrives whole."),
        ("provider", "openai"),
        ("case", "short-stream"),
        ("verdict", "failed"),
    ]
    [name, value] = properties[4]
    assert name == "repeat"
    assert str(value).startswith("llm-conformance run --provider openai --adapter forgetful:create")
    failure = first.find("failure")
    assert failure is not None
    assert str(failure.get("message")).startswith("Failed: STREAM-03 (MUST): ")


def test_a_report_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    words = ["--provider", "openai", "--case", "text", "-k", "test_content", "-q"]
    found = run(tmp_path, *words, "--report-html", "taken")
    assert found.status == pytest.ExitCode.USAGE_ERROR, found.output
    assert "the report cannot be written: " in found.output
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
