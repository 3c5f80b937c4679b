"""The parameters of a tool: their JSON Schema, and the arguments that satisfy it.

A class is validated by pydantic, strictly and as JSON: ``"3"`` is no integer, a date comes as a text. A JSON Schema is
validated by jsonschema, types, enums and formats of nested values included; it reaches no network for a reference.
"""

import dataclasses
import inspect
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NotRequired, Protocol, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from llm_sdk.errors import InvalidInputError
from llm_sdk.json_model import JsonObject, copy_json

__all__ = ["Parameters", "RefusedArgumentsError", "function_parameters", "read_parameters"]

NO_PARAMETERS: JsonObject = {"type": "object", "properties": {}}
UNREADABLE = (PydanticUserError, TypeError, NameError, ValueError)
"""What pydantic raises for a type that it has no schema of."""


class RefusedArgumentsError(Exception):
    """Arguments that a tool does not take: ``path`` leads to the one that is wrong, and is empty for all of them."""

    def __init__(self, path: Sequence[str | int], reason: str = "", *, missing: bool = False) -> None:
        super().__init__(reason)
        self.path = path
        self.reason = reason
        self.missing = missing

    def message(self, tool_name: str) -> str:
        """What is told of it."""
        place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path).removeprefix(".")
        if self.missing:
            return f'Missing required parameter "{place}" for tool "{tool_name}"'
        if not place:
            return f'Invalid parameters for tool "{tool_name}": {self.reason}'
        return f'Invalid parameter "{place}" for tool "{tool_name}": {self.reason}'


class Parameters(Protocol):
    """What a tool takes."""

    schema: JsonObject

    def parse(self, arguments: JsonObject) -> Any:
        """The arguments as the tool's own type has them. Raises RefusedArgumentsError."""
        ...


class _Typed:
    """Parameters that are a type pydantic knows."""

    def __init__(self, adapter: TypeAdapter[Any], schema: JsonObject) -> None:
        self.schema = schema
        self._adapter = adapter

    def parse(self, arguments: JsonObject) -> Any:
        try:
            return self._adapter.validate_json(json.dumps(arguments), strict=True)
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)
        wrong = next((item for item in found if item["type"] == "missing" and len(item["loc"]) == 1), found[0])
        raise RefusedArgumentsError(wrong["loc"], wrong["msg"], missing=wrong["type"] == "missing")


class _Schema:
    """Parameters that are a JSON Schema, which is shown to the model as it is."""

    def __init__(self, schema: JsonObject, path: str) -> None:
        from jsonschema.exceptions import SchemaError
        from jsonschema.validators import Draft202012Validator, validator_for
        from referencing import Registry

        kind = validator_for(schema, default=Draft202012Validator)
        try:
            kind.check_schema(schema)
        except SchemaError as error:
            place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
            raise InvalidInputError(f"not a JSON Schema: {error.message}", path=path + place) from None
        if schema.get("type", "object") != "object":
            raise InvalidInputError("the parameters of a tool are an object", path=f"{path}.type")
        self.schema = schema
        self._validator = kind(schema, registry=Registry())
        _check_references(schema, path)

    def parse(self, arguments: JsonObject) -> Any:
        errors = sorted(self._validator.iter_errors(arguments), key=lambda error: error.validator != "required")
        for error in errors:
            place = list(error.absolute_path)
            instance: Any = error.instance
            if error.validator == "required" and isinstance(error.validator_value, list):
                lacking = next((name for name in error.validator_value if name not in instance), "")
                raise RefusedArgumentsError([*place, lacking], missing=True)
            raise RefusedArgumentsError(place, error.message)
        return arguments


def _check_references(schema: JsonObject, path: str) -> None:
    from referencing import Registry, Resource
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    root: Resource[Any] = Resource.from_contents(schema, default_specification=DRAFT202012)
    resolver = Registry().resolver_with_root(root)
    for reference in _references(schema):
        try:
            resolver.lookup(reference)
        except Unresolvable:
            raise InvalidInputError(f"the reference {reference!r} leads nowhere", path=path) from None


