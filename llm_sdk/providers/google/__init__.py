"""Google's Gemini (``generateContent`` and ``streamGenerateContent``, on ``/v1beta`` and ``/v1``).

Documentation: https://ai.google.dev/api/generate-content
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llm_sdk.providers.google.codec import CODEC, GoogleCodec
    from llm_sdk.providers.google.model import MODEL, GoogleModel

__all__ = ["CODEC", "MODEL", "GoogleCodec", "GoogleModel"]

_ROOMS = {"CODEC": "codec", "GoogleCodec": "codec", "MODEL": "model", "GoogleModel": "model"}
"""Loaded when they are asked for: a server of every protocol starts before it has read them all."""


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
