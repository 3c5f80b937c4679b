"""What a call has cost, from its usage and the model's prices."""

from llm_sdk.types import LanguageModelPricing, ModelTokensDetails, ModelUsage

__all__ = ["compute_cost"]

_NO_DETAILS = ModelTokensDetails()


def compute_cost(usage: ModelUsage, pricing: LanguageModelPricing) -> float:
    """US dollars for ``usage``.

    Every token of the totals is counted once: audio and image tokens at their own price, the rest, reasoning tokens
    included, as text; cached tokens at the cached price of their kind, and those that were written to a cache at the
    price of that. A price that is missing falls back: that of cached and of written tokens to the full one, that of
    audio and images to the one of text, that of text to nothing.

    >>> usage = ModelUsage(input_tokens=100, output_tokens=10, input_tokens_details={"cached_text_tokens": 80})
    >>> pricing = LanguageModelPricing(
    ...     input_cost_per_text_token=1, input_cost_per_cached_text_token=0.1, output_cost_per_text_token=2
    ... )
    >>> compute_cost(usage, pricing)
    48.0
    """
    input_text = pricing.input_cost_per_text_token or 0.0
    input_audio = _first(pricing.input_cost_per_audio_token, input_text)
    input_image = _first(pricing.input_cost_per_image_token, input_text)
    output_text = pricing.output_cost_per_text_token or 0.0
    return _side(
        usage.input_tokens,
        usage.input_tokens_details or _NO_DETAILS,
        text=(input_text, _first(pricing.input_cost_per_cached_text_token, input_text)),
        cache_write=_first(pricing.input_cost_per_cache_write_token, input_text),
        audio=(input_audio, _first(pricing.input_cost_per_cached_audio_token, input_audio)),
        image=(input_image, _first(pricing.input_cost_per_cached_image_token, input_image)),
    ) + _side(
        usage.output_tokens,
        usage.output_tokens_details or _NO_DETAILS,
        text=(output_text, output_text),
        cache_write=output_text,
        audio=(_first(pricing.output_cost_per_audio_token, output_text),) * 2,
        image=(_first(pricing.output_cost_per_image_token, output_text),) * 2,
    )


Prices = tuple[float, float]
"""Of a token, and of a cached one."""


def _side(
    tokens: int, details: ModelTokensDetails, *, text: Prices, cache_write: float, audio: Prices, image: Prices
) -> float:
    cached_audio = details.cached_audio_tokens or 0
    cached_image = details.cached_image_tokens or 0
    audio_tokens = max(details.audio_tokens or 0, cached_audio)
    image_tokens = max(details.image_tokens or 0, cached_image)
    text_tokens = max(tokens - audio_tokens - image_tokens, 0)
    cached_text = min(details.cached_text_tokens or 0, text_tokens)
    written = min(details.cache_write_tokens or 0, text_tokens - cached_text)
    return (
        _kind(text_tokens - written, cached_text, text)
        + written * cache_write
        + _kind(audio_tokens, cached_audio, audio)
        + _kind(image_tokens, cached_image, image)
    )


def _kind(tokens: int, cached: int, prices: Prices) -> float:
    full, reduced = prices
    return (tokens - cached) * full + cached * reduced


def _first(price: float | None, fallback: float) -> float:
    return fallback if price is None else price
