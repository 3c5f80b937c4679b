"""What is known of a model beforehand: its prices and what it can do.

:mod:`llm_sdk.types` gives them out with the rest of the unified types.
"""

from llm_sdk.json_model import Maybe, Model

__all__ = [
    "LanguageModelCapabilities",
    "LanguageModelMetadata",
    "LanguageModelPricing",
]


class LanguageModelPricing(Model):
    """Prices in US dollars per token."""

    input_cost_per_text_token: Maybe[float] = None
    input_cost_per_cached_text_token: Maybe[float] = None
    input_cost_per_cache_write_token: Maybe[float] = None
    input_cost_per_audio_token: Maybe[float] = None
    input_cost_per_cached_audio_token: Maybe[float] = None
    input_cost_per_image_token: Maybe[float] = None
    input_cost_per_cached_image_token: Maybe[float] = None
    output_cost_per_text_token: Maybe[float] = None
    output_cost_per_audio_token: Maybe[float] = None
    output_cost_per_image_token: Maybe[float] = None


class LanguageModelCapabilities(Model):
    """What one model can do, where its provider can. Unknown is absent."""

    text_input: Maybe[bool] = None
    text_output: Maybe[bool] = None
    image_input: Maybe[bool] = None
    image_output: Maybe[bool] = None
    audio_input: Maybe[bool] = None
    audio_output: Maybe[bool] = None
    function_calling: Maybe[bool] = None
    structured_output: Maybe[bool] = None
    citation: Maybe[bool] = None
    reasoning: Maybe[bool] = None


class LanguageModelMetadata(Model):
    """What is known of a model beforehand."""

    pricing: Maybe[LanguageModelPricing] = None
    capabilities: Maybe[LanguageModelCapabilities] = None
