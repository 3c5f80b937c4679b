"""What official clients call beside the chat endpoint, with the clients unchanged: models, embeddings, token counts."""

import base64
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from math import isclose, sqrt
from typing import Any

import anthropic
import cohere
import httpx
import openai
import pytest
from google import genai
from google.genai import types
from mistralai.client import Mistral

from llm_sdk.registry import get_codec, provider_names
from mock_server import MockServer
from mock_server.embeddings import embed


@pytest.fixture(scope="module")
def mock() -> Iterator[MockServer]:
    with MockServer() as mock:
        yield mock


@pytest.fixture(scope="module")
def clients(mock: MockServer) -> Iterator[dict[str, Any]]:
    options: Any = types.HttpOptions(base_url=mock.base_url("google"))
    with ExitStack() as stack:
        http = stack.enter_context(httpx.Client())
        base = mock.base_url("cohere")
        google = genai.Client(api_key="key", http_options=options)
        stack.callback(google.close)
        yield {
            "openai": stack.enter_context(openai.OpenAI(base_url=mock.base_url("openai"), api_key="key")),
            "anthropic": stack.enter_context(anthropic.Anthropic(base_url=mock.base_url("anthropic"), api_key="key")),
            "google": google,
            "cohere": cohere.ClientV2(base_url=base, api_key="key", httpx_client=http),
            "cohere v1": cohere.Client(base_url=base, api_key="key", httpx_client=http),
            "mistral": stack.enter_context(Mistral(server_url=mock.base_url("mistral"), api_key="key")),
        }


def length(vector: Sequence[float]) -> float:
    return sqrt(sum(number * number for number in vector))


def nearness(left: Sequence[float], right: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


MODELS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "openai": (
        lambda client: [model.id for model in client.models.list()],
        lambda client: client.models.retrieve("my-model").id,
    ),
    "anthropic": (
        lambda client: [model.id for model in client.models.list(limit=1)],
        lambda client: client.models.retrieve("my-model").id,
    ),
    "google": (
        lambda client: [model.name for model in client.models.list(config={"page_size": 1})],
        lambda client: client.models.get(model="my-model").name.removeprefix("models/"),
    ),
    "cohere": (
        lambda client: [model.name for model in client.models.list().models],
        lambda client: client.models.get("my-model").name,
    ),
    "mistral": (
        lambda client: [model.id for model in client.models.list().data],
        lambda client: client.models.retrieve(model_id="my-model").id,
    ),
}


@pytest.mark.parametrize("provider", MODELS)
def test_models_are_listed_and_any_can_be_had(clients: dict[str, Any], provider: str) -> None:
    """A client that pages through the list with pages of one model comes to its end."""
    listed, found = MODELS[provider]
    names = listed(clients[provider])
    assert len(names) > 2
    assert len(set(names)) == len(names)
    assert found(clients[provider]) == "my-model"


EMBEDDINGS: dict[str, Callable[[dict[str, Any], list[str]], list[list[float]]]] = {
    "openai": lambda clients, texts: [
        item.embedding
        for item in clients["openai"].embeddings.create(model="text-embedding-3-small", input=texts, dimensions=64).data
    ],
    "openai float": lambda clients, texts: [
        item.embedding
        for item in clients["openai"]
        .embeddings.create(model="text-embedding-3-small", input=texts, dimensions=64, encoding_format="float")
        .data
    ],
    "google": lambda clients, texts: [
        item.values
        for item in clients["google"]
        .models.embed_content(model="gemini-embedding-001", contents=texts, config={"output_dimensionality": 64})
        .embeddings
    ],
    "cohere": lambda clients, texts: (
        clients["cohere"]
        .embed(
            model="embed-v4.0",
            texts=texts,
            input_type="search_document",
            embedding_types=["float"],
            output_dimension=64,
        )
        .embeddings.float_
    ),
    "mistral": lambda clients, texts: [
        item.embedding
        for item in clients["mistral"].embeddings.create(model="mistral-embed", inputs=texts, output_dimension=64).data
    ],
}
QUESTION, NEAR, FAR = "How do I reset my password?", "Resetting a forgotten password", "The weather in Paris is sunny"


