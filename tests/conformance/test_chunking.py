"""Cuts and transforms change the bytes and nothing else."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conformance.chunking import (
    byte_cuts,
    chunks,
    event_cuts,
    fewest_cuts,
    format_cuts,
    parse_cuts,
    seeded_cuts,
    single_cuts,
    tender_offsets,
)
from conformance.chunking_strategies import cuts, transforms
from conformance.reframing import ADDITIONS, FRAMINGS, TRANSFORMS, TransformError, reframe, truncations
from llm_sdk.sse import ServerSentEvent, ServerSentEventDecoder, encode_event

BODY = 'data: {"a":"é"}\r\n\r\nevent: b\ndata: 1\n\n'.encode()

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
events = st.lists(
    st.builds(
        lambda value, name, spaced: ServerSentEvent(
            json.dumps(value, ensure_ascii=False, separators=None if spaced else (",", ":")).encode("utf-8", "replace"),
            name,
        ),
        st.dictionaries(st.text(), json_values, max_size=4),
        st.sampled_from(["", "message", "response.delta"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
).map(lambda made: [*made, ServerSentEvent(b"[DONE]")])
bodies = events.map(lambda made: b"".join(map(encode_event, made)))


def decode(pieces: list[bytes]) -> list[ServerSentEvent]:
    framing = ServerSentEventDecoder()
    return [event for piece in pieces for event in framing.feed(piece)] + framing.close()


def values(body: bytes) -> list[tuple[str, Any]]:
    return [
        (event.event, json.loads(event.data) if event.data.startswith(b"{") else event.data) for event in decode([body])
    ]


@given(st.data(), st.binary() | bodies)
def test_chunks_add_up_to_the_body(data: st.DataObject, body: bytes) -> None:
    drawn = data.draw(cuts(body))
    assert b"".join(chunks(body, drawn)) == body
    assert parse_cuts(format_cuts(drawn)) == drawn
    assert len(chunks(body, drawn)) == len(drawn) + 1


@given(bodies, st.integers())
def test_the_fixed_cuttings_add_up_to_the_body(body: bytes, seed: int) -> None:
    cuttings = [byte_cuts(body), event_cuts(body), seeded_cuts(body, seed), *single_cuts(body)]
    assert all(b"".join(chunks(body, cutting)) == body for cutting in cuttings)
    assert seeded_cuts(body, seed) == seeded_cuts(body, seed, tender=tender_offsets(body))


def test_the_cuttings_of_a_small_body_are_those_that_their_names_say() -> None:
    assert list(single_cuts(b"abc")) == [(1,), (2,)]
    assert chunks(b"abc", byte_cuts(b"abc")) == [b"a", b"b", b"c"]
    assert chunks(b"abc", (1, 1)) == [b"a", b"", b"bc"]
    assert chunks(BODY, event_cuts(BODY)) == [BODY[:20], BODY[20:]]
    assert tender_offsets(b"a\r\nb\xc3\xa9c") == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    "pieces",
    [
        [b"data: 1\r\n\r\n"],
        [b"data: 1\r\n\r\n", b"data: 2\r\n\r\n"],
        [b'[{"a":"]"}\r\n]'],
        [b'[{"a":1}', b',\r\n{"a":1}', b',\r\n{"a":{"b":[]}}\r\n]'],
    ],
)
def test_one_event_stands_in_each_piece_whatever_the_framing(pieces: list[bytes]) -> None:
    body = b"".join(pieces)
    assert chunks(body, event_cuts(body)) == pieces


def test_neighbouring_cuts_are_written_as_a_row() -> None:
    assert format_cuts((3, 5, 6, 9, 10, 11, 11, 40)) == "3,5,6,9..11,11,40"
    assert parse_cuts("3,5,6,9..11,11,40") == (3, 5, 6, 9, 10, 11, 11, 40)
    assert format_cuts(byte_cuts(bytes(5000))) == "1..4999"


@given(st.sets(st.integers(1, 900), min_size=1, max_size=300), st.data())
def test_one_cut_that_hurts_is_found_among_many(drawn: set[int], data: st.DataObject) -> None:
    all_cuts = tuple(sorted(drawn))
    hurts = data.draw(st.sampled_from(all_cuts))
    assert fewest_cuts(all_cuts, lambda some: hurts in some) == (hurts,)


def test_cuts_that_hurt_together_are_kept_and_the_number_of_tries_is_bounded() -> None:
    asked: list[tuple[int, ...]] = []

    def fails(some: tuple[int, ...]) -> bool:
        asked.append(some)
        return {3, 90} <= set(some)

    found = fewest_cuts(tuple(range(1, 200)), fails)
    assert {3, 90} <= set(found)
    assert len(found) <= 20
    assert len(asked) <= 48
    assert fewest_cuts((1, 2, 3), lambda _: True) == ()
    assert fewest_cuts((4, 7), lambda some: some == (4, 7)) == (4, 7)


@pytest.mark.parametrize("wrong", ["1,x", "a", "1..", "1..b"])
def test_cuts_that_are_no_offsets_are_an_error(wrong: str) -> None:
    with pytest.raises(ValueError, match="cuts are offsets with commas between them"):
        parse_cuts(wrong)


@pytest.mark.parametrize("wrong", [(2, 1), (4,), (-1,)])
def test_cuts_outside_the_body_are_an_error(wrong: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="cuts must rise from 0 to 3"):
        chunks(b"abc", wrong)


@given(bodies, transforms(tuple(FRAMINGS)))
@example(b'data: {"a":["b,:[{",{}]}\n\n', "multi-line-data")
@example(b"data:  two spaces\n\n", "no-space")
def test_another_framing_changes_no_event(body: bytes, transform: str) -> None:
    assert values(reframe(body, transform)) == values(body)


@given(bodies, transforms(tuple(TRANSFORMS)))
def test_additions_add_and_take_nothing_away(body: bytes, transform: str) -> None:
    kept = []
    for name, value in values(reframe(body, transform)):
        if isinstance(value, dict):
            value.pop("x_conformance_unknown", None)
        if name != "x-conformance-unknown":
            kept.append((name, value))
    assert kept == values(body)


@pytest.mark.parametrize(
    ("transform", "body"),
    [
        ("", BODY),
        ("lf", 'data: {"a":"é"}\n\nevent: b\ndata: 1\n\n'),
        ("crlf", 'data: {"a":"é"}\r\n\r\nevent: b\r\ndata: 1\r\n\r\n'),
        ("cr", 'data: {"a":"é"}\r\revent: b\rdata: 1\r\r'),
        ("bom", '\ufeffdata: {"a":"é"}\n\nevent: b\ndata: 1\n\n'),
        ("no-space", 'data:{"a":"é"}\n\nevent:b\ndata:1\n\n'),
        ("name-last", 'data: {"a":"é"}\n\ndata: 1\nevent: b\n\n'),
        ("no-final-blank-line", 'data: {"a":"é"}\n\nevent: b\ndata: 1'),
        ("comments", 'data: {"a":"é"}\n\n: keep-alive\n:\n\nevent: b\ndata: 1\n\n'),
        ("comments+crlf", 'data: {"a":"é"}\r\n\r\n: keep-alive\r\n:\r\n\r\nevent: b\r\ndata: 1\r\n\r\n'),
        ("blank-lines", 'data: {"a":"é"}\n\n\n\nevent: b\ndata: 1\n\n'),
        ("multi-line-data", 'data: {\ndata: "a":\ndata: "é"}\n\nevent: b\ndata: 1\n\n'),
        ("unknown-fields", 'data: {"a":"é","x_conformance_unknown":{"a":[1,null,"b"]}}\n\nevent: b\ndata: 1\n\n'),
        ("crlf+truncate@7", "data: {"),
    ],
)
def test_a_transform_does_what_its_name_says(transform: str, body: str | bytes) -> None:
    assert reframe(BODY, transform) == (body if isinstance(body, bytes) else body.encode())


@pytest.mark.parametrize(
    ("transform", "body"),
    [
        ("comments", b": keep-alive\n:\n\ndata: 1\n\n"),
        ("blank-lines", b"\n\ndata: 1\n\n"),
    ],
)
def test_what_comes_between_events_comes_before_an_only_one(transform: str, body: bytes) -> None:
    assert reframe(b"data: 1\n\n", transform) == body


@pytest.mark.parametrize("name", TRANSFORMS)
def test_each_transform_changes_the_bytes(name: str) -> None:
    assert reframe(BODY, name) != BODY
    assert name in ADDITIONS or values(reframe(BODY, name)) == values(BODY)


def test_a_name_that_is_no_transform_is_an_error_that_lists_them() -> None:
    with pytest.raises(TransformError, match=r"no transform 'clrf'; there are unknown-events, .*truncate@N"):
        reframe(BODY, "bom+clrf")


@given(bodies)
def test_every_truncation_loses_something_of_the_stream(body: bytes) -> None:
    names = list(truncations(body))
    assert len(names) == len(set(names)) > len(event_cuts(body))
    for name in names:
        rest = reframe(body, name)
        assert body.startswith(rest)
        assert decode([rest]) != decode([body])
