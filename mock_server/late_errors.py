"""Errors that come when a streamed answer has begun well, in the provider's own form."""

from collections.abc import Sequence
from dataclasses import replace

from pydantic_core import from_json

from llm_sdk.codec import Codec, Framing, dump_json
from llm_sdk.errors import LanguageModelError
from llm_sdk.json_array import encode_array
from llm_sdk.services import services_of
from llm_sdk.sse import ServerSentEvent, encode_event
from mock_server.fault_plan import FaultPlan
from mock_server.reply import ReplyPlan, TimedChunk

__all__ = ["end_in_error"]


def end_in_error(plan: ReplyPlan, faults: FaultPlan, codec: Codec, framing: Framing) -> ReplyPlan:
    """The streamed ``plan`` with the error that ``faults`` has for its middle in the place of the rest; one that is
    over by then stays as it is."""
    error, after = faults.late_error, faults.fault.error_after_events
    if error is None or after is None or not plan.stream or after >= len(plan.chunks):
        return plan
    error.locate(provider=None, request_id=plan.headers.get(codec.endpoint.request_id_header.lower()))
    kept = plan.chunks[:after]
    events = _error_events(codec, error, [chunk.data for chunk in kept])
    line_end = codec.endpoint.line_end
    if framing == "sse":
        pieces = [encode_event(event, line_end) for event in events]
    else:
        # Where an element stands decides what is around it.
        pieces = encode_array([ServerSentEvent(b"")] * after + events, line_end)[after:]
    first, *others = pieces
    late = (TimedChunk(first, plan.chunks[after].delay), *map(TimedChunk, others))
    return replace(plan, chunks=(*kept, *late))


def _error_events(codec: Codec, error: LanguageModelError, sent: Sequence[bytes]) -> list[ServerSentEvent]:
    write = services_of(codec).error_events
    if write is not None:
        return write(error, sent)
    return [ServerSentEvent(dump_json(from_json(codec.encode_error(error).body)))]
