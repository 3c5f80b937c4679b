"""The official ``mistralai`` client against the server: what it reads is what the scenario said.

The client is an independent peer of the protocol. Each case runs whole and streamed, sync and async.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpx2
import pytest
from mistralai.client import Mistral
from mistralai.client.errors import HTTPValidationError, SDKError
from mistralai.client.models import CompletionEvent
from mistralai.client.utils.retries import BackoffStrategy, RetryConfig
from official_clients import CLIENTS
from pydantic import BaseModel

from llm_sdk.types import Citation, ImagePart, ReasoningPart, TextPart
from mock_server import MockServer, tool_call

CLIENT = CLIENTS["Python", "mistralai"]
MODEL = "mistral-small-latest"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
GET_WEATHER: Any = {"type": "function", "function": {"name": "get_weather", "parameters": CITY}}
USAGE = {"input_tokens": 30, "output_tokens": 20, "input_tokens_details": {"cached_text_tokens": 8}}


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as mock:
        yield mock


@pytest.fixture
def mock(server: MockServer) -> MockServer:
    server.reset()
    return server


def new_client(mock: MockServer, **options: Any) -> Mistral:
    return Mistral(server_url=mock.base_url("mistral"), api_key="test", **options)


def complete(request: dict[str, Any]) -> dict[str, Any]:
    """A request with what the API wants in every one."""
    said = request.pop("said", None)
    messages = {"messages": [{"role": "user", "content": said}]} if said is not None else {}
    return {"model": MODEL, **messages, **request}


Answer = dict[str, Any]
"""Id, model, usage, content, calls and finish reason of an answer, as the client reads them."""


def whole_answer(response: Any) -> Answer:
    (choice,) = response.choices
    return {
        "id": response.id,
        "model": response.model,
        "usage": response.usage.model_dump(),
        "content": chunks(choice.message.content),
        "calls": list(map(call_of, choice.message.tool_calls or ())),
        "finish_reason": choice.finish_reason,
    }


def chunks(content: Any) -> list[Any]:
    """A content in its long form, without fields that are null."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return [one.model_dump(mode="json", exclude_none=True) for one in content or ()]


def call_of(call: Any) -> Any:
    return call.model_dump(mode="json")


def collected_answer(events: Iterable[CompletionEvent]) -> Answer:
    """The pieces of a stream put together, which the client leaves to its caller."""
    datas = [event.data for event in events]
    content: list[Any] = []
    calls: list[Any] = []
    for data in datas:
        (choice,) = data.choices
        calls += map(call_of, choice.delta.tool_calls or ())
        for piece in chunks(choice.delta.content):
            last = content[-1] if content else {}
            if piece["type"] != last.get("type") or piece["type"] not in ("text", "thinking"):
                content.append(piece)
            elif piece["type"] == "text":
                last["text"] += piece["text"]
            else:
                texts = "".join(one["text"] for one in [*last["thinking"], *piece["thinking"]])
                content[-1] = {**last, **piece, "thinking": [{"type": "text", "text": texts}]}
    end = datas[-1]
    assert end.usage is not None
    assert [data.usage for data in datas[:-1] if data.usage] == []
    head = {"id": end.id, "model": end.model, "usage": end.usage.model_dump()}
    return {**head, "content": content, "calls": calls, "finish_reason": end.choices[0].finish_reason}


def whole(mock: MockServer, **request: Any) -> Answer:
    with new_client(mock) as client:
        return whole_answer(client.chat.complete(**complete(request)))


def collected(mock: MockServer, **request: Any) -> Answer:
    with new_client(mock) as client, client.chat.stream(**complete(request)) as events:
        return collected_answer(events)


def whole_async(mock: MockServer, **request: Any) -> Answer:
    async def run() -> Answer:
        async with new_client(mock) as client:
            return whole_answer(await client.chat.complete_async(**complete(request)))

    return asyncio.run(run())


def collected_async(mock: MockServer, **request: Any) -> Answer:
    async def run() -> Answer:
        async with new_client(mock) as client, await client.chat.stream_async(**complete(request)) as events:
            return collected_answer([event async for event in events])

    return asyncio.run(run())


Ask = Callable[..., Answer]
STYLES = (whole, collected, whole_async, collected_async)


@pytest.fixture(params=STYLES, ids=lambda style: style.__name__)
def ask(request: pytest.FixtureRequest) -> Ask:
    style: Ask = request.param
    return style


def said_text(answer: Answer) -> str:
    return "".join(one["text"] for one in answer["content"] if one["type"] == "text")


@pytest.mark.shows("text", "stream")
def test_text_with_usage_and_ids(mock: MockServer, ask: Ask) -> None:
    mock.on().reply("Bonjour, ça va\u2028?", id="c" * 32, model_id="mistral-x", usage=USAGE)
    answer = ask(mock, said="hello")
    counts = {"prompt_tokens": 30, "completion_tokens": 20, "total_tokens": 50}
    usage = answer.pop("usage")
    assert {name: usage[name] for name in counts} == counts
    assert usage["prompt_tokens_details"] == {"cached_tokens": 8}
    assert answer == {
        "id": "c" * 32,
        "model": "mistral-x",
        "content": [{"type": "text", "text": "Bonjour, ça va\u2028?"}],
        "calls": [],
        "finish_reason": "stop",
    }


