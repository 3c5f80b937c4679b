"""OpenAI's Chat Completions on aiohttp: an adapter written by hand, to be judged by llm-conformance."""

from typing import Any

from aiohttp_chat.model import ChatModel
from aiohttp_chat.request import CAPABILITIES

__all__ = ["ChatModel", "create"]


def create(*, base_url: str, api_key: str, model_id: str, http_client: Any = None) -> ChatModel:
    """What the suite makes the adapter with. ``http_client`` is an httpx client, for which aiohttp has no use."""
    del http_client
    return ChatModel(model_id, base_url=base_url, api_key=api_key)


create.capabilities = CAPABILITIES  # type: ignore[attr-defined]  # what it declares: the rest it has to refuse
