"""LangChain's messages: those that go in, and what those that come out say."""

import json
from collections.abc import Iterator
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from llm_sdk import (
    LanguageModelInput,
    ModelResponse,
    PartialModelResponse,
    TextPart,
    TextPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)
from llm_sdk.deltas import delta_at
from llm_sdk.errors import MalformedArgumentsError, RefusalError
from llm_sdk.types import ImagePart, ModelTokensDetails, ModelUsage, Part

__all__ = ["Indices", "messages_of", "partials_of", "response_of"]

OWN_IDS = ("lc_", "run-")
"""How the ids begin that LangChain makes up where it keeps none of the provider's."""
REASONS = {
    "stop": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "complete": "stop",
    "completed": "stop",
    "length": "length",
    "model_length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "tool_calls": "tool_calls",
    "tool_call": "tool_calls",
    "tool_use": "tool_calls",
    "content_filter": "content_filter",
    "safety": "content_filter",
    "refusal": "content_filter",
}


def messages_of(input: LanguageModelInput) -> list[BaseMessage]:
    """The conversation as LangChain's messages."""
    found: list[BaseMessage] = [SystemMessage(input.system_prompt)] if input.system_prompt else []
    for message in input.messages:
        if message.role == "user":
            found.append(HumanMessage(content=[_block(part) for part in message.content]))
        elif message.role == "assistant":
            texts = [_block(part) for part in message.content if isinstance(part, TextPart)]
            calls = [
                {"id": part.tool_call_id, "name": part.tool_name, "args": part.args, "type": "tool_call"}
                for part in message.content
                if isinstance(part, ToolCallPart)
            ]
            items = [_item(part) for part in message.content if isinstance(part, ToolCallPart) and part.id]
            found.append(AIMessage(content=[*texts, *items] or "", tool_calls=calls))
        else:
            found += [_result(part) for part in message.content]
    return found


def _item(call: ToolCallPart) -> dict[str, Any]:
    """A call with an id of its own, as the Responses API gives it, is a block of the content as well."""
    said = {"id": call.id, "call_id": call.tool_call_id, "name": call.tool_name}
    return {"type": "function_call", **said, "arguments": json.dumps(call.args)}


def _block(part: Part) -> dict[str, Any]:
    if isinstance(part, ImagePart):
        if part.url is not None:
            return {"type": "image", "url": part.url}
        return {"type": "image", "base64": part.data, "mime_type": part.mime_type}
    assert isinstance(part, TextPart)  # noqa: S101 - nothing else is declared
    return {"type": "text", "text": part.text}


def _result(part: Any) -> ToolMessage:
    return ToolMessage(
        content=[_block(inner) for inner in part.content],
        tool_call_id=part.tool_call_id,
        name=part.tool_name,
        status="error" if part.is_error else "success",
    )


def response_of(message: AIMessage) -> ModelResponse:
    """A whole answer."""
    for call in message.invalid_tool_calls:
        raise MalformedArgumentsError(f"the arguments of {call['name']} are no JSON object: {call['args']}")
    response = ModelResponse(content=list(_parts(message)), **_told(message, called=bool(message.tool_calls)))
    if refusal := message.additional_kwargs.get("refusal"):
        raise RefusalError(refusal, response=response.model_copy(update={"content": [TextPart(text=refusal)]}))
    return response


def _parts(message: AIMessage) -> Iterator[Part]:
    """Texts and calls in the order of the blocks; LangChain tells calls apart from texts where there are none."""
    calls = {call["id"]: call for call in message.tool_calls}
    blocks = [message.content] if isinstance(message.content, str) else message.content
    for block in blocks:
        said = {"type": "text", "text": block} if isinstance(block, str) else block
        if said.get("type") == "text" and (said["text"] or block is said):
            yield TextPart(text=said["text"])
        elif (call := calls.pop(said.get("call_id") or said.get("id"), None)) is not None:
            own = {"id": said["id"]} if "call_id" in said else {}
            yield _called(call, **own)
    yield from map(_called, calls.values())