@pytest.mark.parametrize("way", EMBEDDINGS)
def test_embeddings_have_the_asked_size_and_similar_texts_are_nearer(clients: dict[str, Any], way: str) -> None:
    question, near, far = EMBEDDINGS[way](clients, [QUESTION, NEAR, FAR])
    assert len(question) == len(near) == len(far) == 64
    assert all(isclose(length(vector), 1, abs_tol=1e-6) for vector in (question, near, far))
    assert nearness(question, near) > nearness(question, far) + 0.2
    assert question == pytest.approx(embed(QUESTION, 64), abs=1e-6), "the same in every protocol"


@pytest.mark.parametrize("size", [1, 2, 7, 256, 3072])
@pytest.mark.parametrize("text", ["", "a", "…", "\ud800", "word " * 500])
def test_any_text_has_a_vector_of_length_one(text: str, size: int) -> None:
    vector = embed(text, size)
    assert (len(vector), vector) == (size, embed(text, size))
    assert isclose(length(vector), 1, abs_tol=1e-6)


def test_embeddings_without_a_size_have_that_of_the_model(clients: dict[str, Any]) -> None:
    create = clients["openai"].embeddings.create
    sizes = {
        "text-embedding-3-small": 1536,
        "text-embedding-3-large": 3072,
        "text-embedding-ada-002": 1536,
    }
    assert {model: len(create(model=model, input="a").data[0].embedding) for model in sizes} == sizes
    usage = create(model="text-embedding-3-small", input=["12345678", "1234"]).usage
    assert (usage.prompt_tokens, usage.total_tokens) == (3, 3)
    assert len(create(model="text-embedding-3-small", input=[[1, 2], [3]]).data) == 2, "texts as tokens"


def test_cohere_gives_every_type_of_embedding(clients: dict[str, Any]) -> None:
    kinds = ["float", "int8", "uint8", "binary", "ubinary", "base64"]
    given = clients["cohere"].embed(
        model="embed-v4.0", texts=["cats"], input_type="search_query", embedding_types=kinds, output_dimension=64
    )
    [floats], [int8], [uint8] = given.embeddings.float_, given.embeddings.int8, given.embeddings.uint8
    assert int8 == [round(number * 127) for number in floats]
    assert uint8 == [number + 128 for number in int8]
    bits = [number > 0 for number in floats]
    packed = [sum(128 >> bit for bit in range(8) if bits[at + bit]) for at in range(0, 64, 8)]
    assert given.embeddings.ubinary == [packed]
    assert given.embeddings.binary == [[byte - 128 for byte in packed]]
    [encoded] = given.embeddings.base64
    assert struct.unpack("<64f", base64.b64decode(encoded)) == pytest.approx(floats, abs=1e-6)


def test_cohere_v1_embeds_and_ranks(clients: dict[str, Any]) -> None:
    plain = clients["cohere v1"].embed(model="embed-english-v3.0", texts=["a", "b"], input_type="search_document")
    assert [len(vector) for vector in plain.embeddings] == [1024, 1024]
    documents = ["a house for dogs", "food for cats", "cat food of the best"]
    ranked = clients["cohere"].rerank(model="rerank-v3.5", query="cat food", documents=documents, top_n=2)
    assert [result.index for result in ranked.results] == [2, 1]
    assert 1 >= ranked.results[0].relevance_score > ranked.results[1].relevance_score > 0
    assert clients["cohere"].tokenize(text="hello world", model="command-a").token_strings == ["hell", "o wo", "rld"]


