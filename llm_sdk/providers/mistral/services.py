"""What the API offers beside chat completions: models and embeddings.

Source: Mistral's OpenAPI document 1.0.0 (August 2026).
"""

import base64
import re
import struct
import sys
from typing import Any, Literal, TypeAlias

from pydantic import ConfigDict, Field, ValidationError

from llm_sdk.codec import WireResponse
from llm_sdk.providers.mistral.errors import RejectedRequestError, error_events
from llm_sdk.providers.mistral.response import wanted_choices
from llm_sdk.providers.mistral.validation import find_faults
from llm_sdk.services import Service, ServiceCall, Services, json_answer, read_body
from llm_sdk.types import JsonObject
from llm_sdk.wire_fault import field_names, field_steps, furthest
from llm_sdk.wire_model import Wire

MODELS = ("mistral-large-latest", "mistral-medium-latest", "mistral-small-latest", "codestral-latest", "mistral-embed")
EMBEDS = "embed"
CONTEXT_LENGTH = 131_072
SIZES = {"codestral-embed": 1536}
DEFAULT_SIZE = 1024
LARGEST_SIZE = 3072

NumberType: TypeAlias = Literal["float", "int8", "uint8", "binary", "ubinary"]


class EmbeddingRequest(Wire):
    """The body of ``POST /v1/embeddings``."""

    model_config = ConfigDict(strict=True)

    model: str
    input: str | list[str]
    output_dimension: int | None = Field(default=None, gt=0, le=LARGEST_SIZE)
    output_dtype: NumberType | None = None
    encoding_format: Literal["float", "base64"] | None = None


def list_models(call: ServiceCall) -> WireResponse:
    """``GET /v1/models``."""
    return json_answer({"object": "list", "data": [_describe(name, call) for name in MODELS]})


def get_model(call: ServiceCall) -> WireResponse:
    """``GET /v1/models/{model}``: whatever a call may name."""
    return json_answer(_describe(call.fields["model"], call))


def _describe(name: str, call: ServiceCall) -> JsonObject:
    chats = EMBEDS not in name
    abilities = ("completion_chat", "function_calling", "vision")
    return {
        "id": name,
        "object": "model",
        "created": int(call.ids.now()),
        "owned_by": "mistralai",
        "capabilities": {**dict.fromkeys(abilities, chats), "completion_fim": False, "fine_tuning": False},
        "name": name,
        "description": "",
        "max_context_length": CONTEXT_LENGTH,
        "aliases": [],
        "deprecation": None,
        "type": "base",
    }


def embed(call: ServiceCall) -> WireResponse:
    """``POST /v1/embeddings``."""
    body = read_body(EmbeddingRequest, call.request.body, refuse)
    texts = [body.input] if isinstance(body.input, str) else body.input
    if not texts:
        raise RejectedRequestError("Input cannot be empty", kind="invalid_request_error", status_code=400)
    size = body.output_dimension or SIZES.get(body.model, DEFAULT_SIZE)
    data = [
        {"object": "embedding", "embedding": _encoded(call.facts.embed(text, size), body), "index": at}
        for at, text in enumerate(texts)
    ]
    tokens = sum(map(call.facts.count_text, texts))
    usage = {"prompt_tokens": tokens, "total_tokens": tokens, "completion_tokens": 0}
    return json_answer({"id": call.ids.token(32), "object": "list", "data": data, "model": body.model, "usage": usage})


def _encoded(vector: list[float], body: EmbeddingRequest) -> Any:
    """One vector in the type and the form that are asked for. The packed ones have a bit for each number."""
    kind = body.output_dtype or "float"
    numbers: list[Any] = vector
    if kind in ("int8", "uint8"):
        numbers = [max(-128, min(127, round(number * 127))) + (128 if kind == "uint8" else 0) for number in vector]
    elif kind in ("binary", "ubinary"):
        packed = [_byte(vector[at : at + 8]) for at in range(0, len(vector), 8)]
        numbers = packed if kind == "ubinary" else [byte - 128 for byte in packed]
    if body.encoding_format != "base64":
        return numbers
    code = "f" if kind == "float" else "b" if kind in ("int8", "binary") else "B"
    return base64.b64encode(struct.pack(f"<{len(numbers)}{code}", *numbers)).decode("ascii")


def _byte(numbers: list[float]) -> int:
    return sum(128 >> at for at, number in enumerate(numbers) if number > 0)


def refuse(error: ValidationError) -> RejectedRequestError:
    """What the API says of a body that does not fit a model of this module."""
    first = furthest(error)
    if first["type"] == "json_invalid":
        return RejectedRequestError("JSON decode error", kind="json_invalid")
    location = field_steps(first["loc"], field_names(sys.modules[__name__]))
    return RejectedRequestError(first["msg"], kind=first["type"], location=location)


SERVICES = Services(
    endpoints=(
        Service("GET", re.compile("/v1/models"), list_models, at_root=False),
        Service("GET", re.compile("/v1/models/(?P<model>[^/:]+)"), get_model, at_root=False),
        Service("POST", re.compile("/v1/embeddings"), embed, at_root=False),
    ),
    wanted_answers=wanted_choices,
    validate=find_faults,
    error_events=error_events,
)
