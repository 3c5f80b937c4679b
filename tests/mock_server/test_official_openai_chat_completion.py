"""The official ``openai`` client's chat completions against the server: what it reads is what the scenario said.

The client is an independent peer of the protocol. Each case runs whole and streamed, sync and async.
"""

import asyncio
import base64
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import openai
import pytest
from official_clients import CLIENTS
from openai.types.chat import ChatCompletion
from pydantic import BaseModel

from llm_sdk.types import AudioPart, Citation, ImagePart, TextPart, ToolCallPart
from mock_server import MockServer, tool_call

CLIENT = CLIENTS["Python", "openai (chat)"]
PROVIDER = "openai-chat-completion"
MODEL = "gpt-5-mini"
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
GET_WEATHER: Any = {"type": "function", "function": {"name": "get_weather", "parameters": CITY, "strict": True}}
USAGE = {
    "input_tokens": 30,
    "output_tokens": 20,
    "input_tokens_details": {"cached_text_tokens": 8},
    "output_tokens_details": {"reasoning_tokens": 12},
}


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as mock:
        yield mock


@pytest.fixture
def mock(server: MockServer) -> MockServer:
    server.reset()
    return server


def sync_client(mock: MockServer) -> openai.OpenAI:
    return openai.OpenAI(base_url=mock.base_url(PROVIDER), api_key="test")


def asked(text: str | None, request: dict[str, Any]) -> dict[str, Any]:
    return {"model": MODEL, "messages": [{"role": "user", "content": text}], **request}


def whole(mock: MockServer, text: str | None = None, **request: Any) -> ChatCompletion:
    with sync_client(mock) as client:
        completion: ChatCompletion = client.chat.completions.create(**asked(text, request))
        return completion


def collected(mock: MockServer, text: str | None = None, **request: Any) -> ChatCompletion:
    """With the client's own accumulation of the stream."""
    options = {"stream_options": {"include_usage": True}, **request}
    with sync_client(mock) as client, client.chat.completions.stream(**asked(text, options)) as stream:
        return stream.get_final_completion()


def whole_async(mock: MockServer, text: str | None = None, **request: Any) -> ChatCompletion:
    async def run() -> ChatCompletion:
        async with openai.AsyncOpenAI(base_url=mock.base_url(PROVIDER), api_key="test") as client:
            completion: ChatCompletion = await client.chat.completions.create(**asked(text, request))
            return completion

    return asyncio.run(run())


Ask = Callable[..., ChatCompletion]


@pytest.fixture(params=[whole, collected, whole_async], ids=lambda style: style.__name__)
def ask(request: pytest.FixtureRequest) -> Ask:
    style: Ask = request.param
    return style


def said(completion: ChatCompletion) -> dict[str, Any]:
    """The message of the only choice, without what is null or empty, and without what the client adds."""
    (choice,) = completion.choices
    message = {key: value for key, value in choice.message.model_dump(exclude_none=True).items() if value != []}
    for call in message.get("tool_calls", ()):
        call.pop("index", None)
        call["function"].pop("parsed_arguments", None)
    return message


@pytest.mark.shows("text", "stream")
def test_text_with_usage_and_ids(mock: MockServer, ask: Ask) -> None:
    mock.on().reply("Bonjour, ça va\u2028?", id="chatcmpl-1", model_id="gpt-5-x", usage=USAGE)
    completion = ask(mock, "hello")

    assert (completion.id, completion.model) == ("chatcmpl-1", "gpt-5-x")
    assert completion.choices[0].finish_reason == "stop"
    assert said(completion) == {"role": "assistant", "content": "Bonjour, ça va\u2028?"}
    assert completion.usage is not None
    assert completion.usage.to_dict() == {
        "prompt_tokens": 30,
        "completion_tokens": 20,
        "total_tokens": 50,
        "prompt_tokens_details": {"cached_tokens": 8},
        "completion_tokens_details": {"reasoning_tokens": 12},
    }


