"""Clients as they come: old, terse, hasty, mistaken or gone. Each is answered or told what is wrong; none is kept."""

import logging
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from raw_connections import LIMITS, Serving, becomes, body, chunked, ended, post, problem, read_reply

NO_LINGER = struct.pack("ii", 1, 0)
DESCRIPTORS = Path("/proc/self/fd")
SENT = body("x")
POST = b"POST /v1/chat HTTP/1.1\r\nhost: h\r\n"
SIZED = b"content-length: %d\r\n\r\n%b" % (len(SENT), SENT)
NO_REQUEST = "this is no HTTP/1.1 request"


@pytest.fixture(scope="module")
def serving() -> Iterator[Serving]:
    running = Serving()
    yield running
    running.stop()


@pytest.mark.parametrize(
    ("sent", "connection"),
    [
        pytest.param(post("x").replace(b"HTTP/1.1", b"HTTP/1.0"), "close", id="HTTP/1.0"),
        pytest.param(
            post("x", head=b"connection: keep-alive\r\n").replace(b"HTTP/1.1", b"HTTP/1.0"),
            "keep-alive",
            id="HTTP/1.0 that stays",
        ),
        pytest.param(post("x", head=b"Connection: Close\r\n"), "close", id="one that says it is the last"),
        pytest.param(b"\r\n\r\n" + post("x"), None, id="empty lines before"),
        pytest.param(post("x") + b"\r\n", None, id="an empty line behind"),
        pytest.param(chunked("x"), None, id="chunks"),
        pytest.param(
            POST
            + b"Transfer-Encoding: Chunked\r\n\r\n"
            + b'00%X;a;b="c;d"\r\n%b\r\n0;e=f\r\nx-trailer: g\r\n\r\n' % (len(SENT), SENT),
            None,
            id="chunks with extensions and trailers",
        ),
        pytest.param(post("x").replace(b" /v1", b" http://else.where:99/v1"), None, id="to a proxy"),
        pytest.param(post("x").replace(b" /v1", b" https://else.where/v1"), None, id="to a proxy for TLS"),
        pytest.param(b"POST /v1/chat HTTP/1.1\r\n" + SIZED, None, id="no host"),
    ],
)
def test_whatever_http_allows_is_answered(serving: Serving, sent: bytes, connection: str | None) -> None:
    with serving.connect() as client:
        client.sendall(sent)
        status, headers, got = read_reply(client)
        assert (status, headers.get("connection"), b"You said: x" in got) == (200, connection, True)
        if connection == "close":
            assert ended(client)
        else:
            client.sendall(post("again"))
            assert b"You said: again" in read_reply(client)[2]


@pytest.mark.parametrize(
    ("sent", "status", "message"),
    [
        pytest.param(b"post /v1/chat HTTP/1.1\r\nhost: h\r\n" + SIZED, 400, NO_REQUEST, id="method in lower case"),
        pytest.param(b"FROB / HTTP/1.1\r\n\r\n", 400, NO_REQUEST, id="no method"),
        pytest.param(POST + b"a: b\r\n c\r\n" + SIZED, 400, NO_REQUEST, id="a header over two lines"),
        pytest.param(POST + b"a : b\r\n" + SIZED, 400, NO_REQUEST, id="a blank before the colon"),
        pytest.param(POST + b"a: b\0\r\n" + SIZED, 400, NO_REQUEST, id="a zero in a header"),
        pytest.param(POST.replace(b"\r", b"") + SIZED.replace(b"\r", b""), 400, NO_REQUEST, id="lines without CR"),
        pytest.param(POST + b"content-length: 3\r\n" + SIZED, 400, NO_REQUEST, id="two lengths"),
        pytest.param(POST + b"content-length: -1\r\n\r\n", 400, NO_REQUEST, id="a length below nothing"),
        pytest.param(POST + b"transfer-encoding: chunked\r\n" + SIZED, 400, NO_REQUEST, id="a length and chunks"),
        pytest.param(
            POST + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            501,
            "no other transfer-encoding than chunked is understood here",
            id="gzip in chunks",
        ),
        pytest.param(
            b"GET /" + b"x" * 2000 + b" HTTP/1.1\r\n\r\n", 414, "the target is larger than 2000 bytes", id="long target"
        ),
        pytest.param(
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            400,
            "this is the beginning of TLS, and only plain HTTP is spoken here: the base URL begins with http://",
            id="TLS",
        ),
        pytest.param(
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 505, "only HTTP/1.1 is spoken here", id="HTTP/2"
        ),
        pytest.param(b"GET / HTTP/3.0\r\nhost: h\r\n\r\n", 505, "only HTTP/1.1 is spoken here", id="HTTP/3"),
    ],
)
@pytest.mark.parametrize("piece", [100_000, 1], ids=["at once", "byte by byte"])
def test_what_it_does_not_allow_is_refused(
    serving: Serving, sent: bytes, status: int, message: str, piece: int
) -> None:
    with serving.connect() as client:
        for at in range(0, len(sent), piece):
            client.sendall(sent[at : at + piece])
        reply = read_reply(client)
        assert problem(reply) == (status, message)
        assert reply[1]["connection"] == "close"
        assert ended(client)


