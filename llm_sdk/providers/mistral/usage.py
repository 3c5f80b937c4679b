"""What is counted: ``usage`` <-> :class:`~llm_sdk.types.ModelUsage`."""

from llm_sdk.providers.mistral import wire
from llm_sdk.types import JsonObject, ModelTokensDetails, ModelUsage


def decode_usage(usage: wire.Usage) -> ModelUsage:
    """Cached tokens are inside the input, in any of three spellings; those of audio are beside it, and inside the total
    (recorded)."""
    details = usage.prompt_tokens_details or usage.prompt_token_details
    cached = details.cached_tokens if details else None
    cached = usage.num_cached_tokens if cached is None else cached
    audio = details.audio_tokens if details else None
    given = usage.prompt_tokens
    if audio and usage.total_tokens == given + audio + usage.completion_tokens:
        given += audio
    known = details is not None or cached is not None
    return ModelUsage(
        input_tokens=given,
        output_tokens=usage.completion_tokens,
        input_tokens_details=ModelTokensDetails(cached_text_tokens=cached, audio_tokens=audio) if known else None,
    )


def encode_usage(usage: ModelUsage) -> JsonObject:
    """The other way, with the details that there are."""
    details = usage.input_tokens_details
    audio = details.audio_tokens if details else None
    beside = audio if audio is not None and audio <= usage.input_tokens else 0
    body: JsonObject = {
        "prompt_tokens": usage.input_tokens - beside,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "completion_tokens": usage.output_tokens,
    }
    if details is not None:
        counts = {"cached_tokens": details.cached_text_tokens, "audio_tokens": audio}
        body["prompt_tokens_details"] = {name: count for name, count in counts.items() if count is not None}
    return {**body, "service_tier": "standard"}
