"""Why an answer ended: the wire's ``finish_reason`` <-> the unified one, in one table that is read both ways."""

from llm_sdk.types import FinishReason, ModelResponse

REFUSAL = "refusal"
# Why an answer ended, in OpenAI's words. The last of those with one meaning is only read.
FINISH_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "function_call": "tool_calls",
}
# Words of other servers: Together, two of Hugging Face's, OpenRouter, DeepSeek, two of Z.ai's, Mistral's, and those of
# Anthropic, Gemini and others that gateways pass on. Any other word is "other".
FOREIGN_FINISH_REASONS: dict[str, FinishReason] = {
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "error": "error",
    "insufficient_system_resource": "error",
    "sensitive": "content_filter",
    "network_error": "error",
    "model_length": "length",
    "max_output_tokens": "length",
    "max_tokens": "length",
    "MAX_TOKENS": "length",
    "end_turn": "stop",
    "STOP": "stop",
    "tool_use": "tool_calls",
    "SAFETY": "content_filter",
}
FINISH_WORDS: dict[FinishReason, str] = {reason: word for word, reason in reversed(FINISH_REASONS.items())}


def finish_word(word: str | None, native: str | None) -> str | None:
    """Why an answer ended. OpenRouter says ``tool_calls`` of one that was cut amid a call, and only the word of the
    provider behind it tells that (recorded)."""
    was_cut = native is not None and (FINISH_REASONS.get(native) or FOREIGN_FINISH_REASONS.get(native)) == "length"
    return native if was_cut and FINISH_REASONS.get(word or "") != "length" else word


def decode_finish(word: str | None, *, calls: bool) -> tuple[FinishReason | None, str | None]:
    """An answer to a forced tool ends with ``stop`` (documented), and some servers do so with any call."""
    if not word:
        return ("tool_calls" if calls else None), None
    reason = FINISH_REASONS.get(word) or FOREIGN_FINISH_REASONS.get(word, "other")
    return ("tool_calls" if calls and reason == "stop" else reason), word


def encode_finish(response: ModelResponse, *, calls: bool) -> str:
    """``finish_reason``: a refusal ends like any answer."""
    if response.finish_detail == REFUSAL:
        return "stop"
    if response.finish_detail in FINISH_REASONS:
        return response.finish_detail
    word = FINISH_WORDS.get(response.finish_reason or "other", "stop")
    return "tool_calls" if calls and word == "stop" else word
