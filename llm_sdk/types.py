"""The unified types: messages, parts, tools, the input of a call and its response.

Everything is a frozen pydantic model. Unknown keys are refused by name, so that a typo is an error; optional fields
that are not set stay out of the JSON. The nested form of tool calls and results (``call``, ``result``, ``status``) is
read and becomes the flat one.
"""

from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import Field, field_validator, model_validator

from llm_sdk.call_options import (
    AudioFormat,
    AudioOptions,
    JsonResponseFormat,
    Modality,
    OpaqueTool,
    ReasoningEffort,
    ReasoningOptions,
    ResponseFormatOption,
    TextResponseFormat,
    Tool,
    ToolChoiceAuto,
    ToolChoiceNone,
    ToolChoiceOption,
    ToolChoiceRequired,
    ToolChoiceTool,
    ToolOption,
    UserLocation,
    WebSearchTool,
)
from llm_sdk.json_model import JsonObject, Maybe, MaybeList, Model, OwnJsonObject
from llm_sdk.metadata import LanguageModelCapabilities, LanguageModelMetadata, LanguageModelPricing
from llm_sdk.nested_form import flatten_tool_call, flatten_tool_result

__all__ = [
    "AssistantMessage",
    "AudioFormat",
    "AudioOptions",
    "AudioPart",
    "Citation",
    "FilePart",
    "FinishReason",
    "ImagePart",
    "JsonObject",
    "JsonResponseFormat",
    "LanguageModelCapabilities",
    "LanguageModelInput",
    "LanguageModelMetadata",
    "LanguageModelPricing",
    "Message",
    "Modality",
    "ModelResponse",
    "ModelTokensDetails",
    "ModelUsage",
    "OpaquePart",
    "OpaqueTool",
    "Part",
    "ReasoningEffort",
    "ReasoningOptions",
    "ReasoningPart",
    "ResponseFormatOption",
    "SourcePart",
    "SystemMessage",
    "TextPart",
    "TextResponseFormat",
    "Tool",
    "ToolCallPart",
    "ToolChoiceAuto",
    "ToolChoiceNone",
    "ToolChoiceOption",
    "ToolChoiceRequired",
    "ToolChoiceTool",
    "ToolMessage",
    "ToolOption",
    "ToolResultPart",
    "UserLocation",
    "UserMessage",
    "WebSearchTool",
]

FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter", "error", "other"]


class Citation(Model):
    """Where a passage of a text comes from. Indices count code points of the text that carries it; some providers
    give none."""

    source: str
    title: Maybe[str] = None
    cited_text: Maybe[str] = None
    start_index: Maybe[int] = None
    end_index: Maybe[int] = None
    signature: Maybe[str] = None


class TextPart(Model):
    """A passage of text. ``signature`` is the provider's own continuity token, sent back to it unchanged."""

    type: Literal["text"] = "text"
    text: str
    citations: MaybeList[Citation] = None
    signature: Maybe[str] = None


class ImagePart(Model):
    """An image: ``mime_type`` and ``data`` (base64), or a ``url`` in their place. ``width`` and ``height`` are
    pixels."""

    type: Literal["image"] = "image"
    mime_type: Maybe[str] = None
    data: Maybe[str] = None
    url: Maybe[str] = None
    width: Maybe[int] = None
    height: Maybe[int] = None
    id: Maybe[str] = None

    @model_validator(mode="after")
    def _has_content(self) -> "ImagePart":
        return _data_or_url(self)


class AudioPart(Model):
    """A recording: base64 ``data`` in one of the formats; ``sample_rate`` in Hz."""

    type: Literal["audio"] = "audio"
    data: str
    format: AudioFormat
    sample_rate: Maybe[int] = None
    channels: Maybe[int] = None
    transcript: Maybe[str] = None
    id: Maybe[str] = None


class FilePart(Model):
    """A document such as a PDF: ``mime_type`` and ``data`` (base64), or a ``url``."""

    type: Literal["file"] = "file"
    mime_type: Maybe[str] = None
    data: Maybe[str] = None
    url: Maybe[str] = None
    filename: Maybe[str] = None
    id: Maybe[str] = None

    @model_validator(mode="after")
    def _has_content(self) -> "FilePart":
        return _data_or_url(self)


Attachment = TypeVar("Attachment", ImagePart, FilePart)


def _data_or_url(part: Attachment) -> Attachment:
    if (part.data is None) == (part.url is None):
        raise ValueError(f"{part.type}: exactly one of data and url is needed")
    if part.data is not None and part.mime_type is None:
        raise ValueError(f"{part.type}: mime_type is needed with data")
    return part


class SourcePart(Model):
    """A document that the model may cite: where it is from, its title, and its content."""

    type: Literal["source"] = "source"
    source: str
    title: str
    content: "list[Part]"


