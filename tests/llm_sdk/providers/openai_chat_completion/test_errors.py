"""Errors in the provider's own words, in both directions."""

import json

import pytest

from llm_sdk.errors import InvalidInputError, InvariantError, StatusCodeError, status_error
from providers.openai_chat_completion.given import CODEC, reply

# What comes with a status where nothing else is asked for.
WORDS = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("request_forbidden", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"),
    413: ("invalid_request_error", None),
    422: ("invalid_request_error", None),
    429: ("requests", "rate_limit_exceeded"),
    500: ("server_error", None),
    503: ("service_unavailable_error", "server_is_overloaded"),
    529: ("server_error", None),
}


@pytest.mark.parametrize("status", WORDS)
def test_written_and_read(status: int) -> None:
    kind, code = WORDS[status]
    written = CODEC.encode_error(status_error(status)("not like this", status_code=status, retry_after=1.5))
    body = {"error": {"message": "not like this", "type": kind, "param": None, "code": code}}
    assert (written.status, json.loads(written.body)) == (status, body)
    assert written.body == json.dumps(body, indent=2).encode()
    assert written.headers == {"content-type": "application/json", "retry-after": "1.5"}
    error = CODEC.decode_error(written)
    assert type(error) is status_error(status)
    assert isinstance(error, StatusCodeError)
    assert (error.message, error.code) == ("not like this", code or kind)


def test_what_the_client_did_wrong_is_a_400_with_the_place() -> None:
    written = CODEC.encode_error(InvalidInputError("Missing required parameter: 'messages'.", path="messages"))
    assert json.loads(written.body)["error"] == {
        "message": "Missing required parameter: 'messages'.",
        "type": "invalid_request_error",
        "param": "messages",
        "code": None,
    }
    assert written.status == 400
    assert CODEC.encode_error(InvariantError("no idea")).status == 500


@pytest.mark.parametrize("code", ["insufficient_quota", "credit_balance_exhausted"])
def test_an_account_that_is_used_up_is_not_asked_again(code: str) -> None:
    error = CODEC.decode_error(reply({"error": {"message": "m", "type": code, "code": code, "param": None}}, 429))
    assert isinstance(error, StatusCodeError)
    assert error.retryable is False
