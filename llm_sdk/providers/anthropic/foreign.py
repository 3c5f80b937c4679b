"""Which signatures of a reasoning part another provider has made."""

import base64

from llm_sdk.providers.anthropic.content import REDACTED
from llm_sdk.types import ReasoningPart

STANDARD = str.maketrans("-_", "+/")
SHOWN = 40
"""So many characters of a signature tell whose it is."""


def is_foreign_signature(part: ReasoningPart) -> bool:
    """Reasoning of this provider has no id but that of redacted thinking; Gemini's has none either, but signatures of
    another shape.

    A signature is an opaque token: one that cannot be told apart is taken for the provider's own.
    """
    return part.id not in (None, REDACTED) or _is_gemini_signature(part.signature or "")


def _is_gemini_signature(signature: str) -> bool:
    """Both are base64 of protobuf. In Gemini's a 1 stands behind one or two field headers, in this provider's another
    header (recorded: true of all of 329, and of all of 102)."""
    try:
        data = base64.b64decode(signature[:SHOWN].translate(STANDARD), validate=True)
    except ValueError:
        return False
    for field in (0x12, 0x0A):
        if data[:1] == bytes([field]):
            data = _without_header(data)
    return data[:1] == b"\x01"


def _without_header(data: bytes) -> bytes:
    """The content of a field: what stands behind its number and its length, of which the last byte is below 0x80."""
    at = 1
    while at < len(data) and data[at] >= 0x80:
        at += 1
    return data[at + 1 :]
