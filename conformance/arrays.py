"""A recorded stream as the array of its events: for a protocol whose path says which of the two is asked for."""

from dataclasses import replace
from itertools import accumulate

from conformance.plan import Call
from llm_sdk.json_array import encode_array
from llm_sdk.sse import ServerSentEventDecoder

__all__ = ["in_array", "is_array"]

CONTENT_TYPE = "application/json; charset=UTF-8"


def in_array(call: Call) -> Call:
    """The call, answered with an array that has the data of each recorded event as an element."""
    exchange = call.exchange
    decoder = ServerSentEventDecoder()
    events = [*decoder.feed(exchange.response_body), *decoder.close()]
    pieces = encode_array(events, call.codec.endpoint.line_end)
    changed = replace(
        exchange,
        response_body=b"".join(pieces),
        response_headers={**exchange.response_headers, "content-type": CONTENT_TYPE},
        metadata={**exchange.metadata, "chunk_offsets": list(accumulate(map(len, pieces)))[:-1]},
    )
    return replace(call, exchange=changed)


def is_array(call: Call) -> bool:
    """Whether the answer is such an array."""
    return call.is_event_stream and call.exchange.response_body.startswith(b"[")
