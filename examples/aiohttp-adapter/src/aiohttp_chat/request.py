"""A unified input -> the body of a request."""

import json
from typing import Any

from aiohttp_chat.response import LEGACY_CALL_ID
from llm_sdk.capabilities import Capabilities, check
from llm_sdk.errors import UnsupportedError
from llm_sdk.types import (
    AssistantMessage,
    ImagePart,
    JsonResponseFormat,
    LanguageModelInput,
    OpaquePart,
    OpaqueTool,
    Part,
    ResponseFormatOption,
    SourcePart,
    TextPart,
    Tool,
    ToolCallPart,
    ToolChoiceTool,
    ToolMessage,
    ToolOption,
    ToolResultPart,
    UserMessage,
)

__all__ = ["CAPABILITIES", "PROVIDER", "left_out", "write_request"]

PROVIDER = "openai-chat-completion"
CAPABILITIES = Capabilities(
    user=frozenset({"text", "image"}),
    assistant=frozenset({"text", "tool-call"}),
    tool_result=frozenset({"text", "image"}),
    output=frozenset({"text", "tool-call"}),
    options=frozenset(
        {
            *("max_tokens", "temperature", "top_p", "presence_penalty", "frequency_penalty", "seed", "stop"),
            *("parallel_tool_calls", "metadata"),
        }
    ),
)
"""What this adapter carries of the protocol: neither sound, nor files, nor reasoning, nor the web."""
SAME_NAME = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "seed", "stop", "parallel_tool_calls")


def left_out(input: LanguageModelInput) -> list[str]:
    """What of the input has no field in the protocol: where a document is from, its title, and citations."""
    found: list[str] = []
    for at, message in enumerate(input.messages):
        for n, part in enumerate(message.content):
            path = f"messages[{at}].content[{n}]"
            inner = part.content if isinstance(part, ToolResultPart) else ()
            here = {path: part, **{f"{path}.content[{m}]": item for m, item in enumerate(inner)}}
            for where, item in here.items():
                if isinstance(item, SourcePart):
                    found.append(f"{where}: source and title are not sent")
                elif isinstance(item, TextPart) and item.citations:
                    found.append(f"{where}: citations are not sent")
    return found


def write_request(model_id: str, input: LanguageModelInput, *, stream: bool) -> dict[str, Any]:
    """Raises UnsupportedError, with the path, for what this adapter does not carry."""
    check(input, CAPABILITIES, PROVIDER)
    body: dict[str, Any] = {"model": model_id, "messages": _write_messages(input)}
    for name in SAME_NAME:
        if (value := getattr(input, name)) is not None:
            body[name] = value
    if input.max_tokens is not None:
        body["max_completion_tokens"] = input.max_tokens
    if input.metadata is not None:
        body["metadata"] = input.metadata
    if input.tools is not None:
        body["tools"] = [_write_tool(tool, at) for at, tool in enumerate(input.tools)]
    if (choice := input.tool_choice) is not None:
        by_name = isinstance(choice, ToolChoiceTool)
        body["tool_choice"] = {"type": "function", "function": {"name": choice.tool_name}} if by_name else choice.type
    if input.response_format is not None:
        body["response_format"] = _write_format(input.response_format)
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return _merge(body, input.extra or {})


def _write_messages(input: LanguageModelInput) -> list[dict[str, Any]]:
    written: list[dict[str, Any]] = []
    if input.system_prompt is not None:
        written.append({"role": "system", "content": input.system_prompt})
    for at, message in enumerate(input.messages):
        path = f"messages[{at}]"
        if isinstance(message, ToolMessage):
            written += _write_results(message, path)
        elif isinstance(message, AssistantMessage):
            written.append(_write_assistant(message, path))
        else:
            role = "user" if isinstance(message, UserMessage) else "developer"
            written.append({"role": role, "content": _write_parts(message.content, path)})
    return written


def _write_parts(parts: list[Part], path: str) -> list[dict[str, Any]]:
    written: list[dict[str, Any]] = []
    for at, part in enumerate(parts):
        here = f"{path}.content[{at}]"
        if isinstance(part, TextPart):
            written.append({"type": "text", "text": part.text})
        elif isinstance(part, ImagePart):
            url = part.url or f"data:{part.mime_type};base64,{part.data}"
            written.append({"type": "image_url", "image_url": {"url": url}})
        elif isinstance(part, SourcePart):
            written += _write_parts(part.content, here)
        elif isinstance(part, OpaquePart) and part.provider == PROVIDER:
            written.append(part.data)
        else:
            raise UnsupportedError(f"{part.type} is not carried here", path=here, provider=PROVIDER)
    return written


def _write_results(message: ToolMessage, path: str) -> list[dict[str, Any]]:
    """A result is text in this protocol: its images go into a message of the user behind all of them."""
    results: list[dict[str, Any]] = []
    images: list[dict[str, Any]] = []
    for at, part in enumerate(message.content):
        if isinstance(part, ToolResultPart):
            content = _write_parts(part.content, f"{path}.content[{at}]")
            texts = [item for item in content if item["type"] == "text"]
            images += [item for item in content if item["type"] != "text"]
            results.append(_write_result(part, texts))
    return [*results, {"role": "user", "content": images}] if images else results


def _write_result(part: ToolResultPart, texts: list[dict[str, Any]]) -> dict[str, Any]:
    if part.tool_call_id == LEGACY_CALL_ID:
        return {"role": "function", "name": part.tool_name, "content": "".join(text["text"] for text in texts)}
    return {"role": "tool", "tool_call_id": part.tool_call_id, "content": texts or ""}


def _write_assistant(message: AssistantMessage, path: str) -> dict[str, Any]:
    calls: list[dict[str, Any]] = []
    content: list[dict[str, Any]] = []
    for at, part in enumerate(message.content):
        if isinstance(part, ToolCallPart):
            function = {"name": part.tool_name, "arguments": json.dumps(part.args, ensure_ascii=False)}
            calls.append({"id": part.tool_call_id, "type": "function", "function": function})
        elif isinstance(part, OpaquePart) and part.provider == PROVIDER:
            calls.append(part.data)
        elif isinstance(part, TextPart):
            content.append({"type": "text", "text": part.text})
        else:
            where = f"{path}.content[{at}]"
            raise UnsupportedError(f"{part.type} is not carried here", path=where, provider=PROVIDER)
    legacy = next((call["function"] for call in calls if call.get("id") == LEGACY_CALL_ID), None)
    called = {"function_call": legacy} if legacy else {"tool_calls": calls} if calls else {}
    return {"role": "assistant", "content": content or None, **called}


def _write_tool(tool: ToolOption, at: int) -> dict[str, Any]:
    if isinstance(tool, Tool):
        described = {"description": tool.description} if tool.description else {}
        function = {"name": tool.name, **described, "parameters": tool.parameters}
        return {"type": "function", "function": function}
    if isinstance(tool, OpaqueTool) and tool.provider == PROVIDER:
        return tool.data
    raise UnsupportedError(f"no {tool.type} tool here", path=f"tools[{at}]", provider=PROVIDER)


def _write_format(format: ResponseFormatOption) -> dict[str, Any]:
    if not isinstance(format, JsonResponseFormat):
        return {"type": "text"}
    if format.json_schema is None:
        return {"type": "json_object"}
    described = {"description": format.description} if format.description else {}
    return {
        "type": "json_schema",
        "json_schema": {"name": format.name, **described, "schema": format.json_schema, "strict": True},
    }


def _merge(body: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    """``extra`` laid over ``body``, deep."""
    merged = dict(body)
    for name, value in extra.items():
        old = merged.get(name)
        merged[name] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged
