"""The events of a stream of the Responses API in their own JSON.

What they hold of whole answers stands in ``wire.py``. Fields that nothing reads are not kept.
"""

from llm_sdk.providers.openai import wire
from llm_sdk.wire_model import Event


class ResponseEvent(Event):
    """``response.created``, ``.queued``, ``.in_progress``, ``.completed``, ``.incomplete``, ``.failed``."""

    response: wire.Response


class ItemEvent(Event):
    """``response.output_item.added`` and ``.done``."""

    output_index: int
    item: wire.Item


class PartDelta(Event):
    """``response.output_text.delta``, ``.refusal.delta`` and ``.reasoning_text.delta``."""

    output_index: int
    content_index: int = 0
    delta: str


class SummaryDelta(Event):
    """``response.reasoning_summary_text.delta``."""

    output_index: int
    summary_index: int = 0
    delta: str


class ArgumentsDelta(Event):
    """``response.function_call_arguments.delta``."""

    output_index: int
    delta: str


class ArgumentsDone(Event):
    """``response.function_call_arguments.done``; its ``name`` is documented and never came (recorded)."""

    output_index: int
    arguments: str


class TextDone(Event):
    """``response.output_text.done``."""

    output_index: int
    content_index: int = 0
    text: str


class ContentPartAdded(Event):
    """``response.content_part.added``."""

    output_index: int
    content_index: int = 0
    part: wire.Content


class SummaryPartAdded(Event):
    """``response.reasoning_summary_part.added``."""

    output_index: int
    summary_index: int = 0


class AnnotationAdded(Event):
    """``response.output_text.annotation.added``."""

    output_index: int
    content_index: int = 0
    annotation: wire.Annotation


class PartialImage(Event):
    """``response.image_generation_call.partial_image``: each one is a whole image."""

    output_index: int
    partial_image_b64: str
    output_format: str | None = None
    size: str | None = None


class ErrorEvent(Event):
    """``error``: recorded with a nested ``error`` object, documented with its fields flat; both are read.
    Gateways write the object alone (reported).
    """

    type: str | None = None
    error: wire.ResponseError | None = None
    code: str | None = None
    message: str | None = None
