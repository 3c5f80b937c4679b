"""What of a generated value the Responses API carries. Everything else that the strategies draw is lost on the wire,
and this is the list of it; what is left comes back equal.

- Media: the MIME type of a URL, pixels and ids of given images and files; an image of the model goes by data, and has
  both width and height or none.
- Sources come as their content; results cannot fail, and one empty text is an empty result; a found page has no title,
  and a search that found nothing has no result.
- Signatures and ids of other providers; citations without a message id; whatever a URL citation has no field for.
- The name of a JSON format without a schema; a budget, which stands for an effort; modalities beyond "text and image".
- Turns of the model that follow one another without anything between them are one.
- Details of usage beside cached and reasoning tokens.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from llm_sdk.types import (
    AssistantMessage,
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
    ReasoningPart,
    SourcePart,
    TextPart,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
)

EFFORTS = {1000: "minimal", 2000: "low", 3000: "medium", 4000: "high"}


def carried_input(input: LanguageModelInput) -> LanguageModelInput:
    changes: dict[str, Any] = {"messages": list(_messages(input.messages))}
    if isinstance(input.response_format, JsonResponseFormat) and input.response_format.json_schema is None:
        changes["response_format"] = JsonResponseFormat(name="json_object")
    if input.modalities is not None:
        changes["modalities"] = ["text", "image"] if "image" in input.modalities else None
        if "image" in input.modalities and not input.tools:
            changes["tools"] = None
    if input.reasoning is not None and input.reasoning.budget_tokens is not None:
        effort = EFFORTS[input.reasoning.budget_tokens]
        changes["reasoning"] = input.reasoning.model_copy(update={"budget_tokens": None, "effort": effort})
    return input.model_copy(update=changes)


def _messages(messages: Iterable[Message]) -> Iterator[Message]:
    for role, group in groupby(messages, key=lambda message: message.role):
        if role == "assistant":
            content = [part for message in group for part in message.content]
            yield AssistantMessage(content=list(_assistant_parts(content)))
        else:
            yield from map(_given_message, group)


def _given_message(message: Message) -> Message:
    if isinstance(message, ToolMessage):
        return ToolMessage(content=[_result(part) for part in message.content if isinstance(part, ToolResultPart)])
    return type(message)(content=list(_given_parts(message.content)))


def _given_parts(parts: Iterable[Part]) -> Iterator[Part]:
    for part in parts:
        match part:
            case TextPart():
                yield TextPart(text=part.text)
            case ImagePart():
                yield ImagePart(url=part.url) if part.url else ImagePart(mime_type=part.mime_type, data=part.data)
            case FilePart(url=str(url)):
                yield FilePart(url=url, filename=part.filename)
            case FilePart():
                yield FilePart(mime_type=part.mime_type, data=part.data, filename=part.filename)
            case SourcePart():
                yield from _given_parts(part.content)


def _result(part: ToolResultPart) -> ToolResultPart:
    content = list(_given_parts(part.content))
    return part.model_copy(update={"is_error": None, "content": [] if content == [TextPart(text="")] else content})


def _assistant_parts(parts: list[Part]) -> Iterator[Part]:
    """Each text stands in a message of its own: side by side without ids they would be one turn of several texts."""
    for at, part in enumerate(parts):
        match part:
            case TextPart():
                yield _text(part, f"msg_{at}")
            case ReasoningPart():
                yield part.model_copy(update={"id": f"rs_{at}"})
            case ImagePart(data=str()):
                yield _image(part, at)
            case ToolCallPart(provider_executed=True):
                yield part
            case ToolCallPart():
                yield part.model_copy(update={"id": f"fc_{at}", "signature": None})
            case ToolResultPart(content=[_, *_]):
                yield _pages(part)


def _text(part: TextPart, signature: str) -> TextPart:
    return TextPart(text=part.text, citations=[_citation(one) for one in part.citations or ()], signature=signature)


def _citation(citation: Citation) -> Citation:
    """A URL citation: the kind that the provider's own search gives."""
    return Citation(
        source=citation.source,
        title=citation.title or "",
        start_index=citation.start_index or 0,
        end_index=citation.end_index or 0,
    )


def _image(part: ImagePart, at: int) -> ImagePart:
    known = {"mime_type": part.mime_type, "data": part.data, "id": f"ig_{at}"}
    return (
        ImagePart(**known, width=part.width, height=part.height) if part.width and part.height else ImagePart(**known)
    )


def _pages(part: ToolResultPart) -> ToolResultPart:
    pages = [one.model_copy(update={"title": ""}) for one in part.content if isinstance(one, SourcePart)]
    return part.model_copy(update={"content": pages})


def carried_response(response: ModelResponse) -> ModelResponse:
    """With ids and the provider's word for the end, which are made up where they are missing."""
    content = list(_assistant_parts(response.content))
    detail = "max_output_tokens" if response.finish_reason == "length" else "completed"
    return response.model_copy(
        update={
            "content": content,
            "id": response.id or "resp_1",
            "model_id": response.model_id or "gpt-5.2",
            "finish_detail": detail,
            "usage": _usage(response.usage),
        }
    )


def _usage(usage: ModelUsage | None) -> ModelUsage | None:
    if usage is None:
        return None
    given, made = usage.input_tokens_details, usage.output_tokens_details
    return ModelUsage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        input_tokens_details=ModelTokensDetails(
            cached_text_tokens=(given and given.cached_text_tokens) or 0,
            cache_write_tokens=given and given.cache_write_tokens,
        ),
        output_tokens_details=ModelTokensDetails(reasoning_tokens=(made and made.reasoning_tokens) or 0),
    )


def accepted(input: LanguageModelInput) -> bool:
    """Whether the API would take it."""
    return True
