"""Log probabilities as both protocols of OpenAI write them."""

from llm_sdk.logprobs import Likely, likely_words
from llm_sdk.types import JsonObject

__all__ = ["encode_tokens"]


def encode_tokens(text: str, ranks: int) -> list[JsonObject]:
    """The tokens of a text, each with the ``ranks`` likeliest in its place."""
    return [{**_encode(word), "top_logprobs": [*map(_encode, top)]} for word, top in likely_words(text, ranks)]


def _encode(likely: Likely) -> JsonObject:
    encoded = likely.token.encode("utf-8", "surrogatepass")
    return {"token": likely.token, "logprob": likely.logprob, "bytes": list(encoded)}
