"""Mutants of what is peculiar to Anthropic's Messages API."""

import json
from typing import Any

from conformance.mutants.reading import (
    Partials,
    ReadPartials,
    WithDecoder,
    as_codec,
    content_changed,
    misread,
    part_of,
    streamed,
    whole,
)
from conformance.mutants.registry import CodecAround, DecoderAround, Parts, mutant, reference
from llm_sdk.codec import Codec, StreamDecoder, WireRequest
from llm_sdk.deltas import ContentDelta, PartialModelResponse, ToolCallPartDelta
from llm_sdk.errors import RefusalError
from llm_sdk.model import LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import (
    JsonObject,
    LanguageModelInput,
    ModelResponse,
    ModelUsage,
    OpaquePart,
    ReasoningPart,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
)

FAR = 1 << 10
"""Index of what the wire has no index for."""
WEB = "web_search_result_location"


@mutant(
    "USAGE-08",
    cases=("running-totals",),
    checks="usage",
    seen=(
        "microsoft/agent-framework#7143",
        "tensorzero/tensorzero#5481",
        "hoangvvo/llm-sdk@a753a91",
    ),
)
def adds_running_totals(parts: Parts) -> LanguageModel:
    """Adds the counts at the end of a stream to those at its start."""

    class Adding(DecoderAround):
        def feed(self, event: ServerSentEvent) -> Partials:
            partials = super().feed(event)
            if event.event != "message_delta":
                return partials
            counts = json.loads(event.data)["usage"]
            usage = ModelUsage(input_tokens=counts.get("input_tokens", 0), output_tokens=counts["output_tokens"])
            return [partial.model_copy(update={"usage": partial.usage and usage}) for partial in partials]

    return reference(parts, as_codec(WithDecoder(get_codec(parts.provider), Adding)))


@mutant(
    "USAGE-07",
    cases=("cached-input",),
    checks="usage",
    seen=(
        "genkit-ai/genkit#5412",
        "hoangvvo/llm-sdk@a753a91",
    ),
)
def leaves_cached_tokens_out(parts: Parts) -> LanguageModel:
    """Takes the input that was not cached for all of it."""

    def without(response: ModelResponse) -> ModelResponse:
        usage = response.usage
        details = usage.input_tokens_details if usage is not None else None
        if usage is None or details is None:
            return response
        cached = (details.cached_text_tokens or 0) + (details.cache_write_tokens or 0)
        fewer = usage.model_copy(update={"input_tokens": usage.input_tokens - cached})
        return response.model_copy(update={"usage": fewer})

    return whole(parts, without)


@mutant("TOOLS-23", cases=("hosted-code",), checks="content", seen=("hoangvvo/llm-sdk@a753a91",))
def leaves_hosted_tools_to_the_caller(parts: Parts) -> LanguageModel:
    """Gives what a hosted tool is called with as a call to be answered."""

    def as_call(part: Any) -> Any:
        if not isinstance(part, OpaquePart) or part.data.get("type") != "server_tool_use":
            return part
        block = part.data
        return ToolCallPart(tool_call_id=block["id"], tool_name=block["name"], args=block["input"])

    return whole(parts, content_changed(lambda content: [as_call(part) for part in content]))


@mutant(
    "TOOLS-03",
    cases=("arguments-in-the-item",),
    checks="content",
    not_for=dict.fromkeys(
        ("cohere", "mistral", "openai", "openai-chat-completion"), "no event with which a call starts has an input"
    ),
)
def reads_no_input_from_a_start(parts: Parts) -> LanguageModel:
    """Ignores the input that stands in the event with which a call starts."""

    class Forgetful(DecoderAround):
        def feed(self, event: ServerSentEvent) -> Partials:
            data = json.loads(event.data)
            if "input" in data.get("content_block", {}):
                data["content_block"]["input"] = {}
            return super().feed(ServerSentEvent(json.dumps(data).encode(), event.event, event.id))

    return reference(parts, as_codec(WithDecoder(get_codec(parts.provider), Forgetful)))


