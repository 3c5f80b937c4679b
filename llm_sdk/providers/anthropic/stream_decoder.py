"""The stream events of the Messages API -> partial responses.

A block is a part at the same index. What goes into an opaque part is collected until its block stops; everything else
is shown as it comes. Usage comes as running totals and goes on as increments.
"""

from typing import ClassVar

from llm_sdk.accumulator import accumulate, parse_tool_arguments, subtract_usage
from llm_sdk.codec import dump_json
from llm_sdk.deltas import (
    OpaquePartDelta,
    PartialModelResponse,
    Partials,
    ReasoningPartDelta,
    TextPartDelta,
    ToolCallPartDelta,
    ToolResultPartDelta,
    citation_at,
    delta_at,
)
from llm_sdk.errors import InvariantError
from llm_sdk.providers.anthropic import wire, wire_events
from llm_sdk.providers.anthropic.citations import decode_citation
from llm_sdk.providers.anthropic.content import PROVIDER, decode_block
from llm_sdk.providers.anthropic.errors import embedded_error
from llm_sdk.providers.anthropic.finish import REFUSAL, decode_finish
from llm_sdk.providers.anthropic.response import refusal_error, refusal_parts
from llm_sdk.providers.anthropic.usage import decode_usage
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import JsonObject, ModelUsage, OpaquePart, ReasoningPart, TextPart, ToolCallPart, ToolResultPart
from llm_sdk.wire_event import EventReaders, event_type, read_event, stream_truncated