class ToolCallPart(Model):
    """A tool that the model calls. ``provider_executed`` marks a hosted tool, such as web search, which nobody has to
    run."""

    type: Literal["tool-call"] = "tool-call"
    tool_call_id: str
    tool_name: str
    args: OwnJsonObject
    id: Maybe[str] = None
    signature: Maybe[str] = None
    provider_executed: Maybe[bool] = None

    @model_validator(mode="before")
    @classmethod
    def _flatten(cls, value: Any) -> Any:
        return flatten_tool_call(value)


class ToolResultPart(Model):
    """What a tool answered. Results of hosted tools stand in the assistant's own message, beside their call."""

    type: Literal["tool-result"] = "tool-result"
    tool_call_id: str
    tool_name: str
    content: "list[Part]"
    is_error: Maybe[bool] = None
    provider_executed: Maybe[bool] = None

    @model_validator(mode="before")
    @classmethod
    def _flatten(cls, value: Any) -> Any:
        return flatten_tool_result(value)


class ReasoningPart(Model):
    """What the model thought: its text or a summary of it, and the token that lets the provider continue from it."""

    type: Literal["reasoning"] = "reasoning"
    text: str
    signature: Maybe[str] = None
    id: Maybe[str] = None


class OpaquePart(Model):
    """A block of one provider that has no unified form: ``data`` is its own JSON, and goes back to that provider
    only."""

    type: Literal["opaque"] = "opaque"
    provider: str
    data: OwnJsonObject


Part: TypeAlias = Annotated[
    TextPart
    | ImagePart
    | AudioPart
    | SourcePart
    | ToolCallPart
    | ToolResultPart
    | ReasoningPart
    | FilePart
    | OpaquePart,
    Field(discriminator="type"),
]


class _Message(Model):
    role: str
    content: list[Part]

    @field_validator("content", mode="before", json_schema_input_type=list[Part] | str)
    @classmethod
    def _text(cls, value: Any) -> Any:
        return [TextPart(text=value)] if isinstance(value, str) else value


class UserMessage(_Message):
    """What the user says. A plain string as ``content`` becomes one text part, in every message."""

    role: Literal["user"] = "user"


class AssistantMessage(_Message):
    """What the model answered earlier."""

    role: Literal["assistant"] = "assistant"


class ToolMessage(_Message):
    """Results of tools: each part is a ``tool-result``."""

    role: Literal["tool"] = "tool"


class SystemMessage(_Message):
    """Instructions in mid-conversation. Those at its start belong into ``system_prompt``."""

    role: Literal["system"] = "system"


Message: TypeAlias = Annotated[
    UserMessage | AssistantMessage | ToolMessage | SystemMessage, Field(discriminator="role")
]


class LanguageModelInput(Model):
    """One call. ``extra`` is merged into the request body last and deep (see :func:`llm_sdk.extra.merge_extra`)."""

    system_prompt: Maybe[str] = None
    messages: list[Message]
    tools: Maybe[list[ToolOption]] = None
    tool_choice: Maybe[ToolChoiceOption] = None
    response_format: Maybe[ResponseFormatOption] = None
    max_tokens: Maybe[int] = None
    temperature: Maybe[float] = None
    top_p: Maybe[float] = None
    top_k: Maybe[int] = None
    presence_penalty: Maybe[float] = None
    frequency_penalty: Maybe[float] = None
    seed: Maybe[int] = None
    stop: Maybe[list[str]] = None
    parallel_tool_calls: Maybe[bool] = None
    modalities: Maybe[list[Modality]] = None
    audio: Maybe[AudioOptions] = None
    reasoning: Maybe[ReasoningOptions] = None
    metadata: Maybe[dict[str, str]] = None
    extra: Maybe[OwnJsonObject] = None


class ModelTokensDetails(Model):
    """What a token count is made of. A detail that the provider did not give stays absent."""

    text_tokens: Maybe[int] = None
    cached_text_tokens: Maybe[int] = None
    audio_tokens: Maybe[int] = None
    cached_audio_tokens: Maybe[int] = None
    image_tokens: Maybe[int] = None
    cached_image_tokens: Maybe[int] = None
    reasoning_tokens: Maybe[int] = None
    cache_write_tokens: Maybe[int] = None


class ModelUsage(Model):
    """Tokens as the provider bills them: cached tokens are inside the input, reasoning tokens inside the output."""

    input_tokens: int
    output_tokens: int
    input_tokens_details: Maybe[ModelTokensDetails] = None
    output_tokens_details: Maybe[ModelTokensDetails] = None


class ModelResponse(Model):
    """A whole answer. ``finish_detail`` is the provider's own word for why it ended; ``cost`` is in US dollars."""

    content: list[Part]
    usage: Maybe[ModelUsage] = None
    cost: Maybe[float] = None
    finish_reason: Maybe[FinishReason] = None
    finish_detail: Maybe[str] = None
    id: Maybe[str] = None
    model_id: Maybe[str] = None
    warnings: MaybeList[str] = None
