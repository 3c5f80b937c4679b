"""``LanguageModelError`` <-> the error bodies of the API, keyed on status and type.

There are three shapes: the service's own, ``{"object": "error", "message", "type", "param", "code"}``; that of its web
framework, ``{"detail"}``, a sentence or a list of complaints; and that of the gateway, ``{"message", "request_id"}``.
"""

import json
from collections.abc import Sequence

from llm_sdk.codec import WireResponse, dump_json
from llm_sdk.error_body import ErrorBody, read_error_body
from llm_sdk.errors import (
    AuthenticationError,
    InvalidInputError,
    LanguageModelError,
    StatusCodeError,
    UnsupportedError,
    status_error,
)
from llm_sdk.providers.mistral import wire
from llm_sdk.providers.mistral.content import PROVIDER
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import JsonObject
from llm_sdk.wire_fault import field_path

INVALID = "invalid_request_invalid_args"
# type and code that come with a status (recorded for 400, reported for 429, made up in their manner for the others)
WORDS: dict[int, tuple[str, str]] = {
    400: (INVALID, "3051"),
    429: ("rate_limited", "1300"),
    500: ("internal_server_error", "1000"),
    503: ("service_unavailable", "3500"),
}
CODES = {
    "invalid_model": "1500",
    "invalid_request_message_order": "3230",
    "invalid_function_call": "3280",
}
# The status that a type stands for when it comes inside an answer or a stream of status 200.
WORD_STATUS = {
    "invalid_request_error": 400,
    "invalid_model": 400,
    INVALID: 400,
    "authentication_error": 401,
    "rate_limited": 429,
    "rate_limit_error": 429,
    "server_error": 500,
    "internal_server_error": 500,
    "service_unavailable": 503,
}
FRAMEWORK = frozenset({401, 404})
GATEWAY = frozenset({403, 413})
BODY = "body"
"""The first step of every place that a complaint names."""


class RejectedRequestError(InvalidInputError):
    """A request that the API refuses. ``kind`` is its word for why: of a complaint about a field (status 422), or, with
    ``status_code`` 400, the ``type`` of an error."""

    def __init__(self, message: str, *, kind: str, location: Sequence[int | str] = (), status_code: int = 422) -> None:
        super().__init__(message, path=field_path(location), provider=PROVIDER)
        self.kind = kind
        self.location = tuple(location)
        self.status_code = status_code
        self.complaint = message


def decode_error(reply: WireResponse) -> StatusCodeError:
    """Any answer that is not 2xx, whatever its body is."""
    body = read_error_body(reply)
    message, param, kind = _complaint(body.fields)
    code = body.fields.get("code")
    return status_error(reply.status)(
        message or body.message,
        status_code=reply.status,
        code=str(code) if isinstance(code, int) else body.word("code") or body.word("type") or kind,
        param=body.word("param") or param,
        body=body.text,
    )


def _complaint(fields: JsonObject) -> tuple[str, str | None, str | None]:
    """Message, place and kind of a ``detail``, which stands in the body or inside its ``message``."""
    message = fields.get("message")
    detail = (message if isinstance(message, dict) else fields).get("detail")
    if isinstance(detail, str):
        return detail, None, None
    first = detail[0] if isinstance(detail, list) and detail else None
    if not isinstance(first, dict):
        return "", None, None
    location = first.get("loc")
    steps = list(location) if isinstance(location, list) else []
    path = field_path(steps[1:] if steps[:1] == [BODY] else steps)
    said, kind = str(first.get("msg") or ""), first.get("type")
    return (f"{path}: {said}" if path else said), path or None, kind if isinstance(kind, str) else None


def embedded_error(error: wire.ErrorBody) -> StatusCodeError:
    """An error inside an answer, or a stream, of status 200."""
    fields = error.as_json()
    status = error.raw_status_code or WORD_STATUS.get(error.type or "", 500)
    body = ErrorBody(status, fields, json.dumps(fields, ensure_ascii=False))
    message, param, _ = _complaint(fields)
    code = str(error.code) if isinstance(error.code, int) else error.code or error.type
    said = message or body.word("message") or "the answer reports an error and gives no message"
    return status_error(status)(said, status_code=status, code=code, param=param, body=body.text, provider=PROVIDER)


def encode_error(error: LanguageModelError) -> WireResponse:
    """The provider's answer for an error; what is not its own becomes a 500."""
    headers = {"content-type": "application/json"}
    status = getattr(error, "status_code", None)
    if status is None:
        status = 400 if isinstance(error, InvalidInputError | UnsupportedError) else 500
    if isinstance(error, StatusCodeError) and error.retry_after is not None:
        headers["retry-after"] = f"{error.retry_after:g}"
    if error.request_id is not None:
        headers["mistral-correlation-id"] = error.request_id
    return WireResponse(status, dump_json(_error_body(error, status)), headers)


def error_events(error: LanguageModelError, sent: Sequence[bytes]) -> list[ServerSentEvent]:  # noqa: ARG001 - the contract's
    """How a stream that began well ends in an error (reported): whatever its status, in the service's own shape."""
    status = getattr(error, "status_code", 500)
    kind, code = WORDS.get(status, WORDS[400] if status < 500 else WORDS[500])
    words = {"type": kind, "param": None, "code": getattr(error, "code", None) or code}
    body = {"object": "error", "message": error.message, **words, "raw_status_code": status}
    return [ServerSentEvent(dump_json(body))]


def refuse_key(key: str | None) -> StatusCodeError:
    """What the API says of a key that it does not know (recorded), or of none."""
    return AuthenticationError("Unauthorized" if key is None else "Invalid API Key", status_code=401)


def _error_body(error: LanguageModelError, status: int) -> JsonObject:
    if status == 422:
        return {"detail": [_field_complaint(error)]}
    if status in FRAMEWORK:
        return {"detail": error.message}
    if status in GATEWAY:
        known = {} if error.request_id is None else {"request_id": error.request_id}
        return {"message": error.message, **known}
    kind, code = WORDS.get(status, WORDS[400] if status < 500 else WORDS[500])
    message, given = error.message, getattr(error, "code", None)
    if isinstance(error, RejectedRequestError):
        kind, code, message = error.kind, CODES.get(error.kind, code), error.complaint
    elif given in CODES:
        kind, given = str(given), CODES[str(given)]
    words = {"type": kind, "param": None, "code": given or code}
    return {"object": "error", "message": message, **words, "raw_status_code": status}


def _field_complaint(error: LanguageModelError) -> JsonObject:
    if isinstance(error, RejectedRequestError):
        return {"type": error.kind, "loc": [BODY, *error.location], "msg": error.complaint}
    param = getattr(error, "param", None)
    kind = getattr(error, "code", None) or "value_error"
    location = [BODY, param] if param else [BODY]
    return {"type": kind, "loc": location, "msg": error.message.removeprefix(f"{param}: ")}
