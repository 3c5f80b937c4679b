"""The Messages API in its own JSON: what ``POST /v1/messages`` takes and answers.

Models name the fields that have a unified form; every other field is kept as it came (``model_extra``). Every union
has a catch-all member, so that a block, a citation or a tool of tomorrow is carried and not refused.

Sources: Anthropic's OpenAPI document (July 2026) and recorded traffic, which the comments name where the two differ.
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Tag

from llm_sdk.types import JsonObject
from llm_sdk.wire_model import Wire, by_type

WEB_SEARCH_TOOLS = ("web_search_20250305", "web_search_20260209", "web_search_20260318")


class Unknown(Wire):
    """Whatever has no model of its own."""

    type: str


class DocumentLocation(Wire):
    """A place in a document of the request: a range of characters, of pages or of blocks stands beside."""

    type: Literal["char_location", "page_location", "content_block_location"]
    document_index: int
    document_title: str | None = None
    cited_text: str | None = None
    file_id: str | None = None


class SearchResultLocation(Wire):
    """A place in a ``search_result`` block of the request."""

    type: Literal["search_result_location"]
    source: str
    title: str | None = None
    cited_text: str | None = None


class WebSearchResultLocation(Wire):
    """A page that the hosted search has found. ``encrypted_index`` has to come back with the history."""

    type: Literal["web_search_result_location"]
    url: str
    title: str | None = None
    cited_text: str | None = None
    encrypted_index: str | None = None


Location: TypeAlias = Annotated[
    Annotated[DocumentLocation, Tag("char_location")]
    | Annotated[DocumentLocation, Tag("page_location")]
    | Annotated[DocumentLocation, Tag("content_block_location")]
    | Annotated[SearchResultLocation, Tag("search_result_location")]
    | Annotated[WebSearchResultLocation, Tag("web_search_result_location")]
    | Annotated[Unknown, Tag("unknown")],
    by_type(
        "char_location",
        "page_location",
        "content_block_location",
        "search_result_location",
        "web_search_result_location",
    ),
]


class Text(Wire):
    """Without citations the field is absent, whatever the document says (recorded)."""

    type: Literal["text"]
    text: str
    citations: list[Location] | None = None


class Image(Wire):
    """``source`` is ``{type: base64, media_type, data}`` or ``{type: url, url}``; a file has no unified form."""

    type: Literal["image"]
    source: JsonObject


class Document(Wire):
    """``source`` is ``{type: base64 | text, media_type, data}`` or ``{type: url, url}``; text is not base64."""

    type: Literal["document"]
    source: JsonObject
    title: str | None = None


class SearchResult(Wire):
    """A source that the model may cite."""

    type: Literal["search_result"]
    source: str
    title: str
    content: "list[Block]"


class ToolUse(Wire):
    """``caller`` says that another tool of the model made the call; ``{type: direct}`` means the same as absence."""

    type: Literal["tool_use"]
    id: str
    name: str
    input: JsonObject
    caller: JsonObject | None = None


class ServerToolUse(Wire):
    """A call of a tool that the provider runs."""

    type: Literal["server_tool_use"]
    id: str
    name: str
    input: JsonObject
    caller: JsonObject | None = None


class ToolResult(Wire):
    type: Literal["tool_result"]
    tool_use_id: str
    content: "str | list[Block] | None" = None
    is_error: bool | None = None


class WebSearchToolResult(Wire):
    """``content`` is a list of ``web_search_result``, or one ``web_search_tool_result_error``."""

    type: Literal["web_search_tool_result"]
    tool_use_id: str
    content: Any = None
    caller: JsonObject | None = None


class Thinking(Wire):
    """The text is empty where its display is omitted; the signature stands for all of it then."""

    type: Literal["thinking"]
    thinking: str
    signature: str = ""


class RedactedThinking(Wire):
    type: Literal["redacted_thinking"]
    data: str


Block: TypeAlias = Annotated[
    Annotated[Text, Tag("text")]
    | Annotated[Image, Tag("image")]
    | Annotated[Document, Tag("document")]
    | Annotated[SearchResult, Tag("search_result")]
    | Annotated[ToolUse, Tag("tool_use")]
    | Annotated[ToolResult, Tag("tool_result")]
    | Annotated[ServerToolUse, Tag("server_tool_use")]
    | Annotated[WebSearchToolResult, Tag("web_search_tool_result")]
    | Annotated[Thinking, Tag("thinking")]
    | Annotated[RedactedThinking, Tag("redacted_thinking")]
    | Annotated[Unknown, Tag("unknown")],
    by_type(
        "text",
        "image",
        "document",
        "search_result",
        "tool_use",
        "tool_result",
        "server_tool_use",
        "web_search_tool_result",
        "thinking",
        "redacted_thinking",
    ),
]


class Message(Wire):
    """A plain string as content stands for one text."""

    role: Literal["user", "assistant", "system"]
    content: str | list[Block]


class SystemText(Wire):
    type: Literal["text"]
    text: str


class CustomTool(Wire):
    """A function of the caller; ``type`` may be absent."""

    name: str
    input_schema: JsonObject
    description: str | None = None
    strict: bool | None = None


class WebSearchTool(Wire):
    type: Literal["web_search_20250305", "web_search_20260209", "web_search_20260318"]
    name: str = "web_search"
    allowed_domains: list[str] | None = None
    max_uses: int | None = None
    user_location: JsonObject | None = None


Tool: TypeAlias = Annotated[
    Annotated[CustomTool, Tag("custom")]
    | Annotated[WebSearchTool, Tag("web_search_20250305")]
    | Annotated[WebSearchTool, Tag("web_search_20260209")]
    | Annotated[WebSearchTool, Tag("web_search_20260318")]
    | Annotated[Unknown, Tag("unknown")],
    by_type("custom", *WEB_SEARCH_TOOLS, default="custom"),
]


class ToolChoice(Wire):
    type: str
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class ThinkingConfig(Wire):
    type: str
    budget_tokens: int | None = None


class OutputConfig(Wire):
    """``format`` is ``{type: json_schema, schema}``."""

    effort: str | None = None
    format: JsonObject | None = None


OTHER_FIELDS = frozenset(
    {
        *("anthropic_version", "betas", "billing_policy", "cache_control", "compaction", "container"),
        *("context_management", "diagnostics", "fallbacks", "inference_geo", "mcp_servers", "service_tier"),
        *("speed", "thread", "user_profile_id", "workspace_id"),
    }
)
"""Fields of a request that have no unified form (documented)."""


class Request(Wire):
    """The body of a call. Behind Vertex AI the model stands in the path, and ``anthropic_version`` in the body.

    ``output_format`` is the older spelling of ``output_config.format`` (recorded).
    """

    model: str | None = None
    max_tokens: int
    messages: list[Message]
    system: str | list[SystemText] | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop_sequences: list[str] | None = None
    tools: list[Tool] | None = None
    tool_choice: ToolChoice | None = None
    thinking: ThinkingConfig | None = None
    output_config: OutputConfig | None = None
    output_format: JsonObject | None = None
    metadata: JsonObject | None = None
    stream: bool | None = None


class OutputDetails(Wire):
    thinking_tokens: int | None = None


class Usage(Wire):
    """Cached tokens are beside the input, thinking tokens inside the output.

    In a stream the counts are running totals, and ``message_delta`` may leave out those that have not changed
    (recorded).
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens_details: OutputDetails | None = None


class Error(Wire):
    """``details.error_code`` is a finer word than ``type``."""

    type: str = "api_error"
    message: str
    details: JsonObject | None = None


class Stop(Wire):
    """Why an answer ended. ``stop_details`` is ``{type: refusal, category, explanation}`` or null."""

    stop_reason: str | None = None
    stop_details: JsonObject | None = None


class Response(Stop):
    """The whole answer; in ``message_start`` without its content yet."""

    content: list[Block]
    id: str | None = None
    model: str | None = None
    usage: Usage | None = None
