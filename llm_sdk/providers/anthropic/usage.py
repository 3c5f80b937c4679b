"""What is counted: ``usage`` <-> :class:`~llm_sdk.types.ModelUsage`."""

from llm_sdk.providers.anthropic import wire
from llm_sdk.types import JsonObject, ModelTokensDetails, ModelUsage


def decode_usage(usage: wire.Usage) -> ModelUsage:
    """Cached tokens, which the API counts apart, are inside the input. A detail that was not given stays absent."""
    read, written = usage.cache_read_input_tokens, usage.cache_creation_input_tokens
    made = usage.output_tokens_details
    return ModelUsage(
        input_tokens=(usage.input_tokens or 0) + (read or 0) + (written or 0),
        output_tokens=usage.output_tokens or 0,
        input_tokens_details=ModelTokensDetails(cached_text_tokens=read, cache_write_tokens=written)
        if read is not None or written is not None
        else None,
        output_tokens_details=ModelTokensDetails(reasoning_tokens=made.thinking_tokens)
        if made is not None and made.thinking_tokens is not None
        else None,
    )


def encode_usage(usage: ModelUsage | None) -> JsonObject:
    """The API always gives usage: zero where there is none. Cache counts are absent where ``usage`` has no details, as
    they are from older answers (recorded)."""
    if usage is None:
        return {"input_tokens": 0, "output_tokens": 0}
    given, made = usage.input_tokens_details, usage.output_tokens_details
    counts: JsonObject = {"input_tokens": usage.input_tokens}
    if given is not None:
        read, written = given.cached_text_tokens, given.cache_write_tokens
        counts["input_tokens"] = max(usage.input_tokens - (read or 0) - (written or 0), 0)
        counts |= {"cache_creation_input_tokens": written, "cache_read_input_tokens": read}
    counts["output_tokens"] = usage.output_tokens
    if made is not None and made.reasoning_tokens is not None:
        counts["output_tokens_details"] = {"thinking_tokens": made.reasoning_tokens}
    return counts


def count_searches(parts: int) -> JsonObject:
    """``server_tool_use``, which counts hosted searches and is absent without them."""
    return {"server_tool_use": {"web_search_requests": parts}} if parts else {}
