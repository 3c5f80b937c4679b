"""The nested form of tool calls and results, read as the flat one.

``{"type": "tool-call", "tool_call_id": ..., "call": {"type": "function", "name": ..., "args": ...}}`` and
``{"type": "tool-result", "tool_call_id": ..., "result": {"type": "function", "name": ..., "content": ...},
"status": "completed"}`` are what newer writers of the unified types produce; a hosted web search has forms of its own
in both. Each function returns any other value as it came, and raises ValueError, with the path, for a nested form
that is malformed.
"""

import json
from typing import Any

from llm_sdk.json_model import copy_json

__all__ = ["flatten_tool_call", "flatten_tool_result"]

WEB_SEARCH = {"tool_name": "web_search", "provider_executed": True}
STATUSES = ("completed", "failed", "cancelled")


def flatten_tool_call(value: Any, *, partial: bool = False) -> Any:
    """Read ``call: {type, name, args}``, or ``{type: "web_search", action}``, as the flat fields of a tool call.

    Nothing is required of a ``partial`` one, and its ``args`` are text: the action is written as JSON. The status of a
    web search has no flat field: that of its result counts.
    """
    if not isinstance(value, dict) or "call" not in value:
        return value
    flat = _without(value, "call", replaced=("tool_name", "args"))
    if _kind(value["call"], "call") == "web_search":
        call = _object(value["call"], "call", optional=("type", "action", "status"))
        action = call.get("action")
        if partial:
            return {**WEB_SEARCH, "args": None if action is None else json.dumps(copy_json(action)), **flat}
        return {**WEB_SEARCH, "args": {} if action is None else action, **flat}
    names = ("name", "args")
    call = _object(value["call"], "call", required=() if partial else names, optional=("type", *names))
    return {**_renamed(call, name="tool_name", args="args"), **flat}


def flatten_tool_result(value: Any) -> Any:
    """Read ``result: {type, name, content}`` with ``status`` as the flat fields of a tool result.

    A cancelled result without content says ``cancelled``, so that the model sees why it is empty. A page found by a
    web search becomes a source; its signature, the signature of an empty text in it; its age is left out.
    """
    if not isinstance(value, dict) or "result" not in value:
        return value
    flat = _without(value, "result", "status", replaced=("tool_name", "content", "is_error"))
    status = value.get("status", "completed")
    if status not in STATUSES:
        raise ValueError(f"status: {status!r} is none of {', '.join(STATUSES)}")
    if _kind(value["result"], "result") == "web_search":
        result = _object(value["result"], "result", optional=("type", "sources", "error_code"))
        flat |= WEB_SEARCH | {"content": _search_content(result)}
    else:
        names = ("name", "content")
        result = _object(value["result"], "result", required=names, optional=("type",))
        flat |= _renamed(result, name="tool_name", content="content")
    if status != "completed":
        flat["is_error"] = True
    if status == "cancelled" and not flat["content"]:
        flat["content"] = [{"type": "text", "text": "cancelled"}]
    return flat


def _search_content(result: dict[str, Any]) -> list[Any]:
    pages = result.get("sources") or []
    if not isinstance(pages, list):
        raise ValueError(f"result.sources: a list is needed, not {type(pages).__name__}")
    content: list[Any] = []
    for at, item in enumerate(pages):
        page = _object(item, f"result.sources[{at}]", required=("url",), optional=("title", "page_age", "signature"))
        signature = page.get("signature")
        inner = [] if signature is None else [{"type": "text", "text": "", "signature": signature}]
        content.append({"type": "source", "source": page["url"], "title": page.get("title") or "", "content": inner})
    if result.get("error_code") is not None:
        content.append({"type": "text", "text": result["error_code"]})
    return content


def _kind(nested: Any, path: str) -> str:
    kind = nested.get("type", "function") if isinstance(nested, dict) else "function"
    if kind not in ("function", "web_search"):
        raise ValueError(f"{path}.type: {kind!r} is neither function nor web_search")
    return str(kind)


def _object(value: Any, path: str, *, required: tuple[str, ...] = (), optional: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{path}: an object is needed, not {type(value).__name__}")
    for key in value:
        if key not in required + optional:
            raise ValueError(f"{path}.{key}: unknown key")
    for key in required:
        if key not in value:
            raise ValueError(f"{path}.{key}: missing")
    return value


def _without(value: dict[str, Any], *nested: str, replaced: tuple[str, ...]) -> dict[str, Any]:
    for key in replaced:
        if key in value:
            raise ValueError(f"{nested[0]}: stands beside {key}; give one of the two")
    return {key: item for key, item in value.items() if key not in nested}


def _renamed(value: dict[str, Any], **names: str) -> dict[str, Any]:
    return {names[key]: item for key, item in value.items() if key in names}
