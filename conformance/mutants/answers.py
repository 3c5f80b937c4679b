"""Mutants that misread an answer: its text, its tool calls, its end, its usage."""

import json
from collections.abc import Callable
from typing import Any

from conformance.mutants.registry import CodecAround, DecoderAround, Parts, mutant, reference
from llm_sdk.codec import Codec, StreamDecoder, WireResponse
from llm_sdk.deltas import ContentDelta, ImagePartDelta, PartialModelResponse, ToolCallPartDelta
from llm_sdk.errors import RefusalError, StreamTruncatedError
from llm_sdk.model import LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import ModelResponse, OpaquePart, ReasoningPart, TextPart, ToolCallPart

Partials = list[PartialModelResponse]
ReadPartials = Callable[[PartialModelResponse], Partials]
ReadResponse = Callable[[ModelResponse], ModelResponse]


def _same_response(response: ModelResponse) -> ModelResponse:
    return response


def _same_partial(partial: PartialModelResponse) -> Partials:
    return [partial]


class _Reading(CodecAround):
    """A codec whose readings are changed; ``partials`` makes the change of one stream."""

    def __init__(
        self,
        codec: Codec,
        response: ReadResponse = _same_response,
        partials: Callable[[], ReadPartials] = lambda: _same_partial,
    ) -> None:
        super().__init__(codec)
        self._response = response
        self._partials = partials

    def decode_response(self, reply: WireResponse) -> ModelResponse:
        return self._response(self._codec.decode_response(reply))

    def stream_decoder(self) -> StreamDecoder:
        return _ReadingDecoder(self._codec, self._partials())


class _ReadingDecoder(DecoderAround):
    def __init__(self, codec: Codec, change: ReadPartials) -> None:
        super().__init__(codec)
        self._change = change

    def feed(self, event: ServerSentEvent) -> Partials:
        return [new for partial in super().feed(event) for new in self._change(partial)]

    def close(self) -> Partials:
        return [new for partial in super().close() for new in self._change(partial)]


def _whole(parts: Parts, change: ReadResponse) -> LanguageModel:
    return reference(parts, _as_codec(_Reading(get_codec(parts.provider), response=change)))


def _streamed(parts: Parts, change: Callable[[], ReadPartials]) -> LanguageModel:
    return reference(parts, _as_codec(_Reading(get_codec(parts.provider), partials=change)))


def _as_codec(codec: Any) -> Codec:
    found: Codec = codec
    return found


def _content(change: Callable[[list[Any]], list[Any]]) -> ReadResponse:
    return lambda response: response.model_copy(update={"content": change(response.content)})


def _part_of(partial: PartialModelResponse) -> Any:
    return partial.delta.part if partial.delta is not None else None


def _with_part(partial: PartialModelResponse, part: Any) -> Partials:
    assert partial.delta is not None  # noqa: S101 - asked before
    return [partial.model_copy(update={"delta": ContentDelta(index=partial.delta.index, part=part)})]


@mutant("CORE-01", cases=("whitespace",), checks="content")
def strips_text(parts: Parts) -> LanguageModel:
    """Strips the text of an answer."""

    def strip(part: Any) -> Any:
        return part.model_copy(update={"text": part.text.strip()}) if isinstance(part, TextPart) else part

    return _whole(parts, _content(lambda content: [strip(part) for part in content]))


@mutant("CORE-04", cases=("several-texts",), checks="content")
def joins_texts(parts: Parts) -> LanguageModel:
    """Joins all texts of an answer into one."""

    def join(content: list[Any]) -> list[Any]:
        texts = [part.text for part in content if isinstance(part, TextPart)]
        rest = [part for part in content if not isinstance(part, TextPart)]
        return [*rest, TextPart(text="".join(texts))] if texts else rest

    return _whole(parts, _content(join))


@mutant("CORE-05", cases=("incomplete-length",), checks="finish_reason")
def always_stops(parts: Parts) -> LanguageModel:
    """Calls every end a stop."""
    return _whole(parts, lambda response: response.model_copy(update={"finish_reason": "stop"}))


@mutant("CORE-19", cases=("item-of-tomorrow",), checks="content")
def drops_what_it_does_not_know(parts: Parts) -> LanguageModel:
    """Leaves out blocks without a unified form."""
    return _whole(parts, _content(lambda content: [part for part in content if not isinstance(part, OpaquePart)]))


@mutant("TOOLS-03", cases=("arguments-at-the-end", "arguments-in-the-item"), checks="content")
def reads_arguments_from_fragments_only(parts: Parts) -> LanguageModel:
    """Ignores arguments that come with the end of a call."""
    return reference(parts, _as_codec(_WithoutEvents(get_codec(parts.provider), b"arguments")))


