"""Strings and numbers that satisfy the keywords of a JSON Schema. Deterministic; ``variant`` asks for another one."""

import random
import re
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor

import rstr

from llm_sdk.types import JsonObject

__all__ = ["UnsatisfiableSchemaError", "number_value", "string_value"]

FORMATS = {
    "date": "2026-01-{day:02}",
    "date-time": "2026-01-{day:02}T12:00:00Z",
    "time": "12:00:{day:02}Z",
    "duration": "P{day}D",
    "email": "user{n}@example.com",
    "idn-email": "user{n}@example.com",
    "hostname": "host{n}.example.com",
    "idn-hostname": "host{n}.example.com",
    "ipv4": "192.0.2.{day}",
    "ipv6": "2001:db8::{day}",
    "uri": "https://example.com/{n}",
    "url": "https://example.com/{n}",
    "iri": "https://example.com/{n}",
    "uri-reference": "/{n}",
    "iri-reference": "/{n}",
    "uri-template": "/items/{n}",
    "uuid": "00000000-0000-4000-8000-{n:012}",
    "json-pointer": "/{n}",
    "relative-json-pointer": "{n}",
    "regex": "^{n}$",
    "byte": "AAA{digit}",
}

LEAST_INTEGER = -(2**31)
"""A bound from here on is that of a type, such as JavaScript's safe integers, and nothing that was meant."""


LONGEST_TEXT = 1_000_000


class UnsatisfiableSchemaError(ValueError):
    """No value is found that satisfies the schema."""


def string_value(schema: JsonObject, name: str, variant: int) -> str:
    """A string for ``format``, ``pattern`` and the bounds of its length; ``name`` where nothing else decides."""
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength")
    if shortest > LONGEST_TEXT:
        raise UnsatisfiableSchemaError(f"no text is made that has more than {LONGEST_TEXT} characters")
    template = FORMATS.get(schema.get("format", ""))
    if template is not None:
        text = template.format(n=variant + 1, day=variant % 28 + 1, digit="ABCDEFGHIJ"[variant % 10])
    else:
        text = f"{name} {variant + 1}" if variant else name
    if "pattern" in schema:
        fits = shortest <= len(text) and (longest is None or len(text) <= longest)
        if template is not None and fits and re.search(schema["pattern"], text):
            return text  # some libraries write the pattern of a format beside it
        return _matching(schema["pattern"], shortest, longest, variant)
    if len(text) < shortest:
        text = (text + "." * shortest)[:shortest]
    if longest is not None and len(text) > longest:
        text = f"{text[: longest - len(str(variant))]}{variant}" if variant else text[:longest]
        text = text[:longest]
    return text


class _FewRepeats(random.Random):
    """Chooses few repeats where a pattern leaves their number open."""

    more = 0

    def randint(self, a: int, b: int) -> int:
        return min(b, a + self.more) if self.more else super().randint(a, min(b, a + 2))


@lru_cache(maxsize=1024)
def _matching(pattern: str, shortest: int, longest: int | None, variant: int) -> str:
    readable = {"nonwhitespace": "abcxyz019", "word": "abcxyz", "nondigits": "abcxyz", "printable": "abcxyz"}
    expression = re.compile(pattern)
    for attempt in range(200):
        source = _FewRepeats(variant * 1000 + attempt)
        source.more = shortest if attempt % 2 else 0
        try:
            text = rstr.Rstr(source, **readable).xeger(pattern)
        except ValueError:  # it repeats something more often than is ever tried
            break
        if len(text) < shortest and not pattern.endswith("$"):
            text += "x" * (shortest - len(text))
        if expression.search(text) and shortest <= len(text) and (longest is None or len(text) <= longest):
            return text
    raise UnsatisfiableSchemaError(f"no text is found for the pattern {pattern!r}")


def number_value(schema: JsonObject, *, integer: bool, variant: int) -> int | float:
    """A number for the bounds and ``multipleOf``. Raises UnsatisfiableSchemaError when there is none between them."""
    low, low_open = _bound(schema, "minimum", "exclusiveMinimum", larger=True)
    high, high_open = _bound(schema, "maximum", "exclusiveMaximum", larger=False)
    step = Fraction(str(schema["multipleOf"])) if "multipleOf" in schema else Fraction(1) if integer else None
    if step is not None and integer and step.denominator != 1:
        step = Fraction(step.numerator)
    if step is None:
        return _plain(_between(low, low_open, high, high_open, variant))
    first = None if low is None else (floor(low / step) + 1 if low_open else ceil(low / step))
    last = None if high is None else (ceil(high / step) - 1 if high_open else floor(high / step))
    if first is None:
        first = 1 if last is None or last >= 1 else last
    elif first <= LEAST_INTEGER and (last is None or last > variant):
        first = 1
    if last is not None and first > last:
        raise UnsatisfiableSchemaError("no number lies between the bounds")
    count = first + variant if last is None else first + variant % (last - first + 1)
    # 0.3 is not a multiple of 0.1 in binary fractions: one that divides without a rest is looked for.
    for exact in range(count, count + 50 if last is None else last + 1):
        if (float(exact * step) / float(step)).is_integer():
            return _plain(exact * step)
    return _plain(count * step)


def _between(low: Fraction | None, low_open: bool, high: Fraction | None, high_open: bool, variant: int) -> Fraction:
    if low is None:
        low, low_open = (Fraction(1, 2) if high is None else high - 1), False
    if high is None:
        return low + 1 + variant
    if low > high or (low == high and (low_open or high_open)):
        raise UnsatisfiableSchemaError("no number lies between the bounds")
    return low + (high - low) / (2 + variant)


def _bound(schema: JsonObject, closed: str, open: str, *, larger: bool) -> tuple[Fraction | None, bool]:
    """The tighter of two bounds, and whether it is excluded itself; in older drafts ``open`` is a boolean."""
    limit, excluded = schema.get(closed), schema.get(open)
    if isinstance(excluded, bool):
        return (None if limit is None else Fraction(str(limit))), excluded
    bounds = [
        (Fraction(str(value)), is_open) for value, is_open in ((limit, False), (excluded, True)) if value is not None
    ]
    if not bounds:
        return None, False
    sign = 1 if larger else -1
    return max(bounds, key=lambda bound: (sign * bound[0], bound[1]))


def _plain(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)
