"""A short sound, for answers that shall be heard."""

import struct

from llm_sdk.types import AudioFormat

__all__ = ["SAMPLE_RATE", "sound", "sound_of"]

SAMPLE_RATE = 24_000
"""Samples in a second: what the providers answer with."""
CHANNELS = 1
SECONDS = 0.1
LOWEST_PITCH, PITCHES = 300, 400
"""Hz of the lowest tone, and how many there are."""
LOUDNESS = 8000
WIDTH = 2
"""Bytes of a sample."""
# MPEG 1, layer III, 128 kbit/s at 44.1 kHz: a header, and what a frame without any sound holds.
MP3_FRAME = b"\xff\xfb\x90\x64" + bytes(413)
MP3_FRAMES = 5


def sound_of(text: str, format: AudioFormat = "wav") -> tuple[bytes, AudioFormat]:
    """A tone whose pitch stands for ``text``. See :func:`sound`."""
    return sound(LOWEST_PITCH + sum(text.encode("utf-8", "surrogatepass")) % PITCHES, format)


def sound(pitch: int, format: AudioFormat = "wav") -> tuple[bytes, AudioFormat]:
    """A tone of ``pitch`` Hz, and the format that it has: the asked one where that can be written here, else WAV.

    ``linear16`` is samples without a header; an MP3 is silent.
    """
    samples = _samples(pitch)
    match format:
        case "linear16":
            return samples, format
        case "mp3":
            return MP3_FRAME * MP3_FRAMES, format
    return _wav(samples), "wav"


def _samples(pitch: int) -> bytes:
    """A triangle wave: whole numbers, which are the same everywhere."""
    period = max(SAMPLE_RATE // pitch, 4)
    count = int(SAMPLE_RATE * SECONDS)
    heights = (abs(at % period * 4 * LOUDNESS // period - 2 * LOUDNESS) - LOUDNESS for at in range(count))
    return struct.pack(f"<{count}h", *heights)


def _wav(samples: bytes) -> bytes:
    head = struct.pack(
        "<4sIHHIIHH",
        *(b"fmt ", 16, 1, CHANNELS, SAMPLE_RATE, SAMPLE_RATE * CHANNELS * WIDTH, CHANNELS * WIDTH, 8 * WIDTH),
    )
    data = struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI4s", b"RIFF", 4 + len(head) + len(data), b"WAVE") + head + data
