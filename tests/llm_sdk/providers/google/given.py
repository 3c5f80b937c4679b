"""What these tests share: the codec, short ways to write messages and contents, and JSON into it and out of it."""

import json
from typing import Any

from llm_sdk.codec import Codec, ModelCall, WireRequest, WireResponse, dump_json
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.registry import get_codec
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import (
    AssistantMessage,
    LanguageModelInput,
    Message,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
    UserMessage,
)

CODEC: Codec = get_codec("google")
MODEL = "gemini-3-flash-preview"
PATH = f"/v1beta/models/{MODEL}:generateContent"
PNG, PDF = "iVBORw0KGgo=", "JVBERi0="
# The first bytes of real signatures: of Gemini twice, then of Anthropic.
SIGNATURE, OTHER_SIGNATURE = "CiQBcsjafLrMGtIn+0pB4A6hVn1PGbMI2+9d3Q==", "EoQECoEEAXLI2nxlU6gsWZaZHRYkX1orzuM8vSU="
ANTHROPIC_SIGNATURE = "ErUBCkYIBRgCIkDz8vBH3Nq0Y8Yw"


def user(*content: Any) -> UserMessage:
    return UserMessage(content=list(content))


def assistant(*content: Any) -> AssistantMessage:
    return AssistantMessage(content=list(content))


CALL = ToolCallPart(tool_call_id="a1b2c3d4", tool_name="get_weather", args={"city": "Paris"})
CALL_PART = {"functionCall": {"name": "get_weather", "args": {"city": "Paris"}, "id": "a1b2c3d4"}}


def tool_result(*content: Any, **fields: Any) -> ToolMessage:
    """The result of :data:`CALL`."""
    result = {"tool_call_id": "a1b2c3d4", "tool_name": "get_weather", **fields}
    return ToolMessage(content=[ToolResultPart(content=list(content), **result)])


def result_part(response: Any, **fields: Any) -> dict[str, Any]:
    """The part of a tool result."""
    return {"functionResponse": {"name": "get_weather", "response": response, "id": "a1b2c3d4", **fields}}


def said(*parts: Any, role: str = "user") -> dict[str, Any]:
    """A content; a string stands for a text."""
    return {"role": role, "parts": [{"text": part} if isinstance(part, str) else part for part in parts]}


def ask(**options: Any) -> LanguageModelInput:
    return LanguageModelInput.model_validate({"messages": [{"role": "user", "content": "Hi"}], **options})


ASKED: dict[str, Any] = {"contents": [said("Hi")]}
"""The body of :func:`ask` without options."""


def written(input: LanguageModelInput) -> Any:
    """The body that is sent for ``input``, as JSON."""
    return json.loads(CODEC.encode_request(MODEL, input, stream=False).body)


def contents(*messages: Message) -> Any:
    """The contents that are sent for ``messages``."""
    return written(LanguageModelInput(messages=list(messages)))["contents"]


def losses(*messages: Message) -> tuple[str, ...]:
    """What is said of that which could not be sent."""
    return CODEC.encode_request(MODEL, LanguageModelInput(messages=list(messages)), stream=False).warnings


def read(body: Any, path: str = PATH) -> ModelCall:
    """The call that a body (JSON, or bytes as they are) asks for."""
    data = body if isinstance(body, bytes) else dump_json(body)
    return CODEC.decode_request(WireRequest("POST", path, data))


def read_contents(*wired: Any) -> LanguageModelInput:
    """The input that these contents ask for."""
    return read({"contents": list(wired)}).input


def call(stream: bool = False, **options: Any) -> ModelCall:
    return ModelCall(MODEL, ask(**options), stream)


def reply(body: Any, status: int = 200) -> WireResponse:
    """An answer with a body of JSON, or of bytes as they are."""
    return WireResponse(status, body if isinstance(body, bytes) else dump_json(body))


HEAD = {"modelVersion": MODEL, "responseId": "za9caLp-rJ_Psg-Ou6T4BA"}


def chunk(*parts: Any, finish: str | None = None, usage: Any = None, **candidate: Any) -> dict[str, Any]:
    """A whole answer, or a chunk of a stream, with these parts; a string stands for a text."""
    content = {**said(*parts, role="model")} if parts else {"role": "model"}
    ended = {} if finish is None else {"finishReason": finish}
    body: dict[str, Any] = {"candidates": [{"content": content, **ended, "index": 0, **candidate}]}
    return {**body, **({} if usage is None else {"usageMetadata": usage}), **HEAD}


def feed(*chunks: Any) -> list[PartialModelResponse]:
    """Every partial of a stream that ends after these chunks."""
    decoder = CODEC.stream_decoder()
    partials = [partial for one in chunks for partial in decoder.feed(ServerSentEvent(dump_json(one)))]
    return partials + decoder.close()


def plain(value: Any) -> Any:
    """A unified value as JSON, for a readable difference."""
    return value.model_dump(mode="json")
