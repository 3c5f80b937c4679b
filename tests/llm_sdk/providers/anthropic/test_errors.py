"""Errors <-> bodies: the type for every status, what a proxy answers, and an error amid a stream."""

import json
from typing import Any

import pytest

from conformance.published import PublishedSchemas
from llm_sdk.codec import WireResponse
from llm_sdk.errors import (
    InvalidInputError,
    InvariantError,
    OverloadedError,
    RateLimitError,
    ServerError,
    StatusCodeError,
    UnsupportedError,
    status_error,
)
from providers.anthropic.given import CODEC, block, event, feed, reply, start

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "invalid_request_error",
    409: "conflict_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
    500: "api_error",
    503: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


@pytest.mark.parametrize(("status", "kind"), TYPES.items())
def test_every_status_in_the_words_of_the_api(published: PublishedSchemas, status: int, kind: str) -> None:
    error = status_error(status)("no", status_code=status, retry_after=1.5, request_id="req_1")
    written = CODEC.encode_error(error)
    body = {"type": "error", "error": {"type": kind, "message": "no"}, "request_id": "req_1"}
    assert (written.status, json.loads(written.body)) == (status, body)
    assert written.headers == {"content-type": "application/json", "request-id": "req_1", "retry-after": "1.5"}
    assert published.complaint("error", body) == ""

    read = CODEC.decode_error(written)
    assert isinstance(read, StatusCodeError)
    assert (type(read), read.message, read.code) == (type(error), "no", kind)


def test_too_large_a_request_is_refused_before_the_api(published: PublishedSchemas) -> None:
    written = CODEC.encode_error(StatusCodeError("Request exceeds the maximum size", status_code=413))
    body = {"error": {"type": "request_too_large", "message": "Request exceeds the maximum size"}}
    assert json.loads(written.body) == body
    assert published.complaint("error", body) == ""


def test_our_own_errors_are_bad_requests() -> None:
    for error in (InvalidInputError("Field required", path="model"), UnsupportedError("no", path="content[0]")):
        written = CODEC.encode_error(error)
        assert written.status == 400
        assert json.loads(written.body)["error"] == {"type": "invalid_request_error", "message": error.message}
    assert CODEC.encode_error(InvariantError("broken")).status == 500


@pytest.mark.parametrize(
    ("code", "retryable"),
    [("enforced_spend_limit_reached", False), ("ramp_limit_exceeded", None), (None, None)],
)
def test_the_finer_word(code: str | None, retryable: bool | None) -> None:
    """A limit that somebody has to raise first is not asked again."""
    details: Any = {"details": {"error_code": code}} if code else {"details": None}
    error = {"type": "rate_limit_error", "message": "no", **details}
    read = CODEC.decode_error(reply({"type": "error", "error": error}, 429))
    assert isinstance(read, RateLimitError)
    assert (read.code, read.retryable) == (code or "rate_limit_error", retryable)
    again = CODEC.decode_error(CODEC.encode_error(read))
    assert isinstance(again, RateLimitError)
    assert again.code == read.code


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "an answer of status 503 without a body"),
        (b"upstream connect error", "upstream connect error"),
        (b"<html>Bad gateway</html>", "<html>Bad gateway</html>"),
        (b'{"error":"busy"}', "busy"),
        (b'{"message":"busy"}', "busy"),
    ],
)
def test_whatever_the_body_is(body: bytes, message: str) -> None:
    read = CODEC.decode_error(WireResponse(503, body))
    assert isinstance(read, OverloadedError)
    assert read.message == message


IN_BAND = [
    ("overloaded_error", OverloadedError, 529),
    ("rate_limit_error", RateLimitError, 429),
    ("api_error", ServerError, 500),
    ("invalid_request_error", StatusCodeError, 400),
    ("error_of_tomorrow", ServerError, 500),
]


@pytest.mark.parametrize(("kind", "error", "status"), IN_BAND)
def test_an_error_amid_a_stream(kind: str, error: type[StatusCodeError], status: int) -> None:
    told = event("error", error={"type": kind, "message": "Sorry", "details": None}, request_id="req_1")
    text = block(0, {"type": "text", "text": ""}, {"type": "text_delta", "text": "so far"})
    with pytest.raises(error) as caught:
        feed(start(), *text, told)
    assert (caught.value.status_code, caught.value.message, caught.value.code) == (status, "Sorry", kind)
    assert (caught.value.provider, caught.value.request_id) == ("anthropic", "req_1")


@pytest.mark.parametrize(("kind", "retryable"), [("billing_error", False), ("overloaded_error", None)])
def test_whether_an_error_amid_a_stream_may_pass(kind: str, retryable: bool | None) -> None:
    """A bill that nobody has paid does not pass by itself; of any other error its status says it."""
    with pytest.raises(StatusCodeError) as caught:
        feed(start(), event("error", error={"type": kind, "message": "Sorry"}))
    assert caught.value.retryable is retryable


def test_an_error_in_place_of_an_answer() -> None:
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    with pytest.raises(OverloadedError, match="Overloaded"):
        CODEC.decode_response(reply(body))
