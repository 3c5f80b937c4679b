"""``logprobsResult`` of a candidate, for a caller that asks for it (documented in Google's discovery document)."""

from typing import Any

from llm_sdk.codec import ModelCall
from llm_sdk.logprobs import Likely, likely_words
from llm_sdk.types import JsonObject


def encode_logprobs(candidate: JsonObject, call: ModelCall) -> JsonObject:
    """The fields of a candidate, or of what a chunk brings of one, that tell how likely its texts are. Nothing where
    they are not asked for."""
    config: Any = (call.input.extra or {}).get("generationConfig")
    if not isinstance(config, dict) or config.get("responseLogprobs") is not True:
        return {}
    parts = candidate["content"].get("parts") or ()
    text = "".join(part["text"] for part in parts if "text" in part and not part.get("thought"))
    ranks = config.get("logprobs")
    words = list(likely_words(text, ranks if isinstance(ranks, int) else 0))
    if not words:
        return {}
    chosen = [_encode(word) for word, _ in words]
    result: JsonObject = {"chosenCandidates": chosen}
    if words[0][1]:
        result["topCandidates"] = [{"candidates": [*map(_encode, top)]} for _, top in words]
    average = sum(word.logprob for word, _ in words) / len(words)
    return {"avgLogprobs": average, "logprobsResult": result}


def _encode(likely: Likely) -> JsonObject:
    return {"token": likely.token, "logProbability": likely.logprob}
