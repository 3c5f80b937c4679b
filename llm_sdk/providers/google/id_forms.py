"""What the ids of this protocol look like."""

import string

__all__ = ["CALL_ID_ALPHABET", "CALL_ID_LENGTH", "RESPONSE_ID_LENGTH"]

CALL_ID_LENGTH = 8
CALL_ID_ALPHABET = string.ascii_lowercase + string.digits
"""The id of a function call (recorded; older models give none)."""
RESPONSE_ID_LENGTH = 22
"""Characters of URL-safe base64 of a ``responseId`` (recorded: 22 or 23)."""
