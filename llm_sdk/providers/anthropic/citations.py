"""Citations <-> the locations of a text block.

None of them tells which characters of the text it belongs to: it belongs to the whole block. Where in the document it
points goes into the signature, together with whatever else has to come back.
"""

from llm_sdk.providers.anthropic import wire
from llm_sdk.providers.anthropic.signature import join_signature, split_signature
from llm_sdk.types import Citation, JsonObject

ENCRYPTED_INDEX = "encrypted_index"
WEB_SEARCH_LOCATION = "web_search_result_location"
SEARCH_RESULT_LOCATION = "search_result_location"
# What a unified citation says in its own fields.
TAKEN = ("cited_text", "document_title", "source", "title", "url")


def decode_citation(location: wire.Location) -> Citation | None:
    """A citation, or None for a kind without a unified form."""
    match location:
        case wire.WebSearchResultLocation():
            fields = location.rest("type", *TAKEN)
            source, title = location.url, location.title
            signature = join_signature(fields, ENCRYPTED_INDEX)
        case wire.SearchResultLocation():
            source, title = location.source, location.title
            signature = join_signature(location.rest(*TAKEN))
        case wire.DocumentLocation():
            title = location.document_title
            source = location.file_id or title or str(location.document_index)
            taken = TAKEN if location.file_id is not None else (*TAKEN, "file_id")
            signature = join_signature(location.rest(*taken))
        case _:
            return None
    return Citation(source=source, title=title, cited_text=location.cited_text, signature=signature)


def encode_citation(citation: Citation) -> JsonObject | None:
    """The location of a citation; None for one that did not come from this provider."""
    fields = split_signature(citation.signature, ENCRYPTED_INDEX)
    kind = fields.pop("type", WEB_SEARCH_LOCATION)
    head: JsonObject = {"type": kind, "cited_text": citation.cited_text or ""}
    if kind == WEB_SEARCH_LOCATION:
        if ENCRYPTED_INDEX not in fields or "://" not in citation.source:
            return None
        return {**head, "url": citation.source, "title": citation.title, **fields}
    if kind == SEARCH_RESULT_LOCATION:
        return {**head, "source": citation.source, "title": citation.title, **fields}
    return {**head, "document_title": citation.title, **fields}
