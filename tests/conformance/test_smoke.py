"""``llm-conformance smoke``: what is wrong with the glue of an adapter is one sentence that says what to do."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from conformance.cli import main
from conformance.lanes import LANES
from llm_sdk.accumulator import accumulate
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.model import HttpLanguageModel
from llm_sdk.registry import get_codec, get_model, provider_names
from llm_sdk.types import LanguageModelInput, ModelResponse, TextPart

PROVIDER = "openai"
HERE = __name__


def smoke(adapter: str, *words: str, provider: str = PROVIDER) -> Result:
    return CliRunner().invoke(main, ["smoke", "--provider", provider, "--adapter", adapter, *words])


def problems(result: Result) -> list[str]:
    return [line.removeprefix("WRONG").strip() for line in result.output.splitlines() if line.startswith("WRONG")]


def good(*, base_url: str, api_key: str, model_id: str, http_client: Any) -> HttpLanguageModel:
    return get_model(PROVIDER, model_id, base_url=base_url, api_key=api_key, http_client=http_client)


class Wrapped:
    """The reference adapter, to be broken in one place."""

    def __init__(self, **arguments: Any) -> None:
        self.arguments = arguments
        self.inner = good(**arguments)
        self.provider, self.model_id, self.metadata = PROVIDER, arguments["model_id"], None

    async def generate(self, input: LanguageModelInput) -> ModelResponse:
        return await self.inner.generate(input)

    def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
        return self.inner.stream(input)

    def generate_sync(self, input: LanguageModelInput) -> ModelResponse:
        return self.inner.generate_sync(input)

    def stream_sync(self, input: LanguageModelInput) -> Iterator[PartialModelResponse]:
        return self.inner.stream_sync(input)


class NamesItself(Wrapped):
    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.provider = "mine"


class AnswersAtOnce(Wrapped):
    def generate(self, input: LanguageModelInput) -> Any:
        return self.inner.generate_sync(input)


class GivesJson(Wrapped):
    async def generate(self, input: LanguageModelInput) -> Any:
        return (await self.inner.generate(input)).model_dump()


class StreamIsACoroutine(Wrapped):
    async def stream(self, input: LanguageModelInput) -> Any:  # type: ignore[override]
        return self.inner.stream(input)


class StreamsText(Wrapped):
    async def stream(self, input: LanguageModelInput) -> AsyncIterator[Any]:
        async for partial in self.inner.stream(input):
            yield partial.model_dump_json()


class TwinMustBeAwaited(Wrapped):
    async def generate_sync(self, input: LanguageModelInput) -> Any:  # type: ignore[override]
        return await self.inner.generate(input)


class TwinIsAsynchronous(Wrapped):
    def stream_sync(self, input: LanguageModelInput) -> Any:
        return self.inner.stream(input)


class ShoutsText(Wrapped):
    async def generate(self, input: LanguageModelInput) -> ModelResponse:
        answer = await self.inner.generate(input)
        [part] = answer.content
        return answer.model_copy(update={"content": [TextPart(text=part.text.upper())]})  # type: ignore[union-attr]


class Crashes(Wrapped):
    async def generate(self, input: LanguageModelInput) -> ModelResponse:
        await self.inner.generate(input)
        raise KeyError("choices")


class AnswersByItself(Wrapped):
    async def generate(self, input: LanguageModelInput) -> ModelResponse:
        del input
        return ModelResponse(content=[TextPart(text="Hello! How can I help you today?")])


class GoesElsewhere(Wrapped):
    async def generate(self, input: LanguageModelInput) -> ModelResponse:
        elsewhere = {**self.arguments, "base_url": "https://elsewhere.example/v1", "http_client": None}
        return await get_model(PROVIDER, elsewhere.pop("model_id"), **elsewhere, max_retries=0).generate(input)


class ForgetsTheKey(Wrapped):
    async def generate(self, input: LanguageModelInput) -> ModelResponse:
        return await good(**{**self.arguments, "api_key": "sk-another"}).generate(input)


class AsksForAStream(Wrapped):
    async def generate(self, input: LanguageModelInput) -> ModelResponse:
        return accumulate([partial async for partial in self.inner.stream(input)])


class AsksNothing(Wrapped):
    async def generate(self, input: LanguageModelInput) -> ModelResponse:
        url, key = f"{self.arguments['base_url']}/responses", self.arguments["api_key"]
        await self.arguments["http_client"].post(url, json={}, headers={"Authorization": f"Bearer {key}"})
        return await self.inner.generate(input)


class LeavesStreamsOpen(Wrapped):
    kept: list[Any] = []  # noqa: RUF012 - keeps what should be closed

    async def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
        stream = self.inner.stream(input)
        self.kept.append(stream)
        async for partial in stream:
            yield partial


class HasNoTwins:
    provider, model_id, metadata = PROVIDER, "conformance-model", None

    def __init__(self, **arguments: Any) -> None:
        inner = good(**arguments)
        self.generate, self.stream = inner.generate, inner.stream


def make(kind: type) -> Any:
    def factory(*, base_url: str, api_key: str, model_id: str, http_client: Any) -> Any:
        return kind(base_url=base_url, api_key=api_key, model_id=model_id, http_client=http_client)

    return factory


BROKEN = {
    NamesItself: "provider       provider is 'mine': the factory was asked for 'openai'",
    AnswersAtOnce: "generate       generate cannot be awaited: make it `async def`",
    GivesJson: "generate       generate returned dict: it must return an llm_sdk.ModelResponse",
    StreamIsACoroutine: "stream         stream is a coroutine: make it `async def` with `yield`, or return",
    StreamsText: "stream         stream gave str: it must give llm_sdk.PartialModelResponse",
    TwinMustBeAwaited: "generate_sync  generate_sync must be awaited: make it a plain function",
    TwinIsAsynchronous: "stream_sync    stream_sync is asynchronous: make it a plain generator",
    ShoutsText: "generate       generate read the text 'HELLO! HOW CAN I HELP YOU TODAY?': the provider said 'Hello!",
    Crashes: "generate       generate raised KeyError ('choices'): the provider's answer was in good order",
    AnswersByItself: "generate       no request came: send it through http_client",
    GoesElsewhere: "generate       it tried to reach the network (getaddrinfo ",
    ForgetsTheKey: "generate       the api_key that the factory was given did not come: send it in Authorization",
    AsksForAStream: "generate       it asked for a stream: this call has to ask for a whole answer",
    AsksNothing: "generate       the provider cannot read the request (openai:",
    LeavesStreamsOpen: "closing        a stream that was left stays open: close the response when the iterator",
    HasNoTwins: "model          HasNoTwins has no generate_sync, stream_sync: the factory must return a LanguageModel",
}
for kind in BROKEN:
    globals()[f"make_{kind.__name__}"] = make(kind)


@pytest.mark.parametrize("kind", BROKEN, ids=lambda kind: kind.__name__)
def test_one_thing_wrong_is_one_sentence(kind: type) -> None:
    result = smoke(f"{HERE}:make_{kind.__name__}")
    [problem] = problems(result)
    assert problem.startswith(BROKEN[kind])
    assert result.output.splitlines()[-1] == f"smoke: openai, {HERE}:make_{kind.__name__}, in-process: 1 problem"
    assert result.exit_code == 1


def raises(*, base_url: str, api_key: str, model_id: str, http_client: Any) -> Any:
    raise ValueError("no such model")


@pytest.mark.parametrize(
    ("adapter", "problem"),
    [
        ("nowhere:make", "factory        nowhere:make: cannot be imported (No module named 'nowhere')"),
        ("nobody", "factory        nobody: give it as package.module:factory, as cmd: and a command, or by name"),
        (f"{HERE}:nothing", f"factory        {HERE}:nothing: {HERE} has no nothing"),
        ("json:loads", "factory        json:loads: must be callable with base_url, api_key, model_id and http_client"),
        (f"{HERE}:raises", "model          the factory raised ValueError (no such model): it was given base_url"),
    ],
)
def test_what_all_steps_need_ends_it(adapter: str, problem: str) -> None:
    result = smoke(adapter)
    [found] = problems(result)
    assert found.startswith(problem)
    assert result.exit_code == 1


@pytest.mark.parametrize("transport", LANES)
def test_the_reference_is_right_on_every_lane(transport: str) -> None:
    result = smoke("reference", "--transport", transport)
    assert (problems(result), result.exit_code) == ([], 0)
    assert result.output.splitlines()[-1] == f"smoke: openai, reference, {transport}: the glue is right"


@pytest.mark.parametrize("provider", provider_names())
def test_the_reference_is_right_with_every_provider(provider: str) -> None:
    assert smoke("reference", provider=provider).exit_code == 0


def own_client(*, base_url: str, api_key: str, model_id: str, http_client: Any) -> HttpLanguageModel:
    """An adapter that cannot be given a client, or sent elsewhere."""
    del base_url, http_client
    there = get_codec(PROVIDER).endpoint.base_url
    return get_model(
        PROVIDER, model_id, base_url=there, api_key=api_key, http_client=httpx.AsyncClient(), max_retries=0
    )


def test_an_adapter_that_makes_its_own_client_is_told_which_lane_fits() -> None:
    first = problems(smoke(f"{HERE}:own_client"))
    assert "judge a client of its own with --transport patched" in first[0]
    assert smoke(f"{HERE}:own_client", "--transport", "patched").exit_code == 0


def test_a_wrong_question_has_another_status() -> None:
    unknown = smoke("reference", provider="nobody")
    assert unknown.exit_code == 2
    assert "there are no cassettes of nobody here" in unknown.output
    lane = smoke("cmd: node bridge.mjs", "--transport", "in-process")
    assert lane.exit_code == 2
    assert "a command is another process" in lane.output
