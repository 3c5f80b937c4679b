"""A model on each kind of HTTP client, on a transport that keeps chunk boundaries."""

import asyncio
from typing import Any

import httpx
import httpx2
from echo_protocol import CODEC, HELLO, KEY

from llm_sdk import HttpLanguageModel
from llm_sdk.testing.transports import ChunkedTransport
from llm_sdk.types import LanguageModelInput, ModelResponse

CLIENTS = {
    "httpx": httpx.AsyncClient,
    "httpx2": httpx2.AsyncClient,
    "plain httpx": httpx.Client,
    "plain httpx2": httpx2.Client,
    "httpx from plain calls": httpx.AsyncClient,
    "httpx2 from plain calls": httpx2.AsyncClient,
}


class Caller:
    """A model on one kind of client, called in the way that the kind stands for."""

    def __init__(self, kind: str, answers: Any, **options: Any) -> None:
        self.is_async = "plain" not in kind
        self.transport = ChunkedTransport(answers)
        self.client: Any = CLIENTS[kind](transport=self.transport)
        options = {"api_key": KEY, "max_retries": 0, "http_client": self.client, **options}
        self.model = HttpLanguageModel(CODEC, "echo-1", **options)

    def generate(self, input: LanguageModelInput = HELLO) -> ModelResponse:
        return asyncio.run(self.model.generate(input)) if self.is_async else self.model.generate_sync(input)

    def stream(self, input: LanguageModelInput = HELLO, partials: list[Any] | None = None) -> list[Any]:
        """Every partial; those that came before an error are left in ``partials``."""
        partials = [] if partials is None else partials
        note = partials.append

        async def collect() -> None:
            async for partial in self.model.stream(input):
                note(partial)

        if self.is_async:
            asyncio.run(collect())
        else:
            for partial in self.model.stream_sync(input):
                note(partial)
        return partials
