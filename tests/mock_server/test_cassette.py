"""A cassette holds any bytes, stays plain vcrpy's, is there whole or not at all, and never holds a key."""

import base64
import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
import vcr
from hypothesis import given
from hypothesis import strategies as st
from vcr.persisters.filesystem import FilesystemPersister
from vcr.serializers import yamlserializer

from mock_server.cassette import (
    Cassette,
    CassetteError,
    Interaction,
    RecordedRequest,
    RecordedResponse,
    RecordingNote,
    dump_cassette,
    load_cassette,
    parse_cassette,
)
from mock_server.recorder import save_cassette
from mock_server.scrub import leaks

HOSTILE = [
    b"",
    b"\n",
    b"\r\nx\r",
    b"  leading\n",
    b"trailing \nx\n",
    b"a\n\n\n",
    b"\xff\xfe\x00",
    "e\u0301\u2028\u0085\ufeff\ufffe\ud7ff\U0001f600".encode(),
    b"\x00\x01\x7f",
    b"\ttab: [\n",
    b"- a: b\n...\n---\n",
    *(word.encode() for word in ("123", "null", "true", "2026-11-22", "~", "=", "a: b", "# c", "!x")),
    gzip.compress(b"data", mtime=0),
]


def interaction(body: bytes, **note: object) -> Interaction:
    told = {"recorded": "mock-server 0.1.0", "recorded_at": "2026-11-22T00:00:00+00:00", **note}
    return Interaction(
        RecordedRequest("POST", "https://api.example/v1/talk", body, {"content-type": ("application/json",)}),
        RecordedResponse(
            200,
            body,
            {"content-type": ("text/event-stream",), "x-twice": ("a", "b")},
            "OK",
            RecordingNote(sha256=hashlib.sha256(body).hexdigest(), **told),  # type: ignore[arg-type]
        ),
    )


WHOLE = Cassette(tuple(interaction(body) for body in HOSTILE))


@given(st.lists(st.binary() | st.text().map(lambda text: text.encode("utf-8", "replace")), max_size=4))
def test_any_bytes_come_back(bodies: list[bytes]) -> None:
    cassette = Cassette(tuple(interaction(body) for body in bodies))
    text = dump_cassette(cassette)
    assert parse_cassette(text, "it") == cassette
    assert text.isascii()


def test_vcrpy_reads_the_same_bytes_and_keeps_the_note_when_it_writes_again(tmp_path: Path) -> None:
    file = tmp_path / "it.yaml"
    save_cassette(file, WHOLE, secrets={})
    requests, responses = FilesystemPersister.load_cassette(file, yamlserializer)[:2]
    assert [request.body or b"" for request in requests] == HOSTILE
    assert [response["body"]["string"] for response in responses] == HOSTILE
    FilesystemPersister.save_cassette(file, {"requests": requests, "responses": responses}, yamlserializer)
    assert load_cassette(file) == WHOLE


def test_plain_vcrpy_replays_it(tmp_path: Path) -> None:
    file = tmp_path / "it.yaml"
    save_cassette(file, Cassette((interaction(b"data: {}\n\n", chunk_offsets=(5,)),)), secrets={})
    with vcr.VCR(record_mode=vcr.mode.NONE).use_cassette(file) as tape, httpx.Client() as client:
        response = client.post("https://api.example/v1/talk", content=b"data: {}\n\n")
        assert (response.status_code, response.content) == (200, b"data: {}\n\n")
        assert tape.all_played


def test_gzipped_files_are_read(tmp_path: Path) -> None:
    file = tmp_path / "it.yaml.gz"
    file.write_bytes(gzip.compress(dump_cassette(WHOLE).encode()))
    assert load_cassette(file) == WHOLE


