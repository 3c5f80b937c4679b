"""The format of a recording, where nothing names it: its first bytes show it."""

import base64
from collections.abc import Callable

from llm_sdk.types import AudioFormat

__all__ = ["audio_format"]

FORMATS: list[tuple[AudioFormat, Callable[[bytes], bool]]] = [
    ("wav", lambda data: data.startswith(b"RIFF") and data[8:12] == b"WAVE"),
    ("flac", lambda data: data.startswith(b"fLaC")),
    ("opus", lambda data: data.startswith(b"OggS")),
    # ADTS has the layer bits at zero, which sets it apart from MPEG audio.
    ("aac", lambda data: data[:1] == b"\xff" and len(data) > 1 and data[1] & 0xF6 == 0xF0),
    ("mp3", lambda data: data.startswith(b"ID3") or (data[:1] == b"\xff" and len(data) > 1 and _is_mpeg(data[1]))),
]
HEAD_CHARACTERS = 16


def audio_format(data: str) -> AudioFormat | None:
    """The format of base64 ``data``, of which the first characters are looked at; None for what is none of them, such
    as samples without a header, and for any other text."""
    try:
        head = base64.b64decode(data[:HEAD_CHARACTERS], validate=True)
    except ValueError:
        return None
    return next((format for format, fits in FORMATS if fits(head)), None)


def _is_mpeg(second_byte: int) -> bool:
    return second_byte & 0xE0 == 0xE0 and second_byte & 0x06 != 0
