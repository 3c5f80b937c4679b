"""Templates in scripted replies: where they stand, and what they give."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

__all__ = ["BadTemplateError", "check_templates", "has_templates", "render"]


class BadTemplateError(ValueError):
    """A template that is malformed, or that names what is not there. ``path`` leads to its string."""

    def __init__(self, message: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.path = path


def check_templates(value: Any, names: Collection[str]) -> list[BadTemplateError]:
    """Everything wrong with the templates in ``value``, which may use these names."""
    found = []
    for path, text in _templates(value, ()):
        from mock_server import sandbox

        try:
            unknown = sorted(sandbox.undeclared(text) - {*names})
        except ValueError as error:
            found.append(BadTemplateError(f"the template {text!r} is malformed: {error}", path))
            continue
        if unknown:
            there = ", ".join(sorted(names))
            found.append(BadTemplateError(f"the template {text!r} names {unknown[0]!r}; there are {there}", path))
    return found


def has_templates(value: Any) -> bool:
    """Whether anything in ``value`` is a template."""
    return next(_templates(value, ()), None) is not None


def render(value: Any, variables: Mapping[str, Any], *, native: bool = False) -> Any:
    """``value`` with every string in it rendered.

    A string that is one expression and nothing else gives the expression's own value below a key ``args`` or ``data``,
    where any JSON may stand: ``"{{ days | int }}"`` is a number there. Raises BadTemplateError.
    """
    match value:
        case str():
            return _render_text(value, variables, native=native)
        case dict():
            return {
                key: render(item, variables, native=native or key in ("args", "data")) for key, item in value.items()
            }
        case list():
            return [render(item, variables, native=native) for item in value]
    return value


def _render_text(text: str, variables: Mapping[str, Any], *, native: bool) -> Any:
    if not _is_template(text):
        return text
    from mock_server import sandbox

    try:
        return sandbox.evaluate(text, variables, native=native)
    except ValueError as error:
        raise BadTemplateError(f"the template {text!r} fails: {error}") from None


def _is_template(text: str) -> bool:
    return "{{" in text or "{%" in text or "{#" in text


def _templates(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    match value:
        case str() if _is_template(value):
            yield path, value
        case dict():
            for key, item in value.items():
                yield from _templates(item, (*path, key))
        case list():
            for at, item in enumerate(value):
                yield from _templates(item, (*path, at))
