"""Nothing leaves the machine under the guard; what tried is named: host, client, the line that called it."""

import asyncio
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import openai
import pytest

from mock_server import MockServer
from mock_server.guard import Guard, RealHostError, no_real_llm, watched

HOST = "api.provider.example"


def by_httpx() -> None:
    httpx.post(f"https://{HOST}/v1")


def by_httpx_async() -> None:
    async def call() -> None:
        async with httpx.AsyncClient() as client:
            await client.post(f"https://{HOST}/v1")

    asyncio.run(call())


def by_aiohttp() -> None:
    async def call() -> None:
        async with aiohttp.ClientSession() as session, session.post(f"https://{HOST}/v1"):
            pass

    asyncio.run(call())


def by_urllib() -> None:
    urllib.request.urlopen(f"https://{HOST}/v1")


def by_openai() -> None:
    with openai.OpenAI(base_url=f"https://{HOST}/v1", api_key="any", max_retries=1) as client:
        client.responses.create(model="gpt-5", input="Hi")


def by_socket() -> None:
    socket.create_connection((HOST, 443))


CALLS = {
    "httpx": by_httpx,
    "aiohttp": by_aiohttp,
    "urllib": by_urllib,
    "openai over httpx2": by_openai,
    "a socket": by_socket,
}


@pytest.mark.parametrize(("client", "call"), [*CALLS.items(), ("httpx", by_httpx_async)])
def test_whoever_tries_is_named_once(client: str, call: Callable[[], None]) -> None:
    guard = Guard()
    with watched(guard), pytest.raises((OSError, httpx.ConnectError, openai.APIConnectionError)):
        call()
    (attempt,) = guard.attempts  # though a client that retries has tried more often
    assert (attempt.host, attempt.client) == (HOST, client)
    assert attempt.place is None or re.fullmatch(r".*test_guard\.py:\d+", attempt.place)


def test_an_address_is_refused_as_a_name_is() -> None:
    guard = Guard()
    with watched(guard), socket.socket() as one, pytest.raises(RealHostError, match=r"203\.0\.113\.7"):
        one.connect(("203.0.113.7", 443))
    assert [attempt.host for attempt in guard.attempts] == ["203.0.113.7"]


def test_the_message_says_what_to_set() -> None:
    with pytest.raises(AssertionError) as refused, no_real_llm():
        swallow(by_urllib)
    assert str(refused.value).splitlines() == [
        f"no test may reach a real provider: urllib tried to reach {HOST} at {place_of(refused.value)}.",
        "Lead the client to the stand-in: use the fixture mock_llm, which sets the variables of every provider's "
        "client; give base_url=mock.base_url(PROVIDER) to a client that reads none; or, for an address that is built "
        "in, `with mock.intercept():`.",
        f"If it is meant to be reached, allow it: allow_hosts=['{HOST}'].",
    ]


def place_of(error: AssertionError) -> str:
    found = re.search(r"at (\S*test_guard\.py:\d+)\.", str(error))
    assert found is not None
    return found[1]


def swallow(call: Callable[[], Any]) -> None:
    try:
        call()
    except Exception:  # noqa: BLE001 - as an app does
        return


def run_in_thread(call: Callable[[], Any]) -> None:
    thread = threading.Thread(target=swallow, args=[call])
    thread.start()
    thread.join()


def test_the_test_fails_though_the_app_hides_it_in_a_thread() -> None:
    with pytest.raises(AssertionError, match=HOST), no_real_llm():
        run_in_thread(by_httpx)


def test_an_error_of_the_test_is_not_hidden_by_the_guards() -> None:
    def fail() -> None:
        swallow(by_urllib)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), no_real_llm():
        fail()


def test_this_machine_and_allowed_hosts_are_let_through() -> None:
    allowed = ["*.Allowed.example", "198.51.100.*"]
    with MockServer(codecs=[]) as mock, no_real_llm(allow_hosts=allowed) as guard:
        for host in ("127.0.0.1", "localhost", socket.gethostname()):
            socket.getaddrinfo(host, 80)
        assert httpx.get(mock.url).status_code == 200
        told = {host: guard.allows(host) for host in ("DB.allowed.example", "198.51.100.7", "allowed.example.org")}
    assert list(told.values()) == [True, True, False]


def test_the_addresses_of_an_allowed_name_are_allowed() -> None:
    guard = Guard(("db.example",))
    guard.learn([(2, 1, 6, "", ("203.0.113.7", 5432))])
    assert guard.allows("203.0.113.7")
    assert not guard.allows("203.0.113.8")


def test_without_a_guard_nothing_is_looked_at() -> None:
    with no_real_llm():
        pass
    before = socket.getaddrinfo
    with no_real_llm():
        assert socket.getaddrinfo is not before
    assert socket.getaddrinfo is before


CHILD = f"""
import urllib.request

def call():
    urllib.request.urlopen("https://{HOST}/v1")

call()
"""


def test_python_processes_that_a_test_starts_are_guarded_too(tmp_path: Path) -> None:
    script = tmp_path / "app.py"
    script.write_text(CHILD)
    (tmp_path / "sitecustomize.py").write_text("print('the one that was there')")
    guard = Guard(("allowed.example",))
    before = dict(os.environ)
    with watched(guard):
        child = {**os.environ, "PYTHONPATH": os.pathsep.join((os.environ["PYTHONPATH"], str(tmp_path)))}
        of_child = f"import subprocess, sys; subprocess.run([sys.executable, {str(script)!r}])"
        for command in ([str(script)], [str(script)], ["-c", of_child]):
            done = subprocess.run(  # noqa: S603 - our own
                [sys.executable, *command],
                env=child,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert (
                "no test may reach a real provider: urllib tried to reach api.provider.example at app.py:5"
                in done.stderr
            )
            assert done.stdout.startswith("the one that was there")
        assert guard.attempts == []
    assert dict(os.environ) == before
    assert [str(attempt) for attempt in guard.attempts] == [f"urllib tried to reach {HOST} at app.py:5"]


def test_a_forked_process_tells_what_it_tried() -> None:
    guard = Guard()
    with watched(guard):
        if (child := os.fork()) == 0:
            swallow(by_urllib)
            os._exit(0)
        os.waitpid(child, 0)
    assert [(attempt.host, attempt.client) for attempt in guard.attempts] == [(HOST, "urllib")]
