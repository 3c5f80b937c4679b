"""The printed JSON Schema accepts what the types write and refuses what they refuse."""

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, TypeAdapter, ValidationError

import llm_sdk
from llm_sdk import LanguageModelInput, ModelResponse, PartialModelResponse
from llm_sdk.schema import json_schema
from llm_sdk.testing import inputs, partials, responses

SCHEMA = json_schema()
UNIONS = {"Message", "Part", "PartDelta", "ResponseFormatOption", "ToolChoiceOption", "ToolOption"}


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]})


def accepted_by_type(name: str, value: Any) -> bool:
    try:
        TypeAdapter(getattr(llm_sdk, name)).validate_json(json.dumps(value))
    except ValidationError:
        return False
    return True


def test_it_is_a_schema_of_every_type() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    exported = {name: getattr(llm_sdk, name) for name in llm_sdk.__all__}
    models = {name for name, item in exported.items() if isinstance(item, type) and issubclass(item, BaseModel)}
    assert set(SCHEMA["$defs"]) == models | UNIONS


def test_it_refers_to_unions_by_name() -> None:
    assert SCHEMA["$defs"]["SourcePart"]["properties"]["content"]["items"] == {"$ref": "#/$defs/Part"}
    assert SCHEMA["$defs"]["LanguageModelInput"]["properties"]["messages"]["items"] == {"$ref": "#/$defs/Message"}
    assert SCHEMA["$defs"]["ContentDelta"]["properties"]["part"] == {"$ref": "#/$defs/PartDelta"}


def test_names_are_those_of_the_json() -> None:
    assert list(SCHEMA["$defs"]["JsonResponseFormat"]["properties"]) == ["type", "name", "description", "schema"]


def test_no_object_takes_unknown_keys() -> None:
    objects = {name: schema for name, schema in SCHEMA["$defs"].items() if schema.get("type") == "object"}
    assert {name for name, schema in objects.items() if schema["additionalProperties"] is not False} == set()
    assert len(objects) == len(SCHEMA["$defs"]) - len(UNIONS)


WHOLE: dict[str, st.SearchStrategy[Any]] = {
    "LanguageModelInput": inputs(),
    "ModelResponse": responses(),
    "PartialModelResponse": partials(),
}
VALIDATORS = {name: validator(name) for name in WHOLE}


@given(st.one_of(*WHOLE.values()), st.data())
def test_it_accepts_what_is_written_and_refuses_a_typo_anywhere(
    value: LanguageModelInput | ModelResponse | PartialModelResponse, data: st.DataObject
) -> None:
    name = type(value).__name__
    written = json.loads(value.model_dump_json())
    assert VALIDATORS[name].is_valid(written)
    assert Draft202012Validator(SCHEMA).is_valid(written)
    target = data.draw(st.sampled_from(list(objects_of(written))))
    target["typo"] = 1
    assert not VALIDATORS[name].is_valid(written)
    assert not accepted_by_type(name, written)


def objects_of(value: Any) -> Any:
    """Every object that is one of ours, and none inside JSON that is the caller's own."""
    if isinstance(value, dict):
        yield value
        for key, item in value.items():
            if key not in ("args", "data", "parameters", "schema", "metadata", "extra"):
                yield from objects_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from objects_of(item)


TEXT = {"type": "text", "text": "a"}
ACCEPTED: list[tuple[str, Any]] = [
    ("Message", {"role": "user", "content": "Hi"}),
    ("Message", {"role": "user", "content": [TEXT]}),
    ("ToolOption", {"type": "function", "name": "f", "parameters": {}}),
    ("ToolOption", {"name": "f", "parameters": {}}),
    ("ResponseFormatOption", {"type": "json", "name": "n", "schema": {"a": None}}),
    ("Part", {"type": "image", "url": "u", "data": None}),
    ("Part", {"type": "image", "data": "QQ==", "mime_type": "image/png", "url": None}),
    ("Part", {**TEXT, "signature": None}),
    ("PartDelta", {"type": "image"}),
    ("PartDelta", {"type": "tool-call", "args": "{"}),
]
REFUSED: list[tuple[str, Any]] = [
    ("Message", {"content": "Hi"}),
    ("Message", {"role": "developer", "content": "Hi"}),
    ("Message", {"role": "user", "content": TEXT}),
    ("Message", {"role": "user"}),
    ("ToolOption", {"type": "mcp", "name": "f", "parameters": {}}),
    ("ToolOption", {"name": "f"}),
    ("ResponseFormatOption", {"type": "json"}),
    ("ResponseFormatOption", {"type": "json", "name": "n", "json_schema": {}}),
    ("Part", {"text": "a"}),
    ("Part", {"type": "image"}),
    ("Part", {"type": "image", "data": "QQ=="}),
    ("Part", {"type": "image", "data": "QQ==", "mime_type": "image/png", "url": "u"}),
    ("Part", {"type": "file", "data": None, "url": None}),
    ("Part", {"type": "opaque", "provider": "p", "data": []}),
    ("PartDelta", {"type": "source"}),
    ("PartDelta", {"type": "tool-call", "args": {}}),
    ("LanguageModelInput", {"messages": [], "reasoning": {"effort": "extreme"}}),
    ("ModelResponse", {"content": [], "finish_reason": "end_turn"}),
]


@pytest.mark.parametrize(
    ("name", "value", "accepted"), [*((*case, True) for case in ACCEPTED), *((*case, False) for case in REFUSED)]
)
def test_schema_and_types_agree(name: str, value: Any, accepted: bool) -> None:
    assert validator(name).is_valid(value) == accepted
    assert accepted_by_type(name, value) == accepted


def test_it_can_be_printed() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "llm_sdk.schema"], capture_output=True, check=True, text=True, timeout=60
    )
    assert json.loads(printed.stdout) == SCHEMA
    assert printed.stderr == ""
