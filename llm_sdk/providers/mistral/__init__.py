"""Mistral's chat completions (``POST /v1/chat/completions``).

Documentation: https://docs.mistral.ai/api/#tag/chat
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llm_sdk.providers.mistral.codec import CODEC, MistralCodec
    from llm_sdk.providers.mistral.model import MODEL, MistralModel

__all__ = ["CODEC", "MODEL", "MistralCodec", "MistralModel"]

_ROOMS = {"CODEC": "codec", "MistralCodec": "codec", "MODEL": "model", "MistralModel": "model"}
"""Loaded when they are asked for: a server of every protocol starts before it has read them all."""


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
