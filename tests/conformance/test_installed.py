"""The suite from its wheel, in an empty folder, with no checkout in sight; and the pages that tell how to use it so."""

import json
import zipfile
from pathlib import Path

import pytest
from installed import ROOT, Environment, build_wheel
from pages import Command, File, follow, steps

from conformance.case import load_cases
from llm_sdk.registry import PROVIDERS

PROVIDER = "openai"
PATIENCE = 300
PAGES = ("adopting", "own-protocol")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling", reason="the wheel is built with it")
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the wheel in it."""
    made = Environment(tmp_path_factory.mktemp("environment"), wheel.parent)
    done = made.run("pip install llm-conformance", wheel.parent)
    assert done.returncode == 0, done.stdout
    return made


@pytest.mark.timeout(PATIENCE)
def test_the_wheel_has_all_that_a_run_needs(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    cases = {f"conformance/cases/{case.area}/{case.name}.yaml" for case in load_cases()}
    requirements = {f"conformance/requirements/{path.name}" for path in ROOT.glob("conformance/requirements/*.toml")}
    cassettes = {str(path.relative_to(ROOT)) for path in ROOT.glob("cassettes/*/*.yaml")}
    assert cases | requirements | cassettes <= names
    assert {name.split("/")[1] for name in cassettes} == set(PROVIDERS)
    assert [name for name in names if name.startswith(("tests/", "docs/"))] == []


@pytest.mark.timeout(PATIENCE)
def test_nothing_comes_from_the_checkout(environment: Environment, tmp_path: Path) -> None:
    program = (
        "import conformance, mock_server, llm_sdk; print([m.__file__ for m in (conformance, mock_server, llm_sdk)])"
    )
    found = environment.run(f'python -c "{program}"', tmp_path).stdout
    assert str(ROOT) not in found
    assert found.count(str(environment.packages)) == 3


@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize(
    "program",
    ["llm-conformance run", "python -m pytest -p conformance.plugin --pyargs conformance"],
    ids=["llm-conformance", "pytest"],
)
def test_both_doors_judge_in_an_empty_folder(program: str, environment: Environment, tmp_path: Path) -> None:
    words = f"--provider {PROVIDER} --case text --case tool-call -k 'test_content or test_meaning' --report-json r.json"
    done = environment.run(f"{program} {words} -q -p no:cacheprovider", tmp_path)
    assert done.returncode == 0, done.stdout
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert {check["case"] for check in report["checks"]} == {"text", "tool-call"}
    assert {check["verdict"] for check in report["checks"]} == {"passed"}
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


@pytest.mark.timeout(PATIENCE)
def test_an_installed_adapter_is_found_by_its_name(environment: Environment, tmp_path: Path) -> None:
    """The worked example, a package of its own on another HTTP client, over the socket."""
    pytest.importorskip("aiohttp", reason="the example is written on it")
    package = ROOT / "examples" / "aiohttp-adapter"
    assert environment.run(f"pip install {package}", tmp_path).returncode == 0
    place = "--provider openai-chat-completion --adapter aiohttp-chat --transport socket"
    smoke = environment.run(f"llm-conformance smoke {place}", tmp_path)
    assert smoke.returncode == 0, smoke.stdout
    cases = " ".join(f"--case {name}" for name in ("unicode", "parallel-calls", "rate-limit"))
    checks = "content or finish or usage or meaning or error or cut_characters or truncation or lost_connection"
    run = environment.run(f"llm-conformance run {place} {cases} -k '{checks}' -q -p no:cacheprovider", tmp_path)
    assert run.returncode == 0, run.stdout
    listed = environment.run("llm-conformance smoke --provider openai --adapter nobody", tmp_path)
    assert "registered by name: aiohttp-chat" in listed.stdout


@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_right_word_for_word(name: str, environment: Environment, tmp_path: Path) -> None:
    done = follow(ROOT / "docs" / f"{name}.md", tmp_path, environment)
    assert len(done) > 3


def test_a_page_is_read_as_files_and_commands() -> None:
    page = "Write `a/b.py`:\n\n```python\nx = 1\n```\n\nThen:\n\n```console\n$ ls a\nb.py\n$ true\n```\n"
    page += "\nIt is:\n\n```python\ny\n```\n"
    assert list(steps(page)) == [File("a/b.py", "x = 1\n"), Command("ls a", "b.py"), Command("true", "")]
