"""What the ids of this protocol look like."""

import string

__all__ = ["CALL_ID_ALPHABET", "CALL_ID_LENGTH"]

CALL_ID_LENGTH = 12
CALL_ID_ALPHABET = string.ascii_lowercase + string.digits
"""The id of a call, behind the name of its tool (recorded)."""
