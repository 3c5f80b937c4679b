"""What of a generated value this protocol carries. Everything else that the strategies draw is lost on the wire, and
this is the list of it; what is left comes back equal.

- Media: the MIME type of a URL, pixels and ids of images.
- Instructions of one text at the very beginning are the system prompt.
- The documents of all user messages stand in the last one; each has one text, and none is without.
- Results cannot fail, and one empty text is an empty result.
- Signatures and ids of other providers; thoughts of which nothing but these is left.
- A message of the model has one order: content, then calls. A passage that is cited has its text.
- The name and the description of a JSON format; that the model decides about tools, which is the default.
- The model's name; details of usage beside cached, image and reasoning tokens, and cached tokens that were not billed.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from llm_sdk.types import (
    AssistantMessage,
    Citation,
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
    SystemMessage,
    TextPart,
    ToolCallPart,
    ToolChoiceAuto,
    ToolMessage,
    ToolResultPart,
    UserMessage,
)


def carried_input(input: LanguageModelInput) -> LanguageModelInput:
    messages = list(_messages(input.messages))
    changes: dict[str, Any] = {"messages": messages, "modalities": None}
    if input.system_prompt is None and (prompt := _prompt(messages)) is not None:
        changes |= {"system_prompt": prompt, "messages": messages[1:]}
    if isinstance(input.response_format, JsonResponseFormat):
        schema = input.response_format.json_schema
        changes["response_format"] = JsonResponseFormat(name="json_object", schema=schema)
    if isinstance(input.tool_choice, ToolChoiceAuto):
        changes["tool_choice"] = None
    return input.model_copy(update=changes)


def _prompt(messages: Sequence[Message]) -> str | None:
    match messages:
        case [SystemMessage(content=[TextPart(text=text)]), *_]:
            return text
    return None


def _messages(messages: Sequence[Message]) -> Iterator[Message]:
    """Consecutive messages of tools are one; the last of the user gets every document."""
    sources = [one for message in messages if isinstance(message, UserMessage) for one in _sources(message.content)]
    kept = [message for message in messages if not _only_sources(message)]
    last = max((at for at, message in enumerate(kept) if isinstance(message, UserMessage)), default=None)
    for at, message in enumerate(kept):
        match message:
            case UserMessage():
                given = [part for part in message.content if not isinstance(part, SourcePart)]
                yield UserMessage(content=[*(sources if at == last else []), *map(_given, given)])
            case AssistantMessage():
                yield AssistantMessage(content=_in_order(_said(message.content)))
            case ToolMessage():
                results = (part for part in message.content if isinstance(part, ToolResultPart))
                yield ToolMessage(content=[_result(part) for part in results])
            case _:
                yield type(message)(content=[_given(part) for part in message.content])


def _only_sources(message: Message) -> bool:
    content = message.content
    return isinstance(message, UserMessage) and all(isinstance(part, SourcePart) for part in content)


def _sources(parts: Iterable[Part]) -> Iterator[SourcePart]:
    for part in parts:
        if isinstance(part, SourcePart):
            text = "\n".join(inner.text for inner in part.content if isinstance(inner, TextPart))
            yield part.model_copy(update={"content": [TextPart(text=text)]})


def _given(part: Part) -> Part:
    match part:
        case TextPart():
            return TextPart(text=part.text)
        case ImagePart(url=str(url)):
            return ImagePart(url=url)
        case ImagePart():
            return ImagePart(mime_type=part.mime_type, data=part.data)
        case SourcePart():
            return next(_sources([part]))
    return part


def _result(part: ToolResultPart) -> ToolResultPart:
    content = [_given(inner) for inner in part.content]
    return part.model_copy(update={"is_error": None, "content": [] if content == [TextPart(text="")] else content})


def _said(parts: Iterable[Part]) -> Iterator[Part]:
    for part in parts:
        match part:
            case TextPart():
                yield _text(part)
            case ReasoningPart() if part.text or (part.id is None and part.signature is None):
                yield ReasoningPart(text=part.text)
            case ToolCallPart():
                yield part.model_copy(update={"id": None, "signature": None})


def _in_order(parts: Iterable[Part]) -> list[Part]:
    return sorted(parts, key=lambda part: isinstance(part, ToolCallPart))


def _text(part: TextPart) -> TextPart:
    citations = []
    for passage, same in groupby(part.citations or [], key=_passage):
        known = list(same)
        citations += [_citation(one, passage, part.text) for one in known if one.source or len(known) == 1]
    return TextPart(text=part.text, citations=citations)


def _passage(one: Citation) -> tuple[int | None, int | None, str | None]:
    return one.start_index, one.end_index, one.cited_text


def _citation(one: Citation, passage: tuple[int | None, int | None, str | None], text: str) -> Citation:
    start, end, cited = passage
    if cited is None and start is not None and end is not None:
        cited = text[start:end]
    known: dict[str, Any] = {"source": one.source, "start_index": start, "end_index": end, "cited_text": cited}
    if not one.source:
        return Citation(**known)
    return Citation(**known, title=one.title)


def carried_response(response: ModelResponse) -> ModelResponse:
    """With an id and the provider's word for the end, which are made up where they are missing."""
    words = {"length": "MAX_TOKENS", "tool_calls": "TOOL_CALL", "stop": "COMPLETE"}
    plain = [ReasoningPart(text=part.text) if isinstance(part, ReasoningPart) else part for part in response.content]
    return response.model_copy(
        update={
            "content": _in_order(_said(plain)),
            "id": response.id or "an-id",
            "model_id": None,
            "finish_detail": words[response.finish_reason or "stop"],
            "usage": _usage(response.usage),
        }
    )


def _usage(usage: ModelUsage | None) -> ModelUsage | None:
    if usage is None:
        return None
    given, made = usage.input_tokens_details, usage.output_tokens_details
    cached = given.cached_text_tokens if given else None
    inputs = ModelTokensDetails(
        cached_text_tokens=None if cached is None else min(cached, usage.input_tokens),
        image_tokens=given.image_tokens if given else None,
    )
    outputs = ModelTokensDetails(reasoning_tokens=made.reasoning_tokens if made else None)
    return ModelUsage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        input_tokens_details=inputs if inputs.model_dump() else None,
        output_tokens_details=outputs if outputs.model_dump() else None,
    )


def accepted(input: LanguageModelInput) -> bool:
    """Whether the API would take it: numbers in their ranges, and no format beside documents."""
    units = (input.temperature, input.presence_penalty, input.frequency_penalty)
    if not all(value is None or 0 <= value <= 1 for value in units):
        return False
    if input.top_p is not None and not 0.01 <= input.top_p <= 0.99:
        return False
    documents = any(isinstance(part, SourcePart) for one in input.messages for part in one.content)
    return not (documents and isinstance(input.response_format, JsonResponseFormat))
