"""JSON arrays that are streamed: the elements, however the bytes are cut."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_sdk.errors import InvariantError
from llm_sdk.json_array import JsonArrayDecoder, encode_array
from llm_sdk.sse import ServerSentEvent
from llm_sdk.testing import chunkings
from llm_sdk.testing.strategies import json_objects


def elements(pieces: list[bytes]) -> list[Any]:
    decoder = JsonArrayDecoder()
    events = [event for piece in pieces for event in decoder.feed(piece)] + decoder.close()
    return [json.loads(event.data) for event in events]


@given(
    st.lists(json_objects(), max_size=4), st.data(), st.sampled_from([b"\n", b"\r\n"]), st.none() | st.integers(0, 2)
)
def test_what_is_written_is_read_however_it_is_cut(
    values: list[Any], data: st.DataObject, line_end: bytes, indent: int | None
) -> None:
    events = [ServerSentEvent(json.dumps(value, indent=indent).encode()) for value in values]
    body = b"".join(encode_array(events, line_end))
    assert json.loads(body) == values
    assert elements(data.draw(chunkings(body))) == values


def test_the_pieces_of_an_array() -> None:
    assert encode_array([ServerSentEvent(b"{}"), ServerSentEvent(b"[1]")], b"\r\n") == [b"[{}", b",\r\n[1]\r\n]"]
    assert encode_array([], b"\n") == [b"[]"]


def test_brackets_and_quotes_in_texts() -> None:
    value = {"a": ']}\\"[{', "\\": ["\\\\", {"b": '\\"'}]}
    body = json.dumps([value, value]).encode()
    assert elements([bytes([byte]) for byte in body]) == [value, value]


def test_an_element_that_does_not_end_is_left_out() -> None:
    assert elements([b'[{"a": 1}, {"b": ']) == [{"a": 1}]


def test_an_element_past_the_limit() -> None:
    decoder = JsonArrayDecoder(max_event_bytes=10)
    assert decoder.feed(b'[{"a": 123},{"b": 123}') == [ServerSentEvent(b'{"a": 123}'), ServerSentEvent(b'{"b": 123}')]
    assert decoder.feed(b',{"a": "1') == []
    with pytest.raises(InvariantError, match="past 10 bytes"):
        decoder.feed(b"234")
