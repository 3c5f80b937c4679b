"""``LanguageModelInput.extra``: what a request says beyond the unified fields.

A codec that reads a request keeps there, at the place where it stood, every field without a unified form; writing the
request merges them in again.
"""

from typing import Any

from llm_sdk.types import JsonObject

__all__ = ["ExtraFields", "merge_extra"]


class ExtraFields:
    """Collects fields by their path in the body. ``fields`` is what goes into ``extra``.

    ``defaults`` are values that mean the same as absence, by the name of the field; null does everywhere.
    """

    def __init__(self, fields: JsonObject, defaults: JsonObject) -> None:
        self.fields = fields
        self._defaults = defaults

    def keep(self, *path: str, value: Any) -> None:
        """Keep one field; the position in an array is a step of the path like any other."""
        into = self.fields
        for step in path[:-1]:
            into = into.setdefault(step, {})
        into[path[-1]] = value

    def keep_all(self, fields: JsonObject, *path: str) -> None:
        """Keep those of ``fields`` that mean anything."""
        for name, value in fields.items():
            if value is not None and value != self._defaults.get(name):
                self.keep(*path, name, value=value)


def merge_extra(body: Any, extra: Any) -> Any:
    """``body`` with ``extra`` merged in, deep: objects key by key, anything else replaced.

    An object whose keys are all decimal numbers, merged into an array, changes the elements at those positions:
    ``{"input": {"0": {"phase": "commentary"}}}`` reaches a field of the first input item.
    """
    if not isinstance(extra, dict):
        return extra
    if isinstance(body, list) and extra and all(key.isdecimal() and int(key) < len(body) for key in extra):
        return [merge_extra(item, extra[str(at)]) if str(at) in extra else item for at, item in enumerate(body)]
    if not isinstance(body, dict):
        return extra
    merged: JsonObject = dict(body)
    for key, value in extra.items():
        merged[key] = merge_extra(body[key], value) if key in body else value
    return merged
