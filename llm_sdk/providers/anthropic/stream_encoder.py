"""Partial responses -> the stream events of the Messages API.

Blocks follow one another; how each is written stands in ``stream_blocks.py``.
"""

from llm_sdk.accumulator import StreamAccumulator, to_partials
from llm_sdk.codec import Ids, ModelCall
from llm_sdk.deltas import ContentDelta, PartialModelResponse
from llm_sdk.providers.anthropic.content import PROVIDER
from llm_sdk.providers.anthropic.errors import describe_error
from llm_sdk.providers.anthropic.finish import REFUSAL, encode_finish
from llm_sdk.providers.anthropic.response import (
    describe,
    describe_context,
    encode_refusal,
    is_search,
    split_refusal,
)
from llm_sdk.providers.anthropic.stream_blocks import Events, OpenBlock, open_block
from llm_sdk.providers.anthropic.usage import count_searches, encode_usage
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import JsonObject, ModelResponse, TextPart, ToolCallPart
from llm_sdk.uncarried import already_ended


class StreamEncoder:
    """See :class:`llm_sdk.codec.StreamEncoder`.

    Blocks follow one another: a delta at a new index ends the block before it, and a later delta for that one is an
    InvariantError. The explanation of a refusal stands in no block.
    """

    def __init__(self, call: ModelCall, ids: Ids) -> None:
        self._call = call
        self._ids = ids
        self._events = Events(ids)
        self._head = StreamAccumulator()
        self._refused: StreamAccumulator | None = None
        self._begun = False
        self._open: OpenBlock | None = None
        self._calls: list[ToolCallPart] = []
        self._blocks = 0
        self._ended_indices: set[int] = set()

    def feed(self, partial: PartialModelResponse) -> list[ServerSentEvent]:
        """Write what this partial brings. Raises UnsupportedError for a part that this protocol cannot carry."""
        self._head.add_partial(partial.model_copy(update={"delta": None}))
        self._begin()
        if partial.finish_detail == REFUSAL and self._refused is None:
            self._refused = StreamAccumulator()
        if partial.delta is not None and self._refused is not None:
            self._refused.add_partial(PartialModelResponse(delta=partial.delta))
        elif partial.delta is not None:
            self._write(partial.delta)
        return self._events.take()

    def close(self) -> list[ServerSentEvent]:
        """Write the end of the block that is open, why the answer ended, and the end mark."""
        self._begin()
        whole = self._head.compute_response()
        explanation = self._write_refused(whole)
        self._finish_block()
        if whole.finish_reason == "error":
            self._events.emit("error", error=describe_error(500, "Internal server error"))
            return self._events.take()
        if not self._blocks:
            self._events.ping()
        stop = {**encode_finish(whole, self._call), "stop_details": encode_refusal(explanation)}
        usage = {**encode_usage(whole.usage), **count_searches(sum(map(is_search, self._calls)))}
        self._events.emit("message_delta", delta=stop, usage=usage, **describe_context(self._call))
        self._events.emit("message_stop")
        return self._events.take()

    def _begin(self) -> None:
        if self._begun:
            return
        self._begun = True
        head = self._head.snapshot()
        opening: JsonObject = {"content": [], "stop_reason": None, "stop_sequence": None, "stop_details": None}
        usage = {**encode_usage(head.usage), "service_tier": "standard"}
        message = {**describe(head, call=self._call, ids=self._ids), **opening, "usage": usage}
        self._events.emit("message_start", message=message)

    def _write(self, delta: ContentDelta) -> None:
        if self._open is None or self._open.part_index != delta.index:
            self._finish_block()
            if delta.index in self._ended_indices:
                raise already_ended(delta.index, "block", PROVIDER)
            self._open = open_block(delta, self._blocks, self._events, self._calls, self._ids)
            self._blocks += 1
        self._open.feed(delta.part)

    def _write_refused(self, whole: ModelResponse) -> TextPart | None:
        """What was said before a refusal, and return its explanation."""
        if self._refused is None:
            return None
        told = ModelResponse(content=self._refused.compute_response().content, finish_detail=whole.finish_detail)
        parts, explanation = split_refusal(told)
        for partial in to_partials(ModelResponse(content=parts)):
            if partial.delta is not None:
                self._write(partial.delta)
        return explanation

    def _finish_block(self) -> None:
        if self._open is not None:
            self._open.finish()
            self._ended_indices.add(self._open.part_index)
            self._open = None
