"""``LanguageModelError`` <-> the API's errors: whole answers, as in :mod:`llm_sdk.openai_errors`, and inside others."""

import re
from collections.abc import Sequence

from pydantic_core import from_json

from llm_sdk.codec import dump_json
from llm_sdk.errors import LanguageModelError, StatusCodeError, status_error
from llm_sdk.openai_errors import decode_error, encode_error, is_exhausted, refuse_key
from llm_sdk.providers.openai import wire
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import JsonObject

__all__ = ["decode_error", "embedded_error", "encode_error", "error_events", "refuse_key"]

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


HTTP_STATUS = re.compile("[45][0-9][0-9]")


def embedded_error(error: wire.ResponseError) -> StatusCodeError:
    """An error inside an answer, or a stream, of status 200."""
    told = error.code if HTTP_STATUS.fullmatch(error.code or "") else None
    status = int(told) if told else WORD_STATUS.get(error.code or "", 500 if error.code is None else 400)
    return status_error(status)(
        error.message,
        status_code=status,
        retryable=is_exhausted(error.code),
        code=error.code,
        body=error.model_dump_json(exclude_unset=True),
    )


def error_events(error: LanguageModelError, sent: Sequence[bytes]) -> list[ServerSentEvent]:
    """How a stream that began well ends in an error: it is told, and then once more by the response that has failed
    (recorded). Nothing of the response is told before it has been created."""
    told = from_json(encode_error(error).body)["error"]
    events = [_event("error", len(sent), error=told)]
    if sent:
        response = from_json(sent[0].partition(b"data: ")[2])["response"]
        said = {"code": told["code"] or told["type"], "message": told["message"]}
        failed = {**response, "status": "failed", "error": said}
        events.append(_event("response.failed", len(sent) + 1, response=failed))
    return events


def _event(type: str, number: int, **fields: JsonObject) -> ServerSentEvent:
    return ServerSentEvent(dump_json({"type": type, "sequence_number": number, **fields}), type)
