"""What the API takes for granted, and two requests compared by what they mean."""

from typing import Any

from llm_sdk.normal_form import drop_defaults
from llm_sdk.providers.anthropic.content import DIRECT
from llm_sdk.types import JsonObject

# What the API takes for granted, so that its absence means the same (Anthropic's OpenAPI document).
DEFAULTS: JsonObject = {"stream": False, "system": [], "tools": [], "stop_sequences": [], "metadata": {}}
BLOCK_DEFAULTS: JsonObject = {"citations": [], "caller": DIRECT, "is_error": False, "content": []}


def normalize_request(body: Any) -> Any:
    """Null means absent at every place that this looks at.

    Messages of one role that follow one another are one turn (documented), and a string is one text block.
    """
    if not isinstance(body, dict):
        return body
    request = drop_defaults(body, DEFAULTS)
    if isinstance(system := request.get("system"), str | list):
        request["system"] = _blocks(system)
    if isinstance(messages := request.get("messages"), list):
        request["messages"] = _turns(messages)
    if isinstance(tools := request.get("tools"), list):
        request["tools"] = [_tool(tool) for tool in tools]
    if isinstance(choice := request.get("tool_choice"), dict):
        request["tool_choice"] = drop_defaults(choice, {"disable_parallel_tool_use": False})
        if request["tool_choice"] == {"type": "auto"}:
            del request["tool_choice"]
    if isinstance(format := request.pop("output_format", None), dict):
        # The spelling before the format had left its beta.
        request["output_config"] = {**(request.get("output_config") or {}), "format": format}
    for name in ("output_config", "metadata", "thinking"):
        if isinstance(options := request.get(name), dict) and not (kept := drop_defaults(options)):
            del request[name]
        elif isinstance(options, dict):
            request[name] = kept
    return request


def _blocks(content: Any) -> Any:
    if isinstance(content, str):
        content = [{"type": "text", "text": content}] if content else []
    return [_block(block) for block in content] if isinstance(content, list) else content


def _block(block: Any) -> Any:
    if not isinstance(block, dict):
        return block
    block = drop_defaults(block, BLOCK_DEFAULTS)
    kind = block.get("type")
    if kind == "tool_result" and "content" in block:
        block["content"] = _blocks(block["content"])
    elif kind == "search_result" and isinstance(block.get("content"), list):
        block["content"] = [_block(inner) for inner in block["content"]]
    elif kind == "web_search_tool_result" and isinstance(block.get("content"), list):
        block["content"] = [drop_defaults(page) if isinstance(page, dict) else page for page in block["content"]]
    elif kind == "thinking":
        block.setdefault("signature", "")
    if block.get("content") == []:
        del block["content"]
    return block


def _turns(messages: list[Any]) -> list[Any]:
    turns: list[Any] = []
    for message in messages:
        if not isinstance(message, dict):
            turns.append(message)
            continue
        content = _blocks(message.get("content"))
        last = turns[-1] if turns else None
        if isinstance(last, dict) and last.get("role") == message.get("role") and isinstance(content, list):
            last["content"] = [*last["content"], *content]
        else:
            turns.append({**message, "content": content})
    return turns


def _tool(tool: Any) -> Any:
    if not isinstance(tool, dict):
        return tool
    tool = drop_defaults(tool, {"description": "", "type": "custom", "strict": False})
    if isinstance(location := tool.get("user_location"), dict):
        tool["user_location"] = {"type": "approximate", **drop_defaults(location)}
    return tool
