"""Mutants that misread an answer: its text, its parts, its end, its usage."""

import json
from typing import Any

from conformance.mutants.reading import (
    Partials,
    ReadPartials,
    WithDecoder,
    as_codec,
    content_changed,
    part_of,
    streamed,
    whole,
    with_part,
)
from conformance.mutants.registry import CodecAround, DecoderAround, Parts, mutant, reference
from llm_sdk.codec import Codec, StreamDecoder, WireResponse
from llm_sdk.deltas import ImagePartDelta, PartialModelResponse
from llm_sdk.errors import InvariantError, RefusalError, StreamTruncatedError
from llm_sdk.model import LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import ModelResponse, ModelUsage, OpaquePart, ReasoningPart, TextPart, ToolCallPart


@mutant("CORE-01", cases=("whitespace",), checks="content")
def strips_text(parts: Parts) -> LanguageModel:
    """Strips the text of an answer."""

    def strip(part: Any) -> Any:
        return part.model_copy(update={"text": part.text.strip()}) if isinstance(part, TextPart) else part

    return whole(parts, content_changed(lambda content: [strip(part) for part in content]))


@mutant(
    "CORE-04",
    cases=("several-texts",),
    checks="content",
    not_for={"mistral": "a stream has one text", "openai-chat-completion": "a message has one text"},
)
def joins_texts(parts: Parts) -> LanguageModel:
    """Joins all texts of an answer into one."""

    def join(content: list[Any]) -> list[Any]:
        texts = [part.text for part in content if isinstance(part, TextPart)]
        rest = [part for part in content if not isinstance(part, TextPart)]
        return [*rest, TextPart(text="".join(texts))] if texts else rest

    return whole(parts, content_changed(join))


@mutant(
    "CORE-05",
    cases=("incomplete-length",),
    checks="finish_reason",
    seen=(
        "mozilla-ai/any-llm#1306",
        "hoangvvo/llm-sdk@a753a91",
    ),
)
def always_stops(parts: Parts) -> LanguageModel:
    """Calls every end a stop."""
    return whole(parts, lambda response: response.model_copy(update={"finish_reason": "stop"}))


@mutant("CORE-19", cases=("item-of-tomorrow", "block-of-tomorrow", "chunk-of-tomorrow"), checks="content")
def drops_what_it_does_not_know(parts: Parts) -> LanguageModel:
    """Leaves out blocks without a unified form."""
    return whole(parts, content_changed(lambda content: [part for part in content if not isinstance(part, OpaquePart)]))


@mutant(
    "STREAM-15",
    cases=("text",),
    checks="truncation",
    seen=(
        "macanderson/stella#362",
        "SamSaffron/term-llm#955",
        "hoangvvo/llm-sdk@a753a91",
    ),
)
def takes_a_break_for_the_end(parts: Parts) -> LanguageModel:
    """Ends a stream without its end mark as if it were complete."""

    class Tolerant(DecoderAround):
        def close(self) -> Partials:
            try:
                return super().close()
            except StreamTruncatedError:
                return []

    return reference(parts, as_codec(WithDecoder(get_codec(parts.provider), Tolerant)))


@mutant("STREAM-09", cases=("short-stream",), checks="unknown-events")
def stumbles_over_unknown_events(parts: Parts) -> LanguageModel:
    """Raises for an event whose type it does not know."""

    class Strict(DecoderAround):
        def feed(self, event: ServerSentEvent) -> Partials:
            if "unknown" in event.event:
                raise KeyError(event.event)
            return super().feed(event)

    return reference(parts, as_codec(WithDecoder(get_codec(parts.provider), Strict)))


