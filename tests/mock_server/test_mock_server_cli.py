"""The program ``mock-server``, as a process."""

import errno
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from raw_connections import becomes

from llm_sdk.registry import get_codec, provider_names
from llm_sdk.types import LanguageModelInput
from mock_server.cli import main
from mock_server.routes import base_path
from mock_server.web_server import GRACE_SECONDS

PROGRAM = [sys.executable, "-m", "mock_server"]
LINE = re.compile(r"(\S+) (http://127\.0\.0\.1:\d+)(/\S+)\n")


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running server and its origin, once it has said that it accepts connections."""
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*PROGRAM, "serve", "--port", "0", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = LINE.fullmatch(process.stdout.readline())
        assert line is not None, process.stderr.read() if process.stderr else ""
        yield process, line[2]
    finally:
        process.kill()
        process.communicate(timeout=20)


def rest_of_lines(process: subprocess.Popen[str]) -> list[str]:
    """What the server says behind its first line. Those lines may be in the pipe's buffer already, which
    ``communicate`` does not look at."""
    assert process.stdout is not None
    return [process.stdout.readline() for _ in provider_names()[1:]]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - the same


def test_serve_says_the_base_url_of_each_provider_when_it_is_ready(tmp_path: Path) -> None:
    scenarios = tmp_path / "s.yaml"
    scenarios.write_text("scenarios: [{name: a, reply: scripted}]")
    with serving("--scenarios", str(scenarios)) as (process, origin):
        assert all(LINE.fullmatch(line) for line in rest_of_lines(process))
        assert httpx.get(f"{origin}/_mock/health").json()["providers"] == {
            name: get_codec(name).endpoint.mount + get_codec(name).endpoint.root for name in provider_names()
        }
        assert httpx.get(f"{origin}/_mock/scenarios").json()["scenarios"][0]["name"] == "a"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_it_cleanly(number: signal.Signals) -> None:
    with serving() as (process, origin):
        rest_of_lines(process)
        assert httpx.get(f"{origin}/").status_code == 200
        process.send_signal(number)
        assert process.communicate(timeout=20) == ("", "")
        assert process.returncode == 0


def test_a_server_starts_without_what_few_of_them_need() -> None:
    program = (
        "import sys; from mock_server.serving import ServeOptions, _engine; engine = _engine(ServeOptions());"
        "print(*sorted(engine.providers)); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 - our own
    providers, modules = done.stdout.splitlines()
    assert providers.split() == sorted(provider_names())
    late = {"httpx", "jinja2", "jsonschema", "prometheus_client", "redis", "yaml"}
    late |= {f"mock_server.{name}" for name in ("json_values", "profiles", "replay", "scenario_files", "verdict")}
    late |= {f"llm_sdk.providers.{name.replace('-', '_')}.wire" for name in provider_names()}
    assert late & set(modules.split()) == set()


def test_a_request_has_no_more_read_than_its_own_protocol() -> None:
    """The second of two at one mount begins, which has to look past the first."""
    program = """if True:
        import sys
        from llm_sdk.types import LanguageModelInput
        from mock_server.engine import Engine
        from mock_server.routes import Routes, base_path

        said = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": "hi"}]})
        engine = Engine()
        read = set()
        for codec in reversed(engine.codecs):
            sent = codec.encode_request("m", said, stream=False)
            status = Routes(engine).answer("POST", base_path(codec) + sent.path, {}, sent.body).status
            late = {name for name in sys.modules if name.endswith((".wire", "email.policy"))}
            print(status, *(late - read))
            read |= late
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 - our own
    wanted = [f"200 llm_sdk.providers.{name.replace('-', '_')}.wire" for name in reversed(provider_names())]
    assert done.stdout.splitlines() == wanted


def test_strict_and_api_key() -> None:
    codec = get_codec(provider_names()[0])
    endpoint = codec.endpoint
    with serving("--strict", "--api-key", "k1") as (_, origin):
        input = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": "x"}]})
        request = codec.encode_request("m", input, stream=False)
        url = f"{origin}{endpoint.mount}{endpoint.root}{request.path}"
        statuses = [
            httpx.post(
                url, content=request.body, headers={endpoint.key_header: endpoint.key_format.format(key=key)}
            ).status_code
            for key in ("wrong", "k1")
        ]
        assert statuses == [401, 404]


def test_a_changed_file_is_read_again_and_the_end_tells_what_was_never_used(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("scenarios: [{name: before, reply: x}]")
    with serving("--scenarios", str(file)) as (process, origin):
        codec = get_codec(provider_names()[0])
        said = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": "hi"}]})
        sent = codec.encode_request("m", said, stream=False)

        def names() -> list[str]:
            httpx.post(origin + codec.endpoint.mount + codec.endpoint.root + sent.path, content=sent.body)
            return [scenario["name"] for scenario in httpx.get(f"{origin}/_mock/scenarios").json()["scenarios"]]

        assert names() == ["before"]
        file.write_text("scenarios: [{name: after, reply: x}, {name: never, reply: y}]")
        assert names() == ["after", "never"]
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=20)[1] == "scenarios that have never answered: never\n"


