"""What of a generated value the Messages API carries. Everything else that the strategies draw is lost on the wire, and
this is the list of it; what is left comes back equal.

- Empty texts, which the API refuses: a message of nothing else is one empty text.
- Media: the MIME type of a URL, pixels, ids; a document of text is UTF-8 and plain.
- Reasoning without a signature, and ids of reasoning. Signatures of texts and calls.
- Citations that did not come from here; what only texts of other providers have, such as indices.
- The name and the description of a JSON format; metadata beside ``user_id``; the choice that is taken for granted.
- Details of usage beside cached, written and thinking tokens; in answers the usage is always there.
"""

import base64
from collections.abc import Iterable, Iterator
from typing import Any

from llm_sdk.providers.anthropic.options import FORMAT_NAME
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
    TextResponseFormat,
    ToolCallPart,
    ToolChoiceAuto,
    ToolMessage,
    ToolResultPart,
    UserMessage,
)

SIGNATURE = "EqQBCkYIBxgC"


def carried_input(input: LanguageModelInput) -> LanguageModelInput:
    changes: dict[str, Any] = {
        "messages": list(_messages(input.messages)),
        "max_tokens": input.max_tokens or _default_max_tokens(input),
        "modalities": None,
        "metadata": None,
    }
    if isinstance(input.response_format, JsonResponseFormat):
        changes["response_format"] = input.response_format.model_copy(update={"name": FORMAT_NAME, "description": None})
    elif isinstance(input.response_format, TextResponseFormat):
        changes["response_format"] = None
    if not input.tools or (input.tool_choice is not None and input.tool_choice.type == "none"):
        changes["parallel_tool_calls"] = None
    elif input.parallel_tool_calls is not None and isinstance(input.tool_choice, ToolChoiceAuto):
        changes["tool_choice"] = None
    return input.model_copy(update=changes)


def _default_max_tokens(input: LanguageModelInput) -> int:
    return 4096 + ((input.reasoning and input.reasoning.budget_tokens) or 0)


def _messages(messages: Iterable[Message]) -> Iterator[Message]:
    """Results of tools that follow one another are one message, and so are they and what the user says then."""
    last: Message | None = None
    for message in messages:
        content = list(_parts(message.content, given=not isinstance(message, AssistantMessage)))
        alone = not (isinstance(last, ToolMessage) and isinstance(message, UserMessage))
        if not content and message.content and alone:
            if not all(isinstance(part, TextPart) for part in message.content):
                continue
            content = [TextPart(text="")]
        if not content and not alone:
            continue
        last = type(message)(content=content)
        yield last


def _parts(parts: Iterable[Part], *, given: bool) -> Iterator[Part]:
    for part in parts:
        match part:
            case TextPart(text=""):
                pass
            case TextPart():
                yield TextPart(text=part.text)
            case ImagePart():
                yield ImagePart(url=part.url) if part.url else ImagePart(mime_type=part.mime_type, data=part.data)
            case FilePart(url=str(url)):
                yield FilePart(url=url, filename=part.filename)
            case FilePart():
                yield FilePart(mime_type=part.mime_type, data=part.data, filename=part.filename)
            case SourcePart() if given:
                yield part.model_copy(update={"content": list(_parts(part.content, given=True))})
            case SourcePart():
                yield from _parts(part.content, given=given)
            case ReasoningPart(signature=str()) if part.id is None:
                yield part
            case ToolCallPart() if not part.provider_executed:
                yield part.model_copy(update={"id": None, "signature": None})
            case ToolResultPart() if not part.provider_executed:
                yield part.model_copy(update={"content": list(_parts(part.content, given=True))})


def carried_response(response: ModelResponse) -> ModelResponse:
    """With signatures, ids and the provider's word for the end, which are made up where they are missing."""
    detail = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}[response.finish_reason or "stop"]
    return response.model_copy(
        update={
            "content": [_answered(part) for part in response.content],
            "id": response.id or "msg_01",
            "model_id": response.model_id or "claude-sonnet-5",
            "finish_detail": detail,
            "usage": _usage(response.usage or ModelUsage(input_tokens=0, output_tokens=0)),
        }
    )


def _answered(part: Part) -> Part:
    match part:
        case TextPart():
            return TextPart(text=part.text, citations=[_citation(one) for one in part.citations or ()])
        case ReasoningPart():
            return ReasoningPart(text=part.text, signature=part.signature or SIGNATURE)
        case ToolCallPart(provider_executed=True):
            return part.model_copy(update={"id": None, "tool_call_id": f"srvtoolu_{part.tool_call_id}"})
        case ToolCallPart():
            return part.model_copy(update={"id": None, "signature": None})
        case ToolResultPart():
            pages = [_page(one) for one in part.content if isinstance(one, SourcePart)]
            return part.model_copy(update={"content": pages, "tool_call_id": f"srvtoolu_{part.tool_call_id}"})
    return part


def _citation(citation: Citation) -> Citation:
    """A page that the hosted search has found."""
    return Citation(
        source=f"https://a.example/{citation.source}",
        title=citation.title,
        cited_text=citation.cited_text or "",
        signature="Eidx",
    )


def _page(page: SourcePart) -> SourcePart:
    return page.model_copy(update={"content": [TextPart(text="", signature="Eenc")]})


def _usage(usage: ModelUsage) -> ModelUsage:
    given, made = usage.input_tokens_details, usage.output_tokens_details
    kept = None
    if given is not None and (given.cached_text_tokens, given.cache_write_tokens) != (None, None):
        kept = ModelTokensDetails(
            cached_text_tokens=given.cached_text_tokens, cache_write_tokens=given.cache_write_tokens
        )
    cached = ((kept and kept.cached_text_tokens) or 0) + ((kept and kept.cache_write_tokens) or 0)
    reasoned = made.reasoning_tokens if made is not None else None
    return ModelUsage(
        input_tokens=max(usage.input_tokens, cached),
        output_tokens=usage.output_tokens,
        input_tokens_details=kept,
        output_tokens_details=None if reasoned is None else ModelTokensDetails(reasoning_tokens=reasoned),
    )


def accepted(input: LanguageModelInput) -> bool:
    """Whether the API would take it."""
    return _has_readable_files(input) and _leaves_room_to_answer(input)


def _is_readable(part: Part) -> bool:
    """Whether a document of text is text: the strategies fill it with any bytes."""
    if isinstance(part, ToolResultPart):
        return all(map(_is_readable, part.content))
    if not isinstance(part, FilePart) or part.mime_type != "text/plain" or part.data is None:
        return True
    try:
        return bool(base64.b64decode(part.data).decode())
    except UnicodeDecodeError:
        return False


def _has_readable_files(input: LanguageModelInput) -> bool:
    return all(_is_readable(part) for message in input.messages for part in message.content)


def _leaves_room_to_answer(input: LanguageModelInput) -> bool:
    """Whether the limit is above the budget for thinking, as the API wants it."""
    budget = (input.reasoning.budget_tokens if input.reasoning is not None else None) or 0
    return input.max_tokens is None or input.max_tokens > budget
