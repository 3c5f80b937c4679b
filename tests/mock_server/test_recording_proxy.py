"""What passes through the recording proxy comes as it would without it, is written down without secrets, and is what
the mock server, vcrpy and the suite read."""

import gzip
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import anthropic
import click
import httpx
import openai
import pytest
import vcr

from conformance.corpus import judge_corpus
from conformance.replay import Hold, Playback
from conformance.replay_server import ReplayServer
from llm_sdk.codec import WireRequest
from llm_sdk.registry import get_codec
from mock_server import MockServer
from mock_server.cassette import load_cassette
from mock_server.cassette_folder import CassetteFolder, name_of
from mock_server.engine import Engine
from mock_server.recorder import is_same_recording
from mock_server.recording import read_upstreams
from mock_server.recording_proxy import RecordingProxy
from mock_server.scrub import Canary
from mock_server.web_server import WebServer, open_socket

CANARY = Canary.make()
SCENARIOS = [
    {"name": "busy", "when": {"last_user": "busy"}, "fault": {"status": 429, "retry_after": 1}},
    {
        "name": "dies",
        "when": {"last_user": "die"},
        "reply": "It ends here, or there.",
        "fault": {"cut_after_events": 5},
    },
]


@contextmanager
def recording(
    folder: Path, upstreams: Iterable[str], *, grace: float = 2.0
) -> Iterator[tuple[str, CassetteFolder, threading.Event]]:
    """The proxy as ``mock-server record`` runs it, its origin, and an event for the first file that is told of; what it
    has written is there afterwards."""
    listener = open_socket("127.0.0.1", 0)
    told = threading.Event()
    cassettes = CassetteFolder(folder, lambda _: told.set())
    at = "2026-11-22T00:00:00+00:00"
    proxy = RecordingProxy(read_upstreams(upstreams), cassettes, recorded_at=at, is_stopping=lambda: server.is_stopping)
    ready = threading.Event()
    server = WebServer(
        Engine(codecs=[]), listener, on_started=ready.set, grace=grace, routes=proxy, on_stopped=proxy.close
    )
    thread = threading.Thread(target=server.run_until_stopped)
    thread.start()
    try:
        assert ready.wait(10)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", cassettes, told
    finally:
        server.stop()
        thread.join(10)
        assert not thread.is_alive()


def come_to(ask: Callable[..., Any], **asked: Any) -> list[Any]:
    """What a client gets: what it read, event by event, and the error that ended it."""
    got: list[Any] = []
    try:
        found = ask(**asked)
        items = found if isinstance(found, openai.Stream | anthropic.Stream) else [found]
        got.extend(item.to_dict() for item in items)
    except Exception as error:  # noqa: BLE001 - two clients, and two HTTP libraries below them, have errors of their own
        got.append((type(error).__name__, str(error)))
    return got


def ask_everything(openai_url: str, anthropic_url: str) -> dict[str, list[Any]]:
    """Everything that is recorded, asked through the official clients."""
    given: Any = {"api_key": CANARY.key, "max_retries": 0, "default_headers": {Canary.HEADER: CANARY.header}}
    got = {}
    with (
        openai.OpenAI(base_url=openai_url, **given) as one,
        anthropic.Anthropic(base_url=anthropic_url, **given) as other,
    ):
        for text, stream in product(("Hello there", "busy?", "die"), (False, True)):
            said = [{"role": "user", "content": text}]
            got[f"openai {text} {stream}"] = come_to(one.responses.create, model="gpt-5", input=text, stream=stream)
            got[f"anthropic {text} {stream}"] = come_to(
                other.messages.create, model="claude-sonnet-5", max_tokens=99, messages=said, stream=stream
            )
        said = [{"role": "user", "content": "Hello there"}]
        got["chat"] = come_to(one.chat.completions.create, model="gpt-5", messages=said)
        got["embeddings"] = come_to(one.embeddings.create, model="m", input="x", dimensions=8)
    return got


@pytest.fixture(scope="module")
def upstream() -> Iterator[MockServer]:
    with MockServer(SCENARIOS) as mock:
        yield mock


