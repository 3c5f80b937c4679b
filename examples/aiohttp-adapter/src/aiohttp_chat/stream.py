"""The chunks of a streamed answer -> partial responses. The text has index 0, the calls those behind it."""

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp_chat.response import (
    LEGACY_CALL_ID,
    finish_word,
    other_choices,
    read_arguments,
    read_finish,
    read_json,
    read_text,
    read_usage,
    refused,
    unknown_call,
)
from llm_sdk.deltas import ContentDelta, OpaquePartDelta, PartialModelResponse, TextPartDelta, ToolCallPartDelta
from llm_sdk.errors import StreamTruncatedError
from llm_sdk.types import ModelResponse, ModelUsage

__all__ = ["ChunkReader"]

Partials = list[PartialModelResponse]
PROVIDER = "openai-chat-completion"


@dataclass(slots=True)
class _Call:
    """What has come of a call. ``custom`` is one of a tool that takes text."""

    index: str
    id: str = ""
    name: str = ""
    arguments: str = ""
    custom: dict[str, str] = field(default_factory=dict)

    def whole(self) -> dict[str, Any]:
        """A call of a tool that takes text, in the provider's own form."""
        return {"id": self.id, "type": "custom", "custom": self.custom}


class ChunkReader:
    """Give it the data of every event, and :meth:`close` it: it raises what a chunk reports, and for a missing end."""

    def __init__(self) -> None:
        self._number = 0
        self._ended = False
        self._id: str | None = None
        self._model_id: str | None = None
        self._calls: list[_Call] = []
        self._choices: set[int] = set()
        self._refusal = ""
        self._word: str | None = None
        self._usage: ModelUsage | None = None
        self._usage_announced = False
        self._warnings: list[str] = []

    def feed(self, data: bytes) -> Partials:
        """The partial responses that one event brings."""
        if self._ended:
            return []
        if data.strip() == b"[DONE]":
            return self._end()
        chunk = read_json(data, f"event {self._number}")
        self._number += 1
        partials: Partials = []
        if self._id is None and chunk.get("id"):
            self._id, self._model_id = chunk["id"], chunk.get("model") or None
            partials.append(PartialModelResponse(id=self._id, model_id=self._model_id))
        for choice in chunk.get("choices") or ():
            self._choices.add(choice.get("index") or 0)
            if not choice.get("index"):
                partials += self._read_choice(choice)
        told = chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage")
        self._usage = read_usage(told) or self._usage
        self._usage_announced = self._usage_announced or "usage" in chunk
        return partials

    def close(self) -> Partials:
        """The body has ended. Some servers send no ``[DONE]``: a finish reason is the end there."""
        partials: Partials = []
        if not self._ended:
            if self._word is None or (self._usage_announced and self._usage is None):
                raise StreamTruncatedError(f"the stream broke off after {self._number} events")
            partials = self._end()
        if self._refusal:
            whole = ModelResponse(content=[], id=self._id, model_id=self._model_id, usage=self._usage)
            raise refused(self._refusal, whole)
        return partials

    def _read_choice(self, choice: dict[str, Any]) -> Partials:
        delta = choice.get("delta") or {}
        partials: Partials = []
        if text := read_text(delta.get("content"), self._warnings):
            partials.append(_at(0, TextPartDelta(text=text)))
        self._refusal += delta.get("refusal") or ""
        legacy = delta.get("function_call")
        fragments = [{"index": 0, "id": LEGACY_CALL_ID, "function": legacy}] if legacy else delta.get("tool_calls")
        for fragment in fragments or ():
            partials += self._read_call(fragment)
        self._word = finish_word(choice) or self._word
        return partials

    def _read_call(self, fragment: dict[str, Any]) -> Partials:
        """A fragment belongs to the call of its index, unless it begins another: servers number calls oddly."""
        position = self._position_of(fragment)
        call, function = self._calls[position], fragment.get("function") or {}
        if fragment.get("custom") is not None or call.custom:
            self._read_custom(call, fragment)
            return []
        part: dict[str, Any] = {}
        if not call.id and (fragment.get("id") or not call.arguments):
            call.id = part["tool_call_id"] = fragment.get("id") or f"call_{position}"
        if not call.name and function.get("name"):
            call.name = part["tool_name"] = function["name"]
        text = function.get("arguments")
        text = json.dumps(text) if isinstance(text, dict) else text
        if text and not (text == "null" and not call.arguments):  # null is no arguments, where it is all there is
            part["args"] = text
            call.arguments += text
        return [_at(1 + position, ToolCallPartDelta(**part))]

    def _read_custom(self, call: _Call, fragment: dict[str, Any]) -> None:
        """A call of a tool that takes text has no unified form, and is given whole at the end."""
        call.id = call.id or fragment.get("id") or ""
        for name in ("name", "input"):
            call.custom[name] = call.custom.get(name, "") + ((fragment.get("custom") or {}).get(name) or "")

    def _position_of(self, fragment: dict[str, Any]) -> int:
        index, id = str(fragment.get("index")), fragment.get("id")
        for position in range(len(self._calls) - 1, -1, -1):
            call = self._calls[position]
            if call.index == index and (not id or call.id == id):
                return position
        if not id and not (fragment.get("function") or {}).get("name") and self._calls:
            return len(self._calls) - 1
        self._calls.append(_Call(index))
        return len(self._calls) - 1

    def _end(self) -> Partials:
        self._ended = True
        reason, detail = read_finish(self._word, calls=bool(self._calls))
        partials: Partials = []
        for position, call in enumerate(self._calls):
            if call.custom:
                self._warnings.append(unknown_call(call.whole()))
                partials.append(_at(1 + position, OpaquePartDelta(provider=PROVIDER, data=call.whole())))
            elif reason != "length":
                read_arguments(call.arguments, call.name)
        warnings = [*self._warnings, *other_choices(len(self._choices))] or None
        last = PartialModelResponse(usage=self._usage, finish_reason=reason, finish_detail=detail, warnings=warnings)
        return [*partials, last]


def _at(index: int, part: Any) -> PartialModelResponse:
    return PartialModelResponse(delta=ContentDelta(index=index, part=part))
