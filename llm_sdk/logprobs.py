"""Log probabilities for a caller that asks for them, alike in all protocols: every word is a token, and about as likely
as can be. Reading, they have no unified form."""

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Likely", "likely_words"]

WORD = re.compile(r"\s*\S+|\s+")
LIKELY, NEXT_LIKELY = -0.01, -4.75
MOST_RANKS = 20
"""What the providers take (documented); a server that refuses nothing gives no more either."""


class Likely(NamedTuple):
    """A token and the natural logarithm of its probability."""

    token: str
    logprob: float


def likely_words(text: str, ranks: int) -> Iterator[tuple[Likely, list[Likely]]]:
    """Each word of a text, and the ``ranks`` likeliest tokens in its place, of which it is the first."""
    ranks = max(0, min(ranks, MOST_RANKS))
    for found in WORD.finditer(text):
        word = found[0]
        others = [Likely(f"{word}{rank}", LIKELY + rank * NEXT_LIKELY) for rank in range(1, ranks)]
        chosen = Likely(word, LIKELY)
        yield chosen, [chosen, *others][:ranks]
