"""The stream events <-> partial responses.

Content blocks and calls are counted apart on the wire; here all parts have one order, that of
:mod:`llm_sdk.providers.cohere.assistant`, in whatever order they come.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from llm_sdk.accumulator import StreamAccumulator, parse_tool_arguments
from llm_sdk.codec import Ids
from llm_sdk.deltas import (
    ContentDelta,
    OpaquePartDelta,
    PartialModelResponse,
    Partials,
    ReasoningPartDelta,
    TextPartDelta,
    ToolCallPartDelta,
    citation_at,
    delta_at,
)
from llm_sdk.providers.cohere import wire
from llm_sdk.providers.cohere.assistant import cited_block, unknown_block
from llm_sdk.providers.cohere.content import LOST_CITATION, NO_ARGUMENTS, PROVIDER, TOOL_PLAN, decode_citation
from llm_sdk.providers.cohere.errors import embedded_error
from llm_sdk.providers.cohere.response import ERROR, decode_finish, decode_usage, encode_finish, encode_usage, new_id
from llm_sdk.providers.cohere.stream_blocks import OpenBlock, Places, emit, open_block
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import JsonObject
from llm_sdk.uncarried import already_ended
from llm_sdk.wire_event import EventReaders, event_type, read_event, stream_truncated

END_MARK = b"[DONE]"
# Indices of the plan and of the calls, behind those of all content blocks.
PLAN_INDEX = 1 << 16
CALLS_INDEX = PLAN_INDEX + 1


@dataclass(slots=True)
class _Call:
    """Arguments that may yet turn out to be the word for none are held back."""

    name: str = ""
    held: str = ""
    told: bool = False
    arguments: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Blocks:
    """What is known of the content blocks: the first text, and those without a unified form."""

    first_text: int | None = None
    texts: set[int] = field(default_factory=set)
    unknown: dict[int, JsonObject] = field(default_factory=dict)


class StreamDecoder:
    """See :class:`llm_sdk.codec.StreamDecoder`."""

    def __init__(self) -> None:
        self._blocks = _Blocks()
        self._calls: dict[int, _Call] = {}
        self._uncited: list[wire.Citation] = []
        self._number = 0
        self._finished = False
        self._ended = False

    def feed(self, event: ServerSentEvent) -> Partials:
        """Read one event. Unknown ones mean nothing; a malformed one is an InvariantError that gives its number, and so
        are in the end arguments of a call that are no JSON object, unless the answer was cut short."""
        number, self._number = self._number, self._number + 1
        if self._ended:
            return []
        if event.data == END_MARK:
            self._ended = self._finished
            return []
        reader = self._READERS.get(event.event) or self._READERS.get(event_type(event, number, PROVIDER))
        if reader is None:
            return []
        model, read = reader
        return read(self, read_event(model, event, number, PROVIDER))

    def close(self) -> Partials:
        """Raises StreamTruncatedError when message-end or the end mark behind it is missing."""
        if not self._ended:
            missing = "[DONE]" if self._finished else "message-end"
            raise stream_truncated(self._number, missing, PROVIDER)
        return []

    def _message_start(self, event: wire.MessageStart) -> Partials:
        return [PartialModelResponse(id=event.id)]

    def _content_start(self, event: wire.ContentEvent) -> Partials:
        content = event.delta.message.content
        match content.get("type"):
            case "text":
                return [*self._text(event.index, content), *self._cite_what_waits()]
            case "thinking":
                return self._thinking(event.index, content)
        self._blocks.unknown[event.index] = dict(content)
        return []

    def _content_delta(self, event: wire.ContentEvent) -> Partials:
        content = event.delta.message.content
        block = self._blocks.unknown.get(event.index)
        if block is not None:
            for name, more in content.items():
                so_far = block.get(name)
                block[name] = so_far + more if isinstance(so_far, str) and isinstance(more, str) else more
            return []
        return self._thinking(event.index, content) if "thinking" in content else self._text(event.index, content)

    def _text(self, index: int, content: JsonObject) -> Partials:
        blocks = self._blocks
        if index not in blocks.texts:
            blocks.texts.add(index)
            blocks.first_text = index if blocks.first_text is None else min(index, blocks.first_text)
        return [delta_at(index, TextPartDelta(text=_word(content, "text")))]

    def _thinking(self, index: int, content: JsonObject) -> Partials:
        return [delta_at(index, ReasoningPartDelta(text=_word(content, "thinking")))]

    def _content_end(self, event: wire.EndEvent) -> Partials:
        block = self._blocks.unknown.pop(event.index, None)
        if block is None:
            return []
        part = OpaquePartDelta(provider=PROVIDER, data=block)
        warning = unknown_block(str(block.get("type")))
        return [delta_at(event.index, part), PartialModelResponse(warnings=[warning])]

    def _citation_start(self, event: wire.CitationEvent) -> Partials:
        return self._cite(event.delta.message.citations)

    def _cite(self, citation: wire.Citation) -> Partials:
        at = cited_block(citation, self._blocks.first_text)
        if at not in self._blocks.texts:
            self._uncited.append(citation)
            return []
        return [citation_at(at, one) for one in decode_citation(citation)]

    def _cite_what_waits(self) -> Partials:
        waiting, self._uncited = self._uncited, []
        return [partial for citation in waiting for partial in self._cite(citation)]

    def _plan_delta(self, event: wire.PlanEvent) -> Partials:
        text = event.delta.message.tool_plan
        return [delta_at(PLAN_INDEX, ReasoningPartDelta(text=text, id=TOOL_PLAN))] if text else []

    def _call_start(self, event: wire.CallEvent) -> Partials:
        call = event.delta.message.tool_calls
        self._calls[event.index] = _Call(call.function.name)
        head = ToolCallPartDelta(tool_call_id=call.id, tool_name=call.function.name)
        partials = [delta_at(CALLS_INDEX + event.index, head)]
        return partials + self._arguments(event.index, call.function.arguments or "")

    def _call_delta(self, event: wire.ArgumentsEvent) -> Partials:
        return self._arguments(event.index, event.delta.message.tool_calls.function.arguments)

    def _arguments(self, index: int, fragment: str) -> Partials:
        call = self._calls.setdefault(index, _Call())
        call.arguments.append(fragment)
        if not call.told:
            call.held += fragment
            if NO_ARGUMENTS.startswith(call.held.strip()):
                return []
            fragment, call.held, call.told = call.held, "", True
        return [delta_at(CALLS_INDEX + index, ToolCallPartDelta(args=fragment))] if fragment else []

    def _rest_of_calls(self) -> Partials:
        """What was held back and is neither empty nor the word for none: an answer that was cut."""
        rests = {index: call.held for index, call in self._calls.items() if call.held.strip() not in ("", NO_ARGUMENTS)}
        return [delta_at(CALLS_INDEX + index, ToolCallPartDelta(args=held)) for index, held in rests.items()]

    def _check_calls(self) -> None:
        for call in self._calls.values():
            text = "".join(call.arguments)
            if text.strip() != NO_ARGUMENTS:
                parse_tool_arguments(text, call.name)

    def _message_end(self, event: wire.MessageEnd) -> Partials:
        end = event.delta
        if end.finish_reason == ERROR:
            raise embedded_error(end.error, end.error_type)
        self._finished = True
        finish_reason, finish_detail = decode_finish(end.finish_reason)
        if finish_reason != "length":
            self._check_calls()
        partials = [
            *self._rest_of_calls(),
            *(partial for at in list(self._blocks.unknown) for partial in self._content_end(wire.EndEvent(index=at))),
            *self._cite_what_waits(),
        ]
        last = PartialModelResponse(
            usage=decode_usage(end.usage),
            finish_reason=finish_reason,
            finish_detail=finish_detail,
            warnings=[LOST_CITATION] * len(self._uncited),
        )
        return [*partials, last]

    _READERS: ClassVar[EventReaders] = {
        "message-start": (wire.MessageStart, _message_start),
        "content-start": (wire.ContentEvent, _content_start),
        "content-delta": (wire.ContentEvent, _content_delta),
        "content-end": (wire.EndEvent, _content_end),
        "tool-plan-delta": (wire.PlanEvent, _plan_delta),
        "tool-call-start": (wire.CallEvent, _call_start),
        "tool-call-delta": (wire.ArgumentsEvent, _call_delta),
        "citation-start": (wire.CitationEvent, _citation_start),
        "message-end": (wire.MessageEnd, _message_end),
    }


def _word(content: JsonObject, name: str) -> str:
    text = content.get(name)
    return text if isinstance(text, str) else ""


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
        return [*events, emit("message-end", delta=end), ServerSentEvent(END_MARK)]

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
