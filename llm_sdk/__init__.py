"""One set of unified types over six LLM wire protocols, in both directions."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from llm_sdk import accumulator, deltas, errors, types
from llm_sdk.accumulator import *  # noqa: F403
from llm_sdk.deltas import *  # noqa: F403
from llm_sdk.errors import *  # noqa: F403
from llm_sdk.types import *  # noqa: F403

if TYPE_CHECKING:
    from llm_sdk.completion import acompletion, completion
    from llm_sdk.cost import compute_cost
    from llm_sdk.model import HttpLanguageModel, LanguageModel
    from llm_sdk.registry import get_codec, get_model, provider_names

__version__ = "0.1.0"

_FIRST_USE = {
    "HttpLanguageModel": "llm_sdk.model",
    "LanguageModel": "llm_sdk.model",
    "acompletion": "llm_sdk.completion",
    "completion": "llm_sdk.completion",
    "compute_cost": "llm_sdk.cost",
    "get_codec": "llm_sdk.registry",
    "get_model": "llm_sdk.registry",
    "provider_names": "llm_sdk.registry",
}
"""Imported when first used, so that the types alone cost no more than pydantic."""

__all__ = [
    *types.__all__,
    *deltas.__all__,
    *accumulator.__all__,
    *errors.__all__,
    "HttpLanguageModel",
    "LanguageModel",
    "acompletion",
    "completion",
    "compute_cost",
    "get_codec",
    "get_model",
    "provider_names",
]


def __getattr__(name: str) -> Any:
    if name not in _FIRST_USE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(_FIRST_USE[name])
    # The import system makes a module an attribute of its package; the module `completion` is called as its function.
    value = globals()[name] = module if module.__name__ == f"{__name__}.{name}" else getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
