"""What OpenAI's API offers beside its two chat protocols, alike for both: models, embeddings, moderation.

Source: OpenAI's OpenAPI document 2.3.0 (August 2026).
"""

import base64
import re
import struct
import sys
from typing import Literal

from pydantic import ConfigDict, Field, ValidationError

from llm_sdk import openai_errors
from llm_sdk.codec import WireResponse
from llm_sdk.errors import InvalidInputError
from llm_sdk.openai_media import MEDIA_ENDPOINTS
from llm_sdk.services import Service, ServiceCall, json_answer, read_body
from llm_sdk.types import JsonObject
from llm_sdk.wire_model import Wire

__all__ = ["ENDPOINTS"]

PROVIDER = "openai"
MODELS = ("gpt-5", "gpt-5-mini", "gpt-4.1", "gpt-4o", "gpt-4o-mini", "text-embedding-3-large", "text-embedding-3-small")
SIZES = {"text-embedding-3-large": 3072}
DEFAULT_SIZE = 1536
LARGEST_SIZE = 3072
MOST_TEXTS = 2048
"""Inputs of one request (documented)."""
CATEGORIES = (
    *("harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm"),
    *("self-harm/instructions", "self-harm/intent", "sexual", "sexual/minors", "violence", "violence/graphic"),
)
HARMLESS = 1e-06
"""The score of a category that does not apply."""


class EmbeddingRequest(Wire):
    """The body of ``POST /v1/embeddings``: texts, or texts as tokens."""

    model_config = ConfigDict(strict=True)

    input: str | list[str] | list[int] | list[list[int]]
    model: str
    dimensions: int | None = Field(default=None, ge=1, le=LARGEST_SIZE)
    encoding_format: Literal["float", "base64"] | None = None


class ModerationRequest(Wire):
    """The body of ``POST /v1/moderations``: texts, or parts of one content."""

    input: str | list[str] | list[JsonObject]
    model: str | None = None


def list_models(call: ServiceCall) -> WireResponse:
    """``GET /v1/models``."""
    return json_answer({"object": "list", "data": [_describe(model, call) for model in MODELS]})


def get_model(call: ServiceCall) -> WireResponse:
    """``GET /v1/models/{model}``: whatever a call may name."""
    return json_answer(_describe(call.fields["model"], call))


def _describe(model: str, call: ServiceCall) -> JsonObject:
    return {"id": model, "object": "model", "created": int(call.ids.now()), "owned_by": "system"}


def embed(call: ServiceCall) -> WireResponse:
    """``POST /v1/embeddings``."""
    body = read_body(EmbeddingRequest, call.request.body, refuse)
    texts = _texts(body.input)
    if not texts or not all(texts):
        raise InvalidInputError("Invalid 'input': input cannot be an empty string.", path="input", provider=PROVIDER)
    if len(texts) > MOST_TEXTS:
        reason = (
            f"Invalid 'input': array too long. Expected an array with maximum length {MOST_TEXTS}, but got an array "
            f"with length {len(texts)} instead."
        )
        raise InvalidInputError(reason, path="input", code="array_above_max_length", provider=PROVIDER)
    size = body.dimensions or SIZES.get(body.model, DEFAULT_SIZE)
    data = []
    for at, text in enumerate(texts):
        vector = call.facts.embed(text, size)
        encoded = _packed(vector) if body.encoding_format == "base64" else vector
        data.append({"object": "embedding", "index": at, "embedding": encoded})
    tokens = sum(map(call.facts.count_text, texts))
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return json_answer({"object": "list", "data": data, "model": body.model, "usage": usage})


def _texts(input: str | list[str] | list[int] | list[list[int]]) -> list[str]:
    """One text each; tokens are told apart by their numbers."""
    if isinstance(input, str):
        return [input]
    if input and isinstance(input[0], int):
        return [" ".join(map(str, input))]
    return [item if isinstance(item, str) else " ".join(map(str, item)) for item in input if not isinstance(item, int)]


def _packed(vector: list[float]) -> str:
    """Numbers of 32 bits, little-endian, as the official client reads them."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode("ascii")


def moderate(call: ServiceCall) -> WireResponse:
    """``POST /v1/moderations``: nothing is ever flagged."""
    body = read_body(ModerationRequest, call.request.body, refuse)
    texts = isinstance(body.input, list) and all(isinstance(item, str) for item in body.input)
    result = {
        "flagged": False,
        "categories": dict.fromkeys(CATEGORIES, False),
        "category_scores": dict.fromkeys(CATEGORIES, HARMLESS),
        "category_applied_input_types": {name: ["text"] for name in CATEGORIES},
    }
    results = [result] * (len(body.input) if texts else 1)
    model = body.model or "omni-moderation-latest"
    return json_answer({"id": "modr-" + call.ids.token(32), "model": model, "results": results})


def refuse(error: ValidationError) -> InvalidInputError:
    """What the API says of a body that does not fit a model of this module."""
    if error.errors()[0]["type"] == "json_invalid":
        return openai_errors.not_json(PROVIDER)
    return openai_errors.refuse(error, sys.modules[__name__], PROVIDER)


ENDPOINTS = (
    Service("GET", re.compile("/v1/models"), list_models),
    Service("GET", re.compile("/v1/models/(?P<model>[^:]+)"), get_model),
    Service("POST", re.compile(r"(?:/v1|(?:/openai)?/deployments/[^/]+)/embeddings"), embed),
    Service("POST", re.compile("/v1/moderations"), moderate),
    *MEDIA_ENDPOINTS,
)
