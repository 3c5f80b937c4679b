"""While the suite runs, nothing leaves this machine."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.offline import NetworkRefusedError, attempts, hidden, offline

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


def run(*words: str) -> str:
    found = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own
    return found.stdout + found.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["curl", "https://example.com/v1"],
        ["sh", "-c", "wget -qO- http://user@192.0.2.1:80/"],
        ["nslookup", "example.com"],
        ["/usr/bin/ssh", "someone@192.0.2.1"],
    ],
    ids=lambda command: command[0],
)
def test_a_command_that_names_another_machine_is_refused(command: list[str]) -> None:
    with offline(), pytest.raises(NetworkRefusedError):
        run(*command)
    assert [attempt.split()[0] for attempt in attempts] == ["command"]
    attempts.clear()


@pytest.mark.parametrize("command", [["echo", "http://127.0.0.1:80/"], ["uname", "-p"]])
def test_any_other_command_is_run(command: list[str]) -> None:
    with offline():
        run(*command)
    assert attempts == []


@pytest.mark.parametrize("code", ["import socket; socket.getaddrinfo('example.com', 443)", "DEEPER"])
def test_a_process_in_python_is_refused_the_network_too_and_that_is_told(code: str) -> None:
    inner = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"
    deeper = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}], check=True)"
    with offline():
        said = run(sys.executable, "-c", deeper if code == "DEEPER" else code)
    assert "no network while the suite runs" in said
    [attempt] = attempts
    assert attempt.endswith("of a process that was started")
    attempts.clear()


def test_a_process_that_is_started_can_reach_this_machine() -> None:
    with offline(), socket.create_server(("127.0.0.1", 0)) as server:
        code = f"import socket; socket.create_connection({server.getsockname()!r}, timeout=5); print('reached')"
        assert run(sys.executable, "-c", code).strip() == "reached"
    assert attempts == []


def test_a_hidden_folder_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "answer").write_text("42")
    with offline(), hidden(tmp_path), pytest.raises(NetworkRefusedError, match="reads the suite's own answers"):
        (tmp_path / "answer").read_text()
    assert (tmp_path / "answer").read_text() == "42"
    attempts.clear()


def test_what_was_there_before_is_there_again() -> None:
    before = (subprocess.Popen.__init__, dict(os.environ))
    with offline(), offline():
        run("true")
    assert (subprocess.Popen.__init__, dict(os.environ)) == before
