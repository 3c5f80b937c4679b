"""The chunks of a stream of Chat Completions in their own JSON.

What they hold of whole answers stands in ``wire.py``. Fields that nothing reads are not kept.
"""

from typing import Any

from llm_sdk.providers.openai_chat_completion import wire
from llm_sdk.types import JsonObject
from llm_sdk.wire_model import Event


class FunctionDelta(Event):
    name: str | None = None
    arguments: str | JsonObject | None = None


class CustomDelta(Event):
    name: str | None = None
    input: str | None = None


class ToolCallDelta(Event):
    """``id`` and the name come with the first fragment of a call; some servers send them empty with the others."""

    index: int | None = None
    id: str | None = None
    type: str | None = None
    function: FunctionDelta | None = None
    extra_content: Any = None
    custom: CustomDelta | None = None


class Delta(Event):
    content: str | list[JsonObject] | None = None
    refusal: str | None = None
    tool_calls: list[ToolCallDelta] | None = None
    function_call: FunctionDelta | None = None
    reasoning_content: Any = None
    reasoning: Any = None
    reasoning_text: Any = None
    reasoning_details: list[JsonObject] | None = None
    reasoning_opaque: Any = None
    annotations: list[wire.Annotation] | None = None
    audio: wire.Audio | None = None
    images: list[JsonObject] | None = None


class ChunkChoice(Event):
    delta: Delta | None = None
    index: int | None = None
    finish_reason: str | None = None
    native_finish_reason: str | None = None


class GroqFields(Event):
    usage: wire.Usage | None = None


class Chunk(Event):
    """One event. ``choices`` is empty in the chunk with the usage, and in Azure's first one."""

    choices: list[ChunkChoice] | None = None
    id: wire.Id | None = None
    model: str | None = None
    usage: wire.Usage | None = None
    error: wire.Error | str | None = None
    citations: list[Any] | None = None
    search_results: list[wire.SearchResult] | None = None
    x_groq: GroqFields | None = None
