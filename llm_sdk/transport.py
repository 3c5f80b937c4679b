"""The commands of a flow, done with httpx: the only file that knows how its clients and errors look.

Clients of httpx2 have the same calls, so neither library is imported here; an exception is known by the name of its
class. None of them ever reaches the caller, nor stands behind an error that does: they hold the request, and with it
the key.
"""

import logging
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from llm_sdk.clients import Clients, Timeouts
from llm_sdk.credentials import Credentials
from llm_sdk.errors import (
    ConnectionFailedError,
    InvalidInputError,
    InvariantError,
    LanguageModelError,
    TimedOutError,
)
from llm_sdk.flow import Command, Head, ReadBody, Reply, Send, Sleep

__all__ = ["AsyncExchange", "Exchange", "SyncExchange", "Upstream"]

logger = logging.getLogger("llm_sdk")

LIBRARIES = frozenset({"httpx", "httpx2", "httpcore", "httpcore2"})
TIMED_OUT = {
    "ConnectTimeout": "no connection in time",
    "ReadTimeout": "nothing more came in time",
    "WriteTimeout": "the request could not be sent in time",
    "PoolTimeout": "the client's pool had no free connection in time",
}
MISUSED = frozenset({"InvalidURL", "UnsupportedProtocol", "LocalProtocolError", "CookieConflict"})


class Upstream:
    """Where the requests of one model go. Raises InvalidInputError for a ``base_url`` that is none."""

    def __init__(self, base_url: str, credentials: Credentials, timeouts: Timeouts | None) -> None:
        """``timeouts`` of ``None`` leaves them to the client."""
        self.base_url = base_url
        self.credentials = credentials
        self.timeouts = timeouts
        try:
            parts = urlsplit(base_url)
            valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            valid = False
        if not valid:
            raise InvalidInputError(f"{base_url!r} is not an http or https URL", path="base_url")
        if parts.username is not None or parts.fragment:
            raise InvalidInputError("a base URL has neither a user nor a fragment", path="base_url")
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self._root = self.origin + parts.path.rstrip("/")
        self._query = parts.query
        self._parsed: dict[tuple[type, str], Any] = {}
        """URLs as a client has parsed them, by its class and the path: to parse one takes longer than to send it."""

    def url(self, path: str) -> str:
        """The whole URL of a path, which may have a query of its own beside that of the base URL."""
        path, _, query = path.partition("?")
        query = "&".join(filter(None, (self._query, query)))
        return f"{self._root}{path}?{query}" if query else self._root + path

    def build(self, client: Any, send: Send) -> Any:
        """The client's own request object."""
        key = type(client), send.request.path
        request = client.build_request(
            send.request.method,
            self._parsed.get(key) or self.url(send.request.path),
            content=send.request.body,
            headers={
                "accept": "text/event-stream" if send.stream else "application/json",
                **{name.lower(): value for name, value in send.request.headers.items()},
                **self.credentials.headers(),
            },
            **({} if self.timeouts is None else {"timeout": self.timeouts}),
        )
        self._parsed[key] = request.url
        return request

    def read_error(self, error: Exception) -> LanguageModelError | None:
        """What an exception of the HTTP library means; ``None`` for one that comes from elsewhere."""
        names = [kind.__name__ for kind in type(error).__mro__ if kind.__module__.partition(".")[0] in LIBRARIES]
        if not names:
            return self._read_other_error(error)
        name, text = names[0], self.credentials.redact(str(error)) or names[0]
        if "TimeoutException" in names:
            return TimedOutError(f"{self.origin}: {TIMED_OUT.get(name, text)}")
        if name in MISUSED:
            return InvalidInputError(f"the request cannot be sent to {self.origin}: {text}")
        if name == "DecodingError":
            return InvariantError(f"the body is not in the encoding that its content-encoding names: {text}")
        return ConnectionFailedError(f"{self.origin}: {text}")

    def _read_other_error(self, error: Exception) -> LanguageModelError | None:
        if isinstance(error, UnicodeError):
            return InvalidInputError(f"the request cannot be sent to {self.origin}: {error}")
        if isinstance(error, OSError):
            return ConnectionFailedError(f"{self.origin}: {error}")
        if isinstance(error, RuntimeError) and "loop" in str(error):
            return ConnectionFailedError(f"{self.origin}: the client's connection belongs to another event loop")
        return None


class Exchange(Protocol):
    """One call over HTTP, for a plain ``for`` loop."""

    def perform(self, command: Command) -> Reply:
        """Do what a flow yields."""
        ...

    def next_chunk(self) -> bytes | LanguageModelError | None:
        """More of the body, ``None`` at its end, or the error that cut it."""
        ...

    def close(self) -> None:
        """Give the connection up; it stays open only where the whole body has been read."""
        ...


