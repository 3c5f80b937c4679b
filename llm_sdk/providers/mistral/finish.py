"""Why an answer ended: the wire's ``finish_reason`` <-> the unified one, in one table that is read both ways."""

from llm_sdk.types import FinishReason, ModelResponse

# Why an answer ended. A word of tomorrow reads as "other" and keeps itself as the detail.
FINISH_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "error": "error",
}
FINISH_WORDS: dict[FinishReason, str] = {
    # There is no refusal, and no filter but guardrails, which answer with status 403.
    "content_filter": "stop",
    "other": "stop",
    **{reason: word for word, reason in reversed(FINISH_REASONS.items())},
}


def decode_finish(word: str | None) -> tuple[FinishReason | None, str | None]:
    """The unified reason, and the provider's own word for it."""
    return (FINISH_REASONS.get(word, "other"), word) if word else (None, None)


def encode_finish(response: ModelResponse, *, calls: bool) -> str:
    """The other way."""
    if response.finish_detail in FINISH_REASONS:
        return response.finish_detail
    word = FINISH_WORDS[response.finish_reason or "other"]
    return "tool_calls" if calls and word == "stop" else word
