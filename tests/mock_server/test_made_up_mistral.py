"""Mistral's calls beside the chat, with the official client, and several answers to one call."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from made_up import MadeUp
from mistralai.client import Mistral

from mock_server import MockServer, tool_call

CHAT = MadeUp("mistral", "/v1/chat/completions", stream=True)
ASKED: Any = [{"role": "user", "content": "Hi"}]


@pytest.fixture(scope="module")
def mock() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture(scope="module")
def client(mock: MockServer) -> Iterator[Mistral]:
    with Mistral(server_url=mock.base_url("mistral"), api_key="test") as client:
        yield client


def said(answer: Any) -> str:
    text: str = answer.choices[0].message.content
    return text


def test_the_middle_of_a_text_is_filled_in(mock: MockServer, client: Mistral) -> None:
    mock.on(model="codestral-*", last_user={"equals": "def f(\n): pass"}).reply("x")
    asked: Any = {"model": "codestral-latest", "prompt": "def f(", "suffix": "): pass"}
    assert said(client.fim.complete(**asked)) == "x"
    with client.fim.stream(**asked) as events:
        assert "".join(str(event.data.choices[0].delta.content) for event in events) == "x"
    assert said(client.fim.complete(model="m", prompt="a")) == "You said: a"


def test_an_agent_is_called_as_a_model_is(mock: MockServer, client: Mistral) -> None:
    mock.on(model="ag:weather").reply(tool_call("get_weather", {"city": "Paris"}))
    answer = client.agents.complete(agent_id="ag:weather", messages=ASKED)
    assert (answer.model, answer.choices[0].finish_reason) == ("ag:weather", "tool_calls")


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("fim", {"model": "m"}, {"type": "missing", "loc": ["body", "prompt"], "msg": "Field required"}),
        (
            *("agents", {"agent_id": 3, "messages": ASKED}),
            {"type": "string_type", "loc": ["body", "agent_id"], "msg": "Input should be a valid string"},
        ),
    ],
)
def test_what_these_calls_demand(mock: MockServer, path: str, body: dict[str, Any], said: dict[str, Any]) -> None:
    answer = httpx.post(f"{mock.base_url('mistral')}/v1/{path}/completions", json=body)
    assert (answer.status_code, answer.json()) == (422, {"detail": [said]})


def test_several_answers_to_one_call() -> None:
    answer = CHAT.whole(model="m", messages=ASKED, n=2)
    assert [choice["index"] for choice in answer["choices"]] == [0, 1]
