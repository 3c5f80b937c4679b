"""Errors inside an answer of status 200: their words stand for a status. Whole error answers: test_openai_errors.py."""

from typing import Any

import pytest

from llm_sdk.errors import RateLimitError, status_error
from llm_sdk.providers.openai_chat_completion import wire
from llm_sdk.providers.openai_chat_completion.errors import WORD_STATUS, embedded_error


@pytest.mark.parametrize("word", WORD_STATUS)
@pytest.mark.parametrize("field", ["code", "type"])
def test_a_word_stands_for_a_status(field: str, word: str) -> None:
    error = embedded_error(wire.Error.model_validate({"message": "No.", field: word}))
    assert type(error) is status_error(WORD_STATUS[word])
    assert (error.status_code, error.code, error.message) == (WORD_STATUS[word], word, "No.")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"code": 429}, 429),
        ({"code": "model_not_found", "status": 503}, 503),
        ({"code": 42}, 500),
        ({"code": "of_tomorrow"}, 500),
        ({}, 500),
    ],
)
def test_the_status_of_the_server_behind_it_outranks_a_word(fields: dict[str, Any], status: int) -> None:
    assert embedded_error(wire.Error.model_validate({"message": "No.", **fields})).status_code == status


def test_an_error_may_be_a_sentence_or_say_nothing() -> None:
    assert embedded_error("out of memory").message == "out of memory"
    assert embedded_error(wire.Error()).message == "the answer reports an error and gives no message"


def test_an_account_that_is_used_up_is_not_asked_again() -> None:
    error = embedded_error(wire.Error(code="insufficient_quota", message="No."))
    assert isinstance(error, RateLimitError)
    assert error.retryable is False
