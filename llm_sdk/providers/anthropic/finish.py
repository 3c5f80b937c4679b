"""Why an answer ended: ``stop_reason`` <-> ``finish_reason``, in one table that is read both ways."""

from llm_sdk.codec import ModelCall
from llm_sdk.providers.anthropic import wire
from llm_sdk.types import FinishReason, JsonObject, ModelResponse

REFUSAL = "refusal"
# Why an answer ended. A reason of tomorrow reads as "other" and keeps its name as the detail.
FINISH_REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    REFUSAL: "content_filter",
    "pause_turn": "other",
    "compaction": "other",
}
FINISH_WORDS: dict[FinishReason, str] = {reason: word for word, reason in reversed(FINISH_REASONS.items())}


def decode_finish(stop: wire.Stop) -> tuple[FinishReason | None, str | None]:
    """The reason, and the provider's own word for it."""
    if stop.stop_reason is None:
        return None, None
    return FINISH_REASONS.get(stop.stop_reason, "other"), stop.stop_reason


def encode_finish(response: ModelResponse, call: ModelCall) -> JsonObject:
    """``stop_reason`` and ``stop_sequence``. The provider's own word counts where it agrees with the reason."""
    reason, detail = response.finish_reason, response.finish_detail
    if reason is None:
        return {"stop_reason": None, "stop_sequence": None}
    own = detail is not None and FINISH_REASONS.get(detail, "other") == reason
    stop_reason = detail if own else FINISH_WORDS.get(reason, "end_turn")
    hit = call.stopped_at or next(iter(call.input.stop or ()), None)
    return {"stop_reason": stop_reason, "stop_sequence": hit if stop_reason == "stop_sequence" else None}
