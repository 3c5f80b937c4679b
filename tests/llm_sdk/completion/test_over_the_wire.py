"""Runs over real protocols, with the mock server as the provider: a model by its name, local servers, many at once."""

import asyncio
import gc
from typing import Any

import httpx
import pytest

from completion.scripted import HELLO, WEATHER, caught, collect
from llm_sdk import get_model
from llm_sdk.completion import CompletionCancelledError, acompletion, completion
from llm_sdk.errors import NotFoundError, ServerError, StreamTruncatedError, UnsupportedError
from llm_sdk.registry import provider_names
from llm_sdk.types import ModelResponse, TextPart
from mock_server import MockServer, tool_call
from mock_server.profiles import PROFILES

pytestmark = pytest.mark.anyio

COPIED = "openai-chat-completion"
PARIS = tool_call("get_weather", {"city": "Paris"})
MARKUP = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>'


def model_of(mock: MockServer, provider: str = COPIED) -> Any:
    client = httpx.AsyncClient(transport=mock.transport)
    options: Any = {"api_key": "x", "base_url": mock.base_url(provider), "http_client": client, "max_retries": 0}
    return get_model(provider, "m", **options)


@pytest.mark.parametrize("provider", provider_names())
def test_a_model_by_its_name(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key and the base URL come from the environment, and the connection is closed with the run."""
    with MockServer() as mock:
        for variable, value in mock.environment().items():
            monkeypatch.setenv(variable, value)
        mock.on(last_user="Hello").reply("Hi.")
        name = "some/model" if provider == COPIED else "some-model"
        assert completion(model_id=f"{provider}/{name}", history=HELLO).text == "Hi."
        (exchange,) = mock.requests
        assert (exchange.provider, exchange.model_id, exchange.stream) == (provider, name, True)
        assert completion(model_id=f"{provider}/m", history=HELLO, stream=False).text == "Hi."
        assert mock.requests[-1].stream is False
    gc.collect()


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("stream", [True, False])
async def test_local_servers(profile: str, stream: bool) -> None:
    with MockServer(in_process=True, profile=profile) as mock:
        mock.on().reply("So. ", PARIS, PARIS)
        run = acompletion(model=model_of(mock), history=HELLO, tools=[WEATHER], stream=stream)
        calls = await run.tool_calls
        assert [call.arguments for call in calls] == [{"city": "Paris"}] * 2
        assert len({call.id for call in calls}) == 2
        lost = profile == "qvac" and not stream
        assert await run.text == ("" if lost else "So. ")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("cut", ["char", "word", 7, "whole"])
async def test_local_models_that_write_their_calls_into_the_text(profile: str, cut: Any) -> None:
    with MockServer(in_process=True, profile=profile) as mock:
        response = ModelResponse(content=[TextPart(text=f"<think>Hm.</think>So. {MARKUP}")], finish_reason="stop")
        mock.on().reply(response, pace={"cut": cut})
        options: Any = {"tools": [WEATHER], "tool_dialect": "hermes", "capture_thinking": True}
        run = acompletion(model=model_of(mock), history=HELLO, **options)
        final = await run.final
        assert (final.content_text, final.thinking_text) == ("So. ", "Hm.")
        assert [(call.arguments, call.raw) for call in final.tool_calls] == [({"city": "Paris"}, MARKUP)]
        history = [*HELLO, final.message, {"role": "tool", "content": "Sunny."}]
        await acompletion(model=model_of(mock), history=history, **options).wait()
        said = mock.requests[-1].input
        assert said is not None
        assert [message.role for message in said.messages] == ["user", "assistant", "tool"]


async def test_an_answer_that_fails_on_the_way_in_good_order() -> None:
    with MockServer(in_process=True, profile="qvac") as mock:
        mock.on().reply(content="par", finish_reason="error")
        run = acompletion(model=model_of(mock), history=HELLO)
        tokens, error = await collect(run.token_stream)
        assert (tokens, type(error)) == (["par"], ServerError)
        assert await caught(run.text) is error


async def test_a_missing_end_mark_is_an_error_everywhere() -> None:
    with MockServer(in_process=True) as mock:
        mock.on().reply("one two three", fault={"cut_after_events": 3})
        run = acompletion(model=model_of(mock), history=HELLO)
        async with asyncio.timeout(10):
            tokens, error = await collect(run.token_stream)
            assert (tokens, type(error)) == (["one", " two"], StreamTruncatedError)
            assert await caught(run.stats) is error


async def test_what_a_provider_lacks_is_an_error_of_the_run() -> None:
    with MockServer(in_process=True) as mock:
        run = acompletion(model=model_of(mock, "openai"), history=HELLO, top_k=3)
        assert isinstance(await caught(run.text), UnsupportedError)
        assert mock.requests == []
        mock.on().fault(status=404)
        assert isinstance(await caught(acompletion(model=model_of(mock), history=HELLO).text), NotFoundError)


@pytest.mark.parametrize(("in_process", "runs"), [(True, 500), (False, 100)], ids=["in process", "sockets"])
async def test_many_runs_at_once(in_process: bool, runs: int) -> None:
    """Cancelled at any point or not at all, from before the connection to after the end."""
    with MockServer(in_process=in_process) as mock:
        mock.on().reply("one two three four five", PARIS, pace={"delay": 0.001})
        client = httpx.AsyncClient(**({"transport": mock.transport} if in_process else {}))
        options: Any = {"api_key": "x", "base_url": mock.base_url(COPIED), "max_retries": 0, "http_client": client}
        model = get_model(COPIED, "m", **options)
        started = [acompletion(model=model, history=HELLO, tools=[WEATHER]) for _ in range(runs)]
        async with asyncio.timeout(60), client:
            await asyncio.gather(*(leave(run, number, runs) for number, run in enumerate(started)))
            errors = [await caught(run.text) for run in started]
        assert {type(error) for error in errors} == {type(None), CompletionCancelledError}
        assert all(error is None for error in errors[::5])
        assert all(run.is_settled for run in started)


async def leave(run: Any, number: int, runs: int) -> None:
    """Every fifth run is left alone; of the others one in four is cancelled by the clock, the rest at some event."""
    if number % 5 == 0:
        await run.wait()
        return
    if number % 5 == 1:
        await asyncio.sleep(number / runs)
    else:
        async for event in run.events:
            if event.seq >= number % 7:
                break
    await run.cancel()
