"""``LanguageModelError`` <-> the API's errors: whole answers, as in :mod:`llm_sdk.openai_errors`, and inside others."""

from typing import Any

from pydantic_core import from_json

from llm_sdk.errors import StatusCodeError, status_error
from llm_sdk.openai_errors import decode_error, encode_error, is_exhausted, refuse_key
from llm_sdk.providers.openai_chat_completion import wire

__all__ = ["bare_error", "decode_error", "embedded_error", "encode_error", "refuse_key"]

# The status that a code or a type stands for when it comes inside an answer or a stream of status 200.
WORD_STATUS = {
    "invalid_request_error": 400,
    "content_filter": 400,
    "context_length_exceeded": 400,
    "invalid_api_key": 401,
    "model_not_found": 404,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "credit_balance_exhausted": 429,
    "slow_down": 429,
    "model_error": 500,
    "server_error": 500,
    "server_is_overloaded": 503,
    "service_unavailable_error": 503,
}


# Where servers that have no error object put its message (FastAPI: detail).
BARE_MESSAGES = ("message", "detail")


def bare_error(data: bytes) -> wire.Error | None:
    """The error in a body without choices that is the error object itself, as vLLM and proxies write it; None for
    any other body."""
    try:
        body: Any = from_json(data)
    except ValueError:
        return None
    texts = [body.get(name) for name in BARE_MESSAGES] if isinstance(body, dict) else []
    message = next((text for text in texts if isinstance(text, str) and text), None)
    return wire.Error(**{name: body.get(name) for name in ("code", "type")}, message=message) if message else None


def embedded_error(error: wire.Error | str) -> StatusCodeError:
    """An error inside an answer, or a stream, of status 200."""
    if isinstance(error, str):
        error = wire.Error(message=error)
    code = next((word for word in (error.code, error.type) if isinstance(word, str) and word), None)
    status = _embedded_status(error)
    return status_error(status)(
        error.message or "the answer reports an error and gives no message",
        status_code=status,
        retryable=is_exhausted(code),
        code=code,
        body=error.model_dump_json(exclude_unset=True),
    )


def _embedded_status(error: wire.Error) -> int:
    """OpenRouter gives the upstream's status as the code, Azure gives it beside the code (recorded)."""
    for status in (error.status, error.code):
        if isinstance(status, int) and 400 <= status < 600:
            return status
    words = (WORD_STATUS[word] for word in (error.code, error.type) if isinstance(word, str) and word in WORD_STATUS)
    return next(words, 500)
