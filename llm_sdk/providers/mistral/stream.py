"""The chunks of a streamed completion <-> partial responses.

What is said comes first and the calls behind it, as in a whole answer; chunks of one kind go on with the part before
them as long as :func:`llm_sdk.providers.mistral.response.joins` says so.
"""

from pydantic import ValidationError

from llm_sdk.accumulator import StreamAccumulator
from llm_sdk.codec import Ids, ModelCall, dump_json
from llm_sdk.deltas import (
    CitationDelta,
    OpaquePartDelta,
    PartDelta,
    PartialModelResponse,
    Partials,
    ReasoningPartDelta,
    TextPartDelta,
    ToolCallPartDelta,
    delta_at,
)
from llm_sdk.errors import InvariantError
from llm_sdk.providers.mistral import wire
from llm_sdk.providers.mistral.content import PROVIDER, decode_answer, encode_thinking, reference_id
from llm_sdk.providers.mistral.errors import embedded_error
from llm_sdk.providers.mistral.response import (
    ERROR_OBJECT,
    chunks_of,
    decode_finish,
    describe,
    encode_finish,
    is_silent,
    joins,
    other_choices,
    wanted_choices,
)
from llm_sdk.providers.mistral.stream_calls import StreamedCalls
from llm_sdk.providers.mistral.tool_call_ids import answered_id
from llm_sdk.providers.mistral.usage import decode_usage, encode_usage
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import JsonObject, OpaquePart, Part, ReasoningPart, TextPart
from llm_sdk.uncarried import already_ended, cannot_answer, nameless_call
from llm_sdk.wire_event import stream_truncated
from llm_sdk.wire_model import malformed

FIRST_CALL = 1 << 20
"""Index of the first call: behind all that is said, whenever that comes."""
PADDING = "abcdefghijklmnopqrstuvwxyz0123456789"
"""Every chunk but the first is padded with the first few of these (recorded)."""


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
            chunk = wire.CompletionChunk.model_validate_json(event.data)
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

    def _chunk(self, chunk: wire.CompletionChunk) -> Partials:
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

    def _choice(self, choice: wire.ChunkChoice) -> Partials:
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
    chunk = wire.CompletionChunk.model_validate_json(event.data)
    if chunk.object == ERROR_OBJECT:
        return ERROR_OBJECT
    delta = next((choice.delta for choice in chunk.choices if choice.index == 0), wire.Delta())
    if delta.tool_calls:
        return "tool calls"
    said = chunks_of(delta.content)
    return said[-1].type if said else NOTHING


class StreamEncoder:
    """See :class:`llm_sdk.codec.StreamEncoder`.

    Texts and thoughts are written as they come, one part after another; calls are written whole, in the last chunk.
    """

    def __init__(self, call: ModelCall, ids: Ids) -> None:
        self._call = call
        self._ids = ids
        self._head = StreamAccumulator()
        self._about: JsonObject | None = None
        self._calls: dict[int, JsonObject] = {}
        self._arguments: dict[int, list[str]] = {}
        self._hosted: set[int] = set()
        self._index: int | None = None
        self._ended_indices: set[int] = set()
        self._written: list[ServerSentEvent] = []

    def feed(self, partial: PartialModelResponse) -> list[ServerSentEvent]:
        """Write what this partial brings. Raises UnsupportedError for a part that this protocol cannot carry."""
        self._head.add_partial(partial.model_copy(update={"delta": None}))
        self._begin()
        if partial.delta is not None:
            self._write(partial.delta.index, partial.delta.part)
        return self._take()

    def close(self) -> list[ServerSentEvent]:
        """Write the calls, why the answer ended, its usage, all in one chunk, and the end mark."""
        self._begin()
        whole = self._head.compute_response()
        calls = [
            {**call, "function": {"name": call["function"], "arguments": "".join(self._arguments[index])}, "index": at}
            for at, (index, call) in enumerate(sorted(self._calls.items()))
        ]
        delta: JsonObject = {"tool_calls": calls} if calls else {"content": ""}
        usage = None if whole.usage is None else encode_usage(whole.usage)
        self._emit(delta, encode_finish(whole, calls=bool(calls)), usage)
        self._written.append(ServerSentEvent(wire.END_MARK))
        return self._take()

    def _begin(self) -> None:
        """The first chunk has the role, and an empty text."""
        if self._about is None:
            about = describe(self._head.snapshot(), call=self._call, ids=self._ids)
            self._about = {"id": about["id"], "object": "chat.completion.chunk", **about}
            self._emit({"role": "assistant", "content": ""})

    def _write(self, index: int, part: PartDelta) -> None:
        if isinstance(part, ToolCallPartDelta):
            self._tool_call(index, part)
            return
        if getattr(part, "provider_executed", None):
            return  # a hosted tool shows in what is said only
        self._enter(index)
        match part:
            case TextPartDelta():
                if part.text:
                    self._emit({"content": part.text})
                if part.citation is not None and part.citation.source is not None:
                    ids = [reference_id(part.citation.source)]
                    self._emit({"content": [{"type": "reference", "reference_ids": ids}]})
            case ReasoningPartDelta():
                if part.text or part.signature is not None:
                    self._emit({"content": [encode_thinking(part.text, part.signature)]})
            case OpaquePartDelta(provider=provider, data=data) if provider == PROVIDER:
                self._emit({"content": [data]})
            case _:
                raise cannot_answer(part.type, f"content[{index}]", PROVIDER)

    def _enter(self, index: int) -> None:
        """Go on with a part, or end the one before it."""
        if index in self._ended_indices:
            raise already_ended(index, "part", PROVIDER)
        if self._index is not None and self._index != index:
            self._ended_indices.add(self._index)
        self._index = index

    def _tool_call(self, index: int, part: ToolCallPartDelta) -> None:
        if part.provider_executed or index in self._hosted:
            self._hosted.add(index)
            return
        if index not in self._calls:
            if not part.tool_call_id or not part.tool_name:
                raise nameless_call(index, PROVIDER)
            id = answered_id(part.tool_call_id)
            self._calls[index] = {"id": id, "type": "function", "function": part.tool_name}
            self._arguments[index] = []
        self._arguments[index].append(part.args or "")

    def _emit(self, delta: JsonObject, finish_reason: str | None = None, usage: JsonObject | None = None) -> None:
        """Write a chunk for each choice; usage comes with the last of them."""
        choices = wanted_choices(self._call)
        first = "role" in delta
        for index in range(choices):
            choice = {"index": index, "delta": delta, "finish_reason": finish_reason}
            chunk = {**(self._about or {}), "choices": [choice]}
            if usage is not None and index == choices - 1:
                chunk["usage"] = usage
            if not first:
                chunk["p"] = PADDING[: PADDING.index(self._ids.token(1, PADDING)) + 1]
            self._written.append(ServerSentEvent(dump_json(chunk)))

    def _take(self) -> list[ServerSentEvent]:
        written, self._written = self._written, []
        return written
