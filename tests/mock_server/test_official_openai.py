"""The official ``openai`` client against the server: what it reads is what the scenario said.

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
from openai.types.responses import Response
from pydantic import BaseModel

from llm_sdk.types import Citation, ImagePart, ReasoningPart, SourcePart, TextPart, ToolResultPart
from mock_server import MockServer, tool_call
from mock_server.scenarios import ScriptedToolCall

CLIENT = CLIENTS["Python", "openai (Responses)"]
MODEL = "gpt-5-mini"
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
GET_WEATHER: Any = {"type": "function", "name": "get_weather", "parameters": CITY, "strict": True}
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
    return openai.OpenAI(base_url=mock.base_url("openai"), api_key="test")


def whole(mock: MockServer, **request: Any) -> Response:
    with sync_client(mock) as client:
        return client.responses.create(model=MODEL, **request)


def streamed(mock: MockServer, **request: Any) -> Response:
    with sync_client(mock) as client:
        events = list(client.responses.create(model=MODEL, stream=True, **request))
    assert [event.sequence_number for event in events] == [*range(len(events))]
    last = events[-1]
    assert last.type in ("response.completed", "response.incomplete")
    return last.response


def collected(mock: MockServer, **request: Any) -> Response:
    """With the client's own accumulation of the stream, which checks the order of the events."""
    with sync_client(mock) as client, client.responses.stream(model=MODEL, **request) as stream:
        return stream.get_final_response()


def whole_async(mock: MockServer, **request: Any) -> Response:
    async def run() -> Response:
        async with openai.AsyncOpenAI(base_url=mock.base_url("openai"), api_key="test") as client:
            return await client.responses.create(model=MODEL, **request)

    return asyncio.run(run())


def collected_async(mock: MockServer, **request: Any) -> Response:
    async def run() -> Response:
        async with (
            openai.AsyncOpenAI(base_url=mock.base_url("openai"), api_key="test") as client,
            client.responses.stream(model=MODEL, **request) as stream,
        ):
            return await stream.get_final_response()

    return asyncio.run(run())


Ask = Callable[..., Response]
STYLES = (whole, streamed, collected, whole_async, collected_async)


@pytest.fixture(params=STYLES, ids=lambda style: style.__name__)
def ask(request: pytest.FixtureRequest) -> Ask:
    style: Ask = request.param
    return style


def output(response: Response) -> list[Any]:
    """The items, without what the client adds: parsed forms, and fields that are null."""
    return [
        {key: value for key, value in item.model_dump(exclude_none=True).items() if key != "parsed_arguments"}
        for item in response.output
    ]


def message(text: str, *, id: Any, annotations: Any = ()) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": [*annotations], "logprobs": []}]
    return {"type": "message", "role": "assistant", "status": "completed", "id": id, "content": content}


@pytest.mark.shows("text", "stream")
def test_text_with_usage_and_ids(mock: MockServer, ask: Ask) -> None:
    mock.on().reply(
        TextPart(text="Bonjour, ça va\u2028?", signature="msg_1"), id="resp_1", model_id="gpt-5-x", usage=USAGE
    )
    response = ask(mock, input="hello")

    assert (response.id, response.model, response.status) == ("resp_1", "gpt-5-x", "completed")
    assert response.output_text == "Bonjour, ça va\u2028?"
    assert output(response) == [message("Bonjour, ça va\u2028?", id="msg_1")]
    assert response.usage is not None
    assert response.usage.to_dict() == {
        "input_tokens": 30,
        "input_tokens_details": {"cached_tokens": 8},
        "output_tokens": 20,
        "output_tokens_details": {"reasoning_tokens": 12},
        "total_tokens": 50,
    }


