"""LiteLLM as an adapter: it takes and gives the form of Chat Completions, and calls many providers in theirs."""

import os

from bridging import declared
from chat_form import ChatFormBridge, Library

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else it fetches its table of prices when imported
import litellm

__all__ = ["create"]

PREFIXES = {
    "openai-chat-completion": "openai",
    "anthropic": "anthropic",
    "google": "gemini",
    "cohere": "cohere_chat",
    "mistral": "mistral",
}
ENDPOINTS = {"google": "/v1beta", "cohere": "/v2/chat"}
"""What LiteLLM wants behind the base URL."""
RETRIES = 2


def create(*, provider: str, base_url: str, api_key: str, model_id: str, http_client: object) -> ChatFormBridge:
    """The factory for ``--adapter``. LiteLLM makes its own clients."""
    del http_client
    always = {
        "model": f"{PREFIXES[provider]}/{model_id}",
        "api_base": base_url + ENDPOINTS.get(provider, ""),
        "api_key": api_key,
        "num_retries": RETRIES,
    }
    library = Library(litellm.completion, litellm.acompletion, always, {"stream_options": {"include_usage": True}})
    return ChatFormBridge(provider, model_id, declared(__file__, provider), library)
