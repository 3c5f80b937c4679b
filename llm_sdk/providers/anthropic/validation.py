"""What the API refuses of a request that can be read, in its words."""

import re
from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from llm_sdk.codec import ModelCall, WireRequest
from llm_sdk.errors import InvalidInputError
from llm_sdk.providers.anthropic.content import PROVIDER
from llm_sdk.request_rules import Range, image_fault, numbers_outside, objects
from llm_sdk.types import JsonObject

RANGES: dict[str, Range] = {"temperature": (0, 1), "top_p": (0, 1)}
NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
LEAST_BUDGET = 1024
MOST_STRICT_TOOLS = 20
CLOSED = "additionalProperties"
BY_NAME = ("properties", "$defs", "definitions")
WITHIN = frozenset({"items", "anyOf", "allOf"})
"""Where schemas stand within a schema: by their names, and without."""


def find_faults(request: WireRequest, call: ModelCall) -> Iterator[InvalidInputError]:  # noqa: ARG001 - the contract's
    """Each thing that the API would refuse, fields that it does not know apart."""
    body: JsonObject = from_json(request.body)
    for name, _, (low, high) in numbers_outside(body, RANGES):
        yield _complaint(f"range: {low:g}..{high:g}", name)  # recorded for the temperature
    for name, least in (("max_tokens", 1), ("top_k", 0)):
        value = body.get(name)
        if isinstance(value, int) and value < least:
            yield _complaint(f"Input should be greater than or equal to {least}", name)
    yield from _tools(body)
    yield from _thinking(body)
    yield from _messages(body)
    yield from _results(body)


def _tools(body: JsonObject) -> Iterator[InvalidInputError]:
    tools = list(objects(body.get("tools")))
    for at, tool in tools:
        if tool.get("type", "custom") != "custom":
            continue
        if isinstance(tool.get("name"), str) and NAME.fullmatch(tool["name"]) is None:
            yield _complaint(f"String should match pattern '^{NAME.pattern}$'", f"tools.{at}.custom.name")
        schema = tool.get("input_schema")
        if isinstance(schema, dict) and schema.get("type") != "object":
            # Recorded, both of them.
            reason = "Input should be 'object'" if "type" in schema else "Field required"
            yield _complaint(reason, f"tools.{at}.custom.input_schema.type")
        if tool.get("strict") is True and (fault := _strict_fault(schema)) is not None:
            yield _complaint(fault, f"tools.{at}.custom")
    strict = sum(tool.get("strict") is True for _, tool in tools)
    if strict > MOST_STRICT_TOOLS:
        yield _complaint(
            f"Too many strict tools ({strict}). The maximum number of strict tools supported is {MOST_STRICT_TOOLS}. "
            "Try reducing the number of tools marked as strict."
        )
    choice = body.get("tool_choice")
    kind = choice.get("type") if isinstance(choice, dict) else None
    if kind in ("any", "tool") and not tools:
        yield _complaint("tool_choice may only be specified while providing tools.")
    elif kind == "tool" and choice.get("name") not in [tool.get("name") for _, tool in tools]:  # type: ignore[union-attr]
        yield _complaint(f"Tool '{choice.get('name')}' not found in provided tools")  # type: ignore[union-attr]


def _strict_fault(schema: Any) -> str | None:
    """What the API says of the schema of a strict tool (reported, both: vercel/ai issue 20681, experiential pull
    request 804)."""
    if isinstance(schema, list):
        return next(filter(None, map(_strict_fault, schema)), None)
    if not isinstance(schema, dict):
        return None
    properties = schema.get("properties")
    if (schema.get("type") == "object" or isinstance(properties, dict)) and schema.get(CLOSED) is not False:
        return "For 'object' type, 'additionalProperties' must be explicitly set to false"
    if schema.get("type") == "array" and "maxItems" in schema:
        return "For 'array' type, property 'maxItems' is not supported"
    named = [inner for key in BY_NAME if isinstance(schema.get(key), dict) for inner in schema[key].values()]
    return _strict_fault([*named, *(inner for key, inner in schema.items() if key in WITHIN)])


def _thinking(body: JsonObject) -> Iterator[InvalidInputError]:
    thinking = body.get("thinking")
    if not isinstance(thinking, dict) or thinking.get("type") != "enabled":
        return
    budget = thinking.get("budget_tokens")
    if not isinstance(budget, int):
        yield _complaint("Field required", "thinking.enabled.budget_tokens")
    elif budget < LEAST_BUDGET:
        yield _complaint(f"Input should be greater than or equal to {LEAST_BUDGET}", "thinking.enabled.budget_tokens")
    if body.get("temperature") not in (None, 1):
        yield _complaint("`temperature` may only be set to 1 when thinking is enabled.")
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") in ("any", "tool"):
        yield _complaint("Thinking may not be enabled when tool_choice forces tool use.")


def _messages(body: JsonObject) -> Iterator[InvalidInputError]:
    messages = list(objects(body.get("messages")))
    for at, message in messages:
        content = message.get("content")
        if content in ("", []) and not (message.get("role") == "assistant" and at == len(messages) - 1):
            # Recorded.
            reason = "all messages must have non-empty content except for the optional final assistant message"
            yield _complaint(reason, f"messages.{at}")
        for inner, block in objects(content):
            path = f"messages.{at}.content.{inner}"
            if block.get("type") == "text" and block.get("text") == "":
                yield _complaint("text content blocks must be non-empty", "messages")
            yield from _image(block, path)


def _image(block: JsonObject, path: str) -> Iterator[InvalidInputError]:
    source = block.get("source")
    if block.get("type") != "image" or not isinstance(source, dict) or source.get("type") != "base64":
        return
    if source.get("media_type") not in IMAGE_TYPES:
        *others, last = (f"'{kind}'" for kind in IMAGE_TYPES)
        yield _complaint(f"Input should be {', '.join(others)} or {last}", f"{path}.image.source.base64.media_type")
    fault = image_fault(str(source.get("data", "")))
    if fault == "base64":
        yield _complaint("invalid base64 data", f"{path}.image.source.base64")
    elif fault == "format":
        yield _complaint("Could not process image")


def _results(body: JsonObject) -> Iterator[InvalidInputError]:
    """Results without a call (recorded), and calls without a result right behind them."""
    called: dict[str, None] = {}
    for at, message in objects(body.get("messages")):
        blocks = list(objects(message.get("content")))
        answered = {
            str(block.get("tool_use_id")): f"messages.{at}.content.{inner}"
            for inner, block in blocks
            if block.get("type") == "tool_result"
        }
        if message.get("role") == "user":
            yield from _unpaired(called, answered, at - 1)
            called = {}
        elif message.get("role") == "assistant":
            called |= {str(block.get("id")): None for _, block in blocks if block.get("type") == "tool_use"}
    yield from _unpaired(called, {}, len(body.get("messages") or ()) - 1)


def _unpaired(called: dict[str, None], answered: dict[str, str], at: int) -> Iterator[InvalidInputError]:
    for id, path in answered.items():
        if id not in called:
            reason = (
                f"unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` block must have a "
                "corresponding `tool_use` block in the previous message."
            )
            yield _complaint(reason, path)
    if open_calls := [id for id in called if id not in answered]:
        reason = (
            "`tool_use` ids were found without `tool_result` blocks immediately after: "
            f"{', '.join(open_calls)}. Each `tool_use` block must have a corresponding `tool_result` block in the next "
            "message."
        )
        yield _complaint(reason, f"messages.{at}")


def _complaint(reason: str, path: str = "") -> InvalidInputError:
    return InvalidInputError(reason, path=path, provider=PROVIDER)
