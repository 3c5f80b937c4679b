"""While the suite runs, nothing leaves this machine."""

import socket
from collections.abc import Callable

import pytest

from conformance.offline import NetworkRefusedError, attempts, offline

ELSEWHERE = ("192.0.2.1", 80)
WAYS: dict[str, Callable[[], object]] = {
    "connect": lambda: socket.create_connection(ELSEWHERE, timeout=1),
    "connect_ex": lambda: socket.socket().connect_ex(ELSEWHERE),
    "name": lambda: socket.getaddrinfo("example.com", 443),
    "old name": lambda: socket.gethostbyname("example.com"),
    "datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ELSEWHERE),
    "six": lambda: socket.socket(socket.AF_INET6).connect(("2001:db8::1", 80)),
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("way", WAYS)
def test_the_network_is_refused_and_the_attempt_noted(way: str) -> None:
    before = len(attempts)
    with offline(), pytest.raises(NetworkRefusedError, match="no network while the suite runs"):
        WAYS[way]()
    assert len(attempts) == before + 1
    attempts.clear()


def test_this_machine_is_reached() -> None:
    with offline(), socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname(), timeout=1) as client:
            client.sendall(b"x")
        assert socket.getaddrinfo("localhost", 80)
    assert attempts == []