class _WithoutEvents(CodecAround):
    """A codec that empties a field in every event that is not a delta."""

    def __init__(self, codec: Codec, field: bytes) -> None:
        super().__init__(codec)
        self._field = field.decode()

    def stream_decoder(self) -> StreamDecoder:
        return _EmptyingDecoder(self._codec, self._field)


class _EmptyingDecoder(DecoderAround):
    def __init__(self, codec: Codec, field: str) -> None:
        super().__init__(codec)
        self._field = field

    def feed(self, event: ServerSentEvent) -> Partials:
        try:
            emptied = json.dumps(_emptied(json.loads(event.data), self._field)).encode()
        except ValueError:
            return super().feed(event)
        return super().feed(ServerSentEvent(emptied, event.event, event.id))


def _emptied(value: Any, field: str) -> Any:
    if isinstance(value, dict):
        return {key: "" if key == field else _emptied(item, field) for key, item in value.items()}
    return [_emptied(item, field) for item in value] if isinstance(value, list) else value


@mutant("TOOLS-06", cases=("parallel-calls",), checks="content")
def keeps_the_first_call(parts: Parts) -> LanguageModel:
    """Reads one tool call of an answer."""

    def first(content: list[Any]) -> list[Any]:
        calls = [part for part in content if isinstance(part, ToolCallPart)]
        return [part for part in content if not isinstance(part, ToolCallPart) or part is calls[0]]

    return _whole(parts, _content(first))


@mutant("TOOLS-07", cases=("parallel-calls-of-one-tool", "interleaved-calls"), checks="content")
def keys_calls_by_name(parts: Parts) -> LanguageModel:
    """Takes calls of the same tool for one."""

    def by_name(content: list[Any]) -> list[Any]:
        return list({getattr(part, "tool_name", at): part for at, part in enumerate(content)}.values())

    return _whole(parts, _content(by_name))


@mutant("TOOLS-01", cases=("tool-call",), checks="content")
def takes_the_item_id_for_the_call_id(parts: Parts) -> LanguageModel:
    """Gives a tool call the id of its item in place of the id to answer to."""

    def swapped(partial: PartialModelResponse) -> Partials:
        part = _part_of(partial)
        if not isinstance(part, ToolCallPartDelta) or part.id is None:
            return [partial]
        return _with_part(partial, part.model_copy(update={"tool_call_id": part.id}))

    return _streamed(parts, lambda: swapped)


@mutant("TOOLS-05", cases=("big-integers",), checks="content")
def reads_numbers_as_floats(parts: Parts) -> LanguageModel:
    """Reads the integers of arguments as floats."""

    def rounded(part: Any) -> Any:
        if not isinstance(part, ToolCallPart):
            return part
        return part.model_copy(update={"args": json.loads(json.dumps(part.args), parse_int=float)})

    return _whole(parts, _content(lambda content: [rounded(part) for part in content]))


@mutant("STREAM-15", cases=("text",), checks="truncation")
def takes_a_break_for_the_end(parts: Parts) -> LanguageModel:
    """Ends a stream without its end mark as if it were complete."""

    class Tolerant(DecoderAround):
        def close(self) -> Partials:
            try:
                return super().close()
            except StreamTruncatedError:
                return []

    return reference(parts, _as_codec(_WithDecoder(get_codec(parts.provider), Tolerant)))


class _WithDecoder(CodecAround):
    def __init__(self, codec: Codec, decoder: Callable[[Codec], StreamDecoder]) -> None:
        super().__init__(codec)
        self._decoder = decoder

    def stream_decoder(self) -> StreamDecoder:
        return self._decoder(self._codec)


@mutant("STREAM-09", cases=("short-stream",), checks="unknown-events")
def stumbles_over_unknown_events(parts: Parts) -> LanguageModel:
    """Raises for an event whose type it does not know."""

    class Strict(DecoderAround):
        def feed(self, event: ServerSentEvent) -> Partials:
            if "unknown" in event.event:
                raise KeyError(event.event)
            return super().feed(event)

    return reference(parts, _as_codec(_WithDecoder(get_codec(parts.provider), Strict)))


@mutant("RESIL-06", cases=("text", "tool-call", "short-stream"), checks="concurrent")
def shares_its_state(parts: Parts) -> LanguageModel:
    """Reads all streams that run at the same time with one decoder."""
    shared: list[StreamDecoder] = []

    class Shared(DecoderAround):
        def __init__(self, codec: Codec) -> None:
            super().__init__(codec)
            shared.append(self._decoder)

        def feed(self, event: ServerSentEvent) -> Partials:
            return shared[-1].feed(event)

    return reference(parts, _as_codec(_WithDecoder(get_codec(parts.provider), Shared)))


