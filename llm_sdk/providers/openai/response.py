"""``ModelResponse`` <-> the response object, whole. Its items stand in ``content.py``."""

import re
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from llm_sdk.codec import Ids, ModelCall, WireResponse, dump_json
from llm_sdk.errors import InvariantError, MalformedArgumentsError, RefusalError
from llm_sdk.extra import merge_extra
from llm_sdk.openai_tiers import tier_of
from llm_sdk.providers.openai import id_forms, wire
from llm_sdk.providers.openai.content import (
    PROVIDER,
    WEB_SEARCH,
    decode_item,
    encode_image,
    encode_output_text,
    encode_search,
    split_signature,
)
from llm_sdk.providers.openai.endpoint import response_headers
from llm_sdk.providers.openai.errors import embedded_error
from llm_sdk.providers.openai.finish import COMPLETED, REFUSAL, decode_finish, encode_finish
from llm_sdk.providers.openai.function_call import split_provenance
from llm_sdk.providers.openai.logprobs import with_logprobs
from llm_sdk.providers.openai.reasoning import encode_reasoning
from llm_sdk.providers.openai.request import encode_body
from llm_sdk.providers.openai.usage import decode_usage, encode_usage
from llm_sdk.types import (
    ImagePart,
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

FOREIGN_ID = re.compile(r"[A-Za-z0-9_.:-]{1,48}")


def decode_response(reply: WireResponse) -> ModelResponse:
    """Raises RefusalError, StatusCodeError for a failed response, or InvariantError that says where it is malformed."""
    try:
        response = wire.Response.model_validate_json(reply.body)
    except ValidationError as error:
        malformed(error, "the answer", PROVIDER, reply.body)
    if response.output is None and response.error is None:
        raise InvariantError("the answer is malformed: it has no output", provider=PROVIDER)
    return read_response(response)


def read_response(response: wire.Response) -> ModelResponse:
    """The unified form of a response object."""
    if response.status == "failed" or (response.error is not None and response.status in (None, "failed")):
        raise embedded_error(response.error or wire.ResponseError(message="the response failed and gives no reason"))
    warnings: list[str] = []
    cut: list[str] = []
    refusal: list[str] = []
    content: list[Part] = []
    finish_reason, finish_detail = decode_finish(response)
    for item in response.output or ():
        try:
            content += decode_item(plain_refusal(item, refusal), warnings)
        except MalformedArgumentsError as error:
            if finish_reason != "length":
                raise
            cut.append(error.as_warning())
    whole = ModelResponse(
        content=content,
        usage=decode_usage(response.usage) if response.usage else None,
        finish_reason="content_filter" if refusal else finish_reason,
        finish_detail=REFUSAL if refusal else finish_detail,
        id=response.id,
        model_id=response.model,
        warnings=[*warnings, *cut] or None,
    )
    if refusal:
        raise RefusalError("".join(refusal), response=whole, provider=PROVIDER)
    return whole


def plain_refusal(item: wire.Item, refusal: list[str]) -> wire.Item:
    """A message whose refusals have become texts; what they say is added to ``refusal``."""
    if not isinstance(item, wire.Message) or isinstance(item.content, str):
        return item
    refused = [content.refusal for content in item.content if isinstance(content, wire.Refusal)]
    if not refused:
        return item
    refusal += refused
    texts = [
        wire.OutputText(type="output_text", text=content.refusal) if isinstance(content, wire.Refusal) else content
        for content in item.content
    ]
    return item.model_copy(update={"content": texts})


def cut_item(item: JsonObject, finish: JsonObject) -> JsonObject:
    """The last item of an answer: it is incomplete where the answer is (recorded)."""
    incomplete = finish["status"] == "incomplete" and item.get("type") in ("message", "function_call")
    return {**item, "status": "incomplete"} if incomplete else item


def new_id(prefix: str, ids: Ids) -> str:
    """An id of the provider's shape."""
    return prefix + ids.token(id_forms.ID_LENGTH)


def message_id(signature: str | None) -> tuple[str | None, str | None]:
    """Id and phase of a message of the answer. The ids of compatible servers have shapes of their own; what is longer
    than any id is the signature of another provider."""
    id, phase = split_signature(signature)
    if id is None and phase is None and signature is not None and FOREIGN_ID.fullmatch(signature):
        return signature, None
    return id, phase


def search_id(id: str | None, tool_call_id: str | None, ids: Ids) -> str:
    """The one id that a search has: that of the item, or that of the call where it is of the provider's shape."""
    if id is not None and FOREIGN_ID.fullmatch(id):
        return id
    given = tool_call_id or ""
    return given if given.startswith(id_forms.SEARCH_ID) else new_id(id_forms.SEARCH_ID, ids)


def encode_response(response: ModelResponse, *, call: ModelCall, ids: Ids) -> WireResponse:
    """Raises UnsupportedError, with the path, for a part that an answer of this protocol cannot carry."""
    id = response.id or new_id(id_forms.RESPONSE_ID, ids)
    output = [with_logprobs(item, call) for item in encode_output(response, ids)]
    finish = encode_finish(response)
    if output:
        output[-1] = cut_item(output[-1], finish)
    body = {**describe(response, id=id, call=call, ids=ids), **finish, "output": output}
    body["usage"] = encode_usage(response.usage) if response.usage else None
    return WireResponse(200, dump_json(body), response_headers(ids, stream=False))


def describe(response: ModelResponse, *, id: str, call: ModelCall, ids: Ids) -> JsonObject:
    """The response object with what it repeats of the request, and nothing of the answer yet. Keys as recorded."""
    request: JsonObject = merge_extra(encode_body(call.model_id, call.input, []), call.input.extra or {})
    created = int(ids.now())
    reasoning = {"effort": None, "summary": None, **(request.get("reasoning") or {})}
    text = {"format": {"type": "text"}, "verbosity": "medium", **(request.get("text") or {})}
    return {
        "id": id,
        "object": "response",
        "created_at": created,
        "status": "in_progress",
        "background": bool(request.get("background")),
        "completed_at": created,
        "error": None,
        "frequency_penalty": 0.0,
        "incomplete_details": None,
        "instructions": request.get("instructions"),
        "max_output_tokens": request.get("max_output_tokens"),
        "max_tool_calls": request.get("max_tool_calls"),
        "model": response.model_id or call.model_id,
        "output": [],
        "parallel_tool_calls": request.get("parallel_tool_calls", True),
        "presence_penalty": 0.0,
        "previous_response_id": request.get("previous_response_id"),
        "prompt_cache_key": request.get("prompt_cache_key"),
        "prompt_cache_retention": request.get("prompt_cache_retention"),
        "reasoning": reasoning,
        "safety_identifier": request.get("safety_identifier"),
        "service_tier": tier_of(call),
        "store": request.get("store", True),
        "temperature": request.get("temperature", 1.0),
        "text": text,
        "tool_choice": request.get("tool_choice", "auto"),
        "tools": [describe_tool(tool) for tool in request.get("tools") or ()],
        "top_logprobs": request.get("top_logprobs", 0),
        "top_p": request.get("top_p", 1.0),
        "truncation": request.get("truncation", "disabled"),
        "usage": None,
        "user": request.get("user"),
        "metadata": request.get("metadata") or {},
        **_conversation(request.get("conversation")),
        **({"prompt": request["prompt"]} if "prompt" in request else {}),
    }


def _conversation(named: Any) -> JsonObject:
    """The conversation of a response, which a request may name by its id alone."""
    return {} if named is None else {"conversation": {"id": named} if isinstance(named, str) else named}


def describe_tool(tool: Any) -> Any:
    """A function tool comes back with its absent fields written out (recorded)."""
    if isinstance(tool, dict) and tool.get("type") == "function":
        return {"description": None, "parameters": None, "strict": True, **tool}
    return tool


def encode_output(response: ModelResponse, ids: Ids) -> Iterable[JsonObject]:
    """The output items. Texts side by side with the same signature are one message."""
    refused = response.finish_detail == REFUSAL
    texts: list[TextPart] = []
    parts = response.content
    for at, part in enumerate(parts):
        if texts and not (isinstance(part, TextPart) and part.signature == texts[0].signature):
            yield encode_message(texts, ids, refused=refused)
            texts = []
        if isinstance(part, TextPart):
            texts.append(part)
        elif not (isinstance(part, ToolResultPart) and part.provider_executed):
            following = parts[at + 1] if at + 1 < len(parts) else None
            yield encode_item(part, result_of(part, following), f"content[{at}]", ids)
    if texts:
        yield encode_message(texts, ids, refused=refused)


def result_of(part: Part, following: Part | None) -> ToolResultPart | None:
    """The result that stands right behind its hosted call."""
    if isinstance(following, ToolResultPart) and getattr(part, "tool_call_id", None) == following.tool_call_id:
        return following
    return None


def encode_message(texts: list[TextPart], ids: Ids, *, refused: bool, id: str | None = None) -> JsonObject:
    """A message of the answer."""
    given, phase = message_id(texts[0].signature)
    content = [{"type": "refusal", "refusal": part.text} if refused else encode_output_text(part) for part in texts]
    item: JsonObject = {
        "id": id or given or new_id(id_forms.MESSAGE_ID, ids),
        "type": "message",
        "status": COMPLETED,
        "content": content,
        "role": "assistant",
    }
    return {**item, "phase": phase} if phase else item


def encode_item(
    part: Part, result: ToolResultPart | None, path: str, ids: Ids, arguments: str | None = None
) -> JsonObject:
    """Any other item. ``arguments`` is the JSON text of a call where it is known to the letter."""
    match part:
        case ReasoningPart():
            reasoning = encode_reasoning(part)
            return {**reasoning, "id": reasoning["id"] or new_id(id_forms.REASONING_ID, ids)}
        case ToolCallPart(provider_executed=True):
            if part.tool_name == WEB_SEARCH:
                id = search_id(part.id, part.tool_call_id, ids)
                return encode_search(part.model_copy(update={"id": id}), result)
        case ToolCallPart():
            return {
                "id": part.id or new_id(id_forms.FUNCTION_CALL_ID, ids),
                "type": "function_call",
                "status": COMPLETED,
                "arguments": dump_json(part.args).decode() if arguments is None else arguments,
                "call_id": part.tool_call_id,
                "name": part.tool_name,
                **split_provenance(part.signature),
            }
        case ImagePart():
            item = encode_image(part, path)
            return {**item, "id": item["id"] or new_id(id_forms.IMAGE_ID, ids)}
        case OpaquePart() if part.provider == PROVIDER:
            return part.data
    raise cannot_answer(part.type, path, PROVIDER)
