"""What the ids of this protocol look like."""

__all__ = [
    "CALL_ID",
    "CALL_ID_LENGTH",
    "COMPACTION_ID",
    "CUSTOM_CALL_ID",
    "FUNCTION_CALL_ID",
    "HOSTED_CALL_IDS",
    "ID_LENGTH",
    "IMAGE_ID",
    "MESSAGE_ID",
    "REASONING_ID",
    "RESPONSE_ID",
    "SEARCH_ID",
]

MESSAGE_ID = "msg_"
REASONING_ID = "rs_"
FUNCTION_CALL_ID = "fc_"
CUSTOM_CALL_ID = "ctc_"
HOSTED_CALL_IDS = {"local_shell": "lsh_", "shell": "sh_", "computer_use_preview": "cu_", "computer": "cu_"}
CALL_ID = "call_"
SEARCH_ID = "ws_"
IMAGE_ID = "ig_"
RESPONSE_ID = "resp_"
COMPACTION_ID = "cmp_"
ID_LENGTH = 50
"""Hexadecimal digits after the prefix of every id but ``call_`` (recorded: 50, before 2026 also 48)."""
CALL_ID_LENGTH = 24
