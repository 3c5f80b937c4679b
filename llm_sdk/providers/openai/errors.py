"""``LanguageModelError`` <-> the API's errors: whole answers, as in :mod:`llm_sdk.openai_errors`, and inside others."""

from llm_sdk.errors import StatusCodeError, status_error
from llm_sdk.openai_errors import decode_error, encode_error, is_exhausted, refuse_key
from llm_sdk.providers.openai import wire

__all__ = ["decode_error", "embedded_error", "encode_error", "refuse_key"]

# The status that a code stands for when it comes inside an answer or a stream of status 200.
WORD_STATUS = {
    "invalid_api_key": 401,
    "model_not_found": 404,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "credit_balance_exhausted": 429,
    "slow_down": 429,
    "server_error": 500,
    "server_overloaded": 503,
    "server_is_overloaded": 503,
    "vector_store_timeout": 504,
}


def embedded_error(error: wire.ResponseError) -> StatusCodeError:
    """An error inside an answer, or a stream, of status 200."""
    status = WORD_STATUS.get(error.code or "", 500 if error.code is None else 400)
    return status_error(status)(
        error.message,
        status_code=status,
        retryable=is_exhausted(error.code),
        code=error.code,
        body=error.model_dump_json(exclude_unset=True),
    )
