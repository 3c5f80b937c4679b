"""What is counted: ``usage`` <-> :class:`~llm_sdk.types.ModelUsage`."""

from llm_sdk.providers.openai import wire
from llm_sdk.types import JsonObject, ModelTokensDetails, ModelUsage


def decode_usage(usage: wire.Usage) -> ModelUsage:
    """Cached and reasoning tokens are inside the totals already. A detail that was not given stays absent."""
    given, made = usage.input_tokens_details, usage.output_tokens_details
    return ModelUsage(
        input_tokens=usage.input_tokens or 0,
        output_tokens=usage.output_tokens or 0,
        input_tokens_details=ModelTokensDetails(
            cached_text_tokens=given.cached_tokens, cache_write_tokens=given.cache_write_tokens
        )
        if given
        else None,
        output_tokens_details=ModelTokensDetails(reasoning_tokens=made.reasoning_tokens) if made else None,
    )


def encode_usage(usage: ModelUsage) -> JsonObject:
    """The details that the API always gives are zero where ``usage`` has none."""
    given, made = usage.input_tokens_details, usage.output_tokens_details
    details: JsonObject = {"cached_tokens": (given and given.cached_text_tokens) or 0}
    if given and given.cache_write_tokens is not None:
        details["cache_write_tokens"] = given.cache_write_tokens
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": details,
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": (made and made.reasoning_tokens) or 0},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
