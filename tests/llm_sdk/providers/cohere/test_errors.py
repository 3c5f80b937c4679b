"""Answers that are not 2xx, whatever their body is, and those that are written."""

import json
from typing import Any

import pytest

from llm_sdk.errors import (
    InvalidInputError,
    InvariantError,
    LanguageModelError,
    NotFoundError,
    RateLimitError,
    StatusCodeError,
    status_error,
)
from providers.cohere.given import CODEC, reply

ID = "2da0d1db-941a-4db3-ba16-436533566b78"
NOT_FOUND = "model 'x' not found, make sure the correct model ID was used and that you have access to the model."
BODIES: list[tuple[int, Any, str]] = [
    (404, {"id": ID, "message": NOT_FOUND}, NOT_FOUND),
    (401, {"message": "invalid api token"}, "invalid api token"),
    (403, b"<html>Forbidden</html>", "<html>Forbidden</html>"),
    (500, b"", "an answer of status 500 without a body"),
    (498, {"id": ID, "message": "blocked"}, "blocked"),
]


@pytest.mark.parametrize(("status", "body", "message"), BODIES)
def test_an_error_is_read(status: int, body: Any, message: str) -> None:
    error = CODEC.decode_error(reply(body, status))
    assert type(error) is status_error(status)
    assert error.message == message


@pytest.mark.parametrize(
    ("message", "retryable"),
    [
        ("You are using a Trial key, which is limited to 40 API calls / minute.", None),
        ("You are using a Trial key, which is limited to 1000 API calls / month.", False),
    ],
)
def test_a_key_that_is_used_up_for_the_month_is_not_tried_again(message: str, retryable: bool | None) -> None:
    error = CODEC.decode_error(reply({"message": message}, 429))
    assert isinstance(error, RateLimitError)
    assert error.retryable is retryable


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 429, 500, 503, 529])
def test_an_error_that_is_written_is_read_again(status: int) -> None:
    written = CODEC.encode_error(status_error(status)("as asked", status_code=status))
    body = json.loads(written.body)
    assert body.pop("message") == "as asked"
    assert set(body) == (set() if status == 401 else {"id"})
    error = CODEC.decode_error(written)
    assert (type(error), error.message) == (status_error(status), "as asked")


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (InvalidInputError("is required", path="messages"), 400, "is required"),
        (InvariantError("broken"), 500, "broken"),
        (NotFoundError("gone", status_code=404), 404, "gone"),
    ],
)
def test_every_error_has_an_answer(error: LanguageModelError, status: int, message: str) -> None:
    written = CODEC.encode_error(error)
    assert (written.status, json.loads(written.body)["message"]) == (status, message)


@pytest.mark.parametrize(
    ("seconds", "header"), [(2.0, {"retry-after": "2"}), (0.5, {"retry-after-ms": "500"}), (None, {})]
)
def test_how_long_to_wait(seconds: float | None, header: dict[str, str]) -> None:
    error = StatusCodeError("x", status_code=429, retry_after=seconds, request_id="a-trace")
    headers = dict(CODEC.encode_error(error).headers)
    assert headers.pop("x-debug-trace-id") == "a-trace"
    assert headers == {"content-type": "application/json", **header}
