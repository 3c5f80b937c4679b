"""Text dialects: how local models write their tool calls into the text, where the server does not read them.

Each is an incremental parser without I/O. Markup that makes no sense fails open: an error, and then its text.
"""

from typing import Literal, TypeAlias, get_args

from llm_sdk.completion.dialects import hermes, json_calls, pythonic, qwen
from llm_sdk.completion.dialects.harmony import HarmonyParser
from llm_sdk.completion.dialects.items import DialectParser, Found, Item, Malformed, Text, Thought
from llm_sdk.completion.dialects.scanner import Grammar, ScanningParser
from llm_sdk.errors import InvalidInputError

__all__ = ["DIALECTS", "DialectName", "DialectParser", "Found", "Item", "Malformed", "Text", "Thought", "new_parser"]

DialectName: TypeAlias = Literal["hermes", "json", "pythonic", "harmony", "qwen"]
DIALECTS: tuple[str, ...] = get_args(DialectName)

GRAMMARS = {"hermes": hermes.GRAMMAR, "json": json_calls.GRAMMAR, "pythonic": pythonic.GRAMMAR}
NO_CALLS = Grammar()


def new_parser(
    dialect: str | None, schema_of: qwen.SchemaOf, *, has_tools: bool, capture_thinking: bool
) -> DialectParser | None:
    """A parser for one answer; None where the text is to stay as it is.

    Without tools no call is looked for, and markup is text. Raises InvalidInputError for a dialect that is not known.
    """
    if dialect is not None and dialect not in DIALECTS:
        raise InvalidInputError(f"no dialect {dialect!r}; there are {', '.join(DIALECTS)}", path="tool_dialect")
    if dialect == "harmony":
        return HarmonyParser()
    if dialect is None or not has_tools:
        return ScanningParser(NO_CALLS, capture_thinking=True) if capture_thinking else None
    grammar = qwen.grammar(schema_of) if dialect == "qwen" else GRAMMARS[dialect]
    return ScanningParser(grammar, capture_thinking=capture_thinking)
