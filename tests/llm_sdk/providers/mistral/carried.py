"""What of a generated value Mistral's chat completions carry. Everything else that the strategies draw is lost on the
wire, and this is the list of it; what is left comes back equal.

- Media: the MIME type of a URL, pixels and ids of images and files; everything of audio but its bytes.
- Sources come as their content; results cannot fail, and one empty text is an empty result.
- Signatures, ids and citations of other providers, and ids of tool calls that are not nine letters and digits.
- The name of a JSON format without a schema; the effort ``high`` is reasoning without one, and ``none`` is off;
  that answers in text are wanted.
- Of an answer: the order of what is said and the calls; empty texts and thoughts; texts side by side are one text, and
  so are thoughts, up to a signature; details of usage beside cached and audio tokens.
"""

import base64
from collections.abc import Iterable, Iterator
from typing import Any

from llm_sdk.providers.mistral.response import join_parts
from llm_sdk.providers.mistral.tool_call_ids import own_id
from llm_sdk.types import (
    AssistantMessage,
    AudioPart,
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
    SystemMessage,
    TextPart,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
)

MAGIC = {"wav": b"RIFF....WAVE", "mp3": b"ID3", "flac": b"fLaC", "opus": b"OggS"}


def carried_input(input: LanguageModelInput) -> LanguageModelInput:
    changes: dict[str, Any] = {"messages": list(map(_message, input.messages)), "modalities": None}
    first = changes["messages"][0]
    if input.system_prompt is None and isinstance(first, SystemMessage) and _is_prompt(first):
        changes |= {"system_prompt": getattr(first.content[0], "text", None), "messages": changes["messages"][1:]}
    if isinstance(input.response_format, JsonResponseFormat) and input.response_format.json_schema is None:
        changes["response_format"] = JsonResponseFormat(name="json_object")
    if input.reasoning is not None:
        changes["reasoning"] = _reasoning_options(input.reasoning)
    return input.model_copy(update=changes)


def _is_prompt(message: SystemMessage) -> bool:
    return len(message.content) == 1 and isinstance(message.content[0], TextPart)


def _reasoning_options(options: ReasoningOptions) -> ReasoningOptions:
    if not options.enabled or options.effort == "none":
        return ReasoningOptions(enabled=False)
    return ReasoningOptions(effort=None if options.effort == "high" else options.effort)


def _message(message: Message) -> Message:
    if isinstance(message, ToolMessage):
        return ToolMessage(content=[_result(part) for part in message.content if isinstance(part, ToolResultPart)])
    parts = list(_parts(message.content))
    if isinstance(message, AssistantMessage):
        said = [part for part in parts if not isinstance(part, ToolCallPart)]
        calls = [part for part in parts if isinstance(part, ToolCallPart)]
        return AssistantMessage(content=[*_whole(said), *calls])
    return type(message)(content=parts or [TextPart(text="")])


def _whole(parts: list[Part]) -> list[Part]:
    return [] if parts == [TextPart(text="")] else parts


def _parts(parts: Iterable[Part]) -> Iterator[Part]:
    for part in parts:
        match part:
            case TextPart():
                yield TextPart(text=part.text)
            case ReasoningPart() if part.text or (part.id is None and part.signature is None):
                yield ReasoningPart(text=part.text)
            case ImagePart():
                yield ImagePart(url=part.url) if part.url else ImagePart(mime_type=part.mime_type, data=part.data)
            case FilePart(url=str(url)):
                yield FilePart(url=url, filename=part.filename)
            case FilePart():
                yield FilePart(mime_type=part.mime_type, data=part.data, filename=part.filename)
            case AudioPart():
                data = base64.b64encode(MAGIC[part.format] + base64.b64decode(part.data)).decode()
                yield AudioPart(data=data, format=part.format)
            case SourcePart():
                yield from _parts(part.content)
            case ToolCallPart():
                id = own_id(part.tool_call_id)
                yield ToolCallPart(tool_call_id=id, tool_name=part.tool_name, args=part.args)


def _result(part: ToolResultPart) -> ToolResultPart:
    known = {"tool_call_id": own_id(part.tool_call_id), "tool_name": part.tool_name}
    return ToolResultPart(**known, content=_whole(list(_parts(part.content))))


def carried_response(response: ModelResponse) -> ModelResponse:
    """With ids and the provider's word for the end, which are made up where they are missing."""
    said = [_said(part) for part in response.content if not isinstance(part, ToolCallPart)]
    calls = [part for part in response.content if isinstance(part, ToolCallPart)]
    known = [ToolCallPart(tool_call_id=one.tool_call_id, tool_name=one.tool_name, args=one.args) for one in calls]
    return response.model_copy(
        update={
            "content": [*join_parts(said), *known],
            "id": response.id or "c1",
            "model_id": response.model_id or "mistral-small-latest",
            "finish_detail": response.finish_reason,
            "usage": _usage(response.usage),
        }
    )


def _said(part: Part) -> Part:
    if isinstance(part, ReasoningPart):
        return part.model_copy(update={"id": None if part.signature is None else "thinking"})
    return TextPart(text=part.text) if isinstance(part, TextPart) else part


def _usage(usage: ModelUsage | None) -> ModelUsage | None:
    if usage is None:
        return None
    given = usage.input_tokens_details
    details = given and ModelTokensDetails(cached_text_tokens=given.cached_text_tokens, audio_tokens=given.audio_tokens)
    return ModelUsage(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, input_tokens_details=details)


def accepted(input: LanguageModelInput) -> bool:
    """Whether the API would take it."""
    return True
