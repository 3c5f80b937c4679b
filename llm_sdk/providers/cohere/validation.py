"""What the API refuses of a request that can be read, in its words. A field that it does not know it only warns of."""

from collections.abc import Iterator

from pydantic_core import from_json

from llm_sdk.codec import ModelCall, WireRequest
from llm_sdk.errors import InvalidInputError
from llm_sdk.providers.cohere.content import PROVIDER
from llm_sdk.request_rules import Range, image_fault, numbers_outside, objects, split_data_url
from llm_sdk.types import JsonObject

RANGES: dict[str, Range] = {"p": (0.01, 0.99), "max_tokens": (0, None)}
MOST_STOPS = 5


def find_faults(request: WireRequest, call: ModelCall) -> Iterator[InvalidInputError]:  # noqa: ARG001 - the contract's
    """Each thing that the API would refuse, fields that it does not know apart."""
    body: JsonObject = from_json(request.body)
    for name, _, (low, high) in numbers_outside(body, RANGES):
        bounds = f"between {low:g} and {high:g} inclusive" if high is not None else f"greater than or equal to {low:g}"
        yield _complaint(f"{name} must be {bounds}.", name)
    stops = body.get("stop_sequences")
    if isinstance(stops, list) and len(stops) > MOST_STOPS:
        yield _complaint(f"stop_sequences must have at most {MOST_STOPS} elements.", "stop_sequences")
    if not body.get("messages"):
        yield _complaint("messages must have at least one element.", "messages")
    if body.get("tool_choice") == "REQUIRED" and not body.get("tools"):
        yield _complaint("tool_choice REQUIRED is only allowed when tools are specified.", "tool_choice")
    yield from _unanswered(body)
    for at, message in objects(body.get("messages")):
        for inner, part in objects(message.get("content")):
            image = part.get("image_url")
            data = split_data_url(str(image.get("url"))) if isinstance(image, dict) else None
            if data is not None and image_fault(data) is not None:
                path = f"messages[{at}].content[{inner}].image_url.url"
                yield _complaint(f"{path}: the image could not be decoded.", path)


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
