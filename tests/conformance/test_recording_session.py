"""Cassettes are made of what a case says, or not at all; what changes is shown, and no secret gets through."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.case import Case
from conformance.recording_review import review_of, summary_of
from conformance.recording_session import RecordingSession, prove_scrubbing
from llm_sdk.registry import get_codec, provider_names
from mock_server import scrub
from mock_server.cassette import Cassette, CassetteError, dump_cassette, load_cassette
from mock_server.scrub import Canary

IMAGE = {"type": "image", "mime_type": "image/png", "data": "iVBORw0KGgo="}


def test_an_error_in_place_of_the_reply_is_not_recorded(tmp_path: Path) -> None:
    stage = {"input": {"messages": [{"role": "user", "content": "Paint"}]}, "reply": {"content": [IMAGE]}}
    case = Case.model_validate({"name": "painted", "area": "core", "requirements": ["CORE-01"], "stages": [stage]})
    with session_in(tmp_path) as session, pytest.raises(CassetteError, match="painted: stage 1 brought an error"):
        session.record(case)
    assert list(tmp_path.iterdir()) == []


PROVIDER = "openai-chat-completion"


def session_in(folder: Path) -> RecordingSession:
    return RecordingSession(PROVIDER, folder, model_id="m", recorded_at="2026-11-22T00:00:00Z")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordingSession]:
    with session_in(tmp_path_factory.mktemp("cassettes")) as session:
        yield session


def talk(name: str, said: str, *more: str) -> Case:
    stages = [
        {
            "input": {"messages": [{"role": "user", "content": "Hello"}]},
            "reply": {"content": [{"type": "text", "text": said}]},
        }
        for said in (said, *more)
    ]
    return Case.model_validate({"name": name, "area": "core", "requirements": ["CORE-01"], "stages": stages})


def test_a_review_says_what_changes(session: RecordingSession) -> None:
    first = session.record(talk("talk", "Good day"))
    assert (first.kind, first.path.name) == ("new", "talk.yaml")
    assert first.lines[0].startswith("exchange 1: status 200, ")
    assert first.lines[0].endswith(" bytes in 1 chunk, text")
    assert session.record(talk("talk", "Good day")).kind == "as before"
    changed = session.record(talk("talk", "Good night"))
    assert changed.kind == "changed"
    assert changed.lines == tuple(
        f'exchange {at}, answer.said.response.content[0].text: "Good day" became "Good night"' for at in (1, 2)
    )


def test_a_file_that_cannot_be_read_is_recorded_anew(session: RecordingSession) -> None:
    first = session.record(talk("broken", "Good day"))
    sound = load_cassette(first.path)
    first.path.write_text(first.path.read_text().replace("Good day", "Good hay"))
    assert session.record(talk("broken", "Good day")).kind == "new"
    assert load_cassette(first.path) == sound


def test_a_review_tells_bytes_from_meaning(session: RecordingSession) -> None:
    before = load_cassette(session.record(talk("bytes", "Good day")).path)
    one, other = before.interactions
    body = one.request.body.replace(b'{"', b'{ "', 1)
    spaced = Cassette((replace(one, request=replace(one.request, body=body)),))
    review = review_of(get_codec(PROVIDER), Path("it.yaml"), before, spaced, written=True)
    assert review.lines[0] == "exchange 1: the same by meaning, in other bytes"
    assert review.lines[1].startswith("exchange 2 is gone: status 200")
    shown = list(summary_of([(review.kind, review.text()), ("as before", "as before: other.yaml")]))
    assert shown == [review.text(), "1 changed, 1 as before"]
    assert review.text().startswith("changed: it.yaml\n  exchange 1: ")
    assert other.response.status == 200


def test_a_recording_that_dies_in_the_middle_leaves_the_file_as_it_was(session: RecordingSession) -> None:
    path = session.record(talk("dying", "Good day", "Good night")).path
    before = path.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("conformance.recording_session.accumulate", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            session.record(talk("dying", "Good morning", "Good evening"))
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.glob("*dying*")] == ["dying.yaml"]


def _interrupt(_: object) -> None:
    raise KeyboardInterrupt


def test_a_file_is_replaced_whole_or_not_at_all(session: RecordingSession) -> None:
    path = session.record(talk("whole", "Good day")).path
    before = path.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pathlib.Path.replace", _interrupt_replacing)
        with pytest.raises(KeyboardInterrupt):
            session.record(talk("whole", "Good night"))
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir() if "whole" in file.name] == ["whole.yaml"]


def _interrupt_replacing(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("place", ["key", "header", "prompt"])
def test_a_canary_that_gets_through_stops_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Scrubbing with a hole: the key's header is on the list, or the session's, or bodies are not searched."""
    if place == "prompt":
        monkeypatch.setattr(scrub, "_plain", lambda _: b"")
    else:
        name = get_codec(PROVIDER).endpoint.key_header if place == "key" else Canary.HEADER
        monkeypatch.setattr(scrub, "REQUEST_HEADERS", re.compile(name.lower()))
    with pytest.raises(CassetteError, match=f"scrubbing let a canary through.*{place}"), session_in(tmp_path):
        pytest.fail("the session began")


@pytest.mark.parametrize("provider", provider_names())
def test_no_canary_gets_through(provider: str) -> None:
    prove_scrubbing(provider, Canary.make())


def test_a_reply_that_holds_the_key_is_not_written(session: RecordingSession, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = Canary.make()
    monkeypatch.setattr(session, "_secrets", canary.named())
    with pytest.raises(CassetteError) as caught:
        session.record(talk("leak", f"Your key is {canary.key}"))
    assert "response.body at $.choices[0].message.content holds the canary of the key" in str(caught.value)
    assert str(caught.value).endswith("nothing was written")
    assert canary.key not in str(caught.value)
    assert not list(session._folder.glob("*leak*"))


def test_what_was_recorded_is_a_cassette_of_vcrpy(session: RecordingSession) -> None:
    path = session.record(talk("again", "Good day")).path
    assert path.read_text() == dump_cassette(load_cassette(path))
