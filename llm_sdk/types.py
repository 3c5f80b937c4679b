"""The unified types: messages, parts, tools, the input of a call and its response.

Everything is a frozen pydantic model. Unknown keys are refused by name, so that a typo is an error; optional fields
that are not set stay out of the JSON. The nested form of tool calls and results (``call``, ``result``, ``status``) is
read and becomes the flat one.
"""

from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from llm_sdk.json_model import JsonObject, Maybe, MaybeList, Model, OwnJsonObject
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

AudioFormat: TypeAlias = Literal["wav", "mp3", "linear16", "flac", "mulaw", "alaw", "aac", "opus"]
Modality: TypeAlias = Literal["text", "image", "audio"]
ReasoningEffort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
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


class Tool(Model):
    """A function that the model may call; ``parameters`` is a JSON Schema of type ``object``."""

    name: str
    description: str = ""
    parameters: OwnJsonObject

    @model_validator(mode="before")
    @classmethod
    def _drop_type(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("type") == "function":
            return {key: item for key, item in value.items() if key != "type"}
        return value


class UserLocation(Model):
    """Roughly where the user is, for a hosted web search."""

    city: Maybe[str] = None
    region: Maybe[str] = None
    country: Maybe[str] = None
    timezone: Maybe[str] = None


class WebSearchTool(Model):
    """The provider's own web search."""

    type: Literal["web_search"] = "web_search"
    allowed_domains: Maybe[list[str]] = None
    max_uses: Maybe[int] = None
    user_location: Maybe[UserLocation] = None


class OpaqueTool(Model):
    """Any other hosted tool: ``data`` is the provider's own JSON, sent to that provider only."""

    type: Literal["opaque"] = "opaque"
    provider: str
    data: OwnJsonObject


def _tool_kind(value: Any) -> str:
    kind = value.get("type", "function") if isinstance(value, dict) else getattr(value, "type", "function")
    return str(kind)


ToolOption: TypeAlias = Annotated[
    Annotated[Tool, Tag("function")]
    | Annotated[WebSearchTool, Tag("web_search")]
    | Annotated[OpaqueTool, Tag("opaque")],
    Discriminator(_tool_kind),
]


class ToolChoiceAuto(Model):
    """The model decides whether to call a tool."""

    type: Literal["auto"] = "auto"


class ToolChoiceNone(Model):
    """The model must not call a tool."""

    type: Literal["none"] = "none"


class ToolChoiceRequired(Model):
    """The model must call some tool."""

    type: Literal["required"] = "required"


class ToolChoiceTool(Model):
    """The model must call this tool."""

    type: Literal["tool"] = "tool"
    tool_name: str


ToolChoiceOption: TypeAlias = Annotated[
    ToolChoiceAuto | ToolChoiceNone | ToolChoiceRequired | ToolChoiceTool, Field(discriminator="type")
]


class TextResponseFormat(Model):
    """Plain text."""

    type: Literal["text"] = "text"


class JsonResponseFormat(Model):
    """JSON, and with ``schema`` JSON that satisfies it."""

    model_config = ConfigDict(serialize_by_alias=True)

    type: Literal["json"] = "json"
    name: str
    description: Maybe[str] = None
    json_schema: Maybe[OwnJsonObject] = Field(default=None, alias="schema")


ResponseFormatOption: TypeAlias = Annotated[TextResponseFormat | JsonResponseFormat, Field(discriminator="type")]


class AudioOptions(Model):
    """How spoken answers shall sound."""

    format: Maybe[AudioFormat] = None
    voice: Maybe[str] = None
    language: Maybe[str] = None


class ReasoningOptions(Model):
    """Whether and how much the model shall think before it answers; ``budget_tokens`` counts output tokens."""

    enabled: bool = True
    budget_tokens: Maybe[int] = None
    effort: Maybe[ReasoningEffort] = None


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


class LanguageModelPricing(Model):
    """Prices in US dollars per token."""

    input_cost_per_text_token: Maybe[float] = None
    input_cost_per_cached_text_token: Maybe[float] = None
    input_cost_per_cache_write_token: Maybe[float] = None
    input_cost_per_audio_token: Maybe[float] = None
    input_cost_per_cached_audio_token: Maybe[float] = None
    input_cost_per_image_token: Maybe[float] = None
    input_cost_per_cached_image_token: Maybe[float] = None
    output_cost_per_text_token: Maybe[float] = None
    output_cost_per_audio_token: Maybe[float] = None
    output_cost_per_image_token: Maybe[float] = None


class LanguageModelCapabilities(Model):
    """What one model can do, where its provider can. Unknown is absent."""

    text_input: Maybe[bool] = None
    text_output: Maybe[bool] = None
    image_input: Maybe[bool] = None
    image_output: Maybe[bool] = None
    audio_input: Maybe[bool] = None
    audio_output: Maybe[bool] = None
    function_calling: Maybe[bool] = None
    structured_output: Maybe[bool] = None
    citation: Maybe[bool] = None
    reasoning: Maybe[bool] = None


class LanguageModelMetadata(Model):
    """What is known of a model beforehand."""

    pricing: Maybe[LanguageModelPricing] = None
    capabilities: Maybe[LanguageModelCapabilities] = None
