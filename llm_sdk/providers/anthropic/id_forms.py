"""What the ids of this protocol look like."""

__all__ = ["ID_ALPHABET", "ID_LENGTH", "MESSAGE_ID", "REQUEST_ID", "SERVER_TOOL_USE_ID", "TOOL_USE_ID"]

MESSAGE_ID = "msg_01"
TOOL_USE_ID = "toolu_"
SERVER_TOOL_USE_ID = "srvtoolu_"
REQUEST_ID = "req_011"
ID_LENGTH = 22
"""Characters after the prefix of the id of a message or a call (recorded); a request's has one less."""
ID_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
