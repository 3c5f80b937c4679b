"""The events of a stream of Cohere's chat in their own JSON.

What they hold of whole answers stands in ``wire.py``. Fields that nothing reads are not kept.
"""

from llm_sdk.providers.cohere import wire
from llm_sdk.types import JsonObject
from llm_sdk.wire_model import Event


class MessageStart(Event):
    """``message-start``: its ``delta`` is an empty message."""

    id: str | None = None


class ContentMessage(Event):
    content: JsonObject


class ContentChange(Event):
    message: ContentMessage


class ContentEvent(Event):
    """``content-start``, whose content has a ``type``, and ``content-delta``, whose content has none."""

    index: int
    delta: ContentChange


class EndEvent(Event):
    """``content-end`` and ``tool-call-end``."""

    index: int


class PlanMessage(Event):
    tool_plan: str


class PlanChange(Event):
    message: PlanMessage


class PlanEvent(Event):
    """``tool-plan-delta``."""

    delta: PlanChange


class CallMessage(Event):
    tool_calls: wire.ToolCall


class CallChange(Event):
    message: CallMessage


class CallEvent(Event):
    """``tool-call-start``: ``tool_calls`` is one call, not a list. Calls are counted apart from content blocks."""

    index: int
    delta: CallChange


class ArgumentsFunction(Event):
    arguments: str


class ArgumentsCall(Event):
    function: ArgumentsFunction


class ArgumentsMessage(Event):
    tool_calls: ArgumentsCall


class ArgumentsChange(Event):
    message: ArgumentsMessage


class ArgumentsEvent(Event):
    """``tool-call-delta``."""

    index: int
    delta: ArgumentsChange


class CitationMessage(Event):
    citations: wire.Citation


class CitationChange(Event):
    message: CitationMessage


class CitationEvent(Event):
    """``citation-start`` has the whole citation, and ``citation-end`` nothing more; ``index`` counts citations."""

    delta: CitationChange


class End(Event):
    finish_reason: str | None = None
    usage: wire.Usage | None = None
    error: str | None = None
    error_type: str | None = None


class MessageEnd(Event):
    """``message-end``. ``error_type`` is undocumented (recorded)."""

    delta: End
