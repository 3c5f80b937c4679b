"""The options of a call: its tools and which of them to use, the form of its answer, sound and reasoning.

:mod:`llm_sdk.types` gives them out with the rest of the unified types.
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator

from llm_sdk.json_model import Maybe, Model, OwnJsonObject

__all__ = [
    "AudioFormat",
    "AudioOptions",
    "JsonResponseFormat",
    "Modality",
    "OpaqueTool",
    "ReasoningEffort",
    "ReasoningOptions",
    "ResponseFormatOption",
    "TextResponseFormat",
    "Tool",
    "ToolChoiceAuto",
    "ToolChoiceNone",
    "ToolChoiceOption",
    "ToolChoiceRequired",
    "ToolChoiceTool",
    "ToolOption",
    "UserLocation",
    "WebSearchTool",
]

AudioFormat: TypeAlias = Literal["wav", "mp3", "linear16", "flac", "mulaw", "alaw", "aac", "opus"]
Modality: TypeAlias = Literal["text", "image", "audio"]
ReasoningEffort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


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
