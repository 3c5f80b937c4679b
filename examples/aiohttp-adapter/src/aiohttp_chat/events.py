"""Server-sent events out of bytes that come in any pieces. Source: HTML Living Standard, section 9.2."""

import re
from dataclasses import dataclass, field

__all__ = ["EventReader"]

LINE_END = re.compile(rb"\r\n|\r|\n")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
OWN_NAMES = frozenset({b"", b"message", b"error"})
"""Names of events that can be this protocol's; it gives them none."""


@dataclass(slots=True)
class EventReader:
    """Give it every piece of a body, and :meth:`close` it: what comes back are the data of its events."""

    _line: list[bytes] = field(default_factory=list)
    _data: list[bytes] = field(default_factory=list)
    _name: bytes = b""
    _after_return: bool = False
    _is_first: bool = True

    def feed(self, piece: bytes) -> list[bytes]:
        """The data of the events that end in this piece."""
        if not piece:
            return []
        if self._after_return and piece[:1] == b"\n":  # the second half of a line end
            piece = piece[1:]
        self._after_return = piece[-1:] == b"\r" if piece else False
        *lines, rest = LINE_END.split(piece)
        found: list[bytes] = []
        for line in lines:
            self._line.append(line)
            self._read_line(b"".join(self._line), found)
            self._line.clear()
        if rest:
            self._line.append(rest)
        return found

    def close(self) -> list[bytes]:
        """The data of an event that no blank line has ended."""
        found: list[bytes] = []
        self._read_line(b"".join(self._line), found)
        self._read_line(b"", found)
        return found

    def _read_line(self, line: bytes, found: list[bytes]) -> None:
        if self._is_first:
            self._is_first, line = False, line.removeprefix(BYTE_ORDER_MARK)
        if not line:
            if self._data and self._name in OWN_NAMES:
                found.append(b"\n".join(self._data))
            self._data, self._name = [], b""
            return
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._name = value
