"""What these tests share: the codec, short ways to write messages and chunks, and JSON into it and out of it."""

import json
from typing import Any

from llm_sdk.accumulator import accumulate, to_partials
from llm_sdk.codec import Codec, ModelCall, SeededIds, WireRequest, WireResponse, dump_json
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.providers.openai_chat_completion import CODEC as THE_CODEC
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import (
    AssistantMessage,
    LanguageModelInput,
    Message,
    ModelResponse,
    ReasoningPart,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
    UserMessage,
)

CODEC: Codec = THE_CODEC
PATH = "/v1/chat/completions"
MODEL = "gpt-5.2"
PNG, PDF, WAV = "iVBORw0KGgo=", "JVBERi0=", "UklGRgAAAABXQVZF"
END = ServerSentEvent(b"[DONE]")
CALL = ToolCallPart(tool_call_id="call_1", tool_name="get_weather", args={"city": "Paris"})
THOUGHT = ReasoningPart(text="Hm.", id="reasoning_content")


def user(*content: Any) -> UserMessage:
    return UserMessage(content=list(content))


def assistant(*content: Any) -> AssistantMessage:
    return AssistantMessage(content=list(content))


def result(*content: Any, tool_call_id: str = "call_1", **fields: Any) -> ToolResultPart:
    """The result of :data:`CALL`."""
    return ToolResultPart(tool_call_id=tool_call_id, tool_name="get_weather", content=list(content), **fields)


def results(*parts: ToolResultPart) -> ToolMessage:
    return ToolMessage(content=list(parts))


def call_json(arguments: str = '{"city":"Paris"}', id: str = "call_1") -> dict[str, Any]:
    """:data:`CALL` on the wire."""
    return {"id": id, "type": "function", "function": {"name": "get_weather", "arguments": arguments}}


def calling(*calls: Any, content: Any = None, **fields: Any) -> dict[str, Any]:
    """A message of the model that calls tools, in a request."""
    return {"role": "assistant", "content": content, **fields, "tool_calls": list(calls) or [call_json()]}


def ask(**options: Any) -> LanguageModelInput:
    return LanguageModelInput.model_validate({"messages": [{"role": "user", "content": "Hi"}], **options})


HI = {"role": "user", "content": "Hi"}
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


def read(body: Any, path: str = PATH) -> ModelCall:
    """The call that a body (JSON, or bytes as they are) asks for."""
    data = body if isinstance(body, bytes) else dump_json(body)
    return CODEC.decode_request(WireRequest("POST", path, data))


def read_messages(*messages: Any) -> LanguageModelInput:
    """The input that these messages ask for."""
    return read({"model": MODEL, "messages": list(messages)}).input


def call(stream: bool = False, **options: Any) -> ModelCall:
    return ModelCall(MODEL, ask(**options), stream)


def reply(body: Any, status: int = 200) -> WireResponse:
    """An answer with a body of JSON, or of bytes as they are."""
    return WireResponse(status, body if isinstance(body, bytes) else dump_json(body))


def answer(finish_reason: str | None = "stop", beside: Any = None, **message: Any) -> WireResponse:
    """A completion with this message; ``beside`` are fields of the body."""
    message = {"role": "assistant", "content": None, "refusal": None, **message}
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    return reply(
        {"id": "chatcmpl-1", "object": "chat.completion", "model": MODEL, "choices": [choice], **(beside or {})}
    )


def chunk(finish_reason: str | None = None, beside: Any = None, **delta: Any) -> ServerSentEvent:
    """A chunk with this delta; ``beside`` are fields of the chunk."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return event({"id": "chatcmpl-1", "model": MODEL, "choices": [choice], **(beside or {})})


def event(data: Any) -> ServerSentEvent:
    """An event with this JSON."""
    return ServerSentEvent(dump_json(data))


def calls(*fragments: Any) -> ServerSentEvent:
    """A chunk with these fragments of ``tool_calls``."""
    return chunk(tool_calls=list(fragments))


def plain(value: Any) -> Any:
    """A unified value as JSON, for a readable difference."""
    return value.model_dump(mode="json")


def feed(*events: ServerSentEvent) -> list[PartialModelResponse]:
    """Every partial of a stream that ends after these events."""
    decoder = CODEC.stream_decoder()
    partials = [partial for one in events for partial in decoder.feed(one)]
    return partials + decoder.close()


def streamed(*events: ServerSentEvent) -> ModelResponse:
    """What these events and the end mark add up to."""
    return accumulate(feed(*events, END))


def stream_of(response: ModelResponse, cut: Any = None, **options: Any) -> list[ServerSentEvent]:
    """The events that a stream of ``response`` is written in."""
    encoder = CODEC.stream_encoder(call=call(stream=True, **options), ids=SeededIds())
    events = [one for partial in to_partials(response, cut) for one in encoder.feed(partial)]
    return events + encoder.close()


def whole_of(response: ModelResponse, **options: Any) -> Any:
    """The body that ``response`` is written in."""
    return json.loads(CODEC.encode_response(response, call=call(**options), ids=SeededIds()).body)