def test_the_chunks_of_a_stream(mock: MockServer) -> None:
    mock.on().reply("a b", usage=USAGE)
    with sync_client(mock) as client:
        options = asked("hello", {"stream": True, "stream_options": {"include_usage": True}})
        first, *chunks, end, usage = client.chat.completions.create(**options)
    assert (first.choices[0].delta.role, first.choices[0].delta.content) == ("assistant", "")
    assert "".join(chunk.choices[0].delta.content for chunk in chunks) == "a b"
    assert [chunk.usage for chunk in (first, *chunks, end)] == [None] * (len(chunks) + 2)
    assert end.choices[0].finish_reason == "stop"
    assert (usage.choices, usage.usage.total_tokens) == ([], 50)
    assert len({chunk.id for chunk in (first, *chunks, end, usage)}) == 1


@pytest.mark.shows("parallel tool calls", "tool results")
def test_parallel_tool_calls_and_their_results(mock: MockServer, ask: Ask) -> None:
    scenario = mock.on(last_user="(?P<city>Paris) and Rome", tools=["get_weather"])
    scenario.reply(
        tool_call("get_weather", {"city": "{{ city }}"}, tool_call_id="call_1"),
        tool_call("get_weather", {"city": "Rome"}, tool_call_id="call_2"),
    ).reply("Sunny in both.")
    completion = ask(mock, "Paris and Rome", tools=[GET_WEATHER])

    assert completion.choices[0].finish_reason == "tool_calls"
    assert said(completion)["tool_calls"] == [
        {"id": id, "type": "function", "function": {"name": "get_weather", "arguments": f'{{"city":"{city}"}}'}}
        for id, city in (("call_1", "Paris"), ("call_2", "Rome"))
    ]
    history: Any = [{"role": "user", "content": "Paris and Rome"}, completion.choices[0].message]
    history += [{"role": "tool", "tool_call_id": id, "content": "sun"} for id in ("call_1", "call_2")]
    assert said(ask(mock, messages=history, tools=[GET_WEATHER]))["content"] == "Sunny in both."


@pytest.mark.shows("tool call")
def test_text_and_a_call_without_arguments(mock: MockServer, ask: Ask) -> None:
    mock.on().reply("Let me look.", tool_call("now", {}, tool_call_id="call_1"))
    message = said(ask(mock, "hello"))
    assert message["content"] == "Let me look."
    assert [call["function"] for call in message["tool_calls"]] == [{"name": "now", "arguments": "{}"}]


def test_a_refusal(mock: MockServer, ask: Ask) -> None:
    mock.on().reply(refusal="I will not.")
    assert said(ask(mock, "do it")) == {"role": "assistant", "refusal": "I will not."}


# The client's own accumulation does not add up lists of annotations.
@pytest.mark.parametrize("ask", [whole, whole_async])
def test_citations(mock: MockServer, ask: Ask) -> None:
    url = "https://example.com/cats"
    cited = Citation(source=url, title="Cats", start_index=0, end_index=4)
    mock.on().reply(TextPart(text="Cats purr.", citations=[cited]))
    annotations = said(ask(mock, "cats", web_search_options={}))["annotations"]
    fields = {"url": url, "title": "Cats", "start_index": 0, "end_index": 4}
    assert annotations == [{"type": "url_citation", "url_citation": fields}]


@pytest.mark.parametrize("ask", [whole, whole_async])
def test_audio(mock: MockServer, ask: Ask) -> None:
    data = base64.b64encode(b"RIFF\0\0\0\0WAVE").decode()
    mock.on().reply(AudioPart(data=data, format="wav", transcript="Hi", id="audio_1"))
    spoken = said(ask(mock, "hello", modalities=["text", "audio"], audio={"voice": "alloy", "format": "wav"}))["audio"]
    assert (spoken["id"], spoken["data"], spoken["transcript"]) == ("audio_1", data, "Hi")
    assert spoken["expires_at"] > 0


