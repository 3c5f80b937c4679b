"""A server with tight limits, and clients that speak to it byte by byte."""

import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress

from plain_protocol import PLAIN

from llm_sdk.types import LanguageModelInput
from mock_server.engine import Engine
from mock_server.limits import Limits
from mock_server.scenario_files import read_scenarios
from mock_server.web_server import WebServer, open_socket

LIMITS = Limits(
    body_bytes=4000,
    header_bytes=2000,
    headers=20,
    connections=6,
    read_seconds=0.4,
    write_seconds=0.4,
    idle_seconds=0.4,
    half_closed_seconds=0.4,
    buffer_bytes=10_000,
)
SCENARIOS = [
    {"name": "slow", "when": {"last_user": "slow"}, "reply": "one two three four", "pace": {"delay": 0.05}},
    {"name": "stuck", "when": {"last_user": "stuck"}, "reply": "one two", "pace": {"delay": 3600}},
    {"name": "long", "when": {"last_user": "long"}, "reply": "word " * 2_000_000, "pace": {"cut": 9999}},
]


def body(said: str, *, stream: bool = False) -> bytes:
    input = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": said}]})
    return PLAIN.encode_request("m", input, stream=stream).body


def post(said: str, *, stream: bool = False, head: bytes = b"") -> bytes:
    sent = body(said, stream=stream)
    return b"POST /v1/chat HTTP/1.1\r\nhost: h\r\ncontent-length: %d\r\n%b\r\n%b" % (len(sent), head, sent)


def chunked(said: str, *, head: bytes = b"") -> bytes:
    sent = body(said)
    start = b"POST /v1/chat HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n%b\r\n" % head
    return start + b"%x\r\n%b\r\n0\r\n\r\n" % (len(sent), sent)


class Serving:
    """A server in a thread, with tight limits."""

    def __init__(self, grace: float = 0.5, engine: Engine | None = None) -> None:
        self.listener = open_socket("127.0.0.1", 0)
        self.address: tuple[str, int] = self.listener.getsockname()
        ready = threading.Event()
        self.engine = engine or Engine(read_scenarios(SCENARIOS, providers=["plain"]), codecs=[PLAIN])
        self.server = WebServer(self.engine, self.listener, on_started=ready.set, grace=grace, limits=LIMITS)
        self.thread = threading.Thread(target=self.server.run_until_stopped)
        self.thread.start()
        ready.wait()

    def connect(self) -> "closing[socket.socket]":
        return closing(socket.create_connection(self.address, timeout=20))

    @property
    def connections(self) -> int:
        return len(self.server._connections)

    def stop(self) -> None:
        self.server.stop()
        self.thread.join(20)


def read_reply(client: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """One reply: by its length, by its last chunk, or up to the end."""
    got = b""
    while b"\r\n\r\n" not in got:
        piece = client.recv(65536)
        if not piece:
            return 0, {}, got
        got += piece
    head, _, rest = got.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    if "content-length" in headers:
        while len(rest) < int(headers["content-length"]):
            rest += client.recv(65536)
    elif headers.get("transfer-encoding") == "chunked":
        while not rest.endswith(b"0\r\n\r\n"):
            rest += client.recv(65536)
    else:
        while piece := client.recv(65536):
            rest += piece
    return int(first.split()[1]), headers, rest


def problem(reply: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    told = json.loads(reply[2])
    return reply[0], told.get("problem") or told["error"]["message"]


def ended(client: socket.socket) -> bool:
    """Whether the server has closed the connection, in order or not."""
    with suppress(ConnectionResetError):
        while client.recv(65536):
            pass
    return True


def becomes(holds: Callable[[], bool]) -> bool:
    """Whether it holds before long."""
    deadline = time.monotonic() + 20
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.005)
    return holds()
