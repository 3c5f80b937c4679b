"""The events of one output item: how they are numbered and padded, and what every kind of item has."""

import string
from abc import ABC, abstractmethod
from typing import Any

from llm_sdk.accumulator import StreamAccumulator
from llm_sdk.codec import Ids, dump_json
from llm_sdk.deltas import ContentDelta, PartialModelResponse
from llm_sdk.providers.openai.hosted import PROGRESS
from llm_sdk.providers.openai.response import cut_item
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import JsonObject, Part

ALPHANUMERIC = string.ascii_letters + string.digits
# Delta and padding together are a multiple of this many characters (recorded: 5 680 of 5 687 frames).
OBFUSCATION_BLOCK = 16


class Events:
    """Numbers events from 0 without a gap and pads the deltas, as the API does."""

    def __init__(self, ids: Ids, *, obfuscate: bool) -> None:
        self._ids = ids
        self._obfuscate = obfuscate
        self._number = 0
        self._written: list[ServerSentEvent] = []

    def emit(self, type: str, **fields: Any) -> None:
        """Write one event."""
        data = {"type": type, **fields, "sequence_number": self._number}
        self._number += 1
        self._written.append(ServerSentEvent(dump_json(data), type))

    def emit_delta(self, type: str, delta: str, **fields: Any) -> None:
        """Write a delta with its padding; an empty one is not written."""
        if not delta:
            return
        if self._obfuscate:
            fields["obfuscation"] = self._ids.padding(-len(delta) % OBFUSCATION_BLOCK, ALPHANUMERIC)
        self.emit(type, delta=delta, **fields)

    def take(self) -> list[ServerSentEvent]:
        """What was written since the last time."""
        written, self._written = self._written, []
        return written


class OpenItem(ABC):
    """An item that has been added and is not done. ``feed`` gets every delta of it, the first one included."""

    def __init__(self, delta: ContentDelta, output_index: int, events: Events, ids: Ids) -> None:
        self.indices = {delta.index}
        self.output_index = output_index
        self.finish_status: JsonObject = {"status": "completed"}
        self._events = events
        self._ids = ids
        self._parts = StreamAccumulator()

    @property
    def waits(self) -> bool:
        """Whether the item stays open, though another begins."""
        return False

    def takes(self, delta: ContentDelta) -> bool:
        """Whether this delta goes on with the item."""
        return delta.index in self.indices

    @abstractmethod
    def feed(self, delta: ContentDelta) -> None:
        """Write what a delta brings."""

    @abstractmethod
    def finish(self) -> JsonObject:
        """Write the end of the item and return it whole."""

    def _collect(self, delta: ContentDelta) -> None:
        self._parts.add_partial(PartialModelResponse(delta=delta))

    def _content(self) -> list[Part]:
        return self._parts.compute_response().content

    def _emit(self, type: str, **fields: Any) -> None:
        self._events.emit(f"response.{type}", output_index=self.output_index, **fields)

    def _emit_delta(self, type: str, delta: str, **fields: Any) -> None:
        self._events.emit_delta(f"response.{type}", delta, output_index=self.output_index, **fields)

    def _add(self, item: JsonObject) -> None:
        self._emit("output_item.added", item=item)

    def _done(self, item: JsonObject) -> JsonObject:
        item = cut_item(item, self.finish_status)
        self._emit("output_item.done", item=item)
        return item

    def _progress(self, kind: str, id: str, *, failed: bool = False) -> None:
        for step in PROGRESS.get(kind, ()):
            step = "failed" if failed and step == "completed" else step
            self._emit(f"{kind}.{step}", item_id=id)
