"""What is counted: ``usage`` <-> :class:`~llm_sdk.types.ModelUsage`."""

from llm_sdk.providers.cohere import wire
from llm_sdk.types import JsonObject, ModelTokensDetails, ModelUsage


def decode_usage(usage: wire.Usage | None) -> ModelUsage | None:
    """What is billed: reasoning and images are inside, the provider's own template around the conversation is not.

    The template begins the prompt, so that of the cached tokens it is the first to be cached; only the rest are billed
    ones. A detail that was not given stays absent.
    """
    if usage is None or (usage.billed_units is None and usage.tokens is None):
        return None
    tokens = usage.tokens or usage.billed_units or wire.Units()
    billed = usage.billed_units or tokens
    given = ModelTokensDetails(cached_text_tokens=_cached(usage), image_tokens=_count(tokens.image_tokens))
    made = ModelTokensDetails(reasoning_tokens=_count(tokens.reasoning_tokens))
    return ModelUsage(
        input_tokens=_count(billed.input_tokens) or 0,
        output_tokens=_count(billed.output_tokens) or 0,
        input_tokens_details=given if given.model_dump() else None,
        output_tokens_details=made if made.model_dump() else None,
    )


def _cached(usage: wire.Usage) -> int | None:
    if usage.cached_tokens is None:
        return None
    tokens, billed = usage.tokens or wire.Units(), usage.billed_units or wire.Units()
    if tokens.input_tokens is None or billed.input_tokens is None:
        return _count(usage.cached_tokens)
    template = max(tokens.input_tokens - billed.input_tokens, 0)
    return _count(min(max(usage.cached_tokens - template, 0), billed.input_tokens))


def _count(number: float | None) -> int | None:
    return None if number is None else round(number)


def encode_usage(usage: ModelUsage) -> JsonObject:
    """The other way, without a template."""
    given, made = usage.input_tokens_details, usage.output_tokens_details
    billed = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
    details = {
        "image_tokens": given.image_tokens if given else None,
        "reasoning_tokens": made.reasoning_tokens if made else None,
    }
    counts = {name: count for name, count in details.items() if count is not None}
    cached = given.cached_text_tokens if given else None
    written: JsonObject = {"billed_units": billed, "tokens": {**billed, **counts}}
    return written if cached is None else {**written, "cached_tokens": cached}
