"""``LanguageModelInput`` <-> the body of ``POST /v1/responses``.

A request that is read here and written again loses nothing: what has no unified field goes into ``extra``, at the place
where it stood, and a whole item or content part without a unified form becomes an opaque part.
"""

import json
from typing import Any

from pydantic import ValidationError

from llm_sdk.capabilities import check
from llm_sdk.codec import ModelCall, WireRequest, dump_json
from llm_sdk.errors import InvalidInputError
from llm_sdk.extra import ExtraFields, merge_extra
from llm_sdk.providers.openai import wire
from llm_sdk.providers.openai.capabilities import CAPABILITIES
from llm_sdk.providers.openai.content import PROVIDER
from llm_sdk.providers.openai.endpoint import PATH
from llm_sdk.providers.openai.history import HistoryReader, encode_messages
from llm_sdk.providers.openai.options import (
    decode_format,
    decode_reasoning_options,
    decode_tool_choice,
    decode_tools,
    encode_format,
    encode_reasoning_options,
    encode_tool,
    encode_tool_choice,
)
from llm_sdk.strict_schema import allows_strict
from llm_sdk.types import JsonObject, LanguageModelInput, WebSearchTool

IMAGE_TOOL = "image_generation"
OPTIONS = {
    "instructions": "system_prompt",
    "max_output_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "parallel_tool_calls": "parallel_tool_calls",
    "metadata": "metadata",
}
# What the API takes for granted, so that its absence means the same (OpenAI's OpenAPI document).
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


def encode_request(model_id: str, input: LanguageModelInput, *, stream: bool) -> WireRequest:
    """Raises UnsupportedError or InvalidInputError, with the path of what cannot be sent."""
    check(input, CAPABILITIES, PROVIDER)
    warnings: list[str] = []
    body = encode_body(model_id, input, warnings)
    if stream:
        body["stream"] = True
    body = merge_extra(body, input.extra or {})
    headers = {"content-type": "application/json", "accept": "text/event-stream" if stream else "application/json"}
    return WireRequest("POST", PATH, dump_json(body), headers, tuple(warnings))


def encode_body(model_id: str, input: LanguageModelInput, warnings: list[str]) -> JsonObject:
    """The body before ``extra``. ``store`` is false: a conversation is carried by its messages, not by the provider."""
    body: JsonObject = {"model": model_id, "input": list(encode_messages(input.messages, warnings)), "store": False}
    for name, field in OPTIONS.items():
        if (value := getattr(input, field)) is not None:
            body[name] = value
    tools = [encode_tool(tool, warnings) for tool in input.tools or ()]
    if "image" in (input.modalities or ()):
        tools.append({"type": IMAGE_TOOL})
    if input.tools is not None or tools:
        body["tools"] = [tool for tool in tools if tool is not None]
    if input.tool_choice is not None:
        body["tool_choice"] = encode_tool_choice(input.tool_choice)
    if input.response_format is not None:
        body["text"] = {"format": encode_format(input.response_format)}
    if input.reasoning is not None:
        body["reasoning"] = encode_reasoning_options(input.reasoning)
    if include := implied_include(input):
        body["include"] = include
    return body


def implied_include(input: LanguageModelInput) -> list[str]:
    """What an answer must bring along so that it can be sent back as history without loss."""
    include = []
    if input.reasoning is not None and input.reasoning.enabled:
        include.append(wire.INCLUDE_ENCRYPTED_REASONING)
    if any(isinstance(tool, WebSearchTool) for tool in input.tools or ()):
        include.append(wire.INCLUDE_SEARCH_SOURCES)
    return include


