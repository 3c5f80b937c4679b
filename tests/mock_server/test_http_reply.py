"""The bytes of a reply: how its head says where the body ends."""

import pytest

from mock_server.http_reply import Framing
from mock_server.http_request import HttpRequest
from mock_server.reply import ReplyPlan, TimedChunk

DATE = b"date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
EVENTS = (TimedChunk(b"data: 1\n\n"), TimedChunk(b"data: 2\n\n"))
WRITTEN = b"9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n"


@pytest.mark.parametrize(
    ("complete", "keep_alive", "connection", "end"),
    [
        (True, True, b"", b"0\r\n\r\n"),
        (True, False, b"connection: close\r\n", b"0\r\n\r\n"),
        (False, True, b"", b""),
        (False, False, b"", b""),
    ],
)
def test_a_reply_that_is_cut_does_not_announce_the_end_of_its_connection(
    complete: bool, keep_alive: bool, connection: bytes, end: bytes
) -> None:
    """Node's client takes what ends with an announced connection for whole, although the last chunk is missing."""
    request = HttpRequest("POST", "/v1/chat", {}, keep_alive=keep_alive)
    plan = ReplyPlan(200, {}, EVENTS, stream=True, complete=complete)
    framing = Framing(request, plan, date=DATE, keeps_alive=True)
    head = b"HTTP/1.1 200 OK\r\n" + DATE + b"transfer-encoding: chunked\r\n" + connection + b"\r\n"
    assert framing.whole(plan) == head + WRITTEN + end
    assert framing.keeps_alive is (complete and keep_alive)