@mutant(
    "REASON-09",
    cases=("redacted-thinking",),
    checks="content",
    seen=(
        "anomalyco/opencode#38614",
        "earendil-works/pi#1532",
    ),
)
def drops_redacted_reasoning(parts: Parts) -> LanguageModel:
    """Leaves out reasoning that cannot be read."""

    def readable(part: Any) -> bool:
        return not isinstance(part, ReasoningPart) or bool(part.text)

    return whole(parts, content_changed(lambda content: [part for part in content if readable(part)]))


@mutant(
    "CORE-25",
    cases=("paused-answer",),
    checks="finish_reason",
    seen=(
        "anthropics/anthropic-sdk-csharp#230",
        "vercel/ai#8422",
        "hoangvvo/llm-sdk@a753a91",
    ),
)
def takes_a_pause_for_the_end(parts: Parts) -> LanguageModel:
    """Calls the end of every answer whose reason it does not know a stop."""

    def stopped(partial: PartialModelResponse) -> Partials:
        return [partial.model_copy(update={"finish_reason": "stop"}) if partial.finish_reason == "other" else partial]

    return streamed(parts, lambda: stopped)


@mutant("CORE-26", cases=("refusal-amid-text",), checks="refusal", seen=("mozilla-ai/any-llm#1306",))
def takes_half_an_answer_for_a_whole(parts: Parts) -> LanguageModel:
    """Gives a text that a refusal has cut off as the answer."""

    class Willing(DecoderAround):
        def close(self) -> Partials:
            try:
                return super().close()
            except RefusalError:
                return []

    return reference(parts, as_codec(WithDecoder(get_codec(parts.provider), Willing)))


@mutant("CITE-06", cases=("document-citation",), checks="content")
def wants_the_text_before_its_citation(parts: Parts) -> LanguageModel:
    """Drops a citation of a stream whose text has not begun yet."""

    def waiting() -> ReadPartials:
        begun: set[int] = set()

        def read(partial: PartialModelResponse) -> Partials:
            part = part_of(partial)
            if partial.delta is None or getattr(part, "type", "") != "text":
                return [partial]
            if part.text:
                begun.add(partial.delta.index)
            return [partial] if part.citation is None or partial.delta.index in begun else []

        return read

    return streamed(parts, waiting)


@mutant("SEARCH-07", cases=("search-limit",), checks="content")
def forgets_why_a_search_failed(parts: Parts) -> LanguageModel:
    """Reads of a failed search only that it failed."""

    def without(part: Any) -> Any:
        failed = isinstance(part, ToolResultPart) and part.is_error
        return part.model_copy(update={"content": []}) if failed else part

    return whole(parts, content_changed(lambda content: [without(part) for part in content]))


@mutant("STREAM-24", cases=("spliced-answers",), checks="test_error")
def begins_again_with_a_second_answer(parts: Parts) -> LanguageModel:
    """Reads the second of two answers in one stream as if the first had not been."""

    class Resetting(DecoderAround):
        def __init__(self, codec: Codec) -> None:
            super().__init__(codec)
            self._codec = codec

        def feed(self, event: ServerSentEvent) -> Partials:
            if event.event == "message_start":
                self._decoder: StreamDecoder = self._codec.stream_decoder()
            return super().feed(event)

    return reference(parts, as_codec(WithDecoder(get_codec(parts.provider), Resetting)))


class _Rewriting(CodecAround):
    """A codec whose requests are made of a changed input, and changed once more."""

    def input(self, input: LanguageModelInput) -> LanguageModelInput:
        return input

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        return body

    def encode_request(self, model_id: str, input: LanguageModelInput, *, stream: bool) -> WireRequest:
        sent = self._codec.encode_request(model_id, self.input(input), stream=stream)
        body = json.dumps(self.body(json.loads(sent.body))).encode()
        return WireRequest(sent.method, sent.path, body, sent.headers, sent.warnings)


