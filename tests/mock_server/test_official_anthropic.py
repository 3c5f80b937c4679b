"""The official ``anthropic`` client against the server: what it reads is what the scenario said.

The client is an independent peer of the protocol. Each case runs whole and streamed, sync and async. It sends its key
as a bearer token and asks for the API version of October 2026.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic.types import Message
from official_clients import CLIENTS
from pydantic import BaseModel

from llm_sdk.types import Citation, ImagePart, ReasoningPart, SourcePart, TextPart, ToolResultPart
from mock_server import MockServer, tool_call
from mock_server.scenarios import ScriptedToolCall

CLIENT = CLIENTS["Python", "anthropic"]
MODEL = "claude-sonnet-5"
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
GET_WEATHER: Any = {"name": "get_weather", "input_schema": CITY}
WEB_SEARCH: Any = {"type": "web_search_20250305", "name": "web_search"}
USAGE = {
    "input_tokens": 30,
    "output_tokens": 20,
    "input_tokens_details": {"cached_text_tokens": 8, "cache_write_tokens": 4},
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


def sync_client(mock: MockServer, **options: Any) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=mock.base_url("anthropic"), api_key="test", **options)


def async_client(mock: MockServer) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(base_url=mock.base_url("anthropic"), api_key="test")


def complete(request: dict[str, Any]) -> dict[str, Any]:
    """A request with what the API wants in every one."""
    said = request.pop("said", None)
    messages = {"messages": [{"role": "user", "content": said}]} if said is not None else {}
    return {"model": MODEL, "max_tokens": 1000, **messages, **request}


def whole(mock: MockServer, **request: Any) -> Message:
    with sync_client(mock) as client:
        answer: Message = client.messages.create(**complete(request))
        return answer


def collected(mock: MockServer, **request: Any) -> Message:
    """With the client's own accumulation of the stream, which checks the order of the events."""
    with sync_client(mock) as client, client.messages.stream(**complete(request)) as stream:
        return stream.get_final_message()


def whole_async(mock: MockServer, **request: Any) -> Message:
    async def run() -> Message:
        async with async_client(mock) as client:
            answer: Message = await client.messages.create(**complete(request))
            return answer

    return asyncio.run(run())


def collected_async(mock: MockServer, **request: Any) -> Message:
    async def run() -> Message:
        async with async_client(mock) as client, client.messages.stream(**complete(request)) as stream:
            return await stream.get_final_message()

    return asyncio.run(run())


Ask = Callable[..., Message]
STYLES = (whole, collected, whole_async, collected_async)


@pytest.fixture(params=STYLES, ids=lambda style: style.__name__)
def ask(request: pytest.FixtureRequest) -> Ask:
    style: Ask = request.param
    return style


def content(message: Message) -> list[Any]:
    """The blocks, without what the client adds: parsed forms, and fields that are null."""
    return [block.model_dump(mode="json", exclude_none=True) for block in message.content]


