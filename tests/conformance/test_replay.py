"""Answers come in exactly the chunks that are played, to every client."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import httpx
import httpx2
import pytest

from conformance.replay import Playback, ReplayTransport
from conformance.replay_server import ReplayServer

LIBRARIES = [httpx, httpx2]
PIECES = (b"one", b"two", b"three")


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
def test_a_synchronous_client_gets_the_chunks(library: ModuleType) -> None:
    transport = ReplayTransport(lambda _: Playback(201, {"x-a": "b"}, PIECES))
    client = library.Client(transport=transport)
    with client.stream("POST", "http://host/v1/talk?a=b", content=b"said") as response:
        assert (response.status_code, response.headers["x-a"]) == (201, "b")
        chunks = response.iter_raw()
        assert next(chunks) == b"one"
        assert (transport.performances[0].taken, transport.performances[0].closed) == (1, False)
    request = transport.performances[0].request
    assert (request.method, request.path, request.body) == ("POST", "/v1/talk?a=b", b"said")
    assert transport.performances[0].closed


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
def test_an_asynchronous_client_gets_the_chunks_and_the_troubles(library: ModuleType) -> None:
    async def ask() -> None:
        transport = ReplayTransport(lambda _: Playback(chunks=PIECES))
        async with library.AsyncClient(transport=transport) as client:
            async with client.stream("GET", "http://host/") as response:
                assert [chunk async for chunk in response.aiter_raw()] == list(PIECES)
            transport.answer = lambda _: Playback(chunks=PIECES, ending="reset")
            with pytest.raises(library.RemoteProtocolError):
                await client.get("http://host/")
            transport.answer = lambda _: Playback(ending="refused")
            with pytest.raises(library.ConnectError):
                await client.get("http://host/")
            transport.answer = lambda _: Playback(ending="timeout")
            with pytest.raises(library.ReadTimeout):
                await client.get("http://host/")

    asyncio.run(ask())


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    with ReplayServer(lambda _: Playback(200, {"x-a": "b"}, PIECES)) as server:
        yield server


def test_the_server_sends_each_chunk_as_a_chunk_and_keeps_the_connection(server: ReplayServer) -> None:
    host, port = server.origin.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        for said in (b"first", b"second"):
            connection.sendall(b"POST /v1 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said))
            received = b""
            while not received.endswith(b"0\r\n\r\n"):
                received += connection.recv(65536)
            head, _, body = received.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert body == b"3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n"
    assert [performance.request.body for performance in server.performances] == [b"first", b"second"]


def test_the_server_resets_a_connection_in_mid_stream(server: ReplayServer) -> None:
    server.answer = lambda _: Playback(chunks=PIECES, ending="reset")
    with httpx.Client() as client, pytest.raises(httpx.TransportError):
        client.get(server.origin)
    server.answer = lambda _: Playback(ending="refused")
    with httpx.Client() as client, pytest.raises(httpx.RemoteProtocolError):
        client.get(server.origin)


def test_the_server_asks_for_one_answer_at_a_time(server: ReplayServer) -> None:
    """What a check answers may depend on what it has answered before, however many connections there are."""
    both = threading.Barrier(2)

    def answer(_: object) -> Playback:
        try:
            both.wait(timeout=0.3)
        except threading.BrokenBarrierError:
            return Playback(200, {}, (b"alone",))
        return Playback(200, {}, (b"together",))

    server.answer = answer
    with httpx.Client() as client, ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(client.get, [server.origin] * 2))
    assert [told.text for told in answers] == ["alone", "alone"]
