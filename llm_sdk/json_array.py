"""A JSON array that is streamed element by element, in the place of server-sent events. No I/O.

Elements are found without parsing them: by their brackets, outside of texts. Every byte is looked at once.
"""

import re
from collections.abc import Sequence

from llm_sdk.errors import InvariantError
from llm_sdk.sse import DEFAULT_MAX_EVENT_BYTES, ServerSentEvent

__all__ = ["JsonArrayDecoder", "encode_array"]

TOKEN = re.compile(rb'[\\"{}\[\]]')
OPENING = (b"{", b"[")


class JsonArrayDecoder:
    """Feed it chunks, get the elements that are objects or arrays, each as the data of an event.

    ``max_event_bytes`` bounds one element; more is an InvariantError.
    """

    def __init__(self, max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES) -> None:
        self._limit = max_event_bytes
        self._depth = 0
        self._in_text = False
        self._escaped = False
        self._element: list[bytes] = []
        self._element_bytes = 0

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Read a chunk of any size and return the elements that it completes."""
        if not chunk:
            return []
        events: list[ServerSentEvent] = []
        start = 0
        skipped, self._escaped = (0 if self._escaped else -1), False
        for found in TOKEN.finditer(chunk):
            at, token = found.start(), found[0]
            if at == skipped:
                continue
            if token == b"\\":
                skipped = at + 1
            elif token == b'"':
                self._in_text = not self._in_text
            elif self._in_text:
                continue
            elif token in OPENING:
                self._depth += 1
                if self._depth == 2:
                    start = at
            else:
                self._depth -= 1
                if self._depth == 1:
                    self._keep(chunk[start : at + 1])
                    events.append(self._take())
        self._escaped = skipped == len(chunk)
        if self._depth > 1:
            self._keep(chunk[start:])
        return events

    def close(self) -> list[ServerSentEvent]:
        """The bytes have ended; an element that has not is left out."""
        return []

    def _keep(self, piece: bytes) -> None:
        self._element.append(piece)
        self._element_bytes += len(piece)
        if self._element_bytes > self._limit:
            raise InvariantError(
                f"an element of a streamed array has grown past {self._limit} bytes without an end; "
                "raise max_event_bytes if it is meant to"
            )

    def _take(self) -> ServerSentEvent:
        event = ServerSentEvent(b"".join(self._element))
        self._element.clear()
        self._element_bytes = 0
        return event


def encode_array(events: Sequence[ServerSentEvent], line_end: bytes) -> list[bytes]:
    """The pieces of an array of all these events, one for each; the last one ends it."""
    if not events:
        return [b"[]"]
    pieces = [(b"," + line_end if at else b"[") + event.data for at, event in enumerate(events)]
    pieces[-1] += line_end + b"]"
    return pieces
