"""The errors of OpenAI's API, which words them alike in both of its protocols.

An error answer is ``{"error": {"message", "type", "param", "code"}}``, keyed on status and code.
"""

import json
import re
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from llm_sdk.codec import ModelCall, WireResponse
from llm_sdk.error_body import read_error_body
from llm_sdk.errors import (
    AuthenticationError,
    InvalidInputError,
    LanguageModelError,
    StatusCodeError,
    UnsupportedError,
    status_error,
)
from llm_sdk.wire_fault import about_tag, field_names, field_path, field_steps, furthest, unknown_fields
from llm_sdk.wire_model import Wire

__all__ = [
    "EXHAUSTED",
    "check_fields",
    "decode_error",
    "encode_error",
    "is_exhausted",
    "not_json",
    "refuse",
    "refuse_key",
]

# type and code that come with a status (recorded for 400, 401, 404 and 503, documented for the others)
WORDS: dict[int, tuple[str, str | None]] = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("request_forbidden", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
    500: ("server_error", None),
    503: ("service_unavailable_error", "server_is_overloaded"),
}
EXHAUSTED = frozenset({"insufficient_quota", "credit_balance_exhausted"})
"""Asking again does not help: the account has to be topped up first (documented)."""

# What a wrong type is called (reported): by the start of the validator's word for it, and by what was given.
EXPECTED: Mapping[str, str] = {
    "string_": "a string",
    "int_": "an integer",
    "float_": "a decimal",
    "bool_": "a boolean",
    "dict_": "an object",
    "model_": "an object",
    "list_": "an array of objects",
}
GIVEN: Mapping[type, str] = {
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a decimal",
    dict: "an object",
    list: "an array",
}
SHOWN_KEY = 12
"""So many characters of a key are shown."""
KEYS_PAGE = "https://platform.openai.com/account/api-keys"
ARRAYS_OF_STRINGS = frozenset({"allowed_domains", "include", "modalities", "stop"})


def decode_error(reply: WireResponse) -> StatusCodeError:
    """Any answer that is not 2xx, whatever its body is: some servers answer ``{"error": "a sentence"}``."""
    body = read_error_body(reply)
    code = body.word("code") or body.word("type")
    return status_error(reply.status)(
        body.message,
        status_code=reply.status,
        retryable=is_exhausted(code),
        code=code,
        param=body.word("param"),
        body=body.text,
    )


def is_exhausted(code: str | None) -> bool | None:
    """``retryable`` of an error with this code: False, or None where only the status tells."""
    return False if code in EXHAUSTED else None


def encode_error(error: LanguageModelError) -> WireResponse:
    """The provider's answer for an error; what is not its own becomes a 500."""
    headers = {"content-type": "application/json"}
    if isinstance(error, StatusCodeError):
        status, param, code = error.status_code, error.param, error.code
        if error.retry_after is not None:
            headers["retry-after"] = f"{error.retry_after:g}"
    else:
        status = 400 if isinstance(error, InvalidInputError | UnsupportedError) else 500
        param, code = getattr(error, "path", "") or None, getattr(error, "code", None)
    message = error.message.removeprefix(f"{param}: ")
    if error.request_id is not None:
        headers["x-request-id"] = error.request_id
    kind, default_code = WORDS.get(status, WORDS[400] if status < 500 else WORDS[500])
    body = {"error": {"message": message, "type": kind, "param": param, "code": code or default_code}}
    return WireResponse(status, json.dumps(body, indent=2, ensure_ascii=False).encode(), headers)


def refuse_key(key: str | None) -> StatusCodeError:
    """What the API says of a key that it does not know, of which it shows both ends (recorded), or of none."""
    if key is None:
        message = (
            "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer "
            "auth (i.e. Authorization: Bearer YOUR_KEY)."
        )
    else:
        shown = key if len(key) <= SHOWN_KEY else key[:8] + "*" * (len(key) - SHOWN_KEY) + key[-4:]
        message = f"Incorrect API key provided: {shown}. You can find your API key at {KEYS_PAGE}."
    return AuthenticationError(message, status_code=401, code="invalid_api_key")


def check_fields(call: ModelCall, request: type[Wire], others: frozenset[str], provider: str) -> None:
    """Raises InvalidInputError for a field that a request does not have, as the API does (recorded)."""
    for name in unknown_fields(call, request, others):
        raise InvalidInputError(f"Unknown parameter: '{name}'.", path=name, code="unknown_parameter", provider=provider)


def not_json(provider: str) -> InvalidInputError:
    """What the API says of a body that is no JSON."""
    return InvalidInputError("We could not parse the JSON body of your request.", provider=provider)


def refuse(error: ValidationError, models: ModuleType, provider: str) -> InvalidInputError:
    """What the API says of a body that does not fit the wire ``models``."""
    names = field_names(models)
    first = about_tag(furthest(error), "role")
    steps = field_steps(first["loc"], names)
    path = field_path(steps)
    others = (about_tag(other, "role") for other in error.errors())
    rivals = [other for other in others if field_steps(other["loc"], names) == steps]
    message, code = _complaint(first, path, [_expected(other, path) for other in rivals])
    return InvalidInputError(message, path=path, code=code, provider=provider)


def _complaint(fault: ErrorDetails, path: str, expected: Sequence[str | None]) -> tuple[str, str]:
    """The message and its code. The types that a union allows are told together."""
    if fault["type"] == "missing":
        return f"Missing required parameter: '{path}'.", "missing_required_parameter"
    given: Any = fault["input"]
    if fault["type"] == "literal_error" and isinstance(given, str):
        return f"Invalid value: '{given}'. Supported values are: {_listed(_choices(fault), 'and')}.", "invalid_value"
    types = [word for word in dict.fromkeys(expected) if word is not None]
    where = f"Invalid type for '{path}'" if path else "Invalid body"
    if not types:
        return f"Invalid value for '{path}': {fault['msg']}.", "invalid_value"
    # Only the first of several has its article (reported).
    first, *others = types
    wanted = f"one of {_listed([first, *(other.split(' ', 1)[1] for other in others)], 'or')}" if others else first
    return f"{where}: expected {wanted}, but got {GIVEN.get(type(given), 'null')} instead.", "invalid_type"


def _expected(fault: ErrorDetails, path: str) -> str | None:
    """What should have stood there, in the API's word; None where the complaint is of another kind."""
    if fault["type"] == "literal_error":
        choices = _choices(fault)
        return f"one of {_listed(choices, 'or')}" if len(choices) > 1 else choices[0]
    if fault["type"] == "list_type" and path.rpartition(".")[2] in ARRAYS_OF_STRINGS:
        return "an array of strings"
    return next((word for kind, word in EXPECTED.items() if fault["type"].startswith(kind)), None)


def _choices(fault: ErrorDetails) -> list[str]:
    """The members of an enum, in quotation marks as pydantic lists them."""
    return re.findall(r"'[^']*'", str(fault.get("ctx", {}).get("expected", "")))


def _listed(words: Sequence[str], conjunction: str) -> str:
    """``a, b, and c``."""
    if len(words) < 3:
        return f" {conjunction} ".join(words)
    return f"{', '.join(words[:-1])}, {conjunction} {words[-1]}"
