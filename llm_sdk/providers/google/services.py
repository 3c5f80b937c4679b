"""What the API offers beside ``generateContent``, and what it does from one call to the next.

Source: Google's discovery document of generativelanguage v1beta (July 2026).
"""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from pydantic_core import from_json

from llm_sdk.codec import ModelCall, WireRequest, WireResponse, dump_json
from llm_sdk.errors import InvalidInputError
from llm_sdk.providers.google.content import PROVIDER
from llm_sdk.providers.google.names import one_spelling
from llm_sdk.providers.google.options import CONFIG, ENUM_FORMAT
from llm_sdk.providers.google.request import decode_request
from llm_sdk.providers.google.response import wanted_candidates
from llm_sdk.providers.google.validation import find_faults
from llm_sdk.services import AllowedTools, Service, ServiceCall, Services, Shown, json_answer
from llm_sdk.types import JsonObject, LanguageModelInput

MODELS = ("gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-embedding-001")
EMBEDS = "embedding"
GENERATES = ["generateContent", "countTokens", "streamGenerateContent"]
DEFAULT_SIZE = LARGEST_SIZE = 3072
INPUT_LIMIT, OUTPUT_LIMIT = 1_048_576, 65_536
MOST_TEXTS = 100
"""Requests in one batch (documented)."""


def list_models(call: ServiceCall) -> WireResponse:
    """``GET /v1beta/models``, a page of it."""
    query = call.query
    start = int(query["pageToken"]) if query.get("pageToken", "").isdecimal() else 0
    given = query.get("pageSize", "")
    size = max(int(given), 1) if given.isdecimal() and int(given) else len(MODELS)
    body: JsonObject = {"models": [_describe(name) for name in MODELS[start : start + size]]}
    if start + size < len(MODELS):
        body["nextPageToken"] = str(start + size)
    return json_answer(body)


def get_model(call: ServiceCall) -> WireResponse:
    """``GET /v1beta/models/{model}``: whatever a call may name."""
    return json_answer(_describe(call.fields["model"]))


def _describe(name: str) -> JsonObject:
    embeds = EMBEDS in name
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": name.replace("-", " ").title(),
        "inputTokenLimit": INPUT_LIMIT,
        "outputTokenLimit": OUTPUT_LIMIT,
        "supportedGenerationMethods": ["embedContent"] if embeds else GENERATES,
        **({} if embeds else {"temperature": 1, "topP": 0.95, "topK": 64, "maxTemperature": 2}),
    }


def count_tokens(call: ServiceCall) -> WireResponse:
    """``:countTokens``, of contents or of a whole request."""
    body = _read(call)
    asked = body.get("generateContentRequest", body)
    path = f"/v1beta/models/{quote(call.fields['model'], safe='')}:generateContent"
    request = WireRequest("POST", path, dump_json(asked), call.request.headers)
    count = call.facts.count_tokens(decode_request(request).input)
    return json_answer({"totalTokens": count, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": count}]})


def embed(call: ServiceCall) -> WireResponse:
    """``:embedContent``."""
    return json_answer({"embedding": _embedding(_read(call), call, "EmbedContentRequest")})


def embed_batch(call: ServiceCall) -> WireResponse:
    """``:batchEmbedContents``."""
    requests = _read(call).get("requests")
    if not isinstance(requests, list) or not requests:
        raise _complaint("BatchEmbedContentsRequest.requests", "requests is not specified")
    if len(requests) > MOST_TEXTS:
        raise _complaint("BatchEmbedContentsRequest.requests", f"at most {MOST_TEXTS} requests can be in one batch")
    where = "BatchEmbedContentsRequest.requests[{}]"
    return json_answer(
        {"embeddings": [_embedding(request, call, where.format(at)) for at, request in enumerate(requests)]}
    )


def _embedding(request: Any, call: ServiceCall, where: str) -> JsonObject:
    content = request.get("content") if isinstance(request, dict) else None
    parts = content.get("parts") if isinstance(content, dict) else None
    if not isinstance(parts, list) or not parts:
        raise _complaint(f"{where}.content", "contents is not specified")
    text = "\n".join(str(part.get("text") or "") for part in parts if isinstance(part, dict))
    settings = request.get("embedContentConfig")
    size = request.get("outputDimensionality")
    if size is None and isinstance(settings, dict):
        size = settings.get("outputDimensionality")
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= LARGEST_SIZE):
        raise _complaint(f"{where}.output_dimensionality", f"must be in the range [1, {LARGEST_SIZE}]")
    return {"values": call.facts.embed(text, size or DEFAULT_SIZE)}


def _complaint(where: str, what: str) -> InvalidInputError:
    return InvalidInputError(f"* {where}: {what}\n", provider=PROVIDER)


def _read(call: ServiceCall) -> JsonObject:
    try:
        body = one_spelling(from_json(call.request.body, allow_inf_nan=False))
    except ValueError as error:
        raise InvalidInputError(f"Invalid JSON payload received. {error}", provider=PROVIDER) from None
    if not isinstance(body, dict):
        raise InvalidInputError("Invalid JSON payload received. Root element must be a message.", provider=PROVIDER)
    return body


def cacheable(request: WireRequest, call: ModelCall) -> LanguageModelInput:  # noqa: ARG001 - the contract's
    """Every prompt is cached, unasked (documented as implicit caching)."""
    return call.input


def allowed_tools(call: ModelCall) -> AllowedTools | None:
    """The functions to which a call narrows what may be called; of a single one that is its tool choice."""
    config = _inner(_inner(call.input.extra, "toolConfig"), "functionCallingConfig")
    names = config.get("allowedFunctionNames")
    return AllowedTools(frozenset(map(str, names))) if isinstance(names, list) else None


def shown_reasoning(call: ModelCall) -> Shown:
    """Thoughts come only where they are asked for (documented)."""
    config = _inner(_inner(call.input.extra, *CONFIG), "thinkingConfig")
    return "nothing" if config.get("includeThoughts") is False else "text"


def _inner(extra: Any, name: str) -> JsonObject:
    inner = extra.get(name) if isinstance(extra, dict) else None
    return inner if isinstance(inner, dict) else {}


def allowed_texts(call: ModelCall) -> Sequence[str]:
    """The values of the enum that a request of ``text/x.enum`` gives: the answer is one of them, and no JSON
    (documented). As a format of the answer it has no unified form."""
    config = _inner(call.input.extra, *CONFIG)
    if config.get("responseMimeType") != ENUM_FORMAT:
        return ()
    schema = config.get("responseJsonSchema") or config.get("responseSchema")
    values = schema.get("enum") if isinstance(schema, dict) else None
    return [str(value) for value in values] if isinstance(values, list) else ()


MODEL = r"/v1(?:alpha|beta|beta1)?(?:/projects/[^/]+/locations/[^/]+)?(?:/publishers/[^/]+)?/models/(?P<model>[^/:]+)"
SERVICES = Services(
    endpoints=(
        Service("GET", re.compile(r"/v1(?:alpha|beta)?/models"), list_models),
        Service("GET", re.compile(MODEL), get_model),
        Service("POST", re.compile(MODEL + ":countTokens"), count_tokens),
        Service("POST", re.compile(MODEL + ":embedContent"), embed),
        Service("POST", re.compile(MODEL + ":batchEmbedContents"), embed_batch),
    ),
    cacheable=cacheable,
    wanted_answers=wanted_candidates,
    validate=find_faults,
    allowed_tools=allowed_tools,
    shown_reasoning=shown_reasoning,
    allowed_texts=allowed_texts,
    audio_format="linear16",  # documented: 24 kHz, 16 bits, mono
)
