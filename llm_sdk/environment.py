"""Settings from environment variables, and from a ``.env`` file where python-dotenv is installed and finds one."""

import os
from collections.abc import Iterable

from llm_sdk.errors import InvalidInputError

__all__ = ["read_setting"]


def read_setting(names: Iterable[str]) -> str | None:
    """The value of the first of these variables that is set and not blank.

    The environment comes before the ``.env`` file, which is looked for in the working directory and the ones above
    it, and whose values are only read: ``os.environ`` stays as it is. Raises InvalidInputError for a file that cannot
    be read.
    """
    names = list(names)
    if (value := _first(names, os.environ)) is not None:
        return value
    return _first(names, _read_dotenv()) if names else None


def _first(names: Iterable[str], settings: "os._Environ[str] | dict[str, str | None]") -> str | None:
    for name in names:
        if value := (settings.get(name) or "").strip():
            return value
    return None


def _read_dotenv() -> dict[str, str | None]:
    try:
        from dotenv import dotenv_values, find_dotenv
    except ImportError:
        return {}
    path = find_dotenv(usecwd=True)
    if not path:
        return {}
    try:
        return dotenv_values(path)
    except (OSError, ValueError):
        pass  # raised below, without the content of the file in its context
    raise InvalidInputError(f"{path} cannot be read as settings in UTF-8")
