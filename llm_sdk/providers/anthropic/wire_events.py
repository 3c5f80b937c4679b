"""The events of a stream of the Messages API in their own JSON.

What they hold of whole answers stands in ``wire.py``. Fields that nothing reads are not kept.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator

from llm_sdk.providers.anthropic import wire
from llm_sdk.wire_model import Event, Wire

CALLS = ("tool_use", "server_tool_use")
"""The types of blocks whose input follows."""


def _begun(block: Any) -> Any:
    """A call that begins without its input, as some gateways write it (reported), begins with an empty one."""
    begins = isinstance(block, dict) and block.get("type") in CALLS and not block.get("input")
    return {**block, "input": {}} if begins else block


class MessageStart(Event):
    message: wire.Response


class BlockStart(Event):
    """``content_block_start``. A result of a hosted tool, and redacted thinking, stand here whole."""

    index: int
    content_block: Annotated[wire.Block, BeforeValidator(_begun)]


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