@pytest.fixture(scope="module")
def direct(upstream: MockServer) -> dict[str, list[Any]]:
    upstream.reset()
    return ask_everything(upstream.base_url("openai"), upstream.base_url("anthropic"))


@pytest.fixture(scope="module")
def recorded(upstream: MockServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[Any]]]:
    folder = tmp_path_factory.mktemp("recorded")
    upstream.reset()
    given = [f"{name}={upstream.base_url(name)}" for name in ("openai", "anthropic")]
    with recording(folder, given) as (origin, cassettes, _):
        got = ask_everything(f"{origin}/openai/v1", f"{origin}/anthropic")
    assert cassettes.refused == 0
    return folder, got


def test_clients_get_what_they_get_without_it(
    direct: dict[str, list[Any]], recorded: tuple[Path, dict[str, list[Any]]]
) -> None:
    assert recorded[1] == direct
    assert direct["openai busy? False"][0][0] == "RateLimitError"
    assert len(direct["openai die True"]) == 6  # five events, and how it ended


def test_a_conversation_is_a_file_with_a_name_to_read(recorded: tuple[Path, dict[str, list[Any]]]) -> None:
    files = {path.relative_to(recorded[0]).as_posix(): load_cassette(path) for path in recorded[0].rglob("*.yaml")}
    names = [name.rpartition("-")[0] for name in sorted(files)]
    assert names == [
        *(f"anthropic/{title}" for title in ("busy", "die", "hello-there")),
        "openai-chat-completion/hello-there",
        *(f"openai/{title}" for title in ("busy", "die", "hello-there", "post-v1-embeddings")),
    ]
    [hello] = [cassette for name, cassette in files.items() if name.startswith("openai/hello")]
    whole, stream = hello.interactions
    assert whole.request.uri == "https://api.openai.com/v1/responses"
    assert stream.response.note is not None
    assert [chunk.count(b"\n\n") for chunk in stream.response.chunks()] == [1] * len(stream.response.chunks())
    assert len(stream.response.note.times) == len(stream.response.chunks()) + 1
    [dies] = [cassette for name, cassette in files.items() if name.startswith("openai/die")]
    assert [one.response.note and one.response.note.cut for one in dies.interactions] == ["", "incomplete"]


def test_it_replays_to_the_same_clients(recorded: tuple[Path, dict[str, list[Any]]]) -> None:
    folder, got = recorded
    with MockServer(replay=folder, strict=True) as mock:
        assert ask_everything(mock.base_url("openai"), mock.base_url("anthropic")) == got


def test_vcrpy_replays_every_file(recorded: tuple[Path, dict[str, list[Any]]]) -> None:
    for path in recorded[0].rglob("*.yaml"):
        with vcr.VCR(record_mode=vcr.mode.NONE).use_cassette(path) as tape, httpx.Client() as client:
            for one in load_cassette(path).interactions:
                response = client.request(one.request.method, one.request.uri, content=one.request.body)
                assert (response.status_code, response.content) == (one.response.status, one.response.body)
            assert tape.all_played


def test_the_suite_reads_them(recorded: tuple[Path, dict[str, list[Any]]]) -> None:
    report = judge_corpus(recorded[0], "anthropic").as_json()
    assert (report["exchanges"], report["failures"]) == (6, [])
    assert report["figures"]["requests"]["read"] == {"passed": 6, "total": 6}


def test_no_secret_is_on_the_disk(recorded: tuple[Path, dict[str, list[Any]]]) -> None:
    everything = b"".join(path.read_bytes() for path in recorded[0].rglob("*") if path.is_file())
    assert b"canary" not in everything
    assert b"Hello there" in everything


def test_what_holds_a_secret_is_not_written(upstream: MockServer, tmp_path: Path) -> None:
    with recording(tmp_path, [f"openai={upstream.base_url('openai')}"]) as (origin, cassettes, _):
        for text in (f"My key is {CANARY.key}", "Hello"):
            body = {"model": "gpt-5", "input": text}
            headers = {"authorization": f"Bearer {CANARY.key}"}
            assert httpx.post(f"{origin}/openai/v1/responses", json=body, headers=headers).status_code == 200
    assert cassettes.refused == 1
    assert [path.name.rpartition("-")[0] for path in tmp_path.rglob("*.yaml")] == ["hello"]


