"""Anthropic's Messages API (``POST /v1/messages``).

Documentation: https://platform.claude.com/docs/en/api/messages
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llm_sdk.providers.anthropic.codec import CODEC, AnthropicCodec
    from llm_sdk.providers.anthropic.model import MODEL, AnthropicModel

__all__ = ["CODEC", "MODEL", "AnthropicCodec", "AnthropicModel"]

_ROOMS = {"CODEC": "codec", "AnthropicCodec": "codec", "MODEL": "model", "AnthropicModel": "model"}
"""Loaded when they are asked for: a server of every protocol starts before it has read them all."""


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
