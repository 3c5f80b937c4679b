"""What nobody has seen before is found in answers, wherever it stands; what is known, or the model's own, is not."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from conformance.cli import main
from conformance.drift import find_drift
from conformance.drift_live import live_exchanges
from conformance.known import FOLDER, Known, KnownError, add_to, load_known
from conformance.replay import Playback
from conformance.replay_server import ReplayServer
from conformance.settings import CASSETTES
from conformance.wire_knowledge import NOTHING, wire_models_of
from llm_sdk.codec import WireRequest
from llm_sdk.registry import PROVIDERS, get_codec
from mock_server import MockServer
from mock_server.recordings import Exchange, read_exchanges

ANTHROPIC = wire_models_of(get_codec("anthropic"))
SEEN = load_known([FOLDER / "anthropic.txt"])
MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": "Hello"}, {"type": "tool_use", "id": "t", "name": "f", "input": {"a": {}}}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}


def answer(value: Any, *, status: int = 200, id: str = "one", **headers: str) -> Exchange:
    body = json.dumps(value).encode()
    return Exchange(id, "POST", "https://x/v1/messages", status, body, response_headers=headers)


def stream(*events: dict[str, Any], id: str = "one") -> Exchange:
    body = b"".join(b"event: %s\ndata: %s\n\n" % (e["type"].encode(), json.dumps(e).encode()) for e in events)
    return Exchange(id, "POST", "https://x/v1/messages", 200, body, streaming=True)


def found_in(*exchanges: Exchange, known: Known = SEEN) -> list[tuple[str, str, str, str]]:
    report = find_drift("anthropic", exchanges, ANTHROPIC, known)
    return [(one.kind, one.what, one.path, one.value) for one in report.novelties()]


NEW: dict[str, tuple[Exchange, tuple[str, str, str, str]]] = {
    "field": (
        answer({**MESSAGE, "mood": "sunny"}),
        ("field", "message.mood", "$.mood", "sunny"),
    ),
    "deep field": (
        answer(
            {**MESSAGE, "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b", "tone": {"a": 1}}]}
        ),
        ("field", "text.tone", "$.content[1].tone", '{"a": 1}'),
    ),
    "type": (
        answer({**MESSAGE, "content": [{"type": "hologram", "depth": 3}]}),
        ("type", "hologram", "$.content[0].type", '{"type": "hologram", "depth": 3}'),
    ),
    "value": (
        answer({**MESSAGE, "stop_reason": "out_of_luck"}),
        ("value", "message.stop_reason out_of_luck", "$.stop_reason", "out_of_luck"),
    ),
    "header": (answer(MESSAGE, **{"x-mood": "sunny"}), ("header", "x-mood", "x-mood", "sunny")),
    "event": (
        stream({"type": "ping"}, {"type": "mood", "is": "sunny"}),
        ("event", "mood", "event 2 $", '{"type": "mood", "is": "sunny"}'),
    ),
    "field of an event": (
        stream({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a", "tone": 1}}),
        ("field", "text_delta.tone", "event 1 $.delta.tone", "1"),
    ),
    "field of an error": (
        answer({"type": "error", "error": {"type": "api_error", "message": "m", "hint": "h"}}, status=500),
        ("field", "error.error.hint", "$.error.hint", "h"),
    ),
}


@pytest.mark.parametrize("name", NEW)
def test_what_is_new_is_told_with_its_place(name: str) -> None:
    exchange, expected = NEW[name]
    assert found_in(exchange) == [expected]


def test_what_is_known_or_the_models_own_is_not_told() -> None:
    assert found_in(answer(MESSAGE, **{"content-type": "application/json", "anthropic-ratelimit-tokens": "1"})) == []
    assert (
        found_in(answer(MESSAGE), known=Known())
        == [
            ("field", "message.role", "$.role", "assistant"),
            ("field", "message.stop_sequence", "$.stop_sequence", "null"),
            ("type", "message", "$.type", json.dumps(MESSAGE)[:80] + "…"),
        ][2:]
    )


def test_exchanges_are_counted_and_the_first_one_is_the_example() -> None:
    new = {**MESSAGE, "content": [{"type": "text", "text": "a", "tone": at} for at in range(3)]}
    report = find_drift(
        "anthropic", [answer(MESSAGE, id="a"), answer(new, id="b"), answer(new, id="c")], ANTHROPIC, SEEN
    )
    [found] = report.novelties()
    assert (found.count, found.example, report.exchanges, report.unread) == (2, "b", 3, 0)


def test_an_answer_that_is_no_json_is_counted_and_its_headers_are_looked_at() -> None:
    exchange = Exchange("one", "POST", "https://x", 502, b"<html>", response_headers={"x-mood": "sunny"})
    report = find_drift("anthropic", [exchange], ANTHROPIC, SEEN)
    assert (report.unread, [one.what for one in report.novelties()]) == (1, ["x-mood"])


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_wire_models_of_every_provider_are_found(provider: str) -> None:
    models = wire_models_of(get_codec(provider))
    assert models.answer.fields_of({})
    assert models.ends
    assert all(shape.models for shape in models.events.values())


def test_of_a_codec_without_such_rooms_nothing_is_known() -> None:
    class Elsewhere:
        pass

    assert wire_models_of(Elsewhere()).answer == NOTHING  # type: ignore[arg-type]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_the_mock_server_answers_is_known(provider: str) -> None:
    """Every tenth cassette: whatever we write ourselves is no news."""
    files = sorted((CASSETTES / provider).glob("*.yaml"))[::10]
    played = [found for file in files for found in read_exchanges(file) if _is_made_by_a_server(found)]
    known = load_known([FOLDER / f"{provider}.txt"])
    report = find_drift(provider, played, wire_models_of(get_codec(provider)), known)
    assert len(played) > 10
    assert [(one.kind, one.what, one.example) for one in report.novelties()] == []


def _is_made_by_a_server(exchange: Exchange) -> bool:
    return str(exchange.metadata["recorded"]).startswith("mock-server")


def test_a_list_is_added_to_and_read_again(tmp_path: Path) -> None:
    file = tmp_path / "known.txt"
    file.write_text("# mine\nfield b  # a remark\n")
    assert add_to(file, [("field", "b"), ("event", "mood"), ("value", "a.role it self")]) == 2
    assert file.read_text() == "# mine\nevent mood\nfield b\nvalue a.role it self\n"
    known = load_known([file])
    assert known.holds("event", "mood")
    assert not known.holds("event", "b")


@pytest.mark.parametrize("text", ["mood sunny", "field"])
def test_a_broken_list_says_where(tmp_path: Path, text: str) -> None:
    file = tmp_path / "known.txt"
    file.write_text(f"# mine\n{text}\n")
    with pytest.raises(KnownError, match=r"known\.txt, line 2: a line is a word of event, type, field"):
        load_known([file])


@pytest.fixture(scope="module")
def drifted() -> Iterator[str]:
    """The mock server's Anthropic, with a field, an event and a header that were not there before."""
    with MockServer(in_process=True) as mock, httpx.Client(transport=mock.transport) as client:
        mock.on(model="no-such-model").fault(status=404)

        def answer(request: WireRequest) -> Playback:
            path = mock.base_url("anthropic") + request.path
            reply = client.request(request.method, path, content=request.body, headers=dict(request.headers))
            body = reply.content
            if reply.status_code == 200:
                body = body.replace(b'"usage":{', b'"usage":{"joules":7,')
            if b"event: message_stop" in body:
                body = body.replace(
                    b"event: message_stop", b'event: mood\ndata: {"type":"mood"}\n\nevent: message_stop'
                )
            kept = {"content-type": reply.headers["content-type"], "x-mood": "sunny"}
            return Playback(reply.status_code, kept, (body,))

        with ReplayServer(answer) as server:
            yield server.origin


