"""Merge patches of cases, and what of a request is compared."""

from typing import Any

import pytest

from conformance.plan import as_the_provider_reads, merge_patch


@pytest.mark.parametrize(
    ("value", "patch", "merged"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({"a": [1, {"b": 2}]}, {"a": {"1": {"b": 3}}}, {"a": [1, {"b": 3}]}),
        ({"a": [1, 2, 3]}, {"a": {"1": None}}, {"a": [1, 3]}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": 1}, {"a": {"b": 1}}, {"a": {"b": 1}}),
    ],
)
def test_a_merge_patch(value: Any, patch: Any, merged: Any) -> None:
    assert merge_patch(value, patch) == merged


def test_fields_of_the_client_s_own_do_not_count() -> None:
    expected = {"messages": [{"content": [{"type": "text", "text": "a"}]}], "extra": {"user": "u"}}
    read = {
        "messages": [{"content": [{"type": "text", "text": "a", "signature": "made-up"}]}],
        "extra": {"user": "u", "store": True},
    }
    assert as_the_provider_reads(read, expected) == expected
    assert as_the_provider_reads({**read, "extra": {"store": True}}, expected) != expected
    assert as_the_provider_reads({**read, "seed": 7}, expected) != expected


def test_ids_in_the_model_s_own_json_always_count() -> None:
    expected = {"messages": [{"content": [{"type": "tool-call", "args": {}}]}]}
    read = {"messages": [{"content": [{"type": "tool-call", "id": "made-up", "args": {"id": 7}}]}]}
    assert as_the_provider_reads(read, expected)["messages"][0]["content"] == [{"type": "tool-call", "args": {"id": 7}}]
