"""The twin: the same run, with plain iterators and values."""

import asyncio
import inspect
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import llm_sdk
from completion.scripted import CALLED, HELLO, STOP, WEATHER, ScriptedModel, call, text, used
from llm_sdk.completion import CompletionCancelledError, CompletionRun, completion
from llm_sdk.errors import InvalidInputError, ServerError

ROOT = Path(__file__).resolve().parents[3]


def start(*steps: Any, **options: Any) -> CompletionRun:
    return completion(model=ScriptedModel(*steps), history=HELLO, **options)


def test_values_and_iterators() -> None:
    run = start(*text("a", "b"), call(1, '{"city":"x"}', "c", "get_weather"), used(), CALLED, tools=[WEATHER])
    assert list(run.token_stream) == list(run.token_stream) == ["a", "b"]
    assert [event.type for event in run.tool_call_stream] == ["toolCall"]
    assert [event.seq for event in run.events] == [0, 1, 2, 3, 4]
    assert (run.text, [found.id for found in run.tool_calls], run.final.content_text) == ("ab", ["c"], "ab")
    assert run.stats is not None
    assert run.is_settled


def test_a_run_is_there_before_its_answer() -> None:
    run = completion(model=Waiting(), history=HELLO)
    assert run.request_id
    assert not run.is_settled
    run.cancel()


def test_one_error_for_all() -> None:
    error = ServerError("down", status_code=500)
    run = start(*text("a"), error)
    items: list[str] = []
    with pytest.raises(ServerError) as raised:
        items.extend(run.token_stream)
    assert raised.value is error
    tokens = iter(run.token_stream)
    assert next(tokens) == "a"
    for surface in ("text", "tool_calls", "stats", "final"):
        with pytest.raises(ServerError) as raised:
            getattr(run, surface)
        assert raised.value is error


def test_a_wait_may_be_given_up() -> None:
    run = completion(model=Waiting(*text("a")), history=HELLO)
    assert run.wait(0.01) is False
    assert not run.is_settled
    run.cancel()
    assert run.wait(0.01) is True


class Waiting(ScriptedModel):
    """Tells its steps, and then nothing more."""

    async def stream(self, input: Any) -> Any:
        async for partial in super().stream(input):
            yield partial
        await asyncio.Event().wait()


def test_cancelling_from_another_thread_ends_every_reader() -> None:
    run = completion(model=Waiting(*text("a", "b")), history=HELLO)
    with ThreadPoolExecutor(4) as threads:
        readers = [threads.submit(list, run.token_stream) for _ in range(4)]
        tokens = iter(run.token_stream)
        assert [next(tokens), next(tokens)] == ["a", "b"]
        run.cancel()
        assert [reader.result(10) for reader in readers] == [["a", "b"]] * 4
    with pytest.raises(CompletionCancelledError) as raised:
        _ = run.text
    assert raised.value.partial.content_text == "ab"


def test_the_end_of_a_block_cancels() -> None:
    with completion(model=Waiting(*text("a")), history=HELLO) as run:
        assert next(iter(run.token_stream)) == "a"
    with pytest.raises(CompletionCancelledError):
        _ = run.text


def test_many_runs_from_many_threads() -> None:
    def one(number: int) -> str:
        run = start(*text(*f"run {number}"), STOP)
        if number % 3 == 0:
            run.cancel()
            return "".join(run.token_stream)
        return run.text

    began = time.monotonic()
    with ThreadPoolExecutor(16) as threads:
        results = list(threads.map(one, range(200)))
    assert all(f"run {number}".startswith(result) for number, result in enumerate(results))
    assert [result for number, result in enumerate(results) if number % 3] == [
        f"run {number}" for number in range(200) if number % 3
    ]
    assert time.monotonic() - began < 20


def test_a_plain_run_inside_of_another_is_refused_and_hangs_nothing() -> None:
    def nested() -> None:
        start(STOP)

    with pytest.raises(InvalidInputError, match="cannot be made from inside another"):
        _ = start(nested, STOP).text


def test_the_name_is_a_module_and_a_function() -> None:
    """Whichever came first: the import system puts the module there, and it is called as its function is."""
    module: Any = import_module("llm_sdk.completion")
    assert llm_sdk.completion is module
    assert inspect.signature(module) == inspect.signature(completion)
    run = module(model=ScriptedModel(*text("a"), STOP), history=HELLO)
    assert run.text == "a"
    assert llm_sdk.acompletion is module.acompletion


@pytest.mark.parametrize(
    "program",
    [
        "from llm_sdk import completion",
        "from llm_sdk.completion import completion",
        "import llm_sdk.completion\nfrom llm_sdk import completion",
        "import llm_sdk\ncompletion = llm_sdk.completion",
        "from llm_sdk import *",
    ],
)
def test_every_way_to_import_it(program: str) -> None:
    program += "\ntry:\n    completion(model_id='x', history=[])\nexcept Exception as error:\n    print(error)\n"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=60)  # noqa: S603 - our own program
    assert done.stdout.startswith("model_id: 'x' is not provider/model")


TYPED = """
from typing import assert_type
from pydantic import BaseModel
from llm_sdk import LanguageModel, acompletion, completion
from llm_sdk.completion import AsyncCompletionRun, CompletionRun, CompletionStats, ToolCall, ToolEvent


class Place(BaseModel):
    city: str


def add(a: int, b: int) -> int:
    return a + b


async def use(model: LanguageModel) -> None:
    run = acompletion(model=model, history=[{"role": "user", "content": "x"}], stream=True, tools=[Place, add])
    assert_type(run, AsyncCompletionRun)
    assert_type(await run.text, str)
    assert_type(await run.tool_calls, list[ToolCall])
    assert_type(await run.stats, CompletionStats | None)
    async for token in run.token_stream:
        assert_type(token, str)
    async for event in run.tool_call_stream:
        assert_type(event, ToolEvent)
        if event.type == "toolCall":
            assert_type(event.call, ToolCall)
        else:
            assert_type(event.error.message, str)
    await run.cancel()
    plain = completion(model_id="openai/gpt-5", history=[], stream=False, temperature=0.5, max_tokens=10)
    assert_type(plain, CompletionRun)
    assert_type(plain.text, str)
    for token in plain.token_stream:
        assert_type(token, str)
    completion(model_id="openai/gpt-5", history=[], temprature=0.5)  # type: ignore[call-arg]
    completion(model_id="openai/gpt-5", history=[], tool_dialect="klingon")  # type: ignore[arg-type]
"""


def test_types_read_well(tmp_path: Path) -> None:
    (tmp_path / "use.py").write_text(TYPED)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--config-file", "", "use.py"]
    command += ["--cache-dir", str(ROOT / ".mypy_cache")]
    done = subprocess.run(  # noqa: S603 - our own interpreter
        command, cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.stdout == ""
    assert done.returncode == 0, done.stderr
