"""Exchanges come out of every recording format as the same bytes."""

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from mock_server.recordings import Exchange, RecordingError, read_exchanges

URL = "https://api.example/v1/talk?x=1"
SENT = '{"say":"hé\u2028"}'.encode()
CAME = 'data: {"text":"né\U0001f600"}\r\n\r\n'.encode()
SENT_HEADERS = {"content-type": "application/json"}
CAME_HEADERS = {"content-type": "text/event-stream; charset=utf-8", "x-id": "a, b"}


def json_lines(bodies_parsed: bool = False) -> bytes:
    record = {
        "id": "given",
        "provider": "some-gateway:eu",
        "method": "post",
        "url": URL,
        "status": 200,
        "request_headers": {"Content-Type": "application/json"},
        "request_body": json.loads(SENT) if bodies_parsed else SENT.decode(),
        "response_headers": CAME_HEADERS,
        "response_body": CAME.decode(),
        "streaming": True,
        "features": ["truncated-stream"],
        "notes": ["sse-reframed"],
    }
    return json.dumps(record).encode() + b"\n\n"


def vcrpy(request_body: Any, response_body: Any, **response: Any) -> bytes:
    headers = {"Content-Type": [CAME_HEADERS["content-type"]], "X-Id": ["a", "b"], **response.pop("headers", {})}
    interaction = {
        "request": {
            "body": request_body,
            "headers": {"Content-Type": ["application/json"]},
            "method": "POST",
            "uri": URL,
        },
        "response": {
            "body": response_body,
            "headers": headers,
            "status": {"code": 200, "message": "OK"},
            "x-conformance": {"truncated": True},
            **response,
        },
    }
    return yaml.safe_dump({"interactions": [interaction], "version": 1}).encode()


def vcr_rb(request: str, response: str) -> bytes:
    return f"""---
http_interactions:
- request:
    method: post
    uri: {URL}
    body:
      encoding: UTF-8
{request}
    headers:
      Content-Type:
      - application/json
  response:
    status:
      code: 200
      message: OK
    headers:
      Content-Type:
      - {CAME_HEADERS["content-type"]}
      X-Id:
      - a
      - b
    body:
      encoding: ASCII-8BIT
{response}
  recorded_at: Tue, 01 Nov 2026 04:58:44 GMT
recorded_with: VCR 6.3.1
""".encode()


def har(content: dict[str, str]) -> bytes:
    entry = {
        "request": {
            "method": "POST",
            "url": URL,
            "headers": [{"name": "Content-Type", "value": "application/json"}],
            "postData": {"mimeType": "application/json", "text": SENT.decode()},
        },
        "response": {
            "status": 200,
            "headers": [
                {"name": "Content-Type", "value": CAME_HEADERS["content-type"]},
                {"name": "X-Id", "value": "a"},
                {"name": "x-id", "value": "b"},
            ],
            "content": content,
        },
    }
    return json.dumps({"log": {"version": "1.2", "entries": [entry]}}).encode()


def indented(key: str, data: bytes) -> str:
    return f"      {key}: {base64.b64encode(data).decode()}"


def quoted(data: bytes) -> str:
    return f"      string: {yaml.safe_dump(data.decode(), width=1000).strip()}"


GZIPPED = {"headers": {"Content-Encoding": ["gzip"]}}
FILES: dict[str, tuple[str, bytes]] = {
    "JSON lines": ("x.jsonl", json_lines()),
    "JSON lines, gzipped": ("x.jsonl.gz", gzip.compress(json_lines())),
    "JSON lines, parsed request": ("x.jsonl", json_lines(bodies_parsed=True)),
    "vcrpy, text": ("x.yaml", vcrpy(SENT.decode(), {"string": CAME.decode()})),
    "vcrpy, binary": ("x.yml", vcrpy(SENT, {"string": CAME})),
    "vcrpy, gzipped": ("x.yaml.gz", gzip.compress(vcrpy(SENT, {"string": CAME}))),
    "vcrpy, compressed answer": ("x.yaml", vcrpy(SENT, {"string": gzip.compress(CAME, mtime=0)}, **GZIPPED)),
    "vcrpy, decoded answer with its old header": ("x.yaml", vcrpy(SENT, {"string": CAME}, **GZIPPED)),
    "vcrpy, base64": ("x.yaml", vcrpy(SENT, {"base64_string": base64.b64encode(CAME).decode()})),
    "go-vcr": ("x.yaml", vcrpy(SENT.decode(), CAME.decode(), status="200 OK", code=200)),
    "vcr.rb, text": ("x.yml", vcr_rb(quoted(SENT), quoted(CAME))),
    "vcr.rb, base64": ("x.yml", vcr_rb(indented("base64_string", SENT), indented("base64_string", CAME))),
    "vcr.rb, !binary": ("x.yml", vcr_rb(indented("string", SENT).replace(": ", ": !binary ", 1), quoted(CAME))),
    "HAR, text": ("x.har", har({"text": CAME.decode()})),
    "HAR, base64": ("x.json", har({"text": base64.b64encode(CAME).decode(), "encoding": "base64"})),
}


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_same_exchange(tmp_path: Path, name: str) -> None:
    file_name, content = FILES[name]
    (tmp_path / file_name).write_bytes(content)
    [exchange] = read_exchanges(tmp_path)
    assert (exchange.method, exchange.url, exchange.status) == ("POST", URL, 200)
    assert (exchange.request_body, exchange.response_body) == (SENT, CAME)
    assert exchange.request_headers == SENT_HEADERS
    assert {key: exchange.response_headers[key] for key in CAME_HEADERS} == CAME_HEADERS
    assert exchange.streaming
    assert exchange.truncated == (not name.startswith(("vcr.rb", "HAR")))


