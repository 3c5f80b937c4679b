"""``ModelResponse`` <-> the message object, whole. Its blocks stand in ``content.py``."""

import string

from pydantic import ValidationError
from pydantic_core import from_json

from llm_sdk.accumulator import parse_tool_arguments
from llm_sdk.codec import Ids, ModelCall, WireResponse, dump_json
from llm_sdk.errors import RefusalError, ServerError
from llm_sdk.providers.anthropic import id_forms, wire, wire_events
from llm_sdk.providers.anthropic.citations import encode_citation
from llm_sdk.providers.anthropic.content import (
    PROVIDER,
    REDACTED,
    caller_fields,
    decode_block,
    encode_reasoning,
    encode_tool_use,
)
from llm_sdk.providers.anthropic.endpoint import response_headers
from llm_sdk.providers.anthropic.errors import embedded_error, encode_error
from llm_sdk.providers.anthropic.finish import REFUSAL, decode_finish, encode_finish
from llm_sdk.providers.anthropic.signature import join_signature, split_signature
from llm_sdk.providers.anthropic.usage import count_searches, decode_usage, encode_usage
from llm_sdk.providers.anthropic.web_search import WEB_SEARCH, encode_search_call, encode_search_result
from llm_sdk.types import (
    Citation,
    JsonObject,
    ModelResponse,
    OpaquePart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from llm_sdk.uncarried import cannot_answer
from llm_sdk.wire_model import malformed

UNEXPLAINED = "the provider gives no explanation"

SIGNATURE_LENGTH = 344
CIPHERTEXT_LENGTH = 180
"""Characters of a made-up signature of thinking, and of whatever else is encrypted."""
BASE64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
CIPHERTEXT_START = "E"
"""What is encrypted begins like this (recorded)."""


def decode_response(reply: WireResponse) -> ModelResponse:
    """Raises RefusalError, StatusCodeError for an error in place of an answer, or InvariantError that says where it is
    malformed, and of arguments that are no object the tool."""
    try:
        response = wire.Response.model_validate_json(reply.body)
    except ValidationError as error:
        _raise_embedded(reply.body)
        _raise_malformed_arguments(reply.body)
        malformed(error, "the answer", PROVIDER, reply.body)
    warnings: list[str] = []
    finish_reason, finish_detail = decode_finish(response)
    said = [decode_block(block, warnings) for block in response.content]
    whole = ModelResponse(
        content=said + refusal_parts(response, said=bool(said)),
        usage=decode_usage(response.usage) if response.usage is not None else None,
        finish_reason=finish_reason,
        finish_detail=finish_detail,
        id=response.id,
        model_id=response.model,
        warnings=warnings or None,
    )
    if finish_detail == REFUSAL:
        raise refusal_error(whole, response)
    return whole


def _raise_embedded(body: bytes) -> None:
    """Some servers answer an error with status 200."""
    try:
        event = wire_events.ErrorEvent.model_validate_json(body)
    except ValidationError:
        return
    error = embedded_error(event.error, event.request_id)
    error.locate(provider=PROVIDER, request_id=None)
    raise error


def _raise_malformed_arguments(body: bytes) -> None:
    """The tool is told instead of the place where its arguments are no JSON object."""
    try:
        blocks = from_json(body)["content"]
        calls = [(block["name"], block["input"]) for block in blocks if block["type"] == "tool_use"]
    except (ValueError, LookupError, TypeError):
        return
    for name, arguments in calls:
        if isinstance(name, str) and not isinstance(arguments, dict):
            parse_tool_arguments(dump_json(arguments).decode(), name)


def refusal_parts(stop: wire.Stop, *, said: bool) -> list[Part]:
    """The explanation of a refusal as a text; its category and what else stands beside it is the signature.

    Where the model had ``said`` something before and no explanation is given, it is empty: so the last text of a
    refusal is always its explanation.
    """
    details = stop.stop_details or {}
    explanation = details.get("explanation")
    if stop.stop_reason != REFUSAL:
        return []
    rest = {name: value for name, value in details.items() if name not in ("type", "explanation") and value is not None}
    if not isinstance(explanation, str):
        if not said and not rest:
            return []
        explanation = ""
    return [TextPart(text=explanation, signature=join_signature(rest))]


def refusal_error(whole: ModelResponse, stop: wire.Stop) -> RefusalError:
    """The explanation where there is one, or else what the model had said until then."""
    explained, said = (
        "".join(part.text for part in parts if isinstance(part, TextPart))
        for parts in (refusal_parts(stop, said=False), whole.content)
    )
    return RefusalError(explained or said or UNEXPLAINED, response=whole, provider=PROVIDER)


def encode_refusal(part: TextPart | None) -> JsonObject | None:
    """``stop_details`` of a refusal with this explanation."""
    if part is None or (not part.text and part.signature is None):
        return None
    return {"type": REFUSAL, "category": None, "explanation": part.text, **split_signature(part.signature)}


def is_search(part: Part) -> bool:
    """Whether this is a call of the hosted search."""
    return isinstance(part, ToolCallPart) and bool(part.provider_executed)


def encode_response(response: ModelResponse, *, call: ModelCall, ids: Ids) -> WireResponse:
    """Raises UnsupportedError, with the path, for a part that an answer of this protocol cannot carry.

    An answer that ended in an error is the provider's error answer.
    """
    if response.finish_reason == "error":
        return encode_error(ServerError("Internal server error", status_code=500, provider=PROVIDER))
    head = describe(response, call=call, ids=ids)
    parts, explanation = split_refusal(response)
    content = [encode_block(part, parts, f"content[{at}]", ids) for at, part in enumerate(parts)]
    usage = {**encode_usage(response.usage), "service_tier": "standard", **count_searches(sum(map(is_search, parts)))}
    stop = {**encode_finish(response, call), "stop_details": encode_refusal(explanation)}
    body = {**head, "content": content, **stop, "usage": usage, **describe_context(call)}
    return WireResponse(200, dump_json(body), response_headers(ids, stream=False))


def describe_context(call: ModelCall) -> JsonObject:
    """What was cut from a conversation whose context is to be managed: nothing (recorded)."""
    asked = "context_management" in (call.input.extra or {})
    return {"context_management": {"applied_edits": []}} if asked else {}


def describe(response: ModelResponse, *, call: ModelCall, ids: Ids) -> JsonObject:
    """The message object before its answer. Keys in the order that newer models have (recorded)."""
    id = response.id or id_forms.MESSAGE_ID + ids.token(id_forms.ID_LENGTH, id_forms.ID_ALPHABET)
    return {"model": response.model_id or call.model_id, "id": id, "type": "message", "role": "assistant"}


def split_refusal(response: ModelResponse) -> tuple[list[Part], TextPart | None]:
    """What was said before a refusal, and its explanation: the last text."""
    parts = response.content
    if response.finish_detail == REFUSAL and parts and isinstance(last := parts[-1], TextPart):
        return parts[:-1], last
    return parts, None


def encode_block(part: Part, beside: list[Part], path: str, ids: Ids) -> JsonObject:
    """A block of an answer; ``beside`` are all parts of it."""
    match part:
        case TextPart():
            block: JsonObject = {"type": "text", "text": part.text}
            citations = [encode_location(citation, ids) for citation in part.citations or ()]
            return {"citations": citations, **block} if citations else block
        case ReasoningPart():
            return encode_reasoning(signed(part, ids))
        case ToolCallPart(provider_executed=True):
            if part.tool_name == WEB_SEARCH:
                return {**encode_search_call(part), **caller_fields(part.signature)}
        case ToolCallPart():
            return encode_tool_use(part)
        case ToolResultPart(provider_executed=True):
            if part.tool_name == WEB_SEARCH:
                calls = (other for other in beside if isinstance(other, ToolCallPart))
                caller = (caller_fields(call.signature) for call in calls if call.tool_call_id == part.tool_call_id)
                return {**encode_search_result(part, new_ciphertext(ids)), **next(caller, {})}
        case OpaquePart() if part.provider == PROVIDER:
            return part.data
    raise cannot_answer(part.type, path, PROVIDER)


def encode_location(citation: Citation, ids: Ids) -> JsonObject:
    """The location of a citation. One of no kind of this provider is a page that the hosted search has found."""
    location = encode_citation(citation)
    if location is not None:
        return {"file_id": None, **location} if "document_index" in location else location
    found = {"type": "web_search_result_location", "cited_text": citation.cited_text or "", "url": citation.source}
    return {**found, "title": citation.title, "encrypted_index": citation.signature or new_ciphertext(ids)}


def signed(part: ReasoningPart, ids: Ids) -> ReasoningPart:
    """Thinking always has a signature."""
    if part.signature is not None:
        return part
    signature = CIPHERTEXT_START + ids.token(SIGNATURE_LENGTH - 1, BASE64)
    return ReasoningPart(text=part.text, signature=signature, id=part.id if part.id == REDACTED else None)


def new_ciphertext(ids: Ids) -> str:
    """Something encrypted, as the provider makes it."""
    return CIPHERTEXT_START + ids.token(CIPHERTEXT_LENGTH - 1, BASE64)
