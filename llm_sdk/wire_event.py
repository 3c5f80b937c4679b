"""One event of a stream, read: which it is, and what is said where it breaks the protocol."""

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from llm_sdk.deltas import Partials
from llm_sdk.errors import InvariantError, StreamTruncatedError
from llm_sdk.sse import ServerSentEvent
from llm_sdk.wire_model import Event, malformed

__all__ = ["EventReaders", "event_type", "read_event", "stream_truncated"]

E = TypeVar("E", bound=Event)

EventReaders: TypeAlias = dict[str, tuple[type[Event], Callable[[Any, Any], Partials]]]
"""By the type of an event: its model, and the method of a decoder that takes it."""


def event_type(event: ServerSentEvent, number: int, provider: str) -> str:
    """The type that stands in the data, for a frame without an event name; empty where none does.

    Raises InvariantError, with the ``number`` of the event, for data that is no JSON.
    """
    try:
        data = from_json(event.data)
    except ValueError as error:
        raise InvariantError(f"event {number} is not JSON: {error}", provider=provider) from None
    return str(data.get("type", "")) if isinstance(data, dict) else ""


def read_event(model: type[E], event: ServerSentEvent, number: int, provider: str) -> E:
    """The event as its model. Raises InvariantError, with its ``number`` and the place, for one that is malformed."""
    try:
        return model.model_validate_json(event.data)
    except ValidationError as error:
        malformed(error, f"event {number} ({event.event or model.__name__})", provider, event.data)


def stream_truncated(events: int, missing: str, provider: str) -> StreamTruncatedError:
    """The error for a stream that ended after so many events without the ``missing`` one, which ends it."""
    return StreamTruncatedError(f"the stream ended after {events} events without {missing}", provider=provider)