def decode_request(request: WireRequest) -> ModelCall:
    """Raises InvalidInputError, with the path in the provider's words, for a body that the API would refuse."""
    try:
        body = wire.Request.model_validate_json(request.body)
    except ValidationError as error:
        raise _refuse(error) from None
    warnings: list[str] = []
    extra = ExtraFields(body.rest(*wire.Request.model_fields), ITEM_DEFAULTS)
    fields: JsonObject = {field: getattr(body, name) for name, field in OPTIONS.items()}
    if body.metadata is not None and not all(isinstance(value, str) for value in body.metadata.values()):
        del fields["metadata"]
        extra.keep("metadata", value=body.metadata)
    fields["messages"] = HistoryReader(extra, warnings).read(body.input)
    fields["tools"], fields["modalities"] = decode_tools(body.tools, extra, warnings)
    fields["tool_choice"] = decode_tool_choice(body.tool_choice, extra)
    fields["response_format"] = decode_format(body.text, extra)
    fields["reasoning"] = decode_reasoning_options(body.reasoning, extra)
    input = LanguageModelInput(**fields)
    if body.store is not False:
        extra.keep("store", value=True)
    if (body.include or []) != implied_include(input):
        extra.keep("include", value=body.include or [])
    if extra.fields:
        input = input.model_copy(update={"extra": extra.fields})
    return ModelCall(body.model, input, bool(body.stream), tuple(warnings))


def _refuse(error: ValidationError) -> InvalidInputError:
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return InvalidInputError("We could not parse the JSON body of your request.", provider=PROVIDER)
    # A union puts the tag of its member into the location, between the position and the field.
    path = ""
    tags = {"list", "str", "message", "unknown", "function-after", "dict"}
    for step in first["loc"]:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step not in tags and not step.startswith(("list[", "dict[", "input_", "output_", "function")):
            path += f".{step}" if path else step
    if first["type"] == "missing":
        return InvalidInputError(f"Missing required parameter: '{path}'.", path=path, provider=PROVIDER)
    return InvalidInputError(f"Invalid value for '{path}': {first['msg']}.", path=path, provider=PROVIDER)


def normalize_request(body: Any) -> Any:
    """The same request with defaults left out and short forms written out, for comparing two bodies.

    Null means absent at every place that this looks at; arguments of calls are compared as JSON, not as text.
    """
    if not isinstance(body, dict):
        return body
    request = {name: value for name, value in body.items() if value is not None and value != DEFAULTS.get(name)}
    content = request.get("input")
    if isinstance(content, str):
        content = [{"role": "user", "content": content}]
    if isinstance(content, list):
        request["input"] = [_normalize_item(item) for item in content]
    if isinstance(tools := request.get("tools"), list):
        request["tools"] = [_normalize_tool(tool) for tool in tools]
    for name in ("reasoning", "text"):
        if isinstance(options := request.get(name), dict):
            request[name] = _drop(options, {})
            if not request[name]:
                del request[name]
    if isinstance(text := request.get("text"), dict) and isinstance(format := text.get("format"), dict):
        request["text"] = {**text, "format": _drop(format, {"strict": False})}
        if request["text"] == {"format": {"type": "text"}}:
            del request["text"]
    return request


def _drop(value: JsonObject, defaults: JsonObject) -> JsonObject:
    return {key: item for key, item in value.items() if item is not None and item != defaults.get(key)}


def _normalize_item(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    item = _drop(item, {"status": "completed", "content": [] if item.get("type") == "reasoning" else None})
    kind = item.setdefault("type", "message")
    if kind == "message":
        texts = "output_text" if item.get("role") == "assistant" else "input_text"
        content = item.get("content")
        if isinstance(content, str):
            content = [{"type": texts, "text": content}]
        if isinstance(content, list):
            item["content"] = [_drop(part, ITEM_DEFAULTS) if isinstance(part, dict) else part for part in content]
    elif kind == "function_call" and isinstance(item.get("arguments"), str):
        item["arguments"] = _parsed(item["arguments"])
    elif kind == "function_call_output" and isinstance(item.get("output"), list):
        item["output"] = [_drop(part, ITEM_DEFAULTS) if isinstance(part, dict) else part for part in item["output"]]
    elif kind == "web_search_call" and isinstance(item.get("action"), dict):
        item["action"] = _drop(item["action"], {"sources": []})
    return item


def _parsed(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except ValueError:
        return text


def _normalize_tool(tool: Any) -> Any:
    if not isinstance(tool, dict):
        return tool
    tool = _drop(tool, {"description": ""})
    if tool.get("type") == "function":
        tool.setdefault("parameters", {"type": "object", "properties": {}})
        tool.setdefault("strict", allows_strict(tool["parameters"]))
    if isinstance(location := tool.get("user_location"), dict):
        tool["user_location"] = {"type": "approximate", **_drop(location, {})}
    if tool.get("type", "").startswith("web_search") and not tool.get("filters", True):
        del tool["filters"]
    return tool
