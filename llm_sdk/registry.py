"""Providers by name: the six of this package, and those that others register under ``llm_sdk.providers``."""

from importlib import import_module
from importlib.metadata import entry_points

from llm_sdk.codec import Codec
from llm_sdk.errors import InvalidInputError

__all__ = ["get_codec", "provider_names"]

PROVIDERS = {
    "openai": "llm_sdk.providers.openai",
}


def provider_names() -> list[str]:
    """Every provider that can be had here, our own first."""
    return [*PROVIDERS, *sorted({entry.name for entry in entry_points(group="llm_sdk.providers")} - PROVIDERS.keys())]


def get_codec(provider: str) -> Codec:
    """The codec of a provider. Raises InvalidInputError that lists the known names for any other."""
    if provider in PROVIDERS:
        codec: Codec = import_module(PROVIDERS[provider]).CODEC
        return codec
    for entry in entry_points(group="llm_sdk.providers", name=provider):
        registered: Codec = entry.load().CODEC
        return registered
    raise InvalidInputError(f"no provider {provider!r}; there are {', '.join(provider_names())}")
