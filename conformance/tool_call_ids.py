"""Requests compared whatever their tool call ids are named."""

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["rename_tool_call_ids"]


def rename_tool_call_ids(read: Any, expected: Any) -> Any:
    """``read`` with the tool call ids that stand at the same places in ``expected``.

    Some protocols take ids of one shape only, and any other is sent there under another name. A renaming has to be one
    to one, or ``read`` stays as it is: what was told apart still is, and what belonged together still does.
    """
    pairs = set(_tool_call_ids(read, expected))
    names = dict(pairs)
    one_to_one = len(names) == len(set(names.values())) == len(pairs)
    return _renamed(read, names) if one_to_one else read


def _tool_call_ids(read: Any, expected: Any) -> Iterator[tuple[str, str]]:
    if isinstance(read, list) and isinstance(expected, list):
        for left, right in zip(read, expected, strict=False):
            yield from _tool_call_ids(left, right)
    elif isinstance(read, dict) and isinstance(expected, dict):
        if isinstance(id := read.get("tool_call_id"), str) and isinstance(wanted := expected.get("tool_call_id"), str):
            yield id, wanted
        for key in ("messages", "content"):
            yield from _tool_call_ids(read.get(key), expected.get(key))


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    renamed = {key: _renamed(item, names) if key in ("messages", "content") else item for key, item in value.items()}
    if value.get("tool_call_id") in names:
        renamed["tool_call_id"] = names[value["tool_call_id"]]
    return renamed
