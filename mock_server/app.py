"""The stand-in as an ASGI application: reads a request, sends the planned reply piece by piece.

Plain ASGI, because a framework's streaming response costs a task group for every stream.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from llm_sdk.codec import WireResponse
from mock_server.clock import Clock, SystemClock
from mock_server.engine import Engine
from mock_server.limits import MAX_BODY_BYTES
from mock_server.pending import PendingReply
from mock_server.reply import ReplyPlan, json_reply, whole_reply
from mock_server.routes import Routes

__all__ = ["RESET", "MockApp"]

RESET = "mock_server.reset"
"""The extension of ASGI's scope with which a server lets the application reset the connection."""

EVENTS_AT_A_TIME = 64

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

logger = logging.getLogger("mock_server")


class _BodyTooLargeError(Exception):
    """The request has more bytes than are read."""


class MockApp:
    """Serves an :class:`~mock_server.engine.Engine`. ``max_body_bytes`` bounds what is read of one request."""

    def __init__(self, engine: Engine, *, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._routes = Routes(engine, max_body_bytes=max_body_bytes)
        self._clock = engine.clock
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One connection, as ASGI defines it."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            try:
                body = await self._read_body(receive)
            except _BodyTooLargeError:
                text = f"the body is larger than {self._max_body_bytes} bytes"
                plan = json_reply(413, {"error": {"message": text}}, {"connection": "close"})
            else:
                if body is None:
                    return
                plan = await self._plan(scope, body)
            sent = await _send_plan(plan, _Connection(receive, self._clock), send)
            if not sent and plan.on_left is not None:
                plan.on_left()
            if sent and plan.reset and (reset := scope.get("extensions", {}).get(RESET)) is not None:
                reset["now"]()

    async def _read_body(self, receive: Receive) -> bytes | None:
        """The request's body; None when the client has gone."""
        pieces: list[bytes] = []
        length = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None
            piece = message.get("body", b"")
            length += len(piece)
            if length > self._max_body_bytes:
                raise _BodyTooLargeError
            pieces.append(piece)
            if not message.get("more_body", False):
                return b"".join(pieces)

    async def _plan(self, scope: Message, body: bytes) -> ReplyPlan:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        path = scope.get("raw_path") or scope["path"].encode()
        query = scope.get("query_string", b"")
        target = (path + b"?" + query if query else path).decode("latin-1")
        try:
            found = self._routes.answer(scope["method"], target, headers, body, headers.get("host", ""))
            return await found.run_async() if isinstance(found, PendingReply) else found
        except Exception:
            # A defect here must not take the connection down without a word.
            logger.exception("%s %s could not be answered", scope["method"], scope["path"])
            text = b'{"error":{"message":"the mock server failed; its log says why"}}'
            return whole_reply(WireResponse(500, text, {"content-type": "application/json"}))


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _send_plan(plan: ReplyPlan, connection: "_Connection", send: Send) -> bool:
    """Send the reply; False when the client has gone. One that is not complete ends without its last message, which
    makes the server cut the connection."""
    try:
        if not await connection.stays(plan.latency):
            return False
        if plan.reset and not plan.chunks:
            return True
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in plan.headers.items()]
        await send({"type": "http.response.start", "status": plan.status, "headers": headers})
        for at, chunk in enumerate(plan.chunks):
            if chunk.delay and not await connection.stays(chunk.delay):
                return False
            if at % EVENTS_AT_A_TIME == EVENTS_AT_A_TIME - 1:
                await asyncio.sleep(0)
            last = plan.complete and at == len(plan.chunks) - 1 and not plan.stream
            await send({"type": "http.response.body", "body": chunk.data, "more_body": not last})
            if last:
                return True
        if plan.complete:
            await send({"type": "http.response.body", "body": b""})
        return True
    finally:
        connection.forget()


class _Connection:
    """Waits without losing sight of the client."""

    def __init__(self, receive: Receive, clock: Clock) -> None:
        self._receive = receive
        self._clock = clock
        self._gone: asyncio.Future[Message] | None = None

    async def stays(self, seconds: float) -> bool:
        """Wait; False as soon as the client has gone."""
        if seconds <= 0:
            return True
        if self._gone is None:
            self._gone = asyncio.ensure_future(self._receive())
        if isinstance(self._clock, SystemClock):
            done, _ = await asyncio.wait((self._gone,), timeout=seconds)
            return not done
        over = asyncio.ensure_future(self._clock.sleep_async(seconds))
        try:
            await asyncio.wait((self._gone, over), return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()
        return not self._gone.done()

    def forget(self) -> None:
        """No more waiting."""
        if self._gone is not None:
            self._gone.cancel()
