"""A value that satisfies a JSON Schema: the arguments and the structured answers of a stand-in.

Deterministic, and as full as is useful: optional properties are filled in unless that would never end. Where a schema
offers choices, the first is taken whose value a validator accepts.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator, SchemaError
from jsonschema.exceptions import UnknownType
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from referencing.exceptions import Unresolvable

from llm_sdk.types import JsonObject
from mock_server.scalar_values import UnsatisfiableSchemaError, number_value, string_value
from mock_server.schema_cycles import find_cycle
from mock_server.schema_merging import (
    Schema,
    kind_of,
    mentioned_values,
    merge,
    schema_of_property,
    unconditional,
    unusual,
    with_known_types,
)
from mock_server.told_constraints import with_told_constraints

__all__ = ["UnsatisfiableSchemaError", "json_value"]

ANOTHER_BRANCH = 1000
"""So much is added to the variant for a value of another branch."""
MAX_ATTEMPTS = 12

FULL_DEPTH = 6
MAX_DEPTH = 40
MAX_VALUES = 5_000


def json_value(schema: Schema, name: str = "text") -> Any:
    """A value for ``schema``; free strings say ``name``, or the name of their property.

    A type that JSON Schema does not have, such as ``int``, is read as the one that is meant: providers take it, too.
    Bounds that a client has moved into a description are kept where they can be.
    Raises UnsatisfiableSchemaError when none is found.
    """
    schema = with_known_types(schema)
    bounded = with_told_constraints(schema)
    if bounded != schema:
        with suppress(UnsatisfiableSchemaError):
            return _accepted_value(bounded, name)
    return _accepted_value(schema, name)


def _accepted_value(schema: Schema, name: str) -> Any:
    # Before a validator is looked for by what stands there.
    if isinstance(schema, dict) and not isinstance(dialect := schema.get("$schema", ""), str):
        raise UnsatisfiableSchemaError(f"the schema is not understood: $.$schema: {dialect!r} is no text")
    if (reference := find_cycle(schema)) is not None:
        raise UnsatisfiableSchemaError(f"the reference {reference} leads to itself")
    try:
        values = _Values(schema)
        value = values.value(schema, name, _Place())
        if values.accepts(schema, value):
            return value
    except (Unresolvable, UnknownType) as error:
        raise UnsatisfiableSchemaError(f"the schema is not understood: {error}") from None
    except SchemaError as error:
        raise UnsatisfiableSchemaError(f"the schema is not understood: {error.json_path}: {error.message}") from None
    except (OverflowError, RecursionError) as error:
        raise UnsatisfiableSchemaError(f"the schema is too large or too deep: {error}") from None
    raise UnsatisfiableSchemaError("no value is found that the schema accepts")


class _Place:
    """Where in the value a schema stands: how deep, inside which references, and which of several it is."""

    __slots__ = ("depth", "refs", "variant")

    def __init__(self, depth: int = 0, refs: frozenset[str] = frozenset(), variant: int = 0) -> None:
        self.depth = depth
        self.refs = refs
        self.variant = variant

    def inside(self, refs: frozenset[str], variant: int | None = None) -> "_Place":
        return _Place(self.depth + 1, refs, self.variant if variant is None else variant)


class _Values:
    def __init__(self, root: Schema) -> None:
        self._root = root
        self._count = 0
        kind: Any = validator_for(root, default=Draft202012Validator)
        kind.check_schema(root)
        self._validator: Validator = kind(root, format_checker=kind.FORMAT_CHECKER)

    def accepts(self, schema: Schema, value: Any) -> bool:
        return self._validator.evolve(schema=schema).is_valid(value)

    def value(self, schema: Schema, name: str, place: _Place) -> Any:
        self._count += 1
        if place.depth > MAX_DEPTH or self._count > MAX_VALUES:
            raise UnsatisfiableSchemaError("the schema does not come to an end")
        flat, refs = self._flatten(schema, place.refs)
        place = _Place(place.depth, refs, place.variant)
        if "const" in flat:
            return flat["const"]
        if "enum" in flat:
            return self._first_accepted(flat, self._rotated(flat["enum"], place.variant))
        for keyword in ("anyOf", "oneOf"):
            if keyword in flat:
                rest = {key: item for key, item in flat.items() if key != keyword}
                branches = sorted(flat[keyword], key=lambda branch: self._rank(branch, refs))
                turn = place.variant // ANOTHER_BRANCH % len(branches) if branches else 0
                choices = [merge(rest, branch) for branch in branches[turn:] + branches[:turn]]
                others = [other for choice in choices for other in unusual(choice)] if keyword == "oneOf" else []
                return self._first_accepted(flat, self._each(choices + others, name, place))
        if "if" in flat or "not" in flat:
            return self._first_accepted(flat, self._each(list(unconditional(flat)), name, place))
        return self._plain(flat, name, place)

    def _each(self, schemas: list[Schema], name: str, place: _Place) -> Iterator[Any]:
        for schema in schemas:
            try:
                yield self.value(schema, name, place)
            except UnsatisfiableSchemaError:
                continue

    def _first_accepted(self, schema: JsonObject, values: Iterator[Any]) -> Any:
        """The first value that is accepted; where there is none, one that the schema itself mentions."""
        for value in values:
            if self.accepts(schema, value):
                return value
        for value in mentioned_values(schema):
            if self.accepts(schema, value):
                return value
        raise UnsatisfiableSchemaError("none of the schema's choices gives a value that it accepts")

    def _rotated(self, values: list[Any], variant: int) -> Iterator[Any]:
        start = variant % len(values) if values else 0
        return iter(values[start:] + values[:start])

    def _rank(self, branch: Schema, refs: frozenset[str]) -> int:
        """Which branch to try first: one that says something, then null, then one that leads back to itself."""
        if self._recurs(branch, refs):
            return 2
        return 1 if isinstance(branch, dict) and branch.get("type") == "null" else 0

    def _recurs(self, schema: Schema, refs: frozenset[str]) -> bool:
        if not isinstance(schema, dict):
            return False
        if schema.get("$ref") in refs:
            return True
        return any(self._recurs(part, refs) for part in schema.get("allOf", ()))

    def _flatten(self, schema: Schema, refs: frozenset[str]) -> tuple[JsonObject, frozenset[str]]:
        """The schema with its references and ``allOf`` written out."""
        if schema is False:
            raise UnsatisfiableSchemaError("a schema that accepts nothing")
        if schema is True:
            return {}, refs
        assert isinstance(schema, dict)  # noqa: S101 - a schema is an object or a boolean
        flat = dict(schema)
        seen: set[str] = set()
        while "$ref" in flat or "allOf" in flat:
            reference, parts = flat.pop("$ref", None), flat.pop("allOf", [])
            if reference is not None:
                if reference in seen:
                    raise UnsatisfiableSchemaError(f"the reference {reference} leads to itself")
                seen.add(reference)
                parts = [self._target(reference), *parts]
            merged: Schema = flat
            for part in parts:
                merged = merge(merged, part)
            if not isinstance(merged, dict):
                raise UnsatisfiableSchemaError("a schema that accepts nothing")
            flat = merged
        return flat, refs | seen

    def _target(self, reference: str) -> Schema:
        if reference != "#" and not reference.startswith("#/"):
            raise UnsatisfiableSchemaError(f"the reference {reference} leads outside of the schema")
        found: Any = self._root
        for key in reference[1:].split("/")[1:]:
            key = unquote(key).replace("~1", "/").replace("~0", "~")
            try:
                found = found[int(key)] if isinstance(found, list) else found[key]
            except (KeyError, IndexError, ValueError, TypeError):
                raise UnsatisfiableSchemaError(f"the reference {reference} leads nowhere") from None
        return found if isinstance(found, bool) else dict(found)

    def _plain(self, schema: JsonObject, name: str, place: _Place) -> Any:
        kind = kind_of(schema)
        match kind:
            case "object":
                return self._object(schema, place)
            case "array":
                return self._array(schema, name, place)
            case "string":
                return string_value(schema, name, place.variant)
            case "integer" | "number":
                return number_value(schema, integer=kind == "integer", variant=place.variant)
            case "boolean":
                return place.variant % 2 == 0
            case "null":
                return None
        raise UnsatisfiableSchemaError(f"{kind!r} is not a type")

    def _object(self, schema: JsonObject, place: _Place) -> JsonObject:
        for key, needed in schema.get("dependentSchemas", {}).items():
            if key in schema.get("properties", {}) or key in schema.get("required", ()):
                rest = {word: item for word, item in schema.items() if word != "dependentSchemas"}
                schema, _ = self._flatten(merge(rest, needed), place.refs)
        properties: dict[str, Schema] = schema.get("properties", {})
        required = [*schema.get("required", ())]
        for key, others in schema.get("dependentRequired", {}).items():
            required += others if key in properties or key in required else []
        found: JsonObject = {}
        room = schema.get("maxProperties", len(properties) + len(required)) - len(set(required))
        for key, inner in properties.items():
            if key in required:
                found[key] = self.value(inner, key, place.inside(place.refs))
            elif room > 0 and place.depth < FULL_DEPTH and not self._recurs(inner, place.refs):
                found |= self._optional(key, inner, place)
                room -= 1
        for key in required:
            if key not in found:
                found[key] = self.value(schema_of_property(schema, key), key, place.inside(place.refs))
        fewest = schema.get("minProperties", 0)
        for at in range(2 * fewest):
            if len(found) < fewest and (key := self._new_key(schema, place, at)) not in found:
                found[key] = self.value(schema_of_property(schema, key), key, place.inside(place.refs))
        return found

    def _optional(self, key: str, schema: Schema, place: _Place) -> JsonObject:
        try:
            return {key: self.value(schema, key, place.inside(place.refs))}
        except UnsatisfiableSchemaError:
            return {}

    def _new_key(self, schema: JsonObject, place: _Place, at: int) -> str:
        names: Schema = {"type": "string"}
        if schema.get("additionalProperties") is False and schema.get("patternProperties"):
            names = {"type": "string", "pattern": next(iter(schema["patternProperties"]))}
        if "propertyNames" in schema:
            names = merge(names, schema["propertyNames"])
        return str(self.value(names, "key", place.inside(place.refs, at)))

    def _array(self, schema: JsonObject, name: str, place: _Place) -> list[Any]:
        first: list[Schema] = schema.get("prefixItems", [])
        items: Schema = schema.get("items", True)
        if isinstance(items, list):  # the form of older drafts
            first, items = items, schema.get("additionalItems", True)
        shortest = schema.get("minItems", 0)
        wanted = max(shortest, len(first))
        if wanted == 0 and items is not True and place.depth < FULL_DEPTH and not self._recurs(items, place.refs):
            wanted = 1
        if items is False:
            wanted = len(first)
        wanted = max(shortest, min(wanted, schema.get("maxItems", wanted)))
        contained: Schema | None = schema.get("contains")
        many = schema.get("minContains", 1) if contained is not None else 0
        found: list[Any] = []
        for at in range(max(wanted, many)):
            inner = first[at] if at < len(first) else items
            if contained is not None and (at >= max(wanted, many) - many if first else at < many):
                inner = {"allOf": [inner, contained]}
            if schema.get("uniqueItems"):
                found.append(self._new_item(inner, name, place, at, found))
            else:
                found.append(self.value(inner, name, place.inside(place.refs)))
        return found

    def _new_item(self, schema: Schema, name: str, place: _Place, at: int, before: list[Any]) -> Any:
        """An item that is not there yet, as far as one is found."""
        value: Any = None
        for attempt in range(MAX_ATTEMPTS):
            variant = at + attempt // 3 * ANOTHER_BRANCH + attempt
            value = self.value(schema, name, place.inside(place.refs, variant))
            if not any(_same(value, other) for other in before):
                break
        return value


def _same(left: Any, right: Any) -> bool:
    """Whether JSON Schema takes two values for equal: true is not 1."""
    return type(left) is type(right) and bool(left == right)
