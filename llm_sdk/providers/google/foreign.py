"""Which signatures another provider has made."""

import base64
import re

from llm_sdk.protobuf import behind_fields

STANDARD = str.maketrans("-_", "+/")
BASE64 = re.compile(r"[A-Za-z0-9+/_=-]*")
SHOWN = 40
"""So many characters of a signature tell whose it is."""
# How OpenAI's begin: the id of a message, of reasoning and of an image, and encrypted reasoning.
OPENAI = ("msg_", "rs_", "ig_", "gAAAAA")


def is_foreign_signature(signature: str) -> bool:
    """Gemini's are base64 of protobuf. Anthropic's are too, but have another header inside (see :func:`_opening`).

    A signature is an opaque token: one that cannot be told apart is taken for the provider's own.
    """
    if BASE64.fullmatch(signature) is None or signature.startswith(OPENAI):
        return True
    opening = _opening(signature)
    return opening is not None and opening != b"\x01"


def is_foreign_handle(id: str) -> bool:
    """The same of the id of a medium. Ids have many shapes: only what is surely a signature of Gemini's is its own."""
    return is_foreign_signature(id) or _opening(id) != b"\x01"


def _opening(signature: str) -> bytes | None:
    """The byte behind the field headers that a signature begins with; None for one that does not begin so.

    In Gemini's it is a 1, in Anthropic's another field header (recorded: true of all of 443, and of all of 112).
    """
    head = signature[:SHOWN].translate(STANDARD)
    try:
        data = base64.b64decode(head[: len(head) // 4 * 4], validate=True)
    except ValueError:
        return None
    begins = data[:1]
    opening = behind_fields(data, 0x12, 0x0A)[:1]
    return opening if opening == b"\x01" or opening not in (b"", begins) else None
