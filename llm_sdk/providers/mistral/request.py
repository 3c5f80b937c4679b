"""``LanguageModelInput`` <-> the body of ``POST /v1/chat/completions``.

A request that is read here and written again loses nothing: what has no unified field goes into ``extra``, at the place
where it stood, and a whole content chunk or tool call without a unified form becomes an opaque part.
"""

from pydantic import ValidationError
from pydantic_core import from_json

from llm_sdk.capabilities import check
from llm_sdk.codec import ModelCall, WireRequest, dump_json
from llm_sdk.errors import InvalidInputError
from llm_sdk.extra import ExtraFields, merge_extra
from llm_sdk.providers.mistral import wire
from llm_sdk.providers.mistral.capabilities import CAPABILITIES
from llm_sdk.providers.mistral.content import PROVIDER
from llm_sdk.providers.mistral.endpoint import PATH, match
from llm_sdk.providers.mistral.errors import RejectedRequestError
from llm_sdk.providers.mistral.history import HistoryReader, encode_messages
from llm_sdk.providers.mistral.options import (
    decode_format,
    decode_reasoning_options,
    decode_tool_choice,
    decode_tools,
    encode_format,
    encode_reasoning_options,
    encode_tool_choice,
    encode_tools,
)
from llm_sdk.providers.mistral.other_calls import as_chat
from llm_sdk.types import JsonObject, LanguageModelInput
from llm_sdk.wire_fault import field_names, field_steps, furthest, unknown_fields

OPTIONS = {
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "random_seed": "seed",
    "stop": "stop",
    "parallel_tool_calls": "parallel_tool_calls",
    "metadata": "metadata",
}


def encode_request(model_id: str, input: LanguageModelInput, *, stream: bool) -> WireRequest:
    """Raises UnsupportedError or InvalidInputError, with the path of what cannot be sent."""
    check(input, CAPABILITIES, PROVIDER)
    warnings: list[str] = []
    body = encode_body(model_id, input, warnings)
    if stream:
        body["stream"] = True
    body = merge_extra(body, input.extra or {})
    headers = {"content-type": "application/json", "accept": "text/event-stream" if stream else "application/json"}
    return WireRequest("POST", PATH, dump_json(body), headers, tuple(warnings))


def encode_body(model_id: str, input: LanguageModelInput, warnings: list[str]) -> JsonObject:
    """The body before ``extra``."""
    messages = list(encode_messages(input.messages, warnings))
    if input.system_prompt is not None:
        messages.insert(0, {"role": "system", "content": input.system_prompt})
    body: JsonObject = {"model": model_id, "messages": messages}
    for name, field in OPTIONS.items():
        if (value := getattr(input, field)) is not None:
            body[name] = value
    if input.tools is not None:
        body["tools"] = encode_tools(input.tools, warnings)
    if input.tool_choice is not None:
        body["tool_choice"] = encode_tool_choice(input.tool_choice)
    if input.response_format is not None:
        body["response_format"] = encode_format(input.response_format)
    if input.reasoning is not None:
        body["reasoning_effort"] = encode_reasoning_options(input.reasoning)
    return body


def decode_request(request: WireRequest) -> ModelCall:
    """Raises InvalidInputError, with the path in the provider's words, for a body that the API would refuse."""
    try:
        body = wire.Request.model_validate(as_chat(from_json(request.body, allow_inf_nan=False), request.path))
    except ValidationError as error:
        raise refuse(error) from None
    except ValueError:
        raise RejectedRequestError("JSON decode error", kind="json_invalid") from None
    check_order(body.messages)
    warnings: list[str] = []
    extra = ExtraFields(body.rest(*wire.Request.model_fields), {})
    fields: JsonObject = {field: getattr(body, name) for name, field in OPTIONS.items()}
    if isinstance(body.stop, str):
        fields["stop"] = [body.stop]
    if body.metadata is not None and not all(isinstance(value, str) for value in body.metadata.values()):
        del fields["metadata"]
        extra.keep("metadata", value=body.metadata)
    fields["system_prompt"], fields["messages"] = HistoryReader(extra, warnings).read(body.messages)
    fields["tools"] = decode_tools(body.tools, extra, warnings)
    fields["tool_choice"] = decode_tool_choice(body.tool_choice, extra)
    fields["response_format"] = decode_format(body.response_format, extra)
    fields["reasoning"] = decode_reasoning_options(body, extra)
    input = LanguageModelInput(**fields)
    if extra.fields:
        input = input.model_copy(update={"extra": extra.fields})
    route = match(request.method, request.path)
    stream = bool(body.stream) if route is None or route.stream is None else route.stream
    return ModelCall(body.model, input, stream, tuple(warnings))


def check_order(messages: list[wire.Message]) -> None:
    """Raises InvalidInputError for a conversation that the model cannot go on with, as the API does."""
    last = messages[-1] if messages else None
    if last is None:
        raise RejectedRequestError(
            "Conversation must have at least one message", kind="invalid_request_error", status_code=400
        )
    if isinstance(last, wire.AssistantMessage) and not last.prefix:
        raise RejectedRequestError(
            "Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant",
            kind="invalid_request_message_order",
            status_code=400,
        )


def refuse(error: ValidationError) -> InvalidInputError:
    """What the API says of a body that it refuses."""
    first = furthest(error)
    location = field_steps(first["loc"], field_names(wire))
    return RejectedRequestError(first["msg"], kind=first["type"], location=location)


def check_fields(call: ModelCall) -> None:
    """Raises InvalidInputError for a field that the API does not have, in its words."""
    for name in unknown_fields(call, wire.Request, wire.OTHER_FIELDS):
        raise RejectedRequestError("Extra inputs are not permitted", kind="extra_forbidden", location=[name])
