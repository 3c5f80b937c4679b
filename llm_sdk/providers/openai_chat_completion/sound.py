"""The model's own audio: its format shows in its bytes only, because no answer names it."""

import base64
from collections.abc import Callable
from typing import Any

from llm_sdk.types import AudioFormat

FORMATS: list[tuple[AudioFormat, Callable[[bytes], bool]]] = [
    ("wav", lambda data: data.startswith(b"RIFF") and data[8:12] == b"WAVE"),
    ("flac", lambda data: data.startswith(b"fLaC")),
    ("opus", lambda data: data.startswith(b"OggS")),
    # ADTS has the layer bits at zero, which sets it apart from MPEG audio.
    ("aac", lambda data: len(data) > 1 and data[0] == 0xFF and data[1] & 0xF6 == 0xF0),
    ("mp3", lambda data: data.startswith(b"ID3") or (len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0)),
]
HEAD_CHARACTERS = 16


def audio_fields(data: str) -> dict[str, Any]:
    """``format``, and rate and channels of headless samples, which are 24,000 Hz mono in this API (documented).

    ``data`` is base64, of which the first characters are looked at.
    """
    try:
        head = base64.b64decode(data[:HEAD_CHARACTERS])
    except ValueError:
        head = b""
    for format, fits in FORMATS:
        if fits(head):
            return {"format": format}
    return {"format": "linear16", "sample_rate": 24000, "channels": 1}