def test_reasoning_of_compatible_servers(mock: MockServer) -> None:
    mock.on().reply({"type": "reasoning", "text": "Hm."}, "42")
    message = whole(mock, "6*7").choices[0].message
    assert (message.content, getattr(message, "reasoning_content", None)) == ("42", "Hm.")


@pytest.mark.shows("image input")
def test_an_image_is_read(mock: MockServer, ask: Ask) -> None:
    data = base64.b64encode(b"\x89PNG\r\n\x1a\n not really").decode()
    content = [
        {"type": "text", "text": "What?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}},
    ]
    mock.on(last_user="What").reply("A cat.")
    assert said(ask(mock, messages=[{"role": "user", "content": content}]))["content"] == "A cat."
    (exchange,) = mock.requests
    assert exchange.input is not None
    assert exchange.input.messages[0].content[1] == ImagePart(mime_type="image/png", data=data)


def test_several_choices_and_log_probabilities(mock: MockServer) -> None:
    mock.on().reply("a b")
    completion = whole(mock, "hello", n=2, logprobs=True)
    assert [choice.message.content for choice in completion.choices] == ["a b", "a b"]
    logprobs = completion.choices[1].logprobs
    assert logprobs is not None
    assert [token.token for token in logprobs.content or ()] == ["a", " b"]


def test_the_deprecated_functions(mock: MockServer) -> None:
    function = {"name": "get_weather", "parameters": CITY}
    completion = whole(mock, "x", functions=[function], function_call={"name": "get_weather"})
    assert completion.choices[0].finish_reason == "function_call"
    called = completion.choices[0].message.function_call
    assert called is not None
    assert (called.name, called.arguments) == ("get_weather", '{"city":"city"}')
    history = [
        {"role": "user", "content": "x"},
        completion.choices[0].message,
        {"role": "function", "name": "get_weather", "content": "sunny"},
    ]
    assert said(whole(mock, messages=history, functions=[function]))["content"] == "get_weather answered: sunny"


def test_an_answer_that_is_too_long_is_cut(mock: MockServer) -> None:
    completion = whole(mock, "word " * 40, max_completion_tokens=16)
    assert completion.choices[0].finish_reason == "length"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 16


class Person(BaseModel):
    name: str
    age: int
    friends: list[str]


@pytest.mark.shows("structured output")
@pytest.mark.parametrize("scripted", [True, False])
def test_structured_output_is_parsed(mock: MockServer, scripted: bool) -> None:
    if scripted:
        mock.on(response_format="json").reply('{"name": "Ada", "age": 36, "friends": ["Charles"]}')
    with sync_client(mock) as client:
        request = asked("who?", {"response_format": Person})
        parsed = client.chat.completions.parse(**request).choices[0].message.parsed
        with client.chat.completions.stream(**request) as stream:
            from_stream = stream.get_final_completion().choices[0].message.parsed
    assert isinstance(parsed, Person)
    assert parsed == from_stream
    assert not scripted or parsed == Person(name="Ada", age=36, friends=["Charles"])


def test_an_agent_loop_ends_by_itself(mock: MockServer) -> None:
    history: list[Any] = [{"role": "user", "content": "please call get_weather"}]
    with sync_client(mock) as client:
        for _ in range(5):
            message = (
                client.chat.completions.create(model=MODEL, messages=history, tools=[GET_WEATHER]).choices[0].message
            )
            history.append(message)
            if not message.tool_calls:
                break
            history += [{"role": "tool", "tool_call_id": call.id, "content": "sunny"} for call in message.tool_calls]
    assert message.content == "get_weather answered: sunny"
    mock.assert_requested(provider=PROVIDER, times=2)


@pytest.mark.shows
@pytest.mark.parametrize(
    ("status", "error", "attempts"),
    [
        (400, openai.BadRequestError, 1),
        (401, openai.AuthenticationError, 1),
        (403, openai.PermissionDeniedError, 1),
        (404, openai.NotFoundError, 1),
        (409, openai.ConflictError, 3),
        (413, openai.APIStatusError, 1),
        (422, openai.UnprocessableEntityError, 1),
        (429, openai.RateLimitError, 3),
        (500, openai.InternalServerError, 3),
        (503, openai.InternalServerError, 3),
        (529, openai.InternalServerError, 3),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_have_the_providers_form(
    mock: MockServer, status: int, error: type[openai.APIStatusError], attempts: int, stream: bool
) -> None:
    mock.on().fault(status=status, message="as asked", code="a_code", retry_after=0.001)
    with pytest.raises(error) as caught:
        whole(mock, "x", stream=stream)
    assert (caught.value.status_code, caught.value.code) == (status, "a_code")
    assert str(caught.value.request_id).startswith("req_")
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["message"] == "as asked"
    mock.assert_requested(provider=PROVIDER, times=attempts)


@pytest.mark.shows("retry")
def test_a_retry_succeeds(mock: MockServer, ask: Ask) -> None:
    mock.on().fault(status=429, retry_after=0.001).fault(status=503, retry_after=0.001).reply("at last")
    assert said(ask(mock, "x"))["content"] == "at last"
    assert [exchange.status for exchange in mock.requests] == [429, 503, 200]


@pytest.mark.shows("cut stream")
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"cut_after_events": 3}, (openai.APIConnectionError, httpx2.RemoteProtocolError)),
        ({"cut_after_bytes": 500}, (openai.APIConnectionError, httpx2.RemoteProtocolError)),
        ({"malformed_event": 3}, ValueError),
    ],
)
def test_a_damaged_stream_is_an_error_of_the_client(mock: MockServer, fault: dict[str, Any], error: Any) -> None:
    mock.on().reply("a b c d e f g", fault=fault)
    with pytest.raises(error):
        collected(mock, "x")
    mock.assert_requested(times=1)


