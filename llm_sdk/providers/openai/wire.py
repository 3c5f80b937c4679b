"""The Responses API in its own JSON: what ``POST /v1/responses`` takes and answers.

Models name the fields that have a unified form; every other field is kept as it came (``model_extra``). Every union
has a catch-all member, so that an item, a content part or a tool of tomorrow is carried and not refused.

Sources: OpenAI's OpenAPI document 2.3.0 (August 2026) and recorded traffic, which the comments name where the two
differ.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, Tag

from llm_sdk.types import JsonObject
from llm_sdk.wire_model import Wire, by_type

INCLUDE_ENCRYPTED_REASONING = "reasoning.encrypted_content"
INCLUDE_SEARCH_SOURCES = "web_search_call.action.sources"


class Unknown(Wire):
    """Whatever has no model of its own."""

    type: str


class InputText(Wire):
    type: Literal["input_text"]
    text: str


class InputImage(Wire):
    """``image_url`` is a URL or a data URL; a ``file_id`` in its place has no unified form."""

    type: Literal["input_image"]
    image_url: str | None = None


class InputFile(Wire):
    """``file_data`` is a data URL."""

    type: Literal["input_file"]
    file_data: str | None = None
    file_url: str | None = None
    filename: str | None = None


class UrlCitation(Wire):
    """Indices count characters of the text that carries it and span the inserted link (recorded)."""

    type: Literal["url_citation"]
    url: str
    title: str | None = None
    start_index: int | None = None
    end_index: int | None = None


class FileCitation(Wire):
    """``index`` is the place in the text that the citation belongs to."""

    type: Literal["file_citation"]
    file_id: str
    filename: str | None = None
    index: int | None = None


class ContainerFileCitation(Wire):
    type: Literal["container_file_citation"]
    container_id: str
    file_id: str
    filename: str | None = None
    start_index: int | None = None
    end_index: int | None = None


Annotation: TypeAlias = Annotated[
    Annotated[UrlCitation, Tag("url_citation")]
    | Annotated[FileCitation, Tag("file_citation")]
    | Annotated[ContainerFileCitation, Tag("container_file_citation")]
    | Annotated[Unknown, Tag("unknown")],
    by_type("url_citation", "file_citation", "container_file_citation"),
]


class OutputText(Wire):
    type: Literal["output_text"]
    text: str
    annotations: list[Annotation] | None = None


class Refusal(Wire):
    type: Literal["refusal"]
    refusal: str


Content: TypeAlias = Annotated[
    Annotated[InputText, Tag("input_text")]
    | Annotated[InputImage, Tag("input_image")]
    | Annotated[InputFile, Tag("input_file")]
    | Annotated[OutputText, Tag("output_text")]
    | Annotated[Refusal, Tag("refusal")]
    | Annotated[Unknown, Tag("unknown")],
    by_type("input_text", "input_image", "input_file", "output_text", "refusal"),
]


class Message(Wire):
    """Input or output: the short input form has no ``type``, and a plain string as its content."""

    type: Literal["message"] = "message"
    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[Content]
    id: str | None = None
    phase: str | None = None


class SummaryText(Wire):
    """Of whatever ``type``: some servers call it a text."""

    type: str = "summary_text"
    text: str


class ReasoningText(Wire):
    """The same of the content."""

    type: str = "reasoning_text"
    text: str


class Reasoning(Wire):
    """Has no ``status`` when it comes from the API, whatever the document says (recorded)."""

    type: Literal["reasoning"]
    id: str | None = None
    summary: list[SummaryText] | None = None
    content: list[ReasoningText] | None = None
    encrypted_content: str | None = None


class FunctionCall(Wire):
    """``call_id`` ties the call to its output; ``id`` is the item's own. ``arguments`` is JSON text.

    ``namespace`` is that of a tool that was found by a search, ``caller`` the program that made the call.
    """

    type: Literal["function_call"]
    call_id: str
    name: str
    arguments: str
    id: str | None = None
    namespace: str | None = None
    caller: JsonObject | None = None


class FunctionCallOutput(Wire):
    """Of a function, or of a custom tool."""

    type: Literal["function_call_output", "custom_tool_call_output"]
    call_id: str
    output: str | list[Content]
    name: str | None = None


class SearchSource(Wire):
    """A page by its ``url``, or one of the provider's own sources by its ``name``."""

    url: str | None = None
    name: str | None = None
    title: str | None = None


class SearchAction(Wire):
    """What was searched for or opened; ``sources`` only where they were asked for (see ``include``)."""

    sources: list[SearchSource] | None = None


class WebSearchCall(Wire):
    """``action`` is absent until the search is done."""

    type: Literal["web_search_call"]
    id: str
    status: str | None = None
    action: SearchAction | None = None


class ImageGenerationCall(Wire):
    """``result`` is bare base64; ``size`` is ``WIDTHxHEIGHT`` in pixels."""

    type: Literal["image_generation_call"]
    id: str
    result: str | None = None
    output_format: str | None = None
    size: str | None = None


Item: TypeAlias = Annotated[
    Annotated[Message, Tag("message")]
    | Annotated[Reasoning, Tag("reasoning")]
    | Annotated[FunctionCall, Tag("function_call")]
    | Annotated[FunctionCallOutput, Tag("function_call_output")]
    | Annotated[FunctionCallOutput, Tag("custom_tool_call_output")]
    | Annotated[WebSearchCall, Tag("web_search_call")]
    | Annotated[ImageGenerationCall, Tag("image_generation_call")]
    | Annotated[Unknown, Tag("unknown")],
    by_type(
        "message",
        "reasoning",
        "function_call",
        "function_call_output",
        "custom_tool_call_output",
        "web_search_call",
        "image_generation_call",
        default="message",
    ),
]


class Parameters(Wire):
    """As much of a JSON Schema as has to be right before the model sees it."""

    properties: JsonObject | None = None
    required: list[str] | None = None


class FunctionTool(Wire):
    """``strict`` absent means strict where the schema allows it (reported; the document calls it required)."""

    type: Literal["function"]
    name: str
    description: str | None = None
    parameters: Parameters | None = None
    strict: bool | None = None


class SearchFilters(Wire):
    allowed_domains: list[str] | None = None


class SearchLocation(Wire):
    type: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = None
    timezone: str | None = None


class WebSearchTool(Wire):
    """``type`` has other names beside ``web_search``: a preview, and dated ones."""

    type: Literal["web_search", "web_search_preview", "web_search_2025_08_26"]
    filters: SearchFilters | None = None
    user_location: SearchLocation | None = None


Tool: TypeAlias = Annotated[
    Annotated[FunctionTool, Tag("function")]
    | Annotated[WebSearchTool, Tag("web_search")]
    | Annotated[WebSearchTool, Tag("web_search_preview")]
    | Annotated[WebSearchTool, Tag("web_search_2025_08_26")]
    | Annotated[Unknown, Tag("unknown")],
    by_type("function", "web_search", "web_search_preview", "web_search_2025_08_26"),
]


class TextFormat(Wire):
    type: Literal["text"]


class JsonObjectFormat(Wire):
    type: Literal["json_object"]


class JsonSchemaFormat(Wire):
    """``strict`` is false where it is absent."""

    type: Literal["json_schema"]
    name: str
    json_schema: JsonObject = Field(alias="schema")
    description: str | None = None
    strict: bool | None = None


Format: TypeAlias = Annotated[
    Annotated[TextFormat, Tag("text")]
    | Annotated[JsonObjectFormat, Tag("json_object")]
    | Annotated[JsonSchemaFormat, Tag("json_schema")]
    | Annotated[Unknown, Tag("unknown")],
    by_type("text", "json_object", "json_schema"),
]


class TextOptions(Wire):
    format: Format | None = None


class ReasoningOptions(Wire):
    effort: str | None = None
    summary: str | None = None


OTHER_FIELDS = frozenset(
    {
        *("background", "client_metadata", "context_management", "conversation", "max_tool_calls", "moderation"),
        *("previous_response_id", "prompt", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention"),
        *("safety_identifier", "service_tier", "stream_options", "top_logprobs", "truncation", "user"),
    }
)
"""Fields of a request that have no unified form (documented; ``client_metadata`` is sent by openai/codex)."""


class Request(Wire):
    """The body of a call. The API takes no number for a text, nor a text for a number."""

    model_config = ConfigDict(strict=True)

    model: str
    input: str | list[Item]
    instructions: str | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    tools: list[Tool] | None = None
    tool_choice: str | JsonObject | None = None
    parallel_tool_calls: bool | None = None
    text: TextOptions | None = None
    reasoning: ReasoningOptions | None = None
    include: list[str] | None = None
    metadata: JsonObject | None = None
    store: bool | None = None
    stream: bool | None = None


class InputDetails(Wire):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class OutputDetails(Wire):
    reasoning_tokens: int | None = None


class Usage(Wire):
    """Cached tokens are inside the input, reasoning tokens inside the output. The details may be absent (recorded)."""

    input_tokens: int | None
    output_tokens: int | None
    input_tokens_details: InputDetails | None = None
    output_tokens_details: OutputDetails | None = None


class ResponseError(Wire):
    """``code`` is a word, or from some gateways an HTTP status."""

    code: Annotated[str, Field(coerce_numbers_to_str=True)] | None = None
    message: str


class IncompleteDetails(Wire):
    reason: str | None = None


class Response(Wire):
    """The whole answer. There is no finish reason: ``status`` and the items of ``output`` say why it ended."""

    id: str | None = None
    model: str | None = None
    status: str | None = None
    output: list[Item] | None = None
    usage: Usage | None = None
    error: ResponseError | None = None
    incomplete_details: IncompleteDetails | None = None
