"""What these tests share: the codec, short ways to write messages and blocks, and JSON into it and out of it."""

import json
from typing import Any

from llm_sdk.codec import Codec, ModelCall, WireRequest, WireResponse, dump_json
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.providers.cohere import CODEC as COHERE
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import (
    AssistantMessage,
    LanguageModelInput,
    Message,
    SourcePart,
    TextPart,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
    UserMessage,
)

CODEC: Codec = COHERE
MODEL = "command-a-03-2025"
PNG = "iVBORw0KGgo="


def user(*content: Any) -> UserMessage:
    return UserMessage(content=list(content))


def assistant(*content: Any) -> AssistantMessage:
    return AssistantMessage(content=list(content))


def tool_result(*content: Any, **fields: Any) -> ToolMessage:
    """The result of :data:`CALL`."""
    part = ToolResultPart(tool_call_id="get_weather_1", tool_name="get_weather", content=list(content), **fields)
    return ToolMessage(content=[part])


def source(text: str, id: str = "doc:0", title: str = "") -> SourcePart:
    return SourcePart(source=id, title=title, content=[TextPart(text=text)])


CALL = ToolCallPart(tool_call_id="get_weather_1", tool_name="get_weather", args={"city": "Paris"})
HI = {"role": "user", "content": "Hi"}


def tool_call(arguments: Any = '{"city":"Paris"}', id: str = "get_weather_1") -> dict[str, Any]:
    """The wire's form of :data:`CALL`."""
    return {"id": id, "type": "function", "function": {"name": "get_weather", "arguments": arguments}}


CALLED = {"role": "assistant", "tool_calls": [tool_call()]}


def ask(**options: Any) -> LanguageModelInput:
    return LanguageModelInput.model_validate({"messages": [{"role": "user", "content": "Hi"}], **options})


ASKED = {"model": MODEL, "messages": [HI]}
"""The body of :func:`ask` without options."""


def written(input: LanguageModelInput, *, stream: bool = False) -> Any:
    """The body that is sent for ``input``, as JSON."""
    return json.loads(CODEC.encode_request(MODEL, input, stream=stream).body)


def wired(*messages: Message) -> Any:
    """The messages that are sent for ``messages``."""
    return written(LanguageModelInput(messages=list(messages)))["messages"]


def losses(*messages: Message) -> tuple[str, ...]:
    """What is said of that which could not be sent."""
    return CODEC.encode_request(MODEL, LanguageModelInput(messages=list(messages)), stream=False).warnings


def read(body: Any) -> ModelCall:
    """The call that a body (JSON, or bytes as they are) asks for."""
    data = body if isinstance(body, bytes) else dump_json(body)
    return CODEC.decode_request(WireRequest("POST", "/v2/chat", data))


def rewritten(call: ModelCall) -> Any:
    """The body of a call that was read, written again and normalized."""
    return CODEC.normalize_request(json.loads(CODEC.encode_request(call.model_id, call.input, stream=call.stream).body))


def call(stream: bool = False, **options: Any) -> ModelCall:
    return ModelCall(MODEL, ask(**options), stream)


def reply(body: Any, status: int = 200) -> WireResponse:
    """An answer with a body of JSON, or of bytes as they are."""
    return WireResponse(status, body if isinstance(body, bytes) else dump_json(body))


USAGE = {
    "billed_units": {"input_tokens": 5, "output_tokens": 7},
    "tokens": {"input_tokens": 205, "output_tokens": 9},
}


def answer(finish_reason: str = "COMPLETE", **message: Any) -> WireResponse:
    """A whole answer with this message."""
    head = {"id": "an-id", "message": {"role": "assistant", **message}}
    return reply({**head, "finish_reason": finish_reason, "usage": USAGE})


def text_block(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def thinking_block(text: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": text}


def event(type: str, **fields: Any) -> ServerSentEvent:
    """A stream event, named as the provider does."""
    return ServerSentEvent(dump_json({"type": type, **fields}), type)


def change(type: str, index: int | None = None, **message: Any) -> ServerSentEvent:
    """An event whose delta is a change to the message."""
    place = {} if index is None else {"index": index}
    return event(type, **place, delta={"message": message})


START = event("message-start", id="an-id", delta={"message": {"role": "assistant", "content": [], "tool_plan": ""}})
DONE = ServerSentEvent(b"[DONE]")


def end(finish_reason: str = "COMPLETE", **fields: Any) -> tuple[ServerSentEvent, ServerSentEvent]:
    """The last two events of an answer."""
    return event("message-end", delta={"finish_reason": finish_reason, "usage": USAGE, **fields}), DONE


def plain(value: Any) -> Any:
    """A unified value as JSON, for a readable difference."""
    return value.model_dump(mode="json")


def feed(*events: ServerSentEvent) -> list[PartialModelResponse]:
    """Every partial of a stream that ends after these events."""
    decoder = CODEC.stream_decoder()
    partials = [partial for one in events for partial in decoder.feed(one)]
    return partials + decoder.close()
