"""Faults on a planned reply: exact bytes."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from llm_sdk.codec import WireResponse
from llm_sdk.registry import get_codec, provider_names
from mock_server.clock import SystemClock
from mock_server.fault_plan import Faults
from mock_server.faults import Fault, put_on
from mock_server.pacing import Pace
from mock_server.reply import ReplyPlan, TimedChunk, whole_reply

EVENTS = [b'data: {"a":1}\n\n', b'event: b\r\ndata: {"b":"\xc3\xa9"}\r\n\r\n', b"data: [END]\n\n"]
STREAM = ReplyPlan(200, {}, tuple(TimedChunk(event) for event in EVENTS), stream=True)
WHOLE = whole_reply(WireResponse(200, b'{"a":1}'))


@pytest.mark.parametrize("provider", provider_names())
def test_an_error_about_the_key_has_the_providers_own_words(provider: str) -> None:
    codec = get_codec(provider)
    told = []
    for asked in ("status=401", "status=401; message=No."):
        plan = Faults(0, SystemClock()).plan_service(codec, {"x-mock-fault": asked}, "/")
        assert plan is not None
        assert plan.error is not None
        assert plan.error.status_code == 401
        told.append(plan.error.message)
    refused = codec.refuse_key("wrong-key")
    generic = "This error was asked for: status 401."
    assert told == [refused.message if refused.status_code == 401 else generic, "No."]


@pytest.mark.parametrize(
    ("fault", "sent", "complete"),
    [
        ({"cut_after_events": 0}, [], False),
        ({"cut_after_events": 2}, EVENTS[:2], False),
        ({"cut_after_events": 3}, EVENTS, True),
        ({"cut_after_bytes": 0}, [], False),
        ({"cut_after_bytes": 10}, [EVENTS[0][:10]], False),
        ({"cut_after_bytes": 15 + 23}, [EVENTS[0], EVENTS[1][:23]], False),
        ({"cut_after_bytes": 10_000}, EVENTS, True),
        ({"malformed_event": 1}, [b'data: {"a\n\n', *EVENTS[1:]], True),
        ({"malformed_event": 2}, [EVENTS[0], b'event: b\r\ndata: {"b":\r\n\r\n', EVENTS[2]], True),
        ({"malformed_event": 4}, EVENTS, True),
        ({"omit_end": True}, EVENTS[:2], True),
        ({"omit_end": True, "malformed_event": 1, "cut_after_events": 1}, [b'data: {"a\n\n'], False),
        ({"reset": True}, [], False),
        ({"reset": True, "cut_after_events": 1}, EVENTS[:1], False),
        ({"split_utf8": True}, [EVENTS[0], EVENTS[1][:23], EVENTS[1][23:], EVENTS[2]], True),
        ({"content_type": "text/html"}, EVENTS, True),
        ({"rate_limit": 3, "window": 5.0}, EVENTS, True),
    ],
)
def test_a_stream_is_damaged_as_asked(fault: dict[str, Any], sent: list[bytes], complete: bool) -> None:
    damaged = put_on(STREAM, Fault(**fault))
    assert [chunk.data for chunk in damaged.chunks] == sent
    assert damaged.complete is complete
    assert damaged.faults == fault


@pytest.mark.parametrize(
    ("fault", "body", "length", "complete"),
    [
        ({"cut_after_bytes": 3}, b'{"a', "7", False),
        ({"cut_after_events": 0}, b"", "7", False),
        ({"cut_after_events": 1}, b'{"a":1}', "7", True),
        ({"malformed_event": 1}, b'{"a', "3", True),
        ({"omit_end": True}, b'{"a":1', "6", True),
    ],
)
def test_a_whole_answer_counts_as_one_event(fault: dict[str, Any], body: bytes, length: str, complete: bool) -> None:
    damaged = put_on(WHOLE, Fault(**fault))
    assert (damaged.body, damaged.headers["content-length"], damaged.complete) == (body, length, complete)


def test_only_a_reset_resets() -> None:
    assert put_on(STREAM, Fault(reset=True, cut_after_bytes=4)).reset
    assert not put_on(STREAM, Fault(cut_after_bytes=4)).reset


def test_characters_of_several_bytes_are_sent_in_pieces() -> None:
    whole = whole_reply(WireResponse(200, "é€😀a".encode()))
    pieces = [chunk.data for chunk in put_on(whole, Fault(split_utf8=True)).chunks]
    assert pieces == [b"\xc3", b"\xa9\xe2", b"\x82\xac\xf0", b"\x9f\x98\x80a"]


def test_a_wrong_content_type_stands_in_the_place_of_the_true_one() -> None:
    told = put_on(replace(STREAM, headers={"content-type": "text/event-stream", "x": "y"}), Fault(content_type="a/b"))
    assert told.headers == {"content-type": "a/b", "x": "y"}


@pytest.mark.parametrize(
    ("fault", "delays"),
    [
        ({"time_to_first_token": 2}, [2, 0, 0]),
        ({"tokens_per_second": 4}, [0, 0.25, 0.25]),
        ({"tokens_per_second": 4, "time_to_first_token": 2}, [2, 0.25, 0.25]),
        ({"stall_after_events": 1}, [0, 3600, 0]),
        ({"stall_after_events": 2, "stall": 5, "tokens_per_second": 4}, [0, 0.25, 5.25]),
        ({"stall_after_events": 3}, [0, 0, 0]),
    ],
)
def test_times_of_events(fault: dict[str, Any], delays: list[float]) -> None:
    assert [chunk.delay for chunk in put_on(STREAM, Fault(**fault)).chunks] == delays


def test_a_whole_answer_takes_as_long_as_its_tokens() -> None:
    slow = put_on(WHOLE, Fault(tokens_per_second=4, latency=1), tokens=6)
    assert (slow.latency, slow.chunks) == (2.5, WHOLE.chunks)
    assert put_on(STREAM, Fault(tokens_per_second=4), tokens=6).latency == 0


def test_latency_adds_up_and_harms_nothing() -> None:
    late = put_on(put_on(STREAM, Fault(latency=0.5)), Fault(latency=1))
    assert (late.latency, late.chunks, late.complete) == (1.5, STREAM.chunks, True)
    assert not Fault(latency=1).spoils
    assert Fault(latency=1, omit_end=True).spoils


@pytest.mark.parametrize("fields", [{}, {"retry_after": 1}, {"status": 99}, {"latency": -1}, {"malformed_event": 0}])
def test_a_fault_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Fault(**fields)


@given(st.text(), st.one_of(st.sampled_from(["word", "char", "whole"]), st.integers(1, 9)))
def test_fragments_add_up_to_the_text(text: str, cut: Any) -> None:
    fragments = list(Pace(cut=cut).fragments(text))
    assert "".join(fragments) == text
    assert all(fragments)
    if isinstance(cut, int):
        assert all(len(fragment) == cut for fragment in fragments[:-1])


def test_words_are_about_a_token_each() -> None:
    assert list(Pace().fragments("Two  words,\nincomprehensibilities \n")) == [
        "Two",
        "  words,",
        "\nincomprehensibil",
        "ities",
        " \n",
    ]
    assert list(Pace(cut="char").fragments("é\u2028")) == ["é", "\u2028"]
    assert list(Pace(cut="whole").fragments("all of it")) == ["all of it"]
