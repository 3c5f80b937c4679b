"""Mutants of what is peculiar to Cohere's chat."""

from dataclasses import replace
from typing import Any

from conformance.mutants.reading import (
    Partials,
    WithDecoder,
    as_codec,
    content_changed,
    misread,
    part_of,
    streamed,
    whole,
)
from conformance.mutants.registry import CodecAround, DecoderAround, Parts, mutant, reference
from llm_sdk.codec import Codec, Endpoint
from llm_sdk.deltas import ContentDelta, PartialModelResponse, ToolCallPartDelta
from llm_sdk.model import LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import JsonObject, ReasoningPart


@mutant("REASON-14", cases=("tool-plan",), checks="content", seen=("hoangvvo/llm-sdk@a753a91",))
def leaves_the_plan_out(parts: Parts) -> LanguageModel:
    """Reads of an answer with calls the calls only."""

    def is_plan(part: Any) -> bool:
        return isinstance(part, ReasoningPart) and part.id == "tool_plan"

    return whole(parts, content_changed(lambda content: [part for part in content if not is_plan(part)]))


@mutant("TOOLS-33", cases=("counts-of-their-own",), checks="content", seen=("hoangvvo/llm-sdk@a753a91",))
def counts_calls_among_the_blocks(parts: Parts) -> LanguageModel:
    """Takes the index of a call for that of a content block."""

    def mixed(partial: PartialModelResponse) -> Partials:
        part = part_of(partial)
        if not isinstance(part, ToolCallPartDelta):
            return [partial]
        return [partial.model_copy(update={"delta": ContentDelta(index=0, part=part)})]

    return streamed(parts, lambda: mixed)


@mutant(
    "TOOLS-27",
    cases=("null-arguments",),
    checks="content",
    not_for={"openai-chat-completion": "its calls stand elsewhere"},
)
def takes_null_for_a_value(parts: Parts) -> LanguageModel:
    """Gives the word null as the one argument of a call of a whole answer."""

    def valued(answer: JsonObject) -> JsonObject:
        for call in answer.get("message", {}).get("tool_calls", ()):
            if call["function"]["arguments"] == "null":
                call["function"]["arguments"] = '{"value":null}'
        return answer

    return misread(parts, valued)


@mutant("CITE-09", cases=("citations-anywhere",), checks="content")
def wants_citations_amid_their_text(parts: Parts) -> LanguageModel:
    """Passes over the citations that come when their text has ended."""

    class Impatient(DecoderAround):
        def __init__(self, codec: Codec) -> None:
            super().__init__(codec)
            self._is_open = False

        def feed(self, event: ServerSentEvent) -> Partials:
            if event.event in ("content-start", "content-end"):
                self._is_open = event.event == "content-start"
            if event.event == "citation-start" and not self._is_open:
                return []
            return super().feed(event)

    return reference(parts, as_codec(WithDecoder(get_codec(parts.provider), Impatient)))


@mutant("USAGE-14", cases=("billed-tokens",), checks="usage")
def counts_the_template(parts: Parts) -> LanguageModel:
    """Takes the tokens that the model saw for those that are billed."""

    def seen(answer: JsonObject) -> JsonObject:
        usage = answer.get("usage") or answer.get("delta", {}).get("usage") or {}
        usage.pop("billed_units", None)
        return answer

    return misread(parts, seen)


@mutant("ERROR-19", cases=("invalid-tool-generation",), checks="test_error")
def takes_an_error_for_the_end(parts: Parts) -> LanguageModel:
    """Reads an answer that ended in an error as one that is complete."""

    def complete(answer: JsonObject) -> JsonObject:
        for said in (answer, answer.get("delta", {})):
            if said.get("finish_reason") == "ERROR":
                said["finish_reason"] = "COMPLETE"
        return answer

    return misread(parts, complete)


@mutant("CORE-36", cases=("stop-sequence",), checks="finish_reason")
def does_not_know_stop_sequences(parts: Parts) -> LanguageModel:
    """Reads the end at a stop sequence as a reason of tomorrow."""

    def unknown(answer: JsonObject) -> JsonObject:
        for said in (answer, answer.get("delta", {})):
            if said.get("finish_reason") == "STOP_SEQUENCE":
                said["finish_reason"] = "SEQUENCE"
        return answer

    return misread(parts, unknown)


@mutant("STREAM-26", cases=("events-without-names",), checks="content")
def reads_events_by_their_names(parts: Parts) -> LanguageModel:
    """Passes over events that have no name."""

    class Formal(DecoderAround):
        def feed(self, event: ServerSentEvent) -> Partials:
            return super().feed(event) if event.event or not event.data.startswith(b"{") else []

    return reference(parts, as_codec(WithDecoder(get_codec(parts.provider), Formal)))


@mutant("CORE-37", cases=("unknown-field",), checks="left_out")
def does_not_look_at_headers(parts: Parts) -> LanguageModel:
    """Leaves out what the API says of the request in a header."""

    class Blind(CodecAround):
        @property
        def endpoint(self) -> Endpoint:
            return replace(self._codec.endpoint, notice_header="")

    return reference(parts, as_codec(Blind(get_codec(parts.provider))))
