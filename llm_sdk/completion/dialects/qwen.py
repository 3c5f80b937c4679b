"""The dialect ``qwen``, of Qwen 3.5 and Qwen-Coder::

    <tool_call><function=NAME><parameter=KEY>VALUE</parameter></function></tool_call>

A value is what the tool declares it to be; what is not declared is JSON where it can be, and a text otherwise. A frame
with JSON in it is read as in ``hermes``.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from llm_sdk.completion.dialects import hermes
from llm_sdk.completion.dialects.items import Found, Malformed
from llm_sdk.completion.dialects.json_calls import WHOLE, parse_json
from llm_sdk.completion.dialects.scanner import Calls, Frame, Grammar
from llm_sdk.json_model import JsonObject

__all__ = ["grammar"]

FUNCTION = re.compile(r"\s*<function=([^>\s]+)\s*>(.*?)</function>\s*", re.DOTALL)
PARAMETER = re.compile(r"\s*<parameter=([^>\s]+)\s*>(.*?)</parameter>\s*", re.DOTALL)
KINDS: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}

SchemaOf = Callable[[str], JsonObject | None]


def grammar(schema_of: SchemaOf) -> Grammar:
    """The grammar for tools of these schemas, by name."""
    return Grammar((Frame(hermes.OPENING, hermes.CLOSING, partial(_read_frame, schema_of)),), WHOLE)


def _read_frame(schema_of: SchemaOf, inner: str, raw: str) -> Calls:
    if inner.lstrip().startswith("{"):
        return hermes.read_frame(inner, raw)
    function = FUNCTION.fullmatch(inner)
    if function is None:
        return [Malformed("Qwen3.5 tool call missing <function=NAME>...</function>", raw)]
    name, body = function.groups()
    properties = (schema_of(name) or {}).get("properties", {})
    arguments: JsonObject = {}
    at = 0
    for parameter in PARAMETER.finditer(body):
        if body[at : parameter.start()].strip():
            break
        at = parameter.end()
        key, text = parameter.groups()
        declared = properties.get(key)
        try:
            arguments[key] = _read_value(_without_breaks(text), declared if isinstance(declared, dict) else {})
        except ValueError as error:
            return [Malformed(f'Failed to parse Qwen3.5 parameter "{key}" of "{name}": {error}', raw)]
    if body[at:].strip():
        return [Malformed(f'Qwen3.5 tool call "{name}" has text outside of its parameters', raw)]
    return [Found(name, arguments, raw)]


def _without_breaks(text: str) -> str:
    """The model writes a value on lines of its own."""
    return text.removeprefix("\n").removesuffix("\n")


def _read_value(text: str, schema: JsonObject) -> Any:
    """The value as its schema has it. Raises ValueError for a text that is no such value."""
    kinds = _kinds(schema)
    if kinds == {"string"}:
        return text
    try:
        value = parse_json(text)
    except ValueError:
        if "string" in kinds or not kinds:
            return text
        raise ValueError(f'invalid {" or ".join(sorted(kinds))} value: "{text}"') from None
    if not kinds or any(_is(value, kind) for kind in kinds):
        return value
    if "string" in kinds:
        return text
    raise ValueError(f'invalid {" or ".join(sorted(kinds))} value: "{text}"')


def _is(value: Any, kind: str) -> bool:
    if kind in ("integer", "number") and isinstance(value, bool):
        return False
    return isinstance(value, KINDS.get(kind, ()))


def _kinds(schema: JsonObject) -> set[str]:
    """The types that a schema names; none where it names none."""
    kinds: set[str] = set()
    named = schema.get("type")
    kinds.update([named] if isinstance(named, str) else named if isinstance(named, list) else ())
    for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        if isinstance(branch, dict):
            kinds |= _kinds(branch)
    if not kinds and isinstance(values := schema.get("enum"), list) and all(isinstance(item, str) for item in values):
        kinds = {"string"}
    return kinds