@mutant(
    "TOOLS-24",
    cases=("failed-result",),
    checks="meaning",
    seen=(
        "langchain4j/langchain4j#4481",
        "maximhq/bifrost#5890",
        "hoangvvo/llm-sdk@a753a91",
    ),
)
def forgets_that_a_tool_failed(parts: Parts) -> LanguageModel:
    """Sends the result of a tool that failed like any other."""

    class Trusting(_Rewriting):
        def input(self, input: LanguageModelInput) -> LanguageModelInput:
            return input.model_copy(update={"messages": [_without_errors(message) for message in input.messages]})

    return reference(parts, as_codec(Trusting(get_codec(parts.provider))))


def _without_errors(message: Any) -> Any:
    if not isinstance(message, ToolMessage):
        return message
    return ToolMessage(content=[part.model_copy(update={"is_error": None}) for part in message.content])


@mutant("REASON-10", cases=("budget-above-the-limit",), checks="meaning")
def leaves_no_room_beside_the_budget(parts: Parts) -> LanguageModel:
    """Sends the same limit of tokens whatever the budget for reasoning is."""

    class Stubborn(_Rewriting):
        def body(self, body: dict[str, Any]) -> dict[str, Any]:
            return {**body, "max_tokens": 4096}

    return reference(parts, as_codec(Stubborn(get_codec(parts.provider))))


@mutant("TOOLS-23", cases=("hosted-code",), checks="content", seen=("hoangvvo/llm-sdk@a753a91",))
def gives_fragments_of_hosted_tools(parts: Parts) -> LanguageModel:
    """Knows hosted tools by the event that starts them, and takes their fragments for those of a call."""

    class Fragments(DecoderAround):
        def __init__(self, codec: Codec) -> None:
            super().__init__(codec)
            self._hosted: set[int] = set()

        def feed(self, event: ServerSentEvent) -> Partials:
            data = json.loads(event.data)
            if data.get("content_block", {}).get("type") == "server_tool_use":
                self._hosted.add(data["index"])
            if data.get("delta", {}).get("type") != "input_json_delta" or data["index"] not in self._hosted:
                return super().feed(event)
            part = ToolCallPartDelta(args=data["delta"]["partial_json"])
            return [PartialModelResponse(delta=ContentDelta(index=FAR + data["index"], part=part))]

    return reference(parts, as_codec(WithDecoder(get_codec(parts.provider), Fragments)))


@mutant("CITE-06", cases=("document-citation",), checks="content", seen=("hoangvvo/llm-sdk@a753a91",))
def knows_citations_of_the_web_only(parts: Parts) -> LanguageModel:
    """Drops citations of any kind but those of a web search."""

    def of_the_web(answer: JsonObject) -> JsonObject:
        for block in answer.get("content", ()):
            if "citations" in block:
                block["citations"] = [cited for cited in block["citations"] or () if cited["type"] == WEB]
        return answer

    return misread(parts, of_the_web)


@mutant(
    "STREAM-01",
    cases=("reasoning-summary",),
    checks="adds_up",
    not_for=dict.fromkeys(
        ("cohere", "google", "mistral", "openai", "openai-chat-completion"), "no event of its own brings a signature"
    ),
    seen=("bitrouter/bitrouter#592", "turnstonelabs/turnstone#214", "8monkey-ai/hebo-gateway#131"),
)
def passes_over_signatures(parts: Parts) -> LanguageModel:
    """Ignores the event that brings the signature of a thought."""

    class Unsigned(DecoderAround):
        def feed(self, event: ServerSentEvent) -> Partials:
            is_signature = json.loads(event.data).get("delta", {}).get("type") == "signature_delta"
            return [] if is_signature else super().feed(event)

    return reference(parts, as_codec(WithDecoder(get_codec(parts.provider), Unsigned)))
