"""``LanguageModelError`` <-> ``{"error": {"code", "message", "status", "details"}}``, keyed on status and reason."""

import re
from collections.abc import Iterator
from typing import Any

from llm_sdk.codec import WireResponse, dump_json
from llm_sdk.error_body import read_error_body
from llm_sdk.errors import (
    AuthenticationError,
    InvalidInputError,
    LanguageModelError,
    PermissionDeniedError,
    StatusCodeError,
    UnsupportedError,
    status_error,
)
from llm_sdk.providers.google import wire
from llm_sdk.types import JsonObject

# The word of a status (google.rpc.Code); 400, 401, 404 and 429 are recorded.
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    402: "RESOURCE_EXHAUSTED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
    529: "UNAVAILABLE",
}
WORDS = frozenset(STATUSES.values()) | {"FAILED_PRECONDITION", "OUT_OF_RANGE", "ALREADY_EXISTS", "DATA_LOSS", "UNKNOWN"}
TYPE = "type.googleapis.com/google.rpc."
LOCALIZED_MESSAGE = "LocalizedMessage"
ERROR_INFO, RETRY_INFO, BAD_REQUEST, QUOTA_FAILURE = "ErrorInfo", "RetryInfo", "BadRequest", "QuotaFailure"
DOMAIN = "googleapis.com"
SERVICE = "generativelanguage.googleapis.com"
KEY_INVALID = "API_KEY_INVALID"
WRONG_KEY = "API key not valid. Please pass a valid API key."
NO_KEY = (
    "Method doesn't allow unregistered callers (callers without established identity). "
    "Please use API Key or other form of API consumer identity to call this API."
)
SECONDS = re.compile(r"(\d+(?:\.\d+)?)s")
# The reason of a refused key, whose status is 400 (recorded).
KEY_REFUSED = "API_KEY_INVALID"
UNKNOWN_FIELD = "unknown_field"
"""The code of a complaint about a field that the API does not have. It is not told."""
# A quota of the day is not there again after the wait that is asked for.
DAILY = "PerDay"


def decode_error(reply: WireResponse) -> StatusCodeError:
    """Any answer that is not 2xx, whatever its body is. A refused key has status 400, and its reason as the code."""
    body = read_error_body(reply)
    return _error(reply.status, body.message, body.word("status"), body.fields.get("details"), body.text)


def embedded_error(error: wire.ErrorStatus) -> StatusCodeError:
    """An error inside an answer, or a stream, of status 200."""
    status = error.code if error.code is not None and error.code >= 400 else 500
    message = error.message or "the answer reports an error and gives no message"
    return _error(status, message, error.status, error.details, error.model_dump_json(exclude_unset=True))


def _error(status: int, message: str, word: str | None, details: Any, body: str) -> StatusCodeError:
    found = dict(_by_kind(details))
    reason = found.get(ERROR_INFO, {}).get("reason")
    violations = found.get(BAD_REQUEST, {}).get("fieldViolations")
    quotas = found.get(QUOTA_FAILURE, {}).get("violations")
    delay = SECONDS.fullmatch(str(found.get(RETRY_INFO, {}).get("retryDelay")))
    daily = isinstance(quotas, list) and any(DAILY in str(quota) for quota in quotas)
    kind = AuthenticationError if reason == KEY_REFUSED else status_error(status)
    return kind(
        message,
        status_code=status,
        code=reason if isinstance(reason, str) else word,
        param=_field(violations),
        retry_after=float(delay[1]) if delay else None,
        retryable=False if daily else None,
        body=body,
    )


def _by_kind(details: Any) -> Iterator[tuple[str, JsonObject]]:
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict):
            yield str(detail.get("@type")).removeprefix(TYPE), detail


def _field(violations: Any) -> str | None:
    match violations:
        case [{"field": str(field)}, *_]:
            return field
    return None


def encode_error(error: LanguageModelError) -> WireResponse:
    """The provider's answer for an error; what is not its own becomes a 500. The time to wait stands in the body."""
    if isinstance(error, StatusCodeError):
        status, code, param, retry_after = error.status_code, error.code, error.param, error.retry_after
    else:
        status = 400 if isinstance(error, InvalidInputError | UnsupportedError) else 500
        code, param, retry_after = None, getattr(error, "path", "") or None, None
        if param is None and getattr(error, "code", None) == UNKNOWN_FIELD:
            param = ""
    message = error.message.removeprefix(f"{param}: ")
    default = STATUSES.get(status, STATUSES[400] if status < 500 else STATUSES[500])
    described: JsonObject = {"code": status, "message": message, "status": code if code in WORDS else default}
    if details := list(_details(code, param, message, retry_after)):
        described["details"] = details
    body = dump_json({"error": described}, indent=2, separators=(",", ": ")) + b"\n"
    return WireResponse(status, body, {"content-type": "application/json; charset=UTF-8"})


def refuse_key(key: str | None) -> StatusCodeError:
    """What the API says of a key that it does not know, which is no 401 (recorded), or of none (reported)."""
    if key is None:
        return PermissionDeniedError(NO_KEY, status_code=403)
    return StatusCodeError(WRONG_KEY, status_code=400, code=KEY_INVALID)


def _details(code: str | None, param: str | None, message: str, retry_after: float | None) -> Iterator[JsonObject]:
    if code is not None and code not in WORDS:
        yield {"@type": TYPE + ERROR_INFO, "reason": code, "domain": DOMAIN, "metadata": {"service": SERVICE}}
    if code == KEY_INVALID:
        yield {"@type": TYPE + LOCALIZED_MESSAGE, "locale": "en-US", "message": message}
    if param is not None:
        # What stands at the top level is in no field (reported).
        place = {"field": param} if param else {}
        yield {"@type": TYPE + BAD_REQUEST, "fieldViolations": [{**place, "description": message}]}
    if retry_after is not None:
        yield {"@type": TYPE + RETRY_INFO, "retryDelay": f"{retry_after:f}".rstrip("0").rstrip(".") + "s"}
