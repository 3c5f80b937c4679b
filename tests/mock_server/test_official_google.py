"""The official ``google-genai`` client against the server: what it reads is what the scenario said.

The client is an independent peer of the protocol. Each case runs whole and streamed, sync and async.
"""

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from google import genai
from google.genai import errors, types
from official_clients import CLIENTS
from pydantic import BaseModel

from llm_sdk.types import (
    AudioPart,
    Citation,
    FilePart,
    ImagePart,
    ReasoningPart,
    SourcePart,
    TextPart,
    ToolResultPart,
)
from mock_server import MockServer, tool_call
from mock_server.scenarios import ScriptedToolCall

CLIENT = CLIENTS["Python", "google-genai"]
MODEL = "gemini-3-flash-preview"
SIGNATURE = base64.b64encode(b"\x0a\x24\x01r\xc8").decode()
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
GET_WEATHER = types.FunctionDeclaration(name="get_weather", parameters_json_schema=CITY)
TOOLS: Any = {"tools": [types.Tool(function_declarations=[GET_WEATHER])]}
USAGE = {
    "input_tokens": 30,
    "output_tokens": 20,
    "input_tokens_details": {"text_tokens": 30, "cached_text_tokens": 8},
    "output_tokens_details": {"reasoning_tokens": 12},
}
Response = types.GenerateContentResponse


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as mock:
        yield mock


@pytest.fixture
def mock(server: MockServer) -> MockServer:
    server.reset()
    return server


def make_client(mock: MockServer, **options: Any) -> genai.Client:
    http = types.HttpOptions(base_url=mock.base_url("google"), **options)
    return genai.Client(api_key="test", http_options=http)


def whole(mock: MockServer, contents: Any, **config: Any) -> list[Response]:
    with make_client(mock) as client:
        return [client.models.generate_content(model=MODEL, contents=contents, config=config)]


def streamed(mock: MockServer, contents: Any, **config: Any) -> list[Response]:
    with make_client(mock) as client:
        return list(client.models.generate_content_stream(model=MODEL, contents=contents, config=config))


def whole_async(mock: MockServer, contents: Any, **config: Any) -> list[Response]:
    async def run() -> list[Response]:
        async with make_client(mock).aio as client:
            return [await client.models.generate_content(model=MODEL, contents=contents, config=config)]

    return asyncio.run(run())


def streamed_async(mock: MockServer, contents: Any, **config: Any) -> list[Response]:
    async def run() -> list[Response]:
        async with make_client(mock).aio as client:
            stream = await client.models.generate_content_stream(model=MODEL, contents=contents, config=config)
            return [chunk async for chunk in stream]

    return asyncio.run(run())


Ask = Callable[..., list[Response]]
STYLES = (whole, streamed, whole_async, streamed_async)


@pytest.fixture(params=STYLES, ids=lambda style: style.__name__)
def ask(request: pytest.FixtureRequest) -> Ask:
    style: Ask = request.param
    return style


def output(chunks: list[Response]) -> list[dict[str, Any]]:
    """The parts of all chunks; pieces of a text, or of a thought, are put together."""
    parts: list[dict[str, Any]] = []
    for part in (part for chunk in chunks for part in chunk.parts or ()):
        fields = part.model_dump(exclude_none=True)
        last = parts[-1] if parts else {}
        same = {"text", "thought"} & fields.keys() == {"text", "thought"} & last.keys() != set()
        if same and "thought_signature" not in last:
            parts[-1] = {**last, **fields, "text": last["text"] + fields["text"]}
        else:
            parts.append(fields)
    return parts


def said(chunks: list[Response]) -> str:
    return "".join(part["text"] for part in output(chunks) if "text" in part and not part.get("thought"))


def candidate(chunks: list[Response]) -> types.Candidate:
    """The one that ends the answer."""
    [last] = chunks[-1].candidates or []
    return last


@pytest.mark.shows("text", "stream")
def test_text_with_usage_and_ids(mock: MockServer, ask: Ask) -> None:
    mock.on().reply(TextPart(text="Bonjour, ça va\u2028?"), id="za9caLp-rJ", model_id="gemini-3-x", usage=USAGE)
    chunks = ask(mock, "hello")

    assert output(chunks) == [{"text": "Bonjour, ça va\u2028?"}]
    assert {(chunk.response_id, chunk.model_version) for chunk in chunks} == {("za9caLp-rJ", "gemini-3-x")}
    assert candidate(chunks).finish_reason is types.FinishReason.STOP
    usage = chunks[-1].usage_metadata
    assert usage is not None
    assert usage.model_dump(exclude_none=True, mode="json") == {
        "prompt_token_count": 30,
        "candidates_token_count": 8,
        "total_token_count": 50,
        "cached_content_token_count": 8,
        "thoughts_token_count": 12,
        "prompt_tokens_details": [{"modality": "TEXT", "token_count": 30}],
        "cache_tokens_details": [{"modality": "TEXT", "token_count": 8}],
    }


