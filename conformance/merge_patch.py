"""JSON merge patches (RFC 7386), with positions as keys of arrays."""

import json
from typing import Any

__all__ = ["merge_patch"]


def merge_patch(value: Any, patch: Any) -> Any:
    """``value`` with an RFC 7386 merge patch applied: null takes away. Positions are keys of arrays; those behind the
    last one add to it."""
    if not isinstance(patch, dict):
        return patch
    if isinstance(value, list):
        kept = ((at, item) for at, item in enumerate(value) if patch.get(str(at), item) is not None)
        items = [merge_patch(item, patch[str(at)]) if str(at) in patch else item for at, item in kept]
        return items + [merge_patch(None, item) for at, item in patch.items() if int(at) >= len(value)]
    merged = dict(value) if isinstance(value, dict) else {}
    for key, item in patch.items():
        if item is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), item)
    return json.loads(json.dumps(merged))
