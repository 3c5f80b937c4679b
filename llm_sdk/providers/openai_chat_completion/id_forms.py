"""What the ids of this protocol look like."""

import string

__all__ = [
    "ALPHANUMERIC",
    "AUDIO_ID",
    "AUDIO_ID_LENGTH",
    "CALL_ID",
    "CALL_ID_LENGTH",
    "LEGACY_CALL_ID",
    "RESPONSE_ID",
    "RESPONSE_ID_LENGTH",
]

ALPHANUMERIC = string.ascii_letters + string.digits
RESPONSE_ID = "chatcmpl-"
RESPONSE_ID_LENGTH = 29
CALL_ID = "call_"
CALL_ID_LENGTH = 24
AUDIO_ID = "audio_"
AUDIO_ID_LENGTH = 32
LEGACY_CALL_ID = "function_call"
"""Calls in the deprecated field ``function_call`` have no id of their own; this one stands for it on both sides."""
