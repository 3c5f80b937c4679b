"""``logprobs`` of a choice, for a caller that asks for them."""

from llm_sdk.codec import ModelCall
from llm_sdk.openai_logprobs import encode_tokens
from llm_sdk.types import JsonObject


def encode_logprobs(text: str | None, call: ModelCall, *, refused: bool = False) -> JsonObject | None:
    """``logprobs`` of a choice; None where they are not asked for."""
    extra = call.input.extra or {}
    if extra.get("logprobs") is not True:
        return None
    count = extra.get("top_logprobs")
    tokens = encode_tokens(text or "", count if isinstance(count, int) else 0)
    return {"content": None, "refusal": tokens} if refused else {"content": tokens, "refusal": None}
