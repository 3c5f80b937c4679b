"""The unified types are their JSON: what is written, what is read, and what is refused by name."""

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from pydantic import BaseModel, TypeAdapter, ValidationError

import llm_sdk
from llm_sdk import (
    AssistantMessage,
    AudioOptions,
    AudioPart,
    AudioPartDelta,
    Citation,
    CitationDelta,
    ContentDelta,
    FilePart,
    FilePartDelta,
    ImagePart,
    ImagePartDelta,
    JsonResponseFormat,
    LanguageModelCapabilities,
    LanguageModelInput,
    LanguageModelMetadata,
    LanguageModelPricing,
    Message,
    ModelResponse,
    ModelTokensDetails,
    ModelUsage,
    OpaquePart,
    OpaquePartDelta,
    OpaqueTool,
    Part,
    PartDelta,
    PartialModelResponse,
    ReasoningOptions,
    ReasoningPart,
    ReasoningPartDelta,
    ResponseFormatOption,
    SourcePart,
    SystemMessage,
    TextPart,
    TextPartDelta,
    TextResponseFormat,
    Tool,
    ToolCallPart,
    ToolCallPartDelta,
    ToolChoiceAuto,
    ToolChoiceNone,
    ToolChoiceOption,
    ToolChoiceRequired,
    ToolChoiceTool,
    ToolMessage,
    ToolOption,
    ToolResultPart,
    ToolResultPartDelta,
    UserLocation,
    UserMessage,
    WebSearchTool,
)
from llm_sdk.json_model import MAX_JSON_DEPTH
from llm_sdk.testing import inputs, json_objects, partials, responses

