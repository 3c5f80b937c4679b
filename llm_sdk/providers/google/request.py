"""``LanguageModelInput`` <-> the body of ``generateContent``, with the model and the streaming in its path.

A request that is read here and written again loses nothing: what has no unified field goes into ``extra``, at the place
where it stood, and a whole part or hosted tool without a unified form becomes an opaque one.
"""

import re

from pydantic import ValidationError
from pydantic_core import from_json

from llm_sdk.capabilities import check
from llm_sdk.codec import ModelCall, WireRequest, dump_json
from llm_sdk.errors import InvalidInputError
from llm_sdk.extra import ExtraFields, merge_extra
from llm_sdk.providers.google import wire
from llm_sdk.providers.google.capabilities import CAPABILITIES
from llm_sdk.providers.google.content import PROVIDER
from llm_sdk.providers.google.endpoint import API_VERSION, match, request_path
from llm_sdk.providers.google.errors import UNKNOWN_FIELD
from llm_sdk.providers.google.history import ROLES, HistoryReader, encode_messages
from llm_sdk.providers.google.names import one_spelling
from llm_sdk.providers.google.normalize import DEFAULTS
from llm_sdk.providers.google.options import (
    CONFIG,
    decode_audio,
    decode_format,
    decode_modalities,
    decode_reasoning_options,
    decode_tool_choice,
    decode_tools,
    encode_audio,
    encode_format,
    encode_modalities,
    encode_reasoning_options,
    encode_tool_choice,
    encode_tools,
)
from llm_sdk.types import JsonObject, LanguageModelInput
from llm_sdk.wire_fault import unknown_fields

OPTIONS = {
    "maxOutputTokens": "max_tokens",
    "temperature": "temperature",
    "topP": "top_p",
    "topK": "top_k",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
    "seed": "seed",
    "stopSequences": "stop",
}
MAPPED = frozenset(
    {
        *OPTIONS,
        "responseMimeType",
        "responseSchema",
        "responseJsonSchema",
        "responseModalities",
        "speechConfig",
        "thinkingConfig",
    }
)
UNKNOWN_MODEL = "unknown"
"""The model of a request whose path is not the provider's: only there it stands."""
SYSTEM_SEPARATOR = "\n"
# Such as in https://github.com/nashsu/llm_wiki/issues/49.
UNKNOWN_NAME = 'Invalid JSON payload received. Unknown name "{name}"{place}: Cannot find field.'


def encode_request(
    model_id: str, input: LanguageModelInput, *, stream: bool, api_version: str = API_VERSION
) -> WireRequest:
    """Raises UnsupportedError or InvalidInputError, with the path of what cannot be sent."""
    check(input, CAPABILITIES, PROVIDER)
    warnings: list[str] = []
    body = merge_extra(encode_body(model_id, input, warnings), input.extra or {})
    headers = {"content-type": "application/json", "accept": "text/event-stream" if stream else "application/json"}
    path = request_path(model_id, api_version, stream=stream)
    return WireRequest("POST", path, dump_json(body), headers, tuple(warnings))


def encode_body(model_id: str, input: LanguageModelInput, warnings: list[str]) -> JsonObject:
    """The body before ``extra``."""
    body: JsonObject = {"contents": list(encode_messages(input.messages, model_id, warnings))}
    if input.system_prompt is not None:
        body["systemInstruction"] = {"parts": [{"text": input.system_prompt}]}
    if input.tools is not None:
        body["tools"] = encode_tools(input.tools, warnings)
    if input.tool_choice is not None:
        body["toolConfig"] = encode_tool_choice(input.tool_choice)
    config: JsonObject = {
        name: value for name, field in OPTIONS.items() if (value := getattr(input, field)) is not None
    }
    if input.response_format is not None:
        config |= encode_format(input.response_format)
    if input.modalities is not None:
        config["responseModalities"] = encode_modalities(input.modalities)
    if input.audio is not None:
        config["speechConfig"] = encode_audio(input.audio)
    if input.reasoning is not None:
        config["thinkingConfig"] = encode_reasoning_options(input.reasoning, warnings)
    if config:
        body["generationConfig"] = config
    return body


