"""What schemas say together: the algebra behind :mod:`mock_server.json_values`, on schemas as plain data."""

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from llm_sdk.types import JsonObject

__all__ = [
    "Schema",
    "kind_of",
    "mentioned_values",
    "merge",
    "schema_of_property",
    "unconditional",
    "unusual",
    "with_known_types",
]

Schema: TypeAlias = JsonObject | bool

# What types are called elsewhere, in lower case.
FOREIGN_TYPES = {
    **{name: name for name in ("string", "integer", "number", "boolean", "array", "object", "null")},
    "str": "string",
    "text": "string",
    "int": "integer",
    "float": "number",
    "double": "number",
    "bool": "boolean",
    "list": "array",
    "dict": "object",
    "none": "null",
}
DATA = frozenset({"const", "enum", "default", "examples", "required", "dependentRequired"})
"""Keywords whose values are no schemas."""
REMARKS = frozenset({"title", "description"})
"""Keywords that may be null in what libraries write."""

BOUNDS: tuple[JsonObject, ...] = (
    {"maximum": 0, "maxLength": 0, "maxItems": 0, "maxProperties": 0},
    {"minimum": 1000, "minLength": 12, "minItems": 2, "minProperties": 2},
    {"minimum": 2, "minLength": 1, "minItems": 1, "minProperties": 1},
)
"""What keeps a value away from the one that comes first."""

LARGER = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"}
SMALLER = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"}
COUNTS = {word for word in LARGER | SMALLER if word.startswith(("min", "max")) and word not in ("minimum", "maximum")}
"""Keywords whose values are whole numbers, which may be written as ``2.0``."""
KINDS = {
    "object": {"properties", "required", "additionalProperties", "patternProperties", "minProperties", "propertyNames"},
    "array": {"items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"},
    "string": {"pattern", "format", "minLength", "maxLength"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
}


def with_known_types(schema: Any) -> Any:
    """The schema with the names of types that other languages have replaced by those of JSON Schema, and with counts as
    whole numbers."""
    if isinstance(schema, list):
        return [with_known_types(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    said = ((key, item) for key, item in schema.items() if not (key in REMARKS and item is None))
    mended = {key: item if key in DATA else with_known_types(item) for key, item in said}
    for key in COUNTS & mended.keys():
        if isinstance(mended[key], float) and mended[key].is_integer():
            mended[key] = int(mended[key])
    if isinstance(schema.get("type"), str):
        mended["type"] = FOREIGN_TYPES.get(schema["type"].lower(), schema["type"])
    return mended


def schema_of_property(schema: JsonObject, key: str) -> Schema:
    """The schema of a property that ``properties`` does not name."""
    for pattern, inner in schema.get("patternProperties", {}).items():
        if re.search(pattern, key):
            return dict(inner) if isinstance(inner, dict) else bool(inner)
    rest = schema.get("additionalProperties", True)
    return rest if isinstance(rest, dict) else bool(rest)


def mentioned_values(schema: Any) -> Iterator[Any]:
    """Every constant in a schema, at any depth."""
    if isinstance(schema, list):
        for item in schema:
            yield from mentioned_values(item)
    elif isinstance(schema, dict):
        if "const" in schema:
            yield schema["const"]
        if isinstance(schema.get("enum"), list):
            yield from schema["enum"]
        for key, item in schema.items():
            if key not in DATA:
                yield from mentioned_values(item)


def unconditional(schema: JsonObject) -> Iterator[Schema]:
    """Schemas without ``if`` and ``not`` whose values may satisfy the schema."""
    rest = {key: item for key, item in schema.items() if key not in ("if", "then", "else", "not")}
    yield rest
    if "if" in schema:
        yield {"allOf": [rest, schema["if"], schema.get("then", True)]}
        yield {"allOf": [rest, schema.get("else", True)]}
        return
    kinds = [rest["type"]] if isinstance(rest.get("type"), str) else rest.get("type") or [*KINDS, "boolean", "null"]
    for kind in kinds:
        yield {**rest, "type": kind}
        yield from unusual({**rest, "type": kind})


def unusual(schema: Schema) -> Iterator[Schema]:
    """The schema with bounds that keep its value away from the one that comes first."""
    for bound in BOUNDS:
        yield {"allOf": [schema, bound]}


def kind_of(schema: JsonObject) -> str:
    """The type of the value to make: the first that is named and is not null, else the one that the keywords mean."""
    named = schema.get("type")
    if isinstance(named, str):
        return named
    if isinstance(named, list) and named:
        return str(next((kind for kind in named if kind != "null"), "null"))
    return next((kind for kind, keywords in KINDS.items() if keywords & schema.keys()), "string")


def merge(left: Schema, right: Schema) -> Schema:
    """A schema that accepts what both accept."""
    if isinstance(left, bool) or isinstance(right, bool):
        return False if left is False or right is False else right if left is True else left
    merged = dict(left)
    if "prefixItems" in left or "prefixItems" in right:
        right = {**right, **_both_tuples(left, right)}
        merged.pop("prefixItems", None)
        merged.pop("items", None)
    for key, item in right.items():
        merged[key] = _both(key, merged[key], item) if key in merged else item
    if isinstance(merged.get("type"), list) and not merged["type"]:
        return False
    return merged


def _both_tuples(left: JsonObject, right: JsonObject) -> JsonObject:
    """``prefixItems`` and ``items`` of two schemas of arrays: one speaks of the places that the other's rest is."""
    heads = left.get("prefixItems", []), right.get("prefixItems", [])
    rests = left.get("items", True), right.get("items", True)
    length = max(map(len, heads))
    sides = [[*head, *[rest] * (length - len(head))] for head, rest in zip(heads, rests, strict=True)]
    met = [_meet(one, other) for one, other in zip(*sides, strict=True)]
    return {"prefixItems": met, "items": merge(*rests) if True in rests else _meet(*rests)}


def _both(keyword: str, left: Any, right: Any) -> Any:
    if left == right:
        return left
    if keyword in LARGER and not isinstance(left, bool):
        return max(left, right)
    if keyword in SMALLER and not isinstance(left, bool):
        return min(left, right)
    match keyword:
        case "type":
            return _common_types(left, right)
        case "required":
            return [*left, *(key for key in right if key not in left)]
        case "enum":
            return [item for item in left if item in right]
        case "properties" | "patternProperties" | "$defs" | "definitions":
            return left | {key: _meet(left[key], item) if key in left else item for key, item in right.items()}
        case "items" | "additionalProperties" | "propertyNames" | "contains" | "not":
            return {"anyOf": [left, right]} if keyword == "not" else _meet(left, right)
        case "allOf":
            return [*left, *right]
        case "anyOf" | "oneOf":
            return [_meet(one, other) for one in left for other in right]
        case "pattern":
            return f"(?=[\\s\\S]*(?:{left}))[\\s\\S]*(?:{right})"
    return right


def _meet(left: Schema, right: Schema) -> Schema:
    return {"allOf": [left, right]}


def _common_types(left: Any, right: Any) -> Any:
    here = [left] if isinstance(left, str) else left
    there = [right] if isinstance(right, str) else right
    common = [kind for kind in here if kind in there]
    if "integer" not in common and {"integer", "number"} <= {*here, *there}:
        common.append("integer")
    return common[0] if len(common) == 1 else common
