"""Recordings answer what means the same: byte for byte, in their chunks and, when asked, at their times."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from llm_sdk.codec import dump_json
from llm_sdk.registry import get_codec, provider_names
from mock_server import MockServer
from mock_server.attribution import attribute
from mock_server.cassette import Cassette, Interaction, RecordedRequest, RecordedResponse, RecordingNote, dump_cassette
from mock_server.cli import main
from mock_server.clock import VirtualClock
from mock_server.recordings import RecordingError, read_exchanges

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
SAMPLE = 12

URL = "https://api.anthropic.com/v1/messages"
ASKED = {"model": "claude-sonnet-5", "max_tokens": 99, "messages": [{"role": "user", "content": "Hello"}]}
EVENTS = [
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant",'
    b'"model":"claude-sonnet-5","content":[],"stop_reason":null,"usage":{"input_tokens":3,"output_tokens":1}}}\n\n',
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"text","text":""}}\n\n',
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"Hi."}}\n\n',
    b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n',
]
BODY = b"".join(EVENTS)
CHUNKS = (BODY[:10], BODY[10:300], BODY[300:])
EVENT_STREAM = {"content-type": ("text/event-stream",), "request-id": ("req_1",), "date": ("then",)}


def noted(cut: Any = "", times: tuple[float, ...] = ()) -> RecordingNote:
    return RecordingNote("live", "2026", hashlib.sha256(BODY).hexdigest(), (10, 300), bool(cut), cut, times)


def interaction(asked: Any, body: bytes, note: RecordingNote | None = None, status: int = 200) -> Interaction:
    headers = EVENT_STREAM if asked.get("stream") else {"content-type": ("application/json",)}
    return Interaction(
        RecordedRequest("POST", URL, dump_json(asked)), RecordedResponse(status, body, headers, "", note)
    )


def answer(text: str) -> bytes:
    head = {"id": "msg_2", "type": "message", "role": "assistant", "model": "claude-sonnet-5"}
    usage = {"input_tokens": 1, "output_tokens": 1}
    return dump_json({**head, "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "usage": usage})


@contextmanager
def replaying(tmp_path: Path, *recorded: Interaction, **options: Any) -> Iterator[tuple[MockServer, httpx.Client]]:
    (tmp_path / "recorded.yaml").write_text(dump_cassette(Cassette(recorded)))
    with (
        MockServer(replay=tmp_path, in_process=True, **options) as mock,
        httpx.Client(transport=mock.transport, base_url=mock.base_url("anthropic")) as client,
    ):
        yield mock, client


def test_what_means_the_same_gets_the_recorded_bytes_in_the_recorded_chunks(tmp_path: Path) -> None:
    streamed = {**ASKED, "stream": True}
    with replaying(tmp_path, interaction(ASKED, answer("Hi.")), interaction(streamed, BODY, noted())) as (mock, client):
        other = {"stream": True, "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]}
        with client.stream("POST", "/v1/messages", content=json.dumps({**other, **ASKED}, indent=3)) as response:
            assert tuple(response.iter_raw()) == CHUNKS
            assert dict(response.headers) == {"content-type": "text/event-stream", "request-id": "req_1"}
        assert client.post("/v1/messages", json=ASKED).content == answer("Hi.")
        assert [exchange.scenario for exchange in mock.requests] == [
            "recording recorded.yaml#2",
            "recording recorded.yaml#1",
        ]
        said = mock.requests[1].response
        assert said is not None
        assert said.content[0].model_dump(include={"text"}) == {"text": "Hi."}


def test_a_stream_without_noted_chunks_comes_event_by_event(tmp_path: Path) -> None:
    streamed = {**ASKED, "stream": True}
    with (
        replaying(tmp_path, interaction(streamed, BODY)) as (_, client),
        client.stream("POST", "/v1/messages", json=streamed) as response,
    ):
        assert list(response.iter_raw()) == EVENTS


@pytest.mark.parametrize(("timing", "slept"), [(True, [0.5, 0.25, 1.25]), (False, [])])
def test_times_are_kept_when_that_is_asked(tmp_path: Path, timing: bool, slept: list[float]) -> None:
    streamed = {**ASKED, "stream": True}
    clock = VirtualClock(auto_advance=True)
    recorded = interaction(streamed, BODY, noted(times=(0.5, 0.75, 0.75, 2.0)))
    with replaying(tmp_path, recorded, clock=clock, replay_timing=timing) as (_, client):
        assert client.post("/v1/messages", json=streamed).content == BODY
    assert clock.slept == slept


@pytest.mark.parametrize(
    ("cut", "error"),
    [("reset", httpx.ReadError), ("incomplete", httpx.RemoteProtocolError), ("left", httpx.RemoteProtocolError)],
)
def test_a_body_that_was_cut_is_cut_in_the_same_way(tmp_path: Path, cut: str, error: type[Exception]) -> None:
    streamed = {**ASKED, "stream": True}
    with (
        replaying(tmp_path, interaction(streamed, BODY, noted(cut))) as (_, client),
        client.stream("POST", "/v1/messages", json=streamed) as response,
    ):
        chunks = response.iter_raw()
        assert tuple(islice(chunks, len(CHUNKS))) == CHUNKS
        with pytest.raises(error):
            next(chunks)
        assert response.status_code == 200


@pytest.mark.parametrize(
    ("once", "got"), [(False, ["1", "2", "2"]), (True, ["1", "2", "no recording"])], ids=["the last stays", "once"]
)
def test_equal_requests_get_the_answers_in_their_order(tmp_path: Path, once: bool, got: list[str]) -> None:
    recorded = [interaction(ASKED, answer("1")), interaction(ASKED, answer("2"))]
    with replaying(tmp_path, *recorded, replay_once=once, strict=True) as (mock, client):
        for _ in range(2):
            answers = [client.post("/v1/messages", json=ASKED).json() for _ in range(3)]
            assert [found["content"][0]["text"] if "content" in found else "no recording" for found in answers] == got
            mock.reset()
        if once:
            for _ in range(2):
                client.post("/v1/messages", json=ASKED)
            told = client.post("/v1/messages", json=ASKED).json()["error"]["message"]
            assert told.startswith("every recording that means this request has been used.")


def test_a_miss_names_the_nearest_recording_field_by_field_in_the_providers_own_form(tmp_path: Path) -> None:
    far = {**ASKED, "model": "claude-opus-5", "messages": [{"role": "user", "content": "Bye"}]}
    recorded = [interaction(far, answer("1")), interaction(ASKED, answer("2"))]
    with replaying(tmp_path, *recorded, strict=True) as (_, client):
        found = client.post("/v1/messages", json={**ASKED, "temperature": 0.5, "max_tokens": 100})
        assert found.status_code == 404
        assert found.json()["type"] == "error"
        assert found.json()["error"]["message"].startswith(
            "no recording means this request; of 2 the nearest is recorded.yaml#2.\n"
            "From it to this request:\n"
            "  input.max_tokens: 99 became 100\n"
            "  input.temperature: absent became 0.5\n"
            "no scenario matches this request"
        )


def test_a_miss_falls_back_to_scenarios_and_made_up_answers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with replaying(tmp_path, interaction(ASKED, answer("recorded"))) as (mock, client):
        mock.on(last_user="scenario").reply("scripted")

        def said(text: str) -> str:
            asked = {**ASKED, "messages": [{"role": "user", "content": text}]}
            found: str = client.post("/v1/messages", json=asked).json()["content"][0]["text"]
            return found

        assert (said("Hello"), said("scenario"), caplog.messages) == ("recorded", "scripted", [])
        assert said("else") == "You said: else"
        assert ["the nearest is recorded.yaml#1" in message for message in caplog.messages] == [True]


def test_a_recorded_error_is_replayed_although_the_request_cannot_be_read(tmp_path: Path) -> None:
    asked = {"messages": [{"role": "nobody", "content": "x"}], "model": "m"}
    error = b'{"type": "error", "error": {"type": "invalid_request_error", "message": "their words"}}'
    with replaying(tmp_path, interaction(asked, error, status=400)) as (_, client):
        found = client.post("/v1/messages", content=json.dumps(asked, sort_keys=True, indent=1))
        assert (found.status_code, found.content) == (400, error)


def test_a_service_is_replayed_by_its_path(tmp_path: Path) -> None:
    models = b'{"data": [{"id": "theirs"}]}'
    recorded = Interaction(RecordedRequest("GET", "https://api.anthropic.com/v1/models"), RecordedResponse(200, models))
    with replaying(tmp_path, recorded) as (_, client):
        assert client.get("/v1/models?limit=5").content == models


def test_faults_come_on_top(tmp_path: Path) -> None:
    with replaying(tmp_path, interaction(ASKED, answer("Hi."))) as (mock, client):
        asked = {**ASKED, "model": "claude-sonnet-5+fault,status=529"}
        assert client.post("/v1/messages", json=asked).status_code == 529
        mock.add_fault(status=503, times=1)
        assert [client.post("/v1/messages", json=ASKED).status_code for _ in range(2)] == [503, 200]


@pytest.mark.parametrize(
    ("text", "said"),
    [('{"log": 1}', "log holds no list"), ('{"interactions": []}', "nothing to replay")],
)
def test_a_folder_without_anything_to_replay_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(RecordingError, match=said):
        MockServer(replay=tmp_path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--replay-once"], "give --replay"),
        (["--replay", "nowhere"], "nowhere: no such file or folder"),
        (["--replay", "{folder}", "--workers", "2"], "recordings of equal requests have no order"),
    ],
)
def test_options_that_cannot_be_are_refused(tmp_path: Path, options: list[str], said: str) -> None:
    recorded = (interaction(ASKED, answer("1")), interaction(ASKED, answer("2")))
    (tmp_path / "recorded.yaml").write_text(dump_cassette(Cassette(recorded)))
    found = CliRunner().invoke(main, ["serve", "--port", "0", *(word.format(folder=tmp_path) for word in options)])
    assert found.exit_code != 0
    assert said in found.output


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no recorded traffic beside this checkout")
@pytest.mark.parametrize("file", ["anthropic", "cohere", "google", "mistral", "openai-chat", "openai-responses"])
def test_recorded_traffic_comes_back_byte_for_byte(file: str, tmp_path: Path) -> None:
    with gzip.open(CORPUS / f"{file}.jsonl.gz", "rb") as lines:
        (tmp_path / "sample.jsonl").write_bytes(b"".join(islice(lines, SAMPLE)))
    codecs = {name: get_codec(name) for name in provider_names()}
    with (
        MockServer(replay=tmp_path, strict=True, in_process=True) as mock,
        httpx.Client(transport=mock.transport) as client,
    ):
        sent = 0
        for exchange in read_exchanges(tmp_path):
            found = attribute(exchange, codecs)
            if found is None or exchange.request_body is None:
                continue
            url = f"{mock.url}{codecs[found[0]].endpoint.mount}{found[1]}"
            response = client.request(exchange.method, url, content=exchange.request_body)
            assert (response.status_code, response.content) == (exchange.status, exchange.response_body), exchange.id
            sent += 1
    assert sent >= SAMPLE / 2