def decode_request(request: WireRequest) -> ModelCall:
    """Raises InvalidInputError, with the path in the provider's words, for a body that the API would refuse."""
    try:
        parsed = one_spelling(from_json(request.body))
        body = wire.Request.model_validate(parsed)
    except ValidationError as error:
        raise refuse(error) from None
    except ValueError as error:
        raise InvalidInputError(f"Invalid JSON payload received. {error}", provider=PROVIDER) from None
    _check_contents(body.contents)
    route = match(request.method, request.path)
    model_id = (route.model_id if route is not None else None) or UNKNOWN_MODEL
    warnings: list[str] = []
    extra = ExtraFields(body.rest("contents", "systemInstruction", "generationConfig", "tools", "toolConfig"), DEFAULTS)
    fields: JsonObject = {
        "messages": HistoryReader(model_id, extra, warnings).read(body.contents),
        "system_prompt": _decode_system(body.system_instruction, extra),
        "tools": decode_tools(body.tools, extra, warnings),
        "tool_choice": decode_tool_choice(body.tool_config, extra),
    }
    if body.generation_config is not None:
        fields |= _decode_config(body.generation_config, extra)
    input = LanguageModelInput(**fields)
    if extra.fields:
        input = input.model_copy(update={"extra": extra.fields})
    return ModelCall(model_id, input, bool(route and route.stream), tuple(warnings))


def _decode_config(config: wire.GenerationConfig, extra: ExtraFields) -> JsonObject:
    extra.keep_all(config.rest(*MAPPED), *CONFIG)
    fields: JsonObject = {
        "response_format": decode_format(config, extra),
        "modalities": decode_modalities(config.response_modalities, extra),
        "audio": decode_audio(config.speech_config, extra),
        "reasoning": decode_reasoning_options(config.thinking_config, extra),
    }
    for name, value in config.rest().items():
        if name == "topK" and value is not None and not float(value).is_integer():
            extra.keep(*CONFIG, name, value=value)
        elif (field := OPTIONS.get(name)) is not None:
            fields[field] = value
    return fields


def _decode_system(content: wire.Content | None, extra: ExtraFields) -> str | None:
    """The texts, joined. What they do not hold, and how they were cut, is kept; the role means nothing here."""
    if content is None:
        return None
    parts = content.parts or []
    extra.keep_all(content.rest("role", "parts"), "systemInstruction")
    if len(parts) != 1 or parts[0].rest("text", "thought"):
        extra.keep("systemInstruction", "parts", value=[part.as_json() for part in parts])
    return SYSTEM_SEPARATOR.join(part.text for part in parts if part.text is not None)


def _check_contents(contents: list[wire.Content]) -> None:
    """What the API refuses of a conversation, in its words (recorded for the role)."""
    if not contents:
        raise _complaint("GenerateContentRequest.contents", "contents is not specified", "contents")
    for at, content in enumerate(contents):
        if content.role is not None and content.role not in ROLES:
            raise InvalidInputError("Please use a valid role: user, model.", provider=PROVIDER)
        if not content.parts:
            path = f"contents[{at}].parts"
            raise _complaint(f"GenerateContentRequest.{path}", "contents.parts must not be empty.", path)


def _complaint(where: str, what: str, path: str) -> InvalidInputError:
    error = InvalidInputError(f"* {where}: {what}\n", provider=PROVIDER)
    error.path = path
    return error


def refuse(error: ValidationError) -> InvalidInputError:
    """What the API says of a body that it refuses."""
    first = error.errors()[0]
    path = ""
    for step in first["loc"]:
        path += f"[{step}]" if isinstance(step, int) else f".{_snake_case(step)}" if path else _snake_case(step)
    if first["type"] == "missing":
        return _complaint(f"GenerateContentRequest.{path}", f"{path.rpartition('.')[2]} is not specified", path)
    refused = InvalidInputError(f"Invalid value at '{path}': {first['msg']}", provider=PROVIDER)
    refused.path = path
    return refused


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: "_" + found[1].lower(), name)


def check_fields(call: ModelCall) -> None:
    """Raises InvalidInputError for a field that the API does not have, in its words (reported)."""
    for name in unknown_fields(call, wire.Request, wire.OTHER_FIELDS):
        raise InvalidInputError(UNKNOWN_NAME.format(name=name, place=""), code=UNKNOWN_FIELD, provider=PROVIDER)
    options = (call.input.extra or {}).get(*CONFIG, {})
    for name in options if isinstance(options, dict) else ():
        if name not in MAPPED | wire.OTHER_OPTIONS:
            said = UNKNOWN_NAME.format(name=name, place=" at 'generation_config'")
            raise InvalidInputError(said, path="generation_config", provider=PROVIDER)