def said_text(message: Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


@pytest.mark.shows("text", "stream")
def test_text_with_usage_and_ids(mock: MockServer, ask: Ask) -> None:
    mock.on().reply("Bonjour, ça va\u2028?", id="msg_01abc", model_id="claude-x", usage=USAGE)
    message = ask(mock, said="hello")

    assert (message.id, message.model, message.role) == ("msg_01abc", "claude-x", "assistant")
    assert (message.stop_reason, message.stop_sequence, message.stop_details) == ("end_turn", None, None)
    assert content(message) == [{"type": "text", "text": "Bonjour, ça va\u2028?"}]
    usage = message.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (18, 8, 4)
    assert usage.output_tokens == 20
    assert usage.output_tokens_details is not None
    assert usage.output_tokens_details.thinking_tokens == 12


def test_the_events_of_a_stream(mock: MockServer) -> None:
    mock.on().reply("Hi", tool_call("get_weather", {}))
    with sync_client(mock) as client:
        events = list(client.messages.create(**complete({"said": "x"}), stream=True))
    kinds = [event.type for event in events]
    block = ["content_block_start", "content_block_delta", "content_block_stop"]
    collapsed = [kind for at, kind in enumerate(kinds) if at == 0 or kind != kinds[at - 1]]
    assert collapsed == ["message_start", *block, *block, "message_delta", "message_stop"]


@pytest.mark.shows("parallel tool calls", "tool results")
def test_parallel_tool_calls_and_their_results(mock: MockServer, ask: Ask) -> None:
    asked = mock.on(last_user="(?P<city>Paris) and Rome", tools=["get_weather"])
    asked.reply(
        "Looking.",
        tool_call("get_weather", {"city": "{{ city }}"}, tool_call_id="toolu_1"),
        tool_call("get_weather", {"city": "Rome"}, tool_call_id="toolu_2"),
    ).reply("Sunny in both.")
    message = ask(mock, said="Paris and Rome", tools=[GET_WEATHER])

    shape = {"type": "tool_use", "name": "get_weather"}
    assert content(message) == [
        {"type": "text", "text": "Looking."},
        {**shape, "id": "toolu_1", "input": {"city": "Paris"}},
        {**shape, "id": "toolu_2", "input": {"city": "Rome"}},
    ]
    assert message.stop_reason == "tool_use"
    results = [{"type": "tool_result", "tool_use_id": id, "content": "sun"} for id in ("toolu_1", "toolu_2")]
    history: Any = [
        {"role": "user", "content": "Paris and Rome"},
        {"role": "assistant", "content": message.content},
        {"role": "user", "content": results},
    ]
    assert said_text(ask(mock, messages=history, tools=[GET_WEATHER])) == "Sunny in both."


def test_a_tool_without_arguments(mock: MockServer, ask: Ask) -> None:
    mock.on().reply(tool_call("now", {}))
    (block,) = content(ask(mock, said="what time is it"))
    assert block["input"] == {}


@pytest.mark.shows("reasoning")
def test_thinking_comes_back_to_the_letter(mock: MockServer, ask: Ask) -> None:
    mock.on(nth=1).reply(
        ReasoningPart(text="Hm…", signature="EqQB+/=="),
        ReasoningPart(text="", signature="Eredacted", id="redacted_thinking"),
        "42",
    )
    message = ask(mock, said="6*7", thinking={"type": "adaptive"})
    thinking = {"type": "thinking", "thinking": "Hm…", "signature": "EqQB+/=="}
    redacted = {"type": "redacted_thinking", "data": "Eredacted"}
    assert content(message) == [thinking, redacted, {"type": "text", "text": "42"}]

    history: Any = [{"role": "assistant", "content": message.content}, {"role": "user", "content": "sure?"}]
    ask(mock, messages=history)
    sent = json.loads(mock.requests[-1].body)["messages"][0]["content"]
    assert sent[:2] == [thinking, redacted]


def test_a_refusal(mock: MockServer, ask: Ask) -> None:
    mock.on().reply(refusal="I will not.")
    message = ask(mock, said="do it")
    assert message.stop_reason == "refusal"
    assert message.stop_details is not None
    assert message.stop_details.explanation == "I will not."
    assert message.content == []


def test_a_web_search_with_citations(mock: MockServer, ask: Ask) -> None:
    url, id = "https://example.com/cats", "srvtoolu_1"
    mock.on().reply(
        ScriptedToolCall(tool_name="web_search", args={"query": "cats"}, tool_call_id=id, provider_executed=True),
        ToolResultPart(
            tool_call_id=id,
            tool_name="web_search",
            content=[SourcePart(source=url, title="Cats", content=[TextPart(text="", signature="Eenc")])],
            provider_executed=True,
        ),
        TextPart(text="Cats purr.", citations=[Citation(source=url, title="Cats", cited_text="purr", signature="Ei")]),
    )
    message = ask(mock, said="cats", tools=[WEB_SEARCH])

    result = {"type": "web_search_result", "url": url, "title": "Cats", "encrypted_content": "Eenc"}
    cited = {"type": "web_search_result_location", "url": url, "title": "Cats", "cited_text": "purr"}
    assert content(message) == [
        {"type": "server_tool_use", "id": id, "name": "web_search", "input": {"query": "cats"}},
        {"type": "web_search_tool_result", "tool_use_id": id, "content": [result]},
        {"type": "text", "text": "Cats purr.", "citations": [{**cited, "encrypted_index": "Ei"}]},
    ]
    assert message.usage.server_tool_use is not None
    assert message.usage.server_tool_use.web_search_requests == 1


@pytest.mark.shows("image input")
def test_an_image_and_a_document_are_read(mock: MockServer, ask: Ask) -> None:
    image = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    document = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}
    said = [{"type": "image", "source": image}, {"type": "document", "source": document}]
    assert said_text(ask(mock, said=said)) == "You sent: image, file"
    (request,) = mock.requests
    assert request.input is not None
    assert request.input.messages[0].content[0] == ImagePart(mime_type="image/png", data="iVBORw0KGgo=")


