"""Two bodies that mean the same have one normal form."""

from typing import Any

import pytest

from llm_sdk.normal_form import drop_defaults, parse_arguments


def test_nulls_and_defaults_mean_the_same_as_absence() -> None:
    body = {"a": None, "stream": False, "tools": [], "n": 1}
    assert drop_defaults(body, {"stream": False, "tools": []}) == {"n": 1}
    assert drop_defaults(body) == {"stream": False, "tools": [], "n": 1}
    assert body == {"a": None, "stream": False, "tools": [], "n": 1}


@pytest.mark.parametrize(
    ("text", "meant"),
    [('{"a":1}', {"a": 1}), ('{ "a" : 1 }', {"a": 1}), ("", {}), (" \n", {}), ("null", None), ("{", "{")],
)
def test_arguments_are_compared_as_json(text: str, meant: Any) -> None:
    assert parse_arguments(text) == meant


def test_a_word_for_no_arguments() -> None:
    assert parse_arguments("null", "null") == {}


def test_json_that_is_nested_too_deep_stays_a_text() -> None:
    text = "[" * 100_000
    assert parse_arguments(text) == text
