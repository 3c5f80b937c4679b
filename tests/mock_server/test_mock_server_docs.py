"""What docs/mock-server.md shows works."""

import re
from pathlib import Path

import pytest

from llm_sdk.codec import ModelCall
from llm_sdk.types import LanguageModelInput
from mock_server.asked import Asked
from mock_server.conditions import BUILT_IN_VARIABLES, When
from mock_server.faults import Fault
from mock_server.nearest import explain_no_match
from mock_server.scenario_files import parse_scenarios
from mock_server.script import Script

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "mock-server.md").read_text()
README = (ROOT / "README.md").read_text()


def blocks(language: str, page: str = PAGE) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def test_the_readmes_app_passes_its_tests(pytester: pytest.Pytester) -> None:
    files = [found for found in blocks("python", README) if re.match(r"# (test_)?app\.py\n", found)]
    assert len(files) == 2
    for text in files:
        (pytester.path / text.partition("\n")[0].removeprefix("# ")).write_text(text)
    pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider").assert_outcomes(passed=4)


def test_the_readmes_scenarios_are_scenarios() -> None:
    (text,) = (found for found in blocks("yaml", README) if found.startswith("scenarios:"))
    assert len(parse_scenarios(text)) == 2


def test_the_scenarios_are_scenarios() -> None:
    (text,) = blocks("yaml")
    assert len(parse_scenarios(text)) == 7


def test_what_strict_says_is_what_it_says() -> None:
    (shown,) = blocks("text")
    script = Script(parse_scenarios(blocks("yaml")[0])[:1])
    said = {"messages": [{"role": "user", "content": "What is the weather in Paris?"}]}
    asked = Asked("openai", ModelCall("gpt-5", LanguageModelInput.model_validate(said), stream=False))
    assert shown == explain_no_match(asked, script.nearest(asked), len(script)) + "\n"


@pytest.mark.parametrize("text", blocks("python"))
def test_the_programs_run(text: str) -> None:
    exec(compile(text, "docs/mock-server.md", "exec"), {})  # noqa: S102 - our own page


def test_every_condition_variable_and_fault_is_explained() -> None:
    explained = set(re.findall(r"`(\w+)`", PAGE))
    assert explained >= {*When.model_fields, *BUILT_IN_VARIABLES, *Fault.model_fields}
