"""``ModelResponse`` <-> the answer, whole. Its message stands in ``assistant.py``."""

from pydantic import ValidationError

from llm_sdk.codec import Ids, ModelCall, WireResponse, dump_json
from llm_sdk.deltas import PartDelta, ToolCallPartDelta
from llm_sdk.errors import UnsupportedError
from llm_sdk.providers.cohere import wire
from llm_sdk.providers.cohere.assistant import decode_message, encode_message
from llm_sdk.providers.cohere.content import PROVIDER
from llm_sdk.providers.cohere.endpoint import response_headers
from llm_sdk.providers.cohere.errors import as_uuid, embedded_error
from llm_sdk.types import FinishReason, JsonObject, ModelResponse, ModelTokensDetails, ModelUsage, Part, ToolCallPart
from llm_sdk.wire_model import malformed

ERROR = "ERROR"
# Why an answer ended. A reason of tomorrow reads as "other" and keeps its name as the detail.
FINISH: dict[str, FinishReason] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
    "TIMEOUT": "error",
    ERROR: "error",
}
FINISH_WORDS: dict[FinishReason | None, str] = {
    "stop": "COMPLETE",
    "length": "MAX_TOKENS",
    "tool_calls": "TOOL_CALL",
    "error": ERROR,
}


def decode_response(reply: WireResponse) -> ModelResponse:
    """Raises StatusCodeError for an answer that ended in an error, or InvariantError that says where it is
    malformed."""
    try:
        response = wire.Response.model_validate_json(reply.body)
    except ValidationError as error:
        malformed(error, "the answer", PROVIDER, reply.body)
    if response.finish_reason == ERROR:
        raise embedded_error(response.error, response.error_type)
    finish_reason, finish_detail = decode_finish(response.finish_reason)
    warnings: list[str] = []
    cut: list[str] = []
    content = decode_message(response.message, warnings, cut if finish_reason == "length" else None)
    return ModelResponse(
        content=content,
        usage=decode_usage(response.usage),
        finish_reason=finish_reason,
        finish_detail=finish_detail,
        id=response.id,
        warnings=[*warnings, *cut] or None,
    )


def decode_finish(word: str | None) -> tuple[FinishReason | None, str | None]:
    """The unified reason, and the provider's own word for it."""
    return (None if word is None else FINISH.get(word, "other")), word


def encode_finish(response: ModelResponse) -> str:
    """The other way. A refusal and a filter have no word: a model that declines has simply said so."""
    detail = response.finish_detail
    if detail in FINISH and FINISH[detail] == response.finish_reason:
        return detail
    return FINISH_WORDS.get(response.finish_reason, "COMPLETE")


def decode_usage(usage: wire.Usage | None) -> ModelUsage | None:
    """What is billed: reasoning and images are inside, the provider's own template around the conversation is not.

    The template begins the prompt, so that of the cached tokens it is the first to be cached; only the rest are billed
    ones. A detail that was not given stays absent.
    """
    if usage is None or (usage.billed_units is None and usage.tokens is None):
        return None
    tokens = usage.tokens or usage.billed_units or wire.Units()
    billed = usage.billed_units or tokens
    given = ModelTokensDetails(cached_text_tokens=_cached(usage), image_tokens=_count(tokens.image_tokens))
    made = ModelTokensDetails(reasoning_tokens=_count(tokens.reasoning_tokens))
    return ModelUsage(
        input_tokens=_count(billed.input_tokens) or 0,
        output_tokens=_count(billed.output_tokens) or 0,
        input_tokens_details=given if given.model_dump() else None,
        output_tokens_details=made if made.model_dump() else None,
    )


def _cached(usage: wire.Usage) -> int | None:
    if usage.cached_tokens is None:
        return None
    tokens, billed = usage.tokens or wire.Units(), usage.billed_units or wire.Units()
    if tokens.input_tokens is None or billed.input_tokens is None:
        return _count(usage.cached_tokens)
    template = max(tokens.input_tokens - billed.input_tokens, 0)
    return _count(min(max(usage.cached_tokens - template, 0), billed.input_tokens))


def _count(number: float | None) -> int | None:
    return None if number is None else round(number)


def encode_usage(usage: ModelUsage) -> JsonObject:
    """The other way, without a template."""
    given, made = usage.input_tokens_details, usage.output_tokens_details
    billed = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
    details = {
        "image_tokens": given.image_tokens if given else None,
        "reasoning_tokens": made.reasoning_tokens if made else None,
    }
    counts = {name: count for name, count in details.items() if count is not None}
    cached = given.cached_text_tokens if given else None
    written: JsonObject = {"billed_units": billed, "tokens": {**billed, **counts}}
    return written if cached is None else {**written, "cached_tokens": cached}


def new_id(ids: Ids) -> str:
    """An id of the provider's shape, a UUID."""
    return as_uuid(ids.token(30), ids.token(1, "89ab"))


def encode_response(response: ModelResponse, *, call: ModelCall, ids: Ids) -> WireResponse:  # noqa: ARG001 - of the contract
    """Raises UnsupportedError, with the path, for a part that an answer of this protocol cannot carry."""
    for at, part in enumerate(response.content):
        refuse_hosted(part, f"content[{at}]")
    body: JsonObject = {
        "id": response.id or new_id(ids),
        "message": encode_message(response.content, ""),
        "finish_reason": encode_finish(response),
    }
    if response.usage is not None:
        body["usage"] = encode_usage(response.usage)
    return WireResponse(200, dump_json(body), response_headers(ids, stream=False))


def refuse_hosted(part: Part | PartDelta, path: str) -> None:
    """Raises UnsupportedError for a tool that a provider ran itself: there are none here."""
    if isinstance(part, ToolCallPart | ToolCallPartDelta) and part.provider_executed:
        raise UnsupportedError("there are no hosted tools in this protocol", path=path)
