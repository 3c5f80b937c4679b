"""OpenAI's Responses API (``POST /v1/responses``).

Documentation: https://platform.openai.com/docs/api-reference/responses
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llm_sdk.providers.openai.codec import CODEC, OpenAICodec
    from llm_sdk.providers.openai.model import MODEL, OpenAIModel

__all__ = ["CODEC", "MODEL", "OpenAICodec", "OpenAIModel"]

_ROOMS = {"CODEC": "codec", "OpenAICodec": "codec", "MODEL": "model", "OpenAIModel": "model"}
"""Loaded when they are asked for: a server of every protocol starts before it has read them all."""


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
