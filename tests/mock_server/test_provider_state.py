"""What a provider does from one call to the next: responses that are kept, prompts that are cached."""

from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import openai
import pytest
from google import genai
from google.genai import types

from llm_sdk.services import Exchanged
from llm_sdk.types import LanguageModelInput
from mock_server import MockServer
from mock_server.memory import Memory
from mock_server.prompt_cache import PromptCache

MODEL = "gpt-5"


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as mock:
        yield mock


@pytest.fixture
def mock(server: MockServer) -> MockServer:
    server.reset()
    return server


@pytest.fixture
def client(mock: MockServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=mock.base_url("openai"), api_key="key", max_retries=0) as client:
        yield client


def create(client: openai.OpenAI, text: str, *, stream: bool = False, **options: Any) -> Any:
    """A response, whole or from the last event of its stream."""
    if not stream:
        return client.responses.create(model=MODEL, input=text, **options)
    events = list(client.responses.create(model=MODEL, input=text, stream=True, **options))
    return events[-1].response


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_conversation_goes_on_from_the_previous_response(
    mock: MockServer, client: openai.OpenAI, stream: bool
) -> None:
    mock.on(any_message="My name is Ada").reply("Your name is Ada.")
    first = create(client, "My name is Ada", stream=stream)
    second = create(client, "What is it?", stream=stream, previous_response_id=first.id)
    third = create(client, "Again?", stream=stream, previous_response_id=second.id)
    assert third.output_text == "Your name is Ada."
    assert third.previous_response_id == second.id
    said = mock.requests[-1].input
    assert said is not None
    assert [(message.role, message.content[0].text) for message in said.messages] == [  # type: ignore[union-attr]
        ("user", "My name is Ada"),
        ("assistant", "Your name is Ada."),
        ("user", "What is it?"),
        ("assistant", "Your name is Ada."),
        ("user", "Again?"),
    ]
    assert first.usage.input_tokens < second.usage.input_tokens < third.usage.input_tokens


def test_instructions_are_not_carried_over(mock: MockServer, client: openai.OpenAI) -> None:
    first = create(client, "hi", instructions="Be terse.")
    create(client, "hi", previous_response_id=first.id)
    assert [exchange.input.system_prompt for exchange in mock.requests if exchange.input] == ["Be terse.", None]


def test_a_tool_can_be_answered_without_the_history(client: openai.OpenAI) -> None:
    tools: Any = [{"type": "function", "name": "get_time", "parameters": {"type": "object", "properties": {}}}]
    first = create(client, "call get_time", tools=tools)
    [call] = first.output
    answer: Any = [{"type": "function_call_output", "call_id": call.call_id, "output": "noon"}]
    second = client.responses.create(model=MODEL, input=answer, tools=tools, previous_response_id=first.id)
    assert second.output_text == "get_time answered: noon"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_an_item_of_a_kept_response_is_referred_to(mock: MockServer, client: openai.OpenAI, stream: bool) -> None:
    tools: Any = [{"type": "function", "name": "get_time", "parameters": {"type": "object", "properties": {}}}]
    [call] = create(client, "call get_time", tools=tools, stream=stream).output
    create(client, "something else")
    said: Any = [
        {"role": "user", "content": "call get_time"},
        {"type": "item_reference", "id": call.id},
        {"type": "function_call_output", "call_id": call.call_id, "output": "noon"},
    ]
    assert client.responses.create(model=MODEL, input=said, tools=tools).output_text == "get_time answered: noon"
    mock.assert_verdict()
    said[1]["id"] = "fc_0"
    with pytest.raises(openai.NotFoundError, match="Item with id 'fc_0' not found") as caught:
        client.responses.create(model=MODEL, input=said, tools=tools)
    assert caught.value.param == "input"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_response_is_kept_until_it_is_deleted(client: openai.OpenAI, stream: bool) -> None:
    given = create(client, "hello", stream=stream)
    assert client.responses.retrieve(given.id) == given
    client.responses.delete(given.id)
    with pytest.raises(openai.NotFoundError, match=f"Response with id '{given.id}' not found."):
        client.responses.retrieve(given.id)
    with pytest.raises(openai.BadRequestError) as caught:
        create(client, "and?", previous_response_id=given.id)
    assert (caught.value.code, caught.value.param) == ("previous_response_not_found", "previous_response_id")


