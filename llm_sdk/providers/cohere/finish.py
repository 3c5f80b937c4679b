"""Why an answer ended: the wire's ``finish_reason`` <-> the unified one, in one table that is read both ways."""

from llm_sdk.types import FinishReason, ModelResponse

ERROR = "ERROR"
# Why an answer ended. A reason of tomorrow reads as "other" and keeps its name as the detail.
FINISH_REASONS: dict[str, FinishReason] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
    ERROR: "error",
    "TIMEOUT": "error",
}
FINISH_WORDS: dict[FinishReason, str] = {reason: word for word, reason in reversed(FINISH_REASONS.items())}


def decode_finish(word: str | None) -> tuple[FinishReason | None, str | None]:
    """The unified reason, and the provider's own word for it."""
    return (None if word is None else FINISH_REASONS.get(word, "other")), word


def encode_finish(response: ModelResponse) -> str:
    """The other way. A refusal and a filter have no word: a model that declines has simply said so."""
    detail = (response.finish_detail or "").upper()
    if detail in FINISH_REASONS and FINISH_REASONS[detail] == response.finish_reason:
        return detail
    return FINISH_WORDS.get(response.finish_reason or "stop", "COMPLETE")
