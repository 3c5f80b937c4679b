"""Schemas in the manner of OpenAPI 3.0 -> JSON Schema. Gemini takes both, under different names."""

from typing import Any

from llm_sdk.types import JsonObject

# The enum of types as numbers, as some clients send it (recorded).
TYPES = {1: "string", 2: "number", 3: "integer", 4: "boolean", 5: "array", 6: "object", 7: "null"}
SCHEMAS = frozenset({"items", "additionalProperties"})
LISTS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
# Integers of 64 bits may be written as text.
COUNTS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})


def json_schema(schema: Any) -> Any:
    """The same schema as a JSON Schema: types in lower case, and ``nullable`` as one more type.

    Every other keyword is kept, those that JSON Schema does not know too.
    """
    if not isinstance(schema, dict):
        return schema
    converted: JsonObject = {}
    for key, value in schema.items():
        match key:
            case "type":
                converted[key] = _type(value)
            case "nullable":
                continue
            case "properties" if isinstance(value, dict):
                converted[key] = {name: json_schema(inner) for name, inner in value.items()}
            case _ if key in SCHEMAS:
                converted[key] = json_schema(value)
            case _ if key in LISTS and isinstance(value, list):
                converted[key] = [json_schema(inner) for inner in value]
            case _ if key in COUNTS and isinstance(value, str) and value.isdecimal():
                converted[key] = int(value)
            case _:
                converted[key] = value
    return _nullable(converted) if schema.get("nullable") is True else converted


def _type(value: Any) -> Any:
    if isinstance(value, list):
        return [_type(one) for one in value]
    if isinstance(value, str):
        return value.lower()
    return TYPES.get(value, value) if isinstance(value, int) else value


def _nullable(schema: JsonObject) -> JsonObject:
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    if isinstance(schema.get("anyOf"), list):
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    return {**schema, "nullable": True}