# Each type as it stands in JSON, with every field that it has and with none but the required ones: what is read and
# written again is the same text, to the byte.
SHAPES: list[tuple[Any, str]] = [
    (
        Citation,
        '{"source":"a.pdf","title":"A","cited_text":"x","start_index":0,"end_index":1,"signature":"s"}',
    ),
    (Citation, '{"source":"a.pdf"}'),
    (TextPart, '{"type":"text","text":"Hi","citations":[{"source":"a.pdf"}],"signature":"s"}'),
    (TextPart, '{"type":"text","text":""}'),
    (
        ImagePart,
        '{"type":"image","mime_type":"image/png","data":"QQ==","width":2,"height":3,"id":"i"}',
    ),
    (ImagePart, '{"type":"image","url":"https://example.com/a.png"}'),
    (
        AudioPart,
        '{"type":"audio","data":"QQ==","format":"linear16","sample_rate":24000,"channels":1,"transcript":"Hi","id":"i"}',
    ),
    (AudioPart, '{"type":"audio","data":"QQ==","format":"wav"}'),
    (FilePart, '{"type":"file","mime_type":"application/pdf","data":"QQ==","filename":"a.pdf","id":"f"}'),
    (FilePart, '{"type":"file","url":"https://example.com/a.pdf"}'),
    (SourcePart, '{"type":"source","source":"u","title":"T","content":[{"type":"text","text":"x"}]}'),
    (
        ToolCallPart,
        '{"type":"tool-call","tool_call_id":"c","tool_name":"f","args":{"a":[1,null]},"id":"i","signature":"s",'
        '"provider_executed":true}',
    ),
    (ToolCallPart, '{"type":"tool-call","tool_call_id":"c","tool_name":"f","args":{}}'),
    (
        ToolResultPart,
        '{"type":"tool-result","tool_call_id":"c","tool_name":"f","content":[{"type":"text","text":"x"}],'
        '"is_error":false,"provider_executed":false}',
    ),
    (ToolResultPart, '{"type":"tool-result","tool_call_id":"c","tool_name":"f","content":[]}'),
    (ReasoningPart, '{"type":"reasoning","text":"Hm","signature":"s","id":"r"}'),
    (ReasoningPart, '{"type":"reasoning","text":""}'),
    (OpaquePart, '{"type":"opaque","provider":"openai","data":{"type":"mcp_call","error":null}}'),
    (UserMessage, '{"role":"user","content":[{"type":"text","text":"Hi"}]}'),
    (AssistantMessage, '{"role":"assistant","content":[{"type":"reasoning","text":"Hm"}]}'),
    (
        ToolMessage,
        '{"role":"tool","content":[{"type":"tool-result","tool_call_id":"c","tool_name":"f","content":[]}]}',
    ),
    (SystemMessage, '{"role":"system","content":[]}'),
    (Tool, '{"name":"f","description":"d","parameters":{"type":"object","properties":{}}}'),
    (
        WebSearchTool,
        '{"type":"web_search","allowed_domains":["a.example"],"max_uses":2,'
        '"user_location":{"city":"Paris","region":"IDF","country":"FR","timezone":"Europe/Paris"}}',
    ),
    (WebSearchTool, '{"type":"web_search"}'),
    (UserLocation, '{"city":"Paris","region":"IDF","country":"FR","timezone":"Europe/Paris"}'),
    (UserLocation, "{}"),
    (OpaqueTool, '{"type":"opaque","provider":"openai","data":{"type":"mcp","headers":null}}'),
    (ToolChoiceAuto, '{"type":"auto"}'),
    (ToolChoiceNone, '{"type":"none"}'),
    (ToolChoiceRequired, '{"type":"required"}'),
    (ToolChoiceTool, '{"type":"tool","tool_name":"f"}'),
    (TextResponseFormat, '{"type":"text"}'),
    (
        JsonResponseFormat,
        '{"type":"json","name":"n","description":"d","schema":{"type":"object","default":null}}',
    ),
    (JsonResponseFormat, '{"type":"json","name":"n"}'),
    (AudioOptions, '{"format":"mp3","voice":"alloy","language":"en"}'),
    (AudioOptions, "{}"),
    (ReasoningOptions, '{"enabled":true,"budget_tokens":1024,"effort":"high"}'),
    (ReasoningOptions, '{"enabled":false}'),
    (
        LanguageModelInput,
        '{"system_prompt":"Be brief.","messages":[{"role":"user","content":[]}],'
        '"tools":[{"name":"f","description":"","parameters":{}}],"tool_choice":{"type":"auto"},'
        '"response_format":{"type":"text"},"max_tokens":1,"temperature":0.0,"top_p":0.0,"top_k":0,'
        '"presence_penalty":0.0,"frequency_penalty":0.0,"seed":0,"stop":["END"],"parallel_tool_calls":false,'
        '"modalities":["text","image","audio"],"audio":{},"reasoning":{"enabled":true},'
        '"metadata":{"user":"u"},"extra":{"a":null}}',
    ),
    (LanguageModelInput, '{"messages":[]}'),
    (
        ModelTokensDetails,
        '{"text_tokens":1,"cached_text_tokens":0,"audio_tokens":2,"cached_audio_tokens":3,"image_tokens":4,'
        '"cached_image_tokens":5,"reasoning_tokens":6,"cache_write_tokens":7}',
    ),
    (
        ModelUsage,
        '{"input_tokens":1,"output_tokens":2,"input_tokens_details":{},"output_tokens_details":{"text_tokens":2}}',
    ),
    (ModelUsage, '{"input_tokens":0,"output_tokens":0}'),
    (
        ModelResponse,
        '{"content":[{"type":"text","text":"Hi"}],"usage":{"input_tokens":1,"output_tokens":2},"cost":0.5,'
        '"finish_reason":"stop","finish_detail":"end_turn","id":"r","model_id":"m","warnings":["w"]}',
    ),
    (ModelResponse, '{"content":[]}'),
    (
        LanguageModelPricing,
        '{"input_cost_per_text_token":1.0,"input_cost_per_cached_text_token":2.0,'
        '"input_cost_per_cache_write_token":2.5,"input_cost_per_audio_token":3.0,'
        '"input_cost_per_cached_audio_token":4.0,"input_cost_per_image_token":5.0,'
        '"input_cost_per_cached_image_token":6.0,"output_cost_per_text_token":7.0,"output_cost_per_audio_token":8.0,'
        '"output_cost_per_image_token":9.0}',
    ),
    (
        LanguageModelCapabilities,
        '{"text_input":true,"text_output":true,"image_input":true,"image_output":false,"audio_input":true,'
        '"audio_output":false,"function_calling":true,"structured_output":true,"citation":true,"reasoning":false}',
    ),
    (LanguageModelMetadata, '{"pricing":{},"capabilities":{}}'),
    (LanguageModelMetadata, "{}"),
    (
        CitationDelta,
        '{"type":"citation","source":"a","title":"A","cited_text":"x","start_index":0,"end_index":1,"signature":"s"}',
    ),
    (CitationDelta, '{"type":"citation"}'),
    (TextPartDelta, '{"type":"text","text":"H","citation":{"type":"citation"},"signature":"s"}'),
    (TextPartDelta, '{"type":"text","text":""}'),
    (
        ToolCallPartDelta,
        '{"type":"tool-call","tool_call_id":"c","tool_name":"f","args":"{\\"a","id":"i","signature":"s",'
        '"provider_executed":true}',
    ),
    (ToolCallPartDelta, '{"type":"tool-call"}'),
    (
        ToolResultPartDelta,
        '{"type":"tool-result","tool_call_id":"c","tool_name":"f","content":[{"type":"text","text":"x"}],'
        '"is_error":true,"provider_executed":true}',
    ),
    (
        ImagePartDelta,
        '{"type":"image","mime_type":"image/png","data":"QQ==","url":"u","width":1,"height":2,"id":"i"}',
    ),
    (ImagePartDelta, '{"type":"image"}'),
    (
        AudioPartDelta,
        '{"type":"audio","data":"QQ==","format":"opus","sample_rate":1,"channels":2,"transcript":"H","id":"i"}',
    ),
    (AudioPartDelta, '{"type":"audio"}'),
    (ReasoningPartDelta, '{"type":"reasoning","text":"H","signature":"s","id":"i"}'),
    (
        FilePartDelta,
        '{"type":"file","mime_type":"text/plain","data":"QQ==","url":"u","filename":"a.txt","id":"f"}',
    ),
    (FilePartDelta, '{"type":"file"}'),
    (OpaquePartDelta, '{"type":"opaque","provider":"openai","data":{}}'),
    (ContentDelta, '{"index":0,"part":{"type":"text","text":"H"}}'),
    (
        PartialModelResponse,
        '{"delta":{"index":1,"part":{"type":"audio"}},"usage":{"input_tokens":1,"output_tokens":0},"cost":0.0,'
        '"finish_reason":"length","finish_detail":"max_tokens","id":"r","model_id":"m","warnings":["w"]}',
    ),
    (PartialModelResponse, "{}"),
]
MODELS = sorted({shape for shape, _ in SHAPES}, key=lambda model: model.__name__)