def test_ends(mock: MockServer, ask: Ask) -> None:
    assert ask(mock, said="word " * 40, max_tokens=16).stop_reason == "max_tokens"
    mock.on().reply("so far", finish_reason="stop", finish_detail="stop_sequence")
    stopped = ask(mock, said="x", stop_sequences=["END"])
    assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", "END")


@pytest.mark.shows("tool call")
def test_made_up_answers_of_every_kind(mock: MockServer, ask: Ask) -> None:
    assert said_text(ask(mock, said="hello")) == "You said: hello"
    (call,) = content(ask(mock, said="x", tools=[GET_WEATHER], tool_choice={"type": "any"}))
    assert (call["name"], call["input"]) == ("get_weather", {"city": "city"})
    thought, _ = content(ask(mock, said="hello", thinking={"type": "adaptive"}))
    assert thought["thinking"] == "The user says: hello"
    search, found, said = content(ask(mock, said="search for cats", tools=[WEB_SEARCH]))
    assert (search["name"], search["input"]["query"]) == ("web_search", "search for cats")
    assert said["citations"][0]["url"] == found["content"][0]["url"]


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
        parsed = client.messages.parse(**complete({"said": "who?"}), output_format=Person).parsed_output
        with client.messages.stream(**complete({"said": "who?"}), output_format=Person) as stream:
            from_stream = stream.get_final_message().parsed_output

    assert isinstance(parsed, Person)
    assert parsed == from_stream == (expected or parsed)


def test_an_agent_loop_ends_by_itself(mock: MockServer) -> None:
    history: list[Any] = [{"role": "user", "content": "please call get_weather"}]
    with sync_client(mock) as client:
        for _ in range(5):
            message = client.messages.create(model=MODEL, max_tokens=100, messages=history, tools=[GET_WEATHER])
            history.append({"role": "assistant", "content": message.content})
            calls = [block for block in message.content if block.type == "tool_use"]
            if not calls:
                break
            results = [{"type": "tool_result", "tool_use_id": call.id, "content": "sunny"} for call in calls]
            history.append({"role": "user", "content": results})
    assert said_text(message) == "get_weather answered: sunny"
    mock.assert_requested(provider="anthropic", times=2)


