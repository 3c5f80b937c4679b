"""JSON Schemas that can be satisfied, because each is drawn around a value that it accepts."""

from typing import Any

from hypothesis import strategies as st

__all__ = ["satisfiable_schemas"]

KEYS = st.sampled_from(["a", "b", "city", "x_1", "y"])
# Patterns, each with a text that it matches.
PATTERNS = {
    "^[A-Z]{3}-\\d{4}$": "ABC-1234",
    "^(red|green) (apple|pear)s?$": "red pears",
    "\\d": "no 7",
    "^\\+?[1-9]\\d{1,14}$": "+4912345",
    "^[a-z][a-z0-9_]*$": "snake_case",
    "^(?=.*[0-9])[a-z0-9]{4,8}$": "abc123",
    "^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$": "a@b.de",
    "[aeiou]{2}": "beer",
    "^#?[0-9a-fA-F]{6}$": "#00ff00",
    "^v\\d+(\\.\\d+){0,2}$": "v1.2",
}
# Formats, each with a text that has it.
FORMATS = {
    "date": "2026-11-22",
    "date-time": "2026-11-22T10:00:00Z",
    "email": "a@example.org",
    "uuid": "5f2b1c9e-8f4c-4d2a-9b57-0c3f9d7e1a2b",
    "ipv4": "198.51.100.7",
    "ipv6": "2001:db8::7",
}

Schema = dict[str, Any] | bool


def satisfiable_schemas() -> st.SearchStrategy[Schema]:
    """Schemas of every kind that tools have, and some that hardly any tool has."""
    return values().flatmap(lambda value: around(value).flatmap(lambda schema: referenced(schema)))


def values() -> st.SearchStrategy[Any]:
    """Values of JSON, small ones."""
    scalars = st.none() | st.booleans() | st.integers(-50, 50) | st.sampled_from([0.5, -2.25, 1e3]) | texts()
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=6,
    )


def texts() -> st.SearchStrategy[str]:
    return st.text("ab é", max_size=6) | st.sampled_from([*PATTERNS.values(), *FORMATS.values()])


@st.composite
def around(draw: st.DrawFn, value: Any, wrapped: bool = True) -> Schema:
    """A schema that accepts ``value``, and other ones."""
    schema = draw(PLAIN[type(value)](value))
    if wrapped and draw(st.integers(0, 3)) == 0:
        schema = draw(wrappings(schema, value))
    return schema


@st.composite
def of_number(draw: st.DrawFn, value: Any) -> Schema:
    whole = isinstance(value, int)
    schema: dict[str, Any] = {"type": draw(st.sampled_from(["integer", "number"] if whole else ["number"]))}
    below, above = draw(st.integers(0, 9)), draw(st.integers(0, 9))
    schema |= draw(st.sampled_from([{}, {"minimum": value - below}, {"exclusiveMinimum": value - below - 1}]))
    schema |= draw(st.sampled_from([{}, {"maximum": value + above}, {"exclusiveMaximum": value + above + 1}]))
    divisors = [step for step in (1, 2, 5, 7) if whole and value % step == 0] + ([] if whole else [0.25])
    if draw(st.booleans()) and divisors and value != 0:
        schema["multipleOf"] = draw(st.sampled_from(divisors))
    return schema


@st.composite
def of_text(draw: st.DrawFn, value: str) -> Schema:
    schema: dict[str, Any] = {"type": draw(st.sampled_from(["string", ["string", "null"], ["null", "string"]]))}
    patterns = [pattern for pattern, text in PATTERNS.items() if text == value]
    if patterns:
        schema["pattern"] = patterns[0]
    formats = [name for name, text in FORMATS.items() if text == value]
    if formats:
        return {"type": "string", "format": formats[0]}
    if draw(st.booleans()):
        schema["minLength"] = max(0, len(value) - draw(st.integers(0, 2)))
    if draw(st.booleans()):
        schema["maxLength"] = len(value) + draw(st.integers(0, 2))
    return schema


@st.composite
def of_array(draw: st.DrawFn, value: list[Any]) -> Schema:
    inner = [draw(around(item)) for item in value]
    schema: dict[str, Any] = {"type": "array"}
    if inner and draw(st.booleans()):
        schema["prefixItems"] = inner
        schema |= draw(st.sampled_from([{}, {"items": False}, {"items": {"type": "string"}}]))
    elif inner:
        schema["items"] = {"anyOf": inner} if len(inner) > 1 else inner[0]
        if draw(st.integers(0, 3)) == 0:
            schema["contains"] = draw(st.sampled_from(inner))
    if draw(st.booleans()):
        schema["minItems"] = len(value)
    if draw(st.booleans()):
        schema["maxItems"] = len(value) + draw(st.integers(0, 2))
    if draw(st.booleans()) and all(left != right for at, left in enumerate(value) for right in value[:at]):
        schema["uniqueItems"] = True
    return schema


@st.composite
def of_object(draw: st.DrawFn, value: dict[str, Any]) -> Schema:
    properties = {key: draw(around(item)) for key, item in value.items()}
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if value:
        schema["required"] = draw(st.lists(st.sampled_from([*value]), unique=True))
    schema |= draw(st.sampled_from([{}, {"additionalProperties": False}, {"additionalProperties": {"type": "null"}}]))
    if draw(st.integers(0, 3)) == 0:
        schema["minProperties"] = len(value)
    if draw(st.integers(0, 3)) == 0:
        schema["maxProperties"] = len(value) + 1
    if len(value) > 1 and draw(st.booleans()):
        first, *others = value
        schema["dependentRequired"] = {first: others}
    if draw(st.integers(0, 4)) == 0:
        schema["propertyNames"] = {"pattern": "^[a-z_0-9]+$"}
    return schema


def of_constant(value: Any) -> st.SearchStrategy[Schema]:
    kind = "null" if value is None else "boolean"
    return st.sampled_from([{"type": kind}, {"const": value}, {"type": [kind, "string"]}, {"enum": [value, "other"]}])


PLAIN: dict[type, Any] = {
    type(None): of_constant,
    bool: of_constant,
    int: of_number,
    float: of_number,
    str: of_text,
    list: of_array,
    dict: of_object,
}
# What lies beside a value: schemas that may or may not accept it too.
OTHERS = st.sampled_from(
    [{"type": "string", "maxLength": 0}, {"type": "integer", "minimum": 1000}, {"const": "never"}, {"type": "null"}]
)


def wrappings(schema: Schema, value: Any) -> st.SearchStrategy[Schema]:
    """Schemas that accept ``value`` because ``schema`` does, or because of what they say themselves."""
    others = OTHERS.filter(lambda other: value is not None or other != {"type": "null"})
    kind = {"type": ["object", "array"]} if isinstance(value, dict | list) else {}
    return st.one_of(
        st.sampled_from(
            [
                {"const": value},
                {"enum": ["never", value]},
                {"oneOf": [schema, {"allOf": [schema, {"not": {"const": value}}]}]},
                {"oneOf": [schema, {"not": {}}]},
                {"allOf": [schema], "not": {"const": "never"}},
                {"if": {"const": value}, "then": schema, "else": False},
                {"if": {"type": "string"}, "then": schema, "else": schema},
                {**kind, "if": {}, "then": schema},
            ]
        ),
        around(value, wrapped=False).map(lambda other: {"allOf": [schema, other]}),
        others.map(lambda other: {"anyOf": [other, schema]}),
        others.map(lambda other: {"anyOf": [schema, other]}),
    )


@st.composite
def referenced(draw: st.DrawFn, schema: Schema) -> Schema:
    """The schema, or a reference to it, or one that may lead back to itself."""
    match draw(st.integers(0, 5)):
        case 0:
            return {"$ref": "#/$defs/it", "$defs": {"it": schema}}
        case 1:
            node = {
                "type": "object",
                "properties": {"it": schema, "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
                "required": ["it", "next"],
            }
            return {"$ref": "#/$defs/node", "$defs": {"node": node}}
        case 2:
            tree = {"properties": {"it": schema, "children": {"type": "array", "items": {"$ref": "#"}}}}
            return {"type": "object", **tree, "required": ["it", "children"], "additionalProperties": False}
    return schema
