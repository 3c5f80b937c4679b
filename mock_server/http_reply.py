"""The bytes of an HTTP/1.1 reply. Every event of a stream is a chunk of its own, whatever it is written with."""

import re
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus

from mock_server.http_request import HttpRequest
from mock_server.reply import ReplyPlan

__all__ = ["LAST_CHUNK", "Framing", "chunk"]

LAST_CHUNK = b"0\r\n\r\n"
BODILESS = frozenset({204, 304})
NOT_IN_A_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")


def chunk(data: bytes) -> bytes:
    """A piece of a body whose length is told piece by piece; nothing for no bytes, which would be its end."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


class Framing:
    """How the reply to one request is put on the wire.

    ``chunked`` is whether its pieces are chunks; ``bodiless`` whether there is no body at all; ``keeps_alive`` whether
    the connection can be used again. ``head`` is the status line and the headers, with ``date`` as one.
    """

    __slots__ = ("bodiless", "chunked", "head", "keeps_alive")

    def __init__(self, request: HttpRequest, plan: ReplyPlan, *, date: bytes, keeps_alive: bool) -> None:
        self.bodiless = request.method == "HEAD" or plan.status in BODILESS
        sized = "content-length" in plan.headers
        self.chunked = not sized and not self.bodiless and request.chunked
        self.keeps_alive = (
            keeps_alive and request.keep_alive and (sized or self.chunked or self.bodiless) and plan.complete
        )
        head = [_status_line(plan.status), date, _header_lines(plan.headers)]
        if self.chunked:
            head.append(b"transfer-encoding: chunked\r\n")
        head += self._connection_lines(request, plan)
        head.append(b"\r\n")
        self.head = b"".join(head)

    def _connection_lines(self, request: HttpRequest, plan: ReplyPlan) -> list[bytes]:
        if not plan.complete:
            # What dies does not announce it. Node's client takes the end of an announced connection for the answer's.
            return []
        if not self.keeps_alive and "connection" not in plan.headers:
            return [b"connection: close\r\n"]
        return [] if request.chunked else [b"connection: keep-alive\r\n"]

    def whole(self, plan: ReplyPlan) -> bytes:
        """All that goes out, in one piece."""
        if self.bodiless:
            return self.head
        if not self.chunked:
            return b"".join([self.head, *[piece.data for piece in plan.chunks]])
        pieces = [b"%x\r\n%b\r\n" % (len(piece.data), piece.data) for piece in plan.chunks if piece.data]
        return b"".join([self.head, *pieces, LAST_CHUNK if plan.complete else b""])


def _header_lines(headers: Mapping[str, str]) -> bytes:
    """A line each, its value without what would end the line: some quote the request."""
    return "".join(
        [
            f"{name}: {value if value.isprintable() else NOT_IN_A_HEADER.sub(' ', value)}\r\n"
            for name, value in headers.items()
        ]
    ).encode("latin-1", "replace")


@lru_cache(maxsize=64)
def _status_line(status: int) -> bytes:
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode("ascii")
