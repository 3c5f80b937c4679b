"""OpenAI's Chat Completions (``POST /v1/chat/completions``), and the many servers that copy it.

Documentation: https://platform.openai.com/docs/api-reference/chat
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llm_sdk.providers.openai_chat_completion.codec import CODEC, OpenAIChatCodec
    from llm_sdk.providers.openai_chat_completion.model import MODEL, OpenAIChatModel

__all__ = ["CODEC", "MODEL", "OpenAIChatCodec", "OpenAIChatModel"]

_ROOMS = {"CODEC": "codec", "OpenAIChatCodec": "codec", "MODEL": "model", "OpenAIChatModel": "model"}
"""Loaded when they are asked for: a server of every protocol starts before it has read them all."""


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
