"""The application on a socket, with uvicorn: bound before anything is said, and stopped without a delay."""

import asyncio
import logging
import signal
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mock_server.app import RESET, MockApp

__all__ = ["AddressInUseError", "WebServer", "open_socket"]

GRACE_SECONDS = 5.0
POLL_SECONDS = 0.1
SIGNALS = (signal.SIGINT, signal.SIGTERM)
LINGER_NOT = struct.pack("ii", 1, 0)
"""A socket that lingers for no time ends its connection with a reset."""

# An answer that is cut on purpose is an error to uvicorn, and no news to anyone.
silent = logging.getLogger("mock_server.connections")
silent.disabled = True


class AddressInUseError(OSError):
    """The address cannot be listened on; the message says which and why."""


def open_socket(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises AddressInUseError."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise AddressInUseError(f"{host} is not an address of this machine: {error.strerror}") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise AddressInUseError(
            f"cannot listen on {host}:{port}: {error.strerror}; another --port may be free"
        ) from None
    return listener


class _Protocol(HttpToolsProtocol):
    """uvicorn's protocol, with a log that nobody has to read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = silent

    def on_message_begin(self) -> None:
        """See uvicorn; this one lets the application reset the connection."""
        super().on_message_begin()
        self.scope["extensions"] = {RESET: {"now": self._reset}}

    def _reset(self) -> None:
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        self.transport.abort()


class WebServer(uvicorn.Server):
    """Serves ``app`` on ``listener``. ``on_started`` is called when connections are accepted.

    A stop closes idle connections at once and gives open streams ``GRACE_SECONDS``, or ``grace`` seconds, to end.
    """

    def __init__(
        self, app: MockApp, listener: socket.socket, *, on_started: Callable[[], None], grace: float = GRACE_SECONDS
    ) -> None:
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=60,
        )
        super().__init__(config)
        self._listener = listener
        self._on_started = on_started
        self._grace = grace
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def run_until_stopped(self) -> None:
        """Serve until :meth:`stop`, or until SIGINT or SIGTERM when this is the main thread."""
        self.run(sockets=[self._listener])

    def stop(self) -> None:
        """End, from any thread."""
        self.should_exit = True
        if self._loop is not None and self._stop is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._stop.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await super().startup(sockets)
        self._on_started()

    async def main_loop(self) -> None:
        """See uvicorn; this one does not sleep through a stop."""
        assert self._stop is not None  # noqa: S101 - made in startup
        tick = 0
        while not await self.on_tick(tick):
            tick = (tick + 1) % 864_000
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), POLL_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn; this one ends as soon as the last connection has."""
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        assert self._loop is not None  # noqa: S101 - made in startup
        deadline = self._loop.time() + self._grace
        while self.server_state.connections and not self.force_exit and self._loop.time() < deadline:  # noqa: ASYNC110 - see below
            await asyncio.sleep(0.002)  # uvicorn tells nobody when a connection ends
        for task in list(self.server_state.tasks):
            task.cancel()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # an aborted connection is gone in the next round of the loop

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """See uvicorn; this one takes a signal as the wish to end, which has been met."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.handle_exit(number, frame)
        self.stop()
