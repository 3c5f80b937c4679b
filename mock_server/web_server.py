"""The stand-in on a socket: an event loop, its connections, and their end."""

import asyncio
import logging
import signal
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from email.utils import formatdate
from typing import Protocol

from mock_server.access import Access
from mock_server.cross_origin import CrossOrigin
from mock_server.engine import Engine
from mock_server.http_connection import HttpConnection
from mock_server.http_reply import Framing
from mock_server.http_request import HttpRequest
from mock_server.keyed_routes import KeyedRoutes
from mock_server.limits import Limits
from mock_server.pending import PendingReply
from mock_server.relay import Relay
from mock_server.reply import ReplyPlan, json_reply
from mock_server.routes import CONTROL, Routes

__all__ = ["AddressInUseError", "WebServer", "open_socket"]

GRACE_SECONDS = 5.0
LONGEST_SWEEP_SECONDS = 1.0
BACKLOG = 4096
NO_PAGES = CrossOrigin(())
SIGNALS = (signal.SIGINT, signal.SIGTERM)

logger = logging.getLogger("mock_server")


class AddressInUseError(OSError):
    """The address cannot be listened on; the message says which and why."""


def open_socket(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A listening socket; port 0 takes a free one. One that is ``shared`` leaves room for others at the same address,
    among which the system spreads the connections. Raises AddressInUseError."""
    # As bytes, where it can be: for a text Python reads its tables of international names.
    name = host.encode("ascii") if host.isascii() else host
    try:
        family = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise AddressInUseError(f"{host} is not an address of this machine: {error.strerror}") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise AddressInUseError(
            f"cannot listen on {host}:{port}: {error.strerror}; another --port may be free"
        ) from None
    return listener


class Answers(Protocol):
    """What a server answers with: see :class:`mock_server.routes.Routes`."""

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, host: str = ""
    ) -> ReplyPlan | PendingReply | Relay: ...
    def refuse(self, method: str, target: str, headers: Mapping[str, str], status: int, message: str) -> ReplyPlan: ...


class WebServer:
    """Serves ``engine`` on ``listener``. ``on_started`` is called when connections are accepted.

    ``access`` says who may control it: by default this machine, where it listens on a loopback address, or nobody.
    ``isolate_keys`` keeps what belongs to one API key from all others. ``cross_origin`` says which pages of other sites
    read the providers' answers; none of them controls it. ``routes`` answer in the place of ``engine``;
    ``on_stopped`` is awaited when all connections have ended.
    A stop closes idle connections at once and gives open answers ``GRACE_SECONDS``, or ``grace`` seconds, to end.
    """

    def __init__(
        self,
        engine: Engine,
        listener: socket.socket,
        *,
        on_started: Callable[[], None],
        grace: float = GRACE_SECONDS,
        limits: Limits | None = None,
        access: Access | None = None,
        isolate_keys: bool = False,
        cross_origin: CrossOrigin = NO_PAGES,
        routes: Answers | None = None,
        on_stopped: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.clock = engine.clock
        self.is_stopping = False
        self.traffic = engine.traffic
        self.asks_others = engine.store.is_shared
        """Whether an answer has to be waited for, because others know what it depends on."""
        # One thread, because the engine answers one request after the other.
        self._beside = ThreadPoolExecutor(1) if self.asks_others else None
        kind = KeyedRoutes if isolate_keys else Routes
        access = access or Access(listener.getsockname()[0])
        self._routes: Answers = routes or kind(engine, access, max_body_bytes=self.limits.body_bytes)
        self._cross_origin = cross_origin
        self._on_stopped = on_stopped
        self._listener = listener
        self._on_started = on_started
        self._grace = grace
        self._connections: set[HttpConnection] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._all_gone: asyncio.Event | None = None
        self._date = (0, b"")

    def run_until_stopped(self) -> None:
        """Serve until :meth:`stop`, or until SIGINT or SIGTERM when this is the main thread."""
        asyncio.run(self._run())

    def stop(self) -> None:
        """End, from any thread; a second time at once."""
        if self._loop is not None and self._stop is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._stop_here)

    def _stop_here(self) -> None:
        assert self._stop is not None  # noqa: S101 - looked at by the caller
        if self._stop.is_set():
            self._grace = 0.0
            for connection in list(self._connections):
                connection.abort()
        self._stop.set()

    async def _run(self) -> None:
        loop = self._loop = asyncio.get_running_loop()
        self._stop, self._all_gone = asyncio.Event(), asyncio.Event()
        server = await loop.create_server(lambda: HttpConnection(self), sock=self._listener, backlog=BACKLOG)
        sweeper = asyncio.create_task(self._sweep())
        with self._signals(loop):
            self._on_started()
            await self._stop.wait()
            self.is_stopping = True
            server.close()
            await self._end_connections()
        sweeper.cancel()
        if self._beside is not None:
            self._beside.shutdown(wait=False, cancel_futures=True)
        if self._on_stopped is not None:
            await self._on_stopped()

    async def _end_connections(self) -> None:
        assert self._all_gone is not None  # noqa: S101 - made in _run
        for connection in list(self._connections):
            connection.end()
        if self._connections:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_gone.wait(), self._grace)
        for connection in list(self._connections):
            connection.abort()
        await asyncio.sleep(0)  # an aborted connection is gone in the next round of the loop

    async def _sweep(self) -> None:
        """Close connections whose client has taken too long."""
        limits = self.limits
        every = min(LONGEST_SWEEP_SECONDS, limits.read_seconds / 4, limits.write_seconds / 4, limits.idle_seconds / 4)
        assert self._loop is not None  # noqa: S101 - made in _run
        while True:
            await asyncio.sleep(every)
            now = self._loop.time()
            for connection in [one for one in self._connections if one.deadline <= now]:
                connection.abort()

    @contextmanager
    def _signals(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        for number in SIGNALS:
            loop.add_signal_handler(number, self._stop_here)
        try:
            yield
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)

    # What connections ask for.

    def admit(self, connection: HttpConnection) -> bool:
        """Take in a connection; False where there are too many."""
        self._connections.add(connection)
        self.traffic.connection_opened()
        return len(self._connections) <= self.limits.connections

    def forget(self, connection: HttpConnection) -> None:
        """The connection has ended."""
        self._connections.discard(connection)
        self.traffic.connection_closed()
        if self.is_stopping and not self._connections and self._all_gone is not None:
            self._all_gone.set()

    def answer(self, request: HttpRequest) -> ReplyPlan | PendingReply | Relay:
        """What to reply to a request."""
        try:
            host = request.headers.get("host", "")
            if self._lets_pages_read(request):
                allowed = self._cross_origin.preflight(request.method, request.headers)
                if allowed is not None:
                    return allowed
            method = "GET" if request.method == "HEAD" else request.method  # without its body (RFC 9110, 9.3.2)
            return self._routes.answer(method, request.target, request.headers, request.body, host)
        except Exception:  # noqa: BLE001 - a defect here must not take the connection down without a word
            return self._defect(request)

    async def find_answer(self, request: HttpRequest) -> ReplyPlan | PendingReply | Relay:
        """As :meth:`answer`, and beside the loop where others have to be asked: nobody else waits for them."""
        if self._beside is None:
            return self.answer(request)
        return await asyncio.get_running_loop().run_in_executor(self._beside, self.answer, request)

    def note_left(self, plan: ReplyPlan) -> None:
        """The client has gone before the end of its answer, and nobody has sent it away."""
        if plan.on_left is None or self.is_stopping:
            return
        if self._beside is None:
            plan.on_left()
        else:
            self._beside.submit(plan.on_left)

    async def finish(self, request: HttpRequest, pending: PendingReply) -> ReplyPlan:
        """What a function replies."""
        try:
            return await pending.run_async()
        except Exception:  # noqa: BLE001 - a defect here must not take the connection down without a word
            return self._defect(request)

    def _lets_pages_read(self, request: HttpRequest) -> bool:
        """Whether the answer may be for a page of another site, which control never is."""
        return bool(self._cross_origin) and not request.target.startswith(CONTROL)

    def _defect(self, request: HttpRequest) -> ReplyPlan:
        logger.exception("%s %s could not be answered", request.method, request.target.partition("?")[0])
        return json_reply(500, {"error": {"message": "the mock server failed; its log says why"}})

    def refusal(self, request: HttpRequest) -> ReplyPlan:
        """The reply to what is no request, or too much of one."""
        limits = self.limits
        said = {
            413: f"the body is larger than {limits.body_bytes} bytes",
            414: f"the target is larger than {limits.header_bytes} bytes",
            431: f"the headers are more than {limits.headers}, or larger than {limits.header_bytes} bytes",
            501: "no other transfer-encoding than chunked is understood here",
        }
        if request.misled:
            logger.warning("a client was refused: %s", request.misled)
        message = request.misled or said.get(request.problem or 0, "this is no HTTP/1.1 request")
        return self._routes.refuse(request.method, request.target, request.headers, request.problem or 400, message)

    def framing(self, request: HttpRequest, plan: ReplyPlan) -> Framing:
        """How the reply is put on the wire, today."""
        if self._lets_pages_read(request):
            plan = replace(plan, headers={**plan.headers, **self._cross_origin.told(request.headers)})
        now = int(time.time())
        if self._date[0] != now:
            self._date = (now, f"date: {formatdate(now, usegmt=True)}\r\n".encode("ascii"))
        return Framing(request, plan, date=self._date[1], keeps_alive=not self.is_stopping)
