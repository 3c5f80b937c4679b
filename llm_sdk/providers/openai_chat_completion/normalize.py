"""What the API takes for granted, and two requests compared by what they mean."""

from typing import Any

from llm_sdk.normal_form import drop_defaults, parse_arguments
from llm_sdk.types import JsonObject

# Values that mean the same as their absence (OpenAI's OpenAPI document).
DEFAULTS: JsonObject = {"stream": False, "tools": []}
MESSAGE_DEFAULTS: JsonObject = {"annotations": [], "tool_calls": [], "reasoning_details": [], "detail": "auto"}


def normalize_request(body: Any) -> Any:
    """The same request with defaults left out and short forms written out, for comparing two bodies.

    Null means absent at every place that this looks at; arguments of calls are compared as JSON, not as text;
    ``max_tokens`` is the deprecated name of ``max_completion_tokens``.
    """
    if not isinstance(body, dict):
        return body
    request = drop_defaults(body, DEFAULTS)
    if "max_tokens" in request and "max_completion_tokens" not in request:
        request["max_completion_tokens"] = request.pop("max_tokens")
    if isinstance(request.get("stop"), str):
        request["stop"] = [request["stop"]]
    if isinstance(messages := request.get("messages"), list):
        request["messages"] = [_normalize_message(message) for message in messages]
    if isinstance(tools := request.get("tools"), list):
        request["tools"] = [_normalize_tool(tool) for tool in tools]
    if isinstance(functions := request.get("functions"), list):
        request["functions"] = [_normalize_function(function) for function in functions]
    if isinstance(format := request.get("response_format"), dict) and isinstance(format.get("json_schema"), dict):
        request["response_format"] = {**format, "json_schema": drop_defaults(format["json_schema"], {"strict": False})}
    if isinstance(options := request.get("stream_options"), dict):
        request["stream_options"] = drop_defaults(options, {"include_usage": False})
        if not request["stream_options"]:
            del request["stream_options"]
    return request


def _normalize_message(message: Any) -> Any:
    if not isinstance(message, dict):
        return message
    message = drop_defaults(message, MESSAGE_DEFAULTS)
    content = message.get("content")
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    if isinstance(content, list):
        message["content"] = [_normalize_content(part) for part in content]
    if isinstance(calls := message.get("tool_calls"), list):
        message["tool_calls"] = [_normalize_call(call) for call in calls]
    if isinstance(function := message.get("function_call"), dict):
        message["function_call"] = _with_parsed_arguments(function)
    return message


def _normalize_content(part: Any) -> Any:
    if not isinstance(part, dict):
        return part
    part = drop_defaults(part)
    if isinstance(image := part.get("image_url"), dict):
        part["image_url"] = drop_defaults(image, MESSAGE_DEFAULTS)
    return part


def _normalize_call(call: Any) -> Any:
    if not isinstance(call, dict):
        return call
    call = {"type": "function", **drop_defaults(call)}
    if isinstance(function := call.get("function"), dict):
        call["function"] = _with_parsed_arguments(function)
    return call


def _with_parsed_arguments(function: JsonObject) -> JsonObject:
    arguments = function.get("arguments")
    return {**function, "arguments": parse_arguments(arguments)} if isinstance(arguments, str) else function


def _normalize_tool(tool: Any) -> Any:
    if isinstance(tool, dict) and isinstance(function := tool.get("function"), dict):
        return {**tool, "function": _normalize_function(function)}
    return tool


def _normalize_function(function: Any) -> Any:
    if not isinstance(function, dict):
        return function
    function = drop_defaults(function, {"description": "", "strict": False})
    return {"parameters": {"type": "object", "properties": {}}, **function}