def test_live_calls_are_a_handful_and_show_the_drift(drifted: str) -> None:
    codec = get_codec("anthropic")
    heard = list(live_exchanges(codec, api_key="k", base_url=drifted, model_id="m"))
    assert [(found.id, found.streaming) for found in heard] == [
        ("text", False),
        ("text-stream", True),
        ("tool-call", False),
        ("tool-call-stream", True),
        ("no-such-model", False),
    ]
    found = find_drift("anthropic", heard, ANTHROPIC, SEEN).novelties()
    assert [(one.kind, one.what) for one in found] == [
        ("header", "x-mood"),
        ("field", "message.usage.joules"),
        ("event", "mood"),
        ("field", "message_delta.usage.joules"),
    ]


def command(*words: str, **env: str) -> Any:
    return CliRunner().invoke(main, ["drift", "--provider", "anthropic", *words], env=env)


def test_the_command_asks_and_tells(drifted: str, tmp_path: Path) -> None:
    known = tmp_path / "known.txt"
    words = ["--base-url", drifted, "--model", "m"]
    first = command(*words, "--json", "--accept", str(known), ANTHROPIC_API_KEY="k")
    assert first.exit_code == 1
    report = json.loads(first.stdout)
    assert (report["provider"], report["exchanges"]) == ("anthropic", 5)
    assert report["novelties"][0] == {
        "kind": "header",
        "what": "x-mood",
        "path": "x-mood",
        "value": "sunny",
        "example": "text",
        "count": 5,
    }
    again = command(*words, "--known", str(known), ANTHROPIC_API_KEY="k")
    assert (again.exit_code, again.stdout) == (0, "anthropic: 0 never seen before in 5 exchanges\n")


def test_the_command_reads_recordings(tmp_path: Path) -> None:
    record = {"url": "https://api.anthropic.com/v1/messages", "response_body": {**MESSAGE, "mood": "sunny"}, "id": "a"}
    file = tmp_path / "one.jsonl"
    file.write_text(json.dumps(record))
    found = command("--against", str(file))
    assert found.exit_code == 1
    assert found.stdout.splitlines() == [
        "anthropic: 1 never seen before in 1 exchanges",
        "fields",
        "      1  message.mood",
        "         a: $.mood = sunny",
    ]


def test_the_command_says_what_it_lacks(tmp_path: Path) -> None:
    assert "a live call needs a key: set ANTHROPIC_API_KEY" in command(ANTHROPIC_API_KEY="").output
    file = tmp_path / "one.jsonl"
    file.write_text("{}")
    broken = command("--against", str(file))
    assert (broken.exit_code, "a record needs a response_body" in broken.output) == (2, True)