@pytest.mark.shows("parallel tool calls", "tool results")
def test_parallel_tool_calls_and_their_results(mock: MockServer, ask: Ask) -> None:
    asked = mock.on(last_user="(?P<city>Paris) and Rome", tools=["get_weather"])
    asked.reply(
        tool_call("get_weather", {"city": "{{ city }}"}, tool_call_id="call_1"),
        ScriptedToolCall(tool_name="get_weather", args={"city": "Rome"}, tool_call_id="call_2", id="fc_2"),
    ).reply("Sunny in both.")
    response = ask(mock, input="Paris and Rome", tools=[GET_WEATHER])
    first, second = output(response)

    assert first.pop("id").startswith("fc_")
    shape = {"type": "function_call", "name": "get_weather", "status": "completed"}
    assert first == {**shape, "call_id": "call_1", "arguments": '{"city":"Paris"}'}
    assert second == {**shape, "call_id": "call_2", "arguments": '{"city":"Rome"}', "id": "fc_2"}
    history: Any = [{"role": "user", "content": "Paris and Rome"}, *response.output]
    history += [{"type": "function_call_output", "call_id": id, "output": "sun"} for id in ("call_1", "call_2")]
    assert ask(mock, input=history, tools=[GET_WEATHER]).output_text == "Sunny in both."


@pytest.mark.shows("reasoning")
def test_reasoning(mock: MockServer, ask: Ask) -> None:
    thought = "**First**\n\nA.\n**Second**\n\nB."
    mock.on().reply(ReasoningPart(text=thought, signature="gAAAA=", id="rs_1"), TextPart(text="42", signature="msg_1"))
    response = ask(
        mock, input="6*7", reasoning={"effort": "low", "summary": "auto"}, include=["reasoning.encrypted_content"]
    )

    summary = [{"type": "summary_text", "text": text} for text in ("**First**\n\nA.", "**Second**\n\nB.")]
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": "gAAAA="}
    assert output(response) == [reasoning, message("42", id="msg_1")]


def test_a_refusal(mock: MockServer, ask: Ask) -> None:
    mock.on().reply(refusal="I will not.")
    response = ask(mock, input="do it")
    (item,) = output(response)
    assert item["content"] == [{"type": "refusal", "refusal": "I will not."}]
    assert response.output_text == ""


def test_an_image(mock: MockServer, ask: Ask) -> None:
    data = base64.b64encode(b"\x89PNG\r\n\x1a\n not really").decode()
    mock.on().reply(ImagePart(mime_type="image/png", data=data, id="ig_1"))
    (item,) = output(ask(mock, input="draw", tools=[{"type": "image_generation"}]))
    assert {key: item[key] for key in ("type", "id", "status", "result")} == {
        "type": "image_generation_call",
        "id": "ig_1",
        "status": "completed",
        "result": data,
    }


@pytest.mark.shows("image input")
def test_an_image_is_read(mock: MockServer, ask: Ask) -> None:
    data = base64.b64encode(b"\x89PNG\r\n\x1a\n not really").decode()
    content = [
        {"type": "input_text", "text": "What?"},
        {"type": "input_image", "image_url": f"data:image/png;base64,{data}", "detail": "auto"},
    ]
    mock.on(last_user="What").reply("A cat.")
    assert ask(mock, input=[{"role": "user", "content": content}]).output_text == "A cat."
    (exchange,) = mock.requests
    assert exchange.input is not None
    assert exchange.input.messages[0].content == [TextPart(text="What?"), ImagePart(mime_type="image/png", data=data)]


def test_a_web_search_with_citations(mock: MockServer, ask: Ask) -> None:
    url = "https://example.com/cats"
    source = SourcePart(source=url, title="Cats", content=[])
    mock.on().reply(
        ScriptedToolCall(
            tool_name="web_search",
            args={"type": "search", "query": "cats"},
            tool_call_id="ws_1",
            id="ws_1",
            provider_executed=True,
        ),
        ToolResultPart(tool_call_id="ws_1", tool_name="web_search", content=[source], provider_executed=True),
        TextPart(
            text="Cats purr.",
            signature="msg_1",
            citations=[Citation(source=url, title="Cats", start_index=0, end_index=4)],
        ),
    )
    response = ask(mock, input="cats", tools=[{"type": "web_search"}], include=["web_search_call.action.sources"])

    action = {"type": "search", "query": "cats", "sources": [{"type": "url", "url": url}]}
    annotation = {"type": "url_citation", "url": url, "title": "Cats", "start_index": 0, "end_index": 4}
    assert output(response) == [
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": action},
        message("Cats purr.", id="msg_1", annotations=[annotation]),
    ]


