"""Prices that others keep up, as metadata of a model."""

import sys

import genai_prices
import pytest
from genai_prices.types import ModelPrice

from llm_sdk import InvalidInputError, get_model
from llm_sdk.published_prices import PRICES, find_metadata
from llm_sdk.registry import PROVIDERS

MODELS = {
    "openai": "gpt-5",
    "openai-chat-completion": "gpt-5",
    "anthropic": "claude-sonnet-4-5",
    "google": "gemini-2.5-flash",
    "cohere": "command-a-03-2025",
    "mistral": "mistral-large-latest",
}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_is_listed(provider: str) -> None:
    metadata = find_metadata(provider, MODELS[provider])
    assert metadata is not None
    usage = genai_prices.Usage(input_tokens=1_000_000, output_tokens=0)
    listed = genai_prices.calc_price(usage, MODELS[provider])
    assert metadata.pricing.input_cost_per_text_token == pytest.approx(float(listed.input_price) / 1e6, rel=1.01)
    assert metadata.pricing.output_cost_per_text_token > metadata.pricing.input_cost_per_text_token


def test_cached_written_and_heard_tokens_have_their_prices() -> None:
    claude = find_metadata("anthropic", "claude-sonnet-4-5").pricing
    assert claude.input_cost_per_cached_text_token == pytest.approx(claude.input_cost_per_text_token / 10)
    assert claude.input_cost_per_cache_write_token == pytest.approx(claude.input_cost_per_text_token * 1.25)
    gemini = find_metadata("google", "gemini-2.5-flash").pricing
    assert gemini.input_cost_per_audio_token > gemini.input_cost_per_text_token


@pytest.mark.parametrize("key", PRICES.values())
def test_every_price_is_one_that_the_package_knows(key: str) -> None:
    assert getattr(ModelPrice(), key) is None


def test_another_server_has_its_own_list() -> None:
    groq = find_metadata("openai-chat-completion", "llama-3.3-70b-versatile", base_url="https://api.groq.com/openai/v1")
    assert groq.pricing.input_cost_per_text_token > 0


@pytest.mark.parametrize("model_id", ["no-such-model", "claude-sonnet-4-5"])
def test_a_model_that_is_not_listed(model_id: str) -> None:
    assert find_metadata("openai", model_id) is None


def test_a_server_that_is_not_listed() -> None:
    assert find_metadata("openai", "gpt-5", base_url="http://127.0.0.1:8080/v1") is None


def test_a_model_takes_it() -> None:
    model = get_model("openai", "gpt-5", api_key="test", metadata=find_metadata("openai", "gpt-5"))
    assert model.metadata.pricing.output_cost_per_text_token > 0


def test_without_the_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    with pytest.raises(InvalidInputError, match=r"pip install 'llm-conformance\[prices\]'"):
        find_metadata("openai", "gpt-5")
