"""Every type that ``wire.py`` names has been seen: in recorded traffic, or else the published schema knows it, and then
it is listed here."""

import inspect
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from conformance.published import PublishedSchemas
from conformance.recordings import read_exchanges
from llm_sdk.providers.mistral import wire
from llm_sdk.providers.mistral.response import FINISH
from llm_sdk.sse import ServerSentEventDecoder
from providers.mistral.given import ASKED, DONE, answer, reference, text

CORPUS = Path(__file__).resolve().parents[5] / "shared" / "corpus" / "mistral.jsonl.gz"
# Named and never recorded: accepted by the published schema instead.
UNSEEN_CHUNKS: dict[str, dict[str, Any]] = {
    "reference": reference(0),
    "file": {"type": "file", "file_id": "00000000-0000-4000-8000-000000000000"},
    "tool_reference": {
        "type": "thinking",
        "thinking": [{"type": "tool_reference", "tool": "web_search", "title": "T"}],
    },
}
UNSEEN_FINISH = {"model_length", "error"}


def values_of(key: str, value: Any) -> Iterator[str]:
    """Every text under this key in a JSON value."""
    if isinstance(value, dict):
        if isinstance(value.get(key), str):
            yield value[key]
        for inner in value.values():
            yield from values_of(key, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from values_of(key, inner)


@cache
def documents() -> list[Any]:
    """Every JSON document of the recorded exchanges."""
    if not CORPUS.exists():
        pytest.skip("the recorded traffic is not at hand: there is no ../shared/corpus beside this checkout")
    bodies: list[bytes] = []
    for exchange in read_exchanges(CORPUS):
        bodies += [exchange.request_body] if exchange.request_body else []
        if exchange.streaming and exchange.is_answer:
            decoder = ServerSentEventDecoder()
            events = [*decoder.feed(exchange.response_body), *decoder.close()]
            bodies += [event.data for event in events if event != DONE]
        else:
            bodies.append(exchange.response_body)
    return list(map(json.loads, bodies))


def test_every_type_that_is_named_was_recorded() -> None:
    models = [each for _, each in inspect.getmembers(wire, inspect.isclass) if issubclass(each, BaseModel)]
    fields = [each.model_fields["type"] for each in models if "type" in each.model_fields]
    named = {kind for field in fields for kind in get_args(field.annotation) if isinstance(kind, str)}
    recorded = {kind for document in documents() for kind in values_of("type", document)}
    assert named - recorded == set(UNSEEN_CHUNKS)


def test_every_end_that_is_named_was_recorded() -> None:
    recorded = {word for document in documents() for word in values_of("finish_reason", document)}
    assert set(FINISH) - recorded == UNSEEN_FINISH


@pytest.mark.parametrize("kind", UNSEEN_CHUNKS)
def test_the_published_schema_knows_the_other_chunks(kind: str, published: PublishedSchemas) -> None:
    said = {"role": "assistant", "content": [text("a"), UNSEEN_CHUNKS[kind]]}
    assert published.complaint("request", {**ASKED, "messages": [said]}) == ""


@pytest.mark.parametrize("word", sorted(UNSEEN_FINISH))
def test_the_published_schema_knows_the_other_ends(word: str, published: PublishedSchemas) -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    assert published.complaint("response", json.loads(answer(finish_reason=word, usage=usage, created=1).body)) == ""