@mutant("REASON-03", cases=("late-signature",), checks="content")
def keeps_the_first_signature(parts: Parts) -> LanguageModel:
    """Takes the signature of reasoning from the event that opens it."""

    class First(DecoderAround):
        def __init__(self, codec: Codec) -> None:
            super().__init__(codec)
            self._first: dict[str, str] = {}

        def feed(self, event: ServerSentEvent) -> Partials:
            item = json.loads(event.data).get("item") or {}
            if signature := item.get("encrypted_content"):
                self._first.setdefault(item.get("id", ""), signature)
            return [new for partial in super().feed(event) for new in self._replaced(partial)]

        def _replaced(self, partial: PartialModelResponse) -> Partials:
            part = _part_of(partial)
            if getattr(part, "type", "") != "reasoning" or part.signature is None:
                return [partial]
            return _with_part(partial, part.model_copy(update={"signature": self._first.get(part.id or "")}))

    return reference(parts, _as_codec(_WithDecoder(get_codec(parts.provider), First)))


@mutant("REASON-02", cases=("several-summaries", "plain-summaries"), checks="content")
def joins_summaries_without_a_break(parts: Parts) -> LanguageModel:
    """Joins the summaries of a stream without the line feed between them."""

    def joined(partial: PartialModelResponse) -> Partials:
        part = _part_of(partial)
        if getattr(part, "type", "") != "reasoning" or not part.text.startswith("\n"):
            return [partial]
        return _with_part(partial, part.model_copy(update={"text": part.text.lstrip("\n")}))

    return _streamed(parts, lambda: joined)


@mutant("REASON-04", cases=("reasoning-without-text",), checks="content")
def drops_reasoning_without_text(parts: Parts) -> LanguageModel:
    """Leaves out reasoning that has no text, and its signature with it."""

    def kept(part: Any) -> bool:
        return not isinstance(part, ReasoningPart) or bool(part.text)

    return _whole(parts, _content(lambda content: [part for part in content if kept(part)]))


@mutant("MEDIA-06", cases=("image-previews",), checks="content")
def joins_previews(parts: Parts) -> LanguageModel:
    """Takes every preview of an image for a piece of it."""

    def joining() -> ReadPartials:
        pieces: list[str] = []

        def join(partial: PartialModelResponse) -> Partials:
            part = _part_of(partial)
            if not isinstance(part, ImagePartDelta) or part.data is None:
                return [partial]
            pieces.append(part.data)
            return _with_part(partial, part.model_copy(update={"data": "".join(pieces)}))

        return join

    return _streamed(parts, joining)


@mutant("CITE-01", cases=("citation",), checks="content")
def drops_citations_of_a_stream(parts: Parts) -> LanguageModel:
    """Ignores the citations that a stream brings."""

    def uncited(partial: PartialModelResponse) -> Partials:
        part = _part_of(partial)
        if getattr(part, "citation", None) is None:
            return [partial]
        return _with_part(partial, part.model_copy(update={"citation": None}))

    return _streamed(parts, lambda: uncited)


@mutant("SEARCH-03", cases=("search-with-sources",), checks="content")
def drops_the_sources_of_a_search(parts: Parts) -> LanguageModel:
    """Reads a search that the provider ran without what it found."""
    return _whole(parts, _content(lambda content: [part for part in content if part.type != "tool-result"]))


@mutant("USAGE-03", cases=("usage-details", "text"), checks="usage")
def counts_usage_twice(parts: Parts) -> LanguageModel:
    """Gives the usage of a stream once more as its increment."""

    def doubled(partial: PartialModelResponse) -> Partials:
        return [partial] if partial.usage is None else [partial, PartialModelResponse(usage=partial.usage)]

    return _streamed(parts, lambda: doubled)


@mutant("USAGE-05", cases=("incomplete-length",), checks="usage")
def loses_usage_of_incomplete_answers(parts: Parts) -> LanguageModel:
    """Reads usage from complete answers only."""

    def without(response: ModelResponse) -> ModelResponse:
        return response.model_copy(update={"usage": None}) if response.finish_reason == "length" else response

    return _whole(parts, without)


@mutant("CORE-07", cases=("refusal",), checks="refusal")
def answers_with_the_refusal(parts: Parts) -> LanguageModel:
    """Gives a refusal as an ordinary answer."""

    class Willing(CodecAround):
        def decode_response(self, reply: WireResponse) -> ModelResponse:
            try:
                return self._codec.decode_response(reply)
            except RefusalError as error:
                return error.response or ModelResponse(content=[])

    return reference(parts, _as_codec(Willing(get_codec(parts.provider))))
