"""Which JSON Schemas fit the strict mode that several providers have for tools and answers."""

from typing import Any

__all__ = ["allows_strict", "strict_fault"]

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


def strict_fault(schema: Any, context: tuple[str, ...] = ()) -> str | None:
    """What OpenAI says of a schema that its strict mode refuses, None where it has nothing to say.

    Objects have to be closed and to require all of their properties (recorded). ``context`` is the place inside the
    schema, as the API names it.
    """
    if not isinstance(schema, dict):
        return None
    where = f"In context={_shown(context)}, "
    properties = schema.get("properties", {})
    if _is_object(schema) and isinstance(properties, dict):
        if schema.get("additionalProperties") is not False:
            return where + "'additionalProperties' is required to be supplied and to be false."
        required = schema.get("required", [])
        missing = [name for name in properties if not isinstance(required, list) or name not in required]
        if missing:
            return (
                f"{where}'required' is required to be supplied and to be an array including every key in properties. "
                f"Missing '{missing[0]}'."
            )
    for step, inner in _inner_schemas(schema):
        if (fault := strict_fault(inner, (*context, *step))) is not None:
            return fault
    return None


def _inner_schemas(schema: dict[str, Any]) -> list[tuple[tuple[str, ...], Any]]:
    found: list[tuple[tuple[str, ...], Any]] = []
    for word in ("properties", "$defs", "definitions"):
        held = schema.get(word)
        found += [((word, name), inner) for name, inner in held.items()] if isinstance(held, dict) else []
    if isinstance(schema.get("items"), dict):
        found.append((("items",), schema["items"]))
    branches = schema.get("anyOf")
    found += [(("anyOf", str(at)), inner) for at, inner in enumerate(branches)] if isinstance(branches, list) else []
    return found


def _shown(context: tuple[str, ...]) -> str:
    """A place as Python writes a tuple, which is how the API shows it."""
    return str(tuple(int(step) if step.isdecimal() else step for step in context))
