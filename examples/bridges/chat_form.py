"""For libraries that take and give the form of OpenAI's Chat Completions, whatever provider they call.

The reference codec of that protocol writes their parameters and reads their answers.
"""

import json
from typing import Any

from llm_sdk import LanguageModelInput, ModelResponse, PartialModelResponse
from llm_sdk.codec import WireResponse
from llm_sdk.registry import get_codec
from llm_sdk.sse import ServerSentEvent

__all__ = ["Chunks", "parameters", "response_of"]

CODEC = get_codec("openai-chat-completion")
OURS = ("model", "stream", "stream_options", "metadata")
"""What the caller of the library says in another way."""


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


class Chunks:
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
