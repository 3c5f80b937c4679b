"""``LanguageModelError`` <-> ``{"id", "message"}``, keyed on the status: there are no codes."""

import hashlib
import json
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
from llm_sdk.providers.cohere import wire
from llm_sdk.providers.cohere.content import PROVIDER
from llm_sdk.sse import ServerSentEvent

# The status that an error inside an answer of status 200 stands for; whole answers come with it (reported).
WORD_STATUS = {"INVALID_TOOL_GENERATION": 422}
UNAUTHORIZED = 401
RATE_LIMITED = 429
# A trial key that is used up for the month: asking again does not help.
EXHAUSTED = "/ month"


def decode_error(reply: WireResponse) -> StatusCodeError:
    """Any answer that is not 2xx, whatever its body is."""
    body = read_error_body(reply)
    exhausted = reply.status == RATE_LIMITED and EXHAUSTED in body.message
    return status_error(reply.status)(
        body.message,
        status_code=reply.status,
        retryable=False if exhausted else None,
        body=body.text,
    )


def embedded_error(message: str | None, error_type: str | None) -> StatusCodeError:
    """An error inside an answer, or a stream, of status 200: ``finish_reason`` is ``ERROR``."""
    status = WORD_STATUS.get(error_type or "", 500)
    said = {"error": message, "error_type": error_type}
    return status_error(status)(
        message or "the answer ended in an error and gives no reason",
        status_code=status,
        code=error_type,
        body=json.dumps({name: value for name, value in said.items() if value is not None}),
        provider=PROVIDER,
    )


def encode_error(error: LanguageModelError) -> WireResponse:
    """The provider's answer for an error; what is not its own becomes a 500."""
    headers = {"content-type": "application/json"}
    message = error.message
    if isinstance(error, StatusCodeError):
        status = error.status_code
        if error.retry_after is not None:
            headers |= _wait(error.retry_after)
    else:
        status = 400 if isinstance(error, InvalidInputError | UnsupportedError) else 500
        message = message.removeprefix(f"{getattr(error, 'path', '')}: ")
    if error.request_id is not None:
        headers["x-debug-trace-id"] = error.request_id
    body = {"message": message}
    if status != UNAUTHORIZED:  # that is answered at the edge, which gives no id (documented)
        body = {"id": _error_id(message), **body}
    return WireResponse(status, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), headers)


def error_events(error: LanguageModelError, sent: Sequence[bytes]) -> list[ServerSentEvent]:  # noqa: ARG001 - the contract's
    """How a stream that began well ends in an error (recorded): by its ``finish_reason``, and with its end mark."""
    told = {"finish_reason": "ERROR", "usage": {}, "error": error.message}
    code = getattr(error, "code", None)
    delta = told if code is None else {**told, "error_type": code}
    data = dump_json({"type": "message-end", "delta": delta})
    return [ServerSentEvent(data, "message-end"), ServerSentEvent(wire.END_MARK)]


def refuse_key(key: str | None) -> StatusCodeError:
    """What the API says of a key that it does not know, or of none (https://docs.cohere.com/reference/errors)."""
    message = "no api key supplied" if key is None else "invalid api token"
    return AuthenticationError(message, status_code=UNAUTHORIZED)


def _wait(seconds: float) -> dict[str, str]:
    """The official client reads whole seconds, and milliseconds under another name."""
    if seconds == int(seconds):
        return {"retry-after": str(int(seconds))}
    return {"retry-after-ms": f"{seconds * 1000:g}"}


def _error_id(message: str) -> str:
    """An id of the provider's shape that is the same for the same message."""
    digits = hashlib.sha256(message.encode("utf-8", "backslashreplace")).hexdigest()
    return as_uuid(digits[:30], "a")


def as_uuid(digits: str, variant: str) -> str:
    """A UUID of version 4 of 30 hexadecimal digits and one of ``89ab``."""
    return f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-{variant}{digits[15:18]}-{digits[18:30]}"
