"""Log probabilities for a caller that asks for them. Reading, they have no unified form."""

import re
from typing import Any

from llm_sdk.codec import ModelCall
from llm_sdk.types import JsonObject

TOKEN = re.compile(r"\s*\S+|\s+")
LIKELY, NEXT_LIKELY = -0.01, -4.75


def encode_logprobs(text: str | None, call: ModelCall, *, refused: bool = False) -> JsonObject | None:
    """``logprobs`` of a choice: every word is a token, and about as likely as can be."""
    extra = call.input.extra or {}
    if extra.get("logprobs") is not True:
        return None
    count = extra.get("top_logprobs")
    tokens = [_token(found[0], count if isinstance(count, int) else 0) for found in TOKEN.finditer(text or "")]
    return {"content": None, "refusal": tokens} if refused else {"content": tokens, "refusal": None}


def _token(text: str, alternatives: int) -> JsonObject:
    top: list[Any] = [_likely(text if rank == 0 else f"{text}{rank}", rank) for rank in range(alternatives)]
    return {**_likely(text, 0), "top_logprobs": top}


def _likely(text: str, rank: int) -> JsonObject:
    encoded = text.encode("utf-8", "surrogatepass")
    return {"token": text, "logprob": LIKELY + rank * NEXT_LIKELY, "bytes": list(encoded)}
