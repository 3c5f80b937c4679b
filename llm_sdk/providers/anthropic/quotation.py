"""The documents of a request that its answer shall cite, and the citation of a quotation from one.

Source: Anthropic's guides to citations and to search results, and recorded answers: indices count from zero, an end is
the first that is not meant, and what is cited of a text in blocks is whole blocks.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from llm_sdk.codec import ModelCall
from llm_sdk.providers.anthropic.citations import SEARCH_RESULT_LOCATION
from llm_sdk.providers.anthropic.content import PLAIN
from llm_sdk.providers.anthropic.history import ENABLED, joins
from llm_sdk.providers.anthropic.signature import join_signature
from llm_sdk.services import Quotable
from llm_sdk.types import (
    AssistantMessage,
    Citation,
    FilePart,
    JsonObject,
    LanguageModelInput,
    Message,
    OpaquePart,
    Part,
    SourcePart,
    TextPart,
    ToolResultPart,
)

CITATIONS = "citations"


def quotable(call: ModelCall) -> Quotable | None:
    """The first document of the last message that has citations enabled, and a text that can be quoted. A PDF has
    none that is known here."""
    found: Quotable | None = None
    documents = results = 0
    for message, part, beside in _given(call.input):
        if isinstance(message, AssistantMessage):
            found = None
        elif isinstance(part, SourcePart):
            found = found or _in_search_result(part, results, beside)
            results += 1
        elif isinstance(part, FilePart):
            found = found or _in_text(part, documents, beside)
            documents += 1
        elif isinstance(part, OpaquePart) and part.data.get("type") == "document":
            found = found or _in_blocks(part.data, documents)
            documents += 1
    return found


def _given(input: LanguageModelInput) -> Iterator[tuple[Message, Part, Mapping[str, Any]]]:
    """Every part, those in the results of tools too, with what ``extra`` has for the block that it is on the wire."""
    last: Message | None = None
    at, offset = -1, 0
    extra: Any = (input.extra or {}).get("messages")
    for message in input.messages:
        if not joins(last, message):
            at, offset = at + 1, 0
        blocks = _inner(_inner(extra, str(at)), "content")
        for part in message.content:
            beside = _inner(blocks, str(offset))
            yield message, part, beside
            if isinstance(part, ToolResultPart):
                for inner, result in enumerate(part.content):
                    yield message, result, _inner(_inner(beside, "content"), str(inner))
            offset += not (isinstance(part, TextPart) and not part.text)
        last = message


def _inner(extra: Any, key: str) -> Any:
    return extra.get(key, {}) if isinstance(extra, dict) else {}


def _in_search_result(part: SourcePart, index: int, beside: Mapping[str, Any]) -> Quotable | None:
    if CITATIONS in beside:  # only where they are not enabled is it said beside the part
        return None
    found = _first_text(inner.text if isinstance(inner, TextPart) else "" for inner in part.content)
    if found is None:
        return None
    block, text = found
    place = {"search_result_index": index, "start_block_index": block, "end_block_index": block + 1}
    signature = join_signature({"type": SEARCH_RESULT_LOCATION, **place})
    citation = Citation(source=part.source, title=part.title, cited_text=text, signature=signature)
    return Quotable(part.title, text, lambda _: citation, apart=True)


def _in_text(part: FilePart, index: int, beside: Mapping[str, Any]) -> Quotable | None:
    if beside.get(CITATIONS) != ENABLED or part.mime_type != PLAIN or not part.data:
        return None
    try:
        text = base64.b64decode(part.data, validate=True).decode()
    except ValueError:
        return None
    return Quotable(part.filename or "", text, partial(_cite_characters, index, part.filename), apart=True)


def _cite_characters(index: int, title: str | None, quoted: str) -> Citation:
    place = {"document_index": index, "start_char_index": 0, "end_char_index": len(quoted)}
    return _cite_document("char_location", place, title, quoted)


def _cite_document(kind: str, place: JsonObject, title: str | None, cited: str) -> Citation:
    source = title or str(place["document_index"])
    signature = join_signature({"type": kind, **place})
    return Citation(source=source, title=title, cited_text=cited, signature=signature)


def _in_blocks(document: JsonObject, index: int) -> Quotable | None:
    """In a document of blocks, which has no unified form."""
    source, title = document.get("source"), document.get("title")
    if document.get(CITATIONS) != ENABLED or not isinstance(source, dict) or source.get("type") != "content":
        return None
    content = source.get("content")
    blocks = [{"text": content}] if isinstance(content, str) else content if isinstance(content, list) else []
    found = _first_text(block.get("text") if isinstance(block, dict) else None for block in blocks)
    if found is None:
        return None
    block, text = found
    place = {"document_index": index, "start_block_index": block, "end_block_index": block + 1}
    title = title if isinstance(title, str) else None
    citation = _cite_document("content_block_location", place, title, text)
    return Quotable(title or "", text, lambda _: citation, apart=True)


def _first_text(texts: Iterable[Any]) -> tuple[int, str] | None:
    """The first text that says something, and its index."""
    return next(((at, text) for at, text in enumerate(texts) if isinstance(text, str) and text), None)
