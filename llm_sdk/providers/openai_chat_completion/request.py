"""``LanguageModelInput`` <-> the body of ``POST /v1/chat/completions``.

A request that is read here and written again loses nothing: what has no unified field goes into ``extra``, at the place
where it stood, and a whole content part or tool call without a unified form becomes an opaque part.
"""

from pydantic import ValidationError
from pydantic_core import from_json

from llm_sdk import openai_errors
from llm_sdk.capabilities import check
from llm_sdk.codec import ModelCall, WireRequest, dump_json
from llm_sdk.errors import InvalidInputError
from llm_sdk.extra import ExtraFields, merge_extra
from llm_sdk.providers.openai_chat_completion import wire
from llm_sdk.providers.openai_chat_completion.capabilities import CAPABILITIES
from llm_sdk.providers.openai_chat_completion.content import PROVIDER
from llm_sdk.providers.openai_chat_completion.endpoint import PATH, deployment
from llm_sdk.providers.openai_chat_completion.history import HistoryReader, encode_messages
from llm_sdk.providers.openai_chat_completion.normalize import MESSAGE_DEFAULTS
from llm_sdk.providers.openai_chat_completion.options import (
    decode_audio,
    decode_format,
    decode_reasoning_options,
    decode_tool_choice,
    decode_tools,
    encode_audio,
    encode_format,
    encode_reasoning_options,
    encode_tool_choice,
    encode_tools,
)
from llm_sdk.types import JsonObject, LanguageModelInput

OPTIONS = {
    "max_completion_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "seed": "seed",
    "stop": "stop",
    "parallel_tool_calls": "parallel_tool_calls",
    "metadata": "metadata",
}
MODALITIES = frozenset(CAPABILITIES.modalities)


def encode_request(model_id: str, input: LanguageModelInput, *, stream: bool) -> WireRequest:
    """Raises UnsupportedError or InvalidInputError, with the path of what cannot be sent."""
    check(input, CAPABILITIES, PROVIDER)
    warnings: list[str] = []
    body = encode_body(model_id, input, warnings, stream=stream)
    if stream:
        # Without the option a stream ends without its usage.
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    body = merge_extra(body, input.extra or {})
    headers = {"content-type": "application/json", "accept": "text/event-stream" if stream else "application/json"}
    return WireRequest("POST", PATH, dump_json(body), headers, tuple(warnings))


def encode_body(model_id: str, input: LanguageModelInput, warnings: list[str], *, stream: bool) -> JsonObject:
    """The body before ``extra``. Instructions have the role ``system``, which every server knows; OpenAI's newer models
    read it as ``developer`` (documented)."""
    messages = list(encode_messages(input.messages, warnings))
    if input.system_prompt is not None:
        messages.insert(0, {"role": "system", "content": input.system_prompt})
    body: JsonObject = {"model": model_id, "messages": messages}
    for name, field in OPTIONS.items():
        if (value := getattr(input, field)) is not None:
            body[name] = value
    body |= encode_tools(input.tools, warnings)
    if input.tool_choice is not None:
        body["tool_choice"] = encode_tool_choice(input.tool_choice, input.tools or ())
    if input.response_format is not None:
        body["response_format"] = encode_format(input.response_format)
    if input.reasoning is not None:
        if (effort := encode_reasoning_options(input.reasoning)) is not None:
            body["reasoning_effort"] = effort
        else:
            warnings.append("reasoning: only an effort can be sent, and none is set: the model's default holds")
    if input.modalities is not None:
        body["modalities"] = input.modalities
    if input.audio is not None:
        body["audio"] = encode_audio(input.audio, stream=stream)
    return body


def decode_request(request: WireRequest) -> ModelCall:
    """Raises InvalidInputError, with the path in the provider's words, for a body that the API would refuse."""
    try:
        body = wire.Request.model_validate(from_json(request.body, allow_inf_nan=False))
    except ValidationError as error:
        raise refuse(error) from None
    except ValueError:
        raise openai_errors.not_json(PROVIDER) from None
    model_id = body.model or deployment(request.path)
    if model_id is None:
        raise InvalidInputError("you must provide a model parameter", provider=PROVIDER)
    if not body.messages:
        raise InvalidInputError(
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
            path="messages",
            provider=PROVIDER,
        )
    warnings: list[str] = []
    extra = ExtraFields(body.rest(*wire.Request.model_fields), MESSAGE_DEFAULTS)
    fields = _decode_options(body, extra)
    prompt, messages = HistoryReader(extra, warnings).read(body.messages)
    tools = decode_tools(body, extra, warnings)
    fields |= {
        "system_prompt": prompt,
        "messages": messages,
        "tools": tools,
        "tool_choice": decode_tool_choice(body, tools or (), extra),
        "response_format": decode_format(body.response_format, extra),
        "reasoning": decode_reasoning_options(body.reasoning_effort, extra),
        "audio": decode_audio(body.audio, extra),
    }
    _decode_stream_options(body, extra)
    if body.model is None:
        extra.keep("model", value=None)
    input = LanguageModelInput(**fields)
    if extra.fields:
        input = input.model_copy(update={"extra": extra.fields})
    return ModelCall(model_id, input, bool(body.stream), tuple(warnings))


def _decode_options(body: wire.Request, extra: ExtraFields) -> JsonObject:
    """The scalars. ``max_tokens`` is the deprecated name of ``max_completion_tokens``."""
    fields: JsonObject = {field: getattr(body, name) for name, field in OPTIONS.items()}
    if body.max_completion_tokens is None:
        fields["max_tokens"] = body.max_tokens
    elif body.max_tokens is not None:
        extra.keep("max_tokens", value=body.max_tokens)
    if isinstance(body.stop, str):
        fields["stop"] = [body.stop]
    if body.metadata is not None and not all(isinstance(value, str) for value in body.metadata.values()):
        del fields["metadata"]
        extra.keep("metadata", value=body.metadata)
    if body.modalities is not None and MODALITIES.issuperset(body.modalities):
        fields["modalities"] = body.modalities
    elif body.modalities is not None:
        extra.keep("modalities", value=body.modalities)
    return fields


def _decode_stream_options(body: wire.Request, extra: ExtraFields) -> None:
    options = dict(body.stream_options or {})
    if body.stream and not options.pop("include_usage", None):
        extra.keep("stream_options", "include_usage", value=False)
    extra.keep_all(options, "stream_options")


def wants_usage(call: ModelCall) -> bool:
    """Whether a stream shall end with its usage."""
    options = (call.input.extra or {}).get("stream_options")
    return not (isinstance(options, dict) and options.get("include_usage") is False)


def refuse(error: ValidationError) -> InvalidInputError:
    """What the API says of a body that it refuses."""
    return openai_errors.refuse(error, wire, PROVIDER)


def check_fields(call: ModelCall) -> None:
    """Raises InvalidInputError for a field that the API does not have, in its words."""
    openai_errors.check_fields(call, wire.Request, wire.OTHER_FIELDS, PROVIDER)
