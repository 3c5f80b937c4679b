"""``LanguageModelInput`` <-> the body of ``POST /v1/responses``.

A request that is read here and written again loses nothing: what has no unified field goes into ``extra``, at the place
where it stood, and a whole item or content part without a unified form becomes an opaque part.
"""

from pydantic import ValidationError
from pydantic_core import from_json

from llm_sdk import openai_errors
from llm_sdk.capabilities import check
from llm_sdk.codec import ModelCall, WireRequest, dump_json
from llm_sdk.errors import InvalidInputError
from llm_sdk.extra import ExtraFields, merge_extra
from llm_sdk.providers.openai import wire
from llm_sdk.providers.openai.capabilities import CAPABILITIES
from llm_sdk.providers.openai.content import PROVIDER
from llm_sdk.providers.openai.endpoint import PATH
from llm_sdk.providers.openai.history import HistoryReader, encode_messages
from llm_sdk.providers.openai.normalize import ITEM_DEFAULTS
from llm_sdk.providers.openai.options import (
    decode_format,
    decode_reasoning_options,
    decode_tool_choice,
    decode_tools,
    encode_format,
    encode_reasoning_options,
    encode_tool_choice,
    encode_tools,
)
from llm_sdk.types import JsonObject, LanguageModelInput, WebSearchTool

IMAGE_TOOL = "image_generation"
OPTIONS = {
    "instructions": "system_prompt",
    "max_output_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
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
    """The body before ``extra``. ``store`` is false: a conversation is carried by its messages, not by the provider."""
    body: JsonObject = {"model": model_id, "input": list(encode_messages(input.messages, warnings)), "store": False}
    for name, field in OPTIONS.items():
        if (value := getattr(input, field)) is not None:
            body[name] = value
    tools = encode_tools(input.tools or (), warnings)
    if "image" in (input.modalities or ()):
        tools.append({"type": IMAGE_TOOL})
    if input.tools is not None or tools:
        body["tools"] = tools
    if input.tool_choice is not None:
        body["tool_choice"] = encode_tool_choice(input.tool_choice, input.tools or ())
    if input.response_format is not None:
        body["text"] = {"format": encode_format(input.response_format)}
    if input.reasoning is not None:
        body["reasoning"] = encode_reasoning_options(input.reasoning)
    if include := implied_include(input):
        body["include"] = include
    return body


def implied_include(input: LanguageModelInput) -> list[str]:
    """What an answer must bring along so that it can be sent back as history without loss."""
    include = []
    if input.reasoning is not None and input.reasoning.enabled:
        include.append(wire.INCLUDE_ENCRYPTED_REASONING)
    if any(isinstance(tool, WebSearchTool) for tool in input.tools or ()):
        include.append(wire.INCLUDE_SEARCH_SOURCES)
    return include


def wants_encrypted_reasoning(call: ModelCall) -> bool:
    """Whether the answer brings its reasoning along in encrypted form; unasked it does not (recorded)."""
    include = (call.input.extra or {}).get("include", implied_include(call.input))
    return wire.INCLUDE_ENCRYPTED_REASONING in include


def decode_request(request: WireRequest) -> ModelCall:
    """Raises InvalidInputError, with the path in the provider's words, for a body that the API would refuse."""
    try:
        body = wire.Request.model_validate(from_json(request.body, allow_inf_nan=False))
    except ValidationError as error:
        raise refuse(error) from None
    except ValueError:
        raise openai_errors.not_json(PROVIDER) from None
    warnings: list[str] = []
    extra = ExtraFields(body.rest(*wire.Request.model_fields), ITEM_DEFAULTS)
    fields: JsonObject = {field: getattr(body, name) for name, field in OPTIONS.items()}
    if body.metadata is not None and not all(isinstance(value, str) for value in body.metadata.values()):
        del fields["metadata"]
        extra.keep("metadata", value=body.metadata)
    fields["messages"] = HistoryReader(extra, warnings).read(body.input)
    fields["tools"], fields["modalities"] = decode_tools(body.tools, extra, warnings)
    fields["tool_choice"] = decode_tool_choice(body.tool_choice, fields["tools"] or (), extra)
    fields["response_format"] = decode_format(body.text, extra)
    fields["reasoning"] = decode_reasoning_options(body.reasoning, extra)
    input = LanguageModelInput(**fields)
    if body.store is not False:
        extra.keep("store", value=True)
    if (body.include or []) != implied_include(input):
        extra.keep("include", value=body.include or [])
    if extra.fields:
        input = input.model_copy(update={"extra": extra.fields})
    return ModelCall(body.model, input, bool(body.stream), tuple(warnings))


def refuse(error: ValidationError) -> InvalidInputError:
    """What the API says of a body that it refuses."""
    return openai_errors.refuse(error, wire, PROVIDER)


def check_fields(call: ModelCall) -> None:
    """Raises InvalidInputError for a field that the API does not have, in its words."""
    openai_errors.check_fields(call, wire.Request, wire.OTHER_FIELDS, PROVIDER)
