"""Which part of a prompt a provider has seen before: what its usage counts as cached."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Protocol

from llm_sdk.types import LanguageModelInput
from mock_server.conversation import head_tokens, message_tokens

__all__ = ["LEAST_CACHED", "Prefixes", "PromptCache", "SeenPrefixes"]

LEAST_CACHED = 1024
"""Tokens that a prompt must have to be cached, at every provider that documents a number."""
MAX_PREFIXES = 20_000


class Prefixes(Protocol):
    """Which beginnings of prompts have come, by their digests."""

    def see(self, digests: Sequence[bytes]) -> list[bool]:
        """Whether each of them has come before; they all have from now on."""
        ...


class SeenPrefixes:
    """Those that came latest, in memory."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def see(self, digests: Sequence[bytes]) -> list[bool]:
        """See :meth:`Prefixes.see`."""
        known = [digest in self._seen for digest in digests]
        for digest in digests:
            self._seen[digest] = None
            self._seen.move_to_end(digest)
        while len(self._seen) > MAX_PREFIXES:
            self._seen.popitem(last=False)
        return known


class PromptCache:
    """The beginnings of the prompts that came. A prompt is cut behind its instructions and behind every message."""

    def __init__(self, prefixes: Prefixes | None = None) -> None:
        self._prefixes = prefixes if prefixes is not None else SeenPrefixes()

    def look_up(self, owner: str, input: LanguageModelInput) -> tuple[int, int]:
        """How many tokens of ``input`` are known already, and how many are known from now on.

        ``owner`` is who caches: a provider and one of its models.
        """
        prefixes = [(digest, tokens) for digest, tokens in _prefixes(owner, input) if tokens >= LEAST_CACHED]
        if not prefixes:
            return 0, 0
        seen = self._prefixes.see([digest for digest, _ in prefixes])
        known = max((tokens for (_, tokens), before in zip(prefixes, seen, strict=True) if before), default=0)
        return known, prefixes[-1][1]


def _prefixes(owner: str, input: LanguageModelInput) -> Iterator[tuple[bytes, int]]:
    running = hashlib.sha256(owner.encode("utf-8", "surrogatepass"))
    for tool in input.tools or ():
        running.update(tool.model_dump_json().encode())
    running.update((input.system_prompt or "").encode("utf-8", "surrogatepass"))
    tokens = head_tokens(input)
    yield running.digest(), tokens
    for message in input.messages:
        running.update(b"\0" + message.model_dump_json().encode())
        tokens += message_tokens(message)
        yield running.digest(), tokens
