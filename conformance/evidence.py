"""Which requirements a recording from elsewhere can show, going by what stands in it: it has no case that says so."""

from collections.abc import Iterator

from llm_sdk.errors import StatusCodeError
from llm_sdk.types import (
    AssistantMessage,
    FilePart,
    ImagePart,
    LanguageModelInput,
    ModelResponse,
    OpaquePart,
    Part,
    ReasoningPart,
    SystemMessage,
    TextPart,
    Tool,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
    UserMessage,
    WebSearchTool,
)

__all__ = ["shown_by_answer", "shown_by_error", "shown_by_input"]

OPTIONS = ("max_tokens", "temperature", "top_p", "top_k", "seed", "stop", "metadata")


def shown_by_answer(answer: ModelResponse) -> Iterator[str]:
    """The requirements on answers that this one is an instance of."""
    content = answer.content
    texts = [part for part in content if isinstance(part, TextPart)]
    calls = [part for part in content if isinstance(part, ToolCallPart) and not part.provider_executed]
    if texts:
        yield "CORE-01" if all(part.text.isascii() for part in texts) else "CORE-02"
    if not any(part.text for part in texts) and len(texts) == len(content):
        yield "CORE-03"
    if len(texts) > 1:
        yield "CORE-04"
    if answer.finish_reason in ("length", "content_filter"):
        yield from ("CORE-05", "CORE-06", "USAGE-05")
    if calls:
        yield from ("TOOLS-01", "TOOLS-18")
        yield from _shown_by_calls(calls)
        if texts:
            yield "TOOLS-08"
    for part in content:
        yield from _shown_by_part(part)
    if answer.usage is not None and (answer.usage.input_tokens_details or answer.usage.output_tokens_details):
        yield "USAGE-02"
    if answer.usage is None:
        yield "USAGE-04"


def _shown_by_calls(calls: list[ToolCallPart]) -> Iterator[str]:
    if any(not call.args for call in calls):
        yield "TOOLS-02"
    if any(isinstance(value, dict | list) for call in calls for value in call.args.values()):
        yield "TOOLS-04"
    if len(calls) > 1:
        yield "TOOLS-06"
    if len({call.tool_name for call in calls}) < len(calls):
        yield "TOOLS-07"


def _shown_by_part(part: Part) -> Iterator[str]:
    match part:
        case TextPart(citations=[_, *others]):
            yield from ("CITE-01", "CITE-02", *(["CITE-03"] if others else []))
        case ReasoningPart():
            yield "REASON-01" if part.text else "REASON-04"
        case ImagePart():
            yield "MEDIA-05"
        case ToolCallPart(provider_executed=True):
            yield from ("SEARCH-02", "SEARCH-05")
        case ToolResultPart():
            yield "SEARCH-06" if part.is_error else "SEARCH-03"
        case OpaquePart():
            yield "CORE-19"


def shown_by_input(input: LanguageModelInput) -> Iterator[str]:
    """The requirements on requests that this one is an instance of."""
    yield "CORE-09"
    if any(getattr(input, name) is not None for name in OPTIONS):
        yield "CORE-11"
    if any(getattr(input, name) == 0 for name in OPTIONS):
        yield "CORE-12"
    if input.extra:
        yield "CORE-15"
    if any(isinstance(tool, Tool) for tool in input.tools or ()):
        yield "TOOLS-10"
    if any(isinstance(tool, WebSearchTool) for tool in input.tools or ()):
        yield "SEARCH-01"
    if input.tool_choice is not None:
        yield "TOOLS-11"
    if input.parallel_tool_calls is not None:
        yield "TOOLS-17"
    if input.response_format is not None:
        yield "STRUCT-01" if getattr(input.response_format, "json_schema", None) else "STRUCT-02"
    if input.reasoning is not None:
        yield "REASON-06"
    if "image" in (input.modalities or ()):
        yield "MEDIA-09"
    for message in input.messages:
        yield from _shown_by_message(message)


def _shown_by_message(message: UserMessage | AssistantMessage | ToolMessage | SystemMessage) -> Iterator[str]:
    match message:
        case SystemMessage():
            yield "CORE-14"
        case AssistantMessage():
            yield "CORE-13"
            for part in message.content:
                yield from _shown_by_history(part)
        case ToolMessage():
            yield from ("TOOLS-12", *(["TOOLS-14"] if len(message.content) > 1 else []))
            results = [part.content for part in message.content if isinstance(part, ToolResultPart)]
            yield from ("TOOLS-13" for content in results if len(content) > 1)
            yield from ("MEDIA-04" for content in results for part in content if isinstance(part, ImagePart))
        case UserMessage():
            if len(message.content) > 1:
                yield "CORE-10"
            for part in message.content:
                if isinstance(part, ImagePart | FilePart):
                    yield "MEDIA-02" if part.url else "MEDIA-01" if isinstance(part, ImagePart) else "MEDIA-03"


def _shown_by_history(part: Part) -> Iterator[str]:
    match part:
        case ToolCallPart(provider_executed=True):
            yield "SEARCH-04"
        case ToolCallPart():
            yield "TOOLS-16"
        case ReasoningPart():
            yield "REASON-05"
        case ImagePart():
            yield "MEDIA-07"
        case OpaquePart():
            yield "CORE-20"
        case TextPart(citations=[_, *_]):
            yield "CITE-04"


def shown_by_error(error: StatusCodeError, *, in_answer: bool) -> Iterator[str]:
    """The requirements on errors that this one is an instance of; ``in_answer``: it came under a status of 200."""
    yield "ERROR-05"
    if in_answer:
        yield from ("ERROR-10", "STREAM-23")
        return
    named = {401: "ERROR-01", 403: "ERROR-01", 404: "ERROR-01", 429: "ERROR-02"}
    yield named.get(error.status_code, "ERROR-03" if error.status_code >= 500 else "ERROR-04")
    if not error.body.lstrip().startswith(("{", "[")):
        yield "ERROR-08"
