"""Schemas that say of a value what they say of it: none is found for them, and no validator comes to an end."""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote

__all__ = ["find_cycle"]

OF_THE_SAME_VALUE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas")
"""Keywords whose schemas are about the value that the schema around them is about."""
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


def find_cycle(root: Any) -> str | None:
    """A reference that leads to itself without going into the value, None where there is none."""
    done: set[int] = set()
    for schema in _schemas(root):
        if (found := _cycle_from(root, schema, done)) is not None:
            return found
    return None


def _cycle_from(root: Any, start: Any, done: set[int]) -> str | None:
    """Whether ``start`` leads back to itself. ``done`` are schemas that do not; a stack of our own takes any depth."""
    on_the_way: set[int] = {id(start)}
    stack = [(start, _same_value(root, start))]
    while stack:
        schema, following = stack[-1]
        for reference, inner in following:
            if id(inner) in on_the_way:
                return reference or "#"
            if id(inner) not in done:
                on_the_way.add(id(inner))
                stack.append((inner, _same_value(root, inner)))
                break
        else:
            stack.pop()
            on_the_way.discard(id(schema))
            done.add(id(schema))
    return None


def _same_value(root: Any, schema: Any) -> Iterator[tuple[str, Any]]:
    """The schemas that are about the same value, each with the reference that leads to it."""
    if not isinstance(schema, dict):
        return
    for keyword in REFERENCES:
        reference = schema.get(keyword)
        if isinstance(reference, str) and isinstance(target := _target(root, reference), dict):
            yield reference, target
    for keyword in OF_THE_SAME_VALUE:
        for inner in _inside(schema.get(keyword), by_name=keyword == "dependentSchemas"):
            if isinstance(inner, dict):
                yield "", inner


def _inside(value: Any, *, by_name: bool) -> Iterable[Any]:
    """The schemas of a keyword: one, several, or one for each name."""
    if by_name:
        return value.values() if isinstance(value, dict) else ()
    return value if isinstance(value, list) else (value,)


def _target(root: Any, reference: str) -> Any:
    """What a reference inside of the schema leads to; None for any other."""
    path = reference.removeprefix("#")
    if path and not path.startswith("/"):
        return None
    found = root
    for key in path.split("/")[1:]:
        key = unquote(key).replace("~1", "/").replace("~0", "~")
        try:
            found = found[int(key)] if isinstance(found, list) else found[key]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return found


def _schemas(root: Any) -> Iterator[Any]:
    """Every object in a schema: some are none, and do no harm."""
    waiting = [root]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
