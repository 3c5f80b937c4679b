"""What the API refuses of a request that can be read. A field that it does not know it only warns of.

Its words are those of https://docs.cohere.com/reference/errors, and of answers that others have kept (reported). Of the
rules of which no answer is known, each has a word of its manner: no message at all, a required tool choice without
tools, calls without results, and pictures that are none.
"""

import re
from collections.abc import Iterator

from pydantic_core import from_json

from llm_sdk.codec import ModelCall, WireRequest
from llm_sdk.errors import InvalidInputError
from llm_sdk.providers.cohere.content import PROVIDER
from llm_sdk.request_rules import Range, image_fault, numbers_outside, objects, split_data_url
from llm_sdk.types import JsonObject

RANGES: dict[str, Range] = {"p": (0.01, 0.99)}
MOST_STOPS = 5
TOOL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def find_faults(request: WireRequest, call: ModelCall) -> Iterator[InvalidInputError]:  # noqa: ARG001 - the contract's
    """Each thing that the API would refuse, fields that it does not know apart."""
    body: JsonObject = from_json(request.body)
    for name, _, (low, high) in numbers_outside(body, RANGES):
        yield _complaint(f"{name} must be between {low:g} and {high:g} inclusive.", name)
    for name, *_ in numbers_outside(body, {"max_tokens": (0, None)}):
        yield _complaint(f"{name} cannot be less than 0.", name)
    stops = body.get("stop_sequences")
    if isinstance(stops, list) and len(stops) > MOST_STOPS:
        reason = f"too many stop sequences provided, maximum is {MOST_STOPS}, received {len(stops)}."
        yield _complaint(reason, "stop_sequences")
    if not body.get("messages"):
        yield _complaint("messages must have at least one element.", "messages")
    if body.get("tool_choice") == "REQUIRED" and not body.get("tools"):
        yield _complaint("tool_choice REQUIRED is only allowed when tools are specified.", "tool_choice")
    yield from _ill_named(body)
    yield from _unanswered(body)
    for at, message in objects(body.get("messages")):
        for inner, part in objects(message.get("content")):
            image = part.get("image_url")
            data = split_data_url(str(image.get("url"))) if isinstance(image, dict) else None
            if data is not None and image_fault(data) is not None:
                path = f"messages[{at}].content[{inner}].image_url.url"
                yield _complaint(f"{path}: the image could not be decoded.", path)


def _ill_named(body: JsonObject) -> Iterator[InvalidInputError]:
    """Tools whose names are none, and calls that cannot be told apart."""
    for at, tool in objects(body.get("tools")):
        function = tool.get("function")
        name = function.get("name") if isinstance(function, dict) else None
        if isinstance(name, str) and not TOOL_NAME.fullmatch(name):
            reason = (
                "tool names can only contain certain characters (A-Za-z0-9_) and can't begin with a digit "
                f"(provided name: '{name}')."
            )
            yield _complaint(reason, f"tools[{at}].function.name")
    for at, message in objects(body.get("messages")):
        ids = [call.get("id") for _, call in objects(message.get("tool_calls"))]
        if any(ids.count(id) > 1 for id in ids):
            yield InvalidInputError("cannot have duplicate tool ids", path=f"messages[{at}]", provider=PROVIDER)


def _unanswered(body: JsonObject) -> Iterator[InvalidInputError]:
    """Calls that something else follows than their results."""
    waiting: list[str] = []
    for at, message in objects(body.get("messages")):
        if message.get("role") == "tool":
            waiting = [id for id in waiting if id != message.get("tool_call_id")]
        elif waiting:
            yield _complaint(f"the tool call {waiting[0]} has no tool message that answers it.", f"messages[{at}]")
            waiting = []
        if message.get("role") == "assistant":
            waiting = [str(call.get("id")) for _, call in objects(message.get("tool_calls"))]


def _complaint(reason: str, path: str) -> InvalidInputError:
    return InvalidInputError(f"invalid request: {reason}", path=path, provider=PROVIDER)
