"""The stream events of Cohere's chat -> partial responses.

Content blocks and calls are counted apart on the wire; here all parts have one order, that of
:mod:`llm_sdk.providers.cohere.assistant`, in whatever order they come.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from llm_sdk.accumulator import parse_tool_arguments
from llm_sdk.deltas import (
    OpaquePartDelta,
    PartialModelResponse,
    Partials,
    ReasoningPartDelta,
    TextPartDelta,
    ToolCallPartDelta,
    citation_at,
    delta_at,
)
from llm_sdk.providers.cohere import wire, wire_events
from llm_sdk.providers.cohere.assistant import cited_block, unknown_block
from llm_sdk.providers.cohere.content import LOST_CITATION, NO_ARGUMENTS, PROVIDER, TOOL_PLAN, decode_citation
from llm_sdk.providers.cohere.errors import embedded_error
from llm_sdk.providers.cohere.finish import ERROR, decode_finish
from llm_sdk.providers.cohere.usage import decode_usage
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import JsonObject
from llm_sdk.wire_event import EventReaders, event_type, read_event, stream_truncated

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
        if event.data == wire.END_MARK:
            self._ended = self._finished
            return []
        reader = self.READERS.get(event.event) or self.READERS.get(event_type(event, number, PROVIDER))
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

    def _message_start(self, event: wire_events.MessageStart) -> Partials:
        return [PartialModelResponse(id=event.id)]

    def _content_start(self, event: wire_events.ContentEvent) -> Partials:
        content = event.delta.message.content
        match content.get("type"):
            case "text":
                return [*self._text(event.index, content), *self._cite_what_waits()]
            case "thinking":
                return self._thinking(event.index, content)
        self._blocks.unknown[event.index] = dict(content)
        return []

    def _content_delta(self, event: wire_events.ContentEvent) -> Partials:
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

    def _content_end(self, event: wire_events.EndEvent) -> Partials:
        return self._end_block(event.index)

    def _end_block(self, index: int) -> Partials:
        block = self._blocks.unknown.pop(index, None)
        if block is None:
            return []
        part = OpaquePartDelta(provider=PROVIDER, data=block)
        warning = unknown_block(str(block.get("type")))
        return [delta_at(index, part), PartialModelResponse(warnings=[warning])]

    def _citation_start(self, event: wire_events.CitationEvent) -> Partials:
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

    def _plan_delta(self, event: wire_events.PlanEvent) -> Partials:
        text = event.delta.message.tool_plan
        return [delta_at(PLAN_INDEX, ReasoningPartDelta(text=text, id=TOOL_PLAN))] if text else []

    def _call_start(self, event: wire_events.CallEvent) -> Partials:
        call = event.delta.message.tool_calls
        self._calls[event.index] = _Call(call.function.name)
        head = ToolCallPartDelta(tool_call_id=call.id, tool_name=call.function.name)
        partials = [delta_at(CALLS_INDEX + event.index, head)]
        return partials + self._arguments(event.index, call.function.arguments or "")

    def _call_delta(self, event: wire_events.ArgumentsEvent) -> Partials:
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

    def _message_end(self, event: wire_events.MessageEnd) -> Partials:
        end = event.delta
        if end.finish_reason == ERROR:
            raise embedded_error(end.error, end.error_type)
        self._finished = True
        finish_reason, finish_detail = decode_finish(end.finish_reason)
        if finish_reason != "length":
            self._check_calls()
        partials = [
            *self._rest_of_calls(),
            *(partial for at in list(self._blocks.unknown) for partial in self._end_block(at)),
            *self._cite_what_waits(),
        ]
        last = PartialModelResponse(
            usage=decode_usage(end.usage),
            finish_reason=finish_reason,
            finish_detail=finish_detail,
            warnings=[LOST_CITATION] * len(self._uncited),
        )
        return [*partials, last]

    READERS: ClassVar[EventReaders] = {
        "message-start": (wire_events.MessageStart, _message_start),
        "content-start": (wire_events.ContentEvent, _content_start),
        "content-delta": (wire_events.ContentEvent, _content_delta),
        "content-end": (wire_events.EndEvent, _content_end),
        "tool-plan-delta": (wire_events.PlanEvent, _plan_delta),
        "tool-call-start": (wire_events.CallEvent, _call_start),
        "tool-call-delta": (wire_events.ArgumentsEvent, _call_delta),
        "citation-start": (wire_events.CitationEvent, _citation_start),
        "message-end": (wire_events.MessageEnd, _message_end),
    }


EVENTS = {type: model for type, (model, _) in StreamDecoder.READERS.items()}
"""The models of the events of a stream, by their type."""


def _word(content: JsonObject, name: str) -> str:
    text = content.get(name)
    return text if isinstance(text, str) else ""
