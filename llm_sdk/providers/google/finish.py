"""Why an answer ended: ``finishReason`` <-> ``finish_reason``, in one table that is read both ways."""

import re

from llm_sdk.types import FinishReason

REFUSAL = "refusal"

# The first word for a reason is the one that is written where the provider's own is not known.
FINISH_REASONS: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "OTHER": "other",
    "LANGUAGE": "other",
    "IMAGE_OTHER": "other",
    "NO_IMAGE": "other",
    "ESCALATION": "other",
    "CONTINUATION": "other",
    "PUP_LIMITED_DISABLED": "other",
    "FINISH_REASON_UNSPECIFIED": "other",
    "MALFORMED_RESPONSE": "error",
    "MALFORMED_FUNCTION_CALL": "error",
    "UNEXPECTED_TOOL_CALL": "error",
    "TOO_MANY_TOOL_CALLS": "error",
    "MISSING_THOUGHT_SIGNATURE": "error",
}
FINISH_WORDS: dict[FinishReason, str] = {reason: word for word, reason in reversed(FINISH_REASONS.items())}
# With enum-encoding=int the reason is a number (Vertex, recorded).
NUMBERS = dict(
    enumerate(
        (
            "FINISH_REASON_UNSPECIFIED",
            "STOP",
            "MAX_TOKENS",
            "SAFETY",
            "RECITATION",
            "OTHER",
            "BLOCKLIST",
            "PROHIBITED_CONTENT",
            "SPII",
            "MALFORMED_FUNCTION_CALL",
        )
    )
)
# Without any content these are a refusal: a filter has kept all of the answer back.
REFUSALS = frozenset(
    {
        "SAFETY",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "MODEL_ARMOR",
    }
)
ENUM_VALUE = re.compile(r"[A-Z][A-Z0-9_]*")


def decode_word(reason: str | int) -> str:
    """The name of a reason that may be a number."""
    return NUMBERS.get(reason, str(reason)) if isinstance(reason, int) else reason


def decode_finish(reason: str | int, *, called: bool) -> tuple[FinishReason, str]:
    """The unified reason and the provider's word. The wire ends with ``STOP`` for calls of tools too."""
    word = decode_word(reason)
    finish = FINISH_REASONS.get(word, "other")
    return ("tool_calls" if called and finish == "stop" else finish), word


def encode_finish(reason: FinishReason, detail: str | None) -> str:
    """The provider's word: ``detail`` where it is one, for the same reason."""
    if reason == "tool_calls":
        return FINISH_WORDS["stop"]
    if detail is not None and ENUM_VALUE.fullmatch(detail) and FINISH_REASONS.get(detail, "other") == reason:
        return detail
    return FINISH_WORDS[reason]
