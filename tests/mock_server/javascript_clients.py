"""How each official JavaScript client names what the scenarios say: its words, its errors, what it leaves out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from official_clients import STATUSES

__all__ = ["EXPECTED", "Expected"]

OPENAI_ERRORS = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    413: "APIError",
    422: "UnprocessableEntityError",
    429: "RateLimitError",
    **dict.fromkeys((500, 503, 529), "InternalServerError"),
}
COHERE_ERRORS = {
    400: "BadRequestError",
    401: "UnauthorizedError",
    403: "ForbiddenError",
    404: "NotFoundError",
    413: "CohereError",
    422: "UnprocessableEntityError",
    429: "TooManyRequestsError",
    500: "InternalServerError",
    503: "ServiceUnavailableError",
    529: "CohereError",
}
RETRIED = frozenset({429, 500, 503, 529})


@dataclass(frozen=True, slots=True)
class Expected:
    """How a client names what the scenarios say. ``stop`` and ``tool_calls`` are the ends of an answer.

    ``untold`` are fields that the client does not hand on; ``plain`` are statuses whose message it does not read.
    ``cut`` and ``abort`` are its errors for a connection that breaks and one that its user breaks; ``result`` is the
    form in which it sends the text of a tool's result. One that ``forgets_reasoning`` does not send it back.
    """

    script: tuple[str, ...]
    stop: str
    tool_calls: str
    errors: Mapping[int, str]
    cut: str
    abort: str | None
    retried: frozenset[int] = RETRIED
    untold: frozenset[str] = frozenset()
    plain: frozenset[int] = frozenset()
    result: str = "sun in {}"
    forgets_reasoning: bool = False


def of_ai(script: str, *untold: str, **others: Any) -> Expected:
    """``ai`` has one form for all; it says "APICallError", and "RetryError" after it has tried again."""
    errors = {status: "RetryError" if status in RETRIED else "APICallError" for status in STATUSES}
    hidden = frozenset({"signature", *untold})
    return Expected(("ai_sdk.js", script), "stop", "tool-calls", errors, "APICallError", None, untold=hidden, **others)


EXPECTED = {
    "openai (Responses)": Expected(
        ("openai_responses.js",), "completed", "completed", OPENAI_ERRORS, "OpenAIError", "APIUserAbortError"
    ),
    "openai (chat)": Expected(
        ("openai_chat.js",), "stop", "tool_calls", OPENAI_ERRORS, "OpenAIError", "APIUserAbortError"
    ),
    "@anthropic-ai/sdk": Expected(
        ("anthropic.js",),
        "end_turn",
        "tool_use",
        {**OPENAI_ERRORS, 413: "ContentTooLargeError", 503: "ServiceUnavailableError", 529: "OverloadedError"},
        "AnthropicError",
        "APIUserAbortError",
        untold=frozenset({"total_tokens"}),
    ),
    "@google/genai": Expected(
        ("google.js",),
        "STOP",
        "STOP",
        dict.fromkeys(STATUSES, "ApiError"),
        "TypeError",
        "DOMException",
        retried=frozenset(),
    ),
    "cohere-ai": Expected(
        ("cohere.js",),
        "COMPLETE",
        "TOOL_CALL",
        COHERE_ERRORS,
        "TypeError",
        "DOMException",
        untold=frozenset({"model", "total_tokens", "reasoning_tokens", "signature"}),
    ),
    "@mistralai/mistralai": Expected(
        ("mistral.js",),
        "stop",
        "tool_calls",
        {**dict.fromkeys(STATUSES, "SDKError"), 422: "HTTPValidationError"},
        "TypeError",
        None,
        retried=frozenset(),
        untold=frozenset({"reasoning_tokens"}),
    ),
    "ai with @ai-sdk/openai (Responses)": of_ai("openai_responses"),
    "ai with @ai-sdk/openai (chat)": of_ai("openai_chat"),
    "ai with @ai-sdk/anthropic": of_ai("anthropic", plain=frozenset({413})),
    "ai with @ai-sdk/google": of_ai("google", "model", result='{{"name":"get_weather","content":"sun in {}"}}'),
    "ai with @ai-sdk/cohere": of_ai(
        "cohere", "id", "model", "cached_tokens", "reasoning_tokens", forgets_reasoning=True
    ),
    "ai with @ai-sdk/mistral": of_ai("mistral", "reasoning_tokens", plain=frozenset({401, 403, 404, 413, 422})),
}
