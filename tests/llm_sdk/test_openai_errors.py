"""Error answers of OpenAI's API, alike in both of its protocols: the class by status, the provider's own message, the
exact body that is written."""

import json
from typing import Any

import pytest

from conformance.published import DEFAULT_FOLDER, load_schemas
from llm_sdk.codec import Codec, WireResponse, dump_json
from llm_sdk.errors import (
    AuthenticationError,
    ConnectionFailedError,
    InvalidInputError,
    InvariantError,
    LanguageModelError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    StatusCodeError,
    TimedOutError,
    UnsupportedError,
)
from llm_sdk.registry import get_codec


@pytest.fixture(params=["openai", "openai-chat-completion"])
def codec(request: pytest.FixtureRequest) -> Codec:
    return get_codec(request.param)


def reply(body: Any, status: int) -> WireResponse:
    """An answer with a body of JSON, or of bytes as they are."""
    return WireResponse(status, body if isinstance(body, bytes) else dump_json(body))


def body(message: str, type: str | None, param: str | None, code: str | None) -> dict[str, Any]:
    return {"error": {"message": message, "type": type, "param": param, "code": code}}


INVALID = "invalid_request_error"
# Status, body, class, code and parameter; the first three bodies are recorded.
READ: dict[str, tuple[int, dict[str, Any], type[StatusCodeError], str | None, str | None]] = {
    "temperature": (
        400,
        body("Invalid 'temperature': decimal below minimum value.", INVALID, "temperature", "decimal_below_min_value"),
        StatusCodeError,
        "decimal_below_min_value",
        "temperature",
    ),
    "model": (
        400,
        body("The requested model 'gpt-x' does not exist.", INVALID, "model", "model_not_found"),
        StatusCodeError,
        "model_not_found",
        "model",
    ),
    "key": (
        401,
        body("Incorrect API key provided: sk-***.", INVALID, None, "invalid_api_key"),
        AuthenticationError,
        "invalid_api_key",
        None,
    ),
    "no key": (401, body("You didn't provide an API key.", INVALID, None, None), AuthenticationError, INVALID, None),
    "country": (
        403,
        body("Country, region, or territory not supported", "request_forbidden", None, "unsupported_country"),
        PermissionDeniedError,
        "unsupported_country",
        None,
    ),
    "not found": (404, body("No such response.", INVALID, None, None), NotFoundError, INVALID, None),
    "too slow": (408, body("Request timed out.", None, None, None), StatusCodeError, None, None),
    "conflict": (409, body("Locked.", INVALID, None, "locked"), StatusCodeError, "locked", None),
    "limit": (
        429,
        body("Rate limit reached. Please try again in 174ms.", "tokens", None, "rate_limit_exceeded"),
        RateLimitError,
        "rate_limit_exceeded",
        None,
    ),
    "quota": (
        429,
        body("You exceeded your current quota.", "insufficient_quota", None, "insufficient_quota"),
        RateLimitError,
        "insufficient_quota",
        None,
    ),
    "server": (500, body("The server had an error.", "server_error", None, None), ServerError, "server_error", None),
    "gateway": (502, body("Bad gateway.", None, None, None), ServerError, None, None),
    "overloaded": (
        503,
        body("Overloaded.", "service_unavailable_error", None, "server_is_overloaded"),
        OverloadedError,
        "server_is_overloaded",
        None,
    ),
    "overloaded elsewhere": (529, body("Overloaded.", None, None, None), OverloadedError, None, None),
}  # fmt: skip


@pytest.mark.parametrize(("status", "wired", "error", "code", "param"), READ.values(), ids=READ)
def test_an_error_answer_is_an_error_of_its_status(
    codec: Codec, status: int, wired: dict[str, Any], error: type[StatusCodeError], code: str | None, param: str | None
) -> None:
    read = codec.decode_error(reply(wired, status))
    assert isinstance(read, StatusCodeError)
    assert type(read) is error
    assert (read.message, read.status_code, read.code, read.param) == (wired["error"]["message"], status, code, param)
    assert json.loads(read.body) == wired


@pytest.mark.parametrize(("status", "wired", "error", "code", "param"), READ.values(), ids=READ)
def test_an_error_that_is_written_again_reads_as_the_same(
    codec: Codec, status: int, wired: dict[str, Any], error: type[StatusCodeError], code: str | None, param: str | None
) -> None:
    first = codec.decode_error(reply(wired, status))
    again = codec.decode_error(codec.encode_error(first))
    assert isinstance(again, StatusCodeError)
    assert (type(again), again.message, again.status_code, again.param) == (error, first.message, status, param)
    assert code is None or again.code == code


# What stands before the provider answers in its own way.
FOREIGN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "502"),
    "HTML": (b"<html><h1>502 Bad Gateway</h1></html>", "<html><h1>502 Bad Gateway</h1></html>"),
    "plain text": (b"  upstream connect error\n", "upstream connect error"),
    "a string": (b'"upstream connect error"', "upstream connect error"),
    "a string as the error": (b'{"error":"upstream connect error"}', "upstream connect error"),
    "a message alone": (b'{"message":"upstream connect error"}', "upstream connect error"),
    "a list": (b'[{"error":{"message":"upstream connect error","code":"x"}}]', "upstream connect error"),
    "an empty object": (b"{}", "{}"),
    "null": (b"null", "null"),
    "an error of numbers": (b'{"error":{"message":5,"code":5,"param":[],"type":{}}}', '{"error":{"message":5'),
    "not UTF-8": (b"caf\xe9", "caf\N{REPLACEMENT CHARACTER}"),
    "half": (b'{"error":{"message":"upst', '{"error":{"message":"upst'),
    "long": (b"x" * 10_000, "xxx"),
}


