"""Which schemas are sent with ``strict: true``: those that strict mode takes, and no others."""

from typing import Any

import pytest

from providers.openai.given import ask, written

OPEN = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
STRICT = {**OPEN, "additionalProperties": False}

# Strict mode needs closed objects with every property required, at every depth (structured outputs guide of the API).
STRICTNESS: dict[str, tuple[dict[str, Any], bool]] = {
    "closed, all required": (STRICT, True),
    "no properties, closed": ({"type": "object", "additionalProperties": False}, True),
    "open": (OPEN, False),
    "open on purpose": ({**OPEN, "additionalProperties": True}, False),
    "one optional": ({**STRICT, "required": []}, False),
    "required unknown": ({**STRICT, "required": ["city", "zip"]}, False),
    "no required": ({"type": "object", "properties": {"a": {}}, "additionalProperties": False}, False),
    "no type": ({"properties": {"a": {}}, "additionalProperties": False, "required": ["a"]}, True),
    "open inside a property": ({**STRICT, "properties": {"city": OPEN}}, False),
    "closed inside a property": ({**STRICT, "properties": {"city": STRICT}}, True),
    "open inside items": ({**STRICT, "properties": {"city": {"type": "array", "items": OPEN}}}, False),
    "open inside anyOf": ({**STRICT, "properties": {"city": {"anyOf": [{"type": "null"}, OPEN]}}}, False),
    "open inside $defs": ({**STRICT, "$defs": {"city": OPEN}}, False),
    "closed inside $defs": ({**STRICT, "$defs": {"city": STRICT}}, True),
    "a property named properties": (
        {**STRICT, "properties": {"properties": {"type": "string"}}, "required": ["properties"]},
        True,
    ),
    "nothing": ({}, True),
}


@pytest.mark.parametrize(("schema", "strict"), STRICTNESS.values(), ids=STRICTNESS)
def test_strict_is_said_where_the_schema_allows_it(schema: dict[str, Any], strict: bool) -> None:
    tool = {"name": "f", "parameters": schema}
    body = written(ask(tools=[tool], response_format={"type": "json", "name": "f", "schema": schema}))
    assert (body["tools"][0]["strict"], body["text"]["format"]["strict"]) == (strict, strict)


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({**STRICT, "properties": {"city": {"type": ["object", "null"]}}}, id="nullable open object"),
        pytest.param({**STRICT, "properties": {"city": {"oneOf": [{"type": "string"}]}}}, id="oneOf"),
        pytest.param({**STRICT, "properties": {"city": {"allOf": [{"type": "string"}]}}}, id="allOf"),
        pytest.param({**STRICT, "properties": {"city": {"type": "string", "default": "Paris"}}}, id="default"),
    ],
)
def test_strict_is_not_said_for_what_strict_mode_refuses(schema: dict[str, Any]) -> None:
    """The API answers such a request with 400 ("'default' is not permitted", "'oneOf' is not permitted")."""
    assert written(ask(tools=[{"name": "f", "parameters": schema}]))["tools"][0]["strict"] is False


@pytest.mark.parametrize("field", [{"required": None}, {"required": 1}, {"required": [["a"]]}, {"properties": 1}])
def test_a_malformed_schema_is_sent_as_it_is(field: dict[str, Any]) -> None:
    """It is the provider's to refuse it."""
    parameters = {**STRICT, **field}
    assert written(ask(tools=[{"name": "f", "parameters": parameters}]))["tools"][0]["parameters"] == parameters