def test_a_response_that_is_not_to_be_stored_is_not(client: openai.OpenAI) -> None:
    given = create(client, "hello", store=False)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(given.id)


def test_input_items_are_listed_page_by_page(client: openai.OpenAI) -> None:
    said: Any = [{"role": "user", "content": f"message {number}"} for number in range(5)]
    given = client.responses.create(model=MODEL, input=said)
    for order, numbers in (("asc", [0, 1, 2, 3, 4]), ("desc", [4, 3, 2, 1, 0])):
        items: list[Any] = list(client.responses.input_items.list(given.id, limit=2, order=order))  # type: ignore[arg-type]
        assert [item.content[0].text for item in items] == [f"message {number}" for number in numbers]


def test_what_runs_in_the_background_is_done_at_once(client: openai.OpenAI) -> None:
    given = create(client, "hello", background=True)
    assert client.responses.cancel(given.id) == client.responses.retrieve(given.id) == given
    assert given.status == "completed"
    with pytest.raises(openai.BadRequestError, match="background=true"):
        client.responses.cancel(create(client, "hello").id)


def test_a_stream_of_the_background_is_read_again_from_where_it_was_left(client: openai.OpenAI) -> None:
    events = list(client.responses.create(model=MODEL, input="hello", stream=True, background=True))
    id = events[-1].response.id  # type: ignore[union-attr]
    assert list(client.responses.retrieve(id, stream=True)) == events
    assert list(client.responses.retrieve(id, stream=True, starting_after=2)) == events[3:]
    assert client.responses.retrieve(id).output_text == "You said: hello"
    with pytest.raises(openai.BadRequestError, match="background=true and stream=true"):
        client.responses.retrieve(create(client, "hello", background=True).id, stream=True)


def test_a_prompt_that_is_kept_elsewhere_may_be_all_that_is_said(client: openai.OpenAI) -> None:
    given = client.responses.create(model=MODEL, prompt={"id": "pmpt_1", "variables": {"city": "Paris"}})
    assert given.status == "completed"
    with pytest.raises(openai.BadRequestError, match="Missing required parameter: 'input'"):
        client.responses.create(model=MODEL, previous_response_id=None)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("include", [[], ["reasoning.encrypted_content"]], ids=["unasked", "asked"])
def test_reasoning_is_encrypted_where_that_is_asked_for(
    client: openai.OpenAI, include: list[str], stream: bool
) -> None:
    given = create(client, "hello", stream=stream, reasoning={"effort": "low"}, include=include)
    assert given.output[0].type == "reasoning"
    assert bool(given.output[0].encrypted_content) is bool(include)


def test_the_stand_in_forgets_with_the_rest(mock: MockServer, client: openai.OpenAI) -> None:
    given = create(client, "hello")
    mock.reset()
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(given.id)


def test_without_validation_an_unknown_response_is_no_obstacle() -> None:
    with MockServer(in_process=True, validate="off") as mock, httpx.Client(transport=mock.transport) as client:
        body = {"model": MODEL, "input": "hi", "previous_response_id": "resp_gone"}
        assert client.post(mock.base_url("openai") + "/responses", json=body).status_code == 200


def test_memory_is_bounded_by_number_and_by_size() -> None:
    memory = Memory(max_kept=3, max_bytes=100)
    for number in range(5):
        memory[str(number)] = Exchanged(b"q", b"a")
    assert list(memory) == ["2", "3", "4"]
    memory["big"] = Exchanged(b"q" * 97, b"a")
    assert list(memory) == ["4", "big"]
    memory["big"] = Exchanged(b"", b"")
    memory["5"] = Exchanged(b"q" * 50, b"a" * 40)
    assert list(memory) == ["4", "big", "5"]
    memory["huge"] = Exchanged(b"q" * 500, b"")
    assert list(memory) == ["huge"], "the one that was kept last is kept whatever its size"


