"""Partial responses -> the stream events of the Responses API.

Items follow one another; how each is written stands in ``stream_items.py``.
"""

from llm_sdk.accumulator import StreamAccumulator
from llm_sdk.codec import Ids, ModelCall
from llm_sdk.deltas import ContentDelta, PartialModelResponse
from llm_sdk.providers.openai import id_forms
from llm_sdk.providers.openai.content import PROVIDER
from llm_sdk.providers.openai.finish import REFUSAL, encode_finish
from llm_sdk.providers.openai.item_events import Events, OpenItem
from llm_sdk.providers.openai.response import describe, new_id
from llm_sdk.providers.openai.stream_items import open_item
from llm_sdk.providers.openai.usage import encode_usage
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import JsonObject
from llm_sdk.uncarried import already_ended


class StreamEncoder:
    """See :class:`llm_sdk.codec.StreamEncoder`.

    Items follow one another: a delta at a new index ends the item before it, and a later delta for that one is an
    InvariantError.
    """

    def __init__(self, call: ModelCall, ids: Ids) -> None:
        self._call = call
        self._ids = ids
        self._events = Events(ids, obfuscate=_wants_obfuscation(call))
        self._head = StreamAccumulator()
        self._response: JsonObject | None = None
        self._output: list[JsonObject] = []  # an empty object holds the place of an item that is not done
        self._open: OpenItem | None = None
        self._waiting: list[OpenItem] = []
        self._ended_indices: set[int] = set()

    def feed(self, partial: PartialModelResponse) -> list[ServerSentEvent]:
        """Write what this partial brings. Raises UnsupportedError for a part that this protocol cannot carry."""
        self._head.add_partial(partial.model_copy(update={"delta": None}))
        self._begin()
        if partial.delta is not None:
            self._write(partial.delta)
        return self._events.take()

    def close(self) -> list[ServerSentEvent]:
        """Write the end of the item that is open, and the terminal event with the whole response."""
        self._begin()
        whole = self._head.compute_response()
        finish = encode_finish(whole)
        if self._open is not None:
            self._open.finish_status = finish
        self._finish_item()
        while self._waiting:
            self._open = self._waiting.pop(0)
            self._finish_item()
        usage = encode_usage(whole.usage) if whole.usage else None
        status = finish["status"] if finish["status"] in ("incomplete", "failed") else "completed"
        body = {**(self._response or {}), **finish, "output": self._output, "usage": usage}
        if whole.model_id:
            body["model"] = whole.model_id
        self._events.emit(f"response.{status}", response=body)
        return self._events.take()

    def _begin(self) -> None:
        if self._response is not None:
            return
        head = self._head.snapshot()
        id = head.id or new_id(id_forms.RESPONSE_ID, self._ids)
        self._response = describe(head, id=id, call=self._call, ids=self._ids)
        opening = {**self._response, "completed_at": None}
        self._events.emit("response.created", response=opening)
        self._events.emit("response.in_progress", response=opening)

    def _write(self, delta: ContentDelta) -> None:
        if self._open is None or not self._open.takes(delta):
            self._put_aside()
            self._open = self._waiting_for(delta) or self._new_item(delta)
        self._open.feed(delta)

    def _put_aside(self) -> None:
        if self._open is not None and self._open.waits:
            self._waiting.append(self._open)
        else:
            self._finish_item()
        self._open = None

    def _waiting_for(self, delta: ContentDelta) -> OpenItem | None:
        for item in self._waiting:
            if item.takes(delta):
                self._waiting.remove(item)
                return item
        return None

    def _new_item(self, delta: ContentDelta) -> OpenItem:
        if delta.index in self._ended_indices:
            raise already_ended(delta.index, "item", PROVIDER)
        refused = self._head.snapshot().finish_detail == REFUSAL
        item = open_item(delta, len(self._output), self._events, self._call, self._ids, refused=refused)
        self._output.append({})
        return item

    def _finish_item(self) -> None:
        if self._open is None:
            return
        self._output[self._open.output_index] = self._open.finish()
        self._ended_indices |= self._open.indices
        self._open = None


def _wants_obfuscation(call: ModelCall) -> bool:
    options = (call.input.extra or {}).get("stream_options")
    return not (isinstance(options, dict) and options.get("include_obfuscation") is False)
