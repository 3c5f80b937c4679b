"""Templates in scripted replies: jinja2 in its sandbox, which reaches neither Python nor files."""

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, Undefined, meta
from jinja2.environment import TemplateExpression
from jinja2.sandbox import ImmutableSandboxedEnvironment

__all__ = ["BadTemplateError", "check_templates", "render"]

ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined,
    autoescape=False,
    keep_trailing_newline=True,
)


class BadTemplateError(ValueError):
    """A template that is malformed, or that names what is not there. ``path`` leads to its string."""

    def __init__(self, message: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.path = path


def check_templates(value: Any, names: Collection[str]) -> list[BadTemplateError]:
    """Everything wrong with the templates in ``value``, which may use these names."""
    found = []
    for path, text in _templates(value, ()):
        try:
            unknown = sorted(meta.find_undeclared_variables(ENVIRONMENT.parse(text)) - {*names, *ENVIRONMENT.globals})
        except TemplateSyntaxError as error:
            found.append(BadTemplateError(f"the template {text!r} is malformed: {error.message}", path))
            continue
        if unknown:
            there = ", ".join(sorted(names))
            found.append(BadTemplateError(f"the template {text!r} names {unknown[0]!r}; there are {there}", path))
    return found


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
    try:
        inner = text.strip()
        if native and inner.startswith("{{") and inner.endswith("}}") and inner.count("{{") == 1:
            value = _expression(inner[2:-2])(**variables)
            if isinstance(value, Undefined):
                str(value)  # a strict one raises, saying what is missing
            return value
        return _template(text).render(**variables)
    except (TemplateError, ArithmeticError, TypeError, ValueError, LookupError) as error:
        raise BadTemplateError(f"the template {text!r} fails: {error}") from None


@lru_cache(maxsize=4096)
def _template(text: str) -> Template:
    return ENVIRONMENT.from_string(text)


@lru_cache(maxsize=4096)
def _expression(text: str) -> TemplateExpression:
    return ENVIRONMENT.compile_expression(text, undefined_to_none=False)


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