def test_it_is_the_same_when_it_is_recorded_again(
    upstream: MockServer, recorded: tuple[Path, dict[str, list[Any]]], tmp_path: Path
) -> None:
    upstream.reset()
    given = [f"{name}={upstream.base_url(name)}" for name in ("anthropic", "openai")]
    with recording(tmp_path, given) as (origin, _, _):
        ask_everything(f"{origin}/openai/v1", f"{origin}/anthropic")
    names = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.yaml"))
    assert names == sorted(path.relative_to(recorded[0]) for path in recorded[0].rglob("*.yaml"))
    assert all(is_same_recording(load_cassette(tmp_path / name), load_cassette(recorded[0] / name)) for name in names)


PIECES = (b"data: 1\n\n", b"data: 22\n\n", b"data: 333\n\n")
EVENTS = {"content-type": "text/event-stream", "x-request-id": "req_1", "server": "theirs"}


def test_every_piece_is_passed_on_at_once_and_nothing_is_changed_on_the_way(tmp_path: Path) -> None:
    hold = Hold(before=1)
    with (
        ReplayServer(lambda _: Playback(200, EVENTS, PIECES, hold=hold)) as server,
        recording(tmp_path, [f"openai={server.origin}/v1"]) as (origin, _, _),
        httpx.Client(headers=httpx.Headers({"x-own": "é", "authorization": "Bearer k"}, "latin-1")) as client,
        client.stream("POST", f"{origin}/openai/v1/responses?beta=true", content=b"{ }") as response,
    ):
        chunks = response.iter_raw()
        assert next(chunks) == PIECES[0]
        hold.release()
        assert tuple(chunks) == PIECES[1:]
        sent = server.performances[0].request
    assert not hold.expired
    assert EVENTS.items() <= dict(response.headers).items()
    assert (sent.method, sent.path, sent.body) == ("POST", "/v1/responses?beta=true", b"{ }")
    passed = {name.lower(): value for name, value in sent.headers.items()}
    assert (passed["authorization"], passed["x-own"]) == ("Bearer k", "é")
    assert passed["accept-encoding"] == "identity"
    [path] = tmp_path.rglob("*.yaml")
    assert load_cassette(path).interactions[0].response.chunks() == list(PIECES)


def test_an_encoded_request_is_recorded_to_be_read_and_one_that_cannot_be_decoded_refused(
    upstream: MockServer, tmp_path: Path
) -> None:
    body = json.dumps({"model": "m", "input": "zipped"}).encode()
    with recording(tmp_path, [f"openai={upstream.base_url('openai')}"]) as (origin, _, _), httpx.Client() as client:
        for encoding, sent, status in (("gzip", gzip.compress(body), 200), ("br", b"?", 415)):
            headers = {"content-encoding": encoding, "content-type": "application/json"}
            reply = client.post(f"{origin}/openai/v1/responses", content=sent, headers=headers)
            assert reply.status_code == status
    [file] = tmp_path.rglob("*.yaml")
    [interaction] = load_cassette(file).interactions
    assert interaction.request.body == body


def test_what_is_cut_by_the_end_of_the_recording_is_not_written(tmp_path: Path) -> None:
    hold = Hold(before=1)
    with ReplayServer(lambda _: Playback(200, EVENTS, PIECES, hold=hold)) as server, httpx.Client() as client:
        with recording(tmp_path, [f"openai={server.origin}/v1"], grace=0.05) as (origin, _, _):
            request = client.build_request("POST", f"{origin}/openai/v1/responses", content=b"{}")
            response = client.send(request, stream=True)
            chunks = response.iter_raw()
            assert next(chunks) == PIECES[0]
        hold.release()
        response.close()
    assert list(tmp_path.rglob("*")) == []


