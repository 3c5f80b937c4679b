"""What these tests share: the codec, short ways to write messages and items, and JSON into it and out of it."""

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
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
    UserMessage,
)

CODEC: Codec = get_codec("openai")
MODEL = "gpt-5.2"
PNG, PDF = "iVBORw0KGgo=", "JVBERi0="


def user(*content: Any) -> UserMessage:
    return UserMessage(content=list(content))


def assistant(*content: Any) -> AssistantMessage:
    return AssistantMessage(content=list(content))


def tool_result(*content: Any, **fields: Any) -> ToolMessage:
    """The result of the call ``call_1`` of ``get_weather``."""
    part = ToolResultPart(tool_call_id="call_1", tool_name="get_weather", content=list(content), **fields)
    return ToolMessage(content=[part])


CALL = ToolCallPart(tool_call_id="call_1", tool_name="get_weather", args={"city": "Paris"}, id="fc_1")
SEARCH = ToolCallPart(
    tool_call_id="ws_1",
    tool_name="web_search",
    args={"type": "search", "query": "rain"},
    id="ws_1",
    provider_executed=True,
)


def found(*sources: str, **fields: Any) -> ToolResultPart:
    """What :data:`SEARCH` has found."""
    content = [SourcePart(source=source, title="", content=[]) for source in sources]
    return ToolResultPart(
        tool_call_id="ws_1", tool_name="web_search", content=content, provider_executed=True, **fields
    )


def said(*content: Any, role: str = "user") -> dict[str, Any]:
    """A message item of a request; a string stands for one text."""
    texts = [{"type": "input_text", "text": part} if isinstance(part, str) else part for part in content]
    return {"type": "message", "role": role, "content": texts}


def message(*content: Any, id: str = "msg_1", **fields: Any) -> dict[str, Any]:
    """A message item of the model; a string stands for one text without annotations."""
    texts = [output_text(part) if isinstance(part, str) else part for part in content]
    return {"id": id, "type": "message", "status": "completed", "content": texts, "role": "assistant", **fields}


def output_text(text: str, *annotations: Any) -> dict[str, Any]:
    return {"type": "output_text", "annotations": list(annotations), "logprobs": [], "text": text}


def function_call(arguments: str = '{"city":"Paris"}', id: str = "fc_1", call_id: str = "call_1") -> dict[str, Any]:
    """The item of :data:`CALL` in an answer."""
    item = {"id": id, "type": "function_call", "status": "completed"}
    return {**item, "arguments": arguments, "call_id": call_id, "name": "get_weather"}


CALL_ITEM = {key: value for key, value in function_call().items() if key != "status"}
"""The item of :data:`CALL` in a request."""
SEARCH_ITEM: dict[str, Any] = {
    "id": "ws_1",
    "type": "web_search_call",
    "status": "completed",
    "action": {"type": "search", "query": "rain"},
}


def output(value: Any, call_id: str = "call_1") -> dict[str, Any]:
    """The item of a tool result."""
    return {"type": "function_call_output", "call_id": call_id, "output": value}


def ask(**options: Any) -> LanguageModelInput:
    return LanguageModelInput.model_validate({"messages": [{"role": "user", "content": "Hi"}], **options})


ASKED = {"model": MODEL, "input": [said("Hi")], "store": False}
"""The body of :func:`ask` without options."""


def written(input: LanguageModelInput, *, stream: bool = False) -> Any:
    """The body that is sent for ``input``, as JSON."""
    return json.loads(CODEC.encode_request(MODEL, input, stream=stream).body)


def items(*messages: Message) -> Any:
    """The input items that are sent for ``messages``."""
    return written(LanguageModelInput(messages=list(messages)))["input"]


def losses(*messages: Message) -> tuple[str, ...]:
    """What is said of that which could not be sent."""
    return CODEC.encode_request(MODEL, LanguageModelInput(messages=list(messages)), stream=False).warnings


def read(body: Any) -> ModelCall:
    """The call that a body (JSON, or bytes as they are) asks for."""
    data = body if isinstance(body, bytes) else dump_json(body)
    return CODEC.decode_request(WireRequest("POST", "/v1/responses", data))


def read_items(*wired: Any) -> LanguageModelInput:
    """The input that these items ask for."""
    return read({"model": MODEL, "input": list(wired), "store": False}).input


def call(stream: bool = False, **options: Any) -> ModelCall:
    return ModelCall(MODEL, ask(**options), stream)


def reply(body: Any, status: int = 200) -> WireResponse:
    """An answer with a body of JSON, or of bytes as they are."""
    return WireResponse(status, body if isinstance(body, bytes) else dump_json(body))


def answer(*output: Any, **fields: Any) -> WireResponse:
    """A completed answer with these output items."""
    head = {"id": "resp_1", "object": "response", "model": MODEL, "status": "completed"}
    return reply({**head, "output": list(output), **fields})


def event(type: str, **fields: Any) -> ServerSentEvent:
    """A stream event, named as the provider does."""
    return ServerSentEvent(dump_json({"type": type, **fields}), type)


def plain(value: Any) -> Any:
    """A unified value as JSON, for a readable difference."""
    return value.model_dump(mode="json")


def feed(*events: ServerSentEvent) -> list[PartialModelResponse]:
    """Every partial of a stream that ends after these events."""
    decoder = CODEC.stream_decoder()
    partials = [partial for one in events for partial in decoder.feed(one)]
    return partials + decoder.close()


def whole_of(response: ModelResponse) -> Any:
    """The body that ``response`` is written in."""
    return json.loads(CODEC.encode_response(response, call=call(), ids=SeededIds()).body)
