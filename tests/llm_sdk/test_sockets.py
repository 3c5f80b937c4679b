"""Calls over real connections on loopback: what the other side sees of a call that ends early, and the reverse."""

import asyncio
import gzip
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import httpx2
import pytest
from echo_protocol import CODEC, EVENTS, EXPECTED, HELLO, KEY, SAID

from llm_sdk import HttpLanguageModel, loop_thread
from llm_sdk.accumulator import accumulate
from llm_sdk.errors import (
    ConnectionFailedError,
    InvariantError,
    LanguageModelError,
    StreamTruncatedError,
    TimedOutError,
)

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\n%s\r\n"
CHUNKED_STREAM = HEAD % (b"text/event-stream", b"transfer-encoding: chunked\r\n")
WHOLE = HEAD % (b"application/json", b"content-length: %d\r\n" % len(SAID)) + SAID
PATIENCE = 10.0
LIBRARIES = pytest.mark.parametrize("library", [httpx, httpx2])

Script = Callable[["Connection"], None]


class Connection:
    """The server's end: answers in bytes, and waits for what the client does."""

    def __init__(self, server: "RawServer", connected: socket.socket) -> None:
        self._server = server
        self._socket = connected
        connected.settimeout(PATIENCE)

    def read_request(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            if not (more := self._socket.recv(65536)):
                raise EOFError
            head += more
        head, _, body = head.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += self._socket.recv(65536)

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._socket.sendall(piece)

    def send_chunks(self, *pieces: bytes) -> None:
        self.send(*(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces))

    def wait_for_the_client_to_go(self) -> None:
        try:
            while self._socket.recv(65536):
                pass
        except ConnectionResetError:
            pass
        self._server.client_gone.set()

    def reset(self) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()


class RawServer:
    """Runs one script a connection, on a free port."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self.connections = 0
        self.asked = threading.Event()
        self.client_gone = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def _serve(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connected:
                try:
                    connection = Connection(self, connected)
                    connection.read_request()
                    self.asked.set()
                    self._script(connection)
                except (OSError, EOFError):
                    continue

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


@contextmanager
def serving(script: Script) -> Iterator[RawServer]:
    server = RawServer(script)
    try:
        yield server
    finally:
        server.stop()


def build(url: str, **options: Any) -> HttpLanguageModel:
    return HttpLanguageModel(CODEC, "echo-1", **{"api_key": KEY, "base_url": url, "max_retries": 0, **options})


def stream_without_end(connection: Connection) -> None:
    connection.send(CHUNKED_STREAM)
    connection.send_chunks(EVENTS[0])
    connection.wait_for_the_client_to_go()


def never_answer(connection: Connection) -> None:
    connection.wait_for_the_client_to_go()


@LIBRARIES
@pytest.mark.parametrize("leave", ["break", "aclose", "cancel"])
def test_leaving_a_stream_closes_the_connection(library: Any, leave: str) -> None:
    async def read(model: HttpLanguageModel, first: asyncio.Event) -> None:
        async for _ in model.stream(HELLO):
            first.set()
            if leave == "break":
                break

    async def main(server: RawServer) -> None:
        async with library.AsyncClient() as client:
            model, first = build(server.url, http_client=client), asyncio.Event()
            if leave == "aclose":
                async with model.stream(HELLO) as stream:
                    await anext(stream)
            else:
                task = asyncio.create_task(read(model, first))
                await first.wait()
                if leave == "cancel":
                    task.cancel()
                await asyncio.wait([task])
            assert await asyncio.to_thread(server.client_gone.wait, PATIENCE)

    with serving(stream_without_end) as server:
        asyncio.run(main(server))


@LIBRARIES
def test_leaving_a_plain_stream_closes_the_connection(library: Any) -> None:
    with serving(stream_without_end) as server, library.Client() as client:
        for _ in build(server.url, http_client=client).stream_sync(HELLO):
            break
        assert server.client_gone.wait(PATIENCE)


@LIBRARIES
def test_leaving_a_plain_stream_of_an_asynchronous_client_closes_the_connection(library: Any) -> None:
    with serving(stream_without_end) as server:
        client = library.AsyncClient()
        for _ in build(server.url, http_client=client).stream_sync(HELLO):
            break
        assert server.client_gone.wait(PATIENCE)
        loop_thread.run(client.aclose())


@LIBRARIES
def test_cancelling_a_call_closes_the_connection(library: Any) -> None:
    async def main(server: RawServer) -> None:
        async with library.AsyncClient() as client:
            task = asyncio.create_task(build(server.url, http_client=client).generate(HELLO))
            assert await asyncio.to_thread(server.asked.wait, PATIENCE)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(server.client_gone.wait, PATIENCE)

    with serving(never_answer) as server:
        asyncio.run(main(server))


def reset_in_mid_stream(connection: Connection) -> None:
    connection.send(CHUNKED_STREAM)
    connection.send_chunks(*EVENTS[:2])
    connection.reset()


def end_in_mid_chunk(connection: Connection) -> None:
    connection.send(CHUNKED_STREAM)
    connection.send_chunks(*EVENTS[:2])
    connection.send(b"ff\r\ndata")


def end_between_events(connection: Connection) -> None:
    connection.send(CHUNKED_STREAM)
    connection.send_chunks(*EVENTS[:2], b"")


def fall_silent(connection: Connection) -> None:
    connection.send(CHUNKED_STREAM)
    connection.send_chunks(*EVENTS[:2])
    connection.wait_for_the_client_to_go()


@LIBRARIES
@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (reset_in_mid_stream, StreamTruncatedError),
        (end_in_mid_chunk, StreamTruncatedError),
        (end_between_events, StreamTruncatedError),
        (fall_silent, TimedOutError),
    ],
)
def test_a_stream_that_breaks(library: Any, script: Script, kind: type[LanguageModelError]) -> None:
    with serving(script) as server, library.Client() as client, pytest.raises(LanguageModelError) as caught:
        list(build(server.url, http_client=client, timeout=0.5).stream_sync(HELLO))
    assert type(caught.value) is kind
    assert server.connections == 1


@LIBRARIES
@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (lambda _: None, ConnectionFailedError),
        (lambda connection: connection.reset(), ConnectionFailedError),
        (lambda connection: connection.send(b"SSH-2.0-OpenSSH_9.6\r\n"), ConnectionFailedError),
        (lambda connection: connection.send(WHOLE[:-3]), ConnectionFailedError),
        (
            lambda connection: connection.send(HEAD % (b"application/json", b"content-encoding: gzip\r\n") + SAID),
            InvariantError,
        ),
        (never_answer, TimedOutError),
    ],
    ids=["closed", "reset", "not HTTP", "cut", "not gzip", "silent"],
)
def test_an_answer_that_breaks(library: Any, script: Script, kind: type[LanguageModelError]) -> None:
    with serving(script) as server, library.Client() as client, pytest.raises(LanguageModelError) as caught:
        build(server.url, http_client=client, timeout=0.5).generate_sync(HELLO)
    assert type(caught.value) is kind


def test_a_server_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with build(f"http://127.0.0.1:{port}") as model, pytest.raises(ConnectionFailedError, match=f"127.0.0.1:{port}"):
        model.generate_sync(HELLO)


def test_a_lost_connection_is_tried_again() -> None:
    def fail_once(connection: Connection) -> None:
        if server.connections == 2:
            connection.send(WHOLE)

    with serving(fail_once) as server, build(server.url, max_retries=1) as model:
        assert model.generate_sync(HELLO) == EXPECTED


def test_a_compressed_stream() -> None:
    def compress(connection: Connection) -> None:
        connection.send(HEAD % (b"text/event-stream", b"content-encoding: gzip\r\n"))
        connection.send(gzip.compress(b"".join(EVENTS)))

    with serving(compress) as server, build(server.url) as model:
        assert accumulate(model.stream_sync(HELLO)) == EXPECTED


def answer_for_ever(connection: Connection) -> None:
    while True:
        connection.send(WHOLE)
        connection.read_request()


def test_the_clients_that_a_model_makes() -> None:
    """One for plain calls and one for each event loop, closed with the loop, with the model, or with its block."""

    async def twice() -> None:
        assert await model.generate(HELLO) == EXPECTED
        assert await model.generate(HELLO) == EXPECTED

    async def inside() -> None:
        async with model:
            await twice()

    with serving(answer_for_ever) as server:
        model = build(server.url)
        for call in (twice, twice, inside):
            asyncio.run(call())
        assert server.connections == 3
        assert [model.generate_sync(HELLO), model.generate_sync(HELLO)] == [EXPECTED, EXPECTED]
        assert server.connections == 4
        model.close()


def test_an_asynchronous_client_keeps_its_connection_between_plain_calls() -> None:
    with serving(answer_for_ever) as server:
        client = httpx.AsyncClient()
        model = build(server.url, http_client=client)
        assert [model.generate_sync(HELLO), model.generate_sync(HELLO)] == [EXPECTED, EXPECTED]
        assert server.connections == 1
        loop_thread.run(client.aclose())
