"""What docs/mock-server.md shows works."""

import re
from pathlib import Path

from mock_server.conditions import BUILT_IN_VARIABLES, When
from mock_server.scenario_files import parse_scenarios

PAGE = (Path(__file__).parents[2] / "docs" / "mock-server.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_scenarios_are_scenarios() -> None:
    (text,) = blocks("yaml")
    assert len(parse_scenarios(text)) == 5


def test_the_program_runs() -> None:
    (text,) = blocks("python")
    exec(compile(text, "docs/mock-server.md", "exec"), {})  # noqa: S102 - our own page


def test_every_condition_and_variable_is_explained() -> None:
    explained = set(re.findall(r"`(\w+)`", PAGE))
    assert explained >= {*When.model_fields, *BUILT_IN_VARIABLES}
