"""The model's own audio: its format shows in its bytes only, because no answer names it."""

from typing import Any

from llm_sdk.audio_format import audio_format


def audio_fields(data: str) -> dict[str, Any]:
    """``format`` of base64 ``data``, and rate and channels of headless samples, which are 24,000 Hz mono in this API
    (documented)."""
    format = audio_format(data)
    return {"format": format} if format else {"format": "linear16", "sample_rate": 24000, "channels": 1}