@mutant(
    "RESIL-06", cases=("text", "tool-call", "short-stream"), checks="concurrent", seen=("oracle/langchain-oracle#256",)
)
def shares_its_state(parts: Parts) -> LanguageModel:
    """Reads all streams that run at the same time with one decoder."""
    shared: list[StreamDecoder] = []

    class Shared(DecoderAround):
        def __init__(self, codec: Codec) -> None:
            super().__init__(codec)
            shared.append(self._decoder)

        def feed(self, event: ServerSentEvent) -> Partials:
            return shared[-1].feed(event)

    return reference(parts, as_codec(WithDecoder(get_codec(parts.provider), Shared)))


@mutant(
    "REASON-03",
    cases=("late-signature",),
    checks="content",
    seen=(
        "langchain-ai/langchainjs#10845",
        "hoangvvo/llm-sdk@a753a91",
    ),
)
def keeps_the_first_signature(parts: Parts) -> LanguageModel:
    """Takes the signature of reasoning from the event that opens it."""

    class First(DecoderAround):
        def __init__(self, codec: Codec) -> None:
            super().__init__(codec)
            self._first: dict[str, str] = {}

        def feed(self, event: ServerSentEvent) -> Partials:
            item = {} if event.data == b"[DONE]" else json.loads(event.data).get("item") or {}
            if signature := item.get("encrypted_content"):
                self._first.setdefault(item.get("id", ""), signature)
            return [new for partial in super().feed(event) for new in self._replaced(partial)]

        def _replaced(self, partial: PartialModelResponse) -> Partials:
            part = part_of(partial)
            if getattr(part, "type", "") != "reasoning" or part.signature is None:
                return [partial]
            return with_part(partial, part.model_copy(update={"signature": self._first.get(part.id or "")}))

    return reference(parts, as_codec(WithDecoder(get_codec(parts.provider), First)))


@mutant(
    "REASON-02",
    cases=("several-summaries", "plain-summaries"),
    checks="content",
    seen=(
        "zendev-sh/goai#129",
        "NousResearch/hermes-agent#81911",
        "hoangvvo/llm-sdk@a753a91",
    ),
)
def joins_summaries_without_a_break(parts: Parts) -> LanguageModel:
    """Joins the summaries of a stream without the line feed between them."""

    def joined(partial: PartialModelResponse) -> Partials:
        part = part_of(partial)
        if getattr(part, "type", "") != "reasoning" or not part.text.startswith("\n"):
            return [partial]
        return with_part(partial, part.model_copy(update={"text": part.text.lstrip("\n")}))

    return streamed(parts, lambda: joined)


@mutant("REASON-04", cases=("reasoning-without-text",), checks="content", seen=("simonw/llm-anthropic#81",))
def drops_reasoning_without_text(parts: Parts) -> LanguageModel:
    """Leaves out reasoning that has no text, and its signature with it."""

    def kept(part: Any) -> bool:
        return not isinstance(part, ReasoningPart) or bool(part.text)

    return whole(parts, content_changed(lambda content: [part for part in content if kept(part)]))


@mutant("MEDIA-06", cases=("image-previews",), checks="content", seen=("hoangvvo/llm-sdk@a753a91",))
def joins_previews(parts: Parts) -> LanguageModel:
    """Takes every preview of an image for a piece of it."""

    def joining() -> ReadPartials:
        pieces: list[str] = []

        def join(partial: PartialModelResponse) -> Partials:
            part = part_of(partial)
            if not isinstance(part, ImagePartDelta) or part.data is None:
                return [partial]
            pieces.append(part.data)
            return with_part(partial, part.model_copy(update={"data": "".join(pieces)}))

        return join

    return streamed(parts, joining)


@mutant(
    "CITE-01",
    cases=("citation",),
    checks="content",
    seen=(
        "BerriAI/litellm#13777",
        "langchain-ai/langchain-google#1845",
        "hoangvvo/llm-sdk@a753a91",
    ),
)
def drops_citations_of_a_stream(parts: Parts) -> LanguageModel:
    """Ignores the citations that a stream brings."""

    def uncited(partial: PartialModelResponse) -> Partials:
        part = part_of(partial)
        if getattr(part, "citation", None) is None:
            return [partial]
        return with_part(partial, part.model_copy(update={"citation": None}))

    return streamed(parts, lambda: uncited)


