"""The server on a socket, byte by byte: what it reads, what it refuses, and whom it waits for."""

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from raw_connections import Serving, chunked, ended, post, problem, read_reply


@pytest.fixture(scope="module")
def serving() -> Iterator[Serving]:
    running = Serving()
    yield running
    running.stop()


def test_every_event_is_a_chunk_of_its_own(serving: Serving) -> None:
    with serving.connect() as client:
        client.sendall(post("hello", stream=True))
        status, headers, got = read_reply(client)
    assert (status, headers["transfer-encoding"]) == (200, "chunked")
    events = 0
    while got:
        size, _, got = got.partition(b"\r\n")
        piece, got = got[: int(size, 16)], got[int(size, 16) + 2 :]
        assert piece.count(b"data:") == (1 if piece else 0)
        events += bool(piece)
    assert events > 3


def test_requests_in_a_row_are_answered_in_their_order(serving: Serving) -> None:
    with serving.connect() as client:
        client.sendall(post("slow", stream=True) + post("a") + b"GET /_mock/health HTTP/1.1\r\n\r\n")
        got = b""
        while b'"status":"ok"' not in got:
            got += client.recv(65536)
    assert got.index(b"four") < got.index(b"You said: a") < got.index(b'"status":"ok"')


@pytest.mark.parametrize(
    ("sent", "status", "message"),
    [
        (b"POST /v1/chat HTTP/1.1\r\ncontent-length: x\r\n\r\n", 400, "this is no HTTP/1.1 request"),
        (b"POST /v1/chat HTTP/1.1\r\ncontent-length: 4001\r\n\r\n", 413, "the body is larger than 4000 bytes"),
        (
            b"POST /v1/chat HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nfff\r\n" + b"x" * 4095,
            413,
            "the body is larger than 4000 bytes",
        ),
        (
            b"POST /v1/chat HTTP/1.1\r\n" + b"a: b\r\n" * 21 + b"\r\n",
            431,
            "the headers are more than 20, or larger than 2000 bytes",
        ),
        (
            b"GET / HTTP/1.1\r\na: " + b"x" * 2000,
            431,
            "the headers are more than 20, or larger than 2000 bytes",
        ),
    ],
)
def test_what_is_too_much_is_refused_and_the_connection_closed(
    serving: Serving, sent: bytes, status: int, message: str
) -> None:
    with serving.connect() as client:
        client.sendall(sent)
        reply = read_reply(client)
        assert problem(reply) == (status, message)
        assert reply[1]["connection"] == "close"
        assert ended(client)


def test_a_refusal_is_in_the_words_of_the_provider(serving: Serving) -> None:
    with serving.connect() as client:
        client.sendall(b"POST /v1/chat HTTP/1.1\r\ncontent-length: 4001\r\n\r\n")
        assert "problem" in json.loads(read_reply(client)[2])
        client.sendall(b"x" * 1000)
    with serving.connect() as client:
        client.sendall(b"POST /_mock/scenarios HTTP/1.1\r\ncontent-length: 4001\r\n\r\n")
        assert "error" in json.loads(read_reply(client)[2])


def test_a_client_that_wants_to_be_told_to_go_on_is(serving: Serving) -> None:
    whole = post("hello", head=b"expect: 100-continue\r\n")
    head, _, sent = whole.partition(b"\r\n\r\n")
    with serving.connect() as client:
        client.sendall(head + b"\r\n\r\n")
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(sent)
        assert read_reply(client)[0] == 200


def test_old_and_terse_clients(serving: Serving) -> None:
    with serving.connect() as client:
        client.sendall(post("hello", stream=True).replace(b"HTTP/1.1", b"HTTP/1.0"))
        status, headers, got = read_reply(client)
        assert (status, headers["connection"]) == (200, "close")
        assert got.startswith(b"data: "), "without chunks"
        assert ended(client)
    with serving.connect() as client:
        client.sendall(b"HEAD / HTTP/1.1\r\n\r\n")
        head = client.recv(65536)
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert head.endswith(b"\r\n\r\n")
        client.sendall(b"GET http://h:80/_mock/ready HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
        assert read_reply(client)[2] == b'{"status":"ready"}'


UPGRADE = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"
"""What Java's own HTTP client asks for with every request to a plain address."""


@pytest.mark.parametrize("piece", [100_000, 150, 1], ids=["at once", "in two pieces", "byte by byte"])
@pytest.mark.parametrize("sent", [post("one", head=UPGRADE), chunked("one", head=UPGRADE)], ids=["length", "chunks"])
def test_who_offers_another_protocol_is_answered_in_this_one(serving: Serving, sent: bytes, piece: int) -> None:
    page = b"GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    with serving.connect() as client:
        for asked, said in [
            (sent, b"You said: one"),
            (post("two"), b"You said: two"),
            (page, b"<html"),
            (sent, b"one"),
        ]:
            for at in range(0, len(asked), piece):
                client.sendall(asked[at : at + piece])
            status, headers, got = read_reply(client)
            assert (status, headers.get("connection"), said in got) == (200, None, True)


def test_slow_clients_are_cut_off_and_block_nobody(serving: Serving) -> None:
    with serving.connect() as idle, serving.connect() as slow, serving.connect() as deaf:
        slow.sendall(post("hello")[:30])
        deaf.sendall(post("long", stream=True))
        with serving.connect() as client:
            client.sendall(post("hello"))
            assert read_reply(client)[0] == 200
        assert ended(idle)
        assert ended(slow)
        deadline = time.monotonic() + 20
        while serving.connections and time.monotonic() < deadline:
            time.sleep(0.01)
        got = b""
        with suppress(ConnectionResetError):
            while piece := deaf.recv(1_000_000):
                got = piece
    assert not got.endswith(b"0\r\n\r\n"), "it was given up before its end"


def test_too_many_connections_are_told_so(serving: Serving) -> None:
    clients = [socket.create_connection(serving.address, timeout=20) for _ in range(7)]
    try:
        status, message = problem(read_reply(clients[-1]))
    finally:
        for client in clients:
            client.close()
    assert (status, message) == (503, "6 connections are open, and no more are taken")


def test_a_client_that_resets_its_connection_leaves_nothing_behind(serving: Serving) -> None:
    with serving.connect() as client:
        client.sendall(post("stuck", stream=True))
        assert client.recv(65536).startswith(b"HTTP/1.1 200")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with serving.connect() as client:
        client.sendall(post("hello"))
        assert read_reply(client)[0] == 200


@contextmanager
def stopping(grace: float) -> Iterator[tuple[Serving, socket.socket, socket.socket]]:
    """A server that is told to stop while one client waits for a stream and another for nothing."""
    running = Serving(grace)
    with running.connect() as open_stream, running.connect() as idle:
        open_stream.sendall(post("slow" if grace else "stuck", stream=True))
        assert open_stream.recv(20).startswith(b"HTTP/1.1 200")
        stopper = threading.Thread(target=running.stop)
        stopper.start()
        yield running, open_stream, idle
        stopper.join(20)
        assert not running.thread.is_alive()


def test_a_stop_finishes_open_streams_and_takes_no_more() -> None:
    with stopping(5.0) as (running, open_stream, idle):
        assert ended(idle)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(running.address, timeout=20).close()
        got: Any = b""
        while piece := open_stream.recv(65536):
            got += piece
        assert got.endswith(b"data: [END]\n\n\r\n0\r\n\r\n")


def test_a_stop_waits_no_longer_than_it_was_told() -> None:
    with stopping(0.0) as (_, open_stream, _idle):
        assert ended(open_stream)
