"""A load on an HTTP server: some connections, each of which sends the same request as soon as its last answer is whole.

It reads no more of an answer than its end and the number of its events, so that it costs the machine little.
"""

import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["Load", "first_answer", "http_request", "processor_seconds", "put_load_on"]

LAST_CHUNK = b"\r\n0\r\n\r\n"
EVENT = b"\n\ndata: "
TICKS_PER_SECOND = 100


@dataclass(frozen=True, slots=True)
class Load:
    """What a server has done in ``seconds``, for which it took ``processor`` seconds of a processor's time."""

    answers: int
    events: int
    failures: int
    seconds: float
    processor: float


def http_request(url: str, body: bytes) -> bytes:
    """The bytes of a POST."""
    parts = urlsplit(url)
    head = f"POST {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\nauthorization: Bearer test\r\n"
    return f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def is_whole(got: bytearray) -> bool:
    """Whether an answer has come to its end."""
    if got.endswith(LAST_CHUNK):
        return True
    end = got.find(b"\r\n\r\n", 0, 4096)
    if end < 0:
        return False
    head = bytes(got[:end]).lower()
    at = head.find(b"content-length:")
    return at >= 0 and len(got) >= end + 4 + int(head[at + 15 :].split(b"\r\n", 1)[0])


class _Client:
    def __init__(self, address: tuple[str, int], request: bytes) -> None:
        self.address, self.request = address, request
        self.got = bytearray()
        self.connect()

    def connect(self) -> None:
        self.socket = socket.create_connection(self.address, timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.socket.send(self.request)


def put_load_on(url: str, body: bytes, *, seconds: float, connections: int, processes: Sequence[int]) -> Load:
    """Ask for ``seconds``, over so many connections, a server that consists of these processes."""
    parts = urlsplit(url)
    address = (str(parts.hostname), int(parts.port or 80))
    selector = selectors.DefaultSelector()
    for _ in range(connections):
        client = _Client(address, http_request(url, body))
        selector.register(client.socket, selectors.EVENT_READ, client)
    answers = events = failures = 0
    before, start = processor_seconds(processes), time.perf_counter()
    while time.perf_counter() - start < seconds:
        for key, _ in selector.select(0.1):
            client = key.data
            piece = client.socket.recv(1 << 20)
            client.got += piece
            whole = is_whole(client.got)
            if whole:
                answers += 1
                failures += not client.got.startswith(b"HTTP/1.1 200")
                events += client.got.count(b"data: ")
                client.got.clear()
            if piece and whole:
                client.socket.send(client.request)
            elif not piece:
                failures += not whole and bool(client.got)
                selector.unregister(client.socket)
                client.socket.close()
                client.got.clear()
                client.connect()
                selector.register(client.socket, selectors.EVENT_READ, client)
    took, used = time.perf_counter() - start, processor_seconds(processes) - before
    for key in list(selector.get_map().values()):
        key.data.socket.close()
    return Load(answers, events, failures, took, used)


def first_answer(url: str, body: bytes, *, timeout: float = 30.0) -> None:
    """Wait until the server has answered this request to the end. Raises TimeoutError."""
    parts = urlsplit(url)
    deadline = time.perf_counter() + timeout
    while time.perf_counter() < deadline:
        try:
            with socket.create_connection((str(parts.hostname), int(parts.port or 80)), timeout=timeout) as client:
                client.sendall(http_request(url, body))
                got = bytearray()
                while piece := client.recv(1 << 16):
                    got += piece
                    if is_whole(got):
                        return
                if got:  # one that ends its answer with its connection
                    return
        except OSError:
            time.sleep(0.005)
    raise TimeoutError(f"{url} has not answered in {timeout} s")


def processor_seconds(processes: Sequence[int]) -> float:
    """The processor's time that these processes have used; nothing where the system does not tell."""
    used = 0.0
    for process in processes:
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        used += (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
    return used
