"""The error bodies of the API, read and written, and errors inside answers of status 200."""

import json
from typing import Any

import pytest

from conformance.published import PublishedSchemas
from llm_sdk.codec import dump_json
from llm_sdk.errors import LanguageModelError, StatusCodeError, UnsupportedError, status_error
from llm_sdk.sse import ServerSentEvent
from providers.mistral.given import CODEC, chunk, feed, reply

OWN_SHAPE = {
    "object": "error",
    "message": "Invalid model: m",
    "type": "invalid_model",
    "param": None,
    "code": "1500",
    "raw_status_code": 400,
}
COMPLAINT = {"type": "extra_forbidden", "loc": ["body", "messages", 0, "x"], "msg": "Extra inputs", "input": 1}
# Status and body, and what is read of them: message, code, param.
ERRORS: dict[str, tuple[int, Any, tuple[str, str | None, str | None]]] = {
    "own shape": (400, OWN_SHAPE, ("Invalid model: m", "1500", None)),
    "number as its code": (400, {**OWN_SHAPE, "code": 1500}, ("Invalid model: m", "1500", None)),
    "no code": (400, {**OWN_SHAPE, "code": None}, ("Invalid model: m", "invalid_model", None)),
    "rate limit": (
        429,
        {**OWN_SHAPE, "message": "Rate limit exceeded", "type": "rate_limited", "code": "1300"},
        ("Rate limit exceeded", "1300", None),
    ),
    "complaints": (
        422,
        {"detail": [COMPLAINT, COMPLAINT]},
        ("messages[0].x: Extra inputs", "extra_forbidden", "messages[0].x"),
    ),
    "complaints inside a message": (
        422,
        {**OWN_SHAPE, "message": {"detail": [COMPLAINT]}, "code": None},
        ("messages[0].x: Extra inputs", "invalid_model", "messages[0].x"),
    ),
    "sentence of the framework": (401, {"detail": "Invalid API Key"}, ("Invalid API Key", None, None)),
    "gateway": (401, {"message": "Unauthorized", "request_id": "r"}, ("Unauthorized", None, None)),
    "gateway's limit": (429, {"message": "Requests rate limit exceeded"}, ("Requests rate limit exceeded", None, None)),
    "HTML": (502, b"<html>", ("<html>", None, None)),
    "nothing": (503, b"", ("an answer of status 503 without a body", None, None)),
    "odd detail": (422, {"detail": [1]}, ('{"detail":[1]}', None, None)),
}


@pytest.mark.parametrize(("status", "body", "told"), ERRORS.values(), ids=ERRORS)
def test_errors_are_read(status: int, body: Any, told: Any) -> None:
    error = CODEC.decode_error(reply(body, status))
    assert isinstance(error, StatusCodeError)
    assert type(error) is status_error(status)
    assert (error.message, error.code, error.param) == told
    assert error.status_code == status


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 429, 500, 502, 503, 529])
def test_errors_are_written_as_the_provider_does(status: int, published: PublishedSchemas) -> None:
    error = status_error(status)("as asked", status_code=status, retry_after=2, request_id="r")
    written = CODEC.encode_error(error)
    body = json.loads(written.body)
    assert published.complaint("error", body) == ""
    assert (written.status, written.headers["retry-after"]) == (status, "2")
    assert written.headers["mistral-correlation-id"] == "r"
    read = CODEC.decode_error(written)
    assert (read.message, type(read)) == ("as asked", status_error(status))


def test_what_is_no_answer_of_the_provider_becomes_one() -> None:
    assert CODEC.encode_error(LanguageModelError("broken")).status == 500
    refused = CODEC.encode_error(UnsupportedError("not here", path="a.b"))
    assert json.loads(refused.body) == {
        "object": "error",
        "message": "a.b: not here",
        "type": "invalid_request_invalid_args",
        "param": None,
        "code": "3051",
        "raw_status_code": 400,
    }


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 400),
        ({"raw_status_code": 429}, 429),
        ({"raw_status_code": None, "type": "rate_limited"}, 429),
        ({"raw_status_code": None, "type": "of tomorrow"}, 500),
    ],
)
def test_an_error_in_spite_of_its_status(fields: Any, status: int) -> None:
    body = dump_json({**OWN_SHAPE, **fields})
    for act in (
        lambda: CODEC.decode_response(reply(body)),
        lambda: feed(chunk({"content": "Hi"}), ServerSentEvent(body)),
    ):
        with pytest.raises(status_error(status)) as caught:
            act()
        assert isinstance(caught.value, StatusCodeError)
        assert (caught.value.message, caught.value.status_code) == ("Invalid model: m", status)