def test_a_client_that_leaves_is_recorded_so(tmp_path: Path) -> None:
    hold = Hold(before=1)
    with (
        ReplayServer(lambda _: Playback(200, EVENTS, PIECES, hold=hold)) as server,
        recording(tmp_path, [f"openai={server.origin}/v1"]) as (origin, _, told),
        httpx.Client() as client,
    ):
        with client.stream("POST", f"{origin}/openai/v1/responses", content=b"{}") as response:
            assert next(response.iter_raw()) == PIECES[0]
        assert told.wait(5)
        hold.release()
    [path] = tmp_path.rglob("*.yaml")
    [found] = load_cassette(path).interactions
    assert (found.response.body, found.response.note and found.response.note.cut) == (PIECES[0], "left")


def test_an_api_that_cannot_be_reached_is_told_in_its_own_form_and_not_recorded(tmp_path: Path) -> None:
    free = open_socket("127.0.0.1", 0)
    port = free.getsockname()[1]
    free.close()
    with recording(tmp_path, [f"anthropic=http://127.0.0.1:{port}"]) as (origin, _, _):
        found = httpx.post(f"{origin}/anthropic/v1/messages", content=b"{}")
        assert found.status_code == 502
        assert found.json()["type"] == "error"
        assert "cannot be reached" in found.json()["error"]["message"]
        elsewhere = httpx.get(f"{origin}/nowhere").json()
    assert elsewhere["error"]["message"] == "nothing is recorded at GET /nowhere; base URLs are /anthropic"
    assert list(tmp_path.rglob("*")) == []


def test_a_connection_that_ends_before_the_answer_ends_here_too(tmp_path: Path) -> None:
    with (
        ReplayServer(lambda _: Playback(ending="refused")) as server,
        recording(tmp_path, [f"openai={server.origin}/v1"]) as (origin, _, _),
        pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)),
    ):
        httpx.post(f"{origin}/openai/v1/responses", content=b"{}")
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["nobody"], "nobody"),
        (["openai=ftp://x"], "is no base URL"),
        (["openai=https://x/v1?key=k"], "is no base URL"),
        (["openai", "openai-chat-completion"], "has the paths of another --upstream"),
    ],
)
def test_a_wrong_upstream_is_refused(given: list[str], said: str) -> None:
    with pytest.raises(click.BadParameter, match=said):
        read_upstreams(given)


def test_the_providers_own_address_is_where_it_is_left_out() -> None:
    [openai_api, other] = read_upstreams(["openai", "anthropic=https://gate.example/claude/"])
    assert openai_api.base_url == openai_api.written_url == get_codec("openai").endpoint.base_url
    assert other.base_url == other.written_url == "https://gate.example/claude"
    assert [codec.provider for codec in openai_api.codecs] == ["openai", "openai-chat-completion"]


def test_a_name_is_made_of_what_a_conversation_begins_with() -> None:
    codec = get_codec("anthropic")

    def name(body: bytes) -> str:
        return name_of(codec, WireRequest("POST", "/v1/messages", body))

    begin = b'{"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "\xc3\x84h, was kostet das?"}'
    first = name(begin + b"]}")
    assert first.startswith("anthropic/h-was-kostet-das-")
    answered = b', {"role": "assistant", "content": "Viel."}, {"role": "user", "content": "Wie viel?"}]}'
    assert name(begin + answered) == first
    assert name(begin + b'], "system": "Be terse."}') != first
    assert name(b"{").startswith("anthropic/post-v1-messages-")


def test_the_program_records_until_it_is_interrupted(upstream: MockServer, tmp_path: Path) -> None:
    url = upstream.base_url("anthropic")
    program = [sys.executable, "-m", "mock_server", "record", "--port", "0", "--upstream", f"anthropic={url}"]
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*program, "--cassettes", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        provider, base_url, *rest = process.stdout.readline().split()
        assert (provider, rest) == ("anthropic", ["records", url])
        asked = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
        assert httpx.post(f"{base_url}/v1/messages", json=asked).status_code == 200
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
        [path] = tmp_path.rglob("*.yaml")
        assert (process.returncode, output, errors) == (0, "", f"{path}: 1 exchange\n")
        assert json.loads(load_cassette(path).interactions[0].request.body) == asked
    finally:
        process.kill()
        process.communicate(timeout=20)
