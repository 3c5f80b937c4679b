"""The dialect ``pythonic``, of LFM2 and Llama 4: ``[f(a=1), g()]`` as the whole answer, or between the model's own
markers."""

import re

from llm_sdk.completion.dialects.items import Found, Malformed
from llm_sdk.completion.dialects.pythonic_syntax import CallSyntaxError, read_call_list
from llm_sdk.completion.dialects.scanner import Calls, Frame, Grammar, Whole

__all__ = ["GRAMMAR"]

BEGIN = re.compile(r"\s*\[\s*[A-Za-z_][\w.-]*\s*\(")
BEGUN = re.compile(r"\s*(\[\s*([A-Za-z_][\w.-]{0,63}\s*)?)?")


def _begins(text: str) -> bool | None:
    if BEGIN.match(text) is not None:
        return True
    return None if BEGUN.fullmatch(text) is not None else False


def _read_list(text: str) -> Calls:
    try:
        calls = read_call_list(text)
    except CallSyntaxError as error:
        return [Malformed(f"Failed to parse Pythonic tool call list: {error}", text)]
    return [Found(name, arguments, raw) for name, arguments, raw in calls]


def _read_frame(inner: str, raw: str) -> Calls:
    calls = _read_list(inner)
    if any(isinstance(call, Malformed) for call in calls):
        return [Malformed(call.message, raw) for call in calls if isinstance(call, Malformed)]
    return calls or [Malformed("Failed to parse tool call from framed region", raw)]


GRAMMAR = Grammar(
    (
        Frame("<|tool_call_start|>", "<|tool_call_end|>", _read_frame),
        Frame("<|start_header_id|>tool_call<|end_header_id|>", "<|eot_id|>", _read_frame),
    ),
    Whole(_begins, _read_list),
)
