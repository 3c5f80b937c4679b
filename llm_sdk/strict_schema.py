"""Which JSON Schemas fit the strict mode that several providers have for tools and answers."""

from typing import Any

__all__ = ["allows_strict"]


def allows_strict(schema: Any) -> bool:
    """Whether every object is closed and has all of its properties required, all the way down.

    Source: OpenAI's guide to structured outputs, "supported schemas".
    """
    if isinstance(schema, list):
        return all(map(allows_strict, schema))
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        properties = schema.get("properties", {})
        if schema.get("additionalProperties") is not False or set(schema.get("required", ())) != set(properties):
            return False
        return all(map(allows_strict, properties.values())) and all(
            allows_strict(value) for key, value in schema.items() if key != "properties"
        )
    return all(map(allows_strict, schema.values()))
