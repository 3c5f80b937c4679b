"""What the API refuses of a request that can be read, in its words."""

from collections.abc import Iterator

from pydantic_core import from_json

from llm_sdk.codec import ModelCall, WireRequest
from llm_sdk.errors import InvalidInputError
from llm_sdk.openai_validation import bad_numbers, image_complaint, strict_complaint, tool_name_complaint
from llm_sdk.providers.openai.content import PROVIDER
from llm_sdk.request_rules import Range, objects
from llm_sdk.types import JsonObject

RANGES: dict[str, Range] = {
    "temperature": (0.0, 2.0),
    "top_p": (0.0, 1.0),
    "max_output_tokens": (16, None),
    "top_logprobs": (0, 20),
}
# The items that answer a call, by the items that make it.
ANSWERS = {"function_call": "function_call_output", "custom_tool_call": "custom_tool_call_output"}


def find_faults(request: WireRequest, call: ModelCall) -> Iterator[InvalidInputError]:  # noqa: ARG001 - the contract's
    """Each thing that the API would refuse, fields that it does not know apart."""
    body: JsonObject = from_json(request.body)
    yield from bad_numbers(body, RANGES, PROVIDER)
    yield from _tools(body)
    yield from _format(body)
    yield from _calls(body)
    for at, item in objects(body.get("input")):
        for inner, part in objects(item.get("content")):
            path = f"input[{at}].content[{inner}].image_url"
            yield from image_complaint(part.get("image_url"), path, PROVIDER)


def _tools(body: JsonObject) -> Iterator[InvalidInputError]:
    functions = [(f"tools[{at}]", tool) for at, tool in objects(body.get("tools")) if tool.get("type") == "function"]
    yield from tool_name_complaint(((f"{path}.name", function.get("name")) for path, function in functions), PROVIDER)
    for path, function in functions:
        if function.get("strict") is True:
            what = f"function '{function.get('name')}'"
            schema, code = function.get("parameters"), "invalid_function_parameters"
            yield from strict_complaint(schema, what, f"{path}.parameters", code, PROVIDER)
    choice = body.get("tool_choice")
    names = [function.get("name") for _, function in functions]
    if isinstance(choice, dict) and choice.get("type") == "function" and choice.get("name") not in names:
        reason = "Tool choice 'function' not found in 'tools' parameter."
        yield InvalidInputError(reason, path="tool_choice", provider=PROVIDER)


def _format(body: JsonObject) -> Iterator[InvalidInputError]:
    text = body.get("text")
    format = text.get("format") if isinstance(text, dict) else None
    if isinstance(format, dict) and format.get("type") == "json_schema" and format.get("strict") is True:
        what = f"response_format '{format.get('name')}'"
        yield from strict_complaint(format.get("schema"), what, "text.format.schema", "invalid_json_schema", PROVIDER)


def _calls(body: JsonObject) -> Iterator[InvalidInputError]:
    """Calls without an answer, and answers without a call, where all of the conversation stands in the request."""
    if body.get("conversation") is not None or body.get("previous_response_id") is not None:
        return
    items = [item for _, item in objects(body.get("input"))]
    if any(item.get("type") == "item_reference" for item in items):
        return
    for made, answer in ANSWERS.items():
        called = {str(item.get("call_id")) for item in items if item.get("type") == made}
        answered = {str(item.get("call_id")) for item in items if item.get("type") == answer}
        words = made.removesuffix("_call").replace("_", " ")
        for id in sorted(answered - called):
            reason = f"No tool call found for {words} call output with call_id {id}."
            yield InvalidInputError(reason, path="input", provider=PROVIDER)
        for id in sorted(called - answered):
            reason = f"No tool output found for {words} call {id}."
            yield InvalidInputError(reason, path="input", provider=PROVIDER)
