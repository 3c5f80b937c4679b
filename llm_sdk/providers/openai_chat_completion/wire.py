"""Chat Completions in its own JSON: what ``POST /v1/chat/completions`` takes and answers.

Models name the fields that have a unified form; every other field is kept as it came (``model_extra``). Every union
has a catch-all member. Fields that only servers other than OpenAI's send are marked with who does.

Sources: OpenAI's OpenAPI document 2.3.0 (August 2026) and recorded traffic of OpenAI and of the servers that copy the
protocol.
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, Tag

from llm_sdk.types import JsonObject
from llm_sdk.wire_model import Wire, by_type

END_MARK = b"[DONE]"


class Unknown(Wire):
    """Whatever has no model of its own."""

    type: str


class Text(Wire):
    type: Literal["text"]
    text: str


class ImageUrl(Wire):
    """``url`` is a URL or a data URL."""

    url: str


class Image(Wire):
    type: Literal["image_url"]
    image_url: ImageUrl


class Sound(Wire):
    """``data`` is bare base64."""

    data: str
    format: str


class InputAudio(Wire):
    type: Literal["input_audio"]
    input_audio: Sound


class FileFields(Wire):
    """``file_data`` is a data URL; a ``file_id`` in its place has no unified form."""

    file_data: str | None = None
    filename: str | None = None


class File(Wire):
    type: Literal["file"]
    file: FileFields


Content: TypeAlias = Annotated[
    Annotated[Text, Tag("text")]
    | Annotated[Image, Tag("image_url")]
    | Annotated[InputAudio, Tag("input_audio")]
    | Annotated[File, Tag("file")]
    | Annotated[Unknown, Tag("unknown")],
    by_type("text", "image_url", "input_audio", "file"),
]


class FunctionFields(Wire):
    """``arguments`` is JSON text; some servers give none, or the object itself."""

    name: str
    arguments: str | JsonObject | None = None


class FunctionCall(Wire):
    """Some servers give no ``id`` (LocalAI and others: reported). ``extra_content`` is Google's: the signature of the
    thought that led to the call, without which Gemini 3 refuses it in a history (documented)."""

    type: Literal["function"] | None = None
    id: str | None = None
    function: FunctionFields
    extra_content: Any = None


class OtherCall(Unknown):
    """A call of another kind, such as ``custom``: its result names its id all the same."""

    id: str | None = None


ToolCall: TypeAlias = Annotated[
    Annotated[FunctionCall, Tag("function")] | Annotated[OtherCall, Tag("unknown")],
    by_type("function", default="function"),
]


class Thinking(Wire):
    """How compatible servers tell the model's reasoning; OpenAI's own endpoint only counts its tokens.

    ``reasoning_content``: DeepSeek, xAI, Z.ai, llama.cpp, vLLM and others. ``reasoning``: OpenRouter, Groq.
    ``reasoning_text``: Copilot. Beside the text stands what the upstream provider needs to continue:
    ``reasoning_details`` (OpenRouter, Vercel, Avian) or ``reasoning_opaque`` (Copilot).
    """

    reasoning_content: Any = None
    reasoning: Any = None
    reasoning_text: Any = None
    reasoning_details: list[JsonObject] | None = None
    reasoning_opaque: Any = None


class AudioReference(Wire):
    id: str


class SystemMessage(Wire):
    role: Literal["system", "developer"]
    content: str | list[Content]


class UserMessage(Wire):
    role: Literal["user"]
    content: str | list[Content]


class AssistantMessage(Thinking):
    """``content`` may be absent beside calls."""

    role: Literal["assistant"]
    content: str | list[Content] | None = None
    audio: AudioReference | None = None
    tool_calls: list[ToolCall] | None = None
    function_call: FunctionFields | None = None


class ToolMessage(Wire):
    role: Literal["tool"]
    tool_call_id: str
    content: str | list[Content]


class FunctionMessage(Wire):
    """The deprecated form of a result."""

    role: Literal["function"]
    name: str
    content: str | None


Message: TypeAlias = Annotated[
    Annotated[SystemMessage, Tag("system")]
    | Annotated[SystemMessage, Tag("developer")]
    | Annotated[UserMessage, Tag("user")]
    | Annotated[AssistantMessage, Tag("assistant")]
    | Annotated[ToolMessage, Tag("tool")]
    | Annotated[FunctionMessage, Tag("function")],
    by_type("system", "developer", "user", "assistant", "tool", "function", field="role"),
]


class FunctionDefinition(Wire):
    """``strict`` absent means false here, unlike in the Responses API."""

    name: str
    description: str | None = None
    parameters: JsonObject | None = None
    strict: bool | None = None


class FunctionTool(Wire):
    type: Literal["function"]
    function: FunctionDefinition


Tool: TypeAlias = Annotated[
    Annotated[FunctionTool, Tag("function")] | Annotated[Unknown, Tag("unknown")],
    by_type("function"),
]


class AudioOptions(Wire):
    format: str | None = None
    voice: Any = None


class WebSearchOptions(Wire):
    """``user_location`` is ``{type: approximate, approximate: {city, country, region, timezone}}``."""

    user_location: JsonObject | None = None


OTHER_FIELDS = frozenset(
    {
        *("logit_bias", "logprobs", "moderation", "n", "prediction", "prompt_cache_key", "prompt_cache_options"),
        *("prompt_cache_retention", "safety_identifier", "service_tier", "store", "top_logprobs", "user"),
        *("verbosity",),
    }
)
"""Fields of a request that have no unified form (documented)."""


class Request(Wire):
    """The body of a call. ``model`` may stand in the path instead (Azure)."""

    messages: list[Message]
    model: str | None = None
    max_completion_tokens: int | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    tools: list[Tool] | None = None
    tool_choice: str | JsonObject | None = None
    functions: list[FunctionDefinition] | None = None
    function_call: str | JsonObject | None = None
    parallel_tool_calls: bool | None = None
    response_format: JsonObject | None = None
    reasoning_effort: str | None = None
    modalities: list[str] | None = None
    audio: AudioOptions | None = None
    web_search_options: WebSearchOptions | None = None
    metadata: JsonObject | None = None
    stream: bool | None = None
    stream_options: JsonObject | None = None


class InputDetails(Wire):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    audio_tokens: int | None = None
    text_tokens: int | None = None
    image_tokens: int | None = None


class OutputDetails(Wire):
    reasoning_tokens: int | None = None
    audio_tokens: int | None = None
    text_tokens: int | None = None
    image_tokens: int | None = None


class Usage(Wire):
    """Cached tokens are inside the input, reasoning tokens inside the output. The details may be absent.

    Beside them: ``prompt_cache_hit_tokens`` (DeepSeek), ``cached_tokens`` (Together), ``reasoning_tokens`` (Copilot,
    SGLang).
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: InputDetails | None = None
    completion_tokens_details: OutputDetails | None = None
    prompt_cache_hit_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class Error(Wire):
    """``code`` is a word, or an HTTP status (OpenRouter, llama.cpp); ``status`` is Azure's."""

    message: str = ""
    code: Any = None
    type: Any = None
    status: int | None = None


