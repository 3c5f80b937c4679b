"""A value that a published schema refuses is refused with the field that is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.published import SchemaFileError, load_schemas
from llm_sdk.comparison import describe

WORD = {"properties": {"type": {"const": "word"}, "text": {"type": "string"}}, "required": ["type", "text"]}
STOP = {"properties": {"type": {"enum": ["stop"]}, "why": {"type": "string"}}, "required": ["type"]}
SCHEMA = {
    "type": "object",
    "properties": {"items": {"type": "array", "items": {"anyOf": [{"type": "null"}, WORD, STOP]}}},
    "required": ["items"],
}


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({"items": [{"type": "word", "text": "a"}, {"type": "stop"}]}, ""),
        ({}, '(whole body): "items" is a required property'),
        ({"items": [{"type": "stop"}, {"type": "word"}]}, 'items[1]: "text" is a required property'),
        ({"items": [{"type": "stop", "why": 1}]}, 'items[0].why: 1 is not of type "string"'),
    ],
)
def test_the_complaint_names_the_field(tmp_path: Path, value: Any, complaint: str) -> None:
    (tmp_path / "parrot.response.schema.json").write_text(json.dumps(SCHEMA))
    schemas = load_schemas("parrot", tmp_path)
    assert schemas.kinds == {"response"}
    assert schemas.complaint("response", value) == complaint
    assert schemas.complaint("request", value) == ""


@pytest.mark.parametrize("content", ["{", '{"type": "nothing"}'])
def test_a_file_that_is_no_schema_is_an_error_that_names_it(tmp_path: Path, content: str) -> None:
    file = tmp_path / "parrot.error.schema.json"
    file.write_text(content)
    with pytest.raises(SchemaFileError, match=r"parrot\.error\.schema\.json: not a JSON Schema"):
        load_schemas("parrot", tmp_path)


@pytest.mark.parametrize(
    ("expected", "actual", "line"),
    [
        ({"a": 1, "b": [True]}, {"b": [True], "a": 1.0}, ""),
        ({"a": 1}, {"a": True}, "a: 1 became true"),
        ({"a": {"b": None}}, {"a": {}}, "a.b: null became absent"),
        ([1, 2], [1, 2, 3], "[2]: absent became 3"),
        ({"a": "x" * 99}, {"a": []}, f'a: "{"x" * 59}… (101 characters) became []'),
        ([1, 2, 3, 4], [0, 0, 0, 0], "[0]: 1 became 0; [1]: 2 became 0; [2]: 3 became 0; and 1 more"),
        ("a", {"a": 1}, '(whole body): "a" became {"a": 1}'),
    ],
)
def test_a_comparison_names_the_leaves_that_differ(expected: Any, actual: Any, line: str) -> None:
    assert describe(expected, actual) == line
