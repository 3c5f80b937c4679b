"""``LanguageModelError`` <-> ``{"type": "error", "error": {"type", "message"}, "request_id"}``, keyed on status and
type."""

from collections.abc import Sequence

from llm_sdk.codec import WireResponse, dump_json
from llm_sdk.error_body import read_error_body
from llm_sdk.errors import (
    AuthenticationError,
    InvalidInputError,
    LanguageModelError,
    StatusCodeError,
    UnsupportedError,
    status_error,
)
from llm_sdk.providers.anthropic import wire
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import JsonObject

# The type that comes with a status (recorded for 400, 401, 404, 429 and 529, documented for the others).
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
# The status that a type stands for when it comes inside a stream of status 200.
WORD_STATUS = {type: status for status, type in TYPES.items()}
TOO_LARGE = 413
# Asking again does not help: a limit has to be raised first (documented).
EXHAUSTED = frozenset(
    {"billing_error", "contract_spend_limit_reached", "enforced_spend_limit_reached", "organization_on_hold"}
)


def decode_error(reply: WireResponse) -> StatusCodeError:
    """Any answer that is not 2xx, whatever its body is."""
    body = read_error_body(reply)
    details = body.fields.get("details")
    code = _code(body.word("type"), details if isinstance(details, dict) else None)
    return status_error(reply.status)(
        body.message,
        status_code=reply.status,
        retryable=False if code in EXHAUSTED else None,
        code=code,
        body=body.text,
    )


def embedded_error(error: wire.Error, request_id: str | None = None) -> StatusCodeError:
    """An error inside an answer, or a stream, of status 200."""
    status = WORD_STATUS.get(error.type, 500)
    code = _code(error.type, error.details)
    return status_error(status)(
        error.message,
        status_code=status,
        retryable=False if code in EXHAUSTED else None,
        code=code,
        body=error.model_dump_json(exclude_unset=True),
        request_id=request_id,
    )


def _code(type: str | None, details: JsonObject | None) -> str | None:
    finer = (details or {}).get("error_code")
    return finer if isinstance(finer, str) and finer else type


def encode_error(error: LanguageModelError) -> WireResponse:
    """The provider's answer for an error; what is not its own becomes a 500."""
    headers = {"content-type": "application/json"}
    if isinstance(error, StatusCodeError):
        status, code = error.status_code, error.code
        if error.retry_after is not None:
            headers["retry-after"] = f"{error.retry_after:g}"
    else:
        status = 400 if isinstance(error, InvalidInputError | UnsupportedError) else 500
        code = None
    if error.request_id is not None:
        headers["request-id"] = error.request_id
    body: JsonObject = {"error": describe_error(status, error.message, code)}
    if status != TOO_LARGE:
        # That one comes from the edge, before the API (reported).
        body = {"type": "error", **body, "request_id": error.request_id}
    return WireResponse(status, dump_json(body), headers)


def error_events(error: LanguageModelError, sent: Sequence[bytes]) -> list[ServerSentEvent]:  # noqa: ARG001 - the contract's
    """How a stream that began well ends in an error (documented)."""
    status, code = (error.status_code, error.code) if isinstance(error, StatusCodeError) else (500, None)
    described = {**describe_error(status, error.message, code), "details": None}
    data = {"type": "error", "error": described, "request_id": error.request_id}
    return [ServerSentEvent(dump_json(data), "error")]


def refuse_key(key: str | None) -> StatusCodeError:
    """What the API says of a key that it does not know (recorded), or of none."""
    message = "x-api-key header is required" if key is None else "invalid x-api-key"
    return AuthenticationError(message, status_code=401)


def describe_error(status: int, message: str, code: str | None = None) -> JsonObject:
    """The error object. A word that is none of the types is the finer one."""
    type = TYPES.get(status, TYPES[400] if status < 500 else TYPES[500])
    if code is None or code in WORD_STATUS:
        return {"type": code or type, "message": message}
    return {"type": type, "message": message, "details": {"error_code": code}}
