"""JSON of protocol buffers, brought to one spelling.

Google's servers take every field in camel case and in snake case, null as absent, and one object where a list of them
is meant (recorded). What is a caller's own, such as arguments and JSON Schemas, is left as it is.
"""

from functools import cache
from typing import Any

from pydantic.alias_generators import to_camel

# Values whose keys are data.
FREE = frozenset({"args", "response", "parametersJsonSchema", "responseJsonSchema", "labels", "partMetadata"})
# Objects whose keys are data and whose values are the protocol's.
MAPS = frozenset({"properties", "defs", "$defs"})
REPEATED = frozenset({"contents", "parts", "tools", "functionDeclarations"})


@cache
def camel_case(name: str) -> str:
    """A field's name as the servers write it."""
    return to_camel(name) if "_" in name.strip("_") else name


def one_spelling(value: Any) -> Any:
    """``value`` with its field names in camel case, without nulls, and with lists where they belong."""
    if isinstance(value, list):
        return [one_spelling(item) for item in value]
    if not isinstance(value, dict):
        return value
    spelled: dict[str, Any] = {}
    for key, item in value.items():
        if item is None:
            continue
        name = camel_case(key)
        if name in FREE:
            spelled[name] = item
        elif name in MAPS and isinstance(item, dict):
            spelled[name] = {inner: one_spelling(held) for inner, held in item.items()}
        elif name in REPEATED and isinstance(item, dict):
            spelled[name] = [one_spelling(item)]
        else:
            spelled[name] = one_spelling(item)
    return spelled
