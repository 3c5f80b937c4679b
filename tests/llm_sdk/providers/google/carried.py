"""What of a generated value Gemini carries. Everything else that the strategies draw is lost on the wire, and this is
the list of it; what is left comes back equal.

- Media: the MIME type is all that tells an image by URL from a file; pixels, names and transcripts; rate and channels
  stand for every format of sound. The id of a medium of the model is its signature.
- Sources come as their content. A result has its texts before its media, and no texts that are JSON objects (they come
  back as the same object, written anew).
- Ids of calls and of reasoning; signatures of other shapes; citations in a history, and those parts of a citation
  that say where it stands without saying where it ends; hosted searches in a history.
- An empty text without a signature behind anything but a text.
- The name of a format and its description; a budget beside an effort; what is said of reasoning that is off.
- Details of usage beside text, images, audio, what of those was cached, and reasoning.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from llm_sdk.providers.google import CODEC
from llm_sdk.types import (
    AssistantMessage,
    AudioPart,
    Citation,
    FilePart,
    ImagePart,
    JsonResponseFormat,
    LanguageModelInput,
    Message,
    ModelResponse,
    ModelTokensDetails,
    ModelUsage,
    Part,
    ReasoningOptions,
    ReasoningPart,
    SourcePart,
    TextPart,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
)
from providers.google.given import MODEL, OTHER_SIGNATURE, SIGNATURE

INPUT_DETAILS = {
    "text_tokens",
    "image_tokens",
    "audio_tokens",
    *map("cached_{}_tokens".format, ("text", "image", "audio")),
}
OUTPUT_DETAILS = {"text_tokens", "image_tokens", "audio_tokens", "reasoning_tokens"}


def carried_input(input: LanguageModelInput) -> LanguageModelInput:
    changes: dict[str, Any] = {"messages": [message for one in input.messages if (message := _message(one)).content]}
    if isinstance(input.response_format, JsonResponseFormat):
        format = input.response_format.model_copy(update={"name": "response", "description": None})
        changes["response_format"] = format
    if input.reasoning is not None:
        changes["reasoning"] = _reasoning(input.reasoning)
    if input.audio is not None and input.audio.voice is None and input.audio.language is None:
        changes["audio"] = None
    return input.model_copy(update=changes)


def _reasoning(options: ReasoningOptions) -> ReasoningOptions:
    if not options.enabled:
        return ReasoningOptions(enabled=False)
    return options.model_copy(update={"budget_tokens": None}) if options.effort is not None else options


def _message(message: Message) -> Message:
    if isinstance(message, AssistantMessage):
        return AssistantMessage(content=list(_said_earlier(message.content)))
    if isinstance(message, ToolMessage):
        return ToolMessage(content=[_result(part) for part in message.content if isinstance(part, ToolResultPart)])
    return type(message)(content=list(_given(message.content)))


def _given(parts: Iterable[Part]) -> Iterator[Part]:
    for part in parts:
        match part:
            case TextPart():
                yield TextPart(text=part.text)
            case ImagePart() | AudioPart() | FilePart():
                yield _medium(part)
            case SourcePart():
                yield from _given(part.content)


def _medium(part: ImagePart | AudioPart | FilePart, signature: str | None = None) -> Part:
    if isinstance(part, AudioPart):
        return part.model_copy(update={"transcript": None, "id": signature})
    if part.url is not None:
        kind = ImagePart if (part.mime_type or "").startswith("image/") else FilePart
        return kind(url=part.url, mime_type=part.mime_type)
    return type(part)(mime_type=part.mime_type, data=part.data, id=signature)


def _result(part: ToolResultPart) -> ToolResultPart:
    content = list(_given(part.content))
    texts = [
        one if not one.text.lstrip().startswith("{") else TextPart(text="")
        for one in content
        if isinstance(one, TextPart)
    ]
    media = [one for one in content if not isinstance(one, TextPart)]
    if part.is_error and not texts:
        texts = [TextPart(text="")]
    return part.model_copy(
        update={"content": [*texts, *media], "is_error": part.is_error or None, "provider_executed": None}
    )


def _said_earlier(parts: list[Part]) -> Iterator[Part]:
    for part in parts:
        match part:
            case TextPart():
                yield TextPart(text=part.text, signature=SIGNATURE if part.signature else None)
            case ReasoningPart():
                yield ReasoningPart(text=part.text, signature=SIGNATURE if part.signature else None)
            case ToolCallPart() if not part.provider_executed:
                yield part.model_copy(update={"id": None, "signature": SIGNATURE if part.signature else None})
            case ImagePart() | AudioPart() | FilePart():
                yield _medium(part, None if getattr(part, "url", None) else SIGNATURE)
            case SourcePart():
                yield from _said_earlier(part.content)


def carried_response(response: ModelResponse) -> ModelResponse:
    """With ids and the provider's word for the end, which are made up where they are missing."""
    return response.model_copy(
        update={
            "content": list(_answered(response.content)),
            "id": response.id or "za9caLp-rJ_Psg-Ou6T4BA",
            "model_id": response.model_id or MODEL,
            "finish_detail": "MAX_TOKENS" if response.finish_reason == "length" else "STOP",
            "usage": _usage(response.usage),
        }
    )


def _answered(parts: list[Part]) -> Iterator[Part]:
    """A search is the last of an answer; here there is none (see the tests of grounding)."""
    before: Part | None = None
    only = True
    for part in parts:
        match part:
            case TextPart():
                signature = OTHER_SIGNATURE if part.signature else None
                citations = [_citation(one, part.text) for one in part.citations or ()] if part.text else None
                kept: Part = TextPart(text=part.text, citations=citations, signature=signature)
                unseen = (
                    not part.text
                    and signature is None
                    and not only
                    and not (isinstance(before, TextPart) and not before.signature)
                )
            case ReasoningPart():
                kept = ReasoningPart(text=part.text, signature=SIGNATURE if part.signature else None)
                unseen = (
                    not part.text
                    and kept.signature is None
                    and not only
                    and not (isinstance(before, ReasoningPart) and not before.signature)
                )
            case ToolCallPart():
                kept, unseen = part.model_copy(update={"id": None}), False
            case ImagePart() | AudioPart() | FilePart():
                kept, unseen = _medium(part, part.id), False
            case _:
                continue
        if not unseen:
            before, only = kept, False
            yield kept


def _citation(citation: Citation, text: str) -> Citation:
    """Inside of the text, with both indices or none."""
    end = citation.end_index
    if end is not None:
        end = min(end, len(text))
    start = None if end is None else min(citation.start_index or 0, len(text) - 1)
    return citation.model_copy(update={"start_index": start, "end_index": end, "signature": None})


def _usage(usage: ModelUsage | None) -> ModelUsage | None:
    if usage is None:
        return None
    made = _details(usage.output_tokens_details, OUTPUT_DETAILS)
    return ModelUsage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens + ((made and made.reasoning_tokens) or 0),
        input_tokens_details=_details(usage.input_tokens_details, INPUT_DETAILS),
        output_tokens_details=made,
    )


def _details(details: ModelTokensDetails | None, known: set[str]) -> ModelTokensDetails | None:
    return None if details is None else ModelTokensDetails(**details.model_dump(include=known))


def accepted(input: LanguageModelInput) -> bool:
    """Whether the API would take it: of an input that says nothing, no contents are left."""
    return bool(json.loads(CODEC.encode_request("gemini", input, stream=False).body)["contents"])
