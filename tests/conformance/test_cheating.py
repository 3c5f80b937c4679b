"""Nothing can go green in silence: each way to look better than one is, and how a report says it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance import manifest
from conformance.blame import is_ours
from conformance.declaration import DeclarationError, declared_by
from conformance.integrity import integrity_of
from conformance.report import Check
from conformance.settings import CASSETTES
from llm_sdk.errors import ServerError
from llm_sdk.registry import get_codec

ROOT = Path(__file__).resolve().parents[2]
HONEST = """
from llm_sdk import get_model
from llm_sdk.errors import UnsupportedError

class Around:
    metadata = None
    def __init__(self, inner):
        self.inner, self.provider, self.model_id = inner, inner.provider, inner.model_id
    def before(self, input):
        pass
    async def generate(self, input):
        self.before(input)
        return await self.inner.generate(input)
    async def stream(self, input):
        self.before(input)
        async with self.inner.stream(input) as stream:
            async for partial in stream:
                yield partial
    def generate_sync(self, input):
        self.before(input)
        return self.inner.generate_sync(input)
    def stream_sync(self, input):
        self.before(input)
        with self.inner.stream_sync(input) as stream:
            yield from stream

def create(*, provider, base_url, api_key, model_id, http_client):
    made = get_model(provider, model_id, api_key=api_key, base_url=base_url, http_client=http_client)
    return Adapter(made)
"""


def judge(folder: Path, adapter: str, *words: str, conftest: str = "") -> tuple[int, dict[str, Any], str]:
    """A run in a folder of its own over one case: exit status, report and output."""
    (folder / "mine.py").write_text(HONEST + adapter)
    (folder / "plug.py").write_text(conftest)
    command = [sys.executable, "-m", "pytest", "-p", "conformance.plugin", *(["-p", "plug"] if conftest else [])]
    command += ["--pyargs", "conformance.test_answers", "conformance.test_requests", "-p", "no:cacheprovider", "-q"]
    command += ["--provider", "openai", "--adapter", "mine:create", "--report-json", "report.json", *words]
    command += [] if "--case" in words else ["--case", "system-prompt"]
    found = subprocess.run(  # noqa: S603 - our own interpreter
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return found.returncode, report, found.stdout


def words_of(report: dict[str, Any]) -> set[str]:
    return {check["verdict"] for check in report["checks"]}


def test_an_honest_run_says_how_much_of_the_suite_it_judged(tmp_path: Path) -> None:
    status, report, output = judge(tmp_path, "class Adapter(Around): pass", "-k", "test_meaning")
    found = report["integrity"]
    assert (status, words_of(report)) == (0, {"passed"})
    assert found["judged"] == len(report["checks"]) == 2
    assert found["expected"] == manifest.load_manifest()["providers"]["openai"]["checks"]
    assert found["narrowed"][:2] == ["-k test_meaning", "--case system-prompt"]
    assert f"partial: 2 of {found['expected']} checks were judged: -k test_meaning" in output


SKIPS = "class Adapter(Around):\n    def before(self, input):\n        import pytest; pytest.skip('not today')"
RAISES_XFAIL = "class Adapter(Around):\n    def before(self, input):\n        import pytest; pytest.xfail('known')"
READS_CASSETTES = f"""
import pathlib
class Adapter(Around):
    def before(self, input):
        pathlib.Path({str(CASSETTES / "openai" / "system-prompt.yaml")!r}).read_text()
"""
ASKS_TWICE = """
class Adapter(Around):
    async def generate(self, input):
        await self.inner.generate(input)
        return await self.inner.generate(input)
"""
CALLS_HOME = """
def create(*, provider, base_url, api_key, model_id, http_client):
    made = get_model(provider, model_id, api_key=api_key, base_url="https://proxy.example/v1", http_client=http_client)
    return Adapter(made)
class Adapter(Around): pass
"""
MAKES_IT_UP = """
from llm_sdk.types import ModelResponse, TextPart
class Adapter(Around):
    async def generate(self, input):
        return ModelResponse(content=[TextPart(text="🤖")], finish_reason="stop")
"""


@pytest.mark.parametrize(
    ("adapter", "said"),
    [
        (SKIPS, "the check was skipped from"),
        (RAISES_XFAIL, "the check was skipped from"),
        (READS_CASSETTES, "reads the suite's own answers"),
        (ASKS_TWICE, "2 requests"),
        (CALLS_HOME, "https://proxy.example/v1"),
        (MAKES_IT_UP, "nothing was sent"),
    ],
    ids=["skips", "expects-to-fail", "reads-cassettes", "asks-twice", "calls-another-host", "sends-nothing"],
)
def test_an_adapter_that_cheats_fails(tmp_path: Path, adapter: str, said: str) -> None:
    status, report, _ = judge(tmp_path, adapter, "-k", "test_content or test_endpoint")
    assert status == pytest.ExitCode.TESTS_FAILED
    assert any(said in check.get("message", "") for check in report["checks"] if check["verdict"] == "failed"), report


OVERRIDES = """
import pytest
@pytest.fixture
def verdict():
    class Kind:
        failure, repeat = None, ""
        def __getattr__(self, name):
            return lambda *_, **__: None
    return Kind()
"""
CHANGES_OUTCOMES = """
import pytest
@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.outcome = "passed"
    return report
"""
REPLACES = """
import conformance.plugin
import conformance.verdict
def pytest_runtest_setup(item):
    conformance.verdict.Verdict.equal = lambda *_, **__: None
