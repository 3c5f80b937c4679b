"""``LanguageModelError`` <-> ``{"error": {"message", "type", "param", "code"}}``, keyed on status and code."""

import json

from llm_sdk.codec import WireResponse
from llm_sdk.error_body import read_error_body
from llm_sdk.errors import (
    InvalidInputError,
    LanguageModelError,
    StatusCodeError,
    UnsupportedError,
    status_error,
)
from llm_sdk.providers.openai_chat_completion import wire

# type and code that come with a status (recorded for 400, 401 and 404, documented for the others)
WORDS: dict[int, tuple[str, str | None]] = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("request_forbidden", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
    500: ("server_error", None),
    503: ("service_unavailable_error", "server_is_overloaded"),
}
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
# Asking again does not help: the account has to be topped up first (documented).
EXHAUSTED = frozenset({"insufficient_quota", "credit_balance_exhausted"})


def decode_error(reply: WireResponse) -> StatusCodeError:
    """Any answer that is not 2xx, whatever its body is: some servers answer ``{"error": "a sentence"}``."""
    body = read_error_body(reply)
    code = body.word("code") or body.word("type")
    return status_error(reply.status)(
        body.message,
        status_code=reply.status,
        retryable=False if code in EXHAUSTED else None,
        code=code,
        param=body.word("param"),
        body=body.text,
    )


def embedded_error(error: wire.Error | str) -> StatusCodeError:
    """An error inside an answer, or a stream, of status 200."""
    if isinstance(error, str):
        error = wire.Error(message=error)
    code = next((word for word in (error.code, error.type) if isinstance(word, str) and word), None)
    status = _embedded_status(error)
    return status_error(status)(
        error.message or "the answer reports an error and gives no message",
        status_code=status,
        retryable=False if code in EXHAUSTED else None,
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


def encode_error(error: LanguageModelError) -> WireResponse:
    """The provider's answer for an error; what is not its own becomes a 500."""
    headers = {"content-type": "application/json"}
    if isinstance(error, StatusCodeError):
        status, param, code = error.status_code, error.param, error.code
        if error.retry_after is not None:
            headers["retry-after"] = f"{error.retry_after:g}"
    else:
        status = 400 if isinstance(error, InvalidInputError | UnsupportedError) else 500
        param, code = getattr(error, "path", "") or None, None
    message = error.message.removeprefix(f"{param}: ")
    if error.request_id is not None:
        headers["x-request-id"] = error.request_id
    kind, default_code = WORDS.get(status, WORDS[400] if status < 500 else WORDS[500])
    body = {"error": {"message": message, "type": kind, "param": param, "code": code or default_code}}
    return WireResponse(status, json.dumps(body, indent=2, ensure_ascii=False).encode(), headers)
