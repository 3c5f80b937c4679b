"""Audio that is given to the model: its format shows in its first bytes only, because the wire does not name it."""

from llm_sdk import audio_format as recordings
from llm_sdk.types import AudioFormat


def audio_format(data: str) -> AudioFormat | None:
    """The format of base64 ``data``; None for one that this protocol does not take, and for any other text."""
    format = recordings.audio_format(data)
    return None if format == "aac" else format
