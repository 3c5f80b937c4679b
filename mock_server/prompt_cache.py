"""Which part of a prompt a provider has seen before: what its usage counts as cached."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator

from llm_sdk.types import LanguageModelInput
from mock_server.conversation import head_tokens, message_tokens

__all__ = ["LEAST_CACHED", "PromptCache"]

LEAST_CACHED = 1024
"""Tokens that a prompt must have to be cached, at every provider that documents a number."""
MAX_PREFIXES = 20_000


class PromptCache:
    """The beginnings of the prompts that came. A prompt is cut behind its instructions and behind every message."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def look_up(self, owner: str, input: LanguageModelInput) -> tuple[int, int]:
        """How many tokens of ``input`` are known already, and how many are known from now on.

        ``owner`` is who caches: a provider and one of its models.
        """
        known = whole = 0
        prefixes = [(digest, tokens) for digest, tokens in _prefixes(owner, input) if tokens >= LEAST_CACHED]
        for digest, tokens in prefixes:
            whole = tokens
            if digest in self._seen:
                known = tokens
        for digest, _ in prefixes:
            self._seen[digest] = None
            self._seen.move_to_end(digest)
        while len(self._seen) > MAX_PREFIXES:
            self._seen.popitem(last=False)
        return known, whole


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
