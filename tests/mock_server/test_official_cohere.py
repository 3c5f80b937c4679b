"""The official ``cohere`` client against the server: what it reads is what the scenario said.

The client is an independent peer of the protocol. Each case runs whole and streamed, sync and async.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import cohere
import httpx
import pytest
from cohere.core.api_error import ApiError
from official_clients import CLIENTS

from llm_sdk.types import Citation, ReasoningPart, TextPart
from mock_server import MockServer, tool_call

CLIENT = CLIENTS["Python", "cohere"]
MODEL = "command-a-03-2025"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
GET_WEATHER: Any = {"type": "function", "function": {"name": "get_weather", "parameters": CITY}}
USAGE = {
    "input_tokens": 30,
    "output_tokens": 20,
    "input_tokens_details": {"cached_text_tokens": 8},
    "output_tokens_details": {"reasoning_tokens": 12},
}
HELLO: Any = [{"role": "user", "content": "hello"}]


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as mock:
        yield mock


@pytest.fixture
def mock(server: MockServer) -> MockServer:
    server.reset()
    return server


def client(mock: MockServer, **options: Any) -> cohere.ClientV2:
    return cohere.ClientV2(base_url=mock.base_url("cohere"), api_key="test", **options)


def async_client(mock: MockServer) -> cohere.AsyncClientV2:
    return cohere.AsyncClientV2(base_url=mock.base_url("cohere"), api_key="test")


def whole(mock: MockServer, **request: Any) -> Any:
    with client(mock) as co:
        return given(co.chat(model=MODEL, **request))


def whole_async(mock: MockServer, **request: Any) -> Any:
    async def run() -> Any:
        async with async_client(mock) as co:
            return given(await co.chat(model=MODEL, **request))

    return asyncio.run(run())


def streamed(mock: MockServer, **request: Any) -> Any:
    with client(mock) as co:
        return collected(co.chat_stream(model=MODEL, **request))


def streamed_async(mock: MockServer, **request: Any) -> Any:
    async def run() -> Any:
        async with async_client(mock) as co:
            return collected([event async for event in co.chat_stream(model=MODEL, **request)])

    return asyncio.run(run())


def given(response: Any) -> Any:
    """A typed result as JSON, without what is null."""
    return response.model_dump(exclude_none=True, mode="json")


def collected(events: Iterable[Any]) -> Any:
    """What the events add up to, in the form of a whole answer: the client leaves that to its caller."""
    answer: dict[str, Any] = {"message": {"role": "assistant"}}
    message = answer["message"]
    for event in map(given, events):
        change = event.get("delta", {}).get("message", {})
        match event["type"]:
            case "message-start":
                answer["id"] = event["id"]
            case "content-start":
                message.setdefault("content", []).append(dict(change["content"]))
                assert event["index"] == len(message["content"]) - 1
            case "content-delta":
                for kind, text in change["content"].items():
                    message["content"][event["index"]][kind] += text
            case "tool-plan-delta":
                message["tool_plan"] = message.get("tool_plan", "") + change["tool_plan"]
            case "tool-call-start":
                message.setdefault("tool_calls", []).append(change["tool_calls"])
                assert event["index"] == len(message["tool_calls"]) - 1
            case "tool-call-delta":
                call = message["tool_calls"][event["index"]]
                call["function"]["arguments"] += change["tool_calls"]["function"]["arguments"]
            case "citation-start":
                message.setdefault("citations", []).append(change["citations"])
            case "message-end":
                answer |= event["delta"]
    return answer


Ask = Callable[..., Any]


@pytest.fixture(params=(whole, whole_async, streamed, streamed_async), ids=lambda style: style.__name__)
def ask(request: pytest.FixtureRequest) -> Ask:
    style: Ask = request.param
    return style


def text(said: str) -> dict[str, str]:
    return {"type": "text", "text": said}


def call(city: str, id: str) -> dict[str, Any]:
    arguments = json.dumps({"city": city}, separators=(",", ":"))
    return {"id": id, "type": "function", "function": {"name": "get_weather", "arguments": arguments}}


@pytest.mark.shows("text", "stream")
def test_text_with_usage_and_id(mock: MockServer, ask: Ask) -> None:
    mock.on().reply("Bonjour, ça va\u2028?", id="an-id", usage=USAGE)
    assert ask(mock, messages=HELLO) == {
        "id": "an-id",
        "message": {"role": "assistant", "content": [text("Bonjour, ça va\u2028?")]},
        "finish_reason": "COMPLETE",
        "usage": {
            "billed_units": {"input_tokens": 30.0, "output_tokens": 20.0},
            "tokens": {"input_tokens": 30.0, "output_tokens": 20.0, "reasoning_tokens": 12},
            "cached_tokens": 8.0,
        },
    }


@pytest.mark.shows("parallel tool calls", "tool results")
def test_a_plan_parallel_calls_and_their_results(mock: MockServer, ask: Ask) -> None:
    asked = mock.on(last_user="(?P<city>Paris) and Rome", tools=["get_weather"])
    asked.reply(
        ReasoningPart(text="I will look at both.", id="tool_plan"),
        tool_call("get_weather", {"city": "{{ city }}"}, tool_call_id="get_weather_1"),
        tool_call("get_weather", {"city": "Rome"}, tool_call_id="get_weather_2"),
    ).reply("Sunny in both.")
    user = {"role": "user", "content": "Paris and Rome"}
    first = ask(mock, messages=[user], tools=[GET_WEATHER])

    assert first["finish_reason"] == "TOOL_CALL"
    assert first["message"] == {
        "role": "assistant",
        "tool_plan": "I will look at both.",
        "tool_calls": [call("Paris", "get_weather_1"), call("Rome", "get_weather_2")],
    }
    results = [
        {"role": "tool", "tool_call_id": id, "content": [{"type": "document", "document": {"data": {"sky": "blue"}}}]}
        for id in ("get_weather_1", "get_weather_2")
    ]
    second = ask(mock, messages=[user, first["message"], *results], tools=[GET_WEATHER])
    assert second["message"]["content"] == [text("Sunny in both.")]


@pytest.mark.shows("reasoning")
def test_thinking(mock: MockServer, ask: Ask) -> None:
    mock.on().reply(ReasoningPart(text="6 times 7."), TextPart(text="42"))
    answer = ask(mock, messages=HELLO, thinking={"type": "enabled", "token_budget": 100})
    assert answer["message"]["content"] == [{"type": "thinking", "thinking": "6 times 7."}, text("42")]
    (seen,) = mock.requests
    assert seen.input is not None
    assert seen.input.reasoning is not None
    assert seen.input.reasoning.budget_tokens == 100


def test_documents_and_citations(mock: MockServer, ask: Ask) -> None:
    cited = Citation(source="doc:0", title="Cats", cited_text="Cats", start_index=0, end_index=4)
    mock.on().reply(TextPart(text="Cats purr.", citations=[cited]))
    documents = [{"id": "doc:0", "data": {"title": "Cats", "text": "They purr."}}]
    answer = ask(mock, messages=HELLO, documents=documents)

    source = {"type": "document", "id": "doc:0", "document": {"id": "doc:0", "title": "Cats"}}
    assert answer["message"]["citations"] == [
        {"start": 0, "end": 4, "text": "Cats", "sources": [source], "type": "TEXT_CONTENT"}
    ]


@pytest.mark.shows("image input")
def test_an_image_is_read(mock: MockServer, ask: Ask) -> None:
    mock.on().reply("A cat.")
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    ask(mock, messages=[{"role": "user", "content": [text("what is it?"), image]}])
    (seen,) = mock.requests
    assert seen.input is not None
    sent = seen.input.messages[0].content[1]
    assert (sent.type, sent.model_dump()["mime_type"]) == ("image", "image/png")


@pytest.mark.shows("structured output")
@pytest.mark.parametrize("scripted", [True, False])
def test_structured_output(mock: MockServer, ask: Ask, scripted: bool) -> None:
    if scripted:
        mock.on(response_format="json").reply('{"n": 42}')
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    answer = ask(mock, messages=HELLO, response_format={"type": "json_object", "json_schema": schema})
    number = json.loads(answer["message"]["content"][0]["text"])["n"]
    assert number == 42 if scripted else isinstance(number, int)


@pytest.mark.shows("tool call")
def test_made_up_answers(mock: MockServer, ask: Ask) -> None:
    assert ask(mock, messages=HELLO)["message"]["content"] == [text("You said: hello")]
    answer = ask(mock, messages=HELLO, tools=[GET_WEATHER], tool_choice="REQUIRED")
    (called,) = answer["message"]["tool_calls"]
    assert called["function"] == {"name": "get_weather", "arguments": '{"city":"city"}'}
    long = ask(mock, messages=[{"role": "user", "content": "word " * 40}], max_tokens=16)
    assert (long["finish_reason"], long["usage"]["billed_units"]["output_tokens"]) == ("MAX_TOKENS", 16.0)


@pytest.mark.shows
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, cohere.BadRequestError),
        (401, cohere.UnauthorizedError),
        (403, cohere.ForbiddenError),
        (404, cohere.NotFoundError),
        (413, ApiError),
        (422, cohere.UnprocessableEntityError),
        (429, cohere.TooManyRequestsError),
        (498, cohere.errors.InvalidTokenError),
        (500, cohere.InternalServerError),
        (503, cohere.ServiceUnavailableError),
        (529, ApiError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_have_the_providers_form(mock: MockServer, status: int, error: type[ApiError], stream: bool) -> None:
    mock.on().fault(status=status, message="as asked", retry_after=0.001)
    with client(mock) as co, pytest.raises(error) as caught:
        list(co.chat_stream(model=MODEL, messages=HELLO)) if stream else co.chat(model=MODEL, messages=HELLO)

    assert caught.value.status_code == status
    assert caught.value.body["message"] == "as asked"
    assert ("id" in caught.value.body) is (status != 401)
    assert len((caught.value.headers or {})["x-debug-trace-id"]) == 32
    # The client does not ask again for a stream.
    mock.assert_requested(times=3 if not stream and (status == 429 or status >= 500) else 1)


@pytest.mark.shows("retry")
@pytest.mark.parametrize("ask", [whole, whole_async])
def test_a_retry_succeeds(mock: MockServer, ask: Ask) -> None:
    mock.on().fault(status=429, retry_after=0.001).fault(status=503, retry_after=0.001).reply("at last")
    assert ask(mock, messages=HELLO)["message"]["content"] == [text("at last")]
    assert [exchange.status for exchange in mock.requests] == [429, 503, 200]


@pytest.mark.shows("cut stream")
@pytest.mark.parametrize("fault", [{"cut_after_events": 5}, {"cut_after_bytes": 500}])
def test_a_damaged_stream_is_an_error_of_the_client(mock: MockServer, fault: dict[str, Any]) -> None:
    mock.on().reply("a b c d e f g", fault=fault)
    with pytest.raises(httpx.RemoteProtocolError):
        streamed(mock, messages=HELLO)


@pytest.mark.shows("abort")
def test_a_stream_can_be_broken_off(mock: MockServer) -> None:
    # Whoever does not break it off waits for minutes.
    mock.on(last_user="long").reply("word " * 3600, pace={"delay": 0.05})
    with client(mock) as co:
        stream = co.chat_stream(model=MODEL, messages=[{"role": "user", "content": "long"}])
        said = (event.delta.message.content.text for event in stream if event.type == "content-delta")
        assert next(said) == "word"
        stream.close()
        assert given(co.chat(model=MODEL, messages=HELLO))["message"]["content"] == [text("You said: hello")]


@pytest.mark.parametrize("path", ["/cohere", ""])
def test_base_urls(mock: MockServer, path: str) -> None:
    with cohere.ClientV2(base_url=mock.url + path, api_key="test") as co:
        assert given(co.chat(model=MODEL, messages=HELLO))["message"]["content"] == [text("You said: hello")]


def test_an_unknown_field_is_passed_over_with_a_warning(mock: MockServer) -> None:
    with client(mock) as co:
        options: Any = {"additional_body_parameters": {"user": "u-17"}}
        answer = co.with_raw_response.chat(model=MODEL, messages=HELLO, request_options=options)
    warning = answer.headers["x-api-warning"]
    assert warning.startswith("unknown field: parameter 'user' is not a valid field.")


def test_a_wrong_key_and_a_malformed_request(mock: MockServer) -> None:
    with MockServer(api_key="right") as guarded, client(guarded) as co, pytest.raises(cohere.UnauthorizedError):
        co.chat(model=MODEL, messages=HELLO)
    refused: list[tuple[dict[str, Any], str]] = [
        ({"temperature": 1.5}, "invalid request: temperature must be between 0 and 1.0 inclusive."),
        ({"messages": [{"role": "nobody", "content": "x"}]}, "invalid request: messages[0]"),
    ]
    for body, message in refused:
        with client(mock) as co, pytest.raises(cohere.BadRequestError) as caught:
            co.chat(**{"model": MODEL, "messages": HELLO, **body})
        assert caught.value.body["message"].startswith(message)
