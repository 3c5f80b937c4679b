"""The version of October 2026: what it refuses, on both sides, and how a caller chooses it."""

from typing import Any

import httpx
import pytest

from llm_sdk.errors import InvalidInputError, UnsupportedError
from llm_sdk.providers.anthropic import AnthropicCodec, AnthropicModel
from llm_sdk.registry import get_model
from llm_sdk.testing.transports import ChunkedTransport, FakeReply
from llm_sdk.types import Citation, FilePart, LanguageModelInput, Message, TextPart
from providers.anthropic.given import ASKED, MODEL, PDF, answer, ask, assistant, read, said, user

NEWER = AnthropicCodec("2026-10-21")
DOCUMENT = FilePart(mime_type="application/pdf", data=PDF)
CITED = TextPart(text="Rain", citations=[Citation(source="https://a.example", cited_text="rain", signature="Ei")])
CITATION = {
    "type": "web_search_result_location",
    "cited_text": "rain",
    "url": "https://a.example",
    "title": None,
    "encrypted_index": "Ei",
}
CITED_BLOCK = {"type": "text", "text": "Rain", "citations": [CITATION]}
DOCUMENT_BLOCK = {
    "type": "document",
    "source": {"type": "base64", "media_type": "application/pdf", "data": PDF},
}


def talk(*messages: Message) -> LanguageModelInput:
    return LanguageModelInput(messages=list(messages))


# Inputs, and the path of what the newer version cannot take.
DIFFERENCES: dict[str, tuple[LanguageModelInput, str]] = {
    "temperature": (ask(temperature=1), "temperature"),
    "top_p": (ask(top_p=1), "top_p"),
    "top_k": (ask(top_k=1), "top_k"),
    "a document of the model": (talk(assistant(DOCUMENT)), "messages[0].content[0]"),
}


@pytest.mark.parametrize(("input", "path"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_the_client_refuses_what_its_version_does(input: LanguageModelInput, path: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        NEWER.encode_request(MODEL, input, stream=False)
    assert caught.value.path == path

    older = AnthropicCodec().encode_request(MODEL, input, stream=False)
    assert older.headers["anthropic-version"] == "2023-06-01"
    assert read(older.body, anthropic_version="2023-06-01").input.messages == input.messages


# Fields of a request that the newer version refuses, and where.
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "temperature": ({"temperature": 1}, "temperature"),
    "top_p": ({"top_p": 1}, "top_p"),
    "top_k": ({"top_k": 1}, "top_k"),
    "a document of the model": ({"messages": [said("assistant", DOCUMENT_BLOCK)]}, "messages.0.content.0"),
    "citations of the user": ({"messages": [said("user", CITED_BLOCK)]}, "messages.0.content.0.text.citations"),
}


@pytest.mark.parametrize(("fields", "path"), REFUSED.values(), ids=REFUSED)
def test_the_server_refuses_what_the_version_of_the_request_does(fields: dict[str, Any], path: str) -> None:
    body = {**ASKED, **fields}
    for version in ("2023-06-01", "a version of tomorrow"):
        assert read(body, anthropic_version=version).model_id == MODEL
    with pytest.raises(InvalidInputError) as caught:
        read(body, Anthropic_Version="2026-10-21")
    assert caught.value.path == path


def test_citations_of_the_user_are_left_out_of_the_newer_version() -> None:
    sent = NEWER.encode_request(MODEL, talk(user(CITED)), stream=False)
    assert read(sent.body, anthropic_version="2026-10-21").input.messages == [user(TextPart(text="Rain"))]
    assert sent.warnings == ("citations: messages[0].content[0] is sent without its citations",)
    older = AnthropicCodec().encode_request(MODEL, talk(user(CITED)), stream=False)
    assert read(older.body, anthropic_version="2023-06-01").input.messages == [user(CITED)]


def test_citations_of_the_model_go_back_in_both_versions() -> None:
    sent = NEWER.encode_request(MODEL, talk(assistant(CITED)), stream=False)
    assert sent.headers["anthropic-version"] == "2026-10-21"
    assert read(sent.body, anthropic_version="2026-10-21").input.messages == [assistant(CITED)]


def test_a_caller_chooses_the_version() -> None:
    reply = answer({"type": "text", "text": "Hi"})
    transport = ChunkedTransport(lambda _: FakeReply(200, reply.body, {"content-type": "application/json"}))
    client = httpx.Client(transport=transport)
    AnthropicModel(MODEL, api_version="2026-10-21", api_key="k", http_client=client).generate_sync(ask())
    AnthropicModel(MODEL, api_key="k", http_client=client).generate_sync(ask())
    get_model("anthropic", MODEL, api_key="k", http_client=client).generate_sync(ask())
    versions = [request.headers["anthropic-version"] for request in transport.requests]
    assert versions == ["2026-10-21", "2023-06-01", "2023-06-01"]
    assert {request.headers["x-api-key"] for request in transport.requests} == {"k"}


def test_an_unknown_version_is_an_error_that_names_the_known_ones() -> None:
    version: Any = "2024-01-01"
    with pytest.raises(InvalidInputError, match="'2024-01-01' is none of 2023-06-01, 2026-10-21"):
        AnthropicModel(MODEL, api_version=version, api_key="k")
