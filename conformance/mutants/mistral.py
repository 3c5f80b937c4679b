"""Mutants of what is peculiar to Mistral's chat completions."""

from collections.abc import Callable
from typing import Any

from conformance.mutants.reading import Partials, ReadPartials, content_changed, misread, part_of, streamed, whole
from conformance.mutants.registry import CodecAround, Parts, mutant, reference
from llm_sdk.codec import Codec, WireResponse
from llm_sdk.deltas import ContentDelta, PartialModelResponse, ReasoningPartDelta
from llm_sdk.errors import InvariantError, StatusCodeError
from llm_sdk.model import LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.types import JsonObject, TextPart, ToolCallPart

BEHIND = 1 << 10
"""Index of what comes behind the thoughts, where each of these has an index of its own."""


def _calls_changed(change: Callable[[list[Any]], list[Any]]) -> Callable[[JsonObject], JsonObject]:
    """The tool calls of every message and of every delta, changed."""

    def changed(answer: JsonObject) -> JsonObject:
        for choice in answer.get("choices", ()):
            said = choice.get("message") or choice.get("delta") or {}
            if said.get("tool_calls"):
                said["tool_calls"] = change(said["tool_calls"])
        return answer

    return changed


@mutant(
    "TOOLS-19",
    cases=("fragments-without-names",),
    checks="content",
    seen=(
        "anomalyco/opencode#37841",
        "hoangvvo/llm-sdk@a753a91",
    ),
)
def wants_a_name_in_every_fragment(parts: Parts) -> LanguageModel:
    """Passes over the fragments of a call that have an empty name."""
    return misread(parts, _calls_changed(lambda calls: [call for call in calls if call["function"].get("name")]))


@mutant(
    "TOOLS-20",
    cases=("calls-without-index",),
    checks="content",
    seen=(
        "AstrBotDevs/AstrBot#6692",
        "hoangvvo/llm-sdk@a753a91",
    ),
)
def gives_every_call_the_index_0(parts: Parts) -> LanguageModel:
    """Takes the calls of one chunk that have no index for one."""

    def joined(calls: list[Any]) -> list[Any]:
        return [call for at, call in enumerate(calls) if at == 0 or "index" in call]

    return misread(parts, _calls_changed(joined))


@mutant("TOOLS-21", cases=("object-arguments",), checks="content")
def reads_arguments_from_text_only(parts: Parts) -> LanguageModel:
    """Takes arguments that are no text for none."""

    def as_text(call: Any) -> Any:
        if isinstance(call["function"].get("arguments"), dict):
            call["function"]["arguments"] = ""
        return call

    return misread(parts, _calls_changed(lambda calls: [as_text(call) for call in calls]))


@mutant("TOOLS-22", cases=("calls-without-ids",), checks="content")
def takes_null_for_an_id(parts: Parts) -> LanguageModel:
    """Gives every call that came without an id the word for none."""

    def named(part: Any) -> Any:
        return part.model_copy(update={"tool_call_id": "null"}) if isinstance(part, ToolCallPart) else part

    return whole(parts, content_changed(lambda content: [named(part) for part in content]))


@mutant("REASON-08", cases=("thoughts-then-text",), checks="content", seen=("hoangvvo/llm-sdk@a753a91",))
def makes_a_part_of_every_thought(parts: Parts) -> LanguageModel:
    """Gives each chunk of a thought as a part of its own."""

    def apart() -> ReadPartials:
        thoughts = 0

        def read(partial: PartialModelResponse) -> Partials:
            nonlocal thoughts
            if partial.delta is None:
                return [partial]
            is_thought = isinstance(part_of(partial), ReasoningPartDelta)
            index = thoughts if is_thought else BEHIND + partial.delta.index
            thoughts += is_thought
            return [partial.model_copy(update={"delta": ContentDelta(index=index, part=partial.delta.part)})]

        return read

    return streamed(parts, apart)


@mutant("CITE-05", cases=("references",), checks="content")
def drops_references(parts: Parts) -> LanguageModel:
    """Reads of a text only its words."""

    def bare(part: Any) -> Any:
        return TextPart(text=part.text) if isinstance(part, TextPart) else part

    return whole(parts, content_changed(lambda content: [bare(part) for part in content]))


@mutant("USAGE-06", cases=("cached-beside", "cached-in-details", "cached-misspelled"), checks="usage")
def knows_one_name_for_cached_tokens(parts: Parts) -> LanguageModel:
    """Looks for cached tokens in one place only."""

    def poorer(answer: JsonObject) -> JsonObject:
        for name in ("num_cached_tokens", "prompt_token_details"):
            (answer.get("usage") or {}).pop(name, None)
        return answer

    return misread(parts, poorer)


@mutant("ERROR-13", cases=("complaint-about-a-field", "complaint-in-the-message"), checks="test_error")
def reads_no_complaints(parts: Parts) -> LanguageModel:
    """Looks for the message of an error at the top of its body only."""
    codec: Any = _Deaf(get_codec(parts.provider))
    return reference(parts, codec)


class _Deaf(CodecAround):
    _codec: Codec

    def decode_error(self, reply: WireResponse) -> StatusCodeError:
        error = self._codec.decode_error(reply)
        assert isinstance(error, StatusCodeError)  # noqa: S101 - all that this protocol raises
        if b'"detail"' in reply.body:
            error.message = f"status {reply.status}"
        return error


@mutant(
    "TOOLS-22",
    cases=("calls-without-ids",),
    checks="content",
    not_for={"google": "its calls stand elsewhere"},
    seen=("continuedev/continue#13225",),
)
def drops_calls_without_ids(parts: Parts) -> LanguageModel:
    """Passes over calls that have no id."""
    return misread(parts, _calls_changed(lambda calls: [call for call in calls if call.get("id", "null") != "null"]))


def _contents_changed(change: Callable[[Any], Any]) -> Callable[[JsonObject], JsonObject]:
    """The content of every delta, changed."""

    def changed(answer: JsonObject) -> JsonObject:
        for choice in answer.get("choices", ()):
            if "content" in choice.get("delta", {}):
                choice["delta"]["content"] = change(choice["delta"]["content"])
        return answer

    return changed


@mutant(
    "REASON-08",
    cases=("thoughts-then-text",),
    checks="content",
    seen=("vercel/ai#8072", "simonw/llm-mistral#39", "n8n-io/n8n#37352"),
)
def wants_content_to_be_text(parts: Parts) -> LanguageModel:
    """Stumbles over a content that is a list."""

    def text(content: Any) -> Any:
        if isinstance(content, list):
            raise InvariantError("expected str instance, list found")
        return content

    return misread(parts, _contents_changed(text))


@mutant("REASON-08", cases=("thoughts-then-text",), checks="content", seen=("BerriAI/litellm#16272",))
def hears_no_thoughts_of_a_stream(parts: Parts) -> LanguageModel:
    """Passes over the thoughts that a stream brings."""

    def thoughtless(content: Any) -> Any:
        if not isinstance(content, list):
            return content
        return [item for item in content if item.get("type") != "thinking"]

    return misread(parts, _contents_changed(thoughtless))
