"""The journal: what it keeps, what it lets go, and what it never holds."""

from typing import Any

import pytest
from plain_protocol import PLAIN

from llm_sdk.codec import WireRequest
from llm_sdk.types import LanguageModelInput
from mock_server.clock import VirtualClock
from mock_server.engine import Engine
from mock_server.journal import Exchange, Exchanges, Journal, redact_headers, redact_path
from mock_server.reply import ReplyPlan
from mock_server.scenario_files import read_scenarios


def exchange(number: int, **fields: Any) -> Exchange:
    usual = {"provider": "p", "method": "POST", "path": "/", "headers": {}, "body": b"", "status": 200}
    return Exchange(number=number, **{**usual, **fields})


def ask(engine: Engine, said: str, *, path: str = "/v1/chat", key: str | None = None) -> ReplyPlan:
    input = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": said}]})
    request = PLAIN.encode_request("model-1", input, stream=True)
    headers = {"X-Plain-Key": f"key {key}"} if key is not None else {}
    return engine.answer(PLAIN, WireRequest("POST", path, request.body, headers))


def test_what_was_answered_and_when() -> None:
    turns = [{"fault": {"status": 503, "retry_after": 2}}, {"reply": "ab", "pace": {"cut": "char", "delay": 1}}]
    clock = VirtualClock(start=1000.0)
    engine = Engine(read_scenarios([{"name": "s", "turns": turns}], providers=["plain"]), codecs=[PLAIN], clock=clock)
    ask(engine, "x", key="one")
    clock.advance(5)
    ask(engine, "x", key="one")
    ask(engine, "y", key="two")
    first, second, third = (exchange.to_json() for exchange in engine.journal)
    assert (first["time"], first["retry_after"], first["turn"]) == (1000.0, 2.0, 1)
    assert (second["time"], second["retry_after"], second["turn"]) == (1005.0, None, 1)
    assert (first["status"], second["status"]) == (503, 200)
    assert second["seconds"] == 5.0, "six events, a second between each two"
    assert first["caller"] == second["caller"] != third["caller"]
    assert first["faults"] == {"status": 503, "retry_after": 2.0, "seed": 0}


def test_what_cannot_be_read_is_kept_with_the_reason() -> None:
    engine = Engine(codecs=[PLAIN])
    engine.answer(PLAIN, WireRequest("POST", "/v1/chat", b"{"))
    (kept,) = engine.journal
    assert (kept.input, kept.body, kept.response) == (None, b"{", None)
    assert kept.error


ASKED = Exchanges(
    [
        exchange(1, model_id="gpt-5", scenario="a"),
        exchange(2, model_id="gpt-5-mini", status=429),
        exchange(3, provider="q", model_id="other", status=404),
        exchange(4, status=400),
    ]
)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [1, 2, 3, 4]),
        ({"provider": "q"}, [3]),
        ({"model": "gpt-*"}, [1, 2]),
        ({"model": "*"}, [1, 2, 3]),
        ({"status": 429}, [2]),
        ({"status": "4xx"}, [2, 3, 4]),
        ({"scenario": "a"}, [1]),
        ({"since": 2}, [3, 4]),
        ({"limit": 3}, [2, 3, 4]),
        ({"limit": 0}, []),
        ({"status": "4xx", "since": 2, "limit": 1}, [4]),
    ],
    ids=str,
)
def test_exchanges_are_found_by_what_they_are(asked: dict[str, Any], found: list[int]) -> None:
    assert [kept.number for kept in ASKED.where(**asked)] == found


def test_a_client_that_left_is_noted_as_long_as_its_exchange_is_kept() -> None:
    journal = Journal(max_exchanges=2)
    for number in (1, 2, 3):
        journal.add(exchange(number))
    journal.note_left(1)
    journal.note_left(2)
    assert [(kept.number, kept.left) for kept in journal] == [(2, True), (3, False)]
    assert [kept.to_json()["left"] for kept in journal] == [True, False]


def test_a_client_that_leaves_after_a_reset_is_none_of_the_new_exchanges() -> None:
    engine = Engine(codecs=[PLAIN])
    before = ask(engine, "x")
    engine.reset()
    ask(engine, "x")
    assert before.on_left is not None
    before.on_left()
    assert [(kept.number, kept.left) for kept in engine.journal] == [(1, False)]


def test_it_forgets_the_oldest_and_counts_them() -> None:
    by_number, by_bytes = Journal(max_exchanges=2), Journal(max_bytes=20_000)
    for number in (1, 2, 3):
        by_number.add(exchange(number))
        by_bytes.add(exchange(number, body=bytes(4000)))
    assert [kept.number for kept in by_number] == [2, 3]
    assert [kept.number for kept in by_bytes] == [3]
    assert (by_number.dropped, by_bytes.dropped) == (1, 2)
    by_bytes.clear()
    by_bytes.add(exchange(4, body=bytes(100_000)))
    assert (len(by_bytes), by_bytes.dropped) == (1, 0), "the last one stays, however long it is"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/v1/x", "/v1/x"),
        ("/v1/x?alt=sse&pageToken=abc", "/v1/x?alt=sse&pageToken=abc"),
        ("/v1/x?key=s3cret&alt=sse", "/v1/x?key=[redacted]&alt=sse"),
        ("/v1/x?API_KEY=s3cret", "/v1/x?API_KEY=[redacted]"),
        ("/v1/x?access_token=s3cret", "/v1/x?access_token=[redacted]"),
        ("/v1/x?q=sk-abcdefghijklmnopqrst", "/v1/x?q=[redacted]"),
    ],
)
def test_no_key_of_an_address_is_kept(path: str, shown: str) -> None:
    assert redact_path(path) == shown


def test_no_key_of_a_header_is_kept() -> None:
    headers = {
        "Authorization": "Bearer s3cret",
        "X-My-Token": "s3cret",
        "Cookie": "a=b",
        "X-Plain": "s3cret",
        "X-Copy": "my s3cret",
        "X-Other": "sk-abcdefghijklmnopqrst",
        "Accept": "text/html",
    }
    kept = dict(redact_headers(headers, {"x-plain"}, "s3cret"))
    assert kept.pop("accept") == "text/html"
    assert {*kept.values()} == {"[redacted]"}


def test_no_key_reaches_the_journal() -> None:
    engine = Engine(codecs=[PLAIN])
    ask(engine, "x", path="/v1/chat?key=s3cret", key="s3cret")
    assert "s3cret" not in str([kept.to_json() for kept in engine.journal])
    assert "s3cret" not in repr(list(engine.journal))
