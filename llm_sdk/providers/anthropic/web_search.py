"""The hosted web search <-> a call and a result beside it in the model's own message."""

from typing import Any

from llm_sdk.providers.anthropic import id_forms, wire
from llm_sdk.providers.anthropic.signature import join_signature, split_signature
from llm_sdk.types import JsonObject, Part, SourcePart, TextPart, ToolCallPart, ToolResultPart

WEB_SEARCH = "web_search"
RESULT = "web_search_result"
ERROR = "web_search_tool_result_error"
ENCRYPTED_CONTENT = "encrypted_content"


def decode_search_call(block: wire.ServerToolUse, signature: str | None) -> ToolCallPart:
    """What is searched for."""
    return ToolCallPart(
        tool_call_id=block.id,
        tool_name=WEB_SEARCH,
        args=block.input,
        signature=signature,
        provider_executed=True,
    )


def decode_search_result(block: wire.WebSearchToolResult) -> ToolResultPart | None:
    """What was found, or why nothing was; None for a result of another shape.

    The content of a page is encrypted: it is the signature of an empty text, and goes back with the history.
    """
    found = block.content
    content: list[Part]
    is_error: bool | None = None
    match found:
        case {"type": "web_search_tool_result_error", "error_code": str(error_code)}:
            content, is_error = [TextPart(text=error_code)], True
        case list() if all(map(_is_page, found)):
            content = [_decode_page(page) for page in found]
        case _:
            return None
    return ToolResultPart(
        tool_call_id=block.tool_use_id,
        tool_name=WEB_SEARCH,
        content=content,
        is_error=is_error,
        provider_executed=True,
    )


def _is_page(page: Any) -> bool:
    return isinstance(page, dict) and page.get("type") == RESULT and isinstance(page.get("url"), str)


def _decode_page(page: JsonObject) -> SourcePart:
    rest = {name: page[name] for name in page if name not in ("type", "url", "title") and page[name] is not None}
    signature = join_signature(rest, ENCRYPTED_CONTENT)
    content: list[Part] = [TextPart(text="", signature=signature)] if signature is not None else []
    return SourcePart(source=page["url"], title=page.get("title") or "", content=content)


def encode_search_call(part: ToolCallPart) -> JsonObject:
    """A call of the hosted search, without its caller."""
    id = server_tool_use_id(part.tool_call_id)
    return {"type": "server_tool_use", "id": id, "name": WEB_SEARCH, "input": part.args}


def encode_search_result(part: ToolResultPart, missing_content: str = "") -> JsonObject:
    """Its result. ``missing_content`` stands for the encrypted content of a page that did not come from here."""
    content: Any
    if part.is_error:
        texts = [inner.text for inner in part.content if isinstance(inner, TextPart)]
        content = {"type": ERROR, "error_code": texts[0] if texts else "unavailable"}
    else:
        content = [_encode_page(page, missing_content) for page in part.content if isinstance(page, SourcePart)]
    id = server_tool_use_id(part.tool_call_id)
    return {"type": "web_search_tool_result", "tool_use_id": id, "content": content}


def _encode_page(page: SourcePart, missing_content: str) -> JsonObject:
    signatures = [inner.signature for inner in page.content if isinstance(inner, TextPart)]
    rest = split_signature(next(filter(None, signatures), None), ENCRYPTED_CONTENT)
    head = {"type": RESULT, "url": page.source, "title": page.title}
    return {**head, ENCRYPTED_CONTENT: missing_content, "page_age": None, **rest}


def is_own_id(tool_call_id: str) -> bool:
    """Whether the call was one of this provider; the ids of functions differ from those of hosted tools."""
    return tool_call_id.startswith((id_forms.SERVER_TOOL_USE_ID, id_forms.TOOL_USE_ID))


def server_tool_use_id(tool_call_id: str) -> str:
    """An id that the provider takes for one of its own; the same for a call and its result."""
    if is_own_id(tool_call_id):
        return tool_call_id
    allowed = "".join(character if character.isascii() and character.isalnum() else "_" for character in tool_call_id)
    return id_forms.SERVER_TOOL_USE_ID + allowed
