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
from llm_sdk.providers.cohere.finish import ERROR, decode_finish, encode_finish
from llm_sdk.providers.cohere.usage import decode_usage, encode_usage
from llm_sdk.types import JsonObject, ModelResponse, Part, ToolCallPart
from llm_sdk.wire_model import malformed


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


def new_id(ids: Ids) -> str:
    """An id of the provider's shape, a UUID."""
    return as_uuid(ids.token(8) + ids.token(10) + ids.token(12), ids.token(1, "89ab"))


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
