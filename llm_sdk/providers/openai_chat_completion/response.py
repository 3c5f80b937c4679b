"""``ModelResponse`` <-> the completion object, whole."""

import string
from typing import Any

from pydantic import ValidationError

from llm_sdk.codec import Ids, ModelCall, WireResponse, dump_json
from llm_sdk.errors import InvariantError, MalformedArgumentsError, RefusalError
from llm_sdk.openai_tiers import tier_of
from llm_sdk.providers.openai_chat_completion import id_forms, wire
from llm_sdk.providers.openai_chat_completion.content import (
    PROVIDER,
    decode_annotation,
    decode_function,
    decode_image,
    decode_tool_call,
    encode_annotation,
    encode_function,
    encode_tool_call,
    is_image,
    numbered_citations,
)
from llm_sdk.providers.openai_chat_completion.endpoint import response_headers
from llm_sdk.providers.openai_chat_completion.errors import bare_error, embedded_error
from llm_sdk.providers.openai_chat_completion.finish import REFUSAL, decode_finish, encode_finish, finish_word
from llm_sdk.providers.openai_chat_completion.logprobs import encode_logprobs
from llm_sdk.providers.openai_chat_completion.sound import audio_fields
from llm_sdk.providers.openai_chat_completion.thinking import (
    beside_thought,
    encode_reasoning,
    reasoning_part,
    thought,
)
from llm_sdk.providers.openai_chat_completion.usage import decode_usage, encode_usage
from llm_sdk.types import (
    AudioPart,
    Citation,
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

AUDIO_LIFETIME = 3600
"""Seconds for which the provider keeps an audio answer (documented as expires_at, seen as about an hour)."""


def decode_response(reply: WireResponse) -> ModelResponse:
    """Raises RefusalError, StatusCodeError for an answer that is an error, or InvariantError that says where it is
    malformed."""
    try:
        response = wire.Response.model_validate_json(reply.body)
    except ValidationError as error:
        malformed(error, "the answer", PROVIDER, reply.body)
    reported = response.error or (bare_error(reply.body) if response.choices is None else None)
    if reported is not None:
        raise embedded_error(reported)
    if response.choices is None:
        raise InvariantError("the answer is malformed at choices: Field required", provider=PROVIDER)
    return read_response(response, response.choices)


def read_response(response: wire.Response, choices: list[wire.Choice]) -> ModelResponse:
    """The unified form of a completion. Its first choice is the answer, which may come in pieces."""
    warnings: list[str] = []
    content: list[Part] = []
    finish_reason: FinishReason | None = None
    finish_detail: str | None = None
    refusal: str | None = None
    cut: list[str] = []
    pieces = answer_pieces(choices)
    if pieces:
        messages = [choice.message for choice in pieces if choice.message is not None]
        refusal = next((message.refusal for message in messages if message.refusal), None)
        content = [part for message in messages for part in _read_speech(message, response, warnings)]
        word = finish_word(pieces[-1].finish_reason, pieces[-1].native_finish_reason)
        limited = decode_finish(word, calls=False)[0] == "length"
        calls = _read_calls(messages, warnings, cut if limited else None)
        finish_reason, finish_detail = decode_finish(word, calls=has_calls(calls))
        content += calls
    warnings += other_choices(1 + len(choices) - len(pieces))
    whole = ModelResponse(
        content=content,
        usage=decode_usage(response.usage) if response.usage else None,
        finish_reason=finish_reason,
        finish_detail=finish_detail,
        id=response.id or None,
        model_id=response.model or None,
        warnings=[*warnings, *cut] or None,
    )
    if refusal:
        raise refused(refusal, whole)
    return whole


def answer_pieces(choices: list[wire.Choice]) -> list[wire.Choice]:
    """The choices that are the answer: the first, and others of its index, where only one of them says anything.
    Copilot gives the text and the calls of one answer apart (reported)."""
    if not choices:
        return []
    first = min(choices, key=lambda choice: choice.index or 0)
    same = [choice for choice in choices if (choice.index or 0) == (first.index or 0)]
    spoken = [choice for choice in same if choice.message is not None and choice.message.content]
    return same if len(spoken) <= 1 else [first]


def refused(refusal: str, whole: ModelResponse) -> RefusalError:
    """The error for an answer that is a refusal; its response has the refusal as its text."""
    told = {"content": [TextPart(text=refusal)], "finish_reason": "content_filter", "finish_detail": REFUSAL}
    return RefusalError(refusal, response=whole.model_copy(update=told), provider=PROVIDER)


def other_choices(count: int) -> list[str]:
    """What is said of the choices beside the first, which a response has no place for."""
    return [f"choices: {count} answers came, and only the first one is given"] if count > 1 else []


def has_calls(parts: list[Part]) -> bool:
    """Whether one of the parts is a call of the caller's own tools, custom ones too."""
    return any(isinstance(part, ToolCallPart | OpaquePart) for part in parts)


def _read_speech(message: wire.ResponseMessage, response: wire.Response, warnings: list[str]) -> list[Part]:
    """Everything but calls, in the order in which a stream has it: reasoning, text, audio, images."""
    parts: list[Part | None] = [reasoning_part(*thought(message), beside_thought(message))]
    text, unknown = split_text(message.content)
    warnings += [unknown_content(data) for data in unknown]
    if text:
        known = (decode_annotation(annotation, warnings) for annotation in message.annotations or ())
        citations = [citation for citation in known if citation is not None]
        citations += numbered_citations(response.citations or [], response.search_results, text)
        parts.append(TextPart(text=text, citations=citations or None))
    if (sound := message.audio) is not None:
        data = sound.data or ""
        fields = {"data": data, "transcript": sound.transcript, "id": sound.id, **audio_fields(data)}
        parts.append(AudioPart.model_validate(fields))
    parts += [decode_image(image, warnings) for image in message.images or ()]
    return [part for part in parts if part is not None]


def unknown_content(data: JsonObject) -> str:
    """What is said of a part of a message's content that is no text."""
    return f"{data.get('type', 'content')}: this content has no unified form and was left out"


def split_text(content: str | list[JsonObject] | None) -> tuple[str, list[JsonObject]]:
    """The text of a message, and what else its content holds: some servers give a list of parts."""
    if not isinstance(content, list):
        return content or "", []
    texts = [part["text"] for part in content if isinstance(part.get("text"), str)]
    return "".join(texts), [part for part in content if not isinstance(part.get("text"), str)]


def _read_calls(messages: list[wire.ResponseMessage], warnings: list[str], cut: list[str] | None) -> list[Part]:
    """The calls. One that an answer cut at the token limit ends amid is left out, and ``cut`` then tells of it; None
    for an answer that was not cut."""
    parts: list[Part] = []
    calls: list[Any] = [*enumerate(call for message in messages for call in message.tool_calls or ())]
    calls += [(None, message.function_call) for message in messages if message.function_call is not None]
    for position, call in calls:
        try:
            if position is None:
                parts.append(decode_function(call, id_forms.LEGACY_CALL_ID))
            else:
                parts.append(decode_tool_call(call, position, warnings))
        except MalformedArgumentsError as error:
            if cut is None:
                raise
            cut.append(error.as_warning())
    return parts


def new_id(prefix: str, length: int, ids: Ids) -> str:
    """An id of the provider's shape."""
    return prefix + ids.token(length, id_forms.ALPHANUMERIC)


def describe(response: ModelResponse, *, call: ModelCall, ids: Ids) -> JsonObject:
    """What every object of an answer begins with, whole or chunk."""
    return {
        "id": response.id or new_id(id_forms.RESPONSE_ID, id_forms.RESPONSE_ID_LENGTH, ids),
        "object": "chat.completion",
        "created": int(ids.now()),
        "model": response.model_id or call.model_id,
        "service_tier": tier_of(call),
        "system_fingerprint": "fp_" + ids.token(10, string.hexdigits.lower()[:16]),
    }


def encode_response(response: ModelResponse, *, call: ModelCall, ids: Ids) -> WireResponse:
    """Raises UnsupportedError, with the path, for a part that an answer of this protocol cannot carry.

    A request for several choices (``n``) gets the same one that often.
    """
    head = describe(response, call=call, ids=ids)
    audio_id = new_id(id_forms.AUDIO_ID, id_forms.AUDIO_ID_LENGTH, ids)
    message = encode_message(response, call=call, audio_id=audio_id, expires_at=head["created"] + AUDIO_LIFETIME)
    finish_reason = encode_finish(response, calls="tool_calls" in message or "function_call" in message)
    if "function_call" in message and finish_reason == "tool_calls":
        finish_reason = "function_call"
    logprobs = encode_logprobs(message["content"] or message["refusal"], call, refused=message["refusal"] is not None)
    body: JsonObject = {
        "id": head["id"],
        "object": head["object"],
        "created": head["created"],
        "model": head["model"],
        "choices": [
            {"index": index, "message": message, "logprobs": logprobs, "finish_reason": finish_reason}
            for index in range(wanted_choices(call))
        ],
    }
    if response.usage is not None:
        body["usage"] = encode_usage(response.usage, call)
    body |= {"service_tier": head["service_tier"], "system_fingerprint": head["system_fingerprint"]}
    return WireResponse(200, dump_json(body), response_headers(ids, stream=False))


def wanted_choices(call: ModelCall) -> int:
    """How many answers a request asks for."""
    n = (call.input.extra or {}).get("n")
    return n if isinstance(n, int) and 1 <= n <= 128 else 1


def is_legacy(call: ModelCall) -> bool:
    """Whether the caller knows only the deprecated ``functions``."""
    return "functions" in (call.input.extra or {})


def encode_message(response: ModelResponse, *, call: ModelCall, audio_id: str, expires_at: int) -> JsonObject:
    """The message of an answer. It has one text and one reasoning: those of several parts follow one another.

    ``audio_id`` is for audio without an id; ``expires_at`` is in seconds since 1970.
    """
    texts = [part for part in response.content if isinstance(part, TextPart)]
    text = "".join(part.text for part in texts)
    refusing = response.finish_detail == REFUSAL
    message: JsonObject = {
        "role": "assistant",
        "content": None if refusing or not text else text,
        "refusal": text if refusing else None,
        "annotations": [*encode_annotations(texts)],
    }
    calls: list[JsonObject] = []
    images: list[JsonObject] = []
    for at, part in enumerate(response.content):
        match part:
            case ToolCallPart(provider_executed=True) | ToolResultPart(provider_executed=True):
                continue  # a hosted search shows in its citations only
            case ToolCallPart() if is_legacy(call):
                message["function_call"] = encode_function(part)
            case ToolCallPart():
                calls.append(encode_tool_call(part))
            case AudioPart():
                message["audio"] = {
                    "id": part.id or audio_id,
                    "data": part.data,
                    "expires_at": expires_at,
                    "transcript": part.transcript or "",
                }
            case OpaquePart(provider=provider, data=data) if is_image(provider, data):
                images.append(data)
            case OpaquePart(provider=provider, data=data) if provider == PROVIDER and "id" in data:
                calls.append(data)
            case TextPart() | ReasoningPart():
                continue
            case _:
                raise cannot_answer(part.type, f"content[{at}]", PROVIDER)
    if images:
        message["images"] = images
    if calls:
        message["tool_calls"] = calls
    return {**message, **encode_reasoning([part for part in response.content if isinstance(part, ReasoningPart)])}


def encode_annotations(texts: list[TextPart]) -> list[JsonObject]:
    """The annotations of all texts, as they stand when the texts are joined."""
    annotations: list[JsonObject] = []
    offset = 0
    for part in texts:
        shifted = (shift(citation, offset, part.text) for citation in part.citations or ())
        annotations += [encode_annotation(citation, part.text) for citation in shifted]
        offset += len(part.text)
    return annotations


def shift(citation: Citation, offset: int, text: str) -> Citation:
    """A citation of a text that has ``offset`` characters before it now."""
    start = (citation.start_index or 0) + offset
    end = (len(text) if citation.end_index is None else citation.end_index) + offset
    return citation.model_copy(update={"start_index": start, "end_index": end})
