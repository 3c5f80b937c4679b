"""Errors inside an answer of status 200: their codes stand for a status. Whole error answers: test_openai_errors.py."""

import pytest

from llm_sdk.errors import RateLimitError, ServerError, StatusCodeError, status_error
from llm_sdk.providers.openai import wire
from llm_sdk.providers.openai.errors import WORD_STATUS, embedded_error


@pytest.mark.parametrize("code", WORD_STATUS)
def test_a_code_stands_for_a_status(code: str) -> None:
    error = embedded_error(wire.ResponseError(code=code, message="No."))
    assert type(error) is status_error(WORD_STATUS[code])
    assert (error.status_code, error.code, error.message) == (WORD_STATUS[code], code, "No.")


@pytest.mark.parametrize(("code", "status"), [(None, 500), ("invalid_image", 400)])
def test_no_code_is_the_fault_of_the_server_and_an_unknown_one_that_of_the_request(
    code: str | None, status: int
) -> None:
    error = embedded_error(wire.ResponseError(code=code, message="No."))
    assert type(error) is (ServerError if status == 500 else StatusCodeError)
    assert error.status_code == status


def test_an_account_that_is_used_up_is_not_asked_again() -> None:
    error = embedded_error(wire.ResponseError(code="insufficient_quota", message="No."))
    assert isinstance(error, RateLimitError)
    assert error.retryable is False
