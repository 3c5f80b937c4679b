"""LiteLLM as an adapter: it takes and gives the form of Chat Completions, and calls many providers in theirs."""

import os
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any

from bridging import Bridge, declared
from chat_form import Chunks, parameters, response_of

from llm_sdk import LanguageModelInput, ModelResponse, PartialModelResponse

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else it fetches its table of prices when imported
import litellm

__all__ = ["create"]

PREFIXES = {
    "openai-chat-completion": "openai",
    "anthropic": "anthropic",
    "google": "gemini",
    "cohere": "cohere_chat",
    "mistral": "mistral",
}
ENDPOINTS = {"google": "/v1beta", "cohere": "/v2/chat"}
"""What LiteLLM wants behind the base URL."""


class LiteLLM(Bridge):
    """One model of one provider."""

    def __init__(self, provider: str, model_id: str, base_url: str, api_key: str) -> None:
        super().__init__(provider, model_id, declared(__file__, provider))
        self._fixed: dict[str, Any] = {
            "model": f"{PREFIXES[provider]}/{model_id}",
            "api_base": base_url + ENDPOINTS.get(provider, ""),
            "api_key": api_key,
            "num_retries": 2,
        }

    def _arguments(self, input: LanguageModelInput, *, stream: bool) -> dict[str, Any]:
        streaming = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
        return {**self._fixed, **parameters(input), **streaming}

    async def ask(self, input: LanguageModelInput) -> ModelResponse:
        return response_of(await litellm.acompletion(**self._arguments(input, stream=False)))

    def ask_plain(self, input: LanguageModelInput) -> ModelResponse:
        return response_of(litellm.completion(**self._arguments(input, stream=False)))

    async def tell(self, input: LanguageModelInput) -> AsyncGenerator[PartialModelResponse, None]:
        chunks = Chunks()
        stream: Any = await litellm.acompletion(**self._arguments(input, stream=True))
        async with aclosing(stream):
            async for chunk in stream:
                for partial in chunks.read(chunk):
                    yield partial
        for partial in chunks.end():
            yield partial

    def tell_plain(self, input: LanguageModelInput) -> Iterator[PartialModelResponse]:
        chunks = Chunks()
        for chunk in litellm.completion(**self._arguments(input, stream=True)):
            yield from chunks.read(chunk)
        yield from chunks.end()


def create(*, provider: str, base_url: str, api_key: str, model_id: str, http_client: object) -> LiteLLM:
    """The factory for ``--adapter``. LiteLLM makes its own clients."""
    del http_client
    return LiteLLM(provider, model_id, base_url, api_key)
