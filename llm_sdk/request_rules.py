"""What several providers refuse of a request, found here and told in their own words in the rooms ``validation``."""

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from llm_sdk.types import JsonObject

__all__ = ["TOOL_NAME", "Range", "image_fault", "numbers_outside", "objects", "split_data_url"]

Range = tuple[float | None, float | None]
"""The least and the greatest number that is allowed; None where there is no such limit."""

TOOL_NAME = r"^[a-zA-Z0-9_-]+$"
"""What the names of tools are made of at OpenAI, Anthropic and Mistral (documented)."""

# The first bytes of the formats that every provider reads; of WebP, what follows its length too.
PNG, JPEG, GIF, RIFF, WEBP = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"WEBP"
HEAD_BYTES = 12


def image_fault(data: str) -> Literal["base64", "format"] | None:
    """What is wrong with an image in base64: that it is none, or that its bytes are no PNG, JPEG, GIF or WebP."""
    try:
        # In full, because a fault may stand anywhere; line breaks are skipped, as by the providers.
        head = b64decode("".join(data.split()), validate=True)[:HEAD_BYTES]
    except (binascii.Error, ValueError):
        return "base64"
    known = head.startswith((PNG, JPEG, GIF)) or (head.startswith(RIFF) and head[8:] == WEBP)
    return None if known else "format"


def split_data_url(url: str) -> str | None:
    """The base64 of a data URL; None for any other URL."""
    head, comma, data = url.partition(",")
    return data if comma and head.startswith("data:") and head.endswith(";base64") else None


def numbers_outside(body: JsonObject, ranges: Mapping[str, Range]) -> Iterator[tuple[str, float, Range]]:
    """The numbers in ``body`` that are outside of their range: name, number, range."""
    for name, (low, high) in ranges.items():
        value = body.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if (low is not None and value < low) or (high is not None and value > high):
            yield name, value, (low, high)


def objects(value: Any) -> Iterator[tuple[int, JsonObject]]:
    """The objects of an array, with their positions; nothing of what is no array."""
    for at, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, dict):
            yield at, item
