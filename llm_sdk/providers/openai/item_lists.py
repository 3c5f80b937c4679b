"""Items as the API lists them: of a response's input, and of a conversation."""

from collections.abc import Mapping, Sequence
from typing import Any

from llm_sdk.providers.openai import id_forms
from llm_sdk.types import JsonObject

MAX_PAGE, DEFAULT_PAGE = 100, 20
ID_PREFIXES = {
    "message": id_forms.MESSAGE_ID,
    "reasoning": id_forms.REASONING_ID,
    "function_call": id_forms.FUNCTION_CALL_ID,
    "web_search_call": id_forms.SEARCH_ID,
    "image_generation_call": id_forms.IMAGE_ID,
}
OTHER_PREFIX = "item_"


def items_of(input: Any) -> list[JsonObject]:
    """The items of an input: a text is a message of the user."""
    if isinstance(input, str):
        return [{"type": "message", "role": "user", "content": input}]
    return input if isinstance(input, list) else []


def listed(item: JsonObject, token: str) -> JsonObject:
    """An item as it is listed: with a type and an id, which ends in ``token`` where it has none of its own, and with
    its text as a part."""
    content = item.get("content")
    if isinstance(content, str):
        kind = "output_text" if item.get("role") == "assistant" else "input_text"
        item = {**item, "content": [{"type": kind, "text": content}]}
    kind = item.get("type", "message")
    prefix = ID_PREFIXES.get(kind, OTHER_PREFIX) if isinstance(kind, str) else OTHER_PREFIX
    return {"type": "message", "id": prefix + token, **item}


def page_of(items: Sequence[JsonObject], query: Mapping[str, str]) -> JsonObject:
    """One page of a list: the latest first, unless ``order`` says otherwise (documented)."""
    ordered = list(items) if query.get("order", "desc") == "asc" else list(reversed(items))
    after, given = query.get("after"), query.get("limit", "")
    start = next((at + 1 for at, item in enumerate(ordered) if item["id"] == after), 0)
    limit = min(max(int(given), 1), MAX_PAGE) if given.isdecimal() and len(given) < 10 else DEFAULT_PAGE
    return list_of(ordered[start : start + limit], has_more=start + limit < len(ordered))


def list_of(items: Sequence[JsonObject], *, has_more: bool = False) -> JsonObject:
    """The list object with these items."""
    ends = {"first_id": items[0]["id"], "last_id": items[-1]["id"]} if items else {"first_id": None, "last_id": None}
    return {"object": "list", "data": list(items), **ends, "has_more": has_more}
