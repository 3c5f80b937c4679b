"""One client's connection: its requests are read, answered and written, one after the other.

An answer that waits for nothing is written at once, without a task of its own. What a client does, or does not do, is
its own affair: what waits for it is bounded, and so is the time that it may take.
"""

import asyncio
import logging
import socket
import struct
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from mock_server.http_reply import LAST_CHUNK, chunk
from mock_server.http_request import HttpRequest, RefusedRequestError, RequestReader
from mock_server.pending import PendingReply
from mock_server.relay import LostError, Relay
from mock_server.reply import ReplyPlan, json_reply

if TYPE_CHECKING:
    from mock_server.web_server import WebServer

__all__ = ["HttpConnection"]

EVENTS_AT_A_TIME = 64
PIPELINED = 16
LINGER_SECONDS = 2.0
NEVER = float("inf")
LINGER_BYTES = 256 * 1024 * 1024
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
NO_LINGER = struct.pack("ii", 1, 0)
"""A socket that lingers for no time ends its connection with a reset."""

logger = logging.getLogger("mock_server")


class HttpConnection(asyncio.Protocol):
    """Serves one client for a :class:`~mock_server.web_server.WebServer`.

    ``deadline`` is when the client has taken too long, in the time of the event loop; the server looks at it now and
    then, which costs less than a timer for every request.
    """

    def __init__(self, server: "WebServer") -> None:
        self._server = server
        self._limits = server.limits
        self._loop = asyncio.get_running_loop()
        self._reader = RequestReader(server.limits)
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[HttpRequest] = deque()
        self._task: asyncio.Task[None] | None = None
        self._sending: ReplyPlan | None = None
        self._drained: asyncio.Event | None = None
        self._lingering = False
        self._sends_no_more = False
        self._passes_on = False
        self._discarded = 0
        self._began = 0.0
        self.deadline = self._loop.time() + server.limits.idle_seconds

    @property
    def is_busy(self) -> bool:
        """Whether an answer is on its way."""
        return self._task is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(self._limits.buffer_bytes)
        if not self._server.admit(self):
            message = f"{self._limits.connections} connections are open, and no more are taken"
            unread = HttpRequest("GET", "/", {}, keep_alive=False)
            self._refuse(unread, json_reply(503, {"error": {"message": message}}))

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """See asyncio."""
        self._server.forget(self)
        self._transport = None
        if self._task is not None:
            self._task.cancel()
            if self._sending is not None:
                self._server.note_left(self._sending)
        if self._drained is not None:
            self._drained.set()

    def pause_writing(self) -> None:
        """See asyncio: the client takes less than is written."""
        self._drained = asyncio.Event()
        self.deadline = self._loop.time() + self._limits.write_seconds

    def resume_writing(self) -> None:
        """See asyncio."""
        if self._drained is not None:
            self._drained.set()
            self._drained = None
        self._wait_for_client()

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        if self._lingering:
            self._discarded += len(data)
            if self._discarded > LINGER_BYTES:
                self.abort()
            return
        began = self._reader.in_request
        try:
            self._waiting += self._reader.feed(data)
        except RefusedRequestError as refused:
            self._waiting.append(refused.request)
        if self._reader.waits_for_body and self._transport is not None:
            self._reader.waits_for_body = False
            self._transport.write(CONTINUE)
        if self._waiting:
            self._answer_waiting()
        elif not began and self._task is None:
            self.deadline = self._loop.time() + self._limits.read_seconds

    def eof_received(self) -> bool:
        """See asyncio: the client sends no more. Whether it waits for its answer or has gone, only a write can tell; an
        answer from elsewhere, which may be paid for, does not go on for that."""
        self._sends_no_more = True
        if self._task is not None and self._drained is None:
            self._wait_for_piece()
        return self._task is not None and not self._passes_on

    def end(self) -> None:
        """Close as soon as no answer is on its way to a client that is there for sure."""
        if self._transport is not None and self._task is None:
            self._transport.close()
        elif self._sends_no_more:
            self.abort()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def _answer_waiting(self) -> None:
        """Answer what has come, in its order; what has to be waited for holds up the rest."""
        while self._waiting and self._task is None and self._transport is not None and not self._lingering:
            request = self._waiting.popleft()
            self._began = self._loop.time()
            if request.problem is not None:
                self._refuse(request, self._server.refusal(request))
                return
            if self._drained is not None or self._server.asks_others:
                self._begin(request, None)
                break
            found = self._server.answer(request)
            if not isinstance(found, ReplyPlan) or found.waits or len(found.chunks) > 16 * EVENTS_AT_A_TIME:
                self._begin(request, found)
            else:
                self._write_at_once(request, found)
        if self._transport is not None and self._task is not None:
            if len(self._waiting) >= PIPELINED:
                self._transport.pause_reading()
            if self._drained is None:
                self._wait_for_piece()

    def _begin(self, request: HttpRequest, found: ReplyPlan | PendingReply | Relay | None) -> None:
        self._server.traffic.stream_began()
        self._task = self._loop.create_task(self._write_in_time(request, found))
        self._task.add_done_callback(self._task_is_done)

    def _write_at_once(self, request: HttpRequest, plan: ReplyPlan) -> None:
        assert self._transport is not None  # noqa: S101 - looked at by the caller
        if plan.reset and not plan.chunks:
            self._end_reply(plan, keeps_alive=False)
            return
        framing = self._server.framing(request, plan)
        self._transport.write(framing.whole(plan))
        self._end_reply(plan, keeps_alive=framing.keeps_alive)

    async def _write_in_time(self, request: HttpRequest, found: ReplyPlan | PendingReply | Relay | None) -> None:
        """Write an answer piece by piece, each at its time, and none before the client has room for it."""
        await self._room()
        found = await self._server.find_answer(request) if found is None else found
        if isinstance(found, Relay):
            await self._pass_on(request, found)
            return
        plan = await self._server.finish(request, found) if isinstance(found, PendingReply) else found
        clock, self._sending = self._server.clock, plan
        if plan.latency:
            await clock.sleep_async(plan.latency)
        if self._transport is None:
            return
        if plan.reset and not plan.chunks:
            self._end_reply(plan, keeps_alive=False)
            return
        framing = self._server.framing(request, plan)
        self._transport.write(framing.head)
        for at, piece in enumerate(() if framing.bodiless else plan.chunks):
            if piece.delay:
                await clock.sleep_async(piece.delay)
            elif at % EVENTS_AT_A_TIME == EVENTS_AT_A_TIME - 1:
                await asyncio.sleep(0)
            await self._room()
            if self._transport is None:
                return
            self._transport.write(chunk(piece.data) if framing.chunked else piece.data)
            if self._sends_no_more:
                self._wait_for_piece()
        if framing.chunked and plan.complete:
            self._transport.write(LAST_CHUNK)
        self._end_reply(plan, keeps_alive=framing.keeps_alive)

    async def _pass_on(self, request: HttpRequest, relay: Relay) -> None:
        """Write an answer as it comes from elsewhere, each piece at once, and let it die as it died there."""
        self._passes_on = True
        async with relay.open() as relayed:
            plan = relayed.head
            if self._transport is None or plan.reset:
                self._end_reply(plan, keeps_alive=False)
                return
            framing = self._server.framing(request, plan)
            self._transport.write(framing.head)
            try:
                async for piece in relayed.pieces:
                    await self._room()
                    if self._transport is None:
                        return
                    if not framing.bodiless:
                        self._transport.write(chunk(piece) if framing.chunked else piece)
            except LostError as lost:
                plan = replace(plan, complete=False, reset=lost.reset)
        if framing.chunked and plan.complete:
            self._transport.write(LAST_CHUNK)
        self._end_reply(plan, keeps_alive=framing.keeps_alive and plan.complete)

    async def _room(self) -> None:
        while self._drained is not None and self._transport is not None:
            await self._drained.wait()

    def _end_reply(self, plan: ReplyPlan, *, keeps_alive: bool) -> None:
        self._sending = None
        self._server.traffic.took(self._loop.time() - self._began)
        if self._transport is None:
            return
        if keeps_alive and not self._server.is_stopping:
            self._wait_for_client()
            return
        if plan.reset:
            connection = self._transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self._transport.close()

    def _wait_for_client(self) -> None:
        if self._task is not None:
            self._wait_for_piece()
            return
        limits = self._limits
        self.deadline = self._loop.time() + (limits.read_seconds if self._reader.in_request else limits.idle_seconds)

    def _wait_for_piece(self) -> None:
        """An answer takes the time that it takes, but not without end for a client that may have gone."""
        self.deadline = self._loop.time() + self._limits.half_closed_seconds if self._sends_no_more else NEVER

    def _task_is_done(self, task: asyncio.Task[None]) -> None:
        self._task = None
        self._server.traffic.stream_ended()
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("an answer could not be written", exc_info=error)
            self.abort()
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.resume_reading()
        self._wait_for_client()
        self._answer_waiting()
        if self._sends_no_more and self._task is None:
            self.end()

    def _refuse(self, request: HttpRequest, plan: ReplyPlan) -> None:
        """Answer, and read no more. The rest of what the client sends is thrown away for a while, because a connection
        that is closed before it has sent all is reset, and the answer lost with it."""
        if self._transport is None:
            return
        self._transport.write(self._server.framing(request, plan).whole(plan))
        self._lingering = True
        self._waiting.clear()
        self.deadline = self._loop.time() + LINGER_SECONDS
        if self._transport.can_write_eof():
            self._transport.write_eof()