@pytest.mark.shows("parallel tool calls", "tool results")
def test_parallel_tool_calls_and_their_results(mock: MockServer, ask: Ask) -> None:
    asked = mock.on(last_user="(?P<city>Paris) and Rome", tools=["get_weather"])
    asked.reply(
        tool_call("get_weather", {"city": "{{ city }}"}, tool_call_id="call_1"),
        tool_call("get_weather", {"city": "Rome"}, tool_call_id="call_2"),
    ).reply("Sunny in both.")
    question = types.Content(role="user", parts=[types.Part(text="Paris and Rome")])
    chunks = ask(mock, [question], **TOOLS)

    assert output(chunks) == [
        {"function_call": {"name": "get_weather", "args": {"city": city}, "id": id}}
        for city, id in (("Paris", "call_1"), ("Rome", "call_2"))
    ]
    assert candidate(chunks).finish_reason is types.FinishReason.STOP
    calls = types.Content(role="model", parts=[part for chunk in chunks for part in chunk.parts or ()])
    results = [
        types.Part(function_response=types.FunctionResponse(id=id, name="get_weather", response={"output": "sun"}))
        for id in ("call_1", "call_2")
    ]
    assert said(ask(mock, [question, calls, types.Content(role="user", parts=results)], **TOOLS)) == "Sunny in both."
    [read] = [message for message in mock.requests[-1].input.messages if message.role == "tool"]
    assert [(part.tool_call_id, part.content) for part in read.content] == [
        (id, [TextPart(text="sun")]) for id in ("call_1", "call_2")
    ]


@pytest.mark.shows("reasoning")
def test_thoughts_and_signatures(mock: MockServer, ask: Ask) -> None:
    call = ScriptedToolCall(tool_name="f", args={}, tool_call_id="a", signature=SIGNATURE)
    mock.on().reply(ReasoningPart(text="Let me see."), TextPart(text="6*7 is 42", signature=SIGNATURE), call)
    chunks = ask(mock, "6*7", thinking_config={"include_thoughts": True})

    signature = base64.b64decode(SIGNATURE)
    assert output(chunks) == [
        {"text": "Let me see.", "thought": True},
        {"text": "6*7 is 42", "thought_signature": signature},
        {"function_call": {"name": "f", "args": {}, "id": "a"}, "thought_signature": signature},
    ]
    parts = [part for chunk in chunks for part in chunk.parts or ()]
    ask(mock, [types.Content(role="user", parts=[types.Part(text="6*7")]), types.Content(role="model", parts=parts)])
    [_, history] = mock.requests[-1].input.messages
    assert [getattr(part, "signature", None) for part in history.content][-2:] == [SIGNATURE] * 2


def test_a_refusal(mock: MockServer, ask: Ask) -> None:
    mock.on().reply(refusal="I will not.")
    chunks = ask(mock, "do it")
    assert output(chunks) == []
    # The client leaves out finishMessage, which says "I will not.".
    assert candidate(chunks).finish_reason is types.FinishReason.SAFETY


def test_media_of_the_model(mock: MockServer, ask: Ask) -> None:
    data = b"\x89PNG not really"
    encoded = base64.b64encode(data).decode()
    mock.on().reply(
        ImagePart(mime_type="image/png", data=encoded),
        AudioPart(format="linear16", data=encoded, sample_rate=24000),
    )
    assert output(ask(mock, "draw")) == [
        {"inline_data": {"mime_type": "image/png", "data": data}},
        {"inline_data": {"mime_type": "audio/L16;codec=pcm;rate=24000", "data": data}},
    ]


@pytest.mark.shows("image input")
def test_media_of_the_user(mock: MockServer, ask: Ask) -> None:
    parts = [
        types.Part.from_bytes(data=b"\xff\xd8\xff\xfe\xfd\xfb", mime_type="image/jpeg"),
        types.Part.from_bytes(data=b"wav", mime_type="audio/wav"),
        types.Part.from_uri(file_uri="https://example.com/a.pdf", mime_type="application/pdf"),
        "What is this?",
    ]
    ask(mock, parts)
    [message] = mock.requests[-1].input.messages
    assert message.content == [
        ImagePart(mime_type="image/jpeg", data="/9j//v37"),
        AudioPart(format="wav", data="d2F2"),
        FilePart(mime_type="application/pdf", url="https://example.com/a.pdf"),
        TextPart(text="What is this?"),
    ]


