"""Values that satisfy a schema: judged by a validator, over schemas as tools and structured outputs have them."""

import gzip
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft7Validator, Draft202012Validator
from jsonschema.validators import validator_for
from pydantic import BaseModel, TypeAdapter
from satisfiable import Schema, satisfiable_schemas

from mock_server.json_values import UnsatisfiableSchemaError, json_value

NODE = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
    "required": ["name", "children"],
    "additionalProperties": False,
}
LIST = {
    "type": "object",
    "properties": {"head": {"type": "integer"}, "tail": {"anyOf": [{"$ref": "#/$defs/list"}, {"type": "null"}]}},
    "required": ["head", "tail"],
}


def of(**properties: Any) -> dict[str, Any]:
    """An object of which every property is required and no other is allowed: what strict modes ask for."""
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


SCHEMAS: dict[str, Any] = {
    "anything": {},
    "true": True,
    "object": {"type": "object"},
    "object without a type": {"properties": {"a": {"type": "integer"}}},
    "strict object": of(city={"type": "string"}, days={"type": "integer"}, exact={"type": "boolean"}),
    "nested": of(a=of(b=of(c=of(d={"type": "number"})))),
    "required but unnamed": {"type": "object", "required": ["x"], "additionalProperties": {"type": "integer"}},
    "minProperties": {"type": "object", "minProperties": 3, "additionalProperties": {"type": "boolean"}},
    "minProperties by pattern": {
        "type": "object",
        "minProperties": 2,
        "patternProperties": {"^x_[a-z]+$": {"type": "integer"}},
        "additionalProperties": False,
    },
    "maxProperties": {
        "type": "object",
        "properties": {"a": {}, "b": {}, "c": {}},
        "required": ["c"],
        "maxProperties": 2,
    },
    "propertyNames": {"type": "object", "minProperties": 2, "propertyNames": {"pattern": "^[a-z]{3}$"}},
    "dependentRequired": {"type": "object", "properties": {"a": {}}, "dependentRequired": {"a": ["b"]}},
    "dependentSchemas": {
        "type": "object",
        "properties": {"a": {}},
        "dependentSchemas": {"a": {"required": ["b"], "properties": {"b": {"type": "integer"}}}},
    },
    "enum": {"enum": ["celsius", "fahrenheit"]},
    "enum of the wrong type first": {"type": "string", "enum": [1, "one"]},
    "const": of(kind={"const": "circle"}),
    "nullable by type": {"type": ["null", "string"], "minLength": 1},
    "nullable by anyOf": {"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 5}]},
    "string bounds": {"type": "string", "minLength": 30, "maxLength": 31},
    "maxLength": {"type": "string", "maxLength": 1},
    "pattern": {"type": "string", "pattern": "^[A-Z]{3}-\\d{4}$"},
    "pattern with choices": {"type": "string", "pattern": "^(red|green) (apple|pear)s?$"},
    "pattern with length": {"type": "string", "pattern": "^[a-z]+$", "minLength": 20, "maxLength": 24},
    "pattern with lookahead": {"type": "string", "pattern": "^(?=.*[0-9])[a-z0-9]{4,8}$"},
    "pattern unanchored": {"type": "string", "pattern": "\\d", "minLength": 12},
    "pattern of a phone": {"type": "string", "pattern": "^\\+?[1-9]\\d{1,14}$"},
    "pattern with a class of ECMA": {"type": "string", "pattern": "^[a-z_][a-z0-9_]*$"},
    **{
        f"format {name}": {"type": "string", "format": name}
        for name in ("date", "date-time", "time", "email", "uri", "uuid", "ipv4", "ipv6", "hostname", "duration")
    },
    "integer bounds": {"type": "integer", "minimum": 17, "maximum": 19},
    "integer below": {"type": "integer", "maximum": -5},
    "exclusive integers": {"type": "integer", "exclusiveMinimum": 4, "exclusiveMaximum": 6},
    "multipleOf": {"type": "integer", "minimum": 10, "multipleOf": 7},
    "multipleOf a fraction": {"type": "number", "minimum": 0.25, "multipleOf": 0.1},
    "number between": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    "number of one value": {"type": "number", "minimum": 2.5, "maximum": 2.5},
    "array": {"type": "array", "items": {"type": "integer"}},
    "minItems": {"type": "array", "items": {"type": "string"}, "minItems": 3, "maxItems": 4},
    "no items": {"type": "array", "items": {"type": "string"}, "maxItems": 0},
    "unique strings": {"type": "array", "items": {"type": "string"}, "minItems": 4, "uniqueItems": True},
    "unique of several kinds": {
        "type": "array",
        "items": {"anyOf": [{"enum": [None, "other"]}, {"type": "boolean"}, {"type": "string", "pattern": "[ou]{2}"}]},
        "minItems": 5,
        "uniqueItems": True,
    },
    "unique with one of a kind": {
        "type": "array",
        "items": {"anyOf": [{"type": "array"}, {"const": True}, {"const": {"x": 1}}]},
        "contains": {"type": "array"},
        "minItems": 3,
        "uniqueItems": True,
    },
    "tuples that meet": {
        "allOf": [
            {"type": "array", "prefixItems": [{"type": "integer"}], "items": {"type": "string"}, "minItems": 3},
            {"type": "array", "prefixItems": [{}, {"minLength": 9}], "items": {"maxLength": 2}},
        ]
    },
    "one of, and not the first": {
        "oneOf": [{"type": "array", "maxItems": 1}, {"type": "array", "maxItems": 1, "minItems": 1}]
    },
    "unique enum": {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3, "uniqueItems": True},
    "unique objects": {"type": "array", "items": of(id={"type": "integer"}), "minItems": 3, "uniqueItems": True},
    "unique short strings": {
        "type": "array",
        "items": {"type": "string", "maxLength": 1},
        "minItems": 5,
        "uniqueItems": True,
    },
    "tuple": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
    "contains": {"type": "array", "contains": {"const": 7}, "minItems": 2, "items": {"type": "integer"}},
    "allOf": {"allOf": [of(a={"type": "string"}) | {"additionalProperties": True}, {"required": ["b"]}]},
    "allOf with bounds": {"allOf": [{"type": "integer", "minimum": 3}, {"minimum": 8, "maximum": 9}]},
    "allOf of number and integer": {"allOf": [{"type": "number"}, {"type": "integer"}]},
    "anyOf of objects": {"anyOf": [of(kind={"const": "a"}), of(kind={"const": "b"})]},
    "anyOf beside properties": {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
    },
    "two anyOf": {"allOf": [{"anyOf": [{"minimum": 3}, {"type": "null"}]}, {"anyOf": [{"type": "integer"}]}]},
    "oneOf that overlaps": {"oneOf": [{"type": "integer"}, {"type": "integer", "minimum": 1}]},
    "not": {"type": "string", "not": {"enum": ["text"]}},
    "not a type": {"not": {"type": "string"}},
    "if then": {
        "type": "object",
        "properties": {"kind": {"enum": ["card", "cash"]}},
        "required": ["kind"],
        "if": {"properties": {"kind": {"const": "card"}}},
        "then": {"required": ["number"], "properties": {"number": {"type": "string", "pattern": "^\\d{16}$"}}},
    },
    "definitions": {"$ref": "#/definitions/n", "definitions": {"n": {"type": "integer", "minimum": 2}}},
    "a reference with neighbours": {"$ref": "#/$defs/n", "maximum": 1, "$defs": {"n": {"type": "integer"}}},
    "an escaped reference": {"$ref": "#/$defs/a~1b%20c", "$defs": {"a/b c": {"const": 1}}},
    "a tree": {"$ref": "#/$defs/node", "$defs": {"node": NODE}},
    "a linked list": {"$ref": "#/$defs/list", "$defs": {"list": LIST}},
    "recursion at the root": of(value={"type": "string"}, next={"anyOf": [{"$ref": "#"}, {"type": "null"}]}),
    "optional recursion": {"type": "object", "properties": {"self": {"$ref": "#"}, "n": {"type": "integer"}}},
    "draft 7": {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "array",
        "items": [{"type": "integer"}, {"type": "string"}],
        "additionalItems": False,
    },
    "draft 4": {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "number",
        "minimum": 3,
        "exclusiveMinimum": True,
    },
    "the schema of schemas": Draft7Validator.META_SCHEMA,
}


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS.keys())
def test_a_value_satisfies_its_schema(schema: Any) -> None:
    value = json_value(schema)

    kind = validator_for(schema, default=Draft202012Validator)
    kind(schema, format_checker=kind.FORMAT_CHECKER).validate(value)
    assert json_value(schema) == value, "the same schema gives the same value"
    json.dumps(value, allow_nan=False)


