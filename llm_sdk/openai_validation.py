"""What OpenAI's API refuses in both of its chat protocols, in its words."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from llm_sdk.errors import InvalidInputError
from llm_sdk.request_rules import TOOL_NAME, Range, image_fault, numbers_outside, split_data_url
from llm_sdk.strict_schema import strict_fault
from llm_sdk.types import JsonObject

__all__ = ["bad_numbers", "image_complaint", "long_array", "strict_complaint", "tool_name_complaint"]

NAME = re.compile(TOOL_NAME)


def bad_numbers(body: JsonObject, ranges: dict[str, Range], provider: str) -> Iterator[InvalidInputError]:
    """A complaint about each number that is out of its range (recorded for the temperature and for the limit)."""
    for name, value, (low, high) in numbers_outside(body, ranges):
        kind = "integer" if isinstance(low, int) and isinstance(value, int) else "decimal"
        below = low is not None and value < low
        side, sign, bound = ("below minimum", ">=", low) if below else ("above maximum", "<=", high)
        shown = value if kind == "integer" else float(value)
        reason = f"Invalid '{name}': {kind} {side} value. Expected a value {sign} {bound:g}, but got {shown} instead."
        code = f"{kind}_{'below_min' if below else 'above_max'}_value"
        yield InvalidInputError(reason, path=name, code=code, provider=provider)


def long_array(name: str, value: Any, longest: int, provider: str) -> Iterator[InvalidInputError]:
    """A complaint about an array that is too long."""
    if isinstance(value, list) and len(value) > longest:
        reason = (
            f"Invalid '{name}': array too long. Expected an array with maximum length {longest}, but got an array with "
            f"length {len(value)} instead."
        )
        yield InvalidInputError(reason, path=name, code="array_above_max_length", provider=provider)


def strict_complaint(schema: Any, what: str, path: str, code: str, provider: str) -> Iterator[InvalidInputError]:
    """A complaint about a schema that the strict mode refuses (recorded). ``what`` names whose schema it is."""
    if (fault := strict_fault(schema)) is not None:
        yield InvalidInputError(f"Invalid schema for {what}: {fault}", path=path, code=code, provider=provider)


def tool_name_complaint(names: Iterable[tuple[str, Any]], provider: str) -> Iterator[InvalidInputError]:
    """A complaint about each name that a tool cannot have; ``names`` are paths and names."""
    for path, name in names:
        if isinstance(name, str) and NAME.fullmatch(name) is None:
            reason = (
                f"Invalid '{path}': string does not match pattern. Expected a string that matches the pattern "
                f"'{TOOL_NAME}'."
            )
            yield InvalidInputError(reason, path=path, code="invalid_value", provider=provider)


def image_complaint(url: Any, path: str, provider: str) -> Iterator[InvalidInputError]:
    """A complaint about an image in a data URL that is none (recorded for the format)."""
    data = split_data_url(url) if isinstance(url, str) else None
    fault = image_fault(data) if data is not None else None
    if fault == "base64":
        reason = (
            f"Invalid '{path}'. Expected a base64-encoded data URL with an image MIME type, but got invalid base64."
        )
        yield InvalidInputError(reason, path=path, code="invalid_value", provider=provider)
    elif fault == "format":
        reason = (
            "You uploaded an unsupported image. Please make sure your image has of one the following formats: "
            "['png', 'jpeg', 'gif', 'webp']."
        )
        yield InvalidInputError(reason, code="invalid_image_format", provider=provider)