def test_a_web_search_with_citations(mock: MockServer, ask: Ask) -> None:
    url = "https://example.com/cats"
    source = SourcePart(source=url, title="Cats", content=[])
    search = {"tool_call_id": "s", "tool_name": "web_search", "provider_executed": True}
    mock.on().reply(
        ScriptedToolCall.model_validate({**search, "args": {"query": "cats"}}),
        ToolResultPart(content=[source], **search),
        TextPart(text="«Cats» purr.", citations=[Citation(source=url, title="Cats", start_index=0, end_index=6)]),
    )
    chunks = ask(mock, "cats", tools=[types.Tool(google_search=types.GoogleSearch())])

    assert output(chunks) == [{"text": "«Cats» purr."}]
    grounding = candidate(chunks).grounding_metadata
    assert grounding is not None
    assert grounding.web_search_queries == ["cats"]
    assert grounding.grounding_chunks == [types.GroundingChunk(web=types.GroundingChunkWeb(uri=url, title="Cats"))]
    segment = types.Segment(end_index=8)
    assert grounding.grounding_supports == [types.GroundingSupport(segment=segment, grounding_chunk_indices=[0])]


def test_an_answer_that_is_too_long(mock: MockServer, ask: Ask) -> None:
    chunks = ask(mock, "word " * 40, max_output_tokens=16)
    assert candidate(chunks).finish_reason is types.FinishReason.MAX_TOKENS
    usage = chunks[-1].usage_metadata
    assert usage is not None
    assert usage.candidates_token_count == 16


@pytest.mark.shows("tool call")
def test_made_up_answers_of_every_kind(mock: MockServer, ask: Ask) -> None:
    assert said(ask(mock, "hello")) == "You said: hello"
    [call] = output(ask(mock, "x", tool_config={"function_calling_config": {"mode": "ANY"}}, **TOOLS))
    assert call["function_call"]["args"] == {"city": "city"}
    thought, _ = output(ask(mock, "hello", thinking_config={"thinking_level": "LOW", "include_thoughts": True}))
    assert (thought["text"], thought["thought"]) == ("The user says: hello", True)
    image, _ = output(ask(mock, "draw", response_modalities=["TEXT", "IMAGE"]))
    assert image["inline_data"]["data"].startswith(b"\x89PNG")


class Person(BaseModel):
    name: str
    age: int
    friends: list[str]


@pytest.mark.shows("structured output")
@pytest.mark.parametrize("by_json_schema", [False, True])
def test_structured_output_is_parsed(mock: MockServer, by_json_schema: bool) -> None:
    schema = {"response_json_schema": Person.model_json_schema()} if by_json_schema else {"response_schema": Person}
    config: Any = {"response_mime_type": "application/json", **schema}
    (made_up,) = whole(mock, "who?", **config)
    assert Person.model_validate_json(made_up.text or "")
    mock.on(response_format="json").reply('{"name": "Ada", "age": 36, "friends": ["Charles"]}')
    (answer,) = whole(mock, "who?", **config)
    expected = Person(name="Ada", age=36, friends=["Charles"])
    assert answer.parsed == (expected.model_dump() if by_json_schema else expected)
    assert Person.model_validate_json(said(streamed(mock, "who?", **config))) == expected


def test_the_clients_own_loop_of_function_calls(mock: MockServer) -> None:
    def get_weather(city: str) -> str:
        """Weather of a city."""
        return f"sun in {city}"

    [answer] = whole(mock, "please call get_weather", tools=[get_weather])
    assert answer.text == 'get_weather answered: {"result":"sun in city"}'
    mock.assert_requested(provider="google", times=2)


def test_a_conversation(mock: MockServer) -> None:
    with make_client(mock) as client:
        chat = client.chats.create(model=MODEL, config={"system_instruction": "Be brief.", "temperature": 0})
        chat.send_message("hello")
        assert "".join(chunk.text or "" for chunk in chat.send_message_stream("again")) == "You said: again"
    input = mock.requests[-1].input
    assert (input.system_prompt, input.temperature) == ("Be brief.", 0)
    assert [message.role for message in input.messages] == ["user", "assistant", "user"]


