"""Message threads of the Messages API: the server holds the conversation, and a request says only what is new."""

from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from llm_sdk.types import ReasoningPart
from mock_server import MockServer, tool_call

MODEL = "claude-opus-5"
BETA = "message-threads-2026-08-12"
CREATE = {"type": "create"}
WEATHER: Any = {"name": "get_weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as mock:
        yield mock


@pytest.fixture
def mock(server: MockServer) -> MockServer:
    server.reset()
    return server


@pytest.fixture
def client(mock: MockServer) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=mock.base_url("anthropic"), api_key="key", max_retries=0) as client:
        yield client


def say(client: anthropic.Anthropic, text: str, thread: Any, *, stream: bool = False, **options: Any) -> Any:
    """One turn in a thread, whole or streamed."""
    messages = [{"role": "user", "content": text}]
    asked = {"model": MODEL, "max_tokens": 100, "messages": messages, "thread": thread, "betas": [BETA], **options}
    if not stream:
        return client.beta.messages.create(**asked)
    with client.beta.messages.stream(**asked) as events:
        return events.get_final_message()


def after(message: Any) -> dict[str, str]:
    return {"type": "continue", "previous_message_id": message.id}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_thread_goes_on_with_all_that_was_said(mock: MockServer, client: anthropic.Anthropic, stream: bool) -> None:
    mock.on(last_user="My name").reply(ReasoningPart(text="A name.", signature="sig"), "Hello.")
    mock.on(any_message="My name is Ada", system="terse").reply("You are Ada.")
    first = say(client, "My name is Ada", CREATE, stream=stream, system="Be terse.")
    second = say(client, "Who am I?", after(first), stream=stream)
    third = say(client, "Again?", after(second), stream=stream)
    assert third.content[0].text == "You are Ada."
    read = mock.requests[-1].input
    assert read is not None
    assert read.system_prompt == "Be terse."
    assert [(message.role, [part.type for part in message.content]) for message in read.messages] == [
        ("user", ["text"]),
        ("assistant", ["reasoning", "text"]),
        ("user", ["text"]),
        ("assistant", ["text"]),
        ("user", ["text"]),
    ]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_result_belongs_to_the_call_that_the_thread_holds(
    mock: MockServer, client: anthropic.Anthropic, stream: bool
) -> None:
    mock.on(last_user="Weather").reply(tool_call("get_weather", {"city": "Paris"})).reply("Sunny.")
    first = say(client, "Weather?", CREATE, stream=stream, tools=[WEATHER])
    result = {"type": "tool_result", "tool_use_id": first.content[0].id, "content": "sun"}
    second = say(client, "", after(first), stream=stream, messages=[{"role": "user", "content": [result]}])
    assert second.content[0].text == "Sunny."
    mock.assert_verdict()


def test_the_tool_runner_of_the_official_client_ends(mock: MockServer, client: anthropic.Anthropic) -> None:
    @anthropic.beta_tool
    def get_weather(city: str) -> str:
        """The weather in a city."""
        return f"sun in {city}"

    asked: Any = [{"role": "user", "content": "Use get_weather"}]
    runner = client.beta.messages.tool_runner(model=MODEL, max_tokens=100, tools=[get_weather], messages=asked)
    last = runner.until_done()
    assert last.content[0].text == "get_weather answered: sun in city"  # type: ignore[union-attr]
    assert len(mock.requests) == 2


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], int, str | None, str]] = {
    "no thread of that name": (
        {"thread": {"type": "continue", "previous_message_id": "msg_0"}},
        *({}, 404, "thread_not_found", "No thread is found for the previous message id 'msg_0'."),
    ),
    "no name of an answer": (
        *({"thread": {"type": "continue"}}, {}, 400, None, "thread.continue.previous_message_id: Field required"),
    ),
    "another model": (
        *({"model": "claude-sonnet-5"}, {}, 400, "thread_fingerprint_mismatch"),
        "These fields differ from those of the thread: model.",
    ),
    "another tool choice": (
        *({"tool_choice": {"type": "any"}}, {"tool_choice": {"type": "auto"}}, 400, "thread_fingerprint_mismatch"),
        "These fields differ from those of the thread: tool_choice.",
    ),
    "instructions of its own": (
        *({"system": "Be loud."}, {}, 400, None),
        "system: A request that continues a thread takes it from the thread.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_thread_does_not_take(client: anthropic.Anthropic, name: str) -> None:
    changed, created_with, status, code, message = REFUSED[name]
    first = say(client, "Hi", CREATE, tools=[WEATHER], **created_with)
    asked = {"thread": after(first), **changed}
    with pytest.raises(anthropic.APIStatusError) as caught:
        say(client, "Go on", asked.pop("thread"), **asked)
    error = caught.value.body["error"]  # type: ignore[index]
    assert caught.value.status_code == status
    assert error["message"] == message
    assert (error.get("details") or {}).get("error_code") == code


def test_an_answer_is_continued_once(client: anthropic.Anthropic) -> None:
    first = say(client, "Hi", CREATE)
    second = say(client, "Go on", after(first))
    with pytest.raises(anthropic.BadRequestError, match="thread_already_continued"):
        say(client, "Go elsewhere", after(first))
    assert say(client, "And on", after(second)).content[0].text == "You said: And on"


def test_an_answer_that_failed_is_asked_for_again(mock: MockServer, client: anthropic.Anthropic) -> None:
    first = say(client, "Hi", CREATE)
    mock.add_fault(status=529, times=1)
    with pytest.raises(anthropic.APIStatusError):
        say(client, "Go on", after(first))
    assert say(client, "Go on", after(first)).content[0].text == "You said: Go on"


def test_without_validation_an_unknown_thread_begins() -> None:
    with (
        MockServer(validate="off") as mock,
        anthropic.Anthropic(base_url=mock.base_url("anthropic"), api_key="key", max_retries=0) as client,
    ):
        first = say(client, "Hi", {"type": "continue", "previous_message_id": "msg_0"})
        say(client, "Go on", after(first))
        read = mock.requests[-1].input
    assert read is not None
    assert [message.role for message in read.messages] == ["user", "assistant", "user"]


def test_what_was_not_said_in_a_thread_is_not_kept(client: anthropic.Anthropic) -> None:
    asked: Any = [{"role": "user", "content": "Hi"}]
    plain = client.messages.create(model=MODEL, max_tokens=100, messages=asked)
    with pytest.raises(anthropic.NotFoundError, match="thread_not_found"):
        say(client, "Go on", after(plain))