@pytest.mark.shows("parallel tool calls", "tool results")
def test_parallel_tool_calls_and_their_results(mock: MockServer, ask: Ask) -> None:
    asked = mock.on(last_user="(?P<city>Paris) and Rome", tools=["get_weather"])
    asked.reply(
        "Looking.",
        tool_call("get_weather", {"city": "{{ city }}"}, tool_call_id="gSIMJiOkT"),
        tool_call("get_weather", {"city": "Rome"}, tool_call_id="hd1jUE8h9"),
    ).reply("Sunny in both.")
    answer = ask(mock, said="Paris and Rome", tools=[GET_WEATHER])
    shape = {"type": "function"}
    assert answer["calls"] == [
        {
            **shape,
            "id": "gSIMJiOkT",
            "index": 0,
            "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'},
        },
        {
            **shape,
            "id": "hd1jUE8h9",
            "index": 1,
            "function": {"name": "get_weather", "arguments": '{"city":"Rome"}'},
        },
    ]
    assert (said_text(answer), answer["finish_reason"]) == ("Looking.", "tool_calls")
    history: Any = [
        {"role": "user", "content": "Paris and Rome"},
        {"role": "assistant", "content": "Looking.", "tool_calls": answer["calls"]},
        *({"role": "tool", "tool_call_id": call["id"], "content": "sun"} for call in answer["calls"]),
    ]
    assert said_text(ask(mock, messages=history, tools=[GET_WEATHER])) == "Sunny in both."


def test_a_tool_without_arguments(mock: MockServer, ask: Ask) -> None:
    mock.on().reply(tool_call("now", {}))
    (call,) = ask(mock, said="what time is it")["calls"]
    assert call["function"] == {"name": "now", "arguments": "{}"}
    assert len(call["id"]) == 9
    assert call["id"].isalnum()


@pytest.mark.shows("reasoning")
def test_thinking_and_its_signature(mock: MockServer, ask: Ask) -> None:
    mock.on(nth=1).reply(ReasoningPart(text="Hm…", signature="s+/=="), "42")
    answer = ask(mock, said="6*7", reasoning_effort="high")
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm…"}], "signature": "s+/=="}
    assert answer["content"] == [thinking, {"type": "text", "text": "42"}]
    history: Any = [{"role": "assistant", "content": answer["content"]}, {"role": "user", "content": "sure?"}]
    ask(mock, messages=history)
    assert json.loads(mock.requests[-1].body)["messages"][0]["content"][0] == thinking


def test_references(mock: MockServer, ask: Ask) -> None:
    mock.on().reply(TextPart(text="It rains.", citations=[Citation(source="0")]))
    reference = {"type": "reference", "reference_ids": [0]}
    assert ask(mock, said="weather")["content"] == [{"type": "text", "text": "It rains."}, reference]


def test_a_refusal_is_a_text(mock: MockServer, ask: Ask) -> None:
    mock.on().reply(refusal="I will not.")
    answer = ask(mock, said="do it")
    assert (said_text(answer), answer["finish_reason"]) == ("I will not.", "stop")


@pytest.mark.shows("image input")
def test_an_image_a_document_and_a_sound_are_read(mock: MockServer, ask: Ask) -> None:
    said = [
        {"type": "image_url", "image_url": "data:image/png;base64,iVBORw0KGgo="},
        {"type": "document_url", "document_url": "data:application/pdf;base64,JVBERi0="},
        {"type": "input_audio", "input_audio": "//NkxAAAAAA="},
    ]
    assert said_text(ask(mock, said=said)) == "You sent: image, file, audio"
    (request,) = mock.requests
    assert request.input is not None
    assert request.input.messages[0].content[0] == ImagePart(mime_type="image/png", data="iVBORw0KGgo=")


def test_ends(mock: MockServer, ask: Ask) -> None:
    assert ask(mock, said="word " * 40, max_tokens=16)["finish_reason"] == "length"
    mock.on().reply("so far", finish_reason="error")
    assert ask(mock, said="x")["finish_reason"] == "error"


@pytest.mark.shows("tool call")
def test_made_up_answers_of_every_kind(mock: MockServer, ask: Ask) -> None:
    assert said_text(ask(mock, said="hello")) == "You said: hello"
    (call,) = ask(mock, said="x", tools=[GET_WEATHER], tool_choice="any")["calls"]
    assert call["function"] == {"name": "get_weather", "arguments": '{"city":"city"}'}
    thought, _ = ask(mock, said="hello", prompt_mode="reasoning")["content"]
    assert thought["thinking"] == [{"type": "text", "text": "The user says: hello"}]


class Person(BaseModel):
    name: str
    age: int
    friends: list[str]


