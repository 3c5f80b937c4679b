"""What of a generated value Chat Completions carries. Everything else that the strategies draw is lost on the wire, and
this is the list of it; what is left comes back equal.

- Media: the MIME type of a URL, pixels and ids of given images and files, rates, channels, transcripts and ids of given
  audio. Sources come as their content.
- Results are text: what else they hold is said by a user message behind them. They cannot fail.
- A message of the model has one text, one reasoning and its calls, in this order; in a request it has no citations, and
  its audio is an id, or else what was said.
- Reasoning comes back with the field that held it, and without signatures of others; a call's own id and signature.
- An empty text, or an empty reasoning, is none.
- Audio of the model is told by its bytes: see the format.
- The name of a JSON format without a schema; a budget, which stands for an effort; that reasoning is wanted at all.
- A system message of one text at the very start is the system prompt.
- Details of usage that the wire has no field for.
"""

import base64
from collections.abc import Iterable, Iterator
from typing import Any

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
    ReasoningPart,
    SourcePart,
    SystemMessage,
    TextPart,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
    UserMessage,
)

EFFORTS = {1000: "minimal", 2000: "low", 3000: "medium", 4000: "high"}
INPUT_DETAILS = {"cached_text_tokens", "audio_tokens", "text_tokens", "image_tokens", "cache_write_tokens"}
OUTPUT_DETAILS = {"reasoning_tokens", "audio_tokens", "text_tokens", "image_tokens"}


def carried_input(input: LanguageModelInput) -> LanguageModelInput:
    messages = list(_messages(input.messages))
    changes: dict[str, Any] = {"messages": messages}
    if input.system_prompt is None and messages and isinstance(messages[0], SystemMessage):
        (first, *others) = messages[0].content
        if isinstance(first, TextPart) and not others:
            changes |= {"system_prompt": first.text, "messages": messages[1:]}
    if isinstance(input.response_format, JsonResponseFormat) and input.response_format.json_schema is None:
        changes["response_format"] = JsonResponseFormat(name="json_object")
    if input.reasoning is not None and input.reasoning.enabled:
        effort = input.reasoning.effort or EFFORTS.get(input.reasoning.budget_tokens or 0)
        wanted = input.reasoning.model_copy(update={"budget_tokens": None, "effort": effort})
        changes["reasoning"] = {None: None, "none": wanted.model_copy(update={"effort": None, "enabled": False})}.get(
            effort, wanted
        )
    if input.audio is not None:
        changes["audio"] = input.audio.model_copy(update={"format": input.audio.format or "linear16"})
    return input.model_copy(update=changes)


def _messages(messages: Iterable[Message]) -> Iterator[Message]:
    attached: list[Part] = []
    for message in messages:
        if not isinstance(message, ToolMessage) and attached:
            yield UserMessage(content=attached)
            attached = []
        match message:
            case ToolMessage():
                yield ToolMessage(content=[_result(part, attached) for part in message.content])
            case AssistantMessage():
                yield AssistantMessage(content=list(_turn(message.content)))
            case _:
                yield type(message)(content=list(_given(message.content)) or [TextPart(text="")])
    if attached:
        yield UserMessage(content=attached)


def _given(parts: Iterable[Part]) -> Iterator[Part]:
    for part in parts:
        match part:
            case TextPart():
                yield TextPart(text=part.text)
            case ImagePart():
                yield ImagePart(url=part.url) if part.url else ImagePart(mime_type=part.mime_type, data=part.data)
            case FilePart():
                yield FilePart(mime_type=part.mime_type, data=part.data, filename=part.filename)
            case AudioPart():
                yield AudioPart(data=part.data, format=part.format)
            case SourcePart():
                yield from _given(part.content)


def _result(part: Part, attached: list[Part]) -> Part:
    assert isinstance(part, ToolResultPart)
    content = list(_given(part.content))
    texts: list[Part] = [one for one in content if isinstance(one, TextPart)]
    moved = [one for one in content if not isinstance(one, TextPart)]
    if moved:
        where = f"Attached to the result of {part.tool_name} ({part.tool_call_id}):"
        attached += [TextPart(text=where), *moved]
    if texts == [TextPart(text="")]:
        texts = []
    return part.model_copy(update={"is_error": None, "content": texts})


def _turn(parts: list[Part]) -> Iterator[Part]:
    """A turn of the model in a request, where no reasoning is its own and no audio has an id."""
    said: list[Part] = []
    for part in _flat(parts):
        if isinstance(part, TextPart):
            said.append(TextPart(text=part.text))
        elif isinstance(part, AudioPart) and part.transcript:
            said.append(TextPart(text=part.transcript))
    calls = [_call(part) for part in parts if isinstance(part, ToolCallPart)]
    yield from said or ([] if calls else [TextPart(text="")])
    yield from calls


def _flat(parts: Iterable[Part]) -> Iterator[Part]:
    for part in parts:
        yield from _flat(part.content) if isinstance(part, SourcePart) else [part]


def _call(part: ToolCallPart) -> ToolCallPart:
    return part.model_copy(update={"id": None, "signature": None})


def carried_response(response: ModelResponse) -> ModelResponse:
    """With ids and the provider's word for the end, which are made up where they are missing."""
    return response.model_copy(
        update={
            "content": list(_answer(response.content)),
            "id": response.id or "chatcmpl-1",
            "model_id": response.model_id or "gpt-5.2",
            "finish_detail": response.finish_reason,
            "usage": _usage(response.usage),
        }
    )


def _answer(parts: list[Part]) -> Iterator[Part]:
    thoughts = "".join(part.text for part in parts if isinstance(part, ReasoningPart))
    if thoughts:
        yield ReasoningPart(text=thoughts, id="reasoning_content")
    texts = [part for part in parts if isinstance(part, TextPart)]
    text = "".join(part.text for part in texts)
    if text:
        yield TextPart(text=text, citations=list(_citations(texts)))
    for part in parts[::-1]:
        if isinstance(part, AudioPart):
            yield _spoken(part)
            break
    yield from (_call(part) for part in parts if isinstance(part, ToolCallPart))


def _citations(texts: list[TextPart]) -> Iterator[Citation]:
    offset = 0
    for part in texts:
        for citation in part.citations or ():
            end = len(part.text) if citation.end_index is None else citation.end_index
            yield Citation(
                source=citation.source,
                title=citation.title or "",
                start_index=offset + (citation.start_index or 0),
                end_index=offset + end,
            )
        offset += len(part.text)


def _spoken(part: AudioPart) -> AudioPart:
    """Headless samples: the bytes of a wave file, which say so themselves, have a test of their own."""
    data = base64.b64encode(b"\0\0" + base64.b64decode(part.data)).decode()
    id, said = part.id or "audio_1", part.transcript or ""
    return AudioPart(data=data, format="linear16", sample_rate=24000, channels=1, transcript=said, id=id)


def _usage(usage: ModelUsage | None) -> ModelUsage | None:
    if usage is None:
        return None
    return ModelUsage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        input_tokens_details=_details(usage.input_tokens_details, INPUT_DETAILS),
        output_tokens_details=_details(usage.output_tokens_details, OUTPUT_DETAILS),
    )


def _details(details: ModelTokensDetails | None, known: set[str]) -> ModelTokensDetails | None:
    return None if details is None else ModelTokensDetails(**details.model_dump(include=known))


def accepted(input: LanguageModelInput) -> bool:
    """Whether the API would take it: answers in audio need a voice."""
    return input.audio is None or bool(input.audio.voice)