# The client's own accumulation knows no end but response.completed.
@pytest.mark.parametrize("ask", [whole, streamed, whole_async])
def test_an_answer_that_is_too_long_is_incomplete(mock: MockServer, ask: Ask) -> None:
    response = ask(mock, input="word " * 40, max_output_tokens=16)
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"
    assert response.usage is not None
    assert response.usage.output_tokens == 16


@pytest.mark.shows("tool call")
def test_made_up_answers_of_every_kind(mock: MockServer, ask: Ask) -> None:
    assert ask(mock, input="hello").output_text == "You said: hello"
    (call,) = output(ask(mock, input="x", tools=[GET_WEATHER], tool_choice="required"))
    assert (call["name"], call["arguments"]) == ("get_weather", '{"city":"city"}')
    thought, _ = output(ask(mock, input="hello", reasoning={"effort": "low", "summary": "auto"}))
    assert thought["summary"] == [{"type": "summary_text", "text": "The user says: hello"}]
    image, _ = output(ask(mock, input="draw", tools=[{"type": "image_generation"}]))
    assert base64.b64decode(image["result"]).startswith(b"\x89PNG")
    search, said = output(ask(mock, input="search for cats", tools=[{"type": "web_search"}]))
    assert (search["type"], search["action"]["query"]) == ("web_search_call", "search for cats")
    assert said["content"][0]["annotations"][0]["url"] == search["action"]["sources"][0]["url"]


class Person(BaseModel):
    name: str
    age: int
    friends: list[str]


@pytest.mark.shows("structured output")
@pytest.mark.parametrize("scripted", [True, False])
def test_structured_output_is_parsed(mock: MockServer, scripted: bool) -> None:
    if scripted:
        mock.on(response_format="json").reply('{"name": "Ada", "age": 36, "friends": ["Charles"]}')
    expected = Person(name="Ada", age=36, friends=["Charles"]) if scripted else None

    with sync_client(mock) as client:
        parsed = client.responses.parse(model=MODEL, input="who?", text_format=Person).output_parsed
        with client.responses.stream(model=MODEL, input="who?", text_format=Person) as stream:
            from_stream = stream.get_final_response().output_parsed

    async def run() -> Any:
        async with openai.AsyncOpenAI(base_url=mock.base_url("openai"), api_key="test") as client:
            return (await client.responses.parse(model=MODEL, input="who?", text_format=Person)).output_parsed

    assert isinstance(parsed, Person)
    assert parsed == from_stream == asyncio.run(run()) == (expected or parsed)


def test_an_agent_loop_ends_by_itself(mock: MockServer) -> None:
    history: list[Any] = [{"role": "user", "content": "please call get_weather"}]
    with sync_client(mock) as client:
        for _ in range(5):
            response = client.responses.create(model=MODEL, input=history, tools=[GET_WEATHER])
            history += response.output
            calls = [item for item in response.output if item.type == "function_call"]
            if not calls:
                break
            history += [{"type": "function_call_output", "call_id": call.call_id, "output": "sunny"} for call in calls]
    assert response.output_text == "get_weather answered: sunny"
    mock.assert_requested(provider="openai", times=2)