def test_who_speaks_another_protocol_is_told_in_the_log(serving: Serving, caplog: pytest.LogCaptureFixture) -> None:
    for sent in (b"\x16\x03\x01", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"FROB / HTTP/1.1\r\n\r\n"):
        with serving.connect() as client:
            client.sendall(sent)
            assert ended(client)
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert said == [
        "a client was refused: this is the beginning of TLS, and only plain HTTP is spoken here: "
        "the base URL begins with http://",
        "a client was refused: only HTTP/1.1 is spoken here",
    ]


def test_head_is_get_without_its_body(serving: Serving) -> None:
    with serving.connect() as client:
        client.sendall(b"GET /_mock/ready HTTP/1.1\r\n\r\n")
        whole = read_reply(client)
        client.sendall(b"HEAD /_mock/ready HTTP/1.1\r\n\r\n" + post("behind"))
        head, _, rest = client.recv(65536).partition(b"\r\n\r\n")
        while b"You said: behind" not in rest:
            rest += client.recv(65536)
    assert rest.startswith(b"HTTP/1.1 200 OK\r\n")
    first, *lines = head.decode().split("\r\n")
    assert (first, whole[0]) == ("HTTP/1.1 200 OK", 200)
    headers = dict(line.split(": ", 1) for line in lines)
    assert headers | {"date": ""} == whole[1] | {"date": ""}
    assert headers["content-length"] == str(len(whole[2])) == "18"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(post("x"), id="whole answer"),
        pytest.param(post("slow", stream=True), id="stream"),
        pytest.param(post("slow", stream=True) + post("x"), id="another behind a stream"),
        pytest.param(post("slow", stream=True, head=b"connection: close\r\n"), id="stream that is the last"),
    ],
)
def test_who_closes_its_own_side_gets_all_that_it_has_asked_for(serving: Serving, sent: bytes) -> None:
    with serving.connect() as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        got = b""
        while piece := client.recv(65536):
            got += piece
    assert got.count(b"HTTP/1.1 200 OK\r\n") == sent.count(b"POST")
    assert (b"data: [END]" in got) == (b"slow" in sent)
    assert (b"You said: x" in got) == (SENT in sent)


def test_a_request_that_ends_in_the_middle_is_none(serving: Serving) -> None:
    with serving.connect() as client:
        client.sendall(post("x")[:-1])
        client.shutdown(socket.SHUT_WR)
        assert client.recv(100) == b""


def test_who_closes_its_own_side_and_has_gone_is_given_up(serving: Serving) -> None:
    with serving.connect() as client:
        client.sendall(post("stuck", stream=True))
        assert client.recv(100).startswith(b"HTTP/1.1 200")
    assert becomes(lambda: serving.connections == serving.server.traffic.open_streams == 0)
    assert [*serving.engine.journal][-1].left


def test_a_stop_does_not_wait_for_who_may_have_gone() -> None:
    running = Serving(grace=60)
    with running.connect() as client:
        client.sendall(post("stuck", stream=True))
        assert client.recv(100).startswith(b"HTTP/1.1 200")
        client.shutdown(socket.SHUT_WR)
        (connection,) = running.server._connections
        assert becomes(lambda: connection._sends_no_more)
        running.stop()
        assert not running.thread.is_alive()


def test_who_stops_reading_has_one_answer_kept_for_it_at_most(serving: Serving) -> None:
    answered = len(serving.engine.journal)
    with serving.connect() as deaf:
        deaf.sendall(post("long", stream=True) * 3)
        assert becomes(lambda: any(connection._drained for connection in serving.server._connections))
        with serving.connect() as client:
            client.sendall(post("x"))
            assert read_reply(client)[0] == 200
        assert len(serving.engine.journal) == answered + 2, "the other two wait for room before they are answered"


@pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="the system does not list a process's files")
def test_whoever_goes_in_the_middle_leaves_nothing_behind(caplog: pytest.LogCaptureFixture) -> None:
    running = Serving()
    before = len(os.listdir(DESCRIPTORS))
    for goes_with_a_reset in (True, False):
        clients = [socket.create_connection(running.address, timeout=20) for _ in range(LIMITS.connections)]
        for client in clients:
            client.sendall(post("slow", stream=True))
            assert client.recv(20).startswith(b"HTTP/1.1 200")
            if goes_with_a_reset:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            client.close()
        assert becomes(lambda: running.connections == running.server.traffic.open_streams == 0)
        assert becomes(lambda: len(os.listdir(DESCRIPTORS)) == before)
    with running.connect() as client:
        client.sendall(post("slow", stream=True, head=b"connection: close\r\n"))
        assert ended(client)
    running.stop()
    assert [exchange.left for exchange in running.engine.journal] == [True] * 2 * LIMITS.connections + [False]
    assert caplog.records == []


def test_a_second_stop_ends_what_the_first_waits_for() -> None:
    running = Serving(grace=60)
    with running.connect() as client:
        client.sendall(post("stuck", stream=True))
        assert client.recv(100).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
        waiting = threading.Thread(target=running.stop)
        waiting.start()
        assert becomes(lambda: running.server.is_stopping)
        running.stop()
        assert ended(client)
        waiting.join(20)
        assert time.monotonic() - began < 10
