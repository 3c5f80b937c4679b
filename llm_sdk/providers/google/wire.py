"""Gemini in its own JSON: what ``generateContent`` and ``streamGenerateContent`` take and answer.

Models name the fields that have a unified form; every other field is kept as it came (``model_extra``). Every stream
event is a whole :class:`Response`. A part is one model, not a union: which of its fields is set says what it is, and
one of tomorrow has none of those that are named here.

Sources: Google's discovery document of ``generativelanguage`` v1beta (July 2026) and recorded traffic, which the
comments name where the two differ.
"""

from typing import Any, ClassVar

from pydantic import ConfigDict, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel

from llm_sdk.types import JsonObject
from llm_sdk.wire_model import Wire


class CamelWire(Wire):
    """Base of the models here: fields are in snake case in the code and in camel case on the wire."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Blob(CamelWire):
    """``data`` is bare base64; requests may have it URL-safe, answers are in the standard alphabet (recorded)."""

    mime_type: str
    data: str


class FileData(CamelWire):
    file_uri: str
    mime_type: str | None = None


class PartialArg(CamelWire):
    """A piece of one argument: ``json_path`` says which. With ``will_continue`` more of the same text follows."""

    json_path: str
    string_value: str | None = None
    number_value: float | None = None
    bool_value: bool | None = None


class FunctionCall(CamelWire):
    """``name`` is absent only in the later chunks of a call that is streamed in pieces (Vertex, recorded)."""

    name: str | None = None
    id: str | None = None
    args: JsonObject | None = None
    partial_args: list[PartialArg] | None = None
    will_continue: bool | None = None

    @field_validator("args", mode="before")
    @classmethod
    def _is_an_object(cls, args: Any, fields: ValidationInfo) -> Any:
        if args is not None and not isinstance(args, dict):
            raise ValueError(f"the arguments of tool {fields.data.get('name')!r} are not a JSON object")
        return args


class MediaPart(CamelWire):
    """A medium in the result of a function."""

    inline_data: Blob | None = None
    file_data: FileData | None = None


class FunctionResponse(CamelWire):
    """``response`` is always an object. By convention ``output`` or ``error`` in it is what the function said."""

    name: str
    response: JsonObject = {}
    id: str | None = None
    parts: list[MediaPart] | None = None


class Part(CamelWire):
    """``thought_signature`` can stand on any part, on an empty text and on one without any content (recorded)."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None

    MEANT: ClassVar[frozenset[str]] = frozenset({"text", "thought", "thoughtSignature", "partMetadata"})

    @property
    def kind(self) -> str:
        """What the part is, by the name of its field: ``text``, ``thought``, ``functionCall`` and so on."""
        if self.text is None:
            named = next((name for name in self.as_json() if name not in self.MEANT), None)
            if named is not None:
                return named
        return "thought" if self.thought else "text"


class Content(CamelWire):
    """``role`` is ``user`` or ``model``; results of functions stand under ``user``, formerly ``function``."""

    role: str | None = None
    parts: list[Part] | None = None


class FunctionDeclaration(CamelWire):
    """``parameters`` is a schema in the manner of OpenAPI 3.0, ``parameters_json_schema`` a JSON Schema."""

    name: str
    description: str | None = None
    parameters: JsonObject | None = None
    parameters_json_schema: JsonObject | None = None


class Tool(CamelWire):
    """Each other field is a hosted tool, by its name."""

    function_declarations: list[FunctionDeclaration] | None = None
    google_search: JsonObject | None = None


class FunctionCallingConfig(CamelWire):
    mode: str | None = None
    allowed_function_names: list[str] | None = None


class ToolConfig(CamelWire):
    function_calling_config: FunctionCallingConfig | None = None


class ThinkingConfig(CamelWire):
    """A budget of -1 leaves it to the model, 0 turns thinking off where that can be."""

    include_thoughts: bool | None = None
    thinking_budget: int | None = None
    thinking_level: str | None = None


