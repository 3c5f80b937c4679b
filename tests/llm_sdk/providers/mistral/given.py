"""What these tests share: the codec, short ways to write messages and chunks, and JSON into it and out of it."""

import json
from typing import Any

from llm_sdk.codec import Codec, ModelCall, WireRequest, WireResponse, dump_json
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.providers.mistral import CODEC as MISTRAL
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import (
    AssistantMessage,
    LanguageModelInput,
    Message,
    ModelResponse,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
    UserMessage,
)

CODEC: Codec = MISTRAL
MODEL = "mistral-small-latest"
PATH = "/v1/chat/completions"
PNG, PDF, MP3 = "iVBORw0KGgo=", "JVBERi0=", "//NkxAAAAAA="
CALL_ID = "gSIMJiOkT"
CALL = ToolCallPart(tool_call_id=CALL_ID, tool_name="get_weather", args={"city": "Paris"})
CALL_JSON = {
    "id": CALL_ID,
    "type": "function",
    "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'},
}


def user(*content: Any) -> UserMessage:
    return UserMessage(content=list(content))


def assistant(*content: Any) -> AssistantMessage:
    return AssistantMessage(content=list(content))


def tool_result(*content: Any, id: str = CALL_ID, **fields: Any) -> ToolMessage:
    """The result of :data:`CALL`."""
    part = ToolResultPart(tool_call_id=id, tool_name="get_weather", content=list(content), **fields)
    return ToolMessage(content=[part])


def text(value: str) -> dict[str, Any]:
    return {"type": "text", "text": value}


def thinking(*texts: str, **fields: Any) -> dict[str, Any]:
    return {"type": "thinking", "thinking": [text(value) for value in texts], **fields}


def reference(*ids: int | str) -> dict[str, Any]:
    return {"type": "reference", "reference_ids": list(ids)}


def ask(**options: Any) -> LanguageModelInput:
    return LanguageModelInput.model_validate({"messages": [{"role": "user", "content": "Hi"}], **options})


ASKED = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]}
"""The body of :func:`ask` without options."""


def written(input: LanguageModelInput, *, stream: bool = False) -> Any:
    """The body that is sent for ``input``, as JSON."""
    return json.loads(CODEC.encode_request(MODEL, input, stream=stream).body)


def messages(*said: Message) -> Any:
    """The messages that are sent for these."""
    return written(LanguageModelInput(messages=list(said)))["messages"]


def losses(*said: Message) -> tuple[str, ...]:
    """What is said of that which could not be sent."""
    return CODEC.encode_request(MODEL, LanguageModelInput(messages=list(said)), stream=False).warnings


def read(body: Any, path: str = PATH) -> ModelCall:
    """The call that a body (JSON, or bytes as they are) asks for."""
    data = body if isinstance(body, bytes) else dump_json(body)
    return CODEC.decode_request(WireRequest("POST", path, data))


def read_messages(*said: Any) -> ModelCall:
    """The call that these messages make, before a user's question."""
    return read({"model": MODEL, "messages": [*said, {"role": "user", "content": "Hi"}]})


def call(stream: bool = False, **options: Any) -> ModelCall:
    return ModelCall(MODEL, ask(**options), stream)


def reply(body: Any, status: int = 200) -> WireResponse:
    """An answer with a body of JSON, or of bytes as they are."""
    return WireResponse(status, body if isinstance(body, bytes) else dump_json(body))


def answer(content: Any = "", *calls: Any, finish_reason: str | None = "stop", **fields: Any) -> WireResponse:
    """A whole answer."""
    said = {"role": "assistant", "tool_calls": list(calls) or None, "content": content}
    choice = {"index": 0, "finish_reason": finish_reason, "message": said}
    return reply({"id": "c1", "object": "chat.completion", "model": MODEL, "choices": [choice], **fields})


def chunk(delta: Any = None, finish_reason: str | None = None, index: int = 0, **fields: Any) -> ServerSentEvent:
    """An event of a stream."""
    choice = {"index": index, "delta": delta or {}, "finish_reason": finish_reason}
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
    return ServerSentEvent(dump_json({**head, "choices": [choice], **fields}))


DONE = ServerSentEvent(b"[DONE]")


def feed(*events: ServerSentEvent) -> list[PartialModelResponse]:
    """Every partial of a stream that ends after these events."""
    decoder = CODEC.stream_decoder()
    partials = [partial for one in events for partial in decoder.feed(one)]
    return partials + decoder.close()


def plain(value: Any) -> Any:
    """A unified value as JSON, for a readable difference."""
    return value.model_dump(mode="json")


def content(response: ModelResponse) -> Any:
    """The parts of a response as JSON."""
    return plain(response)["content"]
