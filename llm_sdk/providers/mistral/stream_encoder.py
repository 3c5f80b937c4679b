"""Partial responses -> the stream chunks of Mistral's chat completions.

Parts follow one another; what every chunk repeats is written here too.
"""

from llm_sdk.accumulator import StreamAccumulator
from llm_sdk.codec import Ids, ModelCall, dump_json
from llm_sdk.deltas import (
    OpaquePartDelta,
    PartDelta,
    PartialModelResponse,
    ReasoningPartDelta,
    TextPartDelta,
    ToolCallPartDelta,
)
from llm_sdk.providers.mistral import wire
from llm_sdk.providers.mistral.content import PROVIDER, encode_thinking, reference_id
from llm_sdk.providers.mistral.finish import encode_finish
from llm_sdk.providers.mistral.response import describe, wanted_choices
from llm_sdk.providers.mistral.tool_call_ids import answered_id
from llm_sdk.providers.mistral.usage import encode_usage
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import JsonObject
from llm_sdk.uncarried import already_ended, cannot_answer, nameless_call

PADDING = "abcdefghijklmnopqrstuvwxyz0123456789"
"""Every chunk but the first is padded with the first few of these (recorded)."""


class StreamEncoder:
    """See :class:`llm_sdk.codec.StreamEncoder`.

    Texts and thoughts are written as they come, one part after another; calls are written whole, in the last chunk.
    """

    def __init__(self, call: ModelCall, ids: Ids) -> None:
        self._call = call
        self._ids = ids
        self._head = StreamAccumulator()
        self._about: JsonObject | None = None
        self._calls: dict[int, JsonObject] = {}
        self._arguments: dict[int, list[str]] = {}
        self._hosted: set[int] = set()
        self._index: int | None = None
        self._ended_indices: set[int] = set()
        self._written: list[ServerSentEvent] = []

    def feed(self, partial: PartialModelResponse) -> list[ServerSentEvent]:
        """Write what this partial brings. Raises UnsupportedError for a part that this protocol cannot carry."""
        self._head.add_partial(partial.model_copy(update={"delta": None}))
        self._begin()
        if partial.delta is not None:
            self._write(partial.delta.index, partial.delta.part)
        return self._take()

    def close(self) -> list[ServerSentEvent]:
        """Write the calls, why the answer ended, its usage, all in one chunk, and the end mark."""
        self._begin()
        whole = self._head.compute_response()
        calls = [
            {**call, "function": {"name": call["function"], "arguments": "".join(self._arguments[index])}, "index": at}
            for at, (index, call) in enumerate(sorted(self._calls.items()))
        ]
        delta: JsonObject = {"tool_calls": calls} if calls else {"content": ""}
        usage = None if whole.usage is None else encode_usage(whole.usage)
        self._emit(delta, encode_finish(whole, calls=bool(calls)), usage)
        self._written.append(ServerSentEvent(wire.END_MARK))
        return self._take()

    def _begin(self) -> None:
        """The first chunk has the role, and an empty text."""
        if self._about is None:
            about = describe(self._head.snapshot(), call=self._call, ids=self._ids)
            self._about = {"id": about["id"], "object": "chat.completion.chunk", **about}
            self._emit({"role": "assistant", "content": ""})

    def _write(self, index: int, part: PartDelta) -> None:
        if isinstance(part, ToolCallPartDelta):
            self._tool_call(index, part)
            return
        if getattr(part, "provider_executed", None):
            return  # a hosted tool shows in what is said only
        self._enter(index)
        match part:
            case TextPartDelta():
                if part.text:
                    self._emit({"content": part.text})
                if part.citation is not None and part.citation.source is not None:
                    ids = [reference_id(part.citation.source)]
                    self._emit({"content": [{"type": "reference", "reference_ids": ids}]})
            case ReasoningPartDelta():
                if part.text or part.signature is not None:
                    self._emit({"content": [encode_thinking(part.text, part.signature)]})
            case OpaquePartDelta(provider=provider, data=data) if provider == PROVIDER:
                self._emit({"content": [data]})
            case _:
                raise cannot_answer(part.type, f"content[{index}]", PROVIDER)

    def _enter(self, index: int) -> None:
        """Go on with a part, or end the one before it."""
        if index in self._ended_indices:
            raise already_ended(index, "part", PROVIDER)
        if self._index is not None and self._index != index:
            self._ended_indices.add(self._index)
        self._index = index

    def _tool_call(self, index: int, part: ToolCallPartDelta) -> None:
        if part.provider_executed or index in self._hosted:
            self._hosted.add(index)
            return
        if index not in self._calls:
            if not part.tool_call_id or not part.tool_name:
                raise nameless_call(index, PROVIDER)
            id = answered_id(part.tool_call_id)
            self._calls[index] = {"id": id, "type": "function", "function": part.tool_name}
            self._arguments[index] = []
        self._arguments[index].append(part.args or "")

    def _emit(self, delta: JsonObject, finish_reason: str | None = None, usage: JsonObject | None = None) -> None:
        """Write a chunk for each choice; usage comes with the last of them."""
        choices = wanted_choices(self._call)
        first = "role" in delta
        for index in range(choices):
            choice = {"index": index, "delta": delta, "finish_reason": finish_reason}
            chunk = {**(self._about or {}), "choices": [choice]}
            if usage is not None and index == choices - 1:
                chunk["usage"] = usage
            if not first:
                chunk["p"] = PADDING[: PADDING.index(self._ids.padding(1, PADDING)) + 1]
            self._written.append(ServerSentEvent(dump_json(chunk)))

    def _take(self) -> list[ServerSentEvent]:
        written, self._written = self._written, []
        return written
