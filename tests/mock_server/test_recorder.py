"""A recorder holds nothing back, notes where chunks began, records what breaks off, and drops what is secret."""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import vcr

from conformance.replay import Hold, Playback
from conformance.replay_server import ReplayServer
from llm_sdk.registry import get_codec, provider_names
from mock_server.cassette import load_cassette
from mock_server.recorder import Recorder, save_cassette
from mock_server.recording_transport import RecordingTransport

PIECES = (b"data: 1\n\n", b"data: 22\n\n", b"data: 333\n\n")
STREAM = Playback(200, {"content-type": "text/event-stream", "set-cookie": "a=b", "x-request-id": "req_1"}, PIECES)


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    with ReplayServer(lambda _: STREAM) as server:
        yield server


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(
        recorded="mock-server 0.1.0",
        recorded_at="2026-11-22T00:00:00+00:00",
        rename=lambda uri: "https://api.example/" + uri.partition("/v1/")[2],
    )


def client_of(recorder: Recorder, *, drain: bool = False) -> httpx.Client:
    return httpx.Client(transport=RecordingTransport(httpx.HTTPTransport(), recorder, drain=drain))


def test_every_chunk_is_passed_on_at_once(server: ReplayServer, recorder: Recorder) -> None:
    hold = Hold(before=1)
    server.answer = lambda _: Playback(200, STREAM.headers, PIECES, hold=hold)
    with client_of(recorder) as client, client.stream("POST", f"{server.origin}/v1/talk") as response:
        chunks = response.iter_raw()
        assert next(chunks) == PIECES[0]
        hold.release()
        assert b"".join(chunks) == b"".join(PIECES[1:])
    assert not hold.expired
    [found] = recorder.interactions
    assert found.response.chunks() == list(PIECES)
    assert found.response.note is not None
    assert not found.response.note.truncated


def test_it_works_for_an_asynchronous_client(server: ReplayServer, recorder: Recorder) -> None:
    async def ask() -> bytes:
        transport = RecordingTransport(httpx.AsyncHTTPTransport(), recorder)
        async with httpx.AsyncClient(transport=transport) as client:
            return (await client.post(f"{server.origin}/v1/talk", content=b"said")).content

    assert asyncio.run(ask()) == b"".join(PIECES)
    assert recorder.interactions[0].request.body == b"said"
    assert recorder.interactions[0].response.body == b"".join(PIECES)


class Dying:
    """A server of one connection, which sends two chunks and a half and then dies in the way that is asked for."""

    SENT = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in PIECES[:2]) + b"b\r\ndata"
    HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"

    def __init__(self, cut: str) -> None:
        self._cut = cut
        self._left = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}/v1/talk"

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._thread.join(10)
        self._listening.close()

    def _serve(self) -> None:
        connection, _ = self._listening.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(self.HEAD + self.SENT)
            if self._cut == "timeout":
                self._left.wait(10)
            if self._cut == "reset":
                time.sleep(0.1)  # what a reset overtakes in the kernel never reaches the client
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("drain", [False, True])
@pytest.mark.parametrize("cut", ["reset", "incomplete", "timeout"])
def test_a_stream_that_dies_is_recorded_with_what_came_and_replays_with_vcrpy(
    recorder: Recorder, tmp_path: Path, cut: str, drain: bool
) -> None:
    transport = RecordingTransport(httpx.HTTPTransport(), recorder, drain=drain)
    client = httpx.Client(transport=transport, timeout=0.3)
    with Dying(cut) as url, client, pytest.raises(httpx.TransportError):
        client.post(url)
    [found] = recorder.interactions
    came = b"".join(PIECES[:2]) + b"data"
    assert found.response.body == b"".join(found.response.chunks()) == came
    assert found.response.note is not None
    assert (found.response.note.truncated, found.response.note.cut) == (True, cut)
    file = tmp_path / "it.yaml"
    assert save_cassette(file, recorder.cassette(), secrets={})
    assert load_cassette(file) == recorder.cassette()
    assert f"cut: {cut}" in file.read_text()
    with vcr.VCR(record_mode=vcr.mode.NONE).use_cassette(file) as tape, httpx.Client() as client:
        response = client.post("https://api.example/talk")
        assert (response.status_code, response.content) == (200, came)
        assert tape.all_played


@pytest.mark.parametrize("drain", [False, True])
def test_a_stream_that_its_reader_leaves_is_cut_unless_it_is_drained(
    server: ReplayServer, recorder: Recorder, drain: bool
) -> None:
    with client_of(recorder, drain=drain) as client, client.stream("POST", f"{server.origin}/v1/talk") as response:
        next(response.iter_raw())
    [found] = recorder.interactions
    assert found.response.note is not None
    assert found.response.note.truncated is not drain
    assert found.response.note.cut == ("" if drain else "left")
    assert (found.response.body == b"".join(PIECES)) is drain


def test_only_harmless_headers_and_parameters_are_kept(server: ReplayServer, recorder: Recorder) -> None:
    with client_of(recorder) as client:
        client.post(
            f"{server.origin}/v1/talk?alt=sse&key=canary",
            headers={"authorization": "Bearer canary", "x-api-key": "canary", "cookie": "canary", "x-beta": "b"},
        )
    [found] = recorder.interactions
    assert found.request.uri == "https://api.example/talk?alt=sse"
    assert set(found.request.headers) == {"accept", "accept-encoding", "x-beta"}
    assert found.response.headers == {"content-type": ("text/event-stream",), "x-request-id": ("req_1",)}
    assert "canary" not in repr(found)


@pytest.mark.parametrize("provider", provider_names())
def test_the_headers_that_an_adapter_reads_are_kept(server: ReplayServer, recorder: Recorder, provider: str) -> None:
    endpoint = get_codec(provider).endpoint
    read = [name.lower() for name in (endpoint.request_id_header, endpoint.notice_header) if name]
    server.answer = lambda _: Playback(200, dict.fromkeys(read, "said"), PIECES)
    with client_of(recorder) as client:
        client.post(f"{server.origin}/v1/talk")
    [found] = recorder.interactions
    assert {name: found.response.headers.get(name) for name in read} == dict.fromkeys(read, ("said",))
