"""Every registered protocol on the stand-in, read by its own client half: streamed and whole are the same answer."""

import re
from typing import Any

import pytest

from llm_sdk import RefusalError, accumulate
from llm_sdk.codec import Codec, WireRequest, WireResponse
from llm_sdk.errors import StatusCodeError
from llm_sdk.registry import get_codec, provider_names
from llm_sdk.sse import ServerSentEventDecoder
from llm_sdk.types import LanguageModelInput, ModelResponse, TextPart, ToolCallPart
from mock_server.engine import Engine
from mock_server.scenario_files import read_scenarios

TOOL = {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}

REQUESTS: dict[str, dict[str, Any]] = {
    "text": {},
    "tool": {"tools": [TOOL], "tool_choice": {"type": "required"}},
    "structured": {"response_format": {"type": "json", "name": "answer", "schema": SCHEMA}},
    "reasoning": {"reasoning": {"enabled": True}},
    "image": {"modalities": ["text", "image"]},
    "search": {"tools": [{"type": "web_search"}], "tool_choice": {"type": "required"}},
    "length": {"max_tokens": 16},
}


@pytest.fixture(params=provider_names())
def codec(request: pytest.FixtureRequest) -> Codec:
    return get_codec(request.param)


def request_of(codec: Codec, *, headers: dict[str, str] | None = None, query: str = "", **input: Any) -> WireRequest:
    """A short request as it reaches the server."""
    whole = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": "Hi"}], **input})
    sent = codec.encode_request("model-1", whole, stream=False)
    path = codec.endpoint.root + sent.path + (f"?{query}" if query else "")
    return WireRequest(sent.method, path, sent.body, {**sent.headers, **(headers or {})})


def ask(engine: Engine, codec: Codec, *, stream: bool, **input: Any) -> ModelResponse:
    said = "Please search: " + "word " * 30
    whole = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": said}], **input})
    sent = codec.encode_request("model-1", whole, stream=stream)
    plan = engine.answer(codec, WireRequest(sent.method, codec.endpoint.root + sent.path, sent.body, sent.headers))
    reply = WireResponse(plan.status, plan.body, plan.headers)
    if plan.status != 200:
        raise codec.decode_error(reply)
    if not stream:
        return codec.decode_response(reply)
    decoder, events = codec.stream_decoder(), ServerSentEventDecoder()
    read = [*events.feed(plan.body), *events.close()]
    partials = [partial for event in read for partial in decoder.feed(event)]
    return accumulate([*partials, *decoder.close()])


def test_a_stream_that_ends_in_an_error_is_read_as_that_error(codec: Codec) -> None:
    fault = {"error_after_events": 4, "status": 500, "message": "Out of luck."}
    engine = Engine(read_scenarios([{"fault": fault, "reply": "one two three four five"}], providers=[codec.provider]))
    for stream in (False, True):
        with pytest.raises(StatusCodeError, match=r"Out of luck\.") as caught:
            ask(engine, codec, stream=stream)
        assert caught.value.status_code == 500
    whole, streamed = engine.journal
    assert (whole.status, streamed.status, streamed.complete) == (500, 200, True)


@pytest.mark.parametrize("request_kind", REQUESTS)
def test_a_made_up_answer_is_the_same_whole_and_streamed(codec: Codec, request_kind: str) -> None:
    input = REQUESTS[request_kind]
    if request_kind == "image" and "image" not in codec.capabilities.modalities:
        pytest.skip("this protocol has no image output")
    if request_kind == "search" and "web_search" not in codec.capabilities.tools:
        pytest.skip("this protocol has no web search")
    engine = Engine()
    whole = ask(engine, codec, stream=False, **input)

    assert whole == ask(engine, codec, stream=True, **input)
    assert whole.content
    assert whole.usage is not None
    assert whole.id


# The ids of calls, and of the provider's own search where it has one.
ALPHANUMERIC, BASE58 = "[0-9A-Za-z]", "[1-9A-HJ-NP-Za-km-z]"
TOOL_CALL_IDS = {
    "openai": (f"call_{ALPHANUMERIC}{{24}}", "ws_[0-9a-f]{50}"),
    "openai-chat-completion": (f"call_{ALPHANUMERIC}{{24}}", None),
    "anthropic": (f"toolu_01{BASE58}{{22}}", f"srvtoolu_01{BASE58}{{22}}"),
    "google": ("[0-9a-z]{8}", None),
    "cohere": ("get_weather_[0-9a-z]{12}", None),
    "mistral": (f"{ALPHANUMERIC}{{9}}", None),
}


def test_a_call_has_an_id_of_the_providers_form(codec: Codec) -> None:
    own, hosted = TOOL_CALL_IDS[codec.provider]
    engine = Engine()
    calls = ask(engine, codec, stream=False, **REQUESTS["tool"]).content
    assert [re.fullmatch(own, part.tool_call_id) is not None for part in calls if isinstance(part, ToolCallPart)] == [
        True
    ]
    if hosted is not None:
        searches = ask(engine, codec, stream=False, **REQUESTS["search"]).content
        ids = [part.tool_call_id for part in searches if isinstance(part, ToolCallPart)]
        assert [re.fullmatch(hosted, id) is not None for id in ids] == [True]


