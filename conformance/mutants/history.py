"""Mutants that lose on the way to the provider what stands in the history, or what a message shows."""

from collections.abc import AsyncIterator, Callable
from typing import Any

from conformance.mutants.registry import ModelAround, Parts, mutant
from conformance.mutants.sending import Change, messages_changed, parts_changed, rewriting, sending, setting
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import UnsupportedError
from llm_sdk.model import LanguageModel
from llm_sdk.types import (
    AssistantMessage,
    JsonObject,
    LanguageModelInput,
    Message,
    ModelResponse,
    Part,
    TextPart,
    ToolMessage,
    ToolResultPart,
    UserMessage,
)


@mutant(
    "SEARCH-04",
    cases=("search-with-sources", "running-totals"),
    checks="meaning or conversation",
    seen=("hoangvvo/llm-sdk@a753a91",),
)
def refuses_its_own_searches(parts: Parts) -> LanguageModel:
    """Cannot send back an answer with a search of the provider's own and its sources."""

    def refusing(part: Part) -> list[Part]:
        if isinstance(part, ToolResultPart) and part.provider_executed:
            raise UnsupportedError("a result that no tool gave", path="messages")
        return [part]

    return sending(parts, parts_changed(AssistantMessage, refusing))


@mutant(
    "MEDIA-04",
    cases=("image-tool-result",),
    checks="meaning or conversation",
    seen=("obra/lace#383", "V1ki/dsh-plugin-subscriptions#62"),
)
def forgets_images_of_results(parts: Parts) -> LanguageModel:
    """Sends of the result of a tool its texts only."""

    def texts_only(part: Part) -> list[Part]:
        if not isinstance(part, ToolResultPart):
            return [part]
        return [part.model_copy(update={"content": [inner for inner in part.content if inner.type == "text"]})]

    return sending(parts, parts_changed(ToolMessage, texts_only))


@mutant("CORE-12", cases=("zero-seed",), checks="meaning", seen=("agno-agi/agno#988", "hoangvvo/llm-sdk@a753a91"))
def drops_a_seed_of_zero(parts: Parts) -> LanguageModel:
    """Sends a seed only where it is true in the sense of an if."""
    return sending(parts, lambda said: said.model_copy(update={"seed": said.seed or None}))


@mutant("CORE-18", cases=("unsupported-call-by-user",), checks="unsupported", seen=("hoangvvo/llm-sdk@a753a91",))
def takes_anything_in_any_role(parts: Parts) -> LanguageModel:
    """Sends a tool call in the user's turn as words of the user."""

    def said(part: Part) -> list[Part]:
        return [TextPart(text=part.tool_name)] if part.type == "tool-call" else [part]

    return _unchecked(parts, messages_changed(lambda message: _with_parts(message, said)))


def _with_parts(message: Message, change: Callable[[Part], list[Part]]) -> Message:
    if not isinstance(message, UserMessage):
        return message
    return message.model_copy(update={"content": [new for part in message.content for new in change(part)]})


def _unchecked(parts: Parts, change: Change) -> LanguageModel:
    """The model checks what it was given before its codec sees it: so the change comes first."""

    class Careless(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            return await super().generate(change(input))

        async def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
            async for partial in super().stream(change(input)):
                yield partial

    return Careless(parts)


@mutant("TOOLS-12", cases=("tool-result",), checks="meaning")
def answers_another_call(parts: Parts) -> LanguageModel:
    """Sends a tool result under an id of its own."""

    def renamed(part: Part) -> list[Part]:
        return [part.model_copy(update={"tool_call_id": "call_0"})] if isinstance(part, ToolResultPart) else [part]

    return sending(parts, parts_changed(ToolMessage, renamed))


@mutant("STRUCT-02", cases=("json-object",), checks="meaning")
def asks_for_text(parts: Parts) -> LanguageModel:
    """Asks for an answer of any form."""
    return sending(parts, setting(response_format=None))


@mutant(
    "STRUCT-01",
    cases=("open-schema",),
    checks="meaning",
    not_for={
        **dict.fromkeys(("anthropic", "cohere", "google"), "no request says how strict it is"),
        "mistral": "it is not known to refuse an open schema",
    },
    seen=("hoangvvo/llm-sdk@a753a91",),
)
def is_strict_with_every_schema(parts: Parts) -> LanguageModel:
    """Asks for strictness, although the schema leaves properties open."""

    def strict(body: JsonObject) -> JsonObject:
        format = body.get("text", body).get("format") or body["response_format"]["json_schema"]
        format["strict"] = True
        return body

    return rewriting(parts, strict)


@mutant("MEDIA-02", cases=("image-by-url",), checks="meaning")
def describes_images_by_their_address(parts: Parts) -> LanguageModel:
    """Sends the address of an image as a text."""

    def as_text(part: Part) -> list[Part]:
        url = getattr(part, "url", None)
        return [TextPart(text=url)] if part.type == "image" and url else [part]

    return sending(parts, parts_changed(UserMessage, as_text))


@mutant("MEDIA-07", cases=("image-history",), checks="meaning")
def forgets_generated_images(parts: Parts) -> LanguageModel:
    """Leaves the images of earlier answers out."""
    return sending(parts, parts_changed(AssistantMessage, lambda part: [] if part.type == "image" else [part]))


@mutant("MEDIA-09", cases=("image-output",), checks="meaning")
def asks_for_no_images(parts: Parts) -> LanguageModel:
    """Does not say which kinds of answer are wanted."""
    return sending(parts, setting(modalities=None))


@mutant("AUDIO-03", cases=("sound-given",), checks="meaning")
def forgets_sound(parts: Parts) -> LanguageModel:
    """Sends the texts of a message only, and no sound."""
    return sending(parts, parts_changed(UserMessage, lambda part: [] if part.type == "audio" else [part]))


@mutant("AUDIO-05", cases=("spoken-history",), checks="meaning or conversation")
def forgets_what_was_spoken(parts: Parts) -> LanguageModel:
    """Leaves the spoken answers out of the history."""
    return sending(parts, parts_changed(AssistantMessage, lambda part: [] if part.type == "audio" else [part]))


@mutant("AUDIO-01", cases=("sound-input", "sound-tool-result"), checks="unsupported")
def drops_sound_that_nobody_hears(parts: Parts) -> LanguageModel:
    """Sends a message without its sound where the protocol takes none."""

    def silent(message: Message) -> Message:
        kept = [_without_sound(part) for part in message.content if part.type != "audio"]
        return message.model_copy(update={"content": kept})

    return _unchecked(parts, messages_changed(silent))


def _without_sound(part: Any) -> Any:
    if not isinstance(part, ToolResultPart):
        return part
    return part.model_copy(update={"content": [inner for inner in part.content if inner.type != "audio"]})


@mutant("AUDIO-02", cases=("spoken-answer", "spoken-voice"), checks="unsupported")
def answers_in_writing(parts: Parts) -> LanguageModel:
    """Asks for a written answer where a spoken one is wanted and there is none."""
    return _unchecked(parts, setting(modalities=None, audio=None))
