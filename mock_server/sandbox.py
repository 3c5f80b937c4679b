"""jinja2 in its sandbox, which reaches neither Python nor files. Loaded with the first template, if any."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, Undefined, meta
from jinja2.environment import TemplateExpression
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

__all__ = ["evaluate", "undeclared"]

LONGEST_PRODUCT = 100_000
LARGEST_EXPONENT = 64


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, without the two operators that make much out of little: a slip in a template, such as
    ``"x" * 10 ** 9``, is an error and not a server that hangs."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """See jinja2. Raises SecurityError for what gets too large."""
        if operator == "**" and (not isinstance(right, int | float) or abs(right) > LARGEST_EXPONENT):
            raise SecurityError(f"an exponent of more than {LARGEST_EXPONENT}")
        for repeated, times in ((left, right), (right, left)):
            grows = operator == "*" and isinstance(repeated, Sequence) and isinstance(times, int)
            if grows and len(repeated) * times > LONGEST_PRODUCT:
                raise SecurityError(f"a product of more than {LONGEST_PRODUCT} items")
        return super().call_binop(context, operator, left, right)


ENVIRONMENT = _Environment(
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
