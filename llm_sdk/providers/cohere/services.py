"""What the API offers beside ``POST /v2/chat``: models, embeddings, ranking, tokens.

Source: Cohere's OpenAPI document 1.0 (August 2026).
"""

import base64
import re
import struct
import sys
from functools import partial
from typing import Any, Literal, TypeAlias
from zlib import crc32

from pydantic import ConfigDict, Field, ValidationError

from llm_sdk.codec import ModelCall, WireResponse, dump_json
from llm_sdk.errors import InvalidInputError
from llm_sdk.providers.cohere.content import DOCUMENT, PROVIDER
from llm_sdk.providers.cohere.errors import error_events
from llm_sdk.providers.cohere.validation import find_faults
from llm_sdk.services import Quotable, Service, ServiceCall, Services, json_answer, read_body
from llm_sdk.types import Citation, JsonObject, SourcePart, TextPart, UserMessage
from llm_sdk.wire_fault import field_names, field_path, field_steps, furthest
from llm_sdk.wire_model import Wire

MODELS = {
    "command-a-03-2025": ["chat"],
    "command-r-plus-08-2024": ["chat"],
    "embed-v4.0": ["embed"],
    "embed-english-v3.0": ["embed"],
    "rerank-v3.5": ["rerank"],
}
CONTEXT_LENGTH = 256_000
SIZES = {"embed-v4.0": 1536, "embed-english-light-v3.0": 384, "embed-multilingual-light-v3.0": 384}
DEFAULT_SIZE = 1024
LARGEST_SIZE = 3072
MOST_TEXTS = 96
"""Texts of one request (documented)."""
VOCABULARY = 255_000
CHARACTERS_PER_TOKEN = 4
NO_CITATIONS = ("OFF", "DISABLED")

EmbeddingType: TypeAlias = Literal["float", "int8", "uint8", "binary", "ubinary", "base64"]


class EmbedRequest(Wire):
    """The body of ``POST /v2/embed`` and ``/v1/embed``: texts, images as data URLs, or inputs of both."""

    model_config = ConfigDict(strict=True)

    model: str
    texts: list[str] | None = None
    images: list[str] | None = None
    inputs: list[JsonObject] | None = None
    embedding_types: list[EmbeddingType] | None = None
    output_dimension: int | None = Field(default=None, ge=1, le=LARGEST_SIZE)


class RerankRequest(Wire):
    """The body of ``POST /v2/rerank`` and ``/v1/rerank``."""

    model_config = ConfigDict(strict=True)

    model: str
    query: str
    documents: list[str | JsonObject]
    top_n: int | None = Field(default=None, ge=1)


class TokenizeRequest(Wire):
    """The body of ``POST /v1/tokenize``."""

    model_config = ConfigDict(strict=True)

    model: str
    text: str = Field(min_length=1, max_length=65536)


def list_models(call: ServiceCall) -> WireResponse:
    """``GET /v1/models``, those for an endpoint where one is asked for."""
    endpoint = call.query.get("endpoint")
    names = [name for name, endpoints in MODELS.items() if endpoint is None or endpoint in endpoints]
    return json_answer({"models": [_describe(name) for name in names], "next_page_token": None})


def get_model(call: ServiceCall) -> WireResponse:
    """``GET /v1/models/{model}``: whatever a call may name."""
    return json_answer(_describe(call.fields["model"]))


def _describe(name: str) -> JsonObject:
    endpoints = MODELS.get(name, ["chat"])
    return {
        "name": name,
        "is_deprecated": False,
        "endpoints": endpoints,
        "finetuned": False,
        "context_length": CONTEXT_LENGTH,
        "tokenizer_url": "",
        "default_endpoints": [],
        "features": ["tools", "json_mode"] if "chat" in endpoints else [],
    }


def embed(call: ServiceCall) -> WireResponse:
    """``POST /v2/embed``, and ``/v1/embed``, which gives plain numbers where no type is asked for."""
    body = read_body(EmbedRequest, call.request.body, refuse)
    texts = body.texts or body.images or [_words(input) for input in body.inputs or ()]
    if not texts:
        raise InvalidInputError("invalid request: no inputs provided to embed", provider=PROVIDER)
    if len(texts) > MOST_TEXTS:
        reason = f"invalid request: total number of texts must be at most {MOST_TEXTS} - received {len(texts)}"
        raise InvalidInputError(reason, path="texts", provider=PROVIDER)
    size = body.output_dimension or SIZES.get(body.model, DEFAULT_SIZE)
    vectors = [call.facts.embed(text, size) for text in texts]
    plain = body.embedding_types is None and call.request.path.startswith("/v1")
    kinds = body.embedding_types or ["float"]
    embeddings: Any = vectors if plain else {kind: [_encoded(vector, kind) for vector in vectors] for kind in kinds}
    tokens = sum(map(call.facts.count_text, texts))
    return json_answer(
        {
            "id": _uuid(call),
            "texts": body.texts or [],
            "embeddings": embeddings,
            "meta": _meta(call, {"input_tokens": tokens}),
            "response_type": "embeddings_floats" if plain else "embeddings_by_type",
        }
    )


