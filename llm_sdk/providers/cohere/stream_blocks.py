"""One block of a streamed answer: the events that open it, go on with it and end it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from llm_sdk.codec import dump_json
from llm_sdk.deltas import (
    ContentDelta,
    OpaquePartDelta,
    PartDelta,
    ReasoningPartDelta,
    TextPartDelta,
    ToolCallPartDelta,
    cited,
)
from llm_sdk.errors import InvariantError
from llm_sdk.providers.cohere.content import PROVIDER, TOOL_PLAN, encode_citations, passage_of
from llm_sdk.providers.cohere.response import refuse_hosted
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import Citation, JsonObject
from llm_sdk.uncarried import cannot_answer, nameless_call, other_kind


def emit(type: str, **fields: Any) -> ServerSentEvent:
    """One event, named and typed."""
    return ServerSentEvent(dump_json({"type": type, **fields}), type)


@dataclass(slots=True)
class Places:
    """How many blocks, calls and citations were begun: each kind is counted by itself."""

    blocks: int = 0
    calls: int = 0
    citations: int = 0
    first_text: int | None = None

    def next_block(self) -> int:
        """The position of a new content block."""
        self.blocks += 1
        return self.blocks - 1


class OpenBlock(ABC):
    """A part that has begun. ``index`` is the unified one."""

    def __init__(self, index: int) -> None:
        self.index = index

    @abstractmethod
    def begin(self) -> list[ServerSentEvent]:
        """Write what stands before the first delta."""

    @abstractmethod
    def feed(self, part: PartDelta) -> list[ServerSentEvent]:
        """Write what a delta brings, the first one included."""

    @abstractmethod
    def finish(self) -> list[ServerSentEvent]:
        """Write the end."""

    def _wrong(self, part: PartDelta, kind: str) -> InvariantError:
        return other_kind(self.index, part, kind, PROVIDER)


class _ContentBlock(OpenBlock):
    """A block of the content: ``field`` is its kind, and where its text stands."""

    field: str

    def __init__(self, index: int, places: Places) -> None:
        super().__init__(index)
        self._places = places
        self._at = places.next_block()

    def begin(self) -> list[ServerSentEvent]:
        return [self._emit("content-start", {"type": self.field, self.field: ""})]

    def finish(self) -> list[ServerSentEvent]:
        return [emit("content-end", index=self._at)]

    def _emit(self, type: str, content: JsonObject) -> ServerSentEvent:
        return emit(type, index=self._at, delta={"message": {"content": content}})

    def _more(self, text: str) -> list[ServerSentEvent]:
        return [self._emit("content-delta", {self.field: text})] if text else []


class OpenText(_ContentBlock):
    """A text. Citations of one passage are one on the wire: they wait until another thing comes."""

    field = "text"

    def __init__(self, index: int, places: Places) -> None:
        super().__init__(index, places)
        if places.first_text is None:
            places.first_text = self._at
        self._written: list[str] = []
        self._citations: list[Citation] = []

    def feed(self, part: PartDelta) -> list[ServerSentEvent]:
        if not isinstance(part, TextPartDelta):
            raise self._wrong(part, "text")
        events: list[ServerSentEvent] = []
        if part.text:
            events += [*self._cite(), *self._more(part.text)]
            self._written.append(part.text)
        if (citation := cited(part)) is not None:
            if self._citations and passage_of(citation) != passage_of(self._citations[-1]):
                events += self._cite()
            self._citations.append(citation)
        return events

    def finish(self) -> list[ServerSentEvent]:
        return [*self._cite(), *super().finish()]

    def _cite(self) -> list[ServerSentEvent]:
        events = []
        elsewhere = {} if self._at == self._places.first_text else {"content_index": self._at}
        for citation in encode_citations(self._citations, "".join(self._written)):
            at = self._places.citations
            self._places.citations += 1
            events.append(emit("citation-start", index=at, delta={"message": {"citations": {**citation, **elsewhere}}}))
            events.append(emit("citation-end", index=at))
        self._citations = []
        return events


class OpenThinking(_ContentBlock):
    """What a reasoning model thinks."""

    field = "thinking"

    def feed(self, part: PartDelta) -> list[ServerSentEvent]:
        if not isinstance(part, ReasoningPartDelta):
            raise self._wrong(part, "reasoning")
        return self._more(part.text)


class OpenPlan(OpenBlock):
    """What the model says it will do: nothing marks its beginning and its end."""

    def begin(self) -> list[ServerSentEvent]:
        return []

    def feed(self, part: PartDelta) -> list[ServerSentEvent]:
        if not isinstance(part, ReasoningPartDelta):
            raise self._wrong(part, "reasoning")
        return [emit("tool-plan-delta", delta={"message": {"tool_plan": part.text}})] if part.text else []

    def finish(self) -> list[ServerSentEvent]:
        return []


class OpenCall(OpenBlock):
    """Name and id come first, then the arguments as they are written."""

    def __init__(self, index: int, places: Places, part: ToolCallPartDelta) -> None:
        super().__init__(index)
        if not part.tool_name or not part.tool_call_id:
            raise nameless_call(index, PROVIDER)
        self._at = places.calls
        places.calls += 1
        function = {"name": part.tool_name, "arguments": ""}
        self._call: JsonObject = {"id": part.tool_call_id, "type": "function", "function": function}

    def begin(self) -> list[ServerSentEvent]:
        return [self._emit("tool-call-start", self._call)]

    def feed(self, part: PartDelta) -> list[ServerSentEvent]:
        if not isinstance(part, ToolCallPartDelta):
            raise self._wrong(part, "tool-call")
        return [self._emit("tool-call-delta", {"function": {"arguments": part.args}})] if part.args else []

    def finish(self) -> list[ServerSentEvent]:
        return [emit("tool-call-end", index=self._at)]

    def _emit(self, type: str, call: JsonObject) -> ServerSentEvent:
        return emit(type, index=self._at, delta={"message": {"tool_calls": call}})


class OpenOpaque(_ContentBlock):
    """A block in the provider's own words, whole."""

    def __init__(self, index: int, places: Places, part: OpaquePartDelta) -> None:
        super().__init__(index, places)
        self._block = part.data

    def begin(self) -> list[ServerSentEvent]:
        return []

    def feed(self, part: PartDelta) -> list[ServerSentEvent]:
        if not isinstance(part, OpaquePartDelta):
            raise self._wrong(part, "opaque")
        self._block = part.data
        return []

    def finish(self) -> list[ServerSentEvent]:
        return [self._emit("content-start", self._block), *super().finish()]


def open_block(delta: ContentDelta, places: Places) -> OpenBlock:
    """A block for the part of this delta. Raises UnsupportedError for a part that an answer cannot carry."""
    index, part = delta.index, delta.part
    path = f"content[{index}]"
    refuse_hosted(part, path)
    match part:
        case TextPartDelta():
            return OpenText(index, places)
        case ReasoningPartDelta(id=id):
            return OpenPlan(index) if id == TOOL_PLAN else OpenThinking(index, places)
        case ToolCallPartDelta():
            return OpenCall(index, places, part)
        case OpaquePartDelta(provider=provider) if provider == PROVIDER:
            return OpenOpaque(index, places, part)
    raise cannot_answer(part.type, path, PROVIDER)