class StreamDecoder:
    """See :class:`llm_sdk.codec.StreamDecoder`."""

    def __init__(self) -> None:
        self._number = 0
        self._told: Partials = []
        self._opaque: dict[int, JsonObject] = {}
        self._inputs: dict[int, list[str]] = {}
        self._tool_names: dict[int, str] = {}
        self._started_inputs: dict[int, JsonObject] = {}
        self._next_index = 0
        self._usage = wire.Usage()
        self._begun = False
        self._ended = False
        self._cut_short = False
        self._refused: wire.Stop | None = None

    def feed(self, event: ServerSentEvent) -> Partials:
        """Read one event. Unknown ones mean nothing; a malformed one is an InvariantError that gives its number, and
        arguments of a call that come to no JSON object are one in the end, unless the answer was cut short."""
        number, self._number = self._number, self._number + 1
        if self._ended:
            return []  # nothing may follow the end mark; some recordings go on with the next answer
        reader = self.READERS.get(event.event or event_type(event, number, PROVIDER))
        if reader is None:
            return []
        model, read = reader
        partials = read(self, read_event(model, event, number, PROVIDER))
        self._told += partials
        return partials

    def close(self) -> Partials:
        """Raises RefusalError for a refusal that the stream told, and StreamTruncatedError when its end is missing."""
        if not self._ended:
            raise stream_truncated(self._number, "message_stop", PROVIDER)
        if self._refused is not None:
            raise refusal_error(accumulate(self._told), self._refused)
        return []

    def _message_start(self, event: wire_events.MessageStart) -> Partials:
        if self._begun:
            raise InvariantError("a second message_start stands in one answer", provider=PROVIDER)
        self._begun = True
        message = event.message
        usage = self._count(message.usage)
        partials = [PartialModelResponse(id=message.id, model_id=message.model, usage=usage)]
        for at, block in enumerate(message.content):
            partials += self._start(at, block) + self._stop(at)
        return partials + (self._finish(message) if message.stop_reason is not None else [])

    def _block_start(self, event: wire_events.BlockStart) -> Partials:
        return self._start(event.index, event.content_block)

    def _start(self, index: int, block: wire.Block) -> Partials:
        self._next_index = max(self._next_index, index + 1)
        warnings: list[str] = []
        part = decode_block(block, warnings)
        match part:
            case OpaquePart():
                self._opaque[index] = dict(part.data)
                return [PartialModelResponse(warnings=warnings)]
            case TextPart():
                return [delta_at(index, TextPartDelta(text=part.text)), *self._citations(index, block)]
            case ToolCallPart():
                # The arguments follow; those that stand here are empty, or come once more (recorded).
                self._started_inputs[index] = part.args
                self._tool_names[index] = part.tool_name
                return [delta_at(index, ToolCallPartDelta(**part.model_dump(exclude={"args"})))]
            case ToolResultPart():
                return [delta_at(index, ToolResultPartDelta(**part.model_dump()))]
            case ReasoningPart():
                # The signature of thinking is empty here.
                return [delta_at(index, ReasoningPartDelta(**part.model_dump()))]
        return []

    def _citations(self, index: int, block: wire.Block) -> Partials:
        locations = block.citations if isinstance(block, wire.Text) else None
        return [partial for location in locations or () for partial in self._citation(index, location)]

    def _citation(self, index: int, location: wire.Location) -> Partials:
        citation = decode_citation(location)
        if citation is None:
            return [PartialModelResponse(warnings=[f"citation: {location.type} has no unified form"])]
        return [citation_at(index, citation)]

    def _block_delta(self, event: wire_events.BlockDelta) -> Partials:
        index, delta = event.index, event.delta
        if index in self._opaque:
            self._collect(index, delta)
        elif delta.text is not None:
            return [delta_at(index, TextPartDelta(text=delta.text))]
        elif delta.partial_json is not None:
            if delta.partial_json:
                self._started_inputs.pop(index, None)
                self._inputs.setdefault(index, []).append(delta.partial_json)
            return [delta_at(index, ToolCallPartDelta(args=delta.partial_json))]
        elif delta.thinking is not None:
            return [delta_at(index, ReasoningPartDelta(text=delta.thinking))]
        elif delta.signature is not None:
            return [delta_at(index, ReasoningPartDelta(signature=delta.signature))]
        elif delta.citation is not None:
            return self._citation(index, delta.citation)
        return []

    def _collect(self, index: int, delta: wire_events.Delta) -> None:
        """A delta of a block that goes into an opaque part: JSON of its input, or fields of its own."""
        if delta.partial_json is not None:
            self._inputs.setdefault(index, []).append(delta.partial_json)
        else:
            self._opaque[index] |= delta.rest("type")

    def _block_stop(self, event: wire_events.BlockStop) -> Partials:
        return self._stop(event.index)

    def _stop(self, index: int) -> Partials:
        started = self._started_inputs.pop(index, None)
        if started:
            return [delta_at(index, ToolCallPartDelta(args=dump_json(started).decode()))]
        block = self._opaque.pop(index, None)
        if block is None:
            return []
        written = "".join(self._inputs.pop(index, []))
        if written:
            block["input"] = parse_tool_arguments(written, str(block.get("name", block.get("type"))))
        return [delta_at(index, OpaquePartDelta(provider=PROVIDER, data=block))]

    def _message_delta(self, event: wire_events.MessageDelta) -> Partials:
        usage = self._count(event.usage)
        counted = [PartialModelResponse(usage=usage)] if usage is not None else []
        return counted + self._finish(event.delta)

    def _finish(self, stop: wire.Stop) -> Partials:
        finish_reason, finish_detail = decode_finish(stop)
        self._cut_short = finish_reason == "length"
        partials: Partials = []
        if finish_detail == REFUSAL:
            self._refused = stop
            for part in refusal_parts(stop, said=self._next_index > 0):
                partials.append(delta_at(self._next_index, TextPartDelta.model_validate(part.model_dump())))
        return [*partials, PartialModelResponse(finish_reason=finish_reason, finish_detail=finish_detail)]

    def _count(self, totals: wire.Usage | None) -> ModelUsage | None:
        """What a running total adds to the one before it; a count that is left out has not changed."""
        if totals is None:
            return None
        before = decode_usage(self._usage)
        given = {name: value for name in wire.Usage.model_fields if (value := getattr(totals, name)) is not None}
        self._usage = self._usage.model_copy(update=given)
        return subtract_usage(decode_usage(self._usage), before)

    def _message_stop(self, _: wire_events.MessageStop) -> Partials:
        self._ended = True
        for index, name in self._tool_names.items() if not self._cut_short else ():
            parse_tool_arguments("".join(self._inputs.get(index, ())), name)
        # A server that forgets to stop its blocks has told them all the same.
        return [partial for index in sorted({*self._opaque, *self._started_inputs}) for partial in self._stop(index)]

    def _error(self, event: wire_events.ErrorEvent) -> Partials:
        error = embedded_error(event.error, event.request_id)
        error.locate(provider=PROVIDER, request_id=None)
        raise error

    READERS: ClassVar[EventReaders] = {
        "message_start": (wire_events.MessageStart, _message_start),
        "content_block_start": (wire_events.BlockStart, _block_start),
        "content_block_delta": (wire_events.BlockDelta, _block_delta),
        "content_block_stop": (wire_events.BlockStop, _block_stop),
        "message_delta": (wire_events.MessageDelta, _message_delta),
        "message_stop": (wire_events.MessageStop, _message_stop),
        "error": (wire_events.ErrorEvent, _error),
    }


EVENTS = {type: model for type, (model, _) in StreamDecoder.READERS.items()}
"""The models of the events of a stream, by their type."""
