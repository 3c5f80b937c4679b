"""The stream chunks of Chat Completions -> partial responses.

A part has the same index whatever comes first: reasoning, text, audio, then the calls, as in a whole answer.
"""

from pydantic import ValidationError

from llm_sdk.deltas import (
    AudioPartDelta,
    OpaquePartDelta,
    PartialModelResponse,
    Partials,
    ReasoningPartDelta,
    TextPartDelta,
    citation_at,
    delta_at,
)
from llm_sdk.errors import RefusalError
from llm_sdk.providers.openai_chat_completion import wire, wire_events
from llm_sdk.providers.openai_chat_completion.content import (
    PROVIDER,
    decode_annotation,
    decode_image,
    numbered_citations,
)
from llm_sdk.providers.openai_chat_completion.errors import bare_error, embedded_error
from llm_sdk.providers.openai_chat_completion.finish import decode_finish, finish_word
from llm_sdk.providers.openai_chat_completion.response import other_choices, refused, split_text, unknown_content
from llm_sdk.providers.openai_chat_completion.sound import audio_fields
from llm_sdk.providers.openai_chat_completion.stream_calls import StreamedCalls
from llm_sdk.providers.openai_chat_completion.thinking import beside_thought, merge_details, reasoning_part, thought
from llm_sdk.providers.openai_chat_completion.usage import decode_usage
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import JsonObject, ModelResponse
from llm_sdk.wire_event import stream_truncated
from llm_sdk.wire_model import malformed

REASONING, TEXT, AUDIO, IMAGES, CALLS = 0, 1, 2, 3, 1 << 20
"""Indices of the parts; images and calls have theirs and those behind them."""

EVENTS = {"": wire_events.Chunk}
"""The models of the events of a stream, by their type; these have none."""