"""
TAKES_AWAY = """
import pytest
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    items[:] = items[:1]
"""


@pytest.mark.parametrize(
    ("plugin", "said"),
    [
        (OVERRIDES, "fixture 'verdict' of the suite is overridden"),
        (CHANGES_OUTCOMES, "hook pytest_runtest_makereport is implemented in"),
        (REPLACES, "conformance.verdict.Verdict.equal of the suite was replaced while it ran"),
        (TAKES_AWAY, "hook pytest_collection_modifyitems is implemented in"),
    ],
    ids=["overrides-a-fixture", "changes-outcomes", "replaces-a-function", "takes-checks-away"],
)
def test_a_run_that_was_disturbed_is_not_green(tmp_path: Path, plugin: str, said: str) -> None:
    status, report, output = judge(tmp_path, "class Adapter(Around): pass", "-k", "test_content", conftest=plugin)
    assert any(said in fault for fault in report["integrity"]["faults"]), report["integrity"]
    assert f"FAULT in the run: {said[:20]}" in output
    assert status == pytest.ExitCode.INTERNAL_ERROR


REFUSES_TOOLS = """
class Adapter(Around):
    def before(self, input):
        if input.tools:
            raise UnsupportedError("no tools here", path="tools")
create.capabilities = {"function_calling": False}
"""
DROPS_TOOLS = """
class Adapter(Around):
    async def generate(self, input):
        return await self.inner.generate(input.model_copy(update={"tools": None, "tool_choice": None}))
create.capabilities = {"function_calling": False}
"""


def test_what_is_not_declared_is_refused_reported_or_a_failure(tmp_path: Path) -> None:
    words = ["--case", "tool-call", "-k", "test_meaning and generate"]
    status, report, output = judge(tmp_path, REFUSES_TOOLS, *words)
    assert (status, words_of(report)) == (0, {"not-applicable"})
    assert "not-applicable: 1 checks: tool-call: tools[0]: not declared, and refused" in output

    status, report, _ = judge(tmp_path, DROPS_TOOLS, *words)
    assert (status, words_of(report)) == (1, {"failed"})
    assert report["checks"][0]["message"].startswith("tool-call: tools[0]: not declared, and yet not refused")

    declared = "class Adapter(Around): pass\ncreate.capabilities = {'function_calling': False}"
    status, report, _ = judge(tmp_path, declared, *words)
    assert (status, words_of(report)) == (0, {"passed"})
    assert report["integrity"]["undeclared"] == ["tool-call: tools[0]"]

    status, report, _ = judge(tmp_path, REFUSES_TOOLS.replace("create.cap", "other = create; other.other"), *words)
    assert (status, words_of(report)) == (1, {"failed"})


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"flying": True}, "no capability 'flying' with true"),
        ({"tools": "function"}, 'tools is a list of names, not "function"'),
        (["tools"], "capabilities are a mapping or Capabilities, not list"),
    ],
)
def test_a_declaration_that_makes_no_sense_says_why(said: Any, wrong: str) -> None:
    subject: Any = SimpleNamespace(codec=get_codec("openai"))
    with pytest.raises(DeclarationError) as caught:
        declared_by(subject, SimpleNamespace(capabilities=said), None)
    assert str(caught.value).startswith(wrong)


def a_check(name: str) -> Check:
    return Check(ids=("CORE-01",), provider="openai", case="a", check=name, verdict="passed")


def test_checks_that_are_missing_without_a_reason_are_a_fault() -> None:
    settings: Any = SimpleNamespace(providers=("openai",), own=True)
    found = integrity_of(settings, [a_check("test_content[openai-a-1-generate]")], [], [], [])
    assert any("openai: 1 of " in fault and "no option asked for that" in fault for fault in found.faults)
    narrowed = integrity_of(settings, [a_check("test_content[openai-a-1-generate]")], ["-k content"], [], [])
    assert not any("no option asked" in fault for fault in narrowed.faults)


def test_an_edited_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "cassettes/openai/system-prompt.yaml"
    before = set(manifest.changed_files(["openai"]))
    known = manifest.load_manifest()
    other = {**known, "files": {**known["files"], name: "0" * 64, "cassettes/google/x.yaml": "1"}}
    monkeypatch.setattr(manifest, "load_manifest", lambda: other)
    assert set(manifest.changed_files(["openai"])) - before == {name}


def test_an_exception_of_the_suite_s_own_code_is_its_own() -> None:
    case: Any = SimpleNamespace(of_case=object())

    def raised(error: Exception, file: Path) -> Exception:
        code = compile("raise error", str(file), "exec")
        with pytest.raises(type(error)) as caught:
            exec(code, {"error": error})  # noqa: S102 - an exception with a frame in that file
        return caught.value

    room = ROOT / "conformance"
    assert is_ours(raised(KeyError("x"), room / "test_answers.py"), case)
    assert not is_ours(raised(KeyError("x"), room / "subject.py"), case)
    assert not is_ours(raised(KeyError("x"), room / "mutants" / "answers.py"), case)
    assert not is_ours(raised(ServerError("x", status_code=500), room / "test_answers.py"), case)
    assert not is_ours(raised(KeyError("x"), Path("mine.py")), case)


def test_the_manifest_is_that_of_the_files() -> None:
    """After a wanted change: python -m conformance.manifest."""
    changed = manifest.changed_files(manifest.load_manifest()["providers"])
    assert changed == [], "write the manifest again: python -m conformance.manifest"