def test_parallel_calls_and_text(codec: Codec) -> None:
    calls = [{"type": "tool-call", "tool_name": "get_weather", "args": {"city": city}} for city in ("Paris", "Zürich")]
    engine = Engine(read_scenarios([{"reply": ["Looking.", *calls]}]))
    whole = ask(engine, codec, stream=False, tools=[TOOL])

    assert whole == ask(engine, codec, stream=True, tools=[TOOL])
    assert [part.args["city"] for part in whole.content if isinstance(part, ToolCallPart)] == ["Paris", "Zürich"]
    assert [part.text for part in whole.content if isinstance(part, TextPart)] == ["Looking."]
    assert whole.finish_reason == "tool_calls"


@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal(codec: Codec, stream: bool) -> None:
    if "refusal" not in codec.capabilities.says:
        pytest.skip("in this protocol a model declines in plain text")
    engine = Engine(read_scenarios([{"reply": {"refusal": "I will not."}}]))
    with pytest.raises(RefusalError) as caught:
        ask(engine, codec, stream=stream)
    assert caught.value.refusal == "I will not."


# What is said of a wrong key and of none: the status, a piece of the body, and the code that the client reads.
KEYS: dict[str, tuple[tuple[int, str, str | None], tuple[int, str, str | None]]] = {
    "openai": (
        (401, "Incorrect API key provided: sk-wrong****-key.", "invalid_api_key"),
        (401, "You didn't provide an API key.", "invalid_api_key"),
    ),
    "openai-chat-completion": (
        (401, "Incorrect API key provided: sk-wrong****-key.", "invalid_api_key"),
        (401, "You didn't provide an API key.", "invalid_api_key"),
    ),
    "anthropic": (
        (401, '"error":{"type":"authentication_error","message":"invalid x-api-key"}', "authentication_error"),
        (401, "x-api-key header is required", "authentication_error"),
    ),
    "google": (
        (400, '"message": "API key not valid. Please pass a valid API key.",', "API_KEY_INVALID"),
        (403, '"status": "PERMISSION_DENIED"', "PERMISSION_DENIED"),
    ),
    "cohere": ((401, '{"message":"invalid api token"}', None), (401, '{"message":"no api key supplied"}', None)),
    "mistral": ((401, '{"detail":"Invalid API Key"}', None), (401, '{"detail":"Unauthorized"}', None)),
}


@pytest.mark.parametrize("given", [True, False], ids=["a wrong key", "no key"])
def test_a_key_is_refused_in_the_providers_words(codec: Codec, given: bool) -> None:
    status, said, code = KEYS[codec.provider][not given]
    endpoint = codec.endpoint
    headers = {endpoint.key_header: endpoint.key_format.format(key="sk-wrong1234-key")} if given else {}
    plan = Engine(api_key="right").answer(codec, request_of(codec, headers=headers))
    assert (plan.status, said in plan.body.decode()) == (status, True)
    error = codec.decode_error(WireResponse(plan.status, plan.body, plan.headers))
    assert isinstance(error, StatusCodeError)
    assert error.code == code


def test_a_key_is_taken_wherever_the_provider_takes_it(codec: Codec) -> None:
    stand_in, endpoint = Engine(api_key="right"), codec.endpoint
    for name, format in endpoint.key_headers:
        sent = request_of(codec, headers={name: format.format(key="right")})
        assert stand_in.answer(codec, sent).status == 200
    if endpoint.key_parameter:
        assert stand_in.answer(codec, request_of(codec, query=f"{endpoint.key_parameter}=right")).status == 200
        assert stand_in.answer(codec, request_of(codec, query=f"{endpoint.key_parameter}=left")).status != 200


# What a strict server says of a field that there is not: the status, and a piece of the body.
UNKNOWN_FIELDS = {
    "openai": (400, '"message": "Unknown parameter: \'frobnicate\'."'),
    "openai-chat-completion": (400, '"message": "Unknown parameter: \'frobnicate\'."'),
    "anthropic": (400, '"message":"frobnicate: Extra inputs are not permitted"'),
    "google": (400, 'Unknown name \\"frobnicate\\": Cannot find field.'),
    "cohere": (400, "unknown field: parameter 'frobnicate' is not a valid field."),
    "mistral": (422, '"loc":["body","frobnicate"],"msg":"Extra inputs are not permitted"'),
}


def test_a_strict_server_refuses_an_unknown_field_in_the_providers_words(codec: Codec) -> None:
    scenario = read_scenarios([{"reply": "Hi."}])
    sent = request_of(codec, extra={"frobnicate": 5})
    assert Engine(scenario).answer(codec, sent).status == 200
    plan = Engine(scenario, strict=True).answer(codec, sent)
    status, said = UNKNOWN_FIELDS[codec.provider]
    assert (plan.status, said in plan.body.decode()) == (status, True)
    assert Engine(scenario, strict=True).answer(codec, request_of(codec)).status == 200


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503, 529])
def test_an_error_is_read_as_what_was_asked_for(codec: Codec, status: int) -> None:
    engine = Engine(read_scenarios([{"fault": {"status": status, "message": "as asked"}}]))
    with pytest.raises(StatusCodeError) as caught:
        ask(engine, codec, stream=False)
    assert (caught.value.status_code, caught.value.message) == (status, "as asked")
