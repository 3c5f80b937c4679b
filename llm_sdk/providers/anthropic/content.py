"""Parts <-> content blocks. Input and output share them."""

import base64
import re

from llm_sdk.errors import InvalidInputError
from llm_sdk.providers.anthropic import wire
from llm_sdk.providers.anthropic.citations import decode_citation
from llm_sdk.providers.anthropic.signature import join_signature, split_signature
from llm_sdk.providers.anthropic.web_search import WEB_SEARCH, decode_search_call, decode_search_result
from llm_sdk.types import (
    FilePart,
    ImagePart,
    JsonObject,
    OpaquePart,
    Part,
    ReasoningPart,
    SourcePart,
    TextPart,
    ToolCallPart,
)

PROVIDER = "anthropic"

REDACTED = "redacted_thinking"
"""The id of a reasoning part that is redacted: a thinking block may have no text either."""

DIRECT: JsonObject = {"type": "direct"}
PDF = "application/pdf"
PLAIN = "text/plain"
FOREIGN_ID_CHARACTER = re.compile(r"[^a-zA-Z0-9_-]")


def decode_block(block: wire.Block, warnings: list[str]) -> Part:
    """The part of one block of an answer, or of the model's own turn in a history.

    A block without a unified form is an opaque part and a warning.
    """
    match block:
        case wire.Text():
            return decode_text(block, warnings)
        case wire.ToolUse():
            return ToolCallPart(
                tool_call_id=block.id, tool_name=block.name, args=block.input, signature=caller_signature(block.caller)
            )
        case wire.Thinking():
            return ReasoningPart(text=block.thinking, signature=block.signature)
        case wire.RedactedThinking():
            return ReasoningPart(text="", signature=block.data, id=REDACTED)
        case wire.ServerToolUse(name=name) if name == WEB_SEARCH:
            return decode_search_call(block, caller_signature(block.caller))
        case wire.WebSearchToolResult() if (result := decode_search_result(block)) is not None:
            return result
    return keep_opaque(block.as_json(), warnings)


def keep_opaque(block: JsonObject, warnings: list[str]) -> OpaquePart:
    """A block as it came. The warning names its kind, and the tool where it is a call of one."""
    kind = str(block.get("type"))
    name = f" ({block['name']})" if isinstance(block.get("name"), str) else ""
    warnings.append(f"{kind}: this block{name} has no unified form and is kept as an opaque part")
    return OpaquePart(provider=PROVIDER, data=block)


def decode_text(block: wire.Text, warnings: list[str]) -> TextPart:
    """A text with its citations."""
    citations = []
    for location in block.citations or ():
        citation = decode_citation(location)
        if citation is None:
            warnings.append(f"citation: {location.type} has no unified form")
        else:
            citations.append(citation)
    return TextPart(text=block.text, citations=citations or None)


def caller_signature(caller: JsonObject | None) -> str | None:
    """The signature of a call that another tool has made."""
    return None if caller in (None, DIRECT) else join_signature({"caller": caller})


def caller_fields(signature: str | None) -> JsonObject:
    """The other way: ``caller``, or nothing. A signature of another provider gives nothing."""
    caller = split_signature(signature).get("caller")
    return {"caller": caller} if isinstance(caller, dict) else {}


def encode_tool_use(part: ToolCallPart) -> JsonObject:
    """A call of a function."""
    block = {"type": "tool_use", "id": tool_use_id(part.tool_call_id), "name": part.tool_name, "input": part.args}
    return {**block, **caller_fields(part.signature)}


def tool_use_id(tool_call_id: str) -> str:
    """The id without the characters that only other providers allow; the same for a call and its result."""
    return FOREIGN_ID_CHARACTER.sub("_", tool_call_id)


def encode_reasoning(part: ReasoningPart) -> JsonObject:
    """A thinking block, byte for byte as it came."""
    if part.id == REDACTED:
        return {"type": "redacted_thinking", "data": part.signature or ""}
    return {"type": "thinking", "thinking": part.text, "signature": part.signature or ""}


def decode_attachment(block: wire.Block) -> Part | None:
    """An image, a document or a source; None where it has no unified form."""
    match block:
        case wire.Image(source={"type": "base64", "media_type": str(mime_type), "data": str(data)}):
            return ImagePart(mime_type=mime_type, data=data)
        case wire.Image(source={"type": "url", "url": str(url)}):
            return ImagePart(url=url)
        case wire.Document(source={"type": "base64", "media_type": str(mime_type), "data": str(data)}):
            return FilePart(mime_type=mime_type, data=data, filename=block.title)
        case wire.Document(source={"type": "text", "data": str(text)}):
            data = base64.b64encode(text.encode()).decode("ascii")
            return FilePart(mime_type=PLAIN, data=data, filename=block.title)
        case wire.Document(source={"type": "url", "url": str(url)}):
            return FilePart(url=url, filename=block.title)
        case wire.SearchResult() if all(isinstance(inner, wire.Text) for inner in block.content):
            texts: list[Part] = [TextPart(text=inner.text) for inner in block.content if isinstance(inner, wire.Text)]
            return SourcePart(source=block.source, title=block.title, content=texts)
    return None


def encode_image(part: ImagePart) -> JsonObject:
    """An image block."""
    if part.data is None:
        return {"type": "image", "source": {"type": "url", "url": part.url}}
    return {"type": "image", "source": {"type": "base64", "media_type": part.mime_type, "data": part.data}}


def encode_file(part: FilePart, path: str) -> JsonObject:
    """A document block: a PDF, or text. Raises InvalidInputError for a text that is not UTF-8."""
    block: JsonObject = {"type": "document", "source": _document_source(part, path)}
    return {**block, "title": part.filename} if part.filename else block


def _document_source(part: FilePart, path: str) -> JsonObject:
    if part.data is None:
        return {"type": "url", "url": part.url}
    if (part.mime_type or "").partition(";")[0].strip().lower() == PDF:
        return {"type": "base64", "media_type": PDF, "data": part.data}
    try:
        text = base64.b64decode(part.data, validate=True).decode()
    except ValueError:
        raise InvalidInputError("a document of text has to be UTF-8 in base64", path=f"{path}.data") from None
    return {"type": "text", "media_type": PLAIN, "data": text}


def encode_source(part: SourcePart) -> JsonObject:
    """A search result that the model may cite."""
    texts = [inner.text for inner in part.content if isinstance(inner, TextPart)]
    content = [{"type": "text", "text": text} for text in texts if text]
    block = {"type": "search_result", "source": part.source, "title": part.title, "content": content}
    return {**block, "citations": {"enabled": True}}
