"""What these tests share: the codec, short ways to write messages and blocks, and JSON into it and out of it."""

import json
from typing import Any

from llm_sdk.codec import Codec, ModelCall, SeededIds, WireRequest, WireResponse, dump_json
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.registry import get_codec
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import (
    AssistantMessage,
    LanguageModelInput,
    Message,
    ModelResponse,
    SourcePart,
    TextPart,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
    UserMessage,
)

CODEC: Codec = get_codec("anthropic")
MODEL = "claude-sonnet-5"
PNG, PDF = "iVBORw0KGgo=", "JVBERi0="
CALLER = {"type": "code_execution_20260120", "tool_id": "srvtoolu_2"}


def user(*content: Any) -> UserMessage:
    return UserMessage(content=list(content))


def assistant(*content: Any) -> AssistantMessage:
    return AssistantMessage(content=list(content))


def tool_result(*content: Any, id: str = "toolu_1", **fields: Any) -> ToolMessage:
    """The result of :data:`CALL`."""
    part = ToolResultPart(tool_call_id=id, tool_name="get_weather", content=list(content), **fields)
    return ToolMessage(content=[part])


CALL = ToolCallPart(tool_call_id="toolu_1", tool_name="get_weather", args={"city": "Paris"})
CALL_BLOCK = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Paris"}}
SEARCH = ToolCallPart(tool_call_id="srvtoolu_1", tool_name="web_search", args={"query": "rain"}, provider_executed=True)
SEARCH_BLOCK = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "rain"}}
PAGE = SourcePart(source="https://a.example", title="Rain", content=[TextPart(text="", signature="Eenc")])
PAGE_BLOCK = {
    "type": "web_search_result",
    "url": "https://a.example",
    "title": "Rain",
    "encrypted_content": "Eenc",
    "page_age": None,
}


def found(*content: Any, **fields: Any) -> ToolResultPart:
    """What :data:`SEARCH` has found."""
    return ToolResultPart(
        tool_call_id="srvtoolu_1", tool_name="web_search", content=list(content), provider_executed=True, **fields
    )


def found_block(content: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": content, **fields}


def text(text: str, **fields: Any) -> dict[str, Any]:
    return {"type": "text", "text": text, **fields}


def said(role: str, *content: Any) -> dict[str, Any]:
    """A message of a request; a string stands for one text block."""
    return {"role": role, "content": [text(block) if isinstance(block, str) else block for block in content]}


def output(*content: Any, **fields: Any) -> dict[str, Any]:
    """The block of a tool result."""
    return {"type": "tool_result", "tool_use_id": "toolu_1", "content": list(content), **fields}


def ask(**options: Any) -> LanguageModelInput:
    return LanguageModelInput.model_validate({"messages": [{"role": "user", "content": "Hi"}], **options})


ASKED = {"model": MODEL, "max_tokens": 4096, "messages": [said("user", "Hi")]}
"""The body of :func:`ask` without options."""


def written(input: LanguageModelInput, *, stream: bool = False) -> Any:
    """The body that is sent for ``input``, as JSON."""
    return json.loads(CODEC.encode_request(MODEL, input, stream=stream).body)


def messages(*messages: Message) -> Any:
    """The messages that are sent for ``messages``."""
    return written(LanguageModelInput(messages=list(messages)))["messages"]


def losses(*messages: Message) -> tuple[str, ...]:
    """What is said of that which could not be sent."""
    return CODEC.encode_request(MODEL, LanguageModelInput(messages=list(messages)), stream=False).warnings


def read(body: Any, **headers: str) -> ModelCall:
    """The call that a body (JSON, or bytes as they are) asks for."""
    data = body if isinstance(body, bytes) else dump_json(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return CODEC.decode_request(WireRequest("POST", "/v1/messages", data, named))


def read_messages(*wired: Any) -> LanguageModelInput:
    """The input that these messages ask for."""
    return read({**ASKED, "messages": list(wired)}).input


def again(body: Any) -> Any:
    """A body that was read and written again, in its normal form."""
    call = read(body)
    sent = CODEC.encode_request(call.model_id, call.input, stream=call.stream)
    return CODEC.normalize_request(json.loads(sent.body))


def call(stream: bool = False, **options: Any) -> ModelCall:
    return ModelCall(MODEL, ask(**options), stream)


def reply(body: Any, status: int = 200) -> WireResponse:
    """An answer with a body of JSON, or of bytes as they are."""
    return WireResponse(status, body if isinstance(body, bytes) else dump_json(body))


def answer(*content: Any, **fields: Any) -> WireResponse:
    """An answer with these blocks."""
    head = {"model": MODEL, "id": "msg_01", "type": "message", "role": "assistant", "content": list(content)}
    usage = {"input_tokens": 3, "output_tokens": 5}
    return reply({**head, "stop_reason": "end_turn", "stop_sequence": None, "usage": usage, **fields})


def event(type: str, **fields: Any) -> ServerSentEvent:
    """A stream event, named as the provider does."""
    return ServerSentEvent(dump_json({"type": type, **fields}), type)


def start(**usage: int) -> ServerSentEvent:
    """``message_start``."""
    counted = usage or {"input_tokens": 3, "output_tokens": 1}
    return event("message_start", message={"id": "msg_01", "model": MODEL, "content": [], "usage": counted})


def block(index: int, content_block: dict[str, Any], *deltas: dict[str, Any]) -> list[ServerSentEvent]:
    """A block from its start to its stop."""
    return [
        event("content_block_start", index=index, content_block=content_block),
        *(event("content_block_delta", index=index, delta=delta) for delta in deltas),
        event("content_block_stop", index=index),
    ]


def end(stop_reason: str = "end_turn", usage: Any = None, **delta: Any) -> list[ServerSentEvent]:
    """``message_delta`` and the end mark."""
    counted = {"output_tokens": 5} if usage is None else usage
    return [event("message_delta", delta={"stop_reason": stop_reason, **delta}, usage=counted), event("message_stop")]


def plain(value: Any) -> Any:
    """A unified value as JSON, for a readable difference."""
    return value.model_dump(mode="json")


def feed(*events: ServerSentEvent) -> list[PartialModelResponse]:
    """Every partial of a stream that ends after these events."""
    decoder = CODEC.stream_decoder()
    partials = [partial for one in events for partial in decoder.feed(one)]
    return partials + decoder.close()


def body_of(response: ModelResponse, **options: Any) -> Any:
    """The body of an answer, as JSON."""
    return json.loads(CODEC.encode_response(response, call=call(**options), ids=SeededIds()).body)
