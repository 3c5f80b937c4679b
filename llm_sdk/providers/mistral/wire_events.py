"""The chunks of a stream of Mistral's chat completions in their own JSON.

What they hold of whole answers stands in ``wire.py``. Fields that nothing reads are not kept.
"""

from pydantic import Field

from llm_sdk.providers.mistral import wire
from llm_sdk.types import JsonObject
from llm_sdk.wire_model import Event


class FunctionDelta(Event):
    """Empty names mean nothing: models of others on the platform send them with every fragment (recorded)."""

    name: str | None = None
    arguments: str | JsonObject | None = None


class ToolCallDelta(Event):
    function: FunctionDelta
    id: str | None = None
    index: int | None = None


class Delta(Event):
    """``content`` changes its form within one stream: a list while the model thinks, then a text (recorded)."""

    content: wire.Content | None = None
    tool_calls: list[ToolCallDelta] | None = None


class ChunkChoice(Event):
    index: int = 0
    delta: Delta = Delta()
    finish_reason: str | None = None


class CompletionChunk(Event):
    """One event of a stream; ``object`` is ``error`` where it reports one. Its padding ``p`` is not read."""

    object: str | None = None
    id: str | None = None
    model: str | None = None
    choices: list[ChunkChoice] = Field(default_factory=list)
    usage: wire.Usage | None = None
