"""One event of a stream: its type, its model, and the words for one that breaks the protocol."""

import pytest

from llm_sdk.errors import InvariantError, StreamTruncatedError
from llm_sdk.sse import ServerSentEvent
from llm_sdk.wire_event import event_type, read_event, stream_truncated
from llm_sdk.wire_model import Event


class Started(Event):
    index: int


@pytest.mark.parametrize(
    ("data", "type"), [(b'{"type": "started"}', "started"), (b"{}", ""), (b"[1]", ""), (b'"started"', "")]
)
def test_the_type_stands_in_the_data(data: bytes, type: str) -> None:
    assert event_type(ServerSentEvent(data), 3, "anthropic") == type


def test_data_that_is_no_json_is_told_by_its_number() -> None:
    with pytest.raises(InvariantError, match=r"^anthropic: event 3 is not JSON: "):
        event_type(ServerSentEvent(b"<html>"), 3, "anthropic")


def test_an_event_is_read_as_its_model() -> None:
    event = ServerSentEvent(b'{"index": 1, "nobody": "reads this"}', "started")
    assert read_event(Started, event, 3, "anthropic") == Started(index=1)


@pytest.mark.parametrize(("name", "shown"), [("started", "started"), ("", "Started")])
def test_a_malformed_event_is_told_by_number_name_and_place(name: str, shown: str) -> None:
    with pytest.raises(InvariantError) as caught:
        read_event(Started, ServerSentEvent(b"{}", name), 3, "anthropic")
    assert str(caught.value) == f"anthropic: event 3 ({shown}) is malformed at index: Field required"


def test_a_stream_without_its_end() -> None:
    error = stream_truncated(7, "[DONE]", "mistral")
    assert isinstance(error, StreamTruncatedError)
    assert str(error) == "mistral: the stream ended after 7 events without [DONE]"