class StreamDecoder:
    """See :class:`llm_sdk.codec.StreamDecoder`."""

    def __init__(self) -> None:
        self._number = 0
        self._ended = False
        self._head = ModelResponse(content=[])
        self._choices: set[int] = set()
        self._calls = StreamedCalls()
        self._texts: list[str] = []
        self._field = ""
        self._details: list[JsonObject] = []
        self._opaque = ""
        self._new_details = False
        self._details_text = ""
        self._spoken = False
        self._sounded = False
        self._images = 0
        self._refusal: list[str] = []
        self._urls: list[object] = []
        self._search_results: list[wire.SearchResult] = []
        self._finish: str | None = None
        self._usage: wire.Usage | None = None
        self._usage_announced = False
        self._warnings: list[str] = []
        self._error: RefusalError | None = None

    def feed(self, event: ServerSentEvent) -> Partials:
        """Read one event; a malformed one is an InvariantError that gives its number."""
        number, self._number = self._number, self._number + 1
        if self._ended:
            return []
        if event.data.strip() == wire.END_MARK:
            return self._end()
        try:
            chunk = wire_events.Chunk.model_validate_json(event.data)
        except ValidationError as error:
            malformed(error, f"event {number}", PROVIDER, event.data)
        found = chunk.error or (bare_error(event.data) if chunk.choices is None else None)
        if found is not None:
            reported = embedded_error(found)
            reported.locate(provider=PROVIDER, request_id=None)
            raise reported
        return self._chunk(chunk)

    def close(self) -> Partials:
        """Raises RefusalError for a refusal that the stream told, and StreamTruncatedError when its end is missing.

        Perplexity and Hugging Face end some streams without ``[DONE]`` (recorded): there a finish reason is the end.
        Where the chunks have an empty ``usage``, which OpenAI fills in the last one, that has to come too.
        """
        partials: Partials = []
        if not self._ended:
            if self._finish is None or (self._usage_announced and self._usage is None):
                raise stream_truncated(self._number, "[DONE]", PROVIDER)
            partials = self._end()
        if self._error is not None:
            raise self._error
        return partials

    def _chunk(self, chunk: wire_events.Chunk) -> Partials:
        partials = self._read_head(chunk)
        for choice in chunk.choices or ():
            self._choices.add(choice.index or 0)
            if not choice.index:
                partials += self._choice(choice)
        if chunk.usage is not None:
            self._usage = chunk.usage  # a running total from some servers: the last one counts
        elif "usage" in chunk.model_fields_set:
            self._usage_announced = True
        elif chunk.x_groq is not None and self._usage is None:
            self._usage = chunk.x_groq.usage
        self._urls = chunk.citations or self._urls
        self._search_results = chunk.search_results or self._search_results
        return partials

    def _read_head(self, chunk: wire_events.Chunk) -> Partials:
        """Id and model, from the first chunk that has them: Azure's first one has neither (recorded)."""
        if self._head.id is not None or not chunk.id:
            return []
        self._head = ModelResponse(content=[], id=chunk.id, model_id=chunk.model or None)
        return [PartialModelResponse(id=chunk.id, model_id=chunk.model or None)]

    def _choice(self, choice: wire_events.ChunkChoice) -> Partials:
        delta = choice.delta or wire_events.Delta()
        partials = self._reasoning(delta)
        text, unknown = split_text(delta.content)
        if self._new_details and (text or delta.tool_calls or choice.finish_reason):
            partials += self._flush_details()
        self._warnings += map(unknown_content, unknown)
        if text:
            self._texts.append(text)
            partials.append(delta_at(TEXT, TextPartDelta(text=text)))
        if delta.annotations:
            partials += self._annotations(delta.annotations)
        if delta.refusal:
            self._refusal.append(delta.refusal)
        if delta.audio is not None:
            partials += self._audio(delta.audio)
        for image in delta.images or ():
            drawn = decode_image(image, self._warnings)
            partials.append(delta_at(IMAGES + self._images, OpaquePartDelta(provider=PROVIDER, data=drawn.data)))
            self._images += 1
        for fragment in delta.tool_calls or ():
            partials += [delta_at(CALLS + position, part) for position, part in self._calls.feed(fragment)]
        if delta.function_call is not None:
            partials += [delta_at(CALLS + at, part) for at, part in self._calls.feed_legacy(delta.function_call)]
        if choice.finish_reason:
            self._finish = finish_word(choice.finish_reason, choice.native_finish_reason)
        return partials

    def _reasoning(self, delta: wire_events.Delta) -> Partials:
        if delta.reasoning_details:
            merge_details(self._details, delta.reasoning_details)
            self._new_details = True
        elif beside := beside_thought(delta):
            self._opaque = str(beside)
            self._new_details = True
        text, field = thought(delta)
        if not text:
            return []
        if self._field:
            return [delta_at(REASONING, ReasoningPartDelta(text=text))]
        self._field = field
        return [delta_at(REASONING, ReasoningPartDelta(text=text, id=field))]

    def _flush_details(self) -> Partials:
        """Pass on what stands beside the reasoning text, as soon as something else begins."""
        self._new_details = False
        part = reasoning_part("", self._field, self._details or self._opaque)
        if part is None:
            return []
        rest, self._details_text = part.text[len(self._details_text) :], part.text
        return [delta_at(REASONING, ReasoningPartDelta(text=rest, id=part.id, signature=part.signature))]

    def _annotations(self, annotations: list[wire.Annotation]) -> Partials:
        citations = [decode_annotation(annotation, self._warnings) for annotation in annotations]
        return [citation_at(TEXT, citation) for citation in citations if citation is not None]

    def _audio(self, audio: wire.Audio) -> Partials:
        self._spoken = True
        fields: JsonObject = {"transcript": audio.transcript, "id": audio.id}
        if audio.data:
            fields["data"] = audio.data
            if not self._sounded:
                self._sounded = True
                fields |= audio_fields(audio.data)
        return [delta_at(AUDIO, AudioPartDelta(**fields))]

    def _end(self) -> Partials:
        """What only the end tells: usage, why it ended, and what else has to be known whole."""
        self._ended = True
        partials = self._flush_details() if self._new_details else []
        text = "".join(self._texts) if self._urls else ""
        if text:
            partials += [citation_at(TEXT, one) for one in numbered_citations(self._urls, self._search_results, text)]
        partials += [delta_at(CALLS + position, part) for position, part in self._calls.finish(self._warnings)]
        if self._spoken and not self._sounded:
            partials.append(delta_at(AUDIO, AudioPartDelta(data="", **audio_fields(""))))
        finish_reason, finish_detail = decode_finish(self._finish, calls=bool(self._calls))
        if finish_reason != "length":
            self._calls.check()  # the accumulator leaves out a call that the limit has cut
        usage = decode_usage(self._usage) if self._usage else None
        warnings = [*self._warnings, *other_choices(len(self._choices))] or None
        if self._refusal:
            told = {"usage": usage, "warnings": warnings}
            self._error = refused("".join(self._refusal), self._head.model_copy(update=told))
        last = PartialModelResponse(
            usage=usage, finish_reason=finish_reason, finish_detail=finish_detail, warnings=warnings
        )
        return [*partials, last]


NOTHING = "keepalive"


def event_kind(event: ServerSentEvent) -> str:
    """What a chunk brings, for comparing two streams (see :class:`conformance.stream_judge.NamesEvents`).

    The first chunk's role, Azure's filter results, running totals and chunks of other choices bring nothing. Finish
    reason, usage without a choice and ``[DONE]`` are the end, which servers put into one to three events, or into the
    last chunk of the content.
    """
    if event.data.strip() == wire.END_MARK:
        return "end"
    chunk = wire_events.Chunk.model_validate_json(event.data)
    if chunk.error is not None:
        return "error"
    choice = next((choice for choice in chunk.choices or () if not choice.index), wire_events.ChunkChoice())
    delta = choice.delta or wire_events.Delta()
    if delta.tool_calls:
        heads = any((call.function and call.function.name) or call.custom for call in delta.tool_calls)
        return "tool call" if heads else "arguments"
    kinds = {
        "refusal": delta.refusal,
        "audio": delta.audio,
        "text": split_text(delta.content)[0] or delta.annotations,
        "function call": delta.function_call,
        "image": delta.images,
        "reasoning": thought(delta)[0] or beside_thought(delta),
        "end": choice.finish_reason or (chunk.usage and not chunk.choices),
    }
    return next((kind for kind, brought in kinds.items() if brought), NOTHING)