def _references(schema: Any) -> Iterable[str]:
    if isinstance(schema, dict):
        if isinstance(reference := schema.get("$ref"), str):
            yield reference
        for key, value in schema.items():
            if key not in ("const", "enum", "default", "examples"):
                yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


def read_parameters(given: Any, path: str) -> Parameters:
    """Read what the caller gave. Raises InvalidInputError for what has no JSON Schema of an object."""
    if isinstance(given, _Typed | _Schema):
        return given
    if given is None:
        return _Schema(NO_PARAMETERS, path)
    if isinstance(given, dict):
        try:
            schema = copy_json(given)
        except ValueError as error:
            raise InvalidInputError(str(error), path=path) from None
        return _Schema(schema, path)
    if isinstance(given, TypeAdapter):
        return _read_adapter(given, path)
    if isinstance(given, type) and (issubclass(given, BaseModel) or dataclasses.is_dataclass(given)):
        return _read_type(given, path)
    if _is_typed_dict(given):
        return _read_type(_modern_typed_dict(given), path)
    raise InvalidInputError(
        f"a pydantic model, a dataclass, a TypedDict or a JSON Schema is needed, not {given!r}", path=path
    )


def _read_type(given: Any, path: str) -> _Typed:
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(given)
    except UNREADABLE as error:
        raise InvalidInputError(f"{given.__name__} has no JSON Schema: {_first_line(error)}", path=path) from None
    return _read_adapter(adapter, path)


def _read_adapter(adapter: TypeAdapter[Any], path: str) -> _Typed:
    try:
        schema = adapter.json_schema()
    except UNREADABLE as error:
        raise InvalidInputError(f"there is no JSON Schema of it: {_first_line(error)}", path=path) from None
    if reference := schema.get("$ref"):
        definition = schema["$defs"][reference.rpartition("/")[2]]
        schema = {**definition, "$defs": schema["$defs"]}
    if schema.get("type") != "object":
        raise InvalidInputError("the parameters of a tool are an object", path=path)
    return _Typed(adapter, schema)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _is_typed_dict(given: Any) -> bool:
    import typing_extensions

    return typing_extensions.is_typeddict(given)


def _modern_typed_dict(given: Any) -> Any:
    """The same ``TypedDict`` in the form that pydantic reads on every Python: before 3.12 it takes only those of
    typing_extensions."""
    hints = get_type_hints(given, include_extras=True)
    fields = {name: hint if name in given.__required_keys__ else NotRequired[hint] for name, hint in hints.items()}
    made = _make_typed_dict(given.__name__, fields)
    made.__doc__ = given.__doc__
    if (config := getattr(given, "__pydantic_config__", None)) is not None:
        made.__pydantic_config__ = config
    return made


def _make_typed_dict(name: str, fields: dict[str, Any]) -> Any:
    import typing_extensions

    make: Any = typing_extensions.TypedDict
    return make(name, fields)


def function_parameters(function: Callable[..., Any], name: str) -> Parameters:
    """The parameters of a function, by name; those with a default may be left out, and no others may come.

    Raises InvalidInputError for arguments that cannot be given by name, or whose type has no JSON Schema.
    """
    try:
        signature = inspect.signature(function)
        hints = get_type_hints(function, include_extras=True)
    except (TypeError, ValueError, NameError) as error:
        raise InvalidInputError(f"the function {name!r} cannot be read: {error}") from None
    fields: dict[str, Any] = {}
    for argument in signature.parameters.values():
        if argument.kind not in (argument.POSITIONAL_OR_KEYWORD, argument.KEYWORD_ONLY):
            raise InvalidInputError(f"the function {name!r} takes {argument}, which cannot be given by name")
        hint = hints.get(argument.name, Any)
        fields[argument.name] = hint if argument.default is argument.empty else NotRequired[hint]
    made = _make_typed_dict(name or "parameters", fields)
    made.__pydantic_config__ = ConfigDict(extra="forbid")
    return _read_type(made, f"the function {name!r}")
