"""Parts <-> content blocks, tool calls, documents and citations. Input and output share them."""

import json
from itertools import groupby
from typing import Any

from pydantic_core import from_json

from llm_sdk.accumulator import parse_tool_arguments
from llm_sdk.codec import dump_json
from llm_sdk.data_url import data_url, split_data_url
from llm_sdk.errors import UnsupportedError
from llm_sdk.providers.cohere import wire
from llm_sdk.types import (
    Citation,
    ImagePart,
    JsonObject,
    OpaquePart,
    Part,
    ReasoningPart,
    SourcePart,
    TextPart,
    ToolCallPart,
)

PROVIDER = "cohere"

TOOL_PLAN = "tool_plan"
"""The id of the reasoning part that holds a message's ``tool_plan``: what the model says it will do before it calls
tools."""

NO_ARGUMENTS = "null"
"""How the arguments of a tool without any are written at times."""

TEXT_CONTENT = "TEXT_CONTENT"
DOCUMENT = "document"
SOURCE_TYPES = (DOCUMENT, "tool")
LOST_CITATION = "citation: a citation of thinking or of a plan has no unified form and was left out"


def decode_content(content: wire.Content) -> Part | None:
    """The part of a content block; None where it has no unified form."""
    match content:
        case wire.Text():
            return TextPart(text=content.text)
        case wire.Thinking():
            return ReasoningPart(text=content.thinking)
        case wire.Image():
            found = split_data_url(content.image_url.url)
            return ImagePart(mime_type=found[0], data=found[1]) if found else ImagePart(url=content.image_url.url)
        case wire.DocumentContent():
            return decode_document(content.document)
    return None


def encode_content(part: Part, path: str) -> JsonObject:
    """The other way. Raises UnsupportedError for a part that is no block."""
    match part:
        case TextPart():
            return {"type": "text", "text": part.text}
        case ReasoningPart():
            return {"type": "thinking", "thinking": part.text}
        case ImagePart():
            url = part.url if part.data is None else data_url(part.mime_type, part.data)
            return {"type": "image_url", "image_url": {"url": url}}
        case SourcePart():
            return {"type": DOCUMENT, "document": encode_document(part)}
        case OpaquePart(provider=provider) if provider == PROVIDER:
            return part.data
    raise UnsupportedError(f"{part.type} cannot stand here in this protocol", path=path)


def opaque(block: Any, warnings: list[str], why: str) -> OpaquePart:
    """A block or a message as it came, with a warning that says why."""
    warnings.append(why)
    return OpaquePart(provider=PROVIDER, data=block)


def decode_tool_call(call: wire.ToolCall) -> ToolCallPart:
    """A call. Raises MalformedArgumentsError for arguments that are no JSON object."""
    arguments = call.function.arguments or ""
    args = {} if arguments.strip() == NO_ARGUMENTS else parse_tool_arguments(arguments, call.function.name)
    return ToolCallPart(tool_call_id=call.id, tool_name=call.function.name, args=args)


def encode_tool_call(part: ToolCallPart) -> JsonObject:
    """The other way."""
    arguments = json.dumps(part.args, ensure_ascii=False, separators=(",", ":"))
    return {
        "id": part.tool_call_id,
        "type": "function",
        "function": {"name": part.tool_name, "arguments": arguments},
    }


def decode_document(document: wire.Document) -> SourcePart:
    """A document. Data that is more than a title and a text is given as JSON text."""
    match data_fields(document.data):
        case {"title": str(title), "text": str(text), **others} if title and not others:
            content = text
        case {"text": str(text), **others} if not others:
            title, content = "", text
        case data:
            title, content = "", dump_json(data).decode()
    return SourcePart(source=document.id or "", title=title, content=[TextPart(text=content)])


def data_fields(data: JsonObject | str) -> JsonObject:
    """The fields of a document whose data may be their text; a text of anything else is its only field."""
    return data if isinstance(data, dict) else _json_object(data) or {"text": data}


def encode_document(part: SourcePart) -> JsonObject:
    """The other way: a text without a title that is a JSON object is the data itself."""
    text = "\n".join(inner.text for inner in part.content if isinstance(inner, TextPart))
    data = None if part.title else _json_object(text)
    if data is None:
        data = {"title": part.title, "text": text} if part.title else {"text": text}
    return {"id": part.source, "data": data} if part.source else {"data": data}


def _json_object(text: str) -> JsonObject | None:
    """The fields of a text that is a JSON object with any."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = from_json(text, allow_inf_nan=False)
    except ValueError:
        return None
    return value if isinstance(value, dict) and value else None


def decode_citation(citation: wire.Citation) -> list[Citation]:
    """One citation for each source; what a source is beyond its id and title stands in ``signature``, as JSON."""
    passage: JsonObject = {"cited_text": citation.text, "start_index": citation.start, "end_index": citation.end}
    if not citation.sources:
        return [Citation(source="", **passage)]
    return [
        Citation(
            source=source.id,
            title=_title(source),
            signature=_signature(source),
            **passage,
        )
        for source in citation.sources
    ]


def _signature(source: wire.Source) -> str | None:
    fields = source.rest("id")
    return None if fields == _document_fields(source.id, _title(source)) else dump_json(fields).decode()


def _document_fields(id: str, title: str | None) -> JsonObject:
    """A document of which nothing is known but its id and title."""
    return {"type": DOCUMENT, DOCUMENT: {"id": id} if title is None else {"id": id, "title": title}}


def _title(source: wire.Source) -> str | None:
    title = (source.document or {}).get("title")
    return title if isinstance(title, str) else None


def encode_citations(citations: list[Citation], text: str) -> list[JsonObject]:
    """The other way: citations of the same passage, side by side, are one with several sources.

    A passage without its text is cut from ``text``, which carries it.
    """
    return [
        {
            **_passage(start, end, cited, text),
            "sources": [source for one in same if (source := _encode_source(one)) is not None],
            "type": TEXT_CONTENT,
        }
        for (start, end, cited), same in groupby(citations, key=passage_of)
    ]


def passage_of(citation: Any) -> tuple[int | None, int | None, str | None]:
    """What two citations of one passage have in common."""
    return citation.start_index, citation.end_index, citation.cited_text


def _passage(start: int | None, end: int | None, cited: str | None, text: str) -> JsonObject:
    if cited is None and start is not None and end is not None:
        cited = text[start:end]
    passage = {"start": start, "end": end, "text": cited}
    return {name: value for name, value in passage.items() if value is not None}


def _encode_source(citation: Citation) -> JsonObject | None:
    fields = source_fields(citation.signature)
    if fields is None and not citation.source:
        return None
    if fields is None:
        fields = _document_fields(citation.source, citation.title)
    return {"type": fields.pop("type"), "id": citation.source, **fields}


def source_fields(signature: str | None) -> JsonObject | None:
    """The fields of a source that a citation's signature holds; None for a signature of another provider."""
    fields = _json_object(signature or "")
    return fields if fields is not None and fields.get("type") in SOURCE_TYPES else None