def dump(value: Any) -> Any:
    return json.loads(value.model_dump_json())


@pytest.mark.parametrize(("model", "text"), SHAPES)
def test_json_is_written_as_it_was_read(model: type[BaseModel], text: str) -> None:
    assert model.model_validate_json(text).model_dump_json() == text
    assert model.model_validate(json.loads(text)).model_dump_json() == text
    assert model.model_validate(json.loads(text)).model_dump(mode="json") == json.loads(text)


def test_the_table_has_every_type() -> None:
    exported = {getattr(llm_sdk, name) for name in llm_sdk.__all__}
    models = {item for item in exported if isinstance(item, type) and issubclass(item, BaseModel)}
    assert models == set(MODELS)


@pytest.mark.parametrize("model", MODELS)
def test_the_table_has_every_field(model: type[BaseModel]) -> None:
    fields = {field.alias or name for name, field in model.model_fields.items()}
    shown = {key for shape, text in SHAPES if shape is model for key in json.loads(text)}
    assert shown == fields


@pytest.mark.parametrize("name", llm_sdk.__all__)
def test_everything_is_exported_from_the_package(name: str) -> None:
    assert hasattr(llm_sdk, name)


DESIGNED_NAMES = """
    Message UserMessage AssistantMessage ToolMessage SystemMessage Part TextPart ImagePart AudioPart SourcePart
    ToolCallPart ToolResultPart ReasoningPart FilePart OpaquePart Citation Tool WebSearchTool OpaqueTool
    ToolChoiceOption ResponseFormatOption LanguageModelInput ModelResponse PartialModelResponse ContentDelta PartDelta
    ModelUsage StreamAccumulator LanguageModelError InvalidInputError UnsupportedError RefusalError InvariantError
    OutputNotImplementedError StatusCodeError AuthenticationError PermissionDeniedError NotFoundError RateLimitError
    OverloadedError ServerError TransportError ConnectionFailedError TimedOutError StreamTruncatedError
"""


