"""What the provider answers -> unified parts: whole answers here, and what a stream shares with them."""

import json
from typing import Any

from aiohttp_chat.failures import reported_inside
from llm_sdk.errors import InvariantError, MalformedArgumentsError, RefusalError
from llm_sdk.types import (
    FinishReason,
    ModelResponse,
    ModelTokensDetails,
    ModelUsage,
    OpaquePart,
    Part,
    TextPart,
    ToolCallPart,
)

__all__ = [
    "LEGACY_CALL_ID",
    "finish_word",
    "other_choices",
    "read_arguments",
    "read_finish",
    "read_json",
    "read_response",
    "read_text",
    "read_usage",
    "refused",
    "unknown_call",
]

LEGACY_CALL_ID = "function_call"
"""Stands for the id of a call in the deprecated field of this name, which has none."""
FINISH_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "sensitive": "content_filter",
    "error": "error",
    "network_error": "error",
    "insufficient_system_resource": "error",
}


def read_json(text: bytes, where: str) -> dict[str, Any]:
    """An object of the provider's. Raises InvariantError for anything else, and the error that it reports."""
    try:
        value = json.loads(text)
    except ValueError:
        raise InvariantError(f"{where} is not JSON: {text[:200]!r}") from None
    if not isinstance(value, dict):
        raise InvariantError(f"{where} is no object: {text[:200]!r}")
    if value.get("error"):
        raise reported_inside(value["error"])
    return value


def read_response(body: bytes) -> ModelResponse:
    """A whole answer. Raises RefusalError, and InvariantError for one that is malformed."""
    answer = read_json(body, "the answer")
    if not isinstance(answer.get("choices"), list):
        raise InvariantError("the answer has no choices")
    choice = min(answer["choices"], key=lambda choice: choice.get("index") or 0, default={})
    message, word = choice.get("message") or {}, finish_word(choice)
    warnings = other_choices(len(answer["choices"]))
    calls: list[Part] = []
    legacy = message.get("function_call")
    given = [{"id": LEGACY_CALL_ID, "function": legacy}] if legacy else message.get("tool_calls") or []
    for position, call in enumerate(given):
        try:
            calls.append(_read_call(call, position, warnings))
        except MalformedArgumentsError as error:
            if read_finish(word, calls=False)[0] != "length":
                raise
            warnings.append(error.as_warning())
    reason, detail = read_finish(word, calls=bool(calls))
    text = read_text(message.get("content"), warnings)
    response = ModelResponse(
        content=[*([TextPart(text=text)] if text else []), *calls],
        usage=read_usage(answer.get("usage")),
        finish_reason=reason,
        finish_detail=detail,
        id=answer.get("id") or None,
        model_id=answer.get("model") or None,
        warnings=warnings or None,
    )
    if message.get("refusal"):
        raise refused(message["refusal"], response)
    return response


def finish_word(choice: dict[str, Any]) -> str | None:
    """Why a choice ended: a gateway may call one complete that, in the words of the provider behind it, was cut."""
    word, native = choice.get("finish_reason") or None, choice.get("native_finish_reason")
    return native if native and FINISH_REASONS.get(native.lower()) == "length" else word


def other_choices(count: int) -> list[str]:
    """What is said of the choices beside the first."""
    return [f"choices: {count} answers came, and only the first is given"] if count > 1 else []


def read_text(content: Any, warnings: list[str]) -> str:
    """The text of a message: some servers give a list of parts, of which those without a text are warned of."""
    if not isinstance(content, list):
        return content or ""
    others = (part.get("type", "content") for part in content if not isinstance(part.get("text"), str))
    warnings += [f"{kind}: this content is not read here and was left out" for kind in others]
    return "".join(part["text"] for part in content if isinstance(part.get("text"), str))


def read_arguments(text: Any, name: str) -> dict[str, Any]:
    """The arguments of a call: empty ones are none, and some servers give an object."""
    if isinstance(text, dict):
        return text
    try:
        value = json.loads(text or "{}")
    except ValueError:
        value = text
    if value is None:
        return {}
    if not isinstance(value, dict):
        message = f"the arguments of tool {name!r} are not a JSON object: {text}"
        raise MalformedArgumentsError(message, tool_name=name, arguments=text)
    return value


def _read_call(call: dict[str, Any], position: int, warnings: list[str]) -> Part:
    function = call.get("function")
    if function is None:
        warnings.append(unknown_call(call))
        return OpaquePart(provider="openai-chat-completion", data=call)
    name = function.get("name") or ""
    args = read_arguments(function.get("arguments"), name)
    return ToolCallPart(tool_call_id=call.get("id") or f"call_{position}", tool_name=name, args=args)


def unknown_call(call: dict[str, Any]) -> str:
    """What is said of a call of a tool that is no function."""
    return f"{call.get('type')}: this call has no unified form and is kept as it is"


def read_finish(word: str | None, *, calls: bool) -> tuple[FinishReason | None, str | None]:
    """Why an answer ended; one with calls ends with them, whatever a server calls that."""
    reason: FinishReason | None = FINISH_REASONS.get(word.lower(), "other") if word else None
    return ("tool_calls" if calls and reason in (None, "stop") else reason), word


def read_usage(usage: Any) -> ModelUsage | None:
    """The tokens, where they are told."""
    if not isinstance(usage, dict) or usage.get("prompt_tokens") is None:
        return None
    given, made = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    beside = {"cached_tokens": usage.get("cached_tokens", usage.get("prompt_cache_hit_tokens"))}
    input, output = usage["prompt_tokens"], usage.get("completion_tokens") or 0
    reasoning = made.get("reasoning_tokens", usage.get("reasoning_tokens"))
    if reasoning and usage.get("total_tokens") == input + output + reasoning:
        output += reasoning  # counted beside the output by some servers, as the total shows
    return ModelUsage(
        input_tokens=input,
        output_tokens=output,
        input_tokens_details=_details(
            cached_text_tokens=given.get("cached_tokens", beside["cached_tokens"]), **_plain_counts(given)
        ),
        output_tokens_details=_details(reasoning_tokens=reasoning, **_plain_counts(made)),
    )


def _plain_counts(details: dict[str, Any]) -> dict[str, int | None]:
    return {name: details.get(name) for name in ("text_tokens", "audio_tokens", "image_tokens", "cache_write_tokens")}


def _details(**counts: int | None) -> ModelTokensDetails | None:
    told = {name: count for name, count in counts.items() if count is not None}
    return ModelTokensDetails(**told) if told else None


def refused(refusal: str, response: ModelResponse) -> RefusalError:
    """The error for an answer that is a refusal."""
    told = {"content": [TextPart(text=refusal)], "finish_reason": "content_filter", "finish_detail": "refusal"}
    return RefusalError(refusal, response=response.model_copy(update=told))
