"""Tool call ids may have other names, as long as they tell the same calls apart."""

from typing import Any

import pytest

from conformance.tool_call_ids import rename_tool_call_ids


def request(*ids: str) -> Any:
    """A request with a message for each id."""
    return {"messages": [{"content": [{"tool_call_id": id, "args": {"tool_call_id": "x"}}]} for id in ids]}


@pytest.mark.parametrize(
    ("read", "expected", "renamed"),
    [
        (["a", "a"], ["c1", "c1"], ["c1", "c1"]),
        (["a", "b", "b", "a"], ["c1", "c2", "c2", "c1"], ["c1", "c2", "c2", "c1"]),
        (["b", "a"], ["a", "b"], ["a", "b"]),
        # A result with the id of no call, two calls with one id, and one call too many.
        (["a", "b"], ["c1", "c1"], ["a", "b"]),
        (["a", "a"], ["c1", "c2"], ["a", "a"]),
        (["a", "b"], ["c1"], ["c1", "b"]),
    ],
)
def test_a_renaming_is_one_to_one(read: list[str], expected: list[str], renamed: list[str]) -> None:
    assert rename_tool_call_ids(request(*read), request(*expected)) == request(*renamed)