OTHER_OPTIONS = frozenset(
    {
        *("_responseJsonSchema", "audioTimestamp", "audioTranscriptionConfig", "candidateCount"),
        *("enableEnhancedCivicAnswers", "imageConfig", "logprobs", "mediaResolution", "responseFormat"),
        *("responseLogprobs", "translationConfig"),
    }
)
"""The same of its ``generationConfig``: what has no unified form (documented)."""


class GenerationConfig(CamelWire):
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: int | None = None
    stop_sequences: list[str] | None = None
    response_mime_type: str | None = None
    response_schema: JsonObject | None = None
    response_json_schema: JsonObject | None = None
    response_modalities: list[str] | None = None
    speech_config: JsonObject | None = None
    thinking_config: ThinkingConfig | None = None


OTHER_FIELDS = frozenset(
    {
        *("automaticContinuation", "cachedContent", "continuationToken", "labels", "model", "safetySettings"),
        *("serviceTier", "store"),
    }
)
"""Fields of a request that have no unified form (documented)."""


class Request(CamelWire):
    """The body of a call. Model and streaming stand in the path."""

    contents: list[Content]
    system_instruction: Content | None = None
    generation_config: GenerationConfig | None = None
    tools: list[Tool] | None = None
    tool_config: ToolConfig | None = None


class ModalityTokenCount(CamelWire):
    """A count of zero is left out. With ``enum-encoding=int`` the modality is a number (Vertex, recorded)."""

    modality: str | int | None = None
    token_count: int = 0


class UsageMetadata(CamelWire):
    """Totals so far, in every chunk. Cached tokens are inside the prompt; thoughts are beside the candidates, and what
    hosted tools put into the prompt is beside the prompt."""

    prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    prompt_tokens_details: list[ModalityTokenCount] | None = None
    candidates_tokens_details: list[ModalityTokenCount] | None = None
    cache_tokens_details: list[ModalityTokenCount] | None = None
    tool_use_prompt_tokens_details: list[ModalityTokenCount] | None = None


class Source(CamelWire):
    """What a grounding chunk points at: a page of the web, a document, a place or an image."""

    uri: str | None = None
    source_uri: str | None = None
    title: str | None = None


class GroundingChunk(CamelWire):
    web: Source | None = None
    retrieved_context: Source | None = None
    maps: Source | None = None
    image: Source | None = None


class Segment(CamelWire):
    """Indices count bytes of UTF-8, in the texts of the answer put together (recorded), or in the part that
    ``part_index`` names (documented). A start of zero is left out."""

    part_index: int | None = None
    start_index: int = 0
    end_index: int | None = None
    text: str | None = None


class GroundingSupport(CamelWire):
    segment: Segment | None = None
    grounding_chunk_indices: list[int] | None = None


class GroundingMetadata(CamelWire):
    """In a stream it is empty until the last chunks; each brings only chunks that have not come before (documented)."""

    web_search_queries: list[str] | None = None
    grounding_chunks: list[GroundingChunk] | None = None
    grounding_supports: list[GroundingSupport] | None = None


class Candidate(CamelWire):
    """``content`` may be null, empty or without parts. Calls of tools end with ``STOP`` (recorded)."""

    content: Content | None = None
    finish_reason: str | int | None = None
    finish_message: str | None = None
    index: int | None = None
    grounding_metadata: GroundingMetadata | None = None


class PromptFeedback(CamelWire):
    """A prompt that is blocked gets this and no candidates. The message comes from Vertex only."""

    block_reason: str | int | None = None
    block_reason_message: str | None = None


class ErrorStatus(CamelWire):
    """An error inside an answer of status 200."""

    code: int | None = None
    message: str = ""
    status: str | None = None
    details: list[JsonObject] | None = None


class Response(CamelWire):
    """A whole answer, or one chunk of a streamed one."""

    candidates: list[Candidate] | None = None
    prompt_feedback: PromptFeedback | None = None
    usage_metadata: UsageMetadata | None = None
    model_version: str | None = None
    response_id: str | None = None
    error: ErrorStatus | None = None
