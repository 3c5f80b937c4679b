"""Partial responses -> the stream chunks of Gemini.

A chunk holds parts of one kind; what of a part goes into which chunk stands in ``stream_parts.py``.
"""

from llm_sdk.accumulator import StreamAccumulator, sum_usage
from llm_sdk.codec import Ids, ModelCall, dump_json
from llm_sdk.deltas import ContentDelta, PartialModelResponse, TextPartDelta, ToolCallPartDelta, ToolResultPartDelta
from llm_sdk.providers.google.content import PROVIDER, WEB_SEARCH
from llm_sdk.providers.google.finish import REFUSAL
from llm_sdk.providers.google.grounding import CitedText, encode_grounding
from llm_sdk.providers.google.response import PartWriter, blocked, describe, every_candidate, finish_fields
from llm_sdk.providers.google.stream_parts import Change, OpenPart, OpenText, open_part
from llm_sdk.providers.google.usage import encode_usage
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import JsonObject, ModelUsage, TextPart, ToolCallPart, ToolResultPart
from llm_sdk.uncarried import already_ended


class _Chunk:
    """A chunk in the making: parts can be added to it until the next one begins."""

    def __init__(self) -> None:
        self.parts: list[JsonObject] = []
        self.finish: JsonObject = {}


class StreamEncoder:
    """See :class:`llm_sdk.codec.StreamEncoder`.

    A partial that names the answer begins a chunk, as every chunk of the provider's does; so does one that goes on with
    a text, or begins a part of another kind. Any other joins the chunk before it. A chunk is written when the next one
    begins, the last at the end: only then is known what stands in it.
    """

    def __init__(self, call: ModelCall, ids: Ids) -> None:
        self._call = call
        self._ids = ids
        self._told = StreamAccumulator()
        self._usage: ModelUsage | None = None
        self._head: JsonObject = {}
        self._parts = PartWriter("")
        self._chunk: _Chunk | None = None
        self._said_anything = False
        self._written: list[ServerSentEvent] = []
        self._open: OpenPart | None = None
        self._known: dict[int, OpenPart] = {}
        self._aside = StreamAccumulator()
        self._aside_indices: set[int] = set()
        self._refused = False

    def feed(self, partial: PartialModelResponse) -> list[ServerSentEvent]:
        """Write what this partial brings. Raises UnsupportedError for a part that this protocol cannot carry."""
        self._told.add_partial(partial.model_copy(update={"delta": None, "usage": None}))
        if not self._head:
            self._head = describe(self._told.snapshot(), call=self._call, ids=self._ids)
            self._parts = PartWriter(self._head["responseId"])
        self._refused = self._refused or partial.finish_detail == REFUSAL
        begins = partial.id is not None or partial.model_id is not None
        if partial.delta is not None:
            self._write(partial.delta, begins=begins)
        elif begins:
            self._finish_part()
            self._begin_chunk()
        if partial.usage is not None:
            self._usage = partial.usage if self._usage is None else sum_usage(self._usage, partial.usage)
        if partial.finish_reason is not None:
            chunk = self._chunk or self._begin_chunk()
            chunk.finish = finish_fields(self._told.snapshot())
        return self._take()

    def close(self) -> list[ServerSentEvent]:
        """Write the last chunk, with what the whole answer rests on."""
        self._finish_part()
        chunk = self._chunk or self._begin_chunk()
        if self._refused:
            said = [part.text for part in self._aside.snapshot().content if isinstance(part, TextPart)]
            self._write_chunk(blocked("".join(said)))
        else:
            self._write_chunk(self._candidate(chunk, last=True))
        return self._take()

    def _write(self, delta: ContentDelta, *, begins: bool) -> None:
        if self._is_aside(delta):
            self._aside_indices.add(delta.index)
            self._aside.add_partial(PartialModelResponse(delta=delta))
            return
        known = self._known.get(delta.index)
        if known is not None and known is not self._open:
            if not (isinstance(delta.part, TextPartDelta) and delta.part.citation and not delta.part.text):
                raise already_ended(delta.index, "part", PROVIDER)
            known.feed(Change(delta.part, begins=False))
            return
        if known is None:
            known = self._open_part(delta, begins=begins)
            known.feed(Change(delta.part, begins))
            self._put(known.piece)
        elif (piece := known.feed(Change(delta.part, begins))) is not None:
            self._begin_chunk()
            self._put(piece)

    def _is_aside(self, delta: ContentDelta) -> bool:
        """Whether this is not among the parts: a search, which only the end of the stream tells, or a refusal."""
        part = delta.part
        search = isinstance(part, ToolCallPartDelta | ToolResultPartDelta) and (
            part.provider_executed is True and part.tool_name == WEB_SEARCH
        )
        return search or self._refused or delta.index in self._aside_indices

    def _open_part(self, delta: ContentDelta, *, begins: bool) -> OpenPart:
        """A part of another kind begins a chunk. One of the same kind has to stand beside the part before it, where a
        reader would take it for more of that."""
        self._finish_part()
        opened = self._known[delta.index] = open_part(delta, self._parts)
        before, self._open = self._open, opened
        same = before is not None and before.kind == opened.kind
        beside = same and before is not None and before.goes_on
        if self._chunk is None or (not beside and (begins or (self._chunk.parts and not same))):
            self._begin_chunk()
        return opened

    def _finish_part(self) -> None:
        if self._open is not None:
            self._open.finish()

    def _begin_chunk(self) -> _Chunk:
        if self._chunk is not None:
            self._write_chunk(self._candidate(self._chunk, last=False))
        self._chunk = _Chunk()
        return self._chunk

    def _put(self, piece: JsonObject) -> None:
        chunk = self._chunk or self._begin_chunk()
        chunk.parts.append(piece)
        self._said_anything = True

    def _candidate(self, chunk: _Chunk, *, last: bool) -> JsonObject:
        parts = chunk.parts
        if not parts and chunk.finish and self._said_anything:
            parts = [{"text": ""}]
        content: JsonObject = {"parts": parts, "role": "model"} if parts else {"role": "model"}
        candidate: JsonObject = {"content": content, **chunk.finish, "index": 0}
        grounding = self._grounding() if last else None
        return candidate if grounding is None else {**candidate, "groundingMetadata": grounding}

    def _grounding(self) -> JsonObject | None:
        texts: list[CitedText] = []
        offset = 0
        for _, part in sorted(self._known.items()):
            if isinstance(part, OpenText) and part.is_text:
                texts.append(CitedText(part.text, offset, part.citations))
                offset += len(part.text.encode("utf-8", "surrogatepass"))
        aside = self._aside.compute_response().content
        call = next((part for part in aside if isinstance(part, ToolCallPart)), None)
        result = next((part for part in aside if isinstance(part, ToolResultPart)), None)
        return encode_grounding(texts, call, result)

    def _write_chunk(self, candidate: JsonObject) -> None:
        body: JsonObject = {"candidates": every_candidate(candidate, self._call)}
        if self._usage is not None:
            body["usageMetadata"] = encode_usage(self._usage)
        self._written.append(ServerSentEvent(dump_json({**body, **self._head}, separators=(",", ": "))))

    def _take(self) -> list[ServerSentEvent]:
        written, self._written = self._written, []
        return written
