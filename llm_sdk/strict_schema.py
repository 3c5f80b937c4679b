"""Which JSON Schemas fit the strict mode that several providers have for tools and answers."""

from typing import Any

__all__ = ["allows_strict"]

REFUSED = frozenset({"allOf", "oneOf", "not", "if", "then", "else", "default", "dependentRequired", "dependentSchemas"})


def allows_strict(schema: Any) -> bool:
    """Whether every object is closed and has all of its properties required, all the way down.

    What is no schema at all is not looked into: it is the provider's to refuse it. Source: OpenAI's guide to structured
    outputs, "supported schemas", and its answers to others ("'default' is not permitted").
    """
    if isinstance(schema, list):
        return all(map(allows_strict, schema))
    if not isinstance(schema, dict):
        return True
    if REFUSED & schema.keys():
        return False
    properties = schema.get("properties", {})
    if _is_object(schema) and not (schema.get("additionalProperties") is False and _requires_all(schema, properties)):
        return False
    inner = list(properties.values()) if isinstance(properties, dict) else []
    return all(map(allows_strict, inner)) and all(
        allows_strict(value) for key, value in schema.items() if key != "properties"
    )


def _is_object(schema: dict[str, Any]) -> bool:
    kind = schema.get("type")
    return "properties" in schema or kind == "object" or (isinstance(kind, list) and "object" in kind)


def _requires_all(schema: dict[str, Any], properties: Any) -> bool:
    required = schema.get("required", [])
    if not isinstance(required, list) or not isinstance(properties, dict):
        return False
    return all(isinstance(name, str) for name in required) and set(required) == set(properties)
