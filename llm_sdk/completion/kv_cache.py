"""What each protocol makes of a ``kv_cache_key``: the history always goes whole, and the key is a hint.

| protocol | what is sent |
| --- | --- |
| Responses, Chat Completions, Mistral | ``prompt_cache_key``: requests of one key meet the same cache |
| Messages | ``cache_control`` for the whole request: its prefix is cached, whatever the key |
| Gemini | ``cachedContent``, where the key is the name of one, such as ``cachedContents/42`` |
| any other | nothing, and a warning says so |
"""

import re
from dataclasses import dataclass

from llm_sdk.errors import InvalidInputError
from llm_sdk.json_model import JsonObject

__all__ = ["cache_hint", "check_cache_key"]

KEY = object()
"""Stands for the key in a hint."""


@dataclass(frozen=True, slots=True)
class _Hint:
    """A field of the request body, its value, which keys it can carry, and one of them."""

    field: str
    value: object = KEY
    keys: str = ".+"
    example: str = ""


HINTS = {
    "openai": _Hint("prompt_cache_key"),
    "openai-chat-completion": _Hint("prompt_cache_key"),
    "mistral": _Hint("prompt_cache_key"),
    # Automatic caching: the last block that can be cached is the breakpoint.
    # https://platform.claude.com/docs/en/build-with-claude/prompt-caching
    "anthropic": _Hint("cache_control", {"type": "ephemeral"}),
    # A cache is made beforehand, and named by the provider: https://ai.google.dev/api/caching
    "google": _Hint(
        "cachedContent",
        keys=r"(projects/[^/]+/locations/[^/]+/)?cachedContents/[^/]+",
        example="cachedContents/42",
    ),
}


def check_cache_key(key: str | None) -> None:
    """Raises InvalidInputError for a key that is none."""
    if key is not None and (not isinstance(key, str) or not key):
        raise InvalidInputError(f"a key is a text that is not empty, not {key!r}", path="kv_cache_key")


def cache_hint(provider: str, key: str) -> tuple[JsonObject, str | None]:
    """What goes into the request body for this key, or nothing and a warning that says why."""
    hint = HINTS.get(provider)
    if hint is None:
        return {}, f"kv_cache_key: the protocol {provider} has no cache to name, and {key!r} is ignored"
    if re.fullmatch(hint.keys, key, re.DOTALL) is None:
        return {}, (
            f"kv_cache_key: {hint.field} of the protocol {provider} takes the name of a cache, such as {hint.example}, "
            f"and {key!r} is ignored"
        )
    return {hint.field: key if hint.value is KEY else hint.value}, None
