"""Why an answer ended: its status and what is incomplete <-> ``finish_reason``, in one table that is read both ways."""

from llm_sdk.providers.openai import wire
from llm_sdk.types import FinishReason, JsonObject, ModelResponse

REFUSAL = "refusal"
COMPLETED = "completed"
# The status of a whole answer, and why another is incomplete. A word of tomorrow reads as "other" and keeps itself as
# the detail.
FINISH_REASONS: dict[str, FinishReason] = {
    COMPLETED: "stop",
    "max_output_tokens": "length",
    "content_filter": "content_filter",
}
FINISH_WORDS: dict[FinishReason, str] = {reason: word for word, reason in reversed(FINISH_REASONS.items())}
OTHER_INCOMPLETE = ("max_messages", "steered")


def decode_finish(response: wire.Response) -> tuple[FinishReason, str | None]:
    """There is no finish reason on the wire: the status and the items tell."""
    if response.status == "incomplete":
        reason = response.incomplete_details.reason if response.incomplete_details else None
        return FINISH_REASONS.get(reason or "", "other"), reason or "incomplete"
    if response.status not in (COMPLETED, None):
        return "other", response.status
    calls = any(isinstance(item, wire.FunctionCall) for item in response.output or ())
    return ("tool_calls" if calls else "stop"), response.status


def encode_finish(response: ModelResponse) -> JsonObject:
    """``status``, ``incomplete_details`` and ``error``."""
    status: JsonObject = {"status": COMPLETED, "error": None, "incomplete_details": None}
    detail = response.finish_detail
    if detail == REFUSAL:
        return status
    if response.finish_reason == "error":
        return {
            **status,
            "status": "failed",
            "error": {"code": detail or "server_error", "message": "The model failed."},
        }
    word = FINISH_WORDS.get(response.finish_reason or "stop", COMPLETED)
    if word != COMPLETED:
        reason = detail if detail in FINISH_REASONS and detail != COMPLETED else word
        return {**status, "status": "incomplete", "incomplete_details": {"reason": reason}}
    if response.finish_reason == "other" and detail in OTHER_INCOMPLETE:
        return {**status, "status": "incomplete", "incomplete_details": {"reason": detail}}
    if response.finish_reason == "other" and detail in ("queued", "in_progress", "cancelled", "incomplete"):
        return {**status, "status": detail}
    return status