@mutant("SEARCH-03", cases=("search-with-sources",), checks="content")
def drops_the_sources_of_a_search(parts: Parts) -> LanguageModel:
    """Reads a search that the provider ran without what it found."""
    return whole(parts, content_changed(lambda content: [part for part in content if part.type != "tool-result"]))


@mutant("USAGE-03", cases=("usage-details", "text"), checks="usage", seen=("symfony/ai#2178",))
def counts_usage_twice(parts: Parts) -> LanguageModel:
    """Gives the usage of a stream once more as its increment."""

    def doubled(partial: PartialModelResponse) -> Partials:
        return [partial] if partial.usage is None else [partial, PartialModelResponse(usage=partial.usage)]

    return streamed(parts, lambda: doubled)


@mutant(
    "USAGE-05",
    cases=("incomplete-length",),
    checks="usage",
    seen=(
        "envoyproxy/ai-gateway#2184",
        "hoangvvo/llm-sdk@a753a91",
    ),
)
def loses_usage_of_incomplete_answers(parts: Parts) -> LanguageModel:
    """Reads usage from complete answers only."""

    def without(response: ModelResponse) -> ModelResponse:
        return response.model_copy(update={"usage": None}) if response.finish_reason == "length" else response

    return whole(parts, without)


@mutant("CITE-02", cases=("citation",), checks="content")
def counts_bytes(parts: Parts) -> LanguageModel:
    """Counts the range of a citation in bytes."""

    def in_bytes(part: Any) -> Any:
        if not isinstance(part, TextPart) or not part.citations:
            return part
        citations = [
            citation.model_copy(
                update={
                    "start_index": len(part.text[: citation.start_index].encode()),
                    "end_index": len(part.text[: citation.end_index].encode()),
                }
            )
            for citation in part.citations
        ]
        return part.model_copy(update={"citations": citations})

    return whole(parts, content_changed(lambda content: [in_bytes(part) for part in content]))


@mutant("SEARCH-02", cases=("search-without-sources",), checks="content", seen=("veryfront/veryfront-code#2073",))
def leaves_the_search_to_the_caller(parts: Parts) -> LanguageModel:
    """Gives a search that the provider ran as a call to be answered."""

    def unmarked(part: Any) -> Any:
        return part.model_copy(update={"provider_executed": None}) if isinstance(part, ToolCallPart) else part

    return whole(parts, content_changed(lambda content: [unmarked(part) for part in content]))


@mutant("USAGE-04", cases=("usage-missing",), checks="usage")
def counts_nothing_as_zero(parts: Parts) -> LanguageModel:
    """Gives a usage of zero where the provider gives none."""

    def zero(response: ModelResponse) -> ModelResponse:
        usage = response.usage or ModelUsage(input_tokens=0, output_tokens=0)
        return response.model_copy(update={"usage": usage})

    return whole(parts, zero)


@mutant("CORE-03", cases=("empty-text", "no-content"), checks="content")
def refuses_empty_answers(parts: Parts) -> LanguageModel:
    """Raises an error for an answer without text."""

    def insist(response: ModelResponse) -> ModelResponse:
        if not any(getattr(part, "text", "") for part in response.content):
            raise InvariantError("an empty answer")
        return response

    return whole(parts, insist)


@mutant("CORE-07", cases=("refusal",), checks="refusal", seen=("brightwave-inc/tidebreak#555",))
def answers_with_the_refusal(parts: Parts) -> LanguageModel:
    """Gives a refusal as an ordinary answer."""

    class Willing(CodecAround):
        def decode_response(self, reply: WireResponse) -> ModelResponse:
            try:
                return self._codec.decode_response(reply)
            except RefusalError as error:
                return error.response or ModelResponse(content=[])

    return reference(parts, as_codec(Willing(get_codec(parts.provider))))
