"""Signatures: what a unified part carries for this provider, and only for it.

Where one token is all that has to come back, the signature is that token, byte for byte. Where more has to, it is the
JSON of those fields.
"""

import json

from llm_sdk.types import JsonObject


def join_signature(fields: JsonObject, token: str = "") -> str | None:
    """The signature of ``fields``; just the one that is named ``token`` where there is no other. None for none."""
    if fields.keys() == {token}:
        return str(fields[token])
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")) if fields else None


def split_signature(signature: str | None, token: str = "") -> JsonObject:
    """The fields of a signature; what is not JSON is the token itself."""
    if signature is None:
        return {}
    if signature.startswith("{"):
        try:
            fields = json.loads(signature)
        except ValueError:
            fields = None
        if isinstance(fields, dict):
            return fields
    return {token: signature} if token else {}
