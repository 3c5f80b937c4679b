"""``logprobs`` of what is said, for a caller that has them included."""

from llm_sdk.codec import ModelCall
from llm_sdk.openai_logprobs import encode_tokens
from llm_sdk.types import JsonObject

INCLUDE = "message.output_text.logprobs"


def encode_logprobs(text: str, call: ModelCall) -> list[JsonObject]:
    """The tokens of a text; none where they are not asked for."""
    if not _wants_logprobs(call):
        return []
    ranks = (call.input.extra or {}).get("top_logprobs")
    return encode_tokens(text, ranks if isinstance(ranks, int) else 0)


def with_logprobs(item: JsonObject, call: ModelCall) -> JsonObject:
    """A message of the answer with the tokens of its texts; any other item as it is."""
    if item.get("type") != "message" or not _wants_logprobs(call):
        return item
    told = [
        {**part, "logprobs": encode_logprobs(part["text"], call)} if part["type"] == "output_text" else part
        for part in item["content"]
    ]
    return {**item, "content": told}


def _wants_logprobs(call: ModelCall) -> bool:
    return INCLUDE in ((call.input.extra or {}).get("include") or ())
