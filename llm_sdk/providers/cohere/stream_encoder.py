"""Partial responses -> the stream events of Cohere's chat.

Blocks follow one another; how each is written stands in ``stream_blocks.py``.
"""

from llm_sdk.accumulator import StreamAccumulator
from llm_sdk.codec import Ids
from llm_sdk.deltas import ContentDelta, PartialModelResponse
from llm_sdk.providers.cohere import wire
from llm_sdk.providers.cohere.content import PROVIDER
from llm_sdk.providers.cohere.finish import encode_finish
from llm_sdk.providers.cohere.response import new_id
from llm_sdk.providers.cohere.stream_blocks import OpenBlock, Places, emit, open_block
from llm_sdk.providers.cohere.usage import encode_usage
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import JsonObject
from llm_sdk.uncarried import already_ended


class StreamEncoder:
    """See :class:`llm_sdk.codec.StreamEncoder`.

    Blocks follow one another: a delta at a new index ends the block before it, and a later delta for that one is an
    InvariantError.
    """

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._head = StreamAccumulator()
        self._begun = False
        self._places = Places()
        self._open: OpenBlock | None = None
        self._ended_indices: set[int] = set()

    def feed(self, partial: PartialModelResponse) -> list[ServerSentEvent]:
        """Write what this partial brings. Raises UnsupportedError for a part that this protocol cannot carry."""
        self._head.add_partial(partial.model_copy(update={"delta": None}))
        events = self._begin()
        if partial.delta is not None:
            events += self._write(partial.delta)
        return events

    def close(self) -> list[ServerSentEvent]:
        """Write the end of the block that is open, and of the message."""
        events = [*self._begin(), *self._finish_block()]
        whole = self._head.compute_response()
        end: JsonObject = {"finish_reason": encode_finish(whole)}
        if whole.usage is not None:
            end["usage"] = encode_usage(whole.usage)
        return [*events, emit("message-end", delta=end), ServerSentEvent(wire.END_MARK)]

    def _begin(self) -> list[ServerSentEvent]:
        if self._begun:
            return []
        self._begun = True
        id = self._head.snapshot().id or new_id(self._ids)
        message = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        return [emit("message-start", id=id, delta={"message": message})]

    def _write(self, delta: ContentDelta) -> list[ServerSentEvent]:
        events: list[ServerSentEvent] = []
        if self._open is None or self._open.index != delta.index:
            events += self._finish_block()
            if delta.index in self._ended_indices:
                raise already_ended(delta.index, "block", PROVIDER)
            self._open = open_block(delta, self._places)
            events += self._open.begin()
        return events + self._open.feed(delta.part)

    def _finish_block(self) -> list[ServerSentEvent]:
        if self._open is None:
            return []
        block, self._open = self._open, None
        self._ended_indices.add(block.index)
        return block.finish()
