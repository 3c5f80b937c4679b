"""Ids of tool calls. The API takes nine letters and digits only, and nothing else: "Tool call id was call_1 but must be
a-z, A-Z, 0-9, with a length of 9." (status 400, code 3280, reported until 2026)."""

import hashlib
import re

from llm_sdk.providers.mistral import id_forms

OWN_ID = re.compile(r"[A-Za-z0-9]{9}")
# What OpenAI makes, and every stand-in that has to make one up.
MADE_UP_ID = re.compile(r"call_[A-Za-z0-9]{24}")


def own_id(tool_call_id: str) -> str:
    """The id as this API takes it: the same for a call and its result, and itself where it fits."""
    if OWN_ID.fullmatch(tool_call_id):
        return tool_call_id
    number = int.from_bytes(hashlib.sha256(tool_call_id.encode("utf-8", "surrogatepass")).digest())
    size = len(id_forms.ALPHANUMERIC)
    return "".join(id_forms.ALPHANUMERIC[number // size**at % size] for at in range(id_forms.TOOL_CALL_ID_LENGTH))


def answered_id(tool_call_id: str) -> str:
    """The id of a call in an answer: as it was given, but never one that another API makes."""
    return own_id(tool_call_id) if MADE_UP_ID.fullmatch(tool_call_id) else tool_call_id


def positional_id(position: int) -> str:
    """The id of a call that came without one: the same whole and streamed."""
    return f"call{position:05}"
