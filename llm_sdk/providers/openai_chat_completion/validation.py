"""What the API refuses of a request that can be read, in its words."""

from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from llm_sdk.codec import ModelCall, WireRequest
from llm_sdk.errors import InvalidInputError
from llm_sdk.openai_validation import (
    bad_numbers,
    image_complaint,
    long_array,
    strict_complaint,
    tool_name_complaint,
)
from llm_sdk.providers.openai_chat_completion.content import PROVIDER
from llm_sdk.request_rules import Range, objects
from llm_sdk.types import JsonObject

RANGES: dict[str, Range] = {
    "temperature": (0.0, 2.0),
    "top_p": (0.0, 1.0),
    "presence_penalty": (-2.0, 2.0),
    "frequency_penalty": (-2.0, 2.0),
    "max_tokens": (1, None),
    "max_completion_tokens": (1, None),
    "n": (1, 128),
    "top_logprobs": (0, 20),
}
MOST_STOPS = 4


def find_faults(request: WireRequest, call: ModelCall) -> Iterator[InvalidInputError]:  # noqa: ARG001 - the contract's
    """Each thing that the API would refuse, fields that it does not know apart."""
    body: JsonObject = from_json(request.body)
    yield from bad_numbers(body, RANGES, PROVIDER)
    yield from long_array("stop", body.get("stop"), MOST_STOPS, PROVIDER)
    yield from _tools(body)
    yield from _format(body)
    for at, message in objects(body.get("messages")):
        for inner, part in objects(message.get("content")):
            image = part.get("image_url")
            path = f"messages[{at}].content[{inner}].image_url.url"
            yield from image_complaint(image.get("url") if isinstance(image, dict) else None, path, PROVIDER)


def _tools(body: JsonObject) -> Iterator[InvalidInputError]:
    functions = [
        (f"tools[{at}].function", tool["function"])
        for at, tool in objects(body.get("tools"))
        if isinstance(tool.get("function"), dict)
    ]
    yield from tool_name_complaint(((f"{path}.name", function.get("name")) for path, function in functions), PROVIDER)
    for path, function in functions:
        if function.get("strict") is True:
            what = f"function '{function.get('name')}'"
            schema, code = function.get("parameters"), "invalid_function_parameters"
            yield from strict_complaint(schema, what, f"{path}.parameters", code, PROVIDER)
    choice = body.get("tool_choice")
    offered = any(body.get(name) for name in ("tools", "functions")) or "web_search_options" in body
    if choice not in (None, "none") and not offered:
        reason = "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified."
        yield InvalidInputError(reason, path="tool_choice", provider=PROVIDER)
    named = _named(choice)
    if named is not None and functions and named not in [function.get("name") for _, function in functions]:
        reason = f"Tool choice '{named}' not found in 'tools' parameter."
        yield InvalidInputError(reason, path="tool_choice", provider=PROVIDER)


def _named(choice: Any) -> str | None:
    """The one function that has to be called."""
    function = choice.get("function") if isinstance(choice, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) else None


def _format(body: JsonObject) -> Iterator[InvalidInputError]:
    format = body.get("response_format")
    schema = format.get("json_schema") if isinstance(format, dict) else None
    if isinstance(schema, dict) and schema.get("strict") is True:
        what = f"response_format '{schema.get('name')}'"
        yield from strict_complaint(schema.get("schema"), what, "response_format", "invalid_json_schema", PROVIDER)