class UrlCitationFields(Wire):
    url: str
    title: str | None = None
    start_index: int | None = None
    end_index: int | None = None


class UrlCitation(Wire):
    type: Literal["url_citation"]
    url_citation: UrlCitationFields


class FlatUrlCitation(UrlCitationFields):
    """The same as the Responses API writes it, which some gateways pass on (reported)."""

    type: Literal["url_citation"]


Annotation: TypeAlias = Annotated[
    Annotated[UrlCitation | FlatUrlCitation, Tag("url_citation")] | Annotated[Unknown, Tag("unknown")],
    by_type("url_citation"),
]


class Audio(Wire):
    """``data`` is base64 in the format that the request asked for, which the answer does not repeat."""

    id: str | None = None
    data: str | None = None
    transcript: str | None = None


class ResponseMessage(Thinking):
    """``content`` is a list of parts from some servers. ``images`` are OpenRouter's: what a model has drawn."""

    content: str | list[JsonObject] | None = None
    refusal: str | None = None
    annotations: list[Annotation] | None = None
    tool_calls: list[ToolCall] | None = None
    function_call: FunctionFields | None = None
    audio: Audio | None = None
    images: list[JsonObject] | None = None


class Choice(Wire):
    """Azure leaves the ``message`` out where its filter took all of it (recorded). ``native_finish_reason`` is
    OpenRouter's: the word of the provider behind it. Choices of the same index are one answer in pieces (Copilot:
    reported)."""

    message: ResponseMessage | None = None
    index: int | None = None
    finish_reason: str | None = None
    native_finish_reason: str | None = None


class SearchResult(Wire):
    url: str | None = None
    title: str | None = None


Id: TypeAlias = Annotated[str, Field(coerce_numbers_to_str=True)]
"""The id of an answer; some servers count their answers."""


class Response(Wire):
    """The whole answer. ``citations`` (URLs, numbered from 1 in the text) and ``search_results`` are Perplexity's."""

    choices: list[Choice] | None = None
    id: Id | None = None
    model: str | None = None
    usage: Usage | None = None
    error: Error | str | None = None
    citations: list[Any] | None = None
    search_results: list[SearchResult] | None = None
