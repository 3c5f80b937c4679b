"""``LanguageModelInput`` <-> the body of ``POST /v1/messages``.

A request that is read here and written again loses nothing: what has no unified field goes into ``extra``, at the place
where it stood, and a whole block without a unified form becomes an opaque part.
"""

from pydantic import ValidationError

from llm_sdk.capabilities import check
from llm_sdk.codec import ModelCall, WireRequest, dump_json
from llm_sdk.errors import InvalidInputError
from llm_sdk.extra import ExtraFields, merge_extra
from llm_sdk.providers.anthropic import wire
from llm_sdk.providers.anthropic.capabilities import BY_VERSION, DEFAULT_VERSION, SAMPLING
from llm_sdk.providers.anthropic.content import PROVIDER
from llm_sdk.providers.anthropic.endpoint import PATH, VERSION_HEADER, match, vertex_path
from llm_sdk.providers.anthropic.history import HistoryReader, encode_messages
from llm_sdk.providers.anthropic.normalize import BLOCK_DEFAULTS
from llm_sdk.providers.anthropic.options import (
    decode_format,
    decode_reasoning_options,
    decode_tool_choice,
    decode_tools,
    encode_output_config,
    encode_reasoning_options,
    encode_tool_choice,
    encode_tools,
)
from llm_sdk.types import JsonObject, LanguageModelInput
from llm_sdk.wire_fault import unknown_fields

DEFAULT_MAX_TOKENS = 4096
"""The API wants a limit: this one is sent where none is given, on top of the budget for thinking if there is one."""

BETA_HEADER = "anthropic-beta"
USER_ID = "user_id"
BODY_VERSION = "anthropic_version"
OPTIONS = {
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop_sequences": "stop",
}


def encode_request(
    model_id: str, input: LanguageModelInput, *, stream: bool, api_version: str = DEFAULT_VERSION
) -> WireRequest:
    """Raises UnsupportedError or InvalidInputError, with the path of what cannot be sent.

    An ``anthropic_version`` in ``extra`` is Vertex AI's, which has it in the body and the model in the path.
    """
    check(input, BY_VERSION[api_version], PROVIDER)
    warnings: list[str] = []
    body = encode_body(model_id, input, api_version, warnings)
    if stream:
        body["stream"] = True
    body = merge_extra(body, input.extra or {})
    headers = {"content-type": "application/json", "accept": "text/event-stream" if stream else "application/json"}
    if BODY_VERSION in body:
        del body["model"]
        return WireRequest("POST", vertex_path(model_id, stream=stream), dump_json(body), headers, tuple(warnings))
    headers[VERSION_HEADER] = api_version
    return WireRequest("POST", PATH, dump_json(body), headers, tuple(warnings))


def encode_body(model_id: str, input: LanguageModelInput, api_version: str, warnings: list[str]) -> JsonObject:
    """The body before ``extra``."""
    body: JsonObject = {"model": model_id, "max_tokens": default_max_tokens(input)}
    for name, field in OPTIONS.items():
        if (value := getattr(input, field)) is not None:
            body[name] = value
    if input.system_prompt is not None:
        body["system"] = encode_system(input)
    body["messages"] = encode_messages(input.messages, api_version, warnings)
    if input.tools is not None:
        body["tools"] = encode_tools(input.tools, warnings)
    if (choice := encode_tool_choice(input)) is not None:
        body["tool_choice"] = choice
    if input.reasoning is not None:
        body["thinking"] = encode_reasoning_options(input.reasoning)
    if config := encode_output_config(input, warnings):
        body["output_config"] = config
    if input.metadata is not None:
        body["metadata"] = encode_metadata(input.metadata, warnings)
    return body


def default_max_tokens(input: LanguageModelInput) -> int:
    """The limit where none is given: what is thought counts towards it too, and the API wants it above the budget."""
    return DEFAULT_MAX_TOKENS + ((input.reasoning.budget_tokens or 0) if input.reasoning is not None else 0)


def encode_system(input: LanguageModelInput) -> str | list[JsonObject]:
    """The short form, unless ``extra`` reaches into the long one, for a ``cache_control`` for example."""
    if isinstance((input.extra or {}).get("system"), dict):
        return [{"type": "text", "text": input.system_prompt}]
    return input.system_prompt or ""


def encode_metadata(metadata: dict[str, str], warnings: list[str]) -> JsonObject:
    """Only the id of the caller's user has a place."""
    others = [name for name in metadata if name != USER_ID]
    if others:
        warnings.append(f"metadata: this protocol knows only {USER_ID}; left out: {', '.join(others)}")
    return {USER_ID: metadata[USER_ID]} if USER_ID in metadata else {}


def decode_request(request: WireRequest) -> ModelCall:
    """Raises InvalidInputError, in the provider's words, for a body that the API would refuse."""
    try:
        body = wire.Request.model_validate_json(request.body)
    except ValidationError as error:
        raise refuse(error) from None
    route = match(request.method, request.path)
    model_id = (route.model_id if route is not None else None) or body.model
    if model_id is None:
        raise InvalidInputError("Field required", path="model", provider=PROVIDER)
    if not body.messages:
        raise InvalidInputError("at least one message is required", path="messages", provider=PROVIDER)
    _check_version(body, request)
    _check_budget(body, request)
    stream = bool(body.stream) if route is None or route.stream is None else route.stream
    warnings: list[str] = []
    input = _read_input(body, warnings)
    return ModelCall(model_id, input, stream, tuple(warnings))


