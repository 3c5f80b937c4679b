"""What a call costs: every token once, at the price of its kind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_sdk import LanguageModelPricing, ModelTokensDetails, ModelUsage, compute_cost

PRICES = LanguageModelPricing(
    input_cost_per_text_token=1,
    input_cost_per_cached_text_token=0.25,
    input_cost_per_cache_write_token=1.25,
    input_cost_per_audio_token=8,
    input_cost_per_cached_audio_token=4,
    input_cost_per_image_token=2,
    input_cost_per_cached_image_token=0.5,
    output_cost_per_text_token=16,
    output_cost_per_audio_token=64,
    output_cost_per_image_token=32,
)
TEXT_PRICES = LanguageModelPricing(input_cost_per_text_token=1, output_cost_per_text_token=16)


@pytest.mark.parametrize(
    ("input", "output", "prices", "cost"),
    [
        (None, None, PRICES, 100 + 10 * 16),
        ({}, {}, PRICES, 100 + 10 * 16),
        ({"text_tokens": 0}, {"text_tokens": 0}, PRICES, 100 + 10 * 16),
        ({"cached_text_tokens": 80}, None, PRICES, 20 + 80 * 0.25 + 10 * 16),
        ({"cached_text_tokens": 80}, None, TEXT_PRICES, 100 + 10 * 16),
        ({"cached_text_tokens": 0}, None, PRICES, 100 + 10 * 16),
        ({"cached_text_tokens": 200}, None, PRICES, 100 * 0.25 + 10 * 16),
        ({"text_tokens": 40, "audio_tokens": 60}, None, PRICES, 40 + 60 * 8 + 10 * 16),
        ({"audio_tokens": 60, "cached_audio_tokens": 50}, None, PRICES, 40 + 10 * 8 + 50 * 4 + 10 * 16),
        ({"cached_audio_tokens": 50}, None, PRICES, 50 + 50 * 4 + 10 * 16),
        ({"image_tokens": 60, "cached_image_tokens": 10}, None, PRICES, 40 + 50 * 2 + 10 * 0.5 + 10 * 16),
        ({"audio_tokens": 30, "image_tokens": 30}, None, TEXT_PRICES, 100 + 10 * 16),
        ({"audio_tokens": 200}, None, PRICES, 200 * 8 + 10 * 16),
        (None, {"audio_tokens": 4, "image_tokens": 5}, PRICES, 100 + 1 * 16 + 4 * 64 + 5 * 32),
        (None, {"reasoning_tokens": 9}, PRICES, 100 + 10 * 16),
        ({"cache_write_tokens": 50}, None, PRICES, 50 + 50 * 1.25 + 10 * 16),
        ({"cache_write_tokens": 50, "cached_text_tokens": 30}, None, PRICES, 20 + 50 * 1.25 + 30 * 0.25 + 10 * 16),
        ({"cache_write_tokens": 90, "cached_text_tokens": 30}, None, PRICES, 70 * 1.25 + 30 * 0.25 + 10 * 16),
        ({"cache_write_tokens": 50}, None, TEXT_PRICES, 100 + 10 * 16),
        (None, None, LanguageModelPricing(), 0),
    ],
)
def test_each_token_has_one_price(
    input: dict[str, int] | None, output: dict[str, int] | None, prices: LanguageModelPricing, cost: float
) -> None:
    usage = ModelUsage(input_tokens=100, output_tokens=10, input_tokens_details=input, output_tokens_details=output)
    assert compute_cost(usage, prices) == cost


def test_the_example() -> None:
    details = ModelTokensDetails(cached_text_tokens=80)
    usage = ModelUsage(input_tokens=100, output_tokens=10, input_tokens_details=details)
    prices = LanguageModelPricing(
        input_cost_per_text_token=1, input_cost_per_cached_text_token=0.1, output_cost_per_text_token=2
    )
    assert compute_cost(usage, prices) == 48


tokens = st.integers(0, 1000)


@given(tokens, tokens, tokens, tokens, tokens, tokens)
def test_at_one_price_for_all_the_kinds_do_not_matter(
    text: int, cached_text: int, audio: int, cached_audio: int, image: int, output: int
) -> None:
    details = ModelTokensDetails(
        cached_text_tokens=cached_text,
        audio_tokens=audio + cached_audio,
        cached_audio_tokens=cached_audio,
        image_tokens=image,
    )
    total = text + cached_text + audio + cached_audio + image
    usage = ModelUsage(input_tokens=total, output_tokens=output, input_tokens_details=details)
    assert compute_cost(usage, TEXT_PRICES) == total + 16 * output
