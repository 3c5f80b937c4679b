"""What the API takes for granted, and two requests compared by what they mean."""

from typing import Any

from llm_sdk.normal_form import drop_defaults, parse_arguments
from llm_sdk.strict_schema import allows_strict
from llm_sdk.types import JsonObject

# Values that mean the same as their absence (OpenAI's OpenAPI document).
DEFAULTS: JsonObject = {
    "store": True,
    "stream": False,
    "background": False,
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "truncation": "disabled",
    "include": [],
    "tools": [],
    "metadata": {},
    "reasoning": {},
    "text": {},
}
ITEM_DEFAULTS: JsonObject = {
    "status": "completed",
    "detail": "auto",
    "annotations": [],
    "logprobs": [],
    "content": [],
    "name": None,
}


def normalize_request(body: Any) -> Any:
    """The same request with defaults left out and short forms written out, for comparing two bodies.

    Null means absent at every place that this looks at; arguments of calls are compared as JSON, not as text.
    """
    if not isinstance(body, dict):
        return body
    request = drop_defaults(body, DEFAULTS)
    content = request.get("input")
    if isinstance(content, str):
        content = [{"role": "user", "content": content}]
    if isinstance(content, list):
        request["input"] = [normalize_item(item) for item in content]
    if isinstance(tools := request.get("tools"), list):
        request["tools"] = [_normalize_tool(tool) for tool in tools]
    for name in ("reasoning", "text"):
        if isinstance(options := request.get(name), dict):
            request[name] = drop_defaults(options)
            if not request[name]:
                del request[name]
    if isinstance(text := request.get("text"), dict) and isinstance(format := text.get("format"), dict):
        request["text"] = {**text, "format": drop_defaults(format, {"strict": False})}
        if request["text"] == {"format": {"type": "text"}}:
            del request["text"]
    return request


def normalize_item(item: Any) -> Any:
    """One input item."""
    if not isinstance(item, dict):
        return item
    item = drop_defaults(item, {"status": "completed", "content": [] if item.get("type") == "reasoning" else None})
    kind = item.setdefault("type", "message")
    if kind == "message":
        texts = "output_text" if item.get("role") == "assistant" else "input_text"
        content = item.get("content")
        if isinstance(content, str):
            content = [{"type": texts, "text": content}]
        if isinstance(content, list):
            item["content"] = [normalize_content(part) for part in content]
    elif kind == "function_call" and isinstance(item.get("arguments"), str):
        item["arguments"] = parse_arguments(item["arguments"])
    elif kind in ("function_call_output", "custom_tool_call_output") and isinstance(item.get("output"), list):
        item["output"] = [normalize_content(part) for part in item["output"]]
    elif kind == "web_search_call" and isinstance(item.get("action"), dict):
        item["action"] = drop_defaults(item["action"], {"sources": []})
    return item


def normalize_content(part: Any) -> Any:
    """One content part."""
    return drop_defaults(part, ITEM_DEFAULTS) if isinstance(part, dict) else part


def _normalize_tool(tool: Any) -> Any:
    if not isinstance(tool, dict):
        return tool
    tool = drop_defaults(tool, {"description": ""})
    if tool.get("type") == "function":
        tool.setdefault("parameters", {"type": "object", "properties": {}})
        tool.setdefault("strict", allows_strict(tool["parameters"]))
    if isinstance(location := tool.get("user_location"), dict):
        tool["user_location"] = {"type": "approximate", **drop_defaults(location)}
    if tool.get("type", "").startswith("web_search") and not tool.get("filters", True):
        del tool["filters"]
    return tool
