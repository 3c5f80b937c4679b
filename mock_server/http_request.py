"""One HTTP/1.1 request as it is put together from a connection's bytes, by httptools' parser."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import httptools

from mock_server.limits import Limits

__all__ = ["HttpRequest", "RefusedRequestError", "RequestReader"]

CHUNKED = "chunked"
SCHEMES = ("http://", "https://")
TLS_HANDSHAKE = b"\x16"
"""What a client's first byte is where it expects TLS (RFC 8446, 5.1)."""
NO_TLS = "this is the beginning of TLS, and only plain HTTP is spoken here: the base URL begins with http://"
NO_LATER_VERSION = "only HTTP/1.1 is spoken here"
UPGRADE_HEADERS = frozenset({"connection", "upgrade", "http2-settings"})


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request. Names of ``headers`` are in lower case; values of a name that comes again are joined by a comma.

    ``keep_alive`` says whether another may follow on its connection, ``chunked`` whether its client understands an
    answer in chunks. One with a ``problem`` is answered with that status alone, and its body was not read; ``misled``
    is what to tell a client that speaks another protocol.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""
    keep_alive: bool = True
    chunked: bool = True
    problem: int | None = None
    misled: str = ""


class RefusedRequestError(Exception):
    """What comes is no request, or too much of one. ``request`` is what is known of it."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request.problem)
        self.request = request


class RequestReader:
    """Feed it a connection's bytes, get requests. ``waits_for_body`` is set by a client that wants to be told to go on
    (``Expect: 100-continue``), until whoever reads it clears it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._parser: Any = httptools.HttpRequestParser(self)
        self._requests: list[HttpRequest] = []
        self._refused: int | None = None
        self.waits_for_body = False
        self.on_message_begin()

    def feed(self, data: bytes) -> list[HttpRequest]:
        """The requests that these bytes complete.

        Raises RefusedRequestError, after which nothing more can be read of the connection.
        """
        self._parse(data)
        if not self._in_body and self._begun:
            self._unread_bytes += len(data)
            if self._unread_bytes > self._limits.header_bytes:
                in_target = 2 * sum(map(len, self._target)) > self._unread_bytes
                raise RefusedRequestError(self._request(problem=414 if in_target else 431))
        found, self._requests = self._requests, []
        return found

    @property
    def in_request(self) -> bool:
        """Whether part of a request has come."""
        return self._begun

    def _parse(self, data: bytes) -> None:
        while data:
            try:
                self._parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                data = self._without_upgrade(data[upgrade.args[0] :])
            except httptools.HttpParserError:
                raise RefusedRequestError(self._unreadable(data)) from None

    def _unreadable(self, data: bytes) -> HttpRequest:
        """What is known of a request of which the parser has refused these bytes."""
        if self._refused is None and not self._begun and data.startswith(TLS_HANDSHAKE):
            return HttpRequest("", "", {}, keep_alive=False, problem=400, misled=NO_TLS)
        request = self._request(problem=self._refused or 400)
        if self._refused is None and self._parser.get_http_version() >= "2":
            return replace(request, problem=505, misled=NO_LATER_VERSION)
        return request

    def _without_upgrade(self, rest: bytes) -> bytes:
        """The request again, and what has come after its head, without the offer of another protocol: nothing is spoken
        here but HTTP/1.1, and such an offer may be passed over (RFC 9110, 7.8). The parser takes what follows an offer
        for the other protocol."""
        offered = self._requests.pop()
        self._parser = httptools.HttpRequestParser(self)
        if offered.method == "CONNECT":
            raise RefusedRequestError(replace(offered, problem=400))
        headers = [f"{name}: {value}" for name, value in offered.headers.items() if name not in UPGRADE_HEADERS]
        head = "\r\n".join([f"{offered.method} {offered.target} HTTP/1.1", *headers, "", ""])
        return head.encode("latin-1") + rest

    def _request(self, *, body: bytes = b"", problem: int | None = None) -> HttpRequest:
        try:
            method, version = self._parser.get_method().decode("latin-1"), self._parser.get_http_version()
            keep_alive = problem is None and self._parser.should_keep_alive()
        except httptools.HttpParserError:
            method, version, keep_alive = "", "1.1", False
        target = b"".join(self._target).decode("latin-1")
        if target.startswith(SCHEMES):  # as it is sent to a proxy; a server has to take it (RFC 9112, 3.2.2)
            self._headers["host"], _, path = target.partition("://")[2].partition("/")
            target = f"/{path}"
        return HttpRequest(method, target, self._headers, body, keep_alive, version != "1.0", problem)

    # What httptools calls.

    def on_message_begin(self) -> None:
        """A request begins."""
        self._begun = False
        self._in_body = False
        self._head_bytes = self._unread_bytes = 0
        self._target: list[bytes] = []
        self._headers: dict[str, str] = {}
        self._count = 0
        self._body: list[bytes] = []
        self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        self._begun = True
        self._target.append(url)
        self._head_bytes += len(url)
        if self._head_bytes > self._limits.header_bytes:
            self._refuse(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        self._count += 1
        self._head_bytes += len(name) + len(value)
        if self._count > self._limits.headers or self._head_bytes > self._limits.header_bytes:
            self._refuse(431)
        key, text = _lower(name), value.decode("latin-1")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        """The body begins."""
        self._in_body = True
        if self._headers.get("transfer-encoding", CHUNKED).lower() != CHUNKED:
            self._refuse(501)
        length = self._headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._limits.body_bytes:
            self._refuse(413)
        if self._headers.get("expect", "").lower() == "100-continue":
            self.waits_for_body = True

    def on_body(self, piece: bytes) -> None:
        """A piece of the body."""
        self._body_bytes += len(piece)
        if self._body_bytes > self._limits.body_bytes:
            self._refuse(413)
        self._body.append(piece)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self.waits_for_body = False
        self._requests.append(self._request(body=b"".join(self._body)))
        self._begun = self._in_body = False

    def _refuse(self, status: int) -> None:
        """End the parsing: the parser turns what its callbacks raise into an error of its own."""
        self._refused = status
        raise ValueError(status)


@lru_cache(maxsize=256)
def _lower(name: bytes) -> str:
    """A header's name in lower case. Clients send the same ones again and again."""
    return name.decode("latin-1").lower()
