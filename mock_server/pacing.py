"""How an answer is cut into fragments, and when each is sent. Nothing waits unless it is asked to."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Pace"]

WORDS = re.compile(r"\s*\S{1,16}|\s+")

Cut: TypeAlias = Literal["word", "char", "whole"] | Annotated[int, Field(ge=1)]


class Pace(BaseModel):
    """How a streamed answer comes.

    ``cut`` is the size of the fragments of a text or of a tool call's arguments: ``word`` (about a token each),
    ``char``, ``whole``, or a number of characters. ``delay`` is the time between two events, in seconds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    cut: Cut = "word"
    delay: Annotated[float, Field(ge=0, le=3600)] = 0.0

    def fragments(self, text: str) -> Iterator[str]:
        """``text`` in pieces that add up to it; an empty text has none."""
        if self.cut == "word":
            return (found.group() for found in WORDS.finditer(text))
        size = len(text) if self.cut == "whole" else 1 if self.cut == "char" else self.cut
        return (text[start : start + size] for start in range(0, len(text), size or 1))