@pytest.mark.parametrize(("data", "part"), FOREIGN.values(), ids=FOREIGN)
def test_any_body_makes_an_error_that_shows_it(codec: Codec, data: bytes, part: str) -> None:
    read = codec.decode_error(reply(data, 502))
    assert type(read) is ServerError
    assert part in read.message
    assert len(read.message) <= 1000
    assert read.body == data.decode("utf-8", "replace")


def test_a_body_without_a_bottom_makes_an_error_too(codec: Codec) -> None:
    assert codec.decode_error(reply(b"[" * 100_000, 502)).message.startswith("[[[")


@pytest.mark.parametrize("status", [300, 402, 418, 422, 451, 499, 504, 520, 599])
def test_a_status_without_a_class_of_its_own(codec: Codec, status: int) -> None:
    read = codec.decode_error(reply(body("No.", None, None, None), status))
    assert type(read) is (ServerError if status >= 500 else StatusCodeError)


@pytest.mark.parametrize(
    ("code", "retryable"),
    [("insufficient_quota", False), ("credit_balance_exhausted", False), ("rate_limit_exceeded", None), (None, None)],
)
def test_an_account_that_is_used_up_is_not_asked_again(codec: Codec, code: str | None, retryable: bool | None) -> None:
    read = codec.decode_error(reply(body("No.", "tokens", None, code), 429))
    assert isinstance(read, StatusCodeError)
    assert read.retryable is retryable


# Errors and what is written for them: status, type, parameter, code.
WRITTEN: dict[str, tuple[LanguageModelError, int, str, str | None, str | None]] = {
    "invalid input": (InvalidInputError("no such role", path="input[0].role"), 400, INVALID, "input[0].role", None),
    "invalid input without a path": (InvalidInputError("No."), 400, INVALID, None, None),
    "unsupported": (UnsupportedError("no sound", path="input[0]"), 400, INVALID, "input[0]", None),
    "bad request": (StatusCodeError("No.", status_code=400, param="model", code="x"), 400, INVALID, "model", "x"),
    "key": (AuthenticationError("No.", status_code=401), 401, INVALID, None, "invalid_api_key"),
    "permission": (
        PermissionDeniedError("No.", status_code=403),
        403,
        "request_forbidden",
        None,
        "unsupported_country_region_territory",
    ),
    "not found": (NotFoundError("No.", status_code=404), 404, INVALID, None, "model_not_found"),
    "limit": (RateLimitError("Zu schnell für uns.", status_code=429), 429, "requests", None, "rate_limit_exceeded"),
    "too large": (StatusCodeError("No.", status_code=413), 413, INVALID, None, None),
    "unprocessable": (StatusCodeError("No.", status_code=422), 422, INVALID, None, None),
    "overloaded elsewhere": (OverloadedError("No.", status_code=529), 529, "server_error", None, None),
    "teapot": (StatusCodeError("No.", status_code=418), 418, INVALID, None, None),
    "server": (ServerError("No.", status_code=500), 500, "server_error", None, None),
    "gateway": (ServerError("No.", status_code=504), 504, "server_error", None, None),
    "overloaded": (
        OverloadedError("No.", status_code=503),
        503,
        "service_unavailable_error",
        None,
        "server_is_overloaded",
    ),
    "broken protocol": (InvariantError("No."), 500, "server_error", None, None),
    "no connection": (ConnectionFailedError("No."), 500, "server_error", None, None),
    "too late": (TimedOutError("No."), 500, "server_error", None, None),
}  # fmt: skip


@pytest.mark.parametrize(("error", "status", "type", "param", "code"), WRITTEN.values(), ids=WRITTEN)
def test_an_error_is_written_as_the_provider_does(
    codec: Codec, error: LanguageModelError, status: int, type: str, param: str | None, code: str | None
) -> None:
    written = codec.encode_error(error)
    message = error.message.removeprefix(f"{param}: ")
    assert written.status == status
    assert written.headers == {"content-type": "application/json"}
    assert written.body.decode() == json.dumps(body(message, type, param, code), indent=2, ensure_ascii=False)


@pytest.mark.parametrize("error", [row[0] for row in WRITTEN.values()], ids=WRITTEN)
def test_the_published_schema_accepts_the_error(codec: Codec, error: LanguageModelError) -> None:
    published = load_schemas(codec.provider, DEFAULT_FOLDER)
    if "error" not in published.kinds:
        pytest.skip("no published schema of an error is at hand: see ../shared/specs beside this checkout")
    assert published.complaint("error", json.loads(codec.encode_error(error).body)) == ""


@pytest.mark.parametrize(("wait", "header"), [(2, "2"), (0.5, "0.5"), (0, "0"), (120.0, "120")])
def test_the_time_to_wait_and_the_request_stand_in_the_headers(codec: Codec, wait: float, header: str) -> None:
    error = RateLimitError("Slow down.", status_code=429, retry_after=wait, request_id="req_1", provider="openai")
    assert codec.encode_error(error).headers == {
        "content-type": "application/json",
        "retry-after": header,
        "x-request-id": "req_1",
    }
