"""Results of tools in the objects that clients put them in.

Where a protocol has an object for what a tool answered, clients differ in what they call the text in it: ``output``,
``result``, ``return_value``, ``content``. The model reads all of it, so that each of them says the same.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from llm_sdk.registry import get_codec
from llm_sdk.types import AssistantMessage, LanguageModelInput, TextPart, ToolCallPart, ToolMessage, ToolResultPart

__all__ = ["takes_objects", "unwrap_results"]

SAMPLE = {"result": "a"}


@cache
def takes_objects(provider: str) -> bool:
    """Whether what a tool answered stands in a request of this provider as an object, not as a text."""
    codec = get_codec(provider)
    if "tool-call" not in codec.capabilities.assistant or not codec.capabilities.tool_result:
        return False
    answer = ToolResultPart(tool_call_id="c", tool_name="t", content=[TextPart(text=json.dumps(SAMPLE))])
    asked = ToolCallPart(tool_call_id="c", tool_name="t", args={})
    input = LanguageModelInput(messages=[AssistantMessage(content=[asked]), ToolMessage(content=[answer])])
    request = codec.encode_request("m", input, stream=False)
    return any(node == SAMPLE for node in _nodes(json.loads(request.body)))


def unwrap_results(read: Any, expected: Any) -> Any:
    """``read`` with the content of each tool result as ``expected`` has it, where it is an object that holds that."""
    if isinstance(read, list) and isinstance(expected, list):
        return [unwrap_results(*pair) for pair in zip(read, expected, strict=False)] + read[len(expected) :]
    if not isinstance(read, dict) or not isinstance(expected, dict):
        return read
    if read.get("type") == expected.get("type") == "tool-result":
        return {**read, "content": _unwrapped(read["content"], expected["content"])}
    return {key: unwrap_results(value, expected.get(key)) for key, value in read.items()}


def _unwrapped(parts: list[Any], expected: list[Any]) -> list[Any]:
    texts = [part["text"] for part in expected if part["type"] == "text"]
    told = [part["text"] for part in parts if part["type"] == "text"]
    if len(told) != 1 or told == texts:
        return parts
    wrapping = _as_object(told[0])
    if wrapping is None or not _holds(wrapping, texts):
        return parts
    others = iter([part for part in parts if part["type"] != "text"])
    return [part if part["type"] == "text" else next(others, part) for part in expected] + list(others)


def _as_object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _holds(wrapping: dict[str, Any], texts: list[str]) -> bool:
    """Whether the texts stand in an object one after the other, or as one with white space between them; if there are
    none, whether nothing does. A text that is JSON may stand there as what it says, or with other white space."""
    nodes = list(_nodes(wrapping))
    if not texts:
        return any(node in ("", None, [], {}) for node in nodes)
    joined = re.compile(r"\s*".join(map(re.escape, texts)))
    if any(isinstance(node, str) and joined.fullmatch(node) for node in nodes):
        return True
    rest = iter(nodes)
    return all(any(_says(node, text) for node in rest) for text in texts)


def _says(node: Any, text: str) -> bool:
    if node == text:
        return True
    try:
        value = json.loads(text)
        return bool(node == value or (isinstance(node, str) and json.loads(node) == value))
    except ValueError:
        return False


def _nodes(value: Any) -> Iterator[Any]:
    """A JSON value and all that is in it, in order."""
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        yield from _nodes(item)
