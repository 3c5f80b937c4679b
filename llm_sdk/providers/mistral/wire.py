"""Mistral's chat completions in their own JSON: what ``POST /v1/chat/completions`` takes and answers.

Models name the fields that have a unified form; every other field is kept as it came (``model_extra``). Every union
has a catch-all member, so that a content chunk or a tool of tomorrow is carried and not refused.

Sources: Mistral's OpenAPI document (August 2026), the types of mistralai 3.7, and recorded traffic, which the comments
name where they differ.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, Tag

from llm_sdk.types import JsonObject
from llm_sdk.wire_model import Wire, by_type

NO_ID = "null"
"""The documented default of a tool call's id, a word in place of nothing."""
END_MARK = b"[DONE]"


class Unknown(Wire):
    """Whatever has no model of its own."""

    type: str


class Text(Wire):
    type: Literal["text"]
    text: str


class Reference(Wire):
    """What the text before it rests on: numbers or names of documents that the caller gave."""

    type: Literal["reference"]
    reference_ids: list[int | str]


class ToolReference(Wire):
    """A page that a hosted tool has found."""

    type: Literal["tool_reference"]
    title: str
    url: str | None = None


Thought: TypeAlias = Annotated[
    Annotated[Text, Tag("text")]
    | Annotated[Reference, Tag("reference")]
    | Annotated[ToolReference, Tag("tool_reference")]
    | Annotated[Unknown, Tag("unknown")],
    by_type("text", "reference", "tool_reference"),
]


class Thinking(Wire):
    """``closed`` is only of use in a message that the model shall go on with."""

    type: Literal["thinking"]
    thinking: list[Thought]
    signature: str | None = None
    closed: bool | None = None


class ImageUrl(Wire):
    url: str


class Image(Wire):
    """``image_url`` is a URL or a data URL, as a text or in an object."""

    type: Literal["image_url"]
    image_url: str | ImageUrl


class Document(Wire):
    """``document_url`` is a URL or a data URL."""

    type: Literal["document_url"]
    document_url: str
    document_name: str | None = None


class File(Wire):
    """A file that was uploaded before."""

    type: Literal["file"]
    file_id: str


class InputAudio(Wire):
    """``input_audio`` is bare base64 or a URL; nothing names the format."""

    type: Literal["input_audio"]
    input_audio: str


Chunk: TypeAlias = Annotated[
    Annotated[Text, Tag("text")]
    | Annotated[Thinking, Tag("thinking")]
    | Annotated[Reference, Tag("reference")]
    | Annotated[Image, Tag("image_url")]
    | Annotated[Document, Tag("document_url")]
    | Annotated[File, Tag("file")]
    | Annotated[InputAudio, Tag("input_audio")]
    | Annotated[Unknown, Tag("unknown")],
    by_type("text", "thinking", "reference", "image_url", "document_url", "file", "input_audio"),
]
Content: TypeAlias = str | list[Chunk]


class FunctionCall(Wire):
    """``arguments`` is JSON text, or the object itself."""

    name: str
    arguments: str | JsonObject = ""


class ToolCall(Wire):
    """``type`` was missing until 2025, and ``index`` until 2024 (recorded)."""

    function: FunctionCall
    id: str | None = None
    type: str | None = None
    index: int | None = None


class SystemMessage(Wire):
    role: Literal["system"]
    content: Content


class UserMessage(Wire):
    role: Literal["user"]
    content: Content | None


class AssistantMessage(Wire):
    """With ``prefix`` the model goes on with this very message."""

    role: Literal["assistant"] = "assistant"
    content: Content | None = None
    tool_calls: list[ToolCall] | None = None
    prefix: bool | None = None


class ToolMessage(Wire):
    role: Literal["tool"]
    content: Content | None
    tool_call_id: str | None = None
    name: str | None = None


Message: TypeAlias = Annotated[
    SystemMessage | UserMessage | AssistantMessage | ToolMessage,
    Field(discriminator="role"),
]


class Function(Wire):
    name: str
    parameters: JsonObject
    description: str | None = None
    strict: bool | None = None


class FunctionTool(Wire):
    type: Literal["function"] = "function"
    function: Function


Tool: TypeAlias = Annotated[
    Annotated[FunctionTool, Tag("function")] | Annotated[Unknown, Tag("unknown")],
    by_type("function", default="function"),
]


class JsonSchema(Wire):
    name: str
    json_schema: JsonObject = Field(alias="schema")
    description: str | None = None
    strict: bool | None = None


class ResponseFormat(Wire):
    type: str = "text"
    json_schema: JsonSchema | None = None


OTHER_FIELDS = frozenset(
    {
        *("guardrails", "logprobs", "min_tokens", "n", "prediction", "prompt_cache_key", "prompt_logprobs"),
        *("repetition_penalty", "safe_prompt", "service_tier", "top_logprobs", "top_prompt_logprobs"),
    }
)
"""Fields of a request that have no unified form (documented)."""


class Request(Wire):
    """The body of a call. The API takes no number for a text, nor a text for a number."""

    model_config = ConfigDict(strict=True)

    model: str
    messages: list[Message]
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    random_seed: int | None = None
    stop: str | list[str] | None = None
    tools: list[Tool] | None = None
    tool_choice: str | JsonObject | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: str | None = None
    prompt_mode: str | None = None
    metadata: JsonObject | None = None
    stream: bool | None = None


class InputDetails(Wire):
    cached_tokens: int | None = None
    audio_tokens: int | None = None


class Usage(Wire):
    """Cached tokens have three spellings (recorded, but for ``prompt_token_details``, which is reported); thinking is
    inside the output and never told apart."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int | None = None
    prompt_tokens_details: InputDetails | None = None
    prompt_token_details: InputDetails | None = None
    num_cached_tokens: int | None = None


class Choice(Wire):
    index: int = 0
    message: AssistantMessage
    finish_reason: str | None = None


class ErrorBody(Wire):
    """The service's own shape of an error."""

    object: str | None = None
    message: str | JsonObject | None = None
    type: str | None = None
    code: str | int | None = None
    raw_status_code: int | None = None


class Response(ErrorBody):
    """The whole answer, which may be an error in spite of its status."""

    id: str | None = None
    model: str | None = None
    choices: list[Choice] | None = None
    usage: Usage | None = None
