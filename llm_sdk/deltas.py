"""What a stream is made of: a :class:`PartialModelResponse` carries a change to one part, usage, cost, or the end."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator

from llm_sdk.json_model import Maybe, MaybeList, Model
from llm_sdk.nested_form import flatten_tool_call
from llm_sdk.types import AudioFormat, Citation, FinishReason, ModelUsage, OpaquePart, Part, ToolResultPart

__all__ = [
    "AudioPartDelta",
    "CitationDelta",
    "ContentDelta",
    "FilePartDelta",
    "ImagePartDelta",
    "OpaquePartDelta",
    "PartDelta",
    "PartialModelResponse",
    "Partials",
    "ReasoningPartDelta",
    "TextPartDelta",
    "ToolCallPartDelta",
    "ToolResultPartDelta",
    "citation_at",
    "cited",
    "delta_at",
]


class CitationDelta(Model):
    """A whole citation, appended to the text at its index."""

    type: Literal["citation"] = "citation"
    source: Maybe[str] = None
    title: Maybe[str] = None
    cited_text: Maybe[str] = None
    start_index: Maybe[int] = None
    end_index: Maybe[int] = None
    signature: Maybe[str] = None


class TextPartDelta(Model):
    """More text, or a citation of the text so far."""

    type: Literal["text"] = "text"
    text: str
    citation: Maybe[CitationDelta] = None
    signature: Maybe[str] = None


class ToolCallPartDelta(Model):
    """More of a tool call: ``args`` is a fragment of JSON text, every other field is whole."""

    type: Literal["tool-call"] = "tool-call"
    tool_call_id: Maybe[str] = None
    tool_name: Maybe[str] = None
    args: Maybe[str] = None
    id: Maybe[str] = None
    signature: Maybe[str] = None
    provider_executed: Maybe[bool] = None

    @model_validator(mode="before")
    @classmethod
    def _flatten(cls, value: Any) -> Any:
        return flatten_tool_call(value, partial=True)


class ToolResultPartDelta(ToolResultPart):
    """A whole tool result."""

    content: list[Part]


class FilePartDelta(Model):
    """A whole file."""

    type: Literal["file"] = "file"
    mime_type: Maybe[str] = None
    data: Maybe[str] = None
    url: Maybe[str] = None
    filename: Maybe[str] = None
    id: Maybe[str] = None


class OpaquePartDelta(OpaquePart):
    """A whole opaque part."""


class ImagePartDelta(Model):
    """A whole image; a later one at the same index, such as the final after a preview, takes its place."""

    type: Literal["image"] = "image"
    mime_type: Maybe[str] = None
    data: Maybe[str] = None
    url: Maybe[str] = None
    width: Maybe[int] = None
    height: Maybe[int] = None
    id: Maybe[str] = None


class AudioPartDelta(Model):
    """More sound: ``data`` is complete base64 of some bytes, ``transcript`` a fragment."""

    type: Literal["audio"] = "audio"
    data: Maybe[str] = None
    format: Maybe[AudioFormat] = None
    sample_rate: Maybe[int] = None
    channels: Maybe[int] = None
    transcript: Maybe[str] = None
    id: Maybe[str] = None


class ReasoningPartDelta(Model):
    """More reasoning text; the last ``signature`` is the one that counts."""

    type: Literal["reasoning"] = "reasoning"
    text: str = ""
    signature: Maybe[str] = None
    id: Maybe[str] = None


PartDelta: TypeAlias = Annotated[
    TextPartDelta
    | ToolCallPartDelta
    | ToolResultPartDelta
    | ImagePartDelta
    | AudioPartDelta
    | ReasoningPartDelta
    | FilePartDelta
    | OpaquePartDelta,
    Field(discriminator="type"),
]


class ContentDelta(Model):
    """A change to the part at ``index``. Indices order the parts; gaps between them close up."""

    index: int
    part: PartDelta


class PartialModelResponse(Model):
    """One step of a streamed answer. ``usage`` and ``cost`` are increments; every other field replaces what came
    before.

    ``warnings`` add up.
    """

    delta: Maybe[ContentDelta] = None
    usage: Maybe[ModelUsage] = None
    cost: Maybe[float] = None
    finish_reason: Maybe[FinishReason] = None
    finish_detail: Maybe[str] = None
    id: Maybe[str] = None
    model_id: Maybe[str] = None
    warnings: MaybeList[str] = None


Partials: TypeAlias = list[PartialModelResponse]
"""What one event of a stream brings."""


def delta_at(index: int, part: PartDelta) -> PartialModelResponse:
    """A change to the part at ``index``, and nothing else."""
    return PartialModelResponse(delta=ContentDelta(index=index, part=part))


def citation_at(index: int, citation: Citation) -> PartialModelResponse:
    """A citation of the text at ``index``."""
    return delta_at(index, TextPartDelta(text="", citation=CitationDelta(**citation.model_dump())))


def cited(delta: TextPartDelta) -> Citation | None:
    """The citation that a delta brings, where it brings a whole one."""
    if delta.citation is None or delta.citation.source is None:
        return None
    return Citation(**delta.citation.model_dump(exclude={"type"}))
