"""Cohere's chat in its own JSON: what ``POST /v2/chat`` takes and answers.

Models name the fields that have a unified form; every other field is kept as it came (``model_extra``). Every union of
blocks has a catch-all member, so that a block or a tool of tomorrow is carried and not refused.

Sources: Cohere's OpenAPI document (August 2026) and recorded traffic, which the comments name where the two differ.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, Tag

from llm_sdk.types import JsonObject
from llm_sdk.wire_model import Wire, by_type

END_MARK = b"[DONE]"


class Unknown(Wire):
    """Whatever has no model of its own."""

    type: str


class Text(Wire):
    type: Literal["text"]
    text: str


class Thinking(Wire):
    type: Literal["thinking"]
    thinking: str


class ImageUrl(Wire):
    """``url`` is a URL or a data URL."""

    url: str


class Image(Wire):
    type: Literal["image_url"]
    image_url: ImageUrl


class Document(Wire):
    """``data`` has any fields, and may be the text of them (the guide to tool use writes results so, though the OpenAPI
    document has objects alone); without an ``id`` the API makes one."""

    data: JsonObject | str
    id: str | None = None


class DocumentContent(Wire):
    type: Literal["document"]
    document: Document


Content: TypeAlias = Annotated[
    Annotated[Text, Tag("text")]
    | Annotated[Thinking, Tag("thinking")]
    | Annotated[Image, Tag("image_url")]
    | Annotated[DocumentContent, Tag("document")]
    | Annotated[Unknown, Tag("unknown")],
    by_type("text", "thinking", "image_url", "document"),
]


class Function(Wire):
    """``arguments`` is JSON text; of a tool without arguments it is ``"null"``, empty or absent (recorded)."""

    name: str
    arguments: str | None = None


class ToolCall(Wire):
    id: str
    type: str = "function"
    function: Function


class Source(Wire):
    """What a citation rests on: a ``document`` that was given, or the ``tool_output`` of a call.

    ``id`` is the document's, or the call's with the position of the result behind it, as in ``get_time_x7:0``.
    """

    type: str | None = None
    id: str = ""
    document: JsonObject | None = None


class Citation(Wire):
    """``start`` and ``end`` count code points of the text, and ``text`` is the passage between them (recorded: 80 of
    80). ``type`` came in 2025 and is absent before; ``content_index`` is documented and never came.
    """

    start: int | None = None
    end: int | None = None
    text: str | None = None
    sources: list[Source] | None = None
    type: str | None = None
    content_index: int | None = None


class SystemMessage(Wire):
    role: Literal["system"]
    content: str | list[Content]


class UserMessage(Wire):
    role: Literal["user"]
    content: str | list[Content]


class AssistantMessage(Wire):
    """In a history and in an answer; there with ``tool_calls`` mostly comes a ``tool_plan`` and no content."""

    role: Literal["assistant"] = "assistant"
    content: str | list[Content] | None = None
    tool_plan: str | None = None
    tool_calls: list[ToolCall] | None = None
    citations: list[Citation] | None = None


class ToolMessage(Wire):
    role: Literal["tool"]
    tool_call_id: str
    content: str | list[Content]


Message: TypeAlias = Annotated[
    Annotated[SystemMessage, Tag("system")]
    | Annotated[UserMessage, Tag("user")]
    | Annotated[AssistantMessage, Tag("assistant")]
    | Annotated[ToolMessage, Tag("tool")],
    by_type("system", "user", "assistant", "tool", field="role"),
]


class FunctionDefinition(Wire):
    name: str
    description: str | None = None
    parameters: JsonObject | None = None


class FunctionTool(Wire):
    type: Literal["function"]
    function: FunctionDefinition


Tool: TypeAlias = Annotated[
    Annotated[FunctionTool, Tag("function")] | Annotated[Unknown, Tag("unknown")],
    by_type("function"),
]


class ResponseFormat(Wire):
    """``schema`` is the older name of ``json_schema`` (recorded)."""

    type: str
    json_schema: JsonObject | None = None
    older_schema: JsonObject | None = Field(default=None, alias="schema")


class ThinkingOptions(Wire):
    type: str
    token_budget: int | None = None


OTHER_FIELDS = frozenset({"citation_options", "safety_mode", "strict_tools", "logprobs", "priority", "raw_prompting"})
"""Fields of a request that have no unified form (documented)."""


class Request(Wire):
    """The body of a call. The API takes no number for a text, nor a text for a number."""

    model_config = ConfigDict(strict=True)

    model: str
    messages: list[Message]
    stream: bool | None = None
    tools: list[Tool] | None = None
    tool_choice: str | None = None
    documents: list[str | Document] | None = None
    response_format: ResponseFormat | None = None
    max_tokens: int | None = None
    stop_sequences: list[str] | None = None
    temperature: float | None = None
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    k: int | None = None
    p: float | None = None
    thinking: ThinkingOptions | None = None


class Units(Wire):
    """The counts are numbers, which the document does not call whole. ``image_tokens`` and ``reasoning_tokens`` stand
    in ``tokens`` alone and are undocumented (recorded).
    """

    input_tokens: float | None = None
    output_tokens: float | None = None
    image_tokens: float | None = None
    reasoning_tokens: float | None = None


class Usage(Wire):
    """``tokens`` counts the provider's own template around the conversation too, which ``billed_units`` leaves out;
    ``cached_tokens`` are a part of ``tokens``. Empty where an answer ended in an error (recorded).
    """

    billed_units: Units | None = None
    tokens: Units | None = None
    cached_tokens: float | None = None


class Response(Wire):
    """The whole answer. It names no model."""

    id: str | None = None
    message: AssistantMessage
    finish_reason: str | None = None
    usage: Usage | None = None
    error: str | None = None
    error_type: str | None = None