def _check_budget(body: wire.Request, request: WireRequest) -> None:
    """What is thought counts towards the limit, unless the model may think between its calls of tools (documented)."""
    budget = body.thinking.budget_tokens if body.thinking is not None else None
    if budget is None or body.max_tokens > budget or "interleaved-thinking" in _header(request, BETA_HEADER):
        return
    raise InvalidInputError("`max_tokens` must be greater than `thinking.budget_tokens`.", provider=PROVIDER)


def _header(request: WireRequest, name: str) -> str:
    """The value of a header, whatever the case of its name; empty where there is none."""
    return next((value for given, value in request.headers.items() if given.lower() == name), "")


def _check_version(body: wire.Request, request: WireRequest) -> None:
    """What the version of the request refuses; an unknown one, or none, is taken for the default."""
    version = _header(request, VERSION_HEADER)
    if BY_VERSION.get(version) in (None, BY_VERSION[DEFAULT_VERSION]):
        return
    for option in SAMPLING:
        if option in body.model_fields_set:
            raise InvalidInputError("Extra inputs are not permitted", path=option, provider=PROVIDER)
    for at, message in enumerate(body.messages):
        for inner, block in enumerate(message.content if isinstance(message.content, list) else ()):
            path = f"messages.{at}.content.{inner}"
            if message.role == "assistant" and isinstance(block, wire.Document):
                reason = "document blocks are not permitted in assistant messages"
                raise InvalidInputError(reason, path=path, provider=PROVIDER)
            if message.role == "user" and isinstance(block, wire.Text) and block.citations:
                reason = "Extra inputs are not permitted"
                raise InvalidInputError(reason, path=f"{path}.text.citations", provider=PROVIDER)


def _read_input(body: wire.Request, warnings: list[str]) -> LanguageModelInput:
    extra = ExtraFields(body.rest(*wire.Request.model_fields), BLOCK_DEFAULTS)
    fields: JsonObject = {field: getattr(body, name) for name, field in OPTIONS.items()}
    fields["system_prompt"] = _read_system(body.system, extra)
    fields["messages"] = HistoryReader(extra, warnings).read(body.messages)
    fields["tools"] = decode_tools(body.tools, extra, warnings)
    fields["tool_choice"], fields["parallel_tool_calls"] = decode_tool_choice(body.tool_choice, extra)
    fields["reasoning"] = decode_reasoning_options(body.thinking, body.output_config, extra)
    format = body.output_config.format if body.output_config is not None else None
    fields["response_format"] = decode_format(format or body.output_format, extra)
    fields["metadata"] = _read_metadata(body.metadata, extra)
    input = LanguageModelInput(**fields)
    if input.tool_choice is not None and not input.tools and body.tool_choice is not None:
        extra.keep("tool_choice", value=body.tool_choice.as_json())
    return input.model_copy(update={"extra": extra.fields}) if extra.fields else input


def _read_system(system: str | list[wire.SystemText] | None, extra: ExtraFields) -> str | None:
    """Several texts are joined for reading, and kept as they came."""
    if not isinstance(system, list):
        return system
    if len(system) == 1:
        rest = system[0].rest("type", "text")
        extra.keep_all(rest, "system", "0")
    elif system:
        extra.keep("system", value=[text.as_json() for text in system])
    return "\n".join(text.text for text in system) if system else None


def _read_metadata(metadata: JsonObject | None, extra: ExtraFields) -> dict[str, str] | None:
    if metadata is None:
        return None
    user_id = metadata.get(USER_ID)
    known = isinstance(user_id, str)
    extra.keep_all({name: value for name, value in metadata.items() if not (known and name == USER_ID)}, "metadata")
    return {USER_ID: str(user_id)} if known else None


def refuse(error: ValidationError) -> InvalidInputError:
    """What the API says of a body that it refuses. It is validated as this is, and complains in the same words.

    Of the kinds that a field may have, the one is meant that the reading got furthest with.
    """
    errors = error.errors()
    first = max((one for one in errors if one["loc"][:1] == errors[0]["loc"][:1]), key=lambda one: len(one["loc"]))
    if first["type"] == "json_invalid":
        reason = first["ctx"]["error"]
        return InvalidInputError(f"The request body is not valid JSON: {reason}", provider=PROVIDER)
    # The API puts the member of a union into the path, but not the kind of JSON.
    path = ".".join(str(step) for step in first["loc"] if step != "str" and not str(step).startswith("list["))
    return InvalidInputError(first["msg"], path=path, provider=PROVIDER)


def check_fields(call: ModelCall) -> None:
    """Raises InvalidInputError for a field that the API does not have, in its words."""
    for name in unknown_fields(call, wire.Request, wire.OTHER_FIELDS):
        raise InvalidInputError("Extra inputs are not permitted", path=name, provider=PROVIDER)