@pytest.mark.shows("structured output")
@pytest.mark.parametrize("scripted", [True, False])
def test_structured_output_is_parsed(mock: MockServer, scripted: bool) -> None:
    if scripted:
        mock.on(response_format="json").reply('{"name": "Ada", "age": 36, "friends": ["Charles"]}')
    with new_client(mock) as client:
        parsed = client.chat.parse(Person, **complete({"said": "who?"})).choices[0].message.parsed
        with client.chat.parse_stream(Person, **complete({"said": "who?"})) as events:
            from_stream = Person.model_validate_json(said_text(collected_answer(events)))
    assert isinstance(parsed, Person)
    assert parsed == from_stream
    if scripted:
        assert parsed == Person(name="Ada", age=36, friends=["Charles"])


def test_an_agent_loop_ends_by_itself(mock: MockServer) -> None:
    history: list[Any] = [{"role": "user", "content": "please call get_weather"}]
    with new_client(mock) as client:
        for _ in range(5):
            message = client.chat.complete(model=MODEL, messages=history, tools=[GET_WEATHER]).choices[0].message
            history.append(message)
            if not message.tool_calls:
                break
            results = ((call.id, call.function.name) for call in message.tool_calls)
            history += [{"role": "tool", "tool_call_id": id, "name": name, "content": "sunny"} for id, name in results]
    assert message.content == "get_weather answered: sunny"
    mock.assert_requested(provider="mistral", times=2)


RETRIES = RetryConfig("backoff", BackoffStrategy(1, 2, 1.0, 5000), retry_connection_errors=False)
ATTEMPTS = 3
"""How often a retried request is answered with an error before it succeeds."""


@pytest.mark.shows
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"object": "error", "type": "invalid_request_invalid_args", "param": None, "code": "3051"}),
        (401, {"detail": "as asked"}),
        (403, {}),
        (404, {"detail": "as asked"}),
        (413, {}),
        (429, {"object": "error", "type": "rate_limited", "param": None, "code": "1300"}),
        (500, {"object": "error", "type": "internal_server_error", "param": None, "code": "1000"}),
        (503, {"object": "error", "type": "service_unavailable", "param": None, "code": "3500"}),
        (529, {"object": "error", "type": "internal_server_error", "param": None, "code": "1000"}),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_have_the_providers_form(mock: MockServer, status: int, body: dict[str, Any], stream: bool) -> None:
    mock.on().fault(status=status, message="as asked")
    with new_client(mock) as client, pytest.raises(SDKError) as caught:
        (client.chat.stream if stream else client.chat.complete)(**complete({"said": "x"}))
    assert caught.value.status_code == status
    answered = json.loads(caught.value.body)
    assert "as asked" in (answered.pop("message", None), answered.get("detail"))
    assert (answered.pop("request_id", None) is not None) == (status in (403, 413))
    assert answered.pop("raw_status_code", status) == status
    assert answered == body
    assert len(caught.value.headers["mistral-correlation-id"]) == 36
    mock.assert_requested(times=1)


@pytest.mark.shows
@pytest.mark.parametrize("status", [422])
@pytest.mark.parametrize("stream", [False, True])
def test_a_complaint_about_a_field_is_a_validation_error(mock: MockServer, status: int, stream: bool) -> None:
    mock.on().fault(status=status, message="as asked")
    with new_client(mock) as client, pytest.raises(HTTPValidationError) as caught:
        (client.chat.stream if stream else client.chat.complete)(**complete({"said": "x"}))
    assert caught.value.data.detail is not None
    (detail,) = caught.value.data.detail
    assert (detail.msg, detail.loc) == ("as asked", ["body"])


@pytest.mark.shows("cut stream")
@pytest.mark.parametrize("fault", [{"cut_after_events": 3}, {"cut_after_bytes": 500}])
def test_a_stream_that_is_cut_is_an_error_of_the_client(mock: MockServer, fault: dict[str, Any]) -> None:
    mock.on().reply("a b c d e f g", fault=fault)
    with pytest.raises(httpx2.RemoteProtocolError):
        collected(mock, said="x")


@pytest.mark.shows("abort")
def test_a_stream_can_be_broken_off(mock: MockServer) -> None:
    # Whoever does not break it off waits for minutes.
    mock.on(last_user="long").reply("word " * 3600, pace={"delay": 0.05})
    with new_client(mock) as client:
        with client.chat.stream(**complete({"said": "long"})) as events:
            said = (event.data.choices[0].delta.content for event in events)
            assert next(filter(None, said)) == "word"
        answer = whole_answer(client.chat.complete(**complete({"said": "hello"})))
    assert said_text(answer) == "You said: hello"


@pytest.mark.shows("retry")
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_the_client_tries_again_when_it_is_told_to(mock: MockServer, status: int) -> None:
    asked = mock.on()
    for _ in range(ATTEMPTS):
        asked = asked.fault(status=status)
    asked.reply("at last")
    with new_client(mock, retry_config=RETRIES) as client:
        answer = whole_answer(client.chat.complete(**complete({"said": "x"})))
    assert said_text(answer) == "at last"
    assert [exchange.status for exchange in mock.requests] == [*[status] * ATTEMPTS, 200]