class AsyncExchange:
    """The same, for ``async for``."""

    def __init__(self, clients: Clients, upstream: Upstream) -> None:
        self._clients = clients
        self._upstream = upstream
        self._response: Any = None
        self._chunks: AsyncIterator[bytes] | None = None

    async def perform(self, command: Command) -> Reply:
        """See :meth:`Exchange.perform`."""
        match command:
            case Send():
                return await self._send(command)
            case ReadBody(limit):
                return await self._read(limit)
            case Sleep(seconds):
                import anyio

                _log_retry(command)
                await anyio.sleep(seconds)
                return None

    async def _send(self, send: Send) -> Reply:
        try:
            client = await self._clients.async_client()
            request = self._upstream.build(client, send)
            self._response = await client.send(request, stream=True, follow_redirects=False)
        except InvalidInputError as error:
            return error
        except Exception as error:
            if (failure := self._upstream.read_error(error)) is None:
                raise
            return failure
        self._chunks = self._response.aiter_bytes()
        return _head(self._response)

    async def _read(self, limit: int | None) -> Reply:
        ok, body, end = self._response.is_success, _Body(limit), None
        while not body.full and isinstance(end := await self.next_chunk(), bytes):
            body.add(end)
        await self.close()
        if isinstance(end, LanguageModelError):
            return end
        return body.whole() if ok else self._upstream.credentials.redact_bytes(body.whole())

    async def next_chunk(self) -> bytes | LanguageModelError | None:
        """See :meth:`Exchange.next_chunk`."""
        if self._chunks is None:
            return None
        try:
            return await anext(self._chunks, None)
        except Exception as error:
            if (failure := self._upstream.read_error(error)) is None:
                raise
            return failure

    async def close(self) -> None:
        """See :meth:`Exchange.close`."""
        response, self._response, self._chunks = self._response, None, None
        if response is None:
            return
        try:
            await response.aclose()
        except Exception as error:
            if self._upstream.read_error(error) is None:
                raise


class SyncExchange:
    """An :class:`Exchange` on a plain client."""

    def __init__(self, clients: Clients, upstream: Upstream) -> None:
        self._clients = clients
        self._upstream = upstream
        self._response: Any = None
        self._chunks: Iterator[bytes] | None = None

    def perform(self, command: Command) -> Reply:
        """See :meth:`Exchange.perform`."""
        match command:
            case Send():
                return self._send(command)
            case ReadBody(limit):
                return self._read(limit)
            case Sleep(seconds):
                _log_retry(command)
                time.sleep(seconds)
                return None

    def _send(self, send: Send) -> Reply:
        try:
            client = self._clients.sync_client()
            request = self._upstream.build(client, send)
            self._response = client.send(request, stream=True, follow_redirects=False)
        except InvalidInputError as error:
            return error
        except Exception as error:
            if (failure := self._upstream.read_error(error)) is None:
                raise
            return failure
        self._chunks = self._response.iter_bytes()
        return _head(self._response)

    def _read(self, limit: int | None) -> Reply:
        ok, body, end = self._response.is_success, _Body(limit), None
        while not body.full and isinstance(end := self.next_chunk(), bytes):
            body.add(end)
        self.close()
        if isinstance(end, LanguageModelError):
            return end
        return body.whole() if ok else self._upstream.credentials.redact_bytes(body.whole())

    def next_chunk(self) -> bytes | LanguageModelError | None:
        """See :meth:`Exchange.next_chunk`."""
        if self._chunks is None:
            return None
        try:
            return next(self._chunks, None)
        except Exception as error:
            if (failure := self._upstream.read_error(error)) is None:
                raise
            return failure

    def close(self) -> None:
        """See :meth:`Exchange.close`."""
        response, self._response, self._chunks = self._response, None, None
        if response is None:
            return
        try:
            response.close()
        except Exception as error:
            if self._upstream.read_error(error) is None:
                raise


class _Body:
    """The chunks of a body, up to a limit."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._chunks: list[bytes] = []
        self._length = 0

    @property
    def full(self) -> bool:
        return self._limit is not None and self._length >= self._limit

    def add(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._length += len(chunk)

    def whole(self) -> bytes:
        return b"".join(self._chunks)[: self._limit]


def _head(response: Any) -> Head:
    headers: Mapping[str, str] = response.headers
    return Head(response.status_code, {name.lower(): value for name, value in headers.items()})


def _log_retry(sleep: Sleep) -> None:
    logger.debug("%s; asking again in %.1f s", sleep.error, sleep.seconds)