def test_the_designed_names_are_there() -> None:
    assert set(DESIGNED_NAMES.split()) <= set(llm_sdk.__all__)


@pytest.mark.parametrize(("model", "text"), SHAPES)
def test_unknown_keys_are_refused_by_name(model: type[BaseModel], text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate({**json.loads(text), "temprature": 1})
    assert [error["loc"][-1] for error in caught.value.errors()] == ["temprature"]


@pytest.mark.parametrize("model", MODELS)
def test_models_are_frozen(model: type[BaseModel]) -> None:
    text = next(text for shape, text in SHAPES if shape is model)
    value = model.model_validate_json(text)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(value, next(iter(model.model_fields)), None)


@pytest.mark.parametrize(("model", "text"), SHAPES)
def test_copies_and_pickles_are_equal(model: type[BaseModel], text: str) -> None:
    value = model.model_validate_json(text)
    assert copy.deepcopy(value) == value
    assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301 - our own pickle


@given(responses())
def test_any_response_survives_json(response: ModelResponse) -> None:
    assert ModelResponse.model_validate_json(response.model_dump_json()) == response
    assert ModelResponse.model_validate(json.loads(json.dumps(response.model_dump(mode="json")))) == response
    assert pickle.loads(pickle.dumps(response)) == response  # noqa: S301 - our own pickle


@given(partials())
def test_any_partial_survives_json(partial: PartialModelResponse) -> None:
    assert PartialModelResponse.model_validate_json(partial.model_dump_json()) == partial


@given(inputs())
def test_any_input_survives_json(input: LanguageModelInput) -> None:
    assert LanguageModelInput.model_validate_json(input.model_dump_json()) == input


def read_part(value: Any) -> Part:
    part: Part = TypeAdapter(Part).validate_python(value)
    return part


@pytest.mark.parametrize("optional", ["signature", "id", "provider_executed"])
def test_null_is_unset(optional: str) -> None:
    given = {"type": "tool-call", "tool_call_id": "c", "tool_name": "f", "args": {}}
    assert dump(read_part({**given, optional: None})) == given


def test_lists_that_no_stream_can_tell_from_none_are_none() -> None:
    assert TextPart(text="a", citations=[]) == TextPart(text="a")
    assert ModelResponse(content=[], warnings=[]) == ModelResponse(content=[])


def test_integers_keep_every_digit_and_floats_stay_floats() -> None:
    text = '{"type":"tool-call","tool_call_id":"c","tool_name":"f","args":{"n":9007199254740993,"x":1.0,"z":-0.0}}'
    assert ToolCallPart.model_validate_json(text).model_dump_json() == text


@pytest.mark.parametrize("message", [UserMessage, AssistantMessage, ToolMessage, SystemMessage])
def test_a_string_as_content_is_one_text(message: type[UserMessage]) -> None:
    assert message.model_validate({"content": "Hi"}).content == [TextPart(text="Hi")]
    assert message.model_validate({"content": ""}).content == [TextPart(text="")]


# What stands in a union is told apart by one key.
DISCRIMINATED: list[tuple[Any, dict[str, Any], type[BaseModel]]] = [
    *(
        (union, json.loads(text), model)
        for union, models in (
            (Part, (TextPart, ImagePart, AudioPart, SourcePart, ToolCallPart, ToolResultPart, ReasoningPart)),
            (Part, (FilePart, OpaquePart)),
            (Message, (UserMessage, AssistantMessage, ToolMessage, SystemMessage)),
            (ToolOption, (Tool, WebSearchTool, OpaqueTool)),
            (ToolChoiceOption, (ToolChoiceAuto, ToolChoiceNone, ToolChoiceRequired, ToolChoiceTool)),
            (ResponseFormatOption, (TextResponseFormat, JsonResponseFormat)),
            (PartDelta, (TextPartDelta, ToolCallPartDelta, ToolResultPartDelta, ImagePartDelta, AudioPartDelta)),
            (PartDelta, (ReasoningPartDelta, FilePartDelta, OpaquePartDelta)),
        )
        for model in models
        for shape, text in SHAPES
        if shape is model
    ),
    (ToolOption, {"type": "function", "name": "f", "parameters": {}}, Tool),
]


@pytest.mark.parametrize(("union", "value", "model"), DISCRIMINATED)
def test_unions_are_told_apart(union: Any, value: dict[str, Any], model: type[BaseModel]) -> None:
    read = TypeAdapter(union).validate_python(value)
    assert type(read) is model
    assert TypeAdapter(union).validate_python(read) is read


REFUSED: list[tuple[Any, Any, str]] = [
    (Part, {"text": "a"}, "Unable to extract tag using discriminator 'type'"),
    (Part, {"type": "txt", "text": "a"}, "Input tag 'txt' found using 'type' does not match"),
    (Message, {"role": "developer", "content": []}, "Input tag 'developer' found using 'role' does not match"),
    (ToolOption, {"type": "mcp", "name": "a"}, "Input tag 'mcp' found using"),
    (ToolOption, "f", "valid dictionary"),
    (ToolChoiceOption, {"type": "any"}, "Input tag 'any'"),
    (ToolChoiceOption, {"type": "tool"}, "tool_name"),
    (ResponseFormatOption, {"type": "json"}, "name"),
    (AudioPart, {"data": "", "format": "pcm"}, "format"),
    (ReasoningOptions, {"effort": "extreme"}, "effort"),
    (LanguageModelInput, {}, "messages"),
    (LanguageModelInput, {"messages": [], "temperature": float("nan")}, "finite"),
    (ModelResponse, {"content": [], "cost": float("inf")}, "finite"),
    (ModelResponse, {"content": [], "finish_reason": "end_turn"}, "finish_reason"),
    (ImagePart, {}, "image: exactly one of data and url is needed"),
    (ImagePart, {"data": "QQ==", "url": "u"}, "image: exactly one of data and url is needed"),
    (ImagePart, {"data": "QQ=="}, "image: mime_type is needed with data"),
    (FilePart, {"mime_type": "text/plain"}, "file: exactly one of data and url is needed"),
    (FilePart, {"data": "QQ==", "url": "u"}, "file: exactly one of data and url is needed"),
    (FilePart, {"data": "QQ=="}, "file: mime_type is needed with data"),
]


@pytest.mark.parametrize(("shape", "value", "message"), REFUSED)
def test_bad_values_are_refused(shape: Any, value: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TypeAdapter(shape).validate_python(value)


def nested(depth: int) -> Any:
    value: Any = None
    for _ in range(depth):
        value = [value]
    return value


NOT_JSON: list[tuple[Any, str]] = [
    ({"a": {"b": [0, float("nan")]}}, r"a\.b\[1\]: nan is not JSON"),
    ({"a": float("-inf")}, "a: -inf is not JSON"),
    ({"a": b"x"}, "a: a value of type bytes is not JSON"),
    ({"a": [TextPart(text="x")]}, r"a\[0\]: a value of type TextPart is not JSON"),
    ({"a": {1: 2}}, "a: the key 1 is not a string"),
    ({"a": "\ud83d"}, "a: a lone surrogate is not Unicode text"),
    ({"\udc00": 1}, r"\\udc00: a lone surrogate is not Unicode text"),
    ({"a": 10**4300}, "a: an integer of more than 4,300 digits"),
    ({"a": nested(MAX_JSON_DEPTH)}, f"nested deeper than {MAX_JSON_DEPTH} levels"),
]


@pytest.mark.parametrize(("args", "message"), NOT_JSON)
def test_args_are_json(args: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ToolCallPart(tool_call_id="c", tool_name="f", args=args)


def test_args_go_to_the_limits_of_json() -> None:
    args = {"deep": nested(MAX_JSON_DEPTH - 1), "long": 10**4300 - 1, "tuple": (1, 2)}
    part = ToolCallPart(tool_call_id="c", tool_name="f", args=args)
    assert part.args == {**args, "tuple": [1, 2]}
    response = ModelResponse(content=[ToolResultPart(tool_call_id="c", tool_name="f", content=[part])])
    assert ModelResponse.model_validate_json(response.model_dump_json()) == response
    assert pickle.loads(pickle.dumps(part)) == part  # noqa: S301 - our own pickle


@given(json_objects())
def test_json_objects_are_copied_in(data: dict[str, Any]) -> None:
    before = copy.deepcopy(data)
    given: dict[str, Any] = {"list": [data], "object": data}
    part = OpaquePart(provider="p", data=given)
    data["later"] = 1
    given["list"].append(2)
    assert part.data == {"list": [before], "object": before}