def test_bad_input_is_one_sentence_and_no_traceback(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("scenarios:\n  - when: {last_usr: x}\n    reply: hi\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for arguments, message in (
            (
                ("serve", "--port", port),
                f"Error: cannot listen on 127.0.0.1:{port}: Address already in use; another --port may be free\n",
            ),
            (
                ("serve", "--scenarios", str(wrong)),
                f"Error: {wrong}:2: scenarios[0].when.last_usr: unknown key 'last_usr'; is 'last_user' meant?\n",
            ),
            (("check", str(wrong)), f"{wrong}:2: scenarios[0].when.last_usr"),
            (("serve", "--scenarios", "/nowhere.yaml"), "Error: /nowhere.yaml: there is no such file\n"),
            (
                ("serve", "--host", "256.0.0.1", "--allow-anyone"),
                "Error: 256.0.0.1 is not an address of this machine: ",
            ),
            (("serve", "--port", "99999"), "99999 is not in the range 0<=x<=65535"),
            (("serv",), "No such command 'serv'"),
        ):
            done = CliRunner().invoke(main, arguments)
            assert done.exit_code != 0
            assert isinstance(done.exception, SystemExit)
            assert message in done.stderr
            assert done.stdout == ""
        process = run("serve", "--port", port)
        assert (process.returncode, process.stdout) == (1, "")
        assert process.stderr.count("\n") == 1


def test_check_and_schema(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("scenarios: [{reply: a}, {reply: b}]")
    assert CliRunner().invoke(main, ["check", str(tmp_path)]).stdout == "2 scenarios, no mistakes\n"
    printed = CliRunner().invoke(main, ["schema"])
    assert (printed.exit_code, printed.stderr) == (0, "")
    assert json.loads(printed.stdout)["required"] == ["scenarios"]


def test_workers_share_the_address_and_end_together(tmp_path: Path) -> None:
    scenarios = tmp_path / "s.yaml"
    scenarios.write_text("scenarios: [{name: a, reply: scripted}]")
    with serving("--workers", "2", "--scenarios", str(scenarios)) as (process, origin):
        rest_of_lines(process)
        for _ in range(10):
            assert httpx.get(f"{origin}/_mock/health").status_code == 200
        assert httpx.get(f"{origin}/_mock/requests").status_code == 501
        with ExitStack() as open_clients:
            clients = [open_clients.enter_context(httpx.Client(base_url=origin)) for _ in range(8)]
            for client in clients:
                assert client.post("/openai/v1/responses", json={"model": "m", "input": "x"}).status_code == 200
            for client in clients:  # whichever worker is asked tells of all of them
                metrics = client.get("/_mock/metrics").text.splitlines()
                assert 'mock_server_requests_total{provider="openai",scenario="a",status="200"} 8.0' in metrics
                assert "mock_server_open_connections 8.0" in metrics
                assert "mock_server_open_streams 0.0" in metrics
                assert any(re.fullmatch(r"mock_server_answer_seconds_count \d+\.0", line) for line in metrics)
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=20) == ("", "")
        assert process.returncode == 0
    scenarios.write_text("scenarios: [{name: third, when: {nth: 3}, reply: scripted}]")
    done = CliRunner().invoke(main, ["serve", "--workers", "2", "--port", "0", "--scenarios", str(scenarios)])
    assert done.exit_code == 2
    assert "workers share no counts without --state, and these scenarios need them: third" in done.stderr


def open_stream(origin: str, said: str) -> socket.socket:
    """A connection on which a stream has begun."""
    codec = get_codec(provider_names()[0])
    input = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": said}]})
    sent = codec.encode_request("m", input, stream=True)
    client = socket.create_connection(("127.0.0.1", int(origin.rpartition(":")[2])), timeout=20)
    head = f"POST {base_path(codec)}{sent.path} HTTP/1.1\r\nhost: h\r\ncontent-length: {len(sent.body)}\r\n\r\n"
    client.sendall(head.encode() + sent.body)
    assert client.recv(15) == b"HTTP/1.1 200 OK"
    return client


def refuses_connections(origin: str) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", int(origin.rpartition(":")[2]))) == errno.ECONNREFUSED


def read_to_end(client: socket.socket) -> bytes:
    got = b""
    with suppress(ConnectionResetError):
        while piece := client.recv(65536):
            got += piece
    return got


@pytest.mark.parametrize("arguments", [(), ("--workers", "2")], ids=["one process", "workers"])
def test_the_first_signal_lets_streams_end_and_the_second_does_not(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    scenarios = tmp_path / "s.yaml"
    scenarios.write_text(
        """scenarios:
        - {when: {last_user: slow}, reply: one two, pace: {delay: 0.1}}
        - {when: {last_user: stuck}, reply: one two, pace: {delay: 3600}}"""
    )
    with serving("--scenarios", str(scenarios), *arguments) as (process, origin):
        with open_stream(origin, "slow") as slow, open_stream(origin, "stuck") as stuck:
            process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            assert read_to_end(slow).endswith(b"\r\n0\r\n\r\n")
            assert process.poll() is None
            process.send_signal(signal.SIGINT)
            assert not read_to_end(stuck).endswith(b"\r\n0\r\n\r\n")
        assert process.wait(20) == 0
        assert time.monotonic() - began < GRACE_SECONDS


def test_workers_end_with_the_process_that_has_started_them() -> None:
    with serving("--workers", "2") as (process, origin):
        process.kill()
        process.wait(20)
        assert becomes(lambda: refuses_connections(origin))
