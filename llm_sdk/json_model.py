"""What every unified type is built on: a frozen model, optional fields, and JSON objects of the model's own."""

import math
import re
from typing import Annotated, Any, NoReturn, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = ["MAX_JSON_DEPTH", "JsonObject", "Maybe", "MaybeList", "Model", "OwnJsonObject", "copy_json"]

T = TypeVar("T")
JsonObject: TypeAlias = dict[str, Any]

MAX_JSON_DEPTH = 128
"""How deep objects and arrays may stand in each other. Readers of JSON stop somewhere: pydantic's at 200 levels."""

INTEGER_LIMIT = 10**4300
"""Python refuses to read or write an integer of more than 4,300 digits as text."""

LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Model(BaseModel):
    """Base of every unified type: frozen, closed to unknown keys, and without the numbers that JSON lacks."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, allow_inf_nan=False)


def copy_json(value: Any) -> Any:
    """A deep copy of a JSON value, so that neither owner can change the other's; tuples become lists.

    Raises ValueError, with the path of the offender, for what cannot be written as JSON: other types, keys that are
    no strings, NaN and the infinities, lone surrogates, integers of more than 4,300 digits, and nesting deeper
    than ``MAX_JSON_DEPTH``.
    """
    return _copy(value, MAX_JSON_DEPTH)


class _NotJsonError(ValueError):
    """``path`` grows on the way up, innermost key first."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.path: list[str] = []

    def __str__(self) -> str:
        path = "".join(reversed(self.path)).removeprefix(".").encode("utf-8", "backslashreplace").decode()
        return f"{path[:200]}: {self.args[0]}" if path else str(self.args[0])


def _copy(value: Any, room: int) -> Any:
    if isinstance(value, str):
        return _checked_text(value)
    if isinstance(value, dict):
        return _copy_object(value, room - 1)
    if isinstance(value, list | tuple):
        return _copy_array(value, room - 1)
    if isinstance(value, float) and not math.isfinite(value):
        raise _NotJsonError(f"{value} is not JSON")
    if isinstance(value, int) and not -INTEGER_LIMIT < value < INTEGER_LIMIT:
        raise _NotJsonError("an integer of more than 4,300 digits")
    if value is None or isinstance(value, int | float):
        return value
    raise _NotJsonError(f"a value of type {type(value).__name__} is not JSON")


def _copy_object(value: dict[Any, Any], room: int) -> JsonObject:
    if room < 0:
        _refuse_depth()
    copy: JsonObject = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise _NotJsonError(f"the key {key!r} is not a string")
        try:
            copy[_checked_text(key)] = _copy(item, room)
        except _NotJsonError as error:
            error.path.append(f".{key}")
            raise
    return copy


def _copy_array(value: list[Any] | tuple[Any, ...], room: int) -> list[Any]:
    if room < 0:
        _refuse_depth()
    copy: list[Any] = []
    for item in value:
        try:
            copy.append(_copy(item, room))
        except _NotJsonError as error:
            error.path.append(f"[{len(copy)}]")
            raise
    return copy


def _refuse_depth() -> NoReturn:
    raise _NotJsonError(f"nested deeper than {MAX_JSON_DEPTH} levels")


def _checked_text(text: str) -> str:
    if not text.isascii() and LONE_SURROGATE.search(text):
        raise _NotJsonError("a lone surrogate is not Unicode text")
    return text


def _is_none(value: object) -> bool:
    return value is None


def _none_if_empty(value: list[T] | None) -> list[T] | None:
    return value or None


OwnJsonObject: TypeAlias = Annotated[JsonObject, AfterValidator(copy_json)]
"""A JSON object that is copied in, so that nobody else's change reaches it."""

Maybe: TypeAlias = Annotated[T | None, Field(exclude_if=_is_none)]
"""An optional field: ``None`` when unset, and then absent from the JSON."""

MaybeList: TypeAlias = Annotated[list[T] | None, AfterValidator(_none_if_empty), Field(exclude_if=_is_none)]
"""An optional list that no stream can tell from an empty one: ``None`` when empty."""
