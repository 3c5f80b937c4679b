"""The stream chunks of Mistral's chat completions -> partial responses.

What is said comes first and the calls behind it, as in a whole answer; chunks of one kind go on with the part before
them as long as :func:`llm_sdk.providers.mistral.response.joins` says so.
"""

from pydantic import ValidationError

from llm_sdk.deltas import (
    CitationDelta,
    OpaquePartDelta,
    PartDelta,
    PartialModelResponse,
    Partials,
    ReasoningPartDelta,
    TextPartDelta,
    delta_at,
)
from llm_sdk.errors import InvariantError
from llm_sdk.providers.mistral import wire, wire_events
from llm_sdk.providers.mistral.content import PROVIDER, decode_answer
from llm_sdk.providers.mistral.errors import embedded_error
from llm_sdk.providers.mistral.finish import decode_finish
from llm_sdk.providers.mistral.response import ERROR_OBJECT, chunks_of, is_silent, joins, other_choices
from llm_sdk.providers.mistral.stream_calls import StreamedCalls
from llm_sdk.providers.mistral.usage import decode_usage
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import OpaquePart, Part, ReasoningPart, TextPart
from llm_sdk.wire_event import stream_truncated
from llm_sdk.wire_model import malformed

FIRST_CALL = 1 << 20
"""Index of the first call: behind all that is said, whenever that comes."""

EVENTS = {"": wire_events.CompletionChunk}
"""The models of the events of a stream, by their type; these have none."""


class StreamDecoder:
    """See :class:`llm_sdk.codec.StreamDecoder`."""

    def __init__(self) -> None:
        self._number = 0
        self._begun = False
        self._ended = False
        self._last: Part | None = None
        self._index = -1
        self._calls = StreamedCalls()
        self._choices: set[int] = set()
        self._finish: str | None = None
        self._usage: wire.Usage | None = None
        self._warnings: list[str] = []

    def feed(self, event: ServerSentEvent) -> Partials:
        """Read one event. Raises InvariantError, with its number, for a malformed one, and in the end for arguments of
        a call that are no JSON object, unless the answer was cut short."""
        number, self._number = self._number, self._number + 1
        if self._ended:
            return []
        if event.data.strip() == wire.END_MARK:
            return self._end()
        try:
            chunk = wire_events.CompletionChunk.model_validate_json(event.data)
            if chunk.object == ERROR_OBJECT:
                raise embedded_error(wire.ErrorBody.model_validate_json(event.data))
        except ValidationError as error:
            malformed(error, f"event {number}", PROVIDER, event.data)
        return self._chunk(chunk)

    def close(self) -> Partials:
        """Raises StreamTruncatedError when the end mark is missing."""
        if not self._ended:
            raise stream_truncated(self._number, "[DONE]", PROVIDER)
        return []

    def _chunk(self, chunk: wire_events.CompletionChunk) -> Partials:
        partials: Partials = []
        if not self._begun and chunk.id:
            self._begun = True
            partials.append(PartialModelResponse(id=chunk.id, model_id=chunk.model or None))
        self._usage = chunk.usage or self._usage
        for choice in chunk.choices:
            self._choices.add(choice.index)
            if choice.index == 0:
                partials += self._choice(choice)
        return partials

    def _choice(self, choice: wire_events.ChunkChoice) -> Partials:
        self._finish = choice.finish_reason or self._finish
        partials: Partials = []
        if choice.delta.content:
            parts = decode_answer(chunks_of(choice.delta.content), self._warnings)
            partials = [delta_at(index, delta) for part in parts for index, delta in self._part(part)]
        for fragment in choice.delta.tool_calls or ():
            position, delta = self._calls.feed(fragment)
            partials.append(delta_at(FIRST_CALL + position, delta))
        return partials

    def _part(self, part: Part) -> list[tuple[int, PartDelta]]:
        """The deltas of what a chunk holds, each with its index."""
        if is_silent(part):
            return []
        if not joins(self._last, part):
            self._index += 1
            self._last = part
        elif isinstance(self._last, ReasoningPart) or getattr(part, "citations", None):
            self._last = part
        match part:
            case TextPart():
                cited = (CitationDelta(source=citation.source) for citation in part.citations or ())
                text = [TextPartDelta(text=part.text)] if part.text else []
                deltas = [*text, *(TextPartDelta(text="", citation=citation) for citation in cited)]
                return [(self._index, delta) for delta in deltas]
            case ReasoningPart():
                return [(self._index, ReasoningPartDelta(**part.model_dump()))]
            case OpaquePart():
                return [(self._index, OpaquePartDelta(**part.model_dump()))]
        raise InvariantError(f"an answer cannot hold {part.type}", provider=PROVIDER)

    def _end(self) -> Partials:
        self._ended = True
        finish_reason, finish_detail = decode_finish(self._finish)
        if finish_reason != "length":
            self._calls.check()
        return [
            PartialModelResponse(
                usage=decode_usage(self._usage) if self._usage else None,
                finish_reason=finish_reason,
                finish_detail=finish_detail,
                warnings=[*self._warnings, *other_choices(len(self._choices))] or None,
            )
        ]


NOTHING = "keepalive"


def event_kind(event: ServerSentEvent) -> str:
    """What a chunk brings, for comparing two streams (see :class:`conformance.stream_judge.NamesEvents`).

    The first chunk's role and chunks of other choices bring nothing, nor does an end alone: it comes with the last
    piece of what is said, or behind it.
    """
    if event.data.strip() == wire.END_MARK:
        return "[DONE]"
    chunk = wire_events.CompletionChunk.model_validate_json(event.data)
    if chunk.object == ERROR_OBJECT:
        return ERROR_OBJECT
    delta = next((choice.delta for choice in chunk.choices if choice.index == 0), wire_events.Delta())
    if delta.tool_calls:
        return "tool calls"
    said = chunks_of(delta.content)
    return said[-1].type if said else NOTHING
