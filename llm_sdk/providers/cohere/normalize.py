"""What the API takes for granted, and two requests compared by what they mean."""

from typing import Any

from llm_sdk.normal_form import drop_defaults, parse_arguments
from llm_sdk.providers.cohere.content import NO_ARGUMENTS, TEXT_CONTENT, data_fields
from llm_sdk.types import JsonObject

# Values that mean the same as their absence (Cohere's OpenAPI document).
DEFAULTS: JsonObject = {
    "stream": False,
    "strict_tools": False,
    "logprobs": False,
    "documents": [],
    "tools": [],
    "stop_sequences": [],
    "response_format": {"type": "text"},
}
BLOCK_DEFAULTS: JsonObject = {"detail": "auto"}


def normalize_request(body: Any) -> Any:
    """The same request with defaults left out and short forms written out, for comparing two bodies.

    Null means absent at every place that this looks at; arguments of calls are compared as JSON, not as text.
    """
    if not isinstance(body, dict):
        return body
    request = drop_defaults(body, DEFAULTS)
    if isinstance(messages := request.get("messages"), list):
        request["messages"] = [normalize_message(message) for message in messages]
    if isinstance(documents := request.get("documents"), list):
        request["documents"] = [normalize_document(document) for document in documents]
    if isinstance(tools := request.get("tools"), list):
        request["tools"] = [_normalize_tool(tool) for tool in tools]
    if isinstance(format := request.get("response_format"), dict):
        format = drop_defaults(format)
        if (schema := format.pop("schema", None)) is not None:
            format.setdefault("json_schema", schema)
        request["response_format"] = format
    if isinstance(thinking := request.get("thinking"), dict):
        request["thinking"] = drop_defaults(thinking)
    return request


def normalize_message(message: Any) -> Any:
    """One message: a text is a list of one text block, and a message of the model has no empty fields."""
    if not isinstance(message, dict):
        return message
    message = drop_defaults(message)
    if isinstance(text := message.get("content"), str):
        message["content"] = [{"type": "text", "text": text}]
    if isinstance(content := message.get("content"), list):
        message["content"] = [normalize_block(block) for block in content]
    if message.get("role") == "assistant":
        message = {name: value for name, value in message.items() if value not in ("", [])}
        if isinstance(calls := message.get("tool_calls"), list):
            message["tool_calls"] = [_normalize_call(call) for call in calls]
        if isinstance(citations := message.get("citations"), list):
            message["citations"] = [_normalize_citation(one, message.get("content")) for one in citations]
    return message


def normalize_block(block: Any) -> Any:
    """One content block."""
    if not isinstance(block, dict):
        return block
    block = drop_defaults(block)
    if isinstance(image := block.get("image_url"), dict):
        block["image_url"] = drop_defaults(image, BLOCK_DEFAULTS)
    if isinstance(block.get("document"), dict):
        block["document"] = normalize_document(block["document"])
    return block


def normalize_document(document: Any) -> Any:
    """One document; its data is nobody's business, except that its text means the same."""
    if not isinstance(document, dict):
        return document
    document = drop_defaults(document, {"id": ""})
    if isinstance(data := document.get("data"), str):
        document["data"] = data_fields(data)
    return document


def _normalize_call(call: Any) -> Any:
    if not isinstance(call, dict) or not isinstance(function := call.get("function"), dict):
        return call
    function = drop_defaults(function)
    arguments = function.setdefault("arguments", "")
    if isinstance(arguments, str):
        function["arguments"] = parse_arguments(arguments, NO_ARGUMENTS)
    return {"type": "function", **call, "function": function}


def _normalize_citation(citation: Any, content: Any) -> Any:
    """A citation that says nothing else is about the first text (see ``assistant.cited_block``)."""
    if not isinstance(citation, dict):
        return citation
    blocks = content if isinstance(content, list) else []
    texts = (at for at, block in enumerate(blocks) if isinstance(block, dict) and block.get("type") == "text")
    return {"type": TEXT_CONTENT, "content_index": next(texts, 0), "sources": [], **drop_defaults(citation)}


def _normalize_tool(tool: Any) -> Any:
    if not isinstance(tool, dict) or not isinstance(function := tool.get("function"), dict):
        return tool
    function = {"parameters": {"type": "object", "properties": {}}, **drop_defaults(function, {"description": ""})}
    return {**tool, "function": function}
