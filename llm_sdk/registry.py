"""Providers by name: the six of this package, and those that others register under ``llm_sdk.providers``."""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, cast

from llm_sdk.codec import Codec
from llm_sdk.errors import InvalidInputError
from llm_sdk.sse import DEFAULT_MAX_EVENT_BYTES
from llm_sdk.types import LanguageModelMetadata

if TYPE_CHECKING:
    from llm_sdk.model import HttpClient, HttpLanguageModel, Timeout

__all__ = ["find_codec", "get_codec", "get_model", "provider_meant", "provider_names"]

GROUP = "llm_sdk.providers"
PROVIDERS = {
    "openai": "llm_sdk.providers.openai",
    "openai-chat-completion": "llm_sdk.providers.openai_chat_completion",
    "anthropic": "llm_sdk.providers.anthropic",
    "google": "llm_sdk.providers.google",
    "cohere": "llm_sdk.providers.cohere",
    "mistral": "llm_sdk.providers.mistral",
}
OTHER_NAMES = {
    "openai-responses": "openai",
    "openai-chat": "openai-chat-completion",
    "openai-compatible": "openai-chat-completion",
    "anthropic-compatible": "anthropic",
    "gemini": "google",
}
"""What protocols are called elsewhere -> here."""


def provider_names() -> list[str]:
    """Every provider that can be had here, our own first."""
    return [*PROVIDERS, *sorted({entry.name for entry in entry_points(group=GROUP)} - PROVIDERS.keys())]


def provider_meant(word: str) -> str:
    """The provider that a word of elsewhere stands for, such as ``openai-compatible:groq``; the word itself where it is
    none of the known ones.
    """
    name = word.strip().lower().replace("_", "-").partition(":")[0]
    return OTHER_NAMES.get(name, name)


def get_codec(provider: str) -> Codec:
    """The codec of a provider. Raises InvalidInputError that lists the known names for any other."""
    codec: Codec = _load(provider).CODEC
    return codec


def find_codec(provider: str) -> Codec:
    """As :func:`get_codec`; of a protocol of this package only the endpoint is read at once, and all else when it is
    used, so that a server of every protocol starts before it has read them all."""
    return cast("Codec", _UnreadCodec(provider)) if provider in PROVIDERS else get_codec(provider)


class _UnreadCodec:
    def __init__(self, provider: str) -> None:
        self.provider = provider
        room = import_module(f"{PROVIDERS[provider]}.endpoint")
        self.endpoint, self.match = room.ENDPOINT, room.match

    def __getattr__(self, name: str) -> Any:
        value = self.__dict__[name] = getattr(get_codec(self.provider), name)
        return value


def get_model(
    provider: str,
    model_id: str,
    *,
    api_key: str | None = None,
    base_url: str | None = None,
    http_client: "HttpClient | None" = None,
    metadata: LanguageModelMetadata | Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: "Timeout | None" = None,
    max_retries: int = 2,
    max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES,
) -> "HttpLanguageModel":
    """A model of a provider, of the provider's own class where it has one.

    The arguments are those of :class:`llm_sdk.model.HttpLanguageModel`. Raises InvalidInputError for an unknown
    provider, a missing key, and whatever else is wrong with them.
    """
    from llm_sdk.model import HttpLanguageModel

    module = _load(provider)
    options: dict[str, Any] = {
        "api_key": api_key,
        "base_url": base_url,
        "http_client": http_client,
        "metadata": metadata,
        "headers": headers,
        "timeout": timeout,
        "max_retries": max_retries,
        "max_event_bytes": max_event_bytes,
    }
    if (own_class := getattr(module, "MODEL", None)) is not None:
        model: HttpLanguageModel = own_class(model_id, **options)
        return model
    return HttpLanguageModel(module.CODEC, model_id, **options)


def _load(provider: str) -> Any:
    """The module of a provider, or whatever has ``CODEC`` and perhaps ``MODEL`` in its place."""
    if provider in PROVIDERS:
        return import_module(PROVIDERS[provider])
    for entry in entry_points(group=GROUP, name=provider):
        return _load_entry(entry)
    raise InvalidInputError(f"no provider {provider!r}; there are {', '.join(provider_names())}")


def _load_entry(entry: EntryPoint) -> Any:
    where = f"provider {entry.name!r} is registered as {entry.value}"
    try:
        module = entry.load()
    except (ImportError, AttributeError) as error:
        raise InvalidInputError(f"{where}, which cannot be loaded: {error}") from error
    if not hasattr(module, "CODEC"):
        raise InvalidInputError(f"{where}, which has no CODEC")
    return module