@settings(
    max_examples=50,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(satisfiable_schemas())
def test_a_schema_that_can_be_satisfied_is(schema: Schema) -> None:
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(json_value(schema))


CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
PLACES = {"parameters", "input_schema", "schema", "parametersJsonSchema", "responseSchema", "responseJsonSchema"}
EVERY = 8


def recorded_schemas(value: Any) -> Iterator[Any]:
    """The schemas of tools and answers in a recorded request."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ()):
        if key in PLACES and isinstance(item, dict) and item.keys() & {"type", "properties", "$ref"}:
            yield item
        yield from recorded_schemas(item)


def no_value(schema: Any) -> str | None:
    """Why no value is made for a schema."""
    try:
        json_value(schema)
    except UnsatisfiableSchemaError as error:
        return str(error)
    return None


@pytest.mark.skipif(not CORPUS.exists(), reason="the recorded traffic is not beside the checkout")
def test_schemas_that_apps_have_sent_are_satisfied() -> None:
    """All but those that lead nowhere, and one whose type is a number."""
    found: dict[str, Any] = {}
    for file in sorted(CORPUS.glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for line in islice(lines, 0, None, EVERY):
                body = json.loads(line)["request_body"]
                offered = {key: body[key] for key in body if "essages" not in key} if isinstance(body, dict) else {}
                found |= {json.dumps(schema, sort_keys=True): schema for schema in recorded_schemas(offered)}
    reasons = {reason for schema in found.values() if (reason := no_value(schema)) is not None}
    assert len(found) > 100
    excused = ("the reference ", "the schema is not understood: $.properties.location.type: 1 ")
    assert [reason for reason in reasons if not reason.startswith(excused)] == []


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "OBJECT", "properties": {"n": {"type": "INTEGER"}}, "required": ["n"]}, {"n": 1}),
        ({"type": "object", "properties": {"type": {"type": "str"}, "n": {"type": "int"}}}, {"type": "type", "n": 1}),
        ({"type": "dict", "properties": {"title": {"type": "bool", "description": None}}}, {"title": True}),
        ({"enum": [{"type": "int"}]}, {"type": "int"}),
    ],
)
def test_types_of_other_languages_are_understood(schema: Any, value: Any) -> None:
    assert json_value(schema) == value


def test_values_are_as_full_as_is_useful() -> None:
    schema = {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "unit": {"enum": ["celsius", "fahrenheit"]},
            "days": {"type": "integer", "minimum": 1},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["city"],
    }
    assert json_value(schema) == {"city": "city", "unit": "celsius", "days": 1, "tags": ["tags"]}


class Person(BaseModel):
    name: str
    age: int | None = None
    friends: "list[Person]" = []


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        pytest.param({"type": "integer", "minimum": -(2**53) + 1, "maximum": 2**53 - 1}, 1, id="a type's own bounds"),
        pytest.param({"type": "integer", "minimum": -(2**53) + 1, "maximum": -5}, -(2**53) + 1, id="one is meant"),
        pytest.param(
            {"type": "string", "format": "email", "pattern": r"^[\w.]+@[\w.]+\.[a-z]{2,}$"},
            *("user1@example.com",),
            id="the pattern of a format",
        ),
        pytest.param(
            *({"type": "string", "format": "date", "pattern": "^2020-02-0[1-1]$"}, "2020-02-01"), id="another pattern"
        ),
    ],
)
def test_values_are_readable(schema: Any, value: Any) -> None:
    assert json_value(schema) == value


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer", "description": "How old.\n\n{minimum: 18, maximum: 120}"}, 18),
        ({"type": "array", "items": {"type": "boolean"}, "description": "{minItems: 2}"}, [True, True]),
        ({"type": "string", "description": "{minLength: 6, maxLength: 6}"}, "text.."),
        ({"type": "string", "description": "{pattern: ^[A-A]{3}, 7$}"}, "AAA, 7"),
        ({"type": "string", "description": '{pattern: "^[A-A]{3}$"}'}, "AAA"),
        ({"type": "array", "items": {"enum": [1, 2]}, "description": "{uniqueItems: True, minItems: 2}"}, [1, 2]),
        ({"type": "integer", "description": "minimum: 3; exclusive maximum: 9."}, 3),
        ({"type": "array", "items": {"enum": [1]}, "description": "Few.\nmin items: 2; max items: 4."}, [1, 1]),
        ({"type": "integer", "minimum": 5, "description": "{minimum: 7}"}, 5),
        ({"type": "integer", "maximum": 5, "description": "{minimum: 7}"}, 1),
        ({"type": "integer", "description": "{minimum: high, $schema: x}"}, 1),
        ({"type": "integer", "description": "minimum: 3; note: at least."}, 1),
        ({"type": "string", "description": "A format: any."}, "text"),
    ],
)
def test_bounds_told_in_a_description_are_kept(schema: Any, value: Any) -> None:
    """As clients write them there; what the schema says itself goes before, and what is not understood is left."""
    assert json_value(schema) == value


def test_models_of_pydantic_accept_the_values_of_their_own_schemas() -> None:
    schema = TypeAdapter(Person).json_schema()
    assert Person.model_validate(json_value(schema)).name == "name"


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        (False, "a schema that accepts nothing"),
        ({"type": "integer", "minimum": 2, "maximum": 1}, "no number lies between the bounds"),
        ({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}, "does not come to an end"),
        ({"$ref": "#/$defs/gone"}, "the reference #/$defs/gone leads nowhere"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, "the reference #/$defs/a leads to itself"),
        ({"$ref": "https://example.com/x"}, "the reference https://example.com/x leads outside of the schema"),
        ({"type": "string", "pattern": "("}, "the schema is not understood: $.pattern: '(' is not a 'regex'"),
        ({"type": "string", "pattern": "^a$", "minLength": 2}, "no text is found for the pattern '^a$'"),
        ({"type": "strin"}, "the schema is not understood: $.type: 'strin' is not valid"),
        ({"type": "array", "minItems": 1e308}, "the schema does not come to an end"),
        ({"type": "object", "minProperties": 1e308}, "the schema does not come to an end"),
        ({"type": "string", "minLength": 1e308}, "no text is made that has more than 1000000 characters"),
        ({"anyOf": [{"$ref": "#"}]}, "the reference # leads to itself"),
        (
            {"type": "object", "properties": {"a": {"not": {"$ref": "#/properties/a"}}}},
            "#/properties/a leads to itself",
        ),
        ({"type": "number", "$dynamicRef": "#"}, "the reference # leads to itself"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"oneOf": [{"$ref": "#/$defs/a"}]}]}}}, "leads to itself"),
        ({"type": "number", "maximum": 10**400}, "the schema is too large or too deep"),
        ({"type": "string", "pattern": "a{1000000}"}, "no text is found for the pattern"),
        ({"$schema": []}, "the schema is not understood: $.$schema: [] is no text"),
        ({"$schema": True}, "the schema is not understood: $.$schema: True is no text"),
        ({"enum": []}, "none of the schema's choices gives a value that it accepts"),
        ({"type": "string", "minLength": 3, "maxLength": 2}, "no value is found that the schema accepts"),
    ],
)
def test_a_schema_that_cannot_be_satisfied_says_why(schema: Any, reason: str) -> None:
    with pytest.raises(UnsatisfiableSchemaError) as caught:
        json_value(schema)
    assert reason in str(caught.value)


def test_counts_may_be_written_with_a_point() -> None:
    of_two = {"items": {"type": "integer"}, "minItems": 2.0, "maxItems": 2.0, "contains": {}, "minContains": 1.0}
    assert len(json_value({"type": "array", **of_two})) == 2
    assert len(json_value({"type": "string", "minLength": 30.0, "maxLength": 30.0})) == 30
    assert len(json_value({"type": "object", "minProperties": 3.0, "maxProperties": 3.0})) == 3