@pytest.mark.shows
@pytest.mark.parametrize(
    ("status", "error", "kind", "attempts"),
    [
        (400, anthropic.BadRequestError, "invalid_request_error", 1),
        (401, anthropic.AuthenticationError, "authentication_error", 1),
        (403, anthropic.PermissionDeniedError, "permission_error", 1),
        (404, anthropic.NotFoundError, "not_found_error", 1),
        (408, anthropic.APIStatusError, "invalid_request_error", 3),
        (409, anthropic.ConflictError, "conflict_error", 3),
        (413, anthropic.APIStatusError, "request_too_large", 1),
        (422, anthropic.UnprocessableEntityError, "invalid_request_error", 1),
        (429, anthropic.RateLimitError, "rate_limit_error", 3),
        (500, anthropic.InternalServerError, "api_error", 3),
        (503, anthropic.APIStatusError, "api_error", 3),
        (529, anthropic.APIStatusError, "overloaded_error", 3),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_have_the_providers_form(
    mock: MockServer, status: int, error: type[anthropic.APIStatusError], kind: str, attempts: int, stream: bool
) -> None:
    mock.on().fault(status=status, message="as asked", retry_after=0.001)
    with sync_client(mock) as client, pytest.raises(error) as caught:
        client.messages.create(**complete({"said": "x"}), stream=stream)

    assert caught.value.status_code == status
    assert caught.value.request_id == caught.value.response.headers["request-id"]
    assert str(caught.value.request_id).startswith("req_011")
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["error"] == {"type": kind, "message": "as asked"}
    counts = [exchange.headers["x-stainless-retry-count"] for exchange in mock.assert_requested(times=attempts)]
    assert counts == [str(at) for at in range(attempts)]


@pytest.mark.shows("retry")
def test_a_retry_succeeds(mock: MockServer, ask: Ask) -> None:
    mock.on().fault(status=429, retry_after=0.001).fault(status=529, retry_after=0.001).reply("at last")
    assert said_text(ask(mock, said="x")) == "at last"
    assert [exchange.status for exchange in mock.requests] == [429, 529, 200]


def test_an_answer_that_fails_on_its_way(mock: MockServer) -> None:
    mock.on().reply("so far", finish_reason="error")
    with pytest.raises(anthropic.APIStatusError) as caught:
        collected(mock, said="x")
    assert caught.value.body == {"type": "error", "error": {"type": "api_error", "message": "Internal server error"}}


@pytest.mark.shows("cut stream")
@pytest.mark.parametrize("fault", [{"cut_after_events": 5}, {"cut_after_bytes": 500}, {"malformed_event": 4}])
def test_a_damaged_stream_is_an_error_of_the_client(mock: MockServer, fault: dict[str, Any]) -> None:
    mock.on().reply("a b c d e f g", fault=fault)
    with pytest.raises((anthropic.APIConnectionError, httpx2.RemoteProtocolError, ValueError)):
        collected(mock, said="x")
    mock.assert_requested(times=1)


@pytest.mark.shows("abort")
def test_a_stream_can_be_broken_off(mock: MockServer) -> None:
    # Whoever does not break it off waits for minutes.
    mock.on(last_user="long").reply("word " * 3600, pace={"delay": 0.05})
    with sync_client(mock) as client:
        with client.messages.stream(**complete({"said": "long"})) as stream:
            assert next(stream.text_stream) == "word"
        assert said_text(client.messages.create(**complete({"said": "hello"}))) == "You said: hello"


@pytest.mark.parametrize("path", ["/anthropic", ""])
def test_base_urls(mock: MockServer, path: str) -> None:
    with anthropic.Anthropic(base_url=mock.url + path, api_key="test") as client:
        message = client.messages.create(**complete({"said": "hello"}))
        assert said_text(message) == "You said: hello"


def test_vertex_ai(mock: MockServer) -> None:
    """The client for Vertex AI has model and streaming in the path, and the version in the body."""
    request = {
        "anthropic_version": "vertex-2023-10-16",
        "max_tokens": 10,
        "messages": complete({"said": "hello"})["messages"],
    }
    path = "/anthropic/v1/projects/p/locations/l/publishers/anthropic/models/claude-x@20260101:rawPredict"
    answer = httpx2.post(mock.url + path, json=request).json()
    assert (answer["model"], answer["content"][0]["text"]) == ("claude-x@20260101", "You said: hello")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"max_tokens": 1, "messages": [{"role": "user", "content": "x"}]}, "model: Field required"),
        ({"model": MODEL, "messages": [{"role": "user", "content": "x"}]}, "max_tokens: Field required"),
        ({"model": MODEL, "max_tokens": 1, "messages": []}, "messages: at least one message is required"),
        (complete({"said": "x", "temperature": 1.0}), "temperature: Extra inputs are not permitted"),
    ],
)
def test_what_the_api_refuses(mock: MockServer, body: dict[str, Any], message: str) -> None:
    with sync_client(mock) as client, pytest.raises(anthropic.BadRequestError) as caught:
        client.post("/v1/messages", body=body, cast_to=object)
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["error"] == {"type": "invalid_request_error", "message": message}


def test_a_wrong_key() -> None:
    """It comes as a bearer token from this client, and as ``x-api-key`` from older ones."""
    with MockServer(in_process=True, api_key="right") as guarded:
        for key, headers in (("wrong", {}), ("right", {"x-api-key": "wrong"})):
            client = anthropic.Anthropic(api_key=key, http_client=httpx2.Client(transport=guarded.transport))
            with client, pytest.raises(anthropic.AuthenticationError):
                client.messages.create(**complete({"said": "x"}), extra_headers=headers)
        for headers in ({}, {"x-api-key": "right"}):
            client = anthropic.Anthropic(api_key="right", http_client=httpx2.Client(transport=guarded.transport))
            with client:
                message = client.messages.create(**complete({"said": "hello"}), extra_headers=headers)
            assert said_text(message) == "You said: hello"
