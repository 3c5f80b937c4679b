"""Server-sent events: every legal framing, cut anywhere, gives the same events."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_sdk.errors import InvalidInputError, InvariantError
from llm_sdk.sse import ServerSentEvent, ServerSentEventDecoder, encode_event
from llm_sdk.testing import chunkings, texts

Event = ServerSentEvent

# Each framing with its events, as the standard reads it; where it would drop what the end of the stream cuts off, we
# hand it out, because servers leave the last blank line away.
FRAMINGS: dict[str, tuple[bytes, list[Event]]] = {
    "LF": (b"data: a\n\ndata: b\n\n", [Event(b"a"), Event(b"b")]),
    "CRLF": (b"data: a\r\n\r\ndata: b\r\n\r\n", [Event(b"a"), Event(b"b")]),
    "CR": (b"data: a\r\rdata: b\r\r", [Event(b"a"), Event(b"b")]),
    "mixed line ends": (b"data: a\r\n\ndata: b\n\r\ndata: c\r\n\r", [Event(b"a"), Event(b"b"), Event(b"c")]),
    "LF, then CR": (b"data: a\n\rdata: b\n\r", [Event(b"a"), Event(b"b")]),
    "byte-order mark": (b"\xef\xbb\xbfdata: a\n\n", [Event(b"a")]),
    "byte-order mark later on": (b"data: a\n\n\xef\xbb\xbfdata: b\n\ndata: c\n\n", [Event(b"a"), Event(b"c")]),
    "nothing but a byte-order mark": (b"\xef\xbb\xbf", []),
    "half a byte-order mark": (b"\xef\xbbdata: a\n\ndata: b\n\n", [Event(b"b")]),
    "nothing": (b"", []),
    "comments": (b": one\n:two\n:\ndata: a\n: three\n\n: four\n\n", [Event(b"a")]),
    "lines of data": (b"data: a\ndata: b\ndata:\ndata: c\n\n", [Event(b"a\nb\n\nc")]),
    "no space": (b"data:a\nevent:b\nid:c\n\n", [Event(b"a", "b", "c")]),
    "two spaces": (b"data:  a\nevent:  b\n\n", [Event(b" a", " b")]),
    "a tab": (b"data:\ta\n\n", [Event(b"\ta")]),
    "a colon in the value": (b'data: {"a": "b: c"}\nevent: a:b\n\n', [Event(b'{"a": "b: c"}', "a:b")]),
    "fields without a colon": (b"event\ndata\nid\n\n", [Event(b"")]),
    "empty data": (b"data:\n\ndata: \n\n", [Event(b""), Event(b"")]),
    "empty lines of data": (b"data\ndata\n\n", [Event(b"\n")]),
    "name before data": (b"event: ping\ndata: a\n\ndata: b\n\n", [Event(b"a", "ping"), Event(b"b")]),
    "name after data": (b"data: a\nevent: ping\n\ndata: b\n\n", [Event(b"a", "ping"), Event(b"b")]),
    "last name counts": (b"event: x\nevent: y\ndata: a\nevent: z\n\n", [Event(b"a", "z")]),
    "name taken back": (b"event: x\nevent\ndata: a\n\n", [Event(b"a")]),
    "name without data": (b"event: ping\n\ndata: a\n\n", [Event(b"a")]),
    "the same names": (b"event: x\ndata: a\n\nevent: x\ndata: b\n\n", [Event(b"a", "x"), Event(b"b", "x")]),
    "id stays": (b"id: 1\ndata: a\n\ndata: b\n\n", [Event(b"a", "", "1"), Event(b"b", "", "1")]),
    "id without data stays": (b"id: 1\n\ndata: a\n\n", [Event(b"a", "", "1")]),
    "id taken back": (b"id: 1\ndata: a\n\nid\ndata: b\n\n", [Event(b"a", "", "1"), Event(b"b")]),
    "id with NUL": (b"id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n", [Event(b"a", "", "1"), Event(b"b", "", "1")]),
    "retry": (b"retry: 10\ndata: a\n\nretry: 10\n\nretry: x\n\n", [Event(b"a")]),
    "unknown fields": (b"dat: x\ndatas: x\n data: x\nDATA: x\nevents: x\nidx: 1\ndata: a\n\n", [Event(b"a")]),
    "blank lines": (b"\n\n\ndata: a\n\n\n\n\ndata: b\n\n", [Event(b"a"), Event(b"b")]),
    "no blank line at the end": (b"data: a\n\ndata: b\n", [Event(b"a"), Event(b"b")]),
    "no line end at the end": (b"data: a\n\nevent: x\ndata: b", [Event(b"a"), Event(b"b", "x")]),
    "CR at the end": (b"data: a\r\n\r\ndata: b\r", [Event(b"a"), Event(b"b")]),
    "a name at the end": (b"data: a\n\nevent: x", [Event(b"a")]),
    "line ends of Unicode": (
        "data: a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x1dh\x1ei\n\n".encode(),
        [Event("a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x1dh\x1ei".encode())],
    ),
    "characters of every length": ("event: é\ndata: é中😀\n\n".encode(), [Event("é中😀".encode(), "é")]),
    "bytes that are not UTF-8": (b"event: \xff\ndata: \xff\xfe\n\n", [Event(b"\xff\xfe", "\ufffd")]),
    "NUL": (b"event: a\0b\ndata: \0\n\n", [Event(b"\0", "a\0b")]),
    "providers": (
        b'event: message_start\r\ndata: {"type":"message_start"}\r\n\r\n: keep-alive\r\n\r\ndata: [DONE]\r\n\r\n',
        [Event(b'{"type":"message_start"}', "message_start"), Event(b"[DONE]")],
    ),
}  # fmt: skip


def decode(chunks: Iterable[bytes], **limits: int) -> list[Event]:
    decoder = ServerSentEventDecoder(**limits)
    return [event for chunk in chunks for event in decoder.feed(chunk)] + decoder.close()


def single_bytes(body: bytes) -> list[bytes]:
    return [body[at : at + 1] for at in range(len(body))]


@pytest.mark.parametrize("framing", FRAMINGS)
def test_framing(framing: str) -> None:
    body, events = FRAMINGS[framing]
    assert decode([body]) == events
    assert decode(single_bytes(body)) == events
    assert decode([b"", *(piece for byte in single_bytes(body) for piece in (byte, b""))]) == events
    for cut in range(len(body) + 1):
        assert decode([body[:cut], body[cut:]]) == events, f"cut at {cut}"


@pytest.mark.parametrize("framing", FRAMINGS)
def test_an_event_is_out_as_soon_as_it_is_whole(framing: str) -> None:
    """Nobody waits for the byte after a blank line, not even for the LF that may follow a CR."""
    body, events = FRAMINGS[framing]
    decoder = ServerSentEventDecoder()
    seen: list[Event] = []
    for at, byte in enumerate(single_bytes(body)):
        seen += decoder.feed(byte)
        assert seen == ServerSentEventDecoder().feed(body[: at + 1])
    assert seen + decoder.close() == events


def test_closing_twice_gives_nothing_new() -> None:
    decoder = ServerSentEventDecoder()
    assert decoder.feed(b"data: a") == []
    assert decoder.close() == [Event(b"a")]
    assert decoder.close() == []


names = texts(max_size=6).map(lambda text: "".join(character for character in text if character not in "\r\n\0"))
data = texts().map(lambda text: text.replace("\r", "").encode())
events = st.lists(st.builds(Event, data=data, event=names, id=names.filter(bool)), max_size=5)


@given(events, st.sampled_from([b"\n", b"\r\n", b"\r"]), st.data())
def test_what_is_encoded_is_decoded_however_it_is_cut(
    written: list[Event], line_end: bytes, data: st.DataObject
) -> None:
    body = b"".join(encode_event(event, line_end) for event in written)
    assert decode(data.draw(chunkings(body))) == written


@st.composite
def framed(draw: st.DrawFn, events: list[Event]) -> bytes:
    """The events in any framing that the standard allows."""
    end = st.sampled_from([b"\n", b"\r\n", b"\r"])
    noise = st.sampled_from([b": ping", b":", b"retry: 1", b"unknown: x", b"unknown"])

    def line(field: bytes, value: bytes) -> bytes:
        return field + (b": " if value.startswith(b" ") or draw(st.booleans()) else b":") + value

    body = draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    for event in events:
        lines = [line(b"data", value) for value in event.data.split(b"\n")]
        fields = [line(b"event", event.event.encode()), line(b"id", event.id.encode())]
        for extra in [*fields, *draw(st.lists(noise, max_size=3))]:
            lines.insert(draw(st.integers(0, len(lines))), extra)
        for written in lines:
            body += written + draw(end)
        # Behind a CR an LF would end the same line once more and be no blank line.
        body += draw(end.filter(lambda blank: not (body.endswith(b"\r") and blank == b"\n")))  # noqa: B023 - drawn at once
    return body


@given(events.flatmap(lambda written: st.tuples(st.just(written), framed(written))), st.data())
def test_every_framing_gives_the_same_events(written: tuple[list[Event], bytes], data: st.DataObject) -> None:
    expected, body = written
    assert decode(data.draw(chunkings(body))) == expected


@given(st.binary(max_size=60) | st.text("data:evntid \r\n", max_size=60).map(str.encode), st.data())
def test_whatever_comes_cuts_change_nothing(body: bytes, data: st.DataObject) -> None:
    assert decode(data.draw(chunkings(body))) == decode([body])


def test_one_event_of_20_megabytes() -> None:
    event = Event(b'{"image":"' + b"A" * 20_000_000 + b'"}', "image")
    body = encode_event(event) + encode_event(Event(b"next"))
    assert decode([body]) == [event, Event(b"next")]
    assert decode(body[at : at + 1460] for at in range(0, len(body), 1460)) == [event, Event(b"next")]


RUNAWAY = {
    "a line without an end": b"data: " + b"x" * 100,
    "lines without an event": b"data: x\n" * 20,
    "empty lines of data": b"data:\n" * 100,
    "bare lines of data": b"data\n" * 100,
    "a comment without an end": b": " + b"x" * 100,
    "a whole event": b"data: " + b"x" * 100 + b"\n\n",
    "a whole comment": b": " + b"x" * 100 + b"\n",
    "a whole name": b"event: " + b"x" * 100 + b"\n\n",
    "an unknown field": b"x" * 100 + b"\n\n",
}


@pytest.mark.parametrize("runaway", RUNAWAY)
def test_runaway_input_is_refused_however_it_is_cut(runaway: str) -> None:
    body = b"data: before\n\n" + RUNAWAY[runaway]
    message = "a server-sent event has grown past 64 bytes without an end; raise max_event_bytes if it is meant to"
    for chunks in ([body], single_bytes(body), [body[:50], body[50:]], [body[:15], body[15:]]):
        with pytest.raises(InvariantError) as caught:
            decode(chunks, max_event_bytes=64)
        assert str(caught.value) == message
    assert decode([body], max_event_bytes=1000) == decode(single_bytes(body))


@pytest.mark.parametrize(
    ("body", "size"),
    [
        (b"data: 12345\n\n", 11),
        (b"data: 12345", 11),
        (b"data: 12345\ndata: 123\n\n", 20),
        (b"data\ndata: 123\n\n", 13),
        (b"data: 1\n\ndata: 12345\n\ndata: 123\n\n", 11),
        (b": 1234567\ndata: 1\n\n", 9),
        (b"data: 1\n: 1234567\n\n", 16),
        (b"event: 12345\ndata: 1\n\n", 12),
    ],
)
def test_the_limit_counts_the_lines_of_one_event(body: bytes, size: int) -> None:
    """The lines of data, and the line being read; line ends do not count, other lines only while they are read."""
    assert decode(single_bytes(body), max_event_bytes=size) == decode([body], max_event_bytes=size) == decode([body])
    for chunks in ([body], single_bytes(body)):
        with pytest.raises(InvariantError):
            decode(chunks, max_event_bytes=size - 1)


@pytest.mark.parametrize("offset", range(1, 10))
def test_many_events_are_no_runaway(offset: int) -> None:
    """Wherever the chunks end: between a data line and its blank line, between CR and LF, inside a line."""
    for event in (b"data: 12345678\r\n\r\n", b"data: 12345678\n: ping\n\n", b": ping\n: ping\n: ping\n"):
        body = event * 2000
        size = len(event)
        chunks = [body[:offset], *(body[at : at + size] for at in range(offset, len(body), size))]
        assert len(decode(chunks, max_event_bytes=32)) == (2000 if b"data" in event else 0)


def test_comments_inside_an_event_are_not_held() -> None:
    body = b"data: a\n" + b": ping\n" * 1000 + b"\n"
    assert decode(single_bytes(body), max_event_bytes=32) == [Event(b"a")]


def test_encoding() -> None:
    assert encode_event(Event(b"a")) == b"data: a\n\n"
    assert encode_event(Event(b"", "x", "1")) == b"id: 1\nevent: x\ndata: \n\n"
    assert encode_event(Event(b"a\r\nb\rc\nd"), b"\r\n") == b"data: a\r\ndata: b\r\ndata: c\r\ndata: d\r\n\r\n"
    assert encode_event(Event("\u2028é".encode(), "é")) == "event: é\ndata: \u2028é\n\n".encode()


@pytest.mark.parametrize("event", [Event(b"", "a\nb"), Event(b"", "a\r"), Event(b"", "", "1\n"), Event(b"", "", "1\0")])
def test_a_name_or_id_of_several_lines_is_refused(event: Event) -> None:
    with pytest.raises(InvalidInputError, match="of a server-sent event stands on one line"):
        encode_event(event)
