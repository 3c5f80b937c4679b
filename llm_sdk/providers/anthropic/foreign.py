"""Which signatures of a reasoning part another provider has made."""

import base64

from llm_sdk.protobuf import behind_fields
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
    return behind_fields(data, 0x12, 0x0A)[:1] == b"\x01"