def _called(call: Any, **own: str) -> ToolCallPart:
    return ToolCallPart(tool_call_id=call["id"] or "", tool_name=call["name"], args=call["args"], **own)


def _told(message: AIMessage, *, called: bool) -> dict[str, Any]:
    """What is told beside the content: ids, usage and the reason of the end."""
    known = message.response_metadata
    detail = known.get("finish_reason") or known.get("stop_reason") or _status(known)
    told = {
        "id": known.get("id") or (message.id if not str(message.id).startswith(OWN_IDS) else None),
        "model_id": known.get("model_name") or known.get("model"),
        "usage": _usage(message.usage_metadata) if message.usage_metadata else None,
        "finish_detail": detail,
        "finish_reason": _reason(str(detail).lower(), called=called) if detail else None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _reason(detail: str, *, called: bool) -> str:
    """Gemini says STOP for calls as well, the Responses API completed, and LangChain hands their words on."""
    reason = REASONS.get(detail, "other")
    return "tool_calls" if reason == "stop" and called else reason


def _status(known: dict[str, Any]) -> str | None:
    return (known.get("incomplete_details") or {}).get("reason") or known.get("status")


def _usage(told: Any) -> ModelUsage:
    read, wrote = told.get("input_token_details") or {}, told.get("output_token_details") or {}
    inner = {"cached_text_tokens": read.get("cache_read"), "cache_write_tokens": read.get("cache_creation")}
    inner["audio_tokens"] = read.get("audio")
    if by_lifetime := [count for name, count in read.items() if name.startswith("ephemeral_")]:
        inner["cache_write_tokens"] = sum(by_lifetime)
    outer = {"reasoning_tokens": wrote.get("reasoning"), "audio_tokens": wrote.get("audio")}
    return ModelUsage(
        input_tokens=told["input_tokens"],
        output_tokens=told["output_tokens"],
        input_tokens_details=_details(inner),
        output_tokens_details=_details(outer),
    )


def _details(counts: dict[str, int | None]) -> ModelTokensDetails | None:
    known = {name: count for name, count in counts.items() if count is not None}
    return ModelTokensDetails(**known) if known else None


class Indices:
    """Where the parts of a stream stand: each kind of block, and each call, at the place where it began."""

    def __init__(self) -> None:
        self._known: dict[Any, int] = {}

    def of(self, key: Any) -> int:
        """The place of a part: ``key`` is its kind, and what tells it from others of that."""
        return self._known.setdefault(key, len(self._known))

    @property
    def has_calls(self) -> bool:
        """Whether any part so far is a call."""
        return any(kind == "call" for kind, _ in self._known)


def partials_of(chunk: AIMessageChunk, indices: Indices) -> Iterator[PartialModelResponse]:
    """What one chunk tells."""
    blocks = chunk.content if isinstance(chunk.content, list) else [{"type": "text", "text": chunk.content}]
    ids = {said["call_id"]: said["id"] for said in blocks if isinstance(said, dict) and said.get("call_id")}
    for said in blocks:
        block = {"type": "text", "text": said} if isinstance(said, str) else said
        if block.get("type") == "text" and block.get("text"):
            yield delta_at(indices.of(("text", block.get("index"))), TextPartDelta(text=block["text"]))
    for call in chunk.tool_call_chunks:
        part = {"tool_call_id": call["id"], "tool_name": call["name"], "args": call["args"], "id": ids.get(call["id"])}
        told = {name: value for name, value in part.items() if value}
        key = call["index"] if call["index"] is not None else call["id"]
        yield delta_at(indices.of(("call", key)), ToolCallPartDelta(**told))
    if told := _told(chunk, called=indices.has_calls):
        yield PartialModelResponse(**told)
    if refusal := chunk.additional_kwargs.get("refusal"):
        raise RefusalError(refusal)
