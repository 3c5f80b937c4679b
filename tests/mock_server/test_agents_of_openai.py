"""What OpenAI's own agents ask for beside responses: a shorter conversation, a WebSocket, fields of their own."""

from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from mock_server import MockServer


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as mock:
        yield mock


@pytest.fixture
def client(server: MockServer) -> Iterator[openai.OpenAI]:
    server.reset()
    with openai.OpenAI(base_url=server.base_url("openai"), api_key="k", max_retries=0) as found:
        yield found


@pytest.mark.parametrize("kept", [False, True])
def test_a_conversation_is_made_shorter_and_goes_on(server: MockServer, client: openai.OpenAI, kept: bool) -> None:
    first = client.responses.create(model="gpt-5", input="My name is Ada.")
    said = [{"role": "user", "content": "My name is Ada."}, *first.output, {"role": "user", "content": "Shorter!"}]
    asked: Any = {"input": "Shorter!", "previous_response_id": first.id} if kept else {"input": said}
    reply = client.responses.with_raw_response.compact(model="gpt-5", **asked)
    shorter, items = reply.parse(), reply.http_response.json()["output"]
    assert (shorter.object, shorter.id[:5]) == ("response.compaction", "resp_")
    assert [item.type for item in shorter.output] == ["message", "message", "compaction"]
    assert [(item["role"], item["content"][0]["text"]) for item in items[:2]] == [
        ("user", "My name is Ada."),
        ("user", "Shorter!"),
    ]
    assert shorter.usage.input_tokens > 5
    assert shorter.usage.total_tokens == shorter.usage.input_tokens + shorter.usage.output_tokens

    server.on(any_message="My name is Ada.", last_user="Who am I?").reply("Ada.")
    last = client.responses.create(model="gpt-5", input=[*items, {"role": "user", "content": "Who am I?"}])
    assert last.output_text == "Ada."


def test_a_conversation_without_a_model_is_not_made_shorter(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="Missing required parameter: 'model'"):
        client.post("/responses/compact", body={"input": "Hi"}, cast_to=object)


@pytest.mark.parametrize("stream", [False, True])
def test_a_trigger_makes_it_shorter_whatever_a_scenario_says(
    server: MockServer, client: openai.OpenAI, stream: bool
) -> None:
    server.on(any_message="Ada").reply("Hello, Ada.").reply("Hello again.")
    said: Any = [{"role": "user", "content": "I am Ada."}, {"type": "compaction_trigger"}]
    reply: Any = client.responses.create(model="gpt-5", input=said, stream=stream)
    if stream:
        events = list(reply)
        done = [event.item for event in events if event.type == "response.output_item.done"]
        reply = events[-1].response
        assert reply.output == done
    [shorter] = reply.output
    assert (shorter.type, shorter.id[:4], shorter.encrypted_content[:6]) == ("compaction", "cmp_", "gAAAAA")
    assert reply.usage.total_tokens > 0
    assert server.requests[-1].scenario is None
    assert client.responses.create(model="gpt-5", input=said[:1]).output_text == "Hello, Ada."


def test_a_websocket_is_refused_so_that_the_agent_asks_without_one(server: MockServer) -> None:
    upgrade = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "authorization": "Bearer k",
    }
    reply = httpx.get(server.base_url("openai") + "/responses", headers=upgrade)
    assert (reply.status_code, reply.json()["error"]["code"]) == (426, "websocket_not_offered")
    assert reply.json()["error"]["message"].startswith("WebSockets are not offered here.")


def test_what_an_agent_says_of_itself_is_no_unknown_field() -> None:
    with (
        MockServer(validate="provider") as mock,
        openai.OpenAI(base_url=mock.base_url("openai"), api_key="k", max_retries=0) as client,
    ):
        about = {"client_metadata": {"turn_id": "1"}}
        assert client.responses.create(model="gpt-5", input="Hi", extra_body=about).output_text == "You said: Hi"
