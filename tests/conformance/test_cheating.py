"""Nothing can go green in silence: each way to look better than one is, and how a report says it."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cheats import judge, words_of

from conformance import manifest
from conformance.blame import is_ours
from conformance.declaration import DeclarationError, declared_by
from conformance.integrity import integrity_of
from conformance.report import Check
from conformance.settings import CASSETTES
from llm_sdk.errors import ServerError
from llm_sdk.registry import get_codec

ROOT = Path(__file__).resolve().parents[2]


def test_an_honest_run_says_how_much_of_the_suite_it_judged(tmp_path: Path) -> None:
    status, report, output = judge(tmp_path, "class Adapter(Around): pass", "-k", "test_meaning")
    found = report["integrity"]
    assert (status, words_of(report)) == (0, {"passed"})
    assert found["judged"] == len(report["checks"]) == 2
    assert found["expected"] == manifest.load_manifest()["providers"]["openai"]["checks"]
    assert found["narrowed"][:2] == ["-k test_meaning", "--case system-prompt"]
    assert f"partial: 2 of {found['expected']} checks were judged: -k test_meaning" in output


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


ENDS_WELL = """
import pytest
@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    session.exitstatus = 0
"""
LIES_TO_THE_EYE = """
import conformance.outcome, sys, types
from llm_sdk.types import ModelResponse
def pytest_report_teststatus(report):
    return "passed", ".", "PASSED"
def pytest_runtest_teardown(item):
    ModelResponse.__eq__ = lambda *_: True
    sys.modules["llm_sdk.comparison"] = types.ModuleType("llm_sdk.comparison")
    sys.modules["conformance.test_answers"].content_as_expected = conformance.outcome.drop_made_up
"""
DISTURBS = {
    OVERRIDES: "fixture 'verdict' of the suite is overridden",
    CHANGES_OUTCOMES: "hook pytest_runtest_makereport is implemented in",
    REPLACES: "conformance.verdict.Verdict.equal of the suite was replaced while it ran",
    TAKES_AWAY: "hook pytest_collection_modifyitems is implemented in",
    ENDS_WELL: "hook pytest_sessionfinish is implemented in",
    LIES_TO_THE_EYE: "hook pytest_report_teststatus is implemented in",
}
ALSO = (
    "llm_sdk.types.ModelResponse.__eq__ of the suite was replaced while it ran",
    "module llm_sdk.comparison was replaced while it ran",
    "conformance.test_answers.content_as_expected of the suite was replaced while it ran",
)


@pytest.mark.parametrize("processes", [[], ["-n", "2"]], ids=["alone", "shared"])
def test_a_run_that_was_disturbed_is_not_green(tmp_path: Path, processes: list[str]) -> None:
    plugin = "".join(DISTURBS)
    words = ["-k", "test_content", *processes]
    status, report, output = judge(tmp_path, "class Adapter(Around): pass", *words, conftest=plugin)
    faults = "\n".join(report["integrity"]["faults"])
    assert [said for said in (*DISTURBS.values(), *ALSO) if said not in faults] == []
    assert "FAULT in the run: fixture 'verdict'" in output
    assert status == pytest.ExitCode.INTERNAL_ERROR


def test_what_the_adopter_s_own_files_ask_for_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A conftest.py beside the adapter, options in pytest.ini, options in the environment."""
    (tmp_path / "conftest.py").write_text(CHANGES_OUTCOMES)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -m 'not slow' --maxfail 100\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--deselect conformance/test_requests.py")
    status, report, output = judge(tmp_path, "class Adapter(Around): pass", "-k", "test_content", "-c", "pytest.ini")
    narrowed = report["integrity"]["narrowed"]
    assert {"-m not slow", "--maxfail 100", "--deselect conformance/test_requests.py"} <= set(narrowed), narrowed
    assert "partial: 2 of " in output
    faults = report["integrity"]["faults"]
    assert [fault for fault in faults if "conftest.py, which is no installed plugin" in fault], faults
    assert status == pytest.ExitCode.INTERNAL_ERROR


def test_an_edited_cassette_is_a_fault_in_a_checkout_too(tmp_path: Path) -> None:
    """Unless it is said that the suite itself is being worked on."""
    for name in ("conformance", "cassettes/openai"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    cassette = tmp_path / "cassettes" / "openai" / "system-prompt.yaml"
    cassette.write_text(cassette.read_text() + "# a word\n")
    words = ["--adapter", "reference", "--case", "system-prompt", "-k", "test_content and generate"]
    for flag, ends in (([], pytest.ExitCode.INTERNAL_ERROR), (["--allow-edited"], pytest.ExitCode.OK)):
        status, report, _ = judge(tmp_path, "class Adapter(Around): pass", *words, *flag)
        assert report["integrity"]["faults"] == ["not as the suite has them: cassettes/openai/system-prompt.yaml"]
        assert status == ends


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
        ({"user": []}, "user and output have text"),
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
    settings: Any = SimpleNamespace(providers=("openai",), cassettes=CASSETTES)
    found = integrity_of(settings, [a_check("test_content[openai-a-1-generate]")], [], [])
    assert any("openai: 1 of " in fault and "no option asked for that" in fault for fault in found.faults)
    narrowed = integrity_of(settings, [a_check("test_content[openai-a-1-generate]")], ["-k content"], [])
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
