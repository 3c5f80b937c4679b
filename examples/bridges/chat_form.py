"""For libraries that take and give the form of OpenAI's Chat Completions, whatever provider they call.

The reference codec of that protocol writes their parameters and reads their answers.
"""

import json
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from bridging import Bridge

from llm_sdk import LanguageModelInput, ModelResponse, PartialModelResponse
from llm_sdk.capabilities import Capabilities
from llm_sdk.codec import WireResponse
from llm_sdk.registry import get_codec
from llm_sdk.sse import ServerSentEvent

__all__ = ["ChatFormBridge", "Library", "parameters", "response_of"]

CODEC = get_codec("openai-chat-completion")
OURS = ("model", "stream", "stream_options", "metadata")
"""What the caller of the library says in another way."""


@dataclass(frozen=True, slots=True)
class Library:
    """The two calls of a library, one of them to be awaited, and what they are told each time: ``always`` in every
    call, ``streaming`` in those for a stream as well."""

    complete: Callable[..., Any]
    acomplete: Callable[..., Any]
    always: Mapping[str, Any]
    streaming: Mapping[str, Any]


class ChatFormBridge(Bridge):
    """One model of one provider, through such a library."""

    def __init__(self, provider: str, model_id: str, capabilities: Capabilities, library: Library) -> None:
        super().__init__(provider, model_id, capabilities)
        self._library = library

    def _arguments(self, input: LanguageModelInput, *, stream: bool) -> dict[str, Any]:
        streaming = {"stream": True, **self._library.streaming} if stream else {}
        return {**self._library.always, **parameters(input), **streaming}

    async def ask(self, input: LanguageModelInput) -> ModelResponse:
        return response_of(await self._library.acomplete(**self._arguments(input, stream=False)))

    def ask_plain(self, input: LanguageModelInput) -> ModelResponse:
        return response_of(self._library.complete(**self._arguments(input, stream=False)))

    async def tell(self, input: LanguageModelInput) -> AsyncGenerator[PartialModelResponse, None]:
        chunks = _Chunks()
        async with aclosing(await self._library.acomplete(**self._arguments(input, stream=True))) as stream:
            async for chunk in stream:
                for partial in chunks.read(chunk):
                    yield partial
        for partial in chunks.end():
            yield partial

    def tell_plain(self, input: LanguageModelInput) -> Iterator[PartialModelResponse]:
        chunks = _Chunks()
        for chunk in self._library.complete(**self._arguments(input, stream=True)):
            yield from chunks.read(chunk)
        yield from chunks.end()


def parameters(input: LanguageModelInput) -> dict[str, Any]:
    """The messages, tools and options of ``input`` as keyword arguments."""
    body = json.loads(CODEC.encode_request("model", input, stream=False).body)
    said = {name: value for name, value in body.items() if name not in OURS}
    if "max_completion_tokens" in said:
        said["max_tokens"] = said.pop("max_completion_tokens")
    return said


def response_of(completion: Any) -> ModelResponse:
    """A whole answer, which is a pydantic model of the library."""
    return CODEC.decode_response(WireResponse(200, json.dumps(_told(completion)).encode()))


class _Chunks:
    """Reads the chunks of one stream."""

    def __init__(self) -> None:
        self._decoder = CODEC.stream_decoder()

    def read(self, chunk: Any) -> list[PartialModelResponse]:
        """What one chunk tells."""
        return self._decoder.feed(ServerSentEvent(json.dumps(_told(chunk)).encode()))

    def end(self) -> list[PartialModelResponse]:
        """What is known at the end. Raises where the stream is not whole."""
        return [*self._decoder.feed(ServerSentEvent(b"[DONE]")), *self._decoder.close()]


def _told(model: Any) -> Any:
    return model.model_dump(mode="json", exclude_none=True)