@pytest.mark.shows
@pytest.mark.parametrize(
    ("status", "error"),
    [(status, errors.ClientError) for status in (400, 401, 403, 404, 413, 422, 429)]
    + [(status, errors.ServerError) for status in (500, 503, 529)],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_have_the_providers_form(
    mock: MockServer, status: int, error: type[errors.APIError], stream: bool
) -> None:
    mock.on().fault(status=status, message="as asked", code="A_REASON", retry_after=1.5)
    with pytest.raises(error) as caught:
        (streamed if stream else whole)(mock, "x")
    assert (caught.value.code, caught.value.message) == (status, "as asked")
    assert caught.value.status is not None
    assert caught.value.status.isupper()
    reason, wait = caught.value.details["error"]["details"]
    assert (reason["reason"], wait["retryDelay"]) == ("A_REASON", "1.5s")
    mock.assert_requested(times=1)  # the client asks again only when it is told to


@pytest.mark.shows("retry")
def test_a_retry_succeeds(mock: MockServer) -> None:
    mock.on().fault(status=429).fault(status=503).reply("at last")
    retry = types.HttpRetryOptions(attempts=3, initial_delay=0.001, max_delay=0.001, jitter=0)
    with make_client(mock, retry_options=retry) as client:
        assert client.models.generate_content(model=MODEL, contents="x").text == "at last"
    assert [exchange.status for exchange in mock.requests] == [429, 503, 200]


@pytest.mark.shows("cut stream")
@pytest.mark.parametrize("fault", [{"cut_after_events": 2}, {"cut_after_bytes": 300}])
def test_a_stream_that_is_cut_is_an_error_of_the_client(mock: MockServer, fault: dict[str, Any]) -> None:
    mock.on().reply("a b c d e f g", fault=fault)
    with pytest.raises(httpx2.RemoteProtocolError):
        streamed(mock, "x")


@pytest.mark.shows("abort")
def test_a_stream_can_be_broken_off(mock: MockServer) -> None:
    # Whoever does not break it off waits for minutes.
    mock.on(last_user="long").reply("word " * 3600, pace={"delay": 0.05})
    with make_client(mock) as client:
        stream = client.models.generate_content_stream(model=MODEL, contents="long")
        assert next(stream).text == "word"
        stream.close()
        assert client.models.generate_content(model=MODEL, contents="hello").text == "You said: hello"


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
@pytest.mark.parametrize("path", ["/google", ""])
def test_paths(mock: MockServer, version: str, path: str) -> None:
    http = types.HttpOptions(base_url=mock.url + path, api_version=version)
    with genai.Client(api_key="test", http_options=http) as client:
        assert client.models.generate_content(model=MODEL, contents="hello").text == "You said: hello"
    assert mock.requests[-1].path == f"/{version}/models/{MODEL}:generateContent"


def test_a_stream_without_server_sent_events_is_an_array(mock: MockServer) -> None:
    mock.on().reply("a b c")
    url = f"{mock.base_url('google')}/v1beta/models/{MODEL}:streamGenerateContent"
    with httpx2.Client() as client:
        body = {"contents": [{"parts": [{"text": "x"}]}]}
        answer = client.post(url, json=body)
        events = client.post(url, params={"alt": "sse"}, json=body)
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"
    chunks = [types.GenerateContentResponse.model_validate(chunk) for chunk in json.loads(answer.content)]
    assert said(chunks) == "a b c"
    assert events.headers["content-type"] == "text/event-stream"
    frames = events.content.removesuffix(b"\r\n\r\n").split(b"\r\n\r\n")
    assert all(frame.startswith(b"data: {") for frame in frames)
    assert (
        "".join(types.GenerateContentResponse.model_validate_json(frame[6:]).text or "" for frame in frames) == "a b c"
    )


def test_in_process_without_a_socket() -> None:
    mock = MockServer(in_process=True)
    http = types.HttpOptions(httpx_client=httpx2.Client(transport=mock.transport))
    with genai.Client(api_key="test", http_options=http) as client:
        assert client.models.generate_content(model=MODEL, contents="hello").text == "You said: hello"
    mock.assert_requested(provider="google", times=1)


def test_a_malformed_request(mock: MockServer) -> None:
    with (
        make_client(mock) as client,
        pytest.raises(errors.ClientError, match=r"Please use a valid role: user, model\."),
    ):
        client.models.generate_content(model=MODEL, contents=types.Content(role="robot", parts=[types.Part(text="x")]))
