"""The provider's error answers, and those of aiohttp, as errors of :mod:`llm_sdk.errors`."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from llm_sdk.errors import (
    ConnectionFailedError,
    InvariantError,
    LanguageModelError,
    ServerError,
    StatusCodeError,
    TimedOutError,
    status_error,
)

__all__ = ["reported_inside", "status_failure", "transport_failure"]

SHOWN = 500
BY_CODE = {
    "invalid_api_key": 401,
    "insufficient_quota": 429,
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "model_not_found": 404,
    "server_error": 500,
}


def status_failure(status: int, headers: Mapping[str, str], body: bytes) -> StatusCodeError:
    """An answer whose status is an error."""
    text = body.decode("utf-8", "replace")
    message, code = _read_body(text)
    return status_error(status)(
        message or text[:SHOWN] or f"status {status} without a body",
        status_code=status,
        code=code,
        retry_after=_retry_after(headers),
        body=text,
        request_id=headers.get("x-request-id"),
    )


def reported_inside(value: Any) -> StatusCodeError:
    """An error that stands in an answer of status 200; its code or its status decides the class."""
    message, code = _read_error(value)
    numbers = (value.get("status"), value.get("code")) if isinstance(value, dict) else ()
    status = next((int(number) for number in numbers if str(number).isdecimal()), BY_CODE.get(code or "", 0))
    kind = status_error(status) if status else ServerError
    return kind(message or json.dumps(value), status_code=status or 500, code=code)


def _read_body(text: str) -> tuple[str, str | None]:
    try:
        body = json.loads(text)
    except ValueError:
        return "", None
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        return "", None
    message, code = _read_error(body.get("error", body))
    return message or str(body.get("message") or body.get("detail") or ""), code


def _read_error(value: Any) -> tuple[str, str | None]:
    if isinstance(value, str):
        return value, None
    if not isinstance(value, dict):
        return "", None
    code = value.get("code") or value.get("type")
    return str(value.get("message") or ""), None if code is None else str(code)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    asked = headers.get("retry-after", "")
    try:
        if "retry-after-ms" in headers:
            return float(headers["retry-after-ms"]) / 1000
        if asked.endswith("GMT"):
            return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
        return float(asked)
    except ValueError:
        return None


def transport_failure(error: Exception) -> LanguageModelError:
    """What aiohttp raises, by what it means."""
    if isinstance(error, asyncio.TimeoutError | aiohttp.ServerTimeoutError):
        return TimedOutError("no answer in time")
    if isinstance(error, aiohttp.ContentTypeError | aiohttp.http.HttpProcessingError):
        return InvariantError(f"the answer is no HTTP: {error}")
    return ConnectionFailedError(f"the connection failed: {error or type(error).__name__}")
