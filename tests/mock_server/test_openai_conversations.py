"""Conversations that OpenAI keeps, asked for by its official client: what stands in them, and what a response adds."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import openai
import pytest

from mock_server import MockServer, tool_call

USER = {"type": "message", "role": "user", "content": "My name is Ada."}


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as mock:
        yield mock


@pytest.fixture
def client(server: MockServer) -> Iterator[openai.OpenAI]:
    server.reset()
    with openai.OpenAI(base_url=server.base_url("openai"), api_key="k", max_retries=0) as found:
        yield found


def texts(client: openai.OpenAI, id: str, **query: Any) -> list[Any]:
    return [
        (item.role, item.content[0].text) if item.type == "message" else item.type
        for item in client.conversations.items.list(id, **query)
    ]


def test_a_conversation_from_its_beginning_to_its_end(client: openai.OpenAI) -> None:
    made = client.conversations.create(items=[USER], metadata={"topic": "names"})
    assert (made.id[:5], len(made.id), made.object, made.metadata) == ("conv_", 53, "conversation", {"topic": "names"})
    assert client.conversations.retrieve(made.id) == made
    changed = client.conversations.update(made.id, metadata={"topic": "other"})
    assert (changed.id, changed.created_at, changed.metadata) == (made.id, made.created_at, {"topic": "other"})
    gone = client.conversations.delete(made.id)
    assert (gone.id, gone.deleted, gone.object) == (made.id, True, "conversation.deleted")
    with pytest.raises(openai.NotFoundError, match=f"Conversation with id '{made.id}' not found"):
        client.conversations.retrieve(made.id)
    assert client.conversations.create().metadata == {}


def test_items_are_listed_added_and_taken_away(client: openai.OpenAI) -> None:
    id = client.conversations.create(items=[USER]).id
    said: Any = [{"role": "assistant", "content": "Hello, Ada."}, {**USER, "content": "Bye."}]
    added = client.conversations.items.create(id, items=said)
    assert (len(added.data), added.first_id, added.has_more) == (2, added.data[0].id, False)
    expected = [("user", "My name is Ada."), ("assistant", "Hello, Ada."), ("user", "Bye.")]
    assert texts(client, id, order="asc") == expected
    assert texts(client, id, limit=1) == list(reversed(expected)), "the client asks for page after page"
    first = client.conversations.items.list(id, limit=1)
    assert (len(first.data), first.has_more, first.last_id) == (1, True, added.data[1].id)
    item = client.conversations.items.retrieve(added.data[1].id, conversation_id=id)
    assert item == added.data[1]
    assert item.model_dump(exclude_unset=True) == {
        "type": "message",
        "id": added.data[1].id,
        "status": "completed",
        "role": "user",
        "content": [{"type": "input_text", "text": "Bye."}],
    }
    assert client.conversations.items.delete(item.id, conversation_id=id).id == id
    assert texts(client, id, order="asc") == expected[:2]
    again = client.conversations.items.create(id, items=said[1:])
    assert again.data[0].id != item.id
    with pytest.raises(openai.NotFoundError, match="Item with id"):
        client.conversations.items.retrieve(item.id, conversation_id=id)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("store", [False, True])
def test_a_response_reads_its_conversation_and_adds_to_it(
    server: MockServer, client: openai.OpenAI, stream: bool, store: bool
) -> None:
    server.on(any_message="name is Ada", last_user="Who").reply("You are Ada.")
    server.on(last_user="Look", tool_result=False).reply(tool_call("look", {"at": "x"}))
    id = client.conversations.create(items=[USER]).id

    def ask(input: Any, conversation: Any) -> Any:
        asked: dict[str, Any] = {"model": "gpt-5", "input": input, "conversation": conversation, "store": store}
        if not stream:
            return client.responses.create(**asked)
        with client.responses.stream(**asked) as events:
            return events.get_final_response()

    answer = ask("Who am I?", id)
    assert (answer.output_text, answer.conversation.id) == ("You are Ada.", id)
    call = ask("Look", {"id": id}).output[0]
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "seen"}
    assert ask([result], id).output_text == "look answered: seen"
    assert texts(client, id, order="asc") == [
        ("user", "My name is Ada."),
        ("user", "Who am I?"),
        ("assistant", "You are Ada."),
        ("user", "Look"),
        "function_call",
        "function_call_output",
        ("assistant", "look answered: seen"),
    ]


def test_what_is_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="Conversation with id 'conv_none' not found"):
        client.responses.create(model="m", input="x", conversation="conv_none")
    id = client.conversations.create().id
    with pytest.raises(openai.BadRequestError, match="Mutually exclusive") as refused:
        client.responses.create(model="m", input="x", conversation=id, previous_response_id="resp_x")
    assert refused.value.code == "mutually_exclusive_parameters"
    many: Any = [USER] * 21
    too_many = "maximum length 20, but got an array with length 21"
    for attempt in (partial(client.conversations.items.create, id), client.conversations.create):
        with pytest.raises(openai.BadRequestError, match=too_many) as refused:
            attempt(items=many)
        assert (refused.value.param, refused.value.code) == ("items", "array_above_max_length")
    wrong: Any = {"items": 3}
    with pytest.raises(openai.BadRequestError) as refused:
        client.conversations.items.create(id, **wrong)
    assert refused.value.param == "items"
