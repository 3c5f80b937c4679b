"""Mutants that misread tool calls."""

import json
from typing import Any

from conformance.mutants.reading import (
    Partials,
    as_codec,
    content_changed,
    part_of,
    streamed,
    whole,
    with_part,
)
from conformance.mutants.registry import CodecAround, DecoderAround, Parts, mutant, reference
from llm_sdk.codec import Codec, StreamDecoder
from llm_sdk.deltas import PartialModelResponse, ToolCallPartDelta
from llm_sdk.model import LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import ToolCallPart


@mutant(
    "TOOLS-03",
    cases=("arguments-at-the-end", "arguments-in-the-item"),
    checks="content",
    not_for={"anthropic": "all but fragments stands in the event that starts the call"},
    seen=(
        "tailcallhq/forgecode#2558",
        "anomalyco/opencode#44862",
        "hoangvvo/llm-sdk@a753a91",
    ),
)
def reads_arguments_from_fragments_only(parts: Parts) -> LanguageModel:
    """Ignores arguments that come with the end of a call."""
    return reference(parts, as_codec(_WithoutEvents(get_codec(parts.provider), b"arguments")))


@mutant("TOOLS-06", cases=("parallel-calls",), checks="content")
def keeps_the_first_call(parts: Parts) -> LanguageModel:
    """Reads one tool call of an answer."""

    def first(content: list[Any]) -> list[Any]:
        calls = [part for part in content if isinstance(part, ToolCallPart)]
        return [part for part in content if not isinstance(part, ToolCallPart) or part is calls[0]]

    return whole(parts, content_changed(first))


@mutant(
    "TOOLS-07",
    cases=("parallel-calls-of-one-tool", "interleaved-calls"),
    checks="content",
    seen=(
        "TanStack/ai#199",
        "brainlid/langchain#620",
    ),
)
def keys_calls_by_name(parts: Parts) -> LanguageModel:
    """Takes calls of the same tool for one."""

    def by_name(content: list[Any]) -> list[Any]:
        return list({getattr(part, "tool_name", at): part for at, part in enumerate(content)}.values())

    return whole(parts, content_changed(by_name))


@mutant(
    "TOOLS-01",
    cases=("tool-call",),
    checks="content",
    not_for=dict.fromkeys(("anthropic", "cohere", "google", "mistral", "openai-chat-completion"), "a call has one id"),
)
def takes_the_item_id_for_the_call_id(parts: Parts) -> LanguageModel:
    """Gives a tool call the id of its item in place of the id to answer to."""

    def swapped(partial: PartialModelResponse) -> Partials:
        part = part_of(partial)
        if not isinstance(part, ToolCallPartDelta) or part.id is None:
            return [partial]
        return with_part(partial, part.model_copy(update={"tool_call_id": part.id}))

    return streamed(parts, lambda: swapped)


@mutant(
    "TOOLS-05",
    cases=("big-integers",),
    checks="content",
    seen=(
        "google/adk-python#3592",
        "earendil-works/pi#8943",
    ),
)
def reads_numbers_as_floats(parts: Parts) -> LanguageModel:
    """Reads the integers of arguments as floats."""

    def rounded(part: Any) -> Any:
        if not isinstance(part, ToolCallPart):
            return part
        return part.model_copy(update={"args": json.loads(json.dumps(part.args), parse_int=float)})

    return whole(parts, content_changed(lambda content: [rounded(part) for part in content]))


@mutant(
    "TOOLS-18",
    cases=("tool-call",),
    checks="finish_reason",
    seen=(
        "strands-agents/harness-sdk#1827",
        "strands-agents/harness-sdk#3206",
    ),
)
def stops_with_a_call(parts: Parts) -> LanguageModel:
    """Calls the end of a streamed answer that asks for a tool a stop."""

    def stopped(partial: PartialModelResponse) -> Partials:
        return [partial.model_copy(update={"finish_reason": partial.finish_reason and "stop"})]

    return streamed(parts, lambda: stopped)


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
