"""The answers of :mod:`conformance.replay` over a real socket on loopback, for clients that bring their own HTTP.

Each chunk is one chunk of a chunked transfer, sent at once; a reset is a reset of the connection. What the kernel makes
of it on the way is its own affair, so checks on this lane look at outcomes only.
"""

import socket
import socketserver
import struct
import threading
from types import TracebackType
from typing import Self

import h11

from conformance.replay import Answer, Performance, Playback
from llm_sdk.codec import WireRequest

__all__ = ["ReplayServer"]

IDLE_TIMEOUT = 30.0


class ReplayServer:
    """Serves the playbacks that ``answer`` gives, on a free port of 127.0.0.1, between ``with`` and its end."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.performances: list[Performance] = []
        self._server = _Server(("127.0.0.1", 0), _Connection)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._answering = threading.Lock()

    @property
    def origin(self) -> str:
        """Where the server listens, such as ``http://127.0.0.1:40123``."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def perform(self, sent: WireRequest) -> Performance:
        """What ``answer`` gives for a request. Connections wait for each other: it may keep what it has given."""
        with self._answering:
            performance = Performance(sent, self.answer(sent))
            self.performances.append(performance)
        return performance

    def start(self) -> None:
        """Begin to accept connections."""
        self._thread.start()

    def stop(self) -> None:
        """Accept no more connections; those that are open end when their clients leave."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    owner: ReplayServer


class _Connection(socketserver.BaseRequestHandler):
    """One connection: requests are answered one after another until the client leaves."""

    server: _Server
    request: socket.socket

    def handle(self) -> None:
        self.request.settimeout(IDLE_TIMEOUT)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = h11.Connection(h11.SERVER)
        try:
            while (sent := self._read(connection)) is not None:
                performance = self.server.owner.perform(sent)
                if not self._play(connection, performance):
                    return
                connection.start_next_cycle()
        except (OSError, h11.ProtocolError):
            return

    def _read(self, connection: h11.Connection) -> WireRequest | None:
        head: h11.Request | None = None
        body: list[bytes] = []
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(self.request.recv(65536))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                headers = {name.decode("ascii"): value.decode("latin-1") for name, value in head.headers}
                return WireRequest(head.method.decode("ascii"), head.target.decode("ascii"), b"".join(body), headers)
            else:
                return None

    def _play(self, connection: h11.Connection, performance: Performance) -> bool:
        """Send the answer; whether the connection can be used again."""
        playback = performance.playback
        if playback.ending in ("refused", "timeout"):
            performance.closed = True
            return False
        try:
            self._send(connection, h11.Response(status_code=playback.status, headers=_headers(playback)))
            for at, chunk in enumerate(playback.chunks):
                if (hold := playback.hold) is not None and hold.before == at:
                    hold.wait(give_up=self._is_left)
                self._send(connection, h11.Data(data=chunk))
                performance.taken = at + 1
            if playback.ending == "reset":
                self._reset()
                return False
            self._send(connection, h11.EndOfMessage())
        finally:
            performance.closed = True
        return bool(connection.our_state is h11.DONE and connection.their_state is h11.DONE)

    def _send(self, connection: h11.Connection, event: h11.Event) -> None:
        if self._is_left():
            raise ConnectionResetError("the client has left")
        data = connection.send(event)
        if data:
            self.request.sendall(data)

    def _is_left(self) -> bool:
        """Whether the client has closed its side."""
        self.request.setblocking(False)
        try:
            return self.request.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self.request.settimeout(IDLE_TIMEOUT)

    def _reset(self) -> None:
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.request.close()


def _headers(playback: Playback) -> list[tuple[str, str]]:
    return [*playback.headers.items(), ("transfer-encoding", "chunked")]
