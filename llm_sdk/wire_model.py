"""What the ``wire.py`` of every provider is made of: pydantic models of JSON that somebody else defines.

Reading is lenient: unknown fields are kept, and every union has a catch-all member. Absent and null stay different.
"""

import json
from collections.abc import Iterator
from typing import Any, NoReturn

from pydantic import BaseModel, ConfigDict, Discriminator, ValidationError

from llm_sdk.errors import InvariantError
from llm_sdk.types import JsonObject

__all__ = ["UNKNOWN", "Event", "Wire", "by_type", "malformed"]

UNKNOWN = "unknown"
"""The tag of a union's catch-all member."""


class Wire(BaseModel):
    """Base of every wire model."""

    model_config = ConfigDict(extra="allow", frozen=True, defer_build=True)

    def as_json(self) -> JsonObject:
        """The JSON as it came, absent fields absent."""
        return self.model_dump(exclude_unset=True, by_alias=True)

    def rest(self, *taken: str) -> JsonObject:
        """The fields that came, by their names on the wire, less those in ``taken``: what has no unified form."""
        return {key: value for key, value in self.as_json().items() if key not in taken}


class Event(BaseModel):
    """Base of stream events. Fields that nothing reads are not kept: a long stream has thousands of these."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


def by_type(*known: str, field: str = "type", default: str = UNKNOWN) -> Discriminator:
    """Tells the members of a union by ``field``; whatever is not ``known`` is tagged :data:`UNKNOWN`.

    ``default`` is the tag of a value without the field.
    """

    def tag(value: Any) -> str:
        kind = value.get(field, default) if isinstance(value, dict) else getattr(value, field, default)
        return kind if kind in known else UNKNOWN

    return Discriminator(tag)


def malformed(error: ValidationError, what: str, provider: str, data: bytes) -> NoReturn:
    """Raise InvariantError, with the place, for ``data`` that lacks what the protocol promises."""
    # Of a union, the member that the reading got furthest into is the one that was meant.
    first = max(error.errors(), key=lambda item: len(item["loc"]))
    where = ".".join(_path(first["loc"], data, missing=first["type"] == "missing")) or "the top level"
    raise InvariantError(f"{what} is malformed at {where}: {first['msg']}", provider=provider) from None


def _path(location: tuple[str | int, ...], data: bytes, *, missing: bool) -> Iterator[str]:
    """The steps of ``location`` that lead through the JSON, without the names that pydantic gives to the members of
    unions. The last one of a ``missing`` field leads nowhere, and is the one that matters."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return
    for step in location:
        if isinstance(value, list) if isinstance(step, int) else isinstance(value, dict) and step in value:
            value = value[step]
        elif not (missing and step is location[-1]):
            continue
        yield str(step)
