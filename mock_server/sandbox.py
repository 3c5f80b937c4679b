"""jinja2 in its sandbox, which reaches neither Python nor files. Loaded with the first template; most runs have none."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, Undefined, meta
from jinja2.environment import TemplateExpression
from jinja2.sandbox import ImmutableSandboxedEnvironment

__all__ = ["evaluate", "undeclared"]

ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined,
    autoescape=False,
    keep_trailing_newline=True,
)


def undeclared(text: str) -> set[str]:
    """The names that a template uses. Raises ValueError that says what is malformed."""
    try:
        return meta.find_undeclared_variables(ENVIRONMENT.parse(text)) - ENVIRONMENT.globals.keys()
    except TemplateSyntaxError as error:
        raise ValueError(error.message) from None


def evaluate(text: str, variables: Mapping[str, Any], *, native: bool) -> Any:
    """What a template gives: a text or, of one expression where it is ``native``, that expression's value. Raises
    ValueError that says what fails."""
    try:
        inner = text.strip()
        if native and inner.startswith("{{") and inner.endswith("}}") and inner.count("{{") == 1:
            value = _expression(inner[2:-2])(**variables)
            if isinstance(value, Undefined):
                str(value)  # a strict one raises, saying what is missing
            return value
        return _template(text).render(**variables)
    except (TemplateError, ArithmeticError, TypeError, ValueError, LookupError) as error:
        raise ValueError(str(error)) from None


@lru_cache(maxsize=4096)
def _template(text: str) -> Template:
    return ENVIRONMENT.from_string(text)


@lru_cache(maxsize=4096)
def _expression(text: str) -> TemplateExpression:
    return ENVIRONMENT.compile_expression(text, undefined_to_none=False)
