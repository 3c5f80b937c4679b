"""What providers say that their models cost, from the ``genai-prices`` package (the extra ``prices``).

    model = get_model("openai", "gpt-5", metadata=find_metadata("openai", "gpt-5"))

It is loaded on the first question: a program that names its own prices, or none, does not need it.
"""

from importlib import import_module
from typing import Any

from llm_sdk.errors import InvalidInputError
from llm_sdk.registry import get_codec
from llm_sdk.types import LanguageModelMetadata, LanguageModelPricing

__all__ = ["find_metadata"]

PRICES = {
    "input_cost_per_text_token": "input_mtok",
    "input_cost_per_cached_text_token": "cache_read_mtok",
    "input_cost_per_cache_write_token": "cache_write_mtok",
    "input_cost_per_audio_token": "input_audio_mtok",
    "input_cost_per_cached_audio_token": "cache_audio_read_mtok",
    "input_cost_per_image_token": "input_image_mtok",
    "input_cost_per_cached_image_token": "cache_image_read_mtok",
    "output_cost_per_text_token": "output_mtok",
    "output_cost_per_audio_token": "output_audio_mtok",
    "output_cost_per_image_token": "output_image_mtok",
}
MILLION = 1_000_000


def find_metadata(provider: str, model_id: str, *, base_url: str | None = None) -> LanguageModelMetadata | None:
    """The published prices of a model, or nothing where it is not in the list.

    ``base_url`` tells whose list: many servers speak the protocol of ``openai-chat-completion``, each at its own
    prices. Unset, it is the provider's own. Where a price rises with the length of the prompt, the first step is given.

    Raises InvalidInputError for an unknown provider, and where ``genai-prices`` is not installed.
    """
    url = base_url or get_codec(provider).endpoint.base_url
    try:
        genai_prices = import_module("genai_prices")
    except ImportError:
        raise InvalidInputError(
            "published prices need the package genai-prices: pip install 'llm-conformance[prices]'"
        ) from None
    try:
        prices = genai_prices.calc_price(genai_prices.Usage(), model_id, provider_api_url=url).model_price
    except LookupError:
        return None
    given = {
        name: price for name, key in PRICES.items() if (price := _per_token(getattr(prices, key, None))) is not None
    }
    return LanguageModelMetadata(pricing=LanguageModelPricing(**given))


def _per_token(price: Any) -> float | None:
    """US dollars for one token, from those for a million, or from the steps of a price."""
    if price is None:
        return None
    return float(getattr(price, "base", price) / MILLION)