SAID = "How many tokens is this?"
COUNTED: dict[str, tuple[Callable[[Any], int], Callable[[Any], int]]] = {
    "openai": (
        lambda client: client.responses.input_tokens.count(model="gpt-5", input=SAID).input_tokens,
        lambda client: client.responses.create(model="gpt-5", input=SAID).usage.input_tokens,
    ),
    "anthropic": (
        lambda client: (
            client.messages.count_tokens(model="c", messages=[{"role": "user", "content": SAID}]).input_tokens
        ),
        lambda client: (
            client.messages.create(
                model="c", max_tokens=9, messages=[{"role": "user", "content": SAID}]
            ).usage.input_tokens
        ),
    ),
    "google": (
        lambda client: client.models.count_tokens(model="g", contents=SAID).total_tokens,
        lambda client: client.models.generate_content(model="g", contents=SAID).usage_metadata.prompt_token_count,
    ),
}


def test_tokens_are_counted_as_they_are_billed_and_alike_everywhere(clients: dict[str, Any]) -> None:
    counts = {provider: [of(clients[provider]) for of in both] for provider, both in COUNTED.items()}
    assert counts == {provider: [9, 9] for provider in COUNTED}


def test_anthropics_usage_can_be_added_up(clients: dict[str, Any]) -> None:
    """Where nothing is cached the counts are zero: absent ones are NaN to a JavaScript app that adds them up."""
    usage = (
        clients["anthropic"]
        .messages.create(model="c", max_tokens=9, messages=[{"role": "user", "content": SAID}])
        .usage
    )
    assert (usage.cache_creation_input_tokens, usage.cache_read_input_tokens) == (0, 0)


def test_nothing_is_ever_flagged(clients: dict[str, Any]) -> None:
    results = clients["openai"].moderations.create(input=["a", "b"]).results
    assert [result.flagged for result in results] == [False, False]
    assert results[0].categories.violence is False


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"authorization": "Bearer key"}, "list"),
        ({"x-api-key": "key", "anthropic-version": "2023-06-01"}, None),
        ({}, "list"),
    ],
)
def test_at_the_root_the_key_shows_whose_list_is_meant(
    mock: MockServer, headers: dict[str, str], kind: str | None
) -> None:
    answer = httpx.get(mock.url + "/v1/models", headers=headers)
    assert (answer.status_code, answer.json().get("object")) == (200, kind)


def test_services_want_the_key_too() -> None:
    with MockServer(api_key="right", in_process=True) as mock, httpx.Client(transport=mock.transport) as client:
        for codec in map(get_codec, provider_names()):
            path = "/v1beta/models" if codec.endpoint.key_parameter else "/v1/models"
            base = mock.url + codec.endpoint.mount + path
            prefix = codec.endpoint.key_format
            assert client.get(base, headers={codec.endpoint.key_header: prefix.format(key="wrong")}).status_code >= 400
            assert client.get(base, headers={codec.endpoint.key_header: prefix.format(key="right")}).status_code == 200


BAD_BODIES = [b"", b"{", b"[]", b"null", b'"x"', b"{}", b'{"input": 5}', b'{"texts": [1], "content": 3}', b"\xff"]
POSTS = [
    ("openai", "/v1/embeddings"),
    ("openai", "/v1/moderations"),
    ("openai", "/v1/responses/input_tokens"),
    ("anthropic", "/v1/messages/count_tokens"),
    ("google", "/v1beta/models/g:countTokens"),
    ("google", "/v1beta/models/g:embedContent"),
    ("google", "/v1beta/models/g:batchEmbedContents"),
    ("cohere", "/v2/embed"),
    ("cohere", "/v2/rerank"),
    ("cohere", "/v1/tokenize"),
    ("mistral", "/v1/embeddings"),
]


@pytest.mark.parametrize(("mount", "path"), POSTS)
def test_what_is_no_request_is_the_providers_own_error(mount: str, path: str) -> None:
    with MockServer(in_process=True) as mock, httpx.Client(transport=mock.transport) as client:
        statuses = {body: client.post(f"{mock.url}/{mount}{path}", content=body).status_code for body in BAD_BODIES}
    empty_is_fine = path.endswith("input_tokens")
    expected = {400, 422} | ({200} if empty_is_fine else set())
    assert {body: status for body, status in statuses.items() if status not in expected} == {}
