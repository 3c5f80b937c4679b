"""What a request asks of Cohere that has no unified form: whether, and by which ids, documents are cited."""

from typing import Any

import pytest
from made_up import MadeUp

CHAT = MadeUp("cohere", "/v2/chat", stream=True)
USER = {"role": "user", "content": "Do cats purr?"}


def message(*documents: Any, **body: Any) -> Any:
    return CHAT.whole(model="command-a-03-2025", messages=[USER], documents=list(documents), **body)["message"]


DOCUMENTS: dict[str, tuple[list[Any], str, dict[str, Any]]] = {
    "with an id and a title": (
        [{"id": "cats", "data": {"title": "Cats", "text": "Cats purr."}}],
        "Cats",
        {"id": "cats", "title": "Cats", "text": "Cats purr."},
    ),
    "without an id": ([{"data": {"text": "Cats purr."}}], "The document", {"id": "doc:0", "text": "Cats purr."}),
    "a text": (["Cats purr."], "The document", {"id": "doc:0", "text": "Cats purr."}),
    "behind an empty one": (["", "Cats purr."], "The document", {"id": "doc:1", "text": "Cats purr."}),
}


@pytest.mark.parametrize(("documents", "title", "document"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_the_first_document_is_quoted_and_cited(documents: list[Any], title: str, document: dict[str, Any]) -> None:
    answered = message(*documents)
    [content] = answered["content"]
    assert content["text"] == f"{title} says: Cats purr."
    [citation] = answered["citations"]
    assert content["text"][citation["start"] : citation["end"]] == citation["text"] == "Cats purr."
    assert citation["sources"] == [{"type": "document", "id": document["id"], "document": document}]


@pytest.mark.parametrize("mode", ["OFF", "DISABLED"])
def test_nothing_is_cited_where_citations_are_off(mode: str) -> None:
    assert "citations" not in message({"id": "cats", "data": {"text": "Cats purr."}}, citation_options={"mode": mode})
