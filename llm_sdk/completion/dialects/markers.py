"""Markers in a text that comes in pieces, so that one of them may come cut in two."""

import re
from collections.abc import Sequence

__all__ = ["Markers", "held_back"]


def held_back(text: str, markers: Sequence[str]) -> int:
    """The length of the longest end of ``text`` that may be the start of a marker."""
    start = max(0, len(text) - max(map(len, markers)) + 1)
    firsts = {marker[0] for marker in markers}
    for at in range(start, len(text)):
        if text[at] in firsts and any(marker.startswith(text[at:]) for marker in markers):
            return len(text) - at
    return 0


class Markers:
    """Several texts to look for at once."""

    def __init__(self, *markers: str) -> None:
        self._markers = markers
        self._pattern = re.compile("|".join(map(re.escape, sorted(markers, key=len, reverse=True))))

    def split(self, text: str) -> tuple[str, str, str]:
        """What stands before the first marker, the marker, and the rest. Without a marker the rest is what may be the
        start of one."""
        if (found := self._pattern.search(text)) is not None:
            return text[: found.start()], found.group(), text[found.end() :]
        kept = len(text) - held_back(text, self._markers)
        return text[:kept], "", text[kept:]
