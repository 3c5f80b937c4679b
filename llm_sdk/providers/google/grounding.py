"""What an answer rests on: ``groundingMetadata`` <-> citations, and the hosted search with what it found."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from llm_sdk.codec import dump_json
from llm_sdk.providers.google import wire
from llm_sdk.providers.google.content import MADE_UP_ID, WEB_SEARCH
from llm_sdk.types import Citation, JsonObject, SourcePart, ToolCallPart, ToolResultPart


@dataclass(slots=True)
class WrittenText:
    """A text of an answer: the index of its part here, its place among the parts on the wire, and the text so far."""

    index: int
    place: int
    fragments: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.fragments)


class Grounding:
    """Collects the grounding of one answer, chunk by chunk: supports point at all grounding chunks so far."""

    def __init__(self) -> None:
        self._chunks: list[wire.GroundingChunk] = []
        self._queries: list[str] = []

    def add(self, metadata: wire.GroundingMetadata, texts: list[WrittenText]) -> Iterator[tuple[int, Citation]]:
        """The citations that ``metadata`` brings, each with the index of the part that it belongs to."""
        self._chunks += metadata.grounding_chunks or ()
        self._queries += metadata.web_search_queries or ()
        for support in metadata.grounding_supports or ():
            segment = support.segment or wire.Segment()
            place = _place(segment, texts)
            if place is None:
                continue
            index, start, end = place
            for number in support.grounding_chunk_indices or ():
                if number < len(self._chunks) and (source := _source(self._chunks[number])) is not None:
                    url, title = source
                    yield (
                        index,
                        Citation(source=url, title=title, cited_text=segment.text, start_index=start, end_index=end),
                    )

    def search(self) -> tuple[ToolCallPart, ToolResultPart] | None:
        """The search and the pages that it found; None where the web was not searched. Its id is made up, and the
        same whenever the same answer is read."""
        if not self._queries:
            return None
        pages = [
            SourcePart(source=chunk.web.uri or "", title=chunk.web.title or "", content=[])
            for chunk in self._chunks
            if chunk.web is not None
        ]
        told = dump_json([self._queries, [page.source for page in pages]])
        id = MADE_UP_ID + hashlib.sha256(told).hexdigest()[:16]
        args = {"type": "search", "queries": self._queries}
        call = ToolCallPart(tool_call_id=id, tool_name=WEB_SEARCH, args=args, provider_executed=True)
        result = ToolResultPart(tool_call_id=id, tool_name=WEB_SEARCH, content=[*pages], provider_executed=True)
        return call, result


def _place(segment: wire.Segment, texts: list[WrittenText]) -> tuple[int, int | None, int | None] | None:
    """The part that a segment begins in, and where it stands in it, in code points."""
    if not texts:
        return None
    named = next((text for text in texts if text.place == segment.part_index), None)
    written = named or texts[0]
    encoded = written.text.encode("utf-8", "surrogatepass")
    start, end = segment.start_index, segment.end_index
    if named is None:
        for following in texts[1:]:
            if start < len(encoded):
                break
            start -= len(encoded)
            end = None if end is None else end - len(encoded)
            written, encoded = following, following.text.encode("utf-8", "surrogatepass")
    if end is None:
        return written.index, None, None
    return written.index, _code_points(encoded, start), _code_points(encoded, end)


def _code_points(encoded: bytes, end: int) -> int:
    return len(encoded[: max(end, 0)].decode("utf-8", "ignore"))


def _source(chunk: wire.GroundingChunk) -> tuple[str, str | None] | None:
    source = chunk.web or chunk.retrieved_context or chunk.maps or chunk.image
    if source is None:
        return None
    url = next((named for named in (source.uri, source.source_uri, source.title) if named is not None), None)
    return None if url is None else (url, source.title)


@dataclass(frozen=True, slots=True)
class CitedText:
    """A text that is written with its citations; ``offset`` is where it begins, in bytes, among all texts."""

    text: str
    offset: int
    citations: list[Citation]


def encode_grounding(
    texts: Iterable[CitedText], call: ToolCallPart | None, result: ToolResultPart | None
) -> JsonObject | None:
    """The metadata of an answer; None where it has neither citations nor a search."""
    pages = [page for page in (result.content if result else ()) if isinstance(page, SourcePart)]
    chunks: list[JsonObject] = [{"web": _named(page.source, page.title or None)} for page in pages]
    supports = [support for text in texts for support in _supports(text, chunks)]
    if call is None and not supports:
        return None
    metadata: JsonObject = {}
    if call is not None:
        queries = call.args.get("queries") or [call.args.get("query") or ""]
        metadata["webSearchQueries"] = [str(query) for query in queries]
        metadata["searchEntryPoint"] = {"renderedContent": '<div class="container"></div>'}
    metadata["groundingChunks"] = chunks
    metadata["groundingSupports"] = supports
    return metadata


def _supports(cited: CitedText, chunks: list[JsonObject]) -> Iterator[JsonObject]:
    for _, group in groupby(cited.citations, lambda one: (one.start_index, one.end_index, one.cited_text)):
        citations = list(group)
        first = citations[0]
        segment: JsonObject = {}
        if first.end_index is not None:
            start = cited.offset + _bytes(cited.text, first.start_index or 0)
            segment = {"startIndex": start} if start else {}
            segment["endIndex"] = cited.offset + _bytes(cited.text, first.end_index)
        elif cited.offset:
            segment["startIndex"] = cited.offset
        if first.cited_text is not None:
            segment["text"] = first.cited_text
        yield {"segment": segment, "groundingChunkIndices": [_chunk(one, chunks) for one in citations]}


def _bytes(text: str, end: int) -> int:
    return len(text[:end].encode("utf-8", "surrogatepass"))


def _chunk(citation: Citation, chunks: list[JsonObject]) -> int:
    """The number of the chunk that a citation points at; what the search did not find is a document."""
    named = _named(citation.source, citation.title)
    page = _named(citation.source, citation.title or None)
    for known in ({"web": page}, {"retrievedContext": named}):
        if known in chunks:
            return chunks.index(known)
    chunks.append({"retrievedContext": named})
    return len(chunks) - 1


def _named(url: str, title: str | None) -> JsonObject:
    return {"uri": url} if title is None else {"uri": url, "title": title}
