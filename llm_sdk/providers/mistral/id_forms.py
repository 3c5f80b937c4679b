"""What the ids of this protocol look like."""

import string

__all__ = ["ALPHANUMERIC", "RESPONSE_ID_LENGTH", "TOOL_CALL_ID_LENGTH"]

ALPHANUMERIC = string.digits + string.ascii_uppercase + string.ascii_lowercase
RESPONSE_ID_LENGTH = 32
"""Hexadecimal digits of a completion's id."""
TOOL_CALL_ID_LENGTH = 9
