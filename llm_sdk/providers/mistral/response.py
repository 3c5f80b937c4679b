"""``ModelResponse`` <-> the completion object, whole. Its chunks and calls stand in ``content.py``."""

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from llm_sdk.codec import Ids, ModelCall, WireResponse, dump_json
from llm_sdk.errors import InvariantError, MalformedArgumentsError
from llm_sdk.providers.mistral import id_forms, wire
from llm_sdk.providers.mistral.content import (
    PROVIDER,
    decode_answer,
    decode_tool_call,
    encode_text,
    encode_thinking,
    encode_tool_call,
)
from llm_sdk.providers.mistral.endpoint import response_headers
from llm_sdk.providers.mistral.errors import embedded_error
from llm_sdk.providers.mistral.finish import decode_finish, encode_finish
from llm_sdk.providers.mistral.tool_call_ids import answered_id
from llm_sdk.providers.mistral.usage import decode_usage, encode_usage
from llm_sdk.types import (
    FinishReason,
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

ERROR_OBJECT = "error"


def decode_response(reply: WireResponse) -> ModelResponse:
    """Raises StatusCodeError for an answer that is an error, or InvariantError that says where it is malformed."""
    try:
        response = wire.Response.model_validate_json(reply.body)
    except ValidationError as error:
        malformed(error, "the answer", PROVIDER, reply.body)
    if response.object == ERROR_OBJECT:
        raise embedded_error(response)
    if response.choices is None:
        raise InvariantError("the answer is malformed at choices: Field required", provider=PROVIDER)
    return read_response(response, response.choices)


def read_response(response: wire.Response, choices: list[wire.Choice]) -> ModelResponse:
    """The unified form of a completion. Its first choice is the answer."""
    warnings: list[str] = []
    cut: list[str] = []
    content: list[Part] = []
    finish_reason: FinishReason | None = None
    finish_detail: str | None = None
    if choices:
        choice = min(choices, key=lambda choice: choice.index)
        finish_reason, finish_detail = decode_finish(choice.finish_reason)
        content = join_parts(decode_answer(chunks_of(choice.message.content), warnings))
        for position, call in enumerate(choice.message.tool_calls or ()):
            try:
                content.append(decode_tool_call(call, position))
            except MalformedArgumentsError as error:
                if finish_reason != "length":
                    raise
                cut.append(error.as_warning())
    warnings += other_choices(len(choices))
    return ModelResponse(
        content=content,
        usage=decode_usage(response.usage) if response.usage else None,
        finish_reason=finish_reason,
        finish_detail=finish_detail,
        id=response.id or None,
        model_id=response.model or None,
        warnings=[*warnings, *cut] or None,
    )


def chunks_of(content: wire.Content | None) -> list[wire.Chunk]:
    """A content in its long form."""
    if isinstance(content, str):
        return [wire.Text(type="text", text=content)] if content else []
    return content or []


def other_choices(count: int) -> list[str]:
    """What is said of the choices beside the first, which a response has no place for."""
    return [f"choices: {count} answers came, and only the first one is given"] if count > 1 else []


def is_silent(part: Part) -> bool:
    """Whether a part says nothing at all."""
    match part:
        case TextPart():
            return not part.text and not part.citations
        case ReasoningPart():
            return not part.text and part.signature is None
    return False


def joins(last: Part | None, part: Part) -> bool:
    """Whether a part goes on with the one before it: streams cut texts and thoughts anywhere, so chunks of one kind are
    one part until a reference or a signature closes it."""
    match last, part:
        case TextPart(), TextPart():
            return not last.citations or not part.text
        case ReasoningPart(), ReasoningPart():
            return last.signature is None
    return False


def join_parts(parts: Iterable[Part]) -> list[Part]:
    """The parts of an answer, chunks of one kind joined."""
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if is_silent(part):
            continue
        if not joins(last, part):
            joined.append(part)
        elif isinstance(last, TextPart) and isinstance(part, TextPart):
            citations = [*(last.citations or ()), *(part.citations or ())]
            joined[-1] = TextPart(text=last.text + part.text, citations=citations)
        elif isinstance(last, ReasoningPart) and isinstance(part, ReasoningPart):
            joined[-1] = part.model_copy(update={"text": last.text + part.text})
    return joined


def describe(response: ModelResponse, *, call: ModelCall, ids: Ids) -> JsonObject:
    """What an answer says of itself, whole or in each chunk."""
    return {
        "id": response.id or ids.token(id_forms.RESPONSE_ID_LENGTH),
        "created": int(ids.now()),
        "model": response.model_id or call.model_id,
    }


def encode_response(response: ModelResponse, *, call: ModelCall, ids: Ids) -> WireResponse:
    """Raises UnsupportedError, with the path, for a part that an answer of this protocol cannot carry.

    A request for several choices (``n``) gets the same one that often. Keys as recorded.
    """
    message = encode_message(response)
    finish_reason = encode_finish(response, calls=bool(message["tool_calls"]))
    body = {
        **describe(response, call=call, ids=ids),
        **({} if response.usage is None else {"usage": encode_usage(response.usage)}),
        "object": "chat.completion",
        "choices": [
            {"index": index, "finish_reason": finish_reason, "message": message}
            for index in range(wanted_choices(call))
        ],
    }
    return WireResponse(200, dump_json(body), response_headers(ids, stream=False))


def wanted_choices(call: ModelCall) -> int:
    """How many answers a request asks for."""
    n = (call.input.extra or {}).get("n")
    return n if isinstance(n, int) and 1 <= n <= 128 else 1


def encode_message(response: ModelResponse) -> JsonObject:
    """The message of an answer: a plain string where it is nothing but text."""
    chunks: list[JsonObject] = []
    calls: list[JsonObject] = []
    for at, part in enumerate(response.content):
        match part:
            case TextPart():
                chunks += encode_text(part, part.citations or []) if not is_silent(part) else []
            case ReasoningPart():
                chunks.append(encode_thinking(part.text, part.signature))
            case ToolCallPart(provider_executed=True) | ToolResultPart(provider_executed=True):
                continue  # a hosted tool shows in what is said only
            case ToolCallPart():
                calls.append({**encode_tool_call(answered_id(part.tool_call_id), part), "index": len(calls)})
            case OpaquePart(provider=provider, data=data) if provider == PROVIDER:
                chunks.append(data)
            case _:
                raise cannot_answer(part.type, f"content[{at}]", PROVIDER)
    plain = all(chunk.keys() == {"type", "text"} for chunk in chunks)
    content: Any = "".join(chunk["text"] for chunk in chunks) if plain else chunks
    return {"role": "assistant", "tool_calls": calls or None, "content": content}
