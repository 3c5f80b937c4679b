"""What the API refuses of a request that can be read, in its words."""

import re
from collections.abc import Iterator

from pydantic_core import from_json

from llm_sdk.codec import ModelCall, WireRequest
from llm_sdk.errors import InvalidInputError
from llm_sdk.providers.mistral.errors import RejectedRequestError
from llm_sdk.request_rules import TOOL_NAME, Range, image_fault, numbers_outside, objects, split_data_url
from llm_sdk.types import JsonObject

RANGES: dict[str, Range] = {
    "temperature": (0, 1.5),
    "top_p": (0, 1),
    "max_tokens": (0, None),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "random_seed": (0, None),
    "n": (1, None),
}
MESSAGE_ORDER, BAD_CALL, BAD_IMAGE = "invalid_request_message_order", "invalid_function_call", "invalid_request_file"
NAME = re.compile(TOOL_NAME)


def find_faults(request: WireRequest, call: ModelCall) -> Iterator[InvalidInputError]:  # noqa: ARG001 - the contract's
    """Each thing that the API would refuse, fields that it does not know apart."""
    body: JsonObject = from_json(request.body)
    for name, value, (low, high) in numbers_outside(body, RANGES):
        below = low is not None and value < low
        bound, words, kind = (low, "greater", "greater_than_equal") if below else (high, "less", "less_than_equal")
        reason = f"Input should be {words} than or equal to {bound:g}"
        yield RejectedRequestError(reason, kind=kind, location=[name])
    for _, tool in objects(body.get("tools")):
        function = tool.get("function")
        named = function.get("name") if isinstance(function, dict) else None
        if isinstance(named, str) and NAME.fullmatch(named) is None:
            reason = f"Function name was {named} but must be a-z, A-Z, 0-9, or contain underscores and dashes."
            yield _refused(reason, BAD_CALL)
    yield from _order(body)
    for _, message in objects(body.get("messages")):
        for _, chunk in objects(message.get("content")):
            yield from _image(chunk)


def _order(body: JsonObject) -> Iterator[InvalidInputError]:
    """Results without a call, and calls without a result (reported)."""
    before: str | None = None
    open_calls = 0
    for _, message in objects(body.get("messages")):
        role = str(message.get("role"))
        if role == "tool":
            if before not in ("assistant", "tool") or not open_calls:
                yield _refused(f"Unexpected role 'tool' after role '{before or 'none'}'", MESSAGE_ORDER)
            open_calls = max(open_calls - 1, 0)
        elif open_calls:
            yield _refused("Not the same number of function calls and responses", MESSAGE_ORDER)
            open_calls = 0
        if role == "assistant":
            open_calls = len(message.get("tool_calls") or ())
        before = role
    if open_calls:
        yield _refused("Not the same number of function calls and responses", MESSAGE_ORDER)


def _image(chunk: JsonObject) -> Iterator[InvalidInputError]:
    image = chunk.get("image_url")
    url = image.get("url") if isinstance(image, dict) else image
    data = split_data_url(url) if isinstance(url, str) else None
    if data is not None and image_fault(data) is not None:
        yield _refused("Image could not be loaded as a valid image", BAD_IMAGE)


def _refused(reason: str, kind: str) -> InvalidInputError:
    return RejectedRequestError(reason, kind=kind, status_code=400)
