"""One content block of a streamed answer: the events that open it, go on with it and end it."""

from abc import ABC, abstractmethod
from typing import Any

from llm_sdk.accumulator import StreamAccumulator
from llm_sdk.codec import Ids, dump_json
from llm_sdk.deltas import (
    ContentDelta,
    PartDelta,
    PartialModelResponse,
    ReasoningPartDelta,
    TextPartDelta,
    ToolCallPartDelta,
    cited,
)
from llm_sdk.errors import InvariantError
from llm_sdk.providers.anthropic.content import DIRECT, PROVIDER, REDACTED, caller_fields
from llm_sdk.providers.anthropic.response import encode_block, encode_location, signed
from llm_sdk.providers.anthropic.web_search import WEB_SEARCH
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import JsonObject, Part, ReasoningPart, ToolCallPart
from llm_sdk.uncarried import cannot_answer, nameless_call, other_kind

PADDING = "0123456789abcdef"


class Events:
    """Writes events, padded with spaces before the last brace as the API pads them (recorded: up to 15 of them)."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._pinged = False
        self._written: list[ServerSentEvent] = []

    def emit(self, type: str, **fields: Any) -> None:
        """Write one event."""
        data = dump_json({"type": type, **fields})
        spaces = PADDING.index(self._ids.padding(1, PADDING))
        self._written.append(ServerSentEvent(data[:-1] + b" " * spaces + data[-1:], type))

    def ping(self) -> None:
        """Write the ping that comes once, behind the first block that starts (recorded)."""
        if not self._pinged:
            self._pinged = True
            self._written.append(ServerSentEvent(b'{"type": "ping"}', "ping"))

    def take(self) -> list[ServerSentEvent]:
        """What was written since the last time."""
        written, self._written = self._written, []
        return written


class OpenBlock(ABC):
    """A block that has started and not stopped. ``feed`` gets every delta of it, the first one included."""

    def __init__(self, part_index: int, index: int, events: Events, ids: Ids) -> None:
        self.part_index = part_index
        self._index = index
        self._events = events
        self._ids = ids

    @abstractmethod
    def feed(self, delta: PartDelta) -> None:
        """Write what a delta brings."""

    def finish(self) -> None:
        """Write the end of the block."""
        self._events.emit("content_block_stop", index=self._index)

    def _start(self, block: JsonObject) -> None:
        self._events.emit("content_block_start", index=self._index, content_block=block)
        self._events.ping()

    def _delta(self, type: str, **fields: Any) -> None:
        self._events.emit("content_block_delta", index=self._index, delta={"type": type, **fields})

    def _wrong(self, delta: PartDelta, kind: str) -> InvariantError:
        return other_kind(self.part_index, delta, kind, PROVIDER)


class OpenText(OpenBlock):
    """A text; its citations come before what they belong to or behind it."""

    def __init__(self, part_index: int, index: int, events: Events, ids: Ids) -> None:
        super().__init__(part_index, index, events, ids)
        self._fresh = True
        self._start({"type": "text", "text": ""})

    def feed(self, delta: PartDelta) -> None:
        if not isinstance(delta, TextPartDelta):
            raise self._wrong(delta, "text")
        if (citation := cited(delta)) is not None:
            self._delta("citations_delta", citation=encode_location(citation, self._ids))
        elif delta.text or not self._fresh:
            self._delta("text_delta", text=delta.text)
        self._fresh = False


class OpenToolUse(OpenBlock):
    """A call, of a function or of the hosted search: its input is written as JSON text, which is empty at first."""

    def __init__(self, call: ToolCallPart, part_index: int, index: int, events: Events, ids: Ids) -> None:
        super().__init__(part_index, index, events, ids)
        self._fresh = True
        self._start(encode_block(call, [], f"content[{part_index}]", ids))

    def feed(self, delta: PartDelta) -> None:
        if not isinstance(delta, ToolCallPartDelta):
            raise self._wrong(delta, "tool-call")
        if delta.args is None:
            return
        if self._fresh and delta.args:
            self._delta("input_json_delta", partial_json="")
        self._fresh = False
        self._delta("input_json_delta", partial_json=delta.args)


class OpenThinking(OpenBlock):
    """The signature comes last; one is made up where there is none."""

    def __init__(self, part_index: int, index: int, events: Events, ids: Ids) -> None:
        super().__init__(part_index, index, events, ids)
        self._signed = False
        self._start({"type": "thinking", "thinking": "", "signature": ""})

    def feed(self, delta: PartDelta) -> None:
        if not isinstance(delta, ReasoningPartDelta):
            raise self._wrong(delta, "reasoning")
        if delta.text:
            self._delta("thinking_delta", thinking=delta.text)
        if delta.signature is not None:
            self._sign(delta.signature)

    def _sign(self, signature: str) -> None:
        self._signed = True
        if signature:
            self._delta("signature_delta", signature=signature)

    def finish(self) -> None:
        if not self._signed:
            self._sign(signed(ReasoningPart(text=""), self._ids).signature or "")
        super().finish()


class OpenWhole(OpenBlock):
    """A block that stands whole in its start: redacted thinking, a result of a hosted tool, and opaque ones.

    So does a call with its input where another tool has made it (recorded).
    """

    def __init__(self, beside: list[Part], part_index: int, index: int, events: Events, ids: Ids) -> None:
        super().__init__(part_index, index, events, ids)
        self._beside = beside
        self._part = StreamAccumulator()

    def feed(self, delta: PartDelta) -> None:
        self._part.add_partial(PartialModelResponse(delta=ContentDelta(index=0, part=delta)))

    def finish(self) -> None:
        [part] = self._part.compute_response().content
        block = encode_block(part, self._beside, f"content[{self.part_index}]", self._ids)
        kind = block.get("type")
        if "input" in block and block.get("caller") in (None, DIRECT):
            self._start({**block, "input": {}})
            self._delta("input_json_delta", partial_json="")
            if block["input"]:
                self._delta("input_json_delta", partial_json=dump_json(block["input"]).decode())
        elif kind == "compaction":
            self._start({"type": kind, "content": None})
            self._delta("compaction_delta", **{name: value for name, value in block.items() if name != "type"})
        else:
            self._start(block)
        super().finish()


def open_block(delta: ContentDelta, index: int, events: Events, calls: list[ToolCallPart], ids: Ids) -> OpenBlock:
    """Write the events that start the block of this delta, as far as they are known.

    ``calls`` are the calls of the answer so far, and grow by this one. Raises UnsupportedError for a part without a
    block.
    """
    part, here = delta.part, delta.index
    match part.type:
        case "text":
            return OpenText(here, index, events, ids)
        case "tool-call" if not part.provider_executed or part.tool_name == WEB_SEARCH:
            if not part.tool_name or not part.tool_call_id:
                raise nameless_call(here, PROVIDER)
            call = ToolCallPart(args={}, **part.model_dump(exclude={"args"}))
            calls.append(call)
            if caller_fields(call.signature):
                return OpenWhole([], here, index, events, ids)
            return OpenToolUse(call, here, index, events, ids)
        case "reasoning" if part.id != REDACTED:
            return OpenThinking(here, index, events, ids)
        case "reasoning":
            return OpenWhole([], here, index, events, ids)
        case "tool-result" if part.provider_executed and part.tool_name == WEB_SEARCH:
            return OpenWhole([*calls], here, index, events, ids)
        case "opaque" if part.provider == PROVIDER:
            return OpenWhole([], here, index, events, ids)
    raise cannot_answer(part.type, f"content[{here}]", PROVIDER)