def _words(input: JsonObject) -> str:
    content = input.get("content")
    parts = content if isinstance(content, list) else [content]
    return "\n".join(str(part.get("text") or part) if isinstance(part, dict) else str(part) for part in parts)


def _encoded(vector: list[float], kind: EmbeddingType) -> Any:
    """One vector in the type that is asked for. The packed ones have a bit for each number, the first the highest."""
    match kind:
        case "float":
            return vector
        case "int8":
            return [max(-128, min(127, round(number * 127))) for number in vector]
        case "uint8":
            return [max(0, min(255, round(number * 127) + 128)) for number in vector]
        case "base64":
            return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode("ascii")
    packed = [_byte(vector[at : at + 8]) for at in range(0, len(vector), 8)]
    return packed if kind == "ubinary" else [byte - 128 for byte in packed]


def _byte(numbers: list[float]) -> int:
    return sum(128 >> at for at, number in enumerate(numbers) if number > 0)


def rerank(call: ServiceCall) -> WireResponse:
    """``POST /v2/rerank``: the nearer a document is to the query, the higher it stands."""
    body = read_body(RerankRequest, call.request.body, refuse)
    if not body.documents:
        raise InvalidInputError("invalid request: list of documents must not be empty", provider=PROVIDER)
    texts = [text if isinstance(text, str) else str(text.get("text") or text) for text in body.documents]
    query = call.facts.embed(body.query, DEFAULT_SIZE)
    scores = [_score(query, call.facts.embed(text, DEFAULT_SIZE)) for text in texts]
    ranked = sorted(range(len(scores)), key=lambda at: (-scores[at], at))[: body.top_n]
    results = [{"index": at, "relevance_score": scores[at]} for at in ranked]
    return json_answer({"id": _uuid(call), "results": results, "meta": _meta(call, {"search_units": 1})})


def _score(left: list[float], right: list[float]) -> float:
    """How near two vectors of length 1 are, from 0 to 1."""
    return round(min(max(sum(a * b for a, b in zip(left, right, strict=True)), 0.0), 1.0), 7)


def tokenize(call: ServiceCall) -> WireResponse:
    """``POST /v1/tokenize``."""
    body = read_body(TokenizeRequest, call.request.body, refuse)
    step = CHARACTERS_PER_TOKEN
    strings = [body.text[at : at + step] for at in range(0, len(body.text), step)]
    tokens = [crc32(text.encode("utf-8", "surrogatepass")) % VOCABULARY for text in strings]
    return json_answer({"tokens": tokens, "token_strings": strings, "meta": _meta(call, None)})


def _uuid(call: ServiceCall) -> str:
    parts = [call.ids.token(length) for length in (8, 4, 4, 4, 12)]
    return "-".join(parts)


def _meta(call: ServiceCall, billed: JsonObject | None) -> JsonObject:
    version = {"api_version": {"version": call.request.path[2:3]}}
    return version if billed is None else {**version, "billed_units": billed}


def refuse(error: ValidationError) -> InvalidInputError:
    """What the API says of a body that does not fit a model of this module."""
    first = furthest(error)
    if first["type"] == "json_invalid":
        return InvalidInputError(f"invalid json syntax: {first['ctx']['error']}", provider=PROVIDER)
    path = field_path(field_steps(first["loc"], field_names(sys.modules[__name__])))
    what = f"{path} is required" if first["type"] == "missing" else f"{path or 'the body'}: {first['msg']}"
    return InvalidInputError(f"invalid request: {what}", path=path, provider=PROVIDER)


def quotable(call: ModelCall) -> Quotable | None:
    """The first document beside the last message, unless citations are turned off (documented). One without an id gets
    its number for one."""
    options = (call.input.extra or {}).get("citation_options")
    if isinstance(options, dict) and options.get("mode") in NO_CITATIONS:
        return None
    last = call.input.messages[-1] if call.input.messages else None
    sources = [part for part in last.content if isinstance(part, SourcePart)] if isinstance(last, UserMessage) else []
    for number, source in enumerate(sources):
        text = "".join(part.text for part in source.content if isinstance(part, TextPart))
        if text:
            return Quotable(source.title, text, partial(_cite, source.source or f"doc:{number}", source, text))
    return None


def _cite(id: str, source: SourcePart, text: str, quoted: str) -> Citation:
    """What was sent of a document comes back with its citation (recorded)."""
    titled = {"title": source.title} if source.title else {}
    told = dump_json({"type": DOCUMENT, DOCUMENT: {"id": id, **titled, "text": text}}).decode()
    return Citation(source=id, title=source.title or None, cited_text=quoted, signature=told)


SERVICES = Services(
    endpoints=(
        Service("GET", re.compile("/v1/models"), list_models, at_root=False),
        Service("GET", re.compile("/v1/models/(?P<model>[^/:]+)"), get_model, at_root=False),
        Service("POST", re.compile("/v[12]/embed"), embed),
        Service("POST", re.compile("/v[12]/rerank"), rerank),
        Service("POST", re.compile("/v1/tokenize"), tokenize),
    ),
    validate=find_faults,
    error_events=error_events,
    quotable=quotable,
)
