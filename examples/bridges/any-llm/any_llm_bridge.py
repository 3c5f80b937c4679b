"""any-llm as an adapter: it takes and gives the form of Chat Completions, and calls the providers' official clients."""

from typing import Any

import any_llm
from bridging import declared
from chat_form import ChatFormBridge, Library

__all__ = ["create"]

NAMES = {
    "openai-chat-completion": "openai",
    "anthropic": "anthropic",
    "google": "gemini",
    "cohere": "cohere",
    "mistral": "mistral",
}


def create(*, provider: str, base_url: str, api_key: str, model_id: str, http_client: object) -> ChatFormBridge:
    """The factory for ``--adapter``. The official clients make their own HTTP clients."""
    del http_client
    always = {"provider": NAMES[provider], "model": model_id, "api_base": base_url, "api_key": api_key}
    streaming: dict[str, Any] = {}
    if provider == "openai-chat-completion":
        streaming["stream_options"] = {"include_usage": True}  # the others tell their usage unasked
    library = Library(any_llm.completion, any_llm.acompletion, always, streaming)
    return ChatFormBridge(provider, model_id, declared(__file__, provider), library)