def test_json_lines_keep_what_they_say_of_themselves(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(json_lines())
    [exchange] = read_exchanges(tmp_path)
    assert (exchange.id, exchange.recorded_as) == ("given", "some-gateway:eu")
    assert (exchange.features, exchange.notes) == (frozenset({"truncated-stream"}), ("sse-reframed",))


def test_a_record_may_be_an_answer_alone(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"response_body": {"b": 1, "a": "\\ud83d"}}\n{"response_body": "event: x\\n"}\n')
    whole, stream = read_exchanges(tmp_path)
    assert whole == Exchange(
        "x.jsonl:1", "POST", "", 200, b'{"b":1,"a":"\\ud83d"}', place=f"{tmp_path / 'x.jsonl'}, line 1"
    )
    assert (stream.id, stream.streaming, stream.request_body) == ("x.jsonl:2", True, None)


def test_a_folder_is_read_in_order_of_names_without_what_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("z.jsonl", "deep/a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text('{"response_body": ""}')
    (tmp_path / "README.md").write_text("recordings")
    assert [exchange.id for exchange in read_exchanges(tmp_path)] == ["b.jsonl:1", "deep/a.jsonl:1", "z.jsonl:1"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.jsonl", '{"response_body": ""}\n{"id": 1', ", line 2: not JSON (Expecting ',' delimiter"),
        ("x.jsonl", "\n[]", ", line 2: a record is not an object"),
        ("x.jsonl", "{}", ", line 1: a record needs a response_body"),
        ("x.jsonl", '{"response_body": "", "status": "ok"}', ", line 1: 'ok' is no HTTP status"),
        (
            "x.jsonl",
            '{"response_body": "", "response_headers": [1]}',
            ", line 1: headers that are neither an object nor",
        ),
        ("x.yaml", "a: [1\nb: }", ", line 2: not YAML ("),
        ("x.yaml", "a: !python/object:os.system {}", ", line 1: not YAML (could not determine a constructor"),
        ("x.yaml", "a: 1", ": not a recording: a cassette has interactions"),
        ("x.yaml", "interactions: 1", ": interactions holds no list of exchanges"),
        ("x.yaml", "interactions: [{request: 1}]", ", exchange 1: its request is not an object"),
        ("x.yaml", vcrpy("", {"base64_string": "x"}).decode(), ", exchange 1: a body that is not base64"),
        ("x.yaml", vcrpy("", {"string": b"\x1f\x8b\x08"}), ", exchange 1: a compressed body that cannot be read"),
        (
            "x.yaml",
            vcrpy("", {"string": b"\x8b\xff"}, headers={"Content-Encoding": ["br"]}),
            ", exchange 1: a body compressed with br; record with accept-encoding: identity",
        ),
        ("x.har", '{"log": {}}', ": log holds no list of exchanges"),
        ("x.har", "<html>", ": not JSON ("),
        ("x.txt", "", ": a recording ends in .har, .json"),
        ("x.jsonl.gz", b"\x1f\x8b\x08\x00", ": cannot be read ("),
    ],
)
def test_a_file_that_is_no_recording_is_one_sentence_that_says_where(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(RecordingError) as caught:
        list(read_exchanges(file))
    assert str(caught.value).startswith(f"{file}{message}")
    assert "\n" not in str(caught.value)


def test_a_path_without_recordings_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no recordings here"):
        list(read_exchanges(tmp_path))
    with pytest.raises(RecordingError, match="no such file or folder"):
        list(read_exchanges(tmp_path / "nowhere"))