@pytest.mark.shows
@pytest.mark.parametrize(
    ("status", "error", "attempts"),
    [
        (400, openai.BadRequestError, 1),
        (401, openai.AuthenticationError, 1),
        (403, openai.PermissionDeniedError, 1),
        (404, openai.NotFoundError, 1),
        (408, openai.APIStatusError, 3),
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
    with sync_client(mock) as client, pytest.raises(error) as caught:
        client.responses.create(model=MODEL, input="x", stream=stream)

    assert caught.value.status_code == status
    assert (caught.value.code, caught.value.request_id) == ("a_code", caught.value.response.headers["x-request-id"])
    assert str(caught.value.request_id).startswith("req_")
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["message"] == "as asked"
    counts = [exchange.headers["x-stainless-retry-count"] for exchange in mock.assert_requested(times=attempts)]
    assert counts == [str(at) for at in range(attempts)]


@pytest.mark.shows("retry")
def test_a_retry_succeeds(mock: MockServer, ask: Ask) -> None:
    mock.on().fault(status=429, retry_after=0.001).fault(status=503, retry_after=0.001).reply("at last")
    assert ask(mock, input="x").output_text == "at last"
    assert [exchange.status for exchange in mock.requests] == [429, 503, 200]


@pytest.mark.shows("cut stream")
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"cut_after_events": 5}, (openai.APIConnectionError, httpx2.RemoteProtocolError)),
        ({"cut_after_bytes": 500}, (openai.APIConnectionError, httpx2.RemoteProtocolError)),
        ({"malformed_event": 6}, ValueError),
        ({"omit_end": True}, RuntimeError),
    ],
)
def test_a_damaged_stream_is_an_error_of_the_client(mock: MockServer, fault: dict[str, Any], error: Any) -> None:
    mock.on().reply("a b c d e f g", fault=fault)
    with pytest.raises(error):
        collected(mock, input="x")
    mock.assert_requested(times=1)


@pytest.mark.shows("abort")
def test_a_stream_can_be_broken_off(mock: MockServer) -> None:
    # Whoever does not break it off waits for minutes.
    mock.on(last_user="long").reply("word " * 3600, pace={"delay": 0.05})
    with sync_client(mock) as client:
        with client.responses.stream(model=MODEL, input="long") as stream:
            assert next(event.delta for event in stream if event.type == "response.output_text.delta") == "word"
        assert client.responses.create(model=MODEL, input="hello").output_text == "You said: hello"


def test_the_clients_own_timeout(mock: MockServer) -> None:
    mock.on().fault(latency=3600)
    client = openai.OpenAI(base_url=mock.base_url("openai"), api_key="test", timeout=0.2, max_retries=0)
    with client, pytest.raises(openai.APITimeoutError):
        client.responses.create(model=MODEL, input="x")


@pytest.mark.parametrize("path", ["/openai/v1", "/v1"])
def test_base_urls(mock: MockServer, path: str) -> None:
    with openai.OpenAI(base_url=mock.url + path, api_key="test") as client:
        assert client.responses.create(model=MODEL, input="hello").output_text == "You said: hello"
        assert MODEL in [model.id for model in client.models.list()]


def test_in_process_without_a_socket() -> None:
    mock = MockServer(in_process=True)
    with openai.OpenAI(api_key="test", http_client=httpx2.Client(transport=mock.transport)) as client:
        assert client.responses.create(model=MODEL, input="hello").output_text == "You said: hello"
        with client.responses.stream(model=MODEL, input="hello") as stream:
            assert stream.get_final_response().output_text == "You said: hello"
    mock.assert_requested(provider="openai", times=2)


def test_a_wrong_key_and_a_malformed_request(mock: MockServer) -> None:
    with MockServer(in_process=True, api_key="right") as guarded:
        client = openai.OpenAI(api_key="wrong", http_client=httpx2.Client(transport=guarded.transport))
        with client, pytest.raises(openai.AuthenticationError) as caught:
            client.responses.create(model=MODEL, input="x")
        assert caught.value.code == "invalid_api_key"
    with sync_client(mock) as client:
        for body in ({"input": "x"}, {"model": MODEL, "input": [{"type": "message"}]}, [1]):
            with pytest.raises(openai.BadRequestError) as refused:
                client.post("/responses", body=body, cast_to=object)
            assert isinstance(refused.value.body, dict)
            assert refused.value.body["type"] == "invalid_request_error"