@pytest.mark.shows("abort")
def test_a_stream_can_be_broken_off(mock: MockServer) -> None:
    # Whoever does not break it off waits for minutes.
    mock.on(last_user="long").reply("word " * 3600, pace={"delay": 0.05})
    with sync_client(mock) as client:
        with client.chat.completions.create(**asked("long", {"stream": True})) as stream:
            assert next(chunk for chunk in stream if chunk.choices[0].delta.content).choices[0].delta.content == "word"
        assert said(client.chat.completions.create(**asked("hello", {})))["content"] == "You said: hello"


def test_calls_without_results_are_refused(mock: MockServer) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    history = [{"role": "assistant", "tool_calls": [call]}, {"role": "user", "content": "and?"}]
    with pytest.raises(openai.BadRequestError, match="did not have response messages: call_1"):
        whole(mock, messages=history)


@pytest.mark.parametrize("stream", [False, True])
def test_azure_paths(mock: MockServer, stream: bool) -> None:
    client = openai.AzureOpenAI(azure_endpoint=mock.url, api_key="test", api_version="2024-10-21")
    with client:
        answer = client.chat.completions.create(**asked("hello", {"stream": stream}))
        if stream:
            text = "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices)
        else:
            text = answer.choices[0].message.content
    assert text == "You said: hello"
    mock.assert_requested(provider=PROVIDER, times=1)


def test_history_of_the_client_is_read(mock: MockServer) -> None:
    mock.on().reply(tool_call("get_weather", {"city": "Rome"}, tool_call_id="call_1")).reply("Sunny.")
    first = collected(mock, "Rome?", tools=[GET_WEATHER])
    history = [
        {"role": "user", "content": "Rome?"},
        first.choices[0].message.to_dict(),
        {"role": "tool", "tool_call_id": "call_1", "content": "sun"},
    ]
    assert said(collected(mock, messages=history, tools=[GET_WEATHER]))["content"] == "Sunny."
    exchange = mock.requests[-1]
    assert exchange.input is not None
    assert exchange.input.messages[1].content == [
        ToolCallPart(tool_call_id="call_1", tool_name="get_weather", args={"city": "Rome"})
    ]
