"""Functions that reply, sync and async, from every edge: over a socket, and in process to sync and async clients."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from plain_protocol import PLAIN

from llm_sdk.errors import status_error
from llm_sdk.types import LanguageModelInput, ModelResponse, ReasoningPart, TextPart, ToolCallPart
from mock_server import MockServer, tool_call
from mock_server.asked import Asked


@pytest.fixture(params=[False, True], ids=["socket", "in process"], scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[MockServer]:
    with MockServer(codecs=[PLAIN], in_process=request.param) as mock:
        yield mock


@pytest.fixture
def mock(server: MockServer) -> MockServer:
    server.reset()
    return server


def request_to(mock: MockServer, text: str, **options: Any) -> dict[str, Any]:
    said = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": text}], **options})
    return {"url": mock.base_url("plain") + "/chat", "content": PLAIN.encode_request("m", said, stream=False).body}


def client_of(mock: MockServer) -> httpx.Client:
    return httpx.Client(transport=mock.transport if "invalid" in mock.url else None, timeout=30)


def whole(mock: MockServer, text: str) -> httpx.Response:
    with client_of(mock) as client:
        return client.post(**request_to(mock, text))


def whole_async(mock: MockServer, text: str) -> httpx.Response:
    async def run() -> httpx.Response:
        transport = mock.transport if "invalid" in mock.url else None
        async with httpx.AsyncClient(transport=transport, timeout=30) as client:
            return await client.post(**request_to(mock, text))

    return asyncio.run(run())


def sync_in_a_loop(mock: MockServer, text: str) -> httpx.Response:
    async def run() -> httpx.Response:
        return whole(mock, text)

    return asyncio.run(run())


STYLES = (whole, whole_async, sync_in_a_loop)


@pytest.mark.parametrize("ask", STYLES)
def test_functions_sync_and_async_are_asked(mock: MockServer, ask: Callable[[MockServer, str], httpx.Response]) -> None:
    async def later(request: Asked) -> Any:
        await asyncio.sleep(0)
        return [f"{request.last_user} for {request.provider}", {"type": "reasoning", "text": "{{ no template }}"}]

    mock.on(last_user="now").reply(lambda request: f"{request.last_user}, {request.model_id}")
    mock.on(last_user="later").reply(later)

    assert read(ask(mock, "now")).content == [TextPart(text="now, m")]
    answer = read(ask(mock, "later"))
    assert answer.content == [TextPart(text="later for plain"), ReasoningPart(text="{{ no template }}")]
    assert answer.usage is not None
    assert [exchange.scenario for exchange in mock.requests] == ["scenario 1", "scenario 2"]


def read(response: httpx.Response) -> ModelResponse:
    assert response.status_code == 200, response.text
    return ModelResponse.model_validate_json(response.content)


def test_a_function_gives_whatever_a_reply_may_be(mock: MockServer) -> None:
    whole_response = ModelResponse(content=[TextPart(text="{{ as it is }}")], id="r-1")
    given: list[Any] = [tool_call("t", {"a": 1}), {"refusal": "No."}, {"content": "x", "id": "r-2"}, whole_response]
    for at, reply in enumerate(given):
        mock.on(last_user={"equals": str(at)}).reply(lambda _, reply=reply: reply)
    answers = [read(whole(mock, str(at))) for at in range(len(given))]

    (call,) = answers[0].content
    assert isinstance(call, ToolCallPart)
    assert (call.tool_name, call.args, answers[0].finish_reason) == ("t", {"a": 1}, "tool_calls")
    assert answers[1].finish_detail == "refusal"
    assert (answers[2].id, answers[3]) == ("r-2", whole_response)


def test_a_function_may_ask_the_stand_in_itself(mock: MockServer) -> None:
    mock.on(last_user="outer").reply(lambda _: "got " + read(whole(mock, "inner")).content[0].text)  # type: ignore[union-attr]
    mock.on(last_user="inner").reply("an answer")
    assert read(whole(mock, "outer")).content == [TextPart(text="got an answer")]


def test_a_function_that_raises_is_told_to_the_client(mock: MockServer, caplog: pytest.LogCaptureFixture) -> None:
    def fails(_: Asked) -> Any:
        raise ValueError("oh no")

    def refuses(_: Asked) -> Any:
        raise status_error(429)("slow down", status_code=429)

    mock.on(name="bad", last_user="fails").reply(fails)
    mock.on(last_user="refuses").reply(refuses)
    mock.on(name="odd", last_user="odd").reply(lambda _: 3)

    assert problem(whole(mock, "fails")) == (
        400,
        "the scenario 'bad' cannot be answered: its function raised ValueError: oh no",
    )
    assert "oh no" in caplog.text
    assert problem(whole(mock, "refuses")) == (429, "slow down")
    status, text = problem(whole(mock, "odd"))
    assert status == 400
    assert "the scenario 'odd' cannot be answered" in text
    assert "a reply is a text, a part, a list of them, or an object" in text


def problem(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, json.loads(response.content)["problem"]


def test_functions_take_turns_and_faults_like_any_reply(mock: MockServer) -> None:
    mock.on().reply(lambda _: "late", fault={"latency": 0.001, "omit_end": True})
    response = whole(mock, "x")
    assert response.headers["x-mock-fault"] == "latency=0.001; omit_end=true"
    assert not response.text.endswith("}")


def test_scenarios_of_python_are_listed_by_what_can_be_told_of_them(mock: MockServer) -> None:
    mock.on(name="f", predicate=lambda _: True, last_user={"equals": "x"}).reply(lambda _: "y")
    assert read(whole(mock, "x")).content == [TextPart(text="y")]
    with client_of(mock) as client:
        listed = client.get(mock.url + "/_mock/scenarios").json()
    (scenario,) = listed["scenarios"]
    assert (scenario["name"], scenario["when"], scenario["answered"]) == ("f", {"last_user": {"equals": "x"}}, 1)
    assert listed["unused"] == []
