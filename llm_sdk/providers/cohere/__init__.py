"""Cohere's chat (``POST /v2/chat``).

Documentation: https://docs.cohere.com/v2/reference/chat
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llm_sdk.providers.cohere.codec import CODEC, CohereCodec
    from llm_sdk.providers.cohere.model import MODEL, CohereModel

__all__ = ["CODEC", "MODEL", "CohereCodec", "CohereModel"]

_ROOMS = {"CODEC": "codec", "CohereCodec": "codec", "MODEL": "model", "CohereModel": "model"}
"""Loaded when they are asked for: a server of every protocol starts before it has read them all."""


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
