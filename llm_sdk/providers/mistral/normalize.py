"""What the API takes for granted, and two requests compared by what they mean."""

from typing import Any

from llm_sdk.normal_form import drop_defaults, parse_arguments
from llm_sdk.providers.mistral.other_calls import as_chat, path_of
from llm_sdk.types import JsonObject

# Values that mean the same as their absence (Mistral's OpenAPI document).
DEFAULTS: JsonObject = {"stream": False, "safe_prompt": False}
CALL_DEFAULTS: JsonObject = {"id": "null", "index": 0}
CHUNK_DEFAULTS: JsonObject = {"closed": True}
MEANS_SOMETHING_AS_NULL = "prompt_mode"
"""Null asks for no instructions of the provider's own; absent leaves it to the model (documented)."""


def normalize_request(body: Any) -> Any:
    """The same request with defaults left out and short forms written out, for comparing two bodies.

    A call beside the chat is that of the chat which says the same. Null means absent, but for ``prompt_mode``;
    arguments of calls are compared as JSON, not as text; ``required`` is another word for ``any``.
    """
    if not isinstance(body, dict):
        return body
    body = as_chat(body, path_of(body))
    request = drop_defaults(body, DEFAULTS)
    if MEANS_SOMETHING_AS_NULL in body:
        request[MEANS_SOMETHING_AS_NULL] = body[MEANS_SOMETHING_AS_NULL]
    if isinstance(request.get("stop"), str):
        request["stop"] = [request["stop"]]
    if request.get("tool_choice") == "required":
        request["tool_choice"] = "any"
    if isinstance(messages := request.get("messages"), list):
        request["messages"] = [normalize_message(message) for message in messages]
    if isinstance(tools := request.get("tools"), list):
        request["tools"] = [_normalize_tool(tool) for tool in tools]
    if isinstance(format := request.get("response_format"), dict):
        format = {"type": "text", **drop_defaults(format)}
        if isinstance(schema := format.get("json_schema"), dict):
            format["json_schema"] = drop_defaults(schema, {"strict": False})
        request["response_format"] = format
    return request


def normalize_message(message: Any) -> Any:
    """One message."""
    if not isinstance(message, dict):
        return message
    said = {"role": "assistant", **drop_defaults(message, {"prefix": False, "tool_calls": []})}
    content = said.get("content") or ""
    said["content"] = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if isinstance(said["content"], list):
        said["content"] = [normalize_chunk(chunk) for chunk in said["content"]]
    if isinstance(calls := said.get("tool_calls"), list):
        said["tool_calls"] = [_normalize_call(call) for call in calls]
    return said


def normalize_chunk(chunk: Any) -> Any:
    """One content chunk."""
    if not isinstance(chunk, dict):
        return chunk
    chunk = drop_defaults(chunk, CHUNK_DEFAULTS)
    if chunk.get("type") == "image_url":
        image = chunk.get("image_url")
        chunk["image_url"] = {"url": image} if isinstance(image, str) else drop_defaults(image or {})
    return chunk


def _normalize_call(call: Any) -> Any:
    if not isinstance(call, dict):
        return call
    call = {"type": "function", **drop_defaults(call, CALL_DEFAULTS)}
    function = call.get("function")
    if isinstance(function, dict) and isinstance(arguments := function.get("arguments", ""), str):
        call["function"] = {**function, "arguments": parse_arguments(arguments)}
    return call


def _normalize_tool(tool: Any) -> Any:
    if not isinstance(tool, dict):
        return tool
    tool = {"type": "function", **drop_defaults(tool)}
    if isinstance(function := tool.get("function"), dict):
        tool["function"] = drop_defaults(function, {"description": "", "strict": False})
    return tool