def test_chunks_are_those_in_which_the_body_came() -> None:
    assert interaction(b"abcdef", chunk_offsets=(2, 5)).response.chunks() == [b"ab", b"cde", b"f"]
    assert interaction(b"abcdef").response.chunks() == [b"abcdef"]


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda _: "a: [", "is not YAML"),
        (lambda _: "a: b", "has no list of interactions"),
        (lambda text: text.replace("version: 1", "version: 2"), "is a cassette of version 2"),
        (lambda text: text.replace("    uri:", "    url:"), r"interactions\[0\] is malformed \('uri' is missing\)"),
        (lambda text: text.replace("code: 200", "code: good"), r"interactions\[0\] is malformed"),
        (lambda text: text.replace("string: b", "string: c"), "the body has changed since it was recorded"),
        (lambda text: text.replace("chunk_offsets: []", "chunk_offsets: [9]"), "not places inside the body"),
        (lambda text: text.replace("truncated: false", "cut: bored"), "cut is 'bored'; it can be reset, incomplete"),
        (lambda text: text.replace("truncated: false", "times: [0.1]"), "times are not one for the head"),
        (lambda text: text.replace("truncated: false", "times: [0.2, 0.1]"), "in order"),
    ],
    ids=["not-yaml", "not-a-cassette", "version", "missing", "status", "changed", "offsets", "cut", "times", "back"],
)
def test_a_broken_cassette_says_what_is_wrong(tmp_path: Path, damage: Callable[[str], str], complaint: str) -> None:
    file = tmp_path / "it.yaml"
    file.write_text(damage(dump_cassette(Cassette((interaction(b"b"),)))))
    with pytest.raises(CassetteError, match=complaint) as caught:
        load_cassette(file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\x1f\x8bnot gzip"])
def test_a_file_that_is_no_text_says_so(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "it.yaml"
    file.write_bytes(content)
    with pytest.raises(CassetteError, match="cannot be read"):
        load_cassette(file)
    with pytest.raises(CassetteError, match="cannot be read"):
        load_cassette(tmp_path / "absent.yaml")


def test_the_same_recording_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "it.yaml"
    assert save_cassette(file, Cassette((interaction(b"body", chunk_offsets=(1,)),)), secrets={})
    before = file.read_bytes()
    later = interaction(b"body", recorded_at="2027-01-01T00:00:00+00:00", chunk_offsets=(2,))
    assert not save_cassette(file, Cassette((later,)), secrets={})
    assert file.read_bytes() == before
    assert save_cassette(file, Cassette((interaction(b"other"),)), secrets={})
    assert load_cassette(file).interactions[0].response.body == b"other"
    assert [path.name for path in file.parent.iterdir()] == ["it.yaml"]


SECRET = "the-secret-0123456789"
PLACES: dict[str, Callable[[Interaction, str], Interaction]] = {
    "uri": lambda found, key: replace(found, request=replace(found.request, uri=f"https://x/?key={key}")),
    "request": lambda found, key: replace(found, request=replace(found.request, body=key.encode())),
    "header": lambda found, key: replace(found, request=replace(found.request, headers={"x": (key,)})),
    "response": lambda found, key: replace(found, response=replace(found.response, body=key.encode(), note=None)),
    "compressed": lambda found, key: replace(
        found, response=replace(found.response, body=gzip.compress(key.encode()), note=None)
    ),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "key",
    [
        SECRET,
        "sk-proj-0123456789abcdefghijklmn",
        "AIza" + "x" * 35,
        "?key=0123456789abcdef",
        "-----BEGIN PRIVATE KEY-----",
    ],
)
def test_a_key_is_never_written(tmp_path: Path, place: str, key: str) -> None:
    file = tmp_path / "it.yaml"
    holding = Cassette((PLACES[place](interaction(b"fine"), key),))
    with pytest.raises(CassetteError, match="nothing was written") as caught:
        save_cassette(file, holding, secrets={"the key": SECRET})
    assert key not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "form",
    [
        quote("a secret, with/signs"),
        json.dumps("a secret, with/signs"),
        *(base64.b64encode(b"x" * before + b"a secret, with/signs" + b"yz").decode() for before in range(3)),
    ],
)
def test_a_secret_is_found_in_other_forms(form: str) -> None:
    found = leaks(interaction(json.dumps({"said": [form]}).encode()), {"the key": "a secret, with/signs"})
    assert list(found) == [f"{place}.body at $.said[0] holds the key" for place in ("request", "response")]


def test_what_is_too_short_to_be_a_secret_is_not_looked_for() -> None:
    assert list(leaks(interaction(b"a test of short keys"), {"the key": "test"})) == []
