"""Bytes <-> server-sent events (HTML Living Standard, section 9.2). No I/O.

The decoder works on bytes and never decodes text: a line ends only at CR, LF or CRLF, so U+2028 inside JSON is data,
and a character cut by a chunk boundary needs no care. Every byte is looked at once, however the stream is cut.
"""

from dataclasses import dataclass

from llm_sdk.errors import InvariantError

__all__ = ["DEFAULT_MAX_EVENT_BYTES", "ServerSentEvent", "ServerSentEventDecoder", "encode_event"]

DEFAULT_MAX_EVENT_BYTES = 64 * 1024 * 1024
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event: ``event`` is its name, empty where it has none, ``data`` the bytes of its data lines joined by LF."""

    data: bytes
    event: str = ""
    id: str = ""


class ServerSentEventDecoder:
    """Feed it chunks, get events.

    ``max_event_bytes`` bounds what is held for one event; more is an InvariantError, so that a peer that never ends a
    line cannot fill the memory.
    """

    def __init__(self, max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES) -> None:
        self._limit = max_event_bytes
        self._held = 0
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._event = ""
        self._id = ""
        self._after_cr = False
        self._start = b""
        self._started = False

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Read a chunk of any size and return the events that it completes."""
        if not self._started:
            chunk = self._skip_bom(chunk)
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk.startswith(b"\n"):
                chunk = chunk[1:]
        if not chunk:
            return []
        self._held += len(chunk)
        lines = chunk.splitlines()
        last = chunk[-1]
        rest = lines.pop() if last not in b"\r\n" else None
        self._after_cr = last == 13
        events: list[ServerSentEvent] = []
        if lines:
            if self._line:
                self._line.append(lines[0])
                lines[0] = b"".join(self._line)
                self._line.clear()
            for line in lines:
                self._read_line(line, events)
            if events or not self._data:
                self._held = sum(map(len, self._data)) + len(rest or b"")
        if rest is not None:
            self._line.append(rest)
        if self._held > self._limit:
            raise InvariantError(
                f"a server-sent event has grown past {self._limit} bytes without an end; "
                "raise max_event_bytes if it is meant to"
            )
        return events

    def close(self) -> list[ServerSentEvent]:
        """The bytes have ended: return the event that only lacked its final line end or blank line."""
        events: list[ServerSentEvent] = []
        if not self._started and self._start:
            self._started = True
            events += self.feed(self._start)
        if self._line:
            line = b"".join(self._line)
            self._line.clear()
            self._read_line(line, events)
        self._read_line(b"", events)
        return events

    def _skip_bom(self, chunk: bytes) -> bytes:
        chunk = self._start + chunk
        if len(chunk) < len(BOM) and BOM.startswith(chunk):
            self._start = chunk
            return b""
        self._started = True
        return chunk.removeprefix(BOM)

    def _read_line(self, line: bytes, events: list[ServerSentEvent]) -> None:
        if line.startswith(b"data:"):
            self._data.append(line[6:] if line.startswith(b" ", 5) else line[5:])
        elif not line:
            if self._data:
                data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
                events.append(ServerSentEvent(data, self._event, self._id))
                self._data.clear()
            self._event = ""
        elif line.startswith(b"event:"):
            self._event = line[6:].removeprefix(b" ").decode("utf-8", "replace")
        elif line.startswith(b"id:"):
            value = line[3:].removeprefix(b" ")
            if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
        elif line == b"data":
            self._data.append(b"")
        elif line == b"event":
            self._event = ""
        elif line == b"id":
            self._id = ""


def encode_event(event: ServerSentEvent, line_end: bytes = b"\n") -> bytes:
    """The bytes of one event, blank line included; data with line ends becomes several data lines."""
    lines: list[bytes] = []
    if event.id:
        lines.append(b"id: " + event.id.encode())
    if event.event:
        lines.append(b"event: " + event.event.encode())
    data = event.data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines += [b"data: " + line for line in data.split(b"\n")]
    return line_end.join(lines) + line_end + line_end
