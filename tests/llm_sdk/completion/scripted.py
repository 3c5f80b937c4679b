"""A language model that does step by step what a test says, and a clock that a test moves."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from llm_sdk.accumulator import accumulate, to_partials
from llm_sdk.completion import acompletion
from llm_sdk.completion.run import AsyncCompletionRun
from llm_sdk.deltas import ContentDelta, PartialModelResponse, ReasoningPartDelta, TextPartDelta, ToolCallPartDelta
from llm_sdk.types import LanguageModelInput, ModelResponse, ModelTokensDetails, ModelUsage

Step = PartialModelResponse | Exception | asyncio.Event | Callable[[], Any]

HELLO: list[Any] = [{"role": "user", "content": "Hello"}]
STOP = PartialModelResponse(finish_reason="stop")
CALLED = PartialModelResponse(finish_reason="tool_calls")
WEATHER = {
    "name": "get_weather",
    "description": "The weather.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "units": {"type": "string", "enum": ["c", "f"]}},
        "required": ["city"],
    },
}


def text(*fragments: str, index: int = 0) -> list[PartialModelResponse]:
    """Pieces of the answer's text."""
    return [
        PartialModelResponse(delta=ContentDelta(index=index, part=TextPartDelta(text=fragment)))
        for fragment in fragments
    ]


def thought(fragment: str, index: int = 9) -> PartialModelResponse:
    """A piece of reasoning."""
    return PartialModelResponse(delta=ContentDelta(index=index, part=ReasoningPartDelta(text=fragment)))


def call(index: int, args: str | None, id: str | None = None, name: str | None = None) -> PartialModelResponse:
    """A piece of a tool call."""
    part = ToolCallPartDelta(tool_call_id=id, tool_name=name, args=args)
    return PartialModelResponse(delta=ContentDelta(index=index, part=part))


def used(input_tokens: int = 10, output_tokens: int = 4, cached: int | None = None) -> PartialModelResponse:
    """What the provider counted."""
    details = None if cached is None else ModelTokensDetails(cached_text_tokens=cached)
    return PartialModelResponse(
        usage=ModelUsage(input_tokens=input_tokens, output_tokens=output_tokens, input_tokens_details=details)
    )


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self, *ticks: float) -> None:
        self._ticks = iter(ticks)
        self.now = 0.0

    def __call__(self) -> float:
        self.now = next(self._ticks, self.now)
        return self.now


class ScriptedModel:
    """A :class:`~llm_sdk.model.LanguageModel` whose stream takes these steps: a partial is given, an exception raised,
    an event waited for, anything else called. ``open_streams`` counts those that are not closed."""

    metadata = None

    def __init__(self, *steps: Step, provider: str = "scripted") -> None:
        self.steps: Sequence[Step] = steps
        self.provider = provider
        self.model_id = "scripted-1"
        self.inputs: list[LanguageModelInput] = []
        self.open_streams = 0

    async def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
        self.inputs.append(input)
        self.open_streams += 1
        try:
            for step in self.steps:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, asyncio.Event):
                    await step.wait()
                elif isinstance(step, PartialModelResponse):
                    await asyncio.sleep(0)
                    yield step
                else:
                    step()
        finally:
            self.open_streams -= 1

    async def generate(self, input: LanguageModelInput) -> ModelResponse:
        return accumulate([partial async for partial in self.stream(input)])

    def generate_sync(self, input: LanguageModelInput) -> ModelResponse:
        raise NotImplementedError

    def stream_sync(self, input: LanguageModelInput) -> Iterator[PartialModelResponse]:
        raise NotImplementedError


def start(*steps: Step, **options: Any) -> AsyncCompletionRun:
    """A run over these steps."""
    return acompletion(model=ScriptedModel(*steps), history=options.pop("history", HELLO), **options)


def response_steps(response: ModelResponse) -> list[PartialModelResponse]:
    """The steps of a whole answer."""
    return list(to_partials(response))


async def collect(stream: Any) -> tuple[list[Any], BaseException | None]:
    """All items of a stream, and what it ended with."""
    items: list[Any] = []
    try:
        async for item in stream:
            items.append(item)  # noqa: PERF401 - those before an error count
    except Exception as error:  # noqa: BLE001
        return items, error
    return items, None


async def caught(awaitable: Any) -> BaseException | None:
    """What awaiting it raises."""
    try:
        await awaitable
    except Exception as error:  # noqa: BLE001
        return error
    return None
