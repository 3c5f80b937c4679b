"""The examples run as they stand."""

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from llm_sdk import get_model
from llm_sdk.registry import provider_names
from mock_server import MockServer, tool_call

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "tool_loop.py"
SAID = "Let me see. It is 18 degrees and sunny in Paris.\n"


@pytest.fixture
def tool_loop() -> Any:
    """The example as a module."""
    spec = spec_from_file_location("tool_loop", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tool_loop_runs_offline() -> None:
    done = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, check=True, text=True, timeout=60)  # noqa: S603 - our own program
    assert (done.stdout, done.stderr) == (SAID, "")


def test_the_loop_itself_has_no_more_than_twenty_lines() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").partition("def answer")[2].partition("def main")[0].splitlines()
    assert len([line for line in lines if line.strip()]) <= 20


@pytest.mark.parametrize("provider", provider_names())
def test_it_runs_with_every_provider(tool_loop: Any, provider: str, capsys: pytest.CaptureFixture[str]) -> None:
    tool_loop.main(provider)
    assert capsys.readouterr().out == SAID


def test_the_model_is_told_of_calls_that_cannot_be_made(tool_loop: Any) -> None:
    with MockServer() as mock:
        mock.on(last_user="Paris").reply(tool_call("get_weather"), tool_call("nope")).reply("Sorry: {{ tool_result }}")
        with get_model("openai", "m", api_key="none", base_url=mock.base_url("openai")) as model:
            said = tool_loop.answer(model, [{"role": "user", "content": "Paris?"}])
    assert said.startswith('Sorry: Missing required parameter "city" for tool "get_weather"')
    assert 'Tool "nope" not found in available tools' in said
