"""Mutants that misread how an answer ends, what it counted, or what it was."""

import json
from collections.abc import AsyncIterator
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
from conformance.mutants.registry import DecoderAround, ModelAround, Parts, mutant, reference
from llm_sdk.deltas import ImagePartDelta, PartialModelResponse
from llm_sdk.errors import LanguageModelError, StatusCodeError, TransportError
from llm_sdk.model import LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import LanguageModelInput, ModelResponse


@mutant(
    "CORE-05",
    cases=("incomplete-length", "incomplete-filter"),
    checks="finish_reason",
    seen=("pydantic/pydantic-ai#7911", "langchain-ai/langchain#33840"),
)
def tells_no_end_of_a_cut_stream(parts: Parts) -> LanguageModel:
    """Gives no finish_reason where a stream ends incomplete."""

    def untold(partial: PartialModelResponse) -> Partials:
        is_cut = partial.finish_reason in ("length", "content_filter")
        return [partial.model_copy(update={"finish_reason": None, "finish_detail": None}) if is_cut else partial]

    return streamed(parts, lambda: untold)


@mutant("CORE-06", cases=("incomplete-length",), checks="content")
def drops_what_was_cut(parts: Parts) -> LanguageModel:
    """Gives nothing of an answer that a limit has cut."""

    def emptied(response: ModelResponse) -> ModelResponse:
        return response.model_copy(update={"content": []}) if response.finish_reason == "length" else response

    return whole(parts, emptied)


@mutant(
    "SEARCH-05",
    cases=("search-without-sources", "search-with-sources", "grounding"),
    checks="finish_reason",
    seen=("vercel/ai#8502",),
)
def ends_a_search_with_tool_calls(parts: Parts) -> LanguageModel:
    """Says of an answer with a search of the provider's own that the caller has to answer it."""

    def calling(response: ModelResponse) -> ModelResponse:
        has_call = any(part.type == "tool-call" for part in response.content)
        return response.model_copy(update={"finish_reason": "tool_calls"}) if has_call else response

    return whole(parts, calling)


@mutant(
    "USAGE-03",
    cases=("usage-details",),
    checks="usage",
    seen=("NousResearch/hermes-agent#15253", "hoangvvo/llm-sdk@a753a91"),
)
def counts_nothing_of_a_stream(parts: Parts) -> LanguageModel:
    """Tells the usage of whole answers only."""
    return streamed(parts, lambda: lambda partial: [partial.model_copy(update={"usage": None})])


@mutant("USAGE-02", cases=("usage-details",), checks="usage")
def tells_totals_only(parts: Parts) -> LanguageModel:
    """Leaves the details out of the usage."""

    def totals(response: ModelResponse) -> ModelResponse:
        if response.usage is None:
            return response
        details = {"input_tokens_details": None, "output_tokens_details": None}
        return response.model_copy(update={"usage": response.usage.model_copy(update=details)})

    return whole(parts, totals)


@mutant("USAGE-01", cases=("text",), checks="usage")
def counts_all_tokens_as_output(parts: Parts) -> LanguageModel:
    """Takes the sum of all tokens for those of the output."""

    def summed(response: ModelResponse) -> ModelResponse:
        if response.usage is None:
            return response
        total = response.usage.input_tokens + response.usage.output_tokens
        return response.model_copy(update={"usage": response.usage.model_copy(update={"output_tokens": total})})

    return whole(parts, summed)


@mutant(
    "STREAM-16",
    cases=("text",),
    checks="lost_connection",
    seen=("openai/openai-python#3811", "anthropics/anthropic-sdk-python#1920"),
)
def lets_the_client_speak_amid_a_stream(parts: Parts) -> LanguageModel:
    """Raises what its HTTP library raises when a stream breaks off."""

    class Raw(ModelAround):
        async def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
            try:
                async for partial in super().stream(input):
                    yield partial
            except TransportError as error:
                raise OSError(error.message) from None

    return Raw(parts)


@mutant(
    "MEDIA-06",
    cases=("image-previews",),
    checks="content",
    seen=("microsoft/agent-framework#8422", "dotnet/extensions#7758"),
)
def keeps_the_first_preview(parts: Parts) -> LanguageModel:
    """Takes the first preview of an image for the image."""

    def keeping() -> ReadPartials:
        drawn: set[int] = set()

        def read(partial: PartialModelResponse) -> Partials:
            part = part_of(partial)
            if partial.delta is None or not isinstance(part, ImagePartDelta) or not part.data:
                return [partial]
            if partial.delta.index in drawn:
                return with_part(partial, part.model_copy(update={"data": None}))
            drawn.add(partial.delta.index)
            return [partial]

        return read

    return streamed(parts, keeping)


@mutant("MEDIA-06", cases=("image-previews",), checks="content", seen=("hoangvvo/llm-sdk@a753a91",))
def keeps_the_last_preview(parts: Parts) -> LanguageModel:
    """Takes the last preview for the image, and passes over the image itself."""

    class Hasty(DecoderAround):
        def feed(self, event: ServerSentEvent) -> Partials:
            partials = super().feed(event)
            is_done = event.event == "response.output_item.done"
            return [partial for partial in partials if not (is_done and isinstance(part_of(partial), ImagePartDelta))]

    return reference(parts, as_codec(WithDecoder(get_codec(parts.provider), Hasty)))


@mutant("MEDIA-05", cases=("image-output", "image-previews"), checks="content")
def loses_the_size_of_images(parts: Parts) -> LanguageModel:
    """Leaves the size of an image out, and misspells its type."""

    def sizeless(part: Any) -> Any:
        fields = {"mime_type": "image/x-png", "width": None, "height": None}
        return part.model_copy(update=fields) if part.type == "image" else part

    return whole(parts, content_changed(lambda content: [sizeless(part) for part in content]))


@mutant("ERROR-03", cases=("overloaded", "server-error"), checks="test_error")
def knows_no_errors_of_servers(parts: Parts) -> LanguageModel:
    """Raises for a status from 500 on the class of any other status."""

    class Plain(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            try:
                return await super().generate(input)
            except StatusCodeError as error:
                raise StatusCodeError(error.message, status_code=error.status_code) from None

    return Plain(parts)


@mutant("ERROR-04", cases=("bad-request",), checks="test_error")
def gives_no_status(parts: Parts) -> LanguageModel:
    """Raises errors without the status that the provider gave."""

    class Silent(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            try:
                return await super().generate(input)
            except StatusCodeError as error:
                raise LanguageModelError(error.message) from None

    return Silent(parts)


@mutant("ERROR-12", cases=("bad-request", "rate-limit"), checks="error_of_a_stream")
def reads_errors_of_streams_otherwise(parts: Parts) -> LanguageModel:
    """Raises for an error in answer to a request for a stream another error than without one."""

    class Twofold(ModelAround):
        async def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
            try:
                async for partial in super().stream(input):
                    yield partial
            except StatusCodeError as error:
                raise TransportError(error.message) from None

    return Twofold(parts)


@mutant("STRUCT-03", cases=("flat-schema", "json-object"), checks="content")
def writes_the_json_again(parts: Parts) -> LanguageModel:
    """Parses the JSON of an answer, and gives it as it would write it itself."""

    def spaced(part: Any) -> Any:
        return (
            part.model_copy(update={"text": json.dumps(json.loads(part.text), indent=1)})
            if part.type == "text"
            else part
        )

    return whole(parts, content_changed(lambda content: [spaced(part) for part in content]))
