"""``LanguageModelInput`` <-> the body of ``POST /v2/chat``.

A request that is read here and written again loses nothing: what has no unified field goes into ``extra``, at the place
where it stood, and a whole message or content block without a unified form becomes an opaque part.
"""

from pydantic import ValidationError
from pydantic_core import from_json

from llm_sdk.capabilities import check
from llm_sdk.codec import ModelCall, WireRequest, dump_json
from llm_sdk.errors import InvalidInputError
from llm_sdk.extra import ExtraFields, merge_extra
from llm_sdk.providers.cohere import wire
from llm_sdk.providers.cohere.capabilities import CAPABILITIES
from llm_sdk.providers.cohere.content import PROVIDER
from llm_sdk.providers.cohere.endpoint import PATH
from llm_sdk.providers.cohere.history import HistoryReader, encode_messages
from llm_sdk.providers.cohere.normalize import BLOCK_DEFAULTS
from llm_sdk.providers.cohere.options import (
    JSON_FORMAT,
    decode_format,
    decode_reasoning_options,
    decode_tool_choice,
    decode_tools,
    encode_format,
    encode_reasoning_options,
    encode_tool_choice,
    encode_tools,
)
from llm_sdk.types import JsonObject, LanguageModelInput
from llm_sdk.wire_fault import about_tag, field_names, field_path, field_steps, furthest

OPTIONS = {
    "max_tokens": "max_tokens",
    "stop_sequences": "stop",
    "temperature": "temperature",
    "p": "top_p",
    "k": "top_k",
    "seed": "seed",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
}
# What the API says, in a header, of a field that it does not know and passes over (recorded).
UNKNOWN_FIELD = (
    "unknown field: parameter '{name}' is not a valid field. "
    "For proper usage, please refer to https://docs.cohere.com/reference/chat"
)
RANGES = {
    "temperature": (0, 1.0),
    "k": (0, 500),
    "frequency_penalty": (0, 1.0),
    "presence_penalty": (0, 1.0),
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
    messages, documents = encode_messages(input.messages, warnings)
    if input.system_prompt is not None:
        messages.insert(0, {"role": "system", "content": input.system_prompt})
    body: JsonObject = {"model": model_id, "messages": messages}
    if documents:
        body["documents"] = documents
    for name, field in OPTIONS.items():
        if (value := getattr(input, field)) is not None:
            body[name] = value
    if input.tools is not None:
        body["tools"] = encode_tools(input.tools, warnings)
    if input.tool_choice is not None and (choice := encode_tool_choice(input.tool_choice)) is not None:
        body["tool_choice"] = choice
    if input.response_format is not None:
        body["response_format"] = encode_format(input.response_format, warnings)
    if input.reasoning is not None:
        body["thinking"] = encode_reasoning_options(input.reasoning)
    return body


def decode_request(request: WireRequest) -> ModelCall:
    """Raises InvalidInputError, in the provider's words, for a body that the API would refuse."""
    try:
        body = wire.Request.model_validate(from_json(request.body, allow_inf_nan=False))
    except ValidationError as error:
        raise refuse(error) from None
    except ValueError as error:
        raise InvalidInputError(f"invalid json syntax: {error}", provider=PROVIDER) from None
    _check_values(body)
    warnings: list[str] = []
    extra = ExtraFields(body.rest(*wire.Request.model_fields), BLOCK_DEFAULTS)
    fields: JsonObject = {field: getattr(body, name) for name, field in OPTIONS.items()}
    prompt, messages = HistoryReader(extra, warnings).read(body.messages, body.documents or ())
    fields |= {"system_prompt": prompt, "messages": messages}
    fields["tools"] = decode_tools(body.tools, extra, warnings)
    fields["tool_choice"] = decode_tool_choice(body.tool_choice, extra)
    fields["response_format"] = decode_format(body.response_format, extra)
    fields["reasoning"] = decode_reasoning_options(body.thinking, extra)
    input = LanguageModelInput(**fields)
    if extra.fields:
        input = input.model_copy(update={"extra": extra.fields})
    notices = tuple(UNKNOWN_FIELD.format(name=name) for name in ignored_fields(extra.fields))
    return ModelCall(body.model, input, bool(body.stream), tuple(warnings), notices)


def _check_values(body: wire.Request) -> None:
    for name, (low, high) in RANGES.items():
        value = getattr(body, name)
        if value is not None and not low <= value <= high:
            reason = f"invalid request: {name} must be between {low} and {high} inclusive."
            raise InvalidInputError(reason, path=name, provider=PROVIDER)
    if body.documents and body.response_format is not None and body.response_format.type == JSON_FORMAT:
        reason = "invalid request: response_format is not supported with RAG."
        raise InvalidInputError(reason, path="response_format", provider=PROVIDER)


def ignored_fields(fields: JsonObject) -> list[str]:
    """Those of a request that the API does not know and passes over."""
    known = wire.Request.model_fields.keys() | wire.OTHER_FIELDS
    return [name for name in fields if name not in known]


def refuse(error: ValidationError) -> InvalidInputError:
    """What the API says of a body that it refuses."""
    first = about_tag(furthest(error), "role")
    path = field_path(field_steps(first["loc"], field_names(wire)))
    if first["type"] == "missing":
        known = "a model parameter is required for this endpoint."
        reason = known if path == "model" else f"invalid request: {path} is required"
        return InvalidInputError(reason, path=path, provider=PROVIDER)
    return InvalidInputError(f"invalid request: {path or 'the body'}: {first['msg']}", path=path, provider=PROVIDER)


def check_fields(call: ModelCall) -> None:
    """Raises InvalidInputError for a field that the API does not have: it only warns of one, in these words."""
    for name in ignored_fields(call.input.extra or {}):
        raise InvalidInputError(UNKNOWN_FIELD.format(name=name), path=name, provider=PROVIDER)
