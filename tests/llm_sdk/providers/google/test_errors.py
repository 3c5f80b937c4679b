"""Errors: what is read of the provider's answers, and how each is written."""

import json
from typing import Any

import pytest

from conformance.published import PublishedSchemas
from llm_sdk.errors import (
    AuthenticationError,
    InvalidInputError,
    InvariantError,
    LanguageModelError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    StatusCodeError,
    status_error,
)
from providers.google.given import CODEC, reply

TYPE = "type.googleapis.com/google.rpc."
KEY_INVALID = {
    "error": {
        "code": 400,
        "message": "API key not valid. Please pass a valid API key.",
        "status": "INVALID_ARGUMENT",
        "details": [
            {"@type": TYPE + "ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"},
            {"@type": TYPE + "LocalizedMessage", "locale": "en-US", "message": "API key not valid."},
        ],
    }
}
QUOTA: dict[str, Any] = {
    "code": 429,
    "message": "You exceeded your current quota.",
    "status": "RESOURCE_EXHAUSTED",
    "details": [
        {"@type": TYPE + "QuotaFailure", "violations": [{"quotaId": "GenerateRequestsPerMinutePerProject"}]},
        {"@type": TYPE + "RetryInfo", "retryDelay": "34.4s"},
    ],
}


def decoded(body: Any, status: int) -> StatusCodeError:
    error = CODEC.decode_error(reply(body, status))
    assert isinstance(error, StatusCodeError)
    return error


def test_a_refused_key_has_status_400() -> None:
    error = decoded(KEY_INVALID, 400)
    assert (type(error), error.status_code, error.code) == (AuthenticationError, 400, "API_KEY_INVALID")
    assert error.message == "API key not valid. Please pass a valid API key."


def test_the_time_to_wait_stands_in_the_body() -> None:
    error = decoded([{"error": QUOTA}], 429)
    assert (type(error), error.code, error.retry_after, error.retryable) == (
        RateLimitError,
        "RESOURCE_EXHAUSTED",
        34.4,
        None,
    )


def test_a_quota_of_the_day_is_not_waited_for() -> None:
    failure = {"@type": TYPE + "QuotaFailure", "violations": [{"quotaId": "GenerateRequestsPerDayPerProject"}]}
    assert decoded({"error": {**QUOTA, "details": [failure]}}, 429).retryable is False


def test_the_field_that_is_wrong() -> None:
    violation = {"field": "contents[0].parts", "description": "must not be empty"}
    details = [{"@type": TYPE + "BadRequest", "fieldViolations": [violation]}]
    assert decoded({"error": {"message": "no", "details": details}}, 400).param == "contents[0].parts"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "an answer of status 502 without a body"),
        (b"<html>Bad Gateway</html>", "<html>Bad Gateway</html>"),
        ({"error": "down"}, "down"),
        ({"error": {"message": "down", "details": "?"}}, "down"),
    ],
)
def test_a_body_that_is_not_the_providers(body: Any, message: str) -> None:
    error = decoded(body, 502)
    assert (type(error), error.message) == (ServerError, message)


WRITTEN: dict[int, tuple[str, type[StatusCodeError]]] = {
    400: ("INVALID_ARGUMENT", StatusCodeError),
    401: ("UNAUTHENTICATED", AuthenticationError),
    403: ("PERMISSION_DENIED", PermissionDeniedError),
    404: ("NOT_FOUND", NotFoundError),
    413: ("INVALID_ARGUMENT", StatusCodeError),
    422: ("INVALID_ARGUMENT", StatusCodeError),
    429: ("RESOURCE_EXHAUSTED", RateLimitError),
    500: ("INTERNAL", ServerError),
    503: ("UNAVAILABLE", OverloadedError),
    529: ("UNAVAILABLE", OverloadedError),
}


@pytest.mark.parametrize(("status", "word", "kind"), [(status, *rest) for status, rest in WRITTEN.items()])
def test_each_status_in_the_providers_words(
    status: int, word: str, kind: type[StatusCodeError], published: PublishedSchemas
) -> None:
    given = status_error(status)("as asked", status_code=status, code="A_REASON", param="contents", retry_after=1.5)
    written = CODEC.encode_error(given)
    body = json.loads(written.body)
    assert published.complaint("error", body) == ""
    assert (written.status, written.headers) == (status, {"content-type": "application/json; charset=UTF-8"})
    assert body["error"] == {
        "code": status,
        "message": "as asked",
        "status": word,
        "details": [
            {
                "@type": TYPE + "ErrorInfo",
                "reason": "A_REASON",
                "domain": "googleapis.com",
                "metadata": {"service": "generativelanguage.googleapis.com"},
            },
            {
                "@type": TYPE + "BadRequest",
                "fieldViolations": [{"field": "contents", "description": "as asked"}],
            },
            {"@type": TYPE + "RetryInfo", "retryDelay": "1.5s"},
        ],
    }
    read = decoded(body, status)
    assert type(read) is kind
    assert (read.message, read.code, read.param, read.retry_after) == ("as asked", "A_REASON", "contents", 1.5)


@pytest.mark.parametrize(
    ("error", "status", "word"),
    [
        (InvalidInputError("no", path="contents"), 400, "INVALID_ARGUMENT"),
        (StatusCodeError("no", status_code=400, code="FAILED_PRECONDITION"), 400, "FAILED_PRECONDITION"),
        (InvariantError("no"), 500, "INTERNAL"),
    ],
)
def test_other_errors(error: LanguageModelError, status: int, word: str) -> None:
    written = CODEC.encode_error(error)
    body = json.loads(written.body)["error"]
    assert (written.status, body["code"], body["message"], body["status"]) == (status, status, "no", word)
    assert written.body.startswith(b'{\n  "error": {\n')
