"""Vectors for texts, in which texts that share words, or parts of words, are nearer to each other."""

import re
from functools import lru_cache
from hashlib import blake2b
from math import sqrt

__all__ = ["embed"]

WORD = re.compile(r"\w+")
GRAM = 3
WORD_WEIGHT, GRAM_WEIGHT = 1.0, 0.4
# So many numbers of the vector change with a feature: the more, the less two features are taken for one.
SPREAD = 4
DIGITS = 8
# The most frequent words say little of what a text is about.
COMMON = frozenset(
    {
        *("a", "an", "and", "are", "as", "at", "be", "by", "do", "for", "from", "had", "has", "have", "how", "i", "in"),
        *("is", "it", "its", "of", "on", "or", "that", "the", "this", "to", "was", "what", "when", "where", "which"),
        *("who", "will", "with", "you", "your"),
    }
)
COMMON_WEIGHT = 0.1


def embed(text: str, size: int) -> list[float]:
    """A vector of length 1 with ``size`` numbers: always the same for the same text."""
    vector = [0.0] * size
    for feature, weight in _features(text).items():
        for place in _places(feature):
            vector[place % size] += weight if place >> 32 & 1 else -weight
    length = sqrt(sum(number * number for number in vector))
    if length == 0:  # features that cancel each other out
        vector[0] = length = 1.0
    return [round(number / length, DIGITS) for number in vector]


def _features(text: str) -> dict[str, float]:
    """Words, and the runs of characters that they are made of, with their weights."""
    found: dict[str, float] = {}
    for word in WORD.findall(text.casefold()) or [text]:
        weight = COMMON_WEIGHT if word in COMMON else WORD_WEIGHT
        found[word] = found.get(word, 0.0) + weight
        padded = f"<{word}>"
        share = weight * GRAM_WEIGHT
        for at in range(len(padded) - GRAM + 1):
            gram = padded[at : at + GRAM]
            found[gram] = found.get(gram, 0.0) + share
    return found


@lru_cache(maxsize=65536)
def _places(feature: str) -> tuple[int, ...]:
    digest = blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=8 * SPREAD).digest()
    return tuple(int.from_bytes(digest[at : at + 8], "little") for at in range(0, 8 * SPREAD, 8))