LONG = "word " * 1000


def test_a_prompt_that_came_before_is_cached_by_openai_and_by_google(mock: MockServer, client: openai.OpenAI) -> None:
    said: Any = [{"role": "system", "content": LONG}, {"role": "user", "content": "one"}]
    other: Any = [{"role": "system", "content": LONG}, {"role": "user", "content": "two"}]
    counts = []
    for messages in (said, other, said, [{"role": "user", "content": "short"}]):
        usage = client.chat.completions.create(model=MODEL, messages=messages).usage
        assert usage is not None
        details = usage.prompt_tokens_details
        counts.append((usage.prompt_tokens, details.cached_tokens if details else None))
        assert usage.completion_tokens_details is not None
        assert usage.completion_tokens_details.reasoning_tokens == 0, "what an app may add up is there"
    assert counts == [(1254, 0), (1254, 1250), (1254, 1254), (5, 0)]

    options: Any = types.HttpOptions(base_url=mock.base_url("google"))
    google = genai.Client(api_key="key", http_options=options)
    given = [google.models.generate_content(model="g", contents=LONG).usage_metadata for _ in range(2)]
    google.close()
    assert [usage.cached_content_token_count for usage in given if usage] == [None, 1253]


def test_anthropic_caches_what_is_marked(mock: MockServer) -> None:
    system: Any = [{"type": "text", "text": LONG, "cache_control": {"type": "ephemeral"}}]
    turns: list[Any] = [{"role": "user", "content": "one"}]
    with anthropic.Anthropic(base_url=mock.base_url("anthropic"), api_key="key") as client:

        def ask(messages: list[Any], **options: Any) -> tuple[int | None, int | None, int]:
            usage = client.messages.create(model="c", max_tokens=99, messages=messages, **options).usage
            return usage.cache_creation_input_tokens, usage.cache_read_input_tokens, usage.input_tokens

        assert ask(turns, system=LONG) == (0, 0, 1254), "nothing is marked"
        assert ask(turns, system=system) == (1250, 0, 4)
        assert ask([{"role": "user", "content": "two"}], system=system) == (0, 1250, 4)
        marked: Any = [{"type": "text", "text": LONG, "cache_control": {"type": "ephemeral"}}]
        longer = [{"role": "user", "content": marked}, {"role": "assistant", "content": "ok"}, *turns]
        assert ask(longer, system=system) == (1253, 1250, 8), "up to the last mark"
        assert ask(longer, system=system) == (0, 2503, 8)


def test_prompts_of_other_models_are_not_known() -> None:
    cache = PromptCache()
    prompt = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": LONG}]})
    assert [cache.look_up(owner, prompt) for owner in ("a", "a", "b")] == [(0, 1253), (1253, 1253), (0, 1253)]


def test_several_answers_are_all_billed(mock: MockServer, client: openai.OpenAI) -> None:
    said: Any = [{"role": "user", "content": "hello"}]
    one, three = (client.chat.completions.create(model=MODEL, messages=said, n=n) for n in (1, 3))
    assert (len(one.choices), len(three.choices)) == (1, 3)
    assert one.usage is not None
    assert three.usage is not None
    assert three.usage.completion_tokens == 3 * one.usage.completion_tokens
    assert three.usage.total_tokens == three.usage.prompt_tokens + three.usage.completion_tokens
    options: Any = types.HttpOptions(base_url=mock.base_url("google"))
    google = genai.Client(api_key="key", http_options=options)
    config = types.GenerateContentConfig(candidate_count=2)
    whole = google.models.generate_content(model="g", contents="hello", config=config)
    *_, last = google.models.generate_content_stream(model="g", contents="hello", config=config)
    google.close()
    assert [len(answer.candidates or ()) for answer in (whole, last)] == [2, 2]
    assert whole.usage_metadata is not None
    assert whole.usage_metadata.candidates_token_count == 8
