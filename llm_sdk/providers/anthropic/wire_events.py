"""The events of a stream of the Messages API in their own JSON.

What they hold of whole answers stands in ``wire.py``. Fields that nothing reads are not kept.
"""

from llm_sdk.providers.anthropic import wire
from llm_sdk.wire_model import Event, Wire


class MessageStart(Event):
    message: wire.Response


class BlockStart(Event):
    """``content_block_start``. A result of a hosted tool, and redacted thinking, stand here whole."""

    index: int
    content_block: wire.Block


class Delta(Wire):
    """``text_delta``, ``input_json_delta``, ``thinking_delta``, ``signature_delta``, ``citations_delta``; whatever
    another kind brings, such as ``compaction_delta``, is kept."""

    type: str
    text: str | None = None
    partial_json: str | None = None
    thinking: str | None = None
    signature: str | None = None
    citation: wire.Location | None = None


class BlockDelta(Event):
    """``content_block_delta``."""

    index: int
    delta: Delta


class BlockStop(Event):
    """``content_block_stop``."""

    index: int


class MessageDelta(Event):
    """``message_delta``."""

    delta: wire.Stop
    usage: wire.Usage | None = None


class MessageStop(Event):
    """``message_stop``: the end mark."""


class ErrorEvent(Event):
    """``error``, after an answer of status 200 has begun."""

    error: wire.Error
    request_id: str | None = None
