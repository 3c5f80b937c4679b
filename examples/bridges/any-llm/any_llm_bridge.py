"""any-llm as an adapter: it takes and gives the form of Chat Completions, and calls the providers' official clients."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any

import any_llm
from bridging import Bridge, declared
from chat_form import Chunks, parameters, response_of

from llm_sdk import LanguageModelInput, ModelResponse, PartialModelResponse

__all__ = ["create"]

NAMES = {
    "openai-chat-completion": "openai",
    "anthropic": "anthropic",
    "google": "gemini",
    "cohere": "cohere",
    "mistral": "mistral",
}


class AnyLLM(Bridge):
    """One model of one provider."""

    def __init__(self, provider: str, model_id: str, base_url: str, api_key: str) -> None:
        super().__init__(provider, model_id, declared(__file__, provider))
        self._fixed: dict[str, Any] = {
            "provider": NAMES[provider],
            "model": model_id,
            "api_base": base_url,
            "api_key": api_key,
        }

    def _arguments(self, input: LanguageModelInput, *, stream: bool) -> dict[str, Any]:
        streaming: dict[str, Any] = {"stream": True} if stream else {}
        if stream and self.provider == "openai-chat-completion":
            streaming["stream_options"] = {"include_usage": True}  # the others tell their usage unasked
        return {**self._fixed, **parameters(input), **streaming}

    async def ask(self, input: LanguageModelInput) -> ModelResponse:
        return response_of(await any_llm.acompletion(**self._arguments(input, stream=False)))

    def ask_plain(self, input: LanguageModelInput) -> ModelResponse:
        return response_of(any_llm.completion(**self._arguments(input, stream=False)))

    async def tell(self, input: LanguageModelInput) -> AsyncGenerator[PartialModelResponse, None]:
        chunks = Chunks()
        stream: Any = await any_llm.acompletion(**self._arguments(input, stream=True))
        async with aclosing(stream):
            async for chunk in stream:
                for partial in chunks.read(chunk):
                    yield partial
        for partial in chunks.end():
            yield partial

    def tell_plain(self, input: LanguageModelInput) -> Iterator[PartialModelResponse]:
        chunks = Chunks()
        stream: Any = any_llm.completion(**self._arguments(input, stream=True))
        for chunk in stream:
            yield from chunks.read(chunk)
        yield from chunks.end()


def create(*, provider: str, base_url: str, api_key: str, model_id: str, http_client: object) -> AnyLLM:
    """The factory for ``--adapter``. The official clients make their own HTTP clients."""
    del http_client
    return AnyLLM(provider, model_id, base_url, api_key)
