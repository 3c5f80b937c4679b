"""The dialect ``hermes``, of Qwen, Hermes and most others: ``<tool_call>{"name", "arguments"}</tool_call>``, repeated;
or without a frame as in the dialect ``json``."""

from llm_sdk.completion.dialects.items import Malformed
from llm_sdk.completion.dialects.json_calls import WHOLE, parse_json, read_call
from llm_sdk.completion.dialects.scanner import Calls, Frame, Grammar

__all__ = ["CLOSING", "GRAMMAR", "OPENING", "read_frame"]

OPENING, CLOSING = "<tool_call>", "</tool_call>"


def read_frame(inner: str, raw: str) -> Calls:
    """The call in a frame."""
    try:
        value = parse_json(inner)
    except ValueError as error:
        return [Malformed(f"Failed to parse Hermes tool call: {error}", raw)]
    call = read_call(value, raw)
    return [call or Malformed("Hermes tool call is missing name/arguments", raw)]


GRAMMAR = Grammar((Frame(OPENING, CLOSING, read_frame),), WHOLE)
