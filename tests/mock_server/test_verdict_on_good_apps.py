"""Agents that are written as the providers' documentation has them, with the official clients: nothing is found."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import types

from mock_server import MockServer, tool_call

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
QUESTION = "How is the weather in Paris and in Rome?"
THOUGHT = {"type": "reasoning", "text": "Two cities, two calls.", "signature": "c2lnbmF0dXJl"}
CALLS = (tool_call("get_weather", {"city": "Paris"}), tool_call("get_weather", {"city": "Rome"}))


RETRIES = types.HttpRetryOptions(attempts=3, initial_delay=0.05, jitter=0.01)


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as mock:
        yield mock


@pytest.fixture
def mock(server: MockServer) -> MockServer:
    server.reset()
    return server


def weather(city: str) -> str:
    return f"{city}: sunny"


def with_responses(mock: MockServer, *, stored: bool) -> None:
    """OpenAI's Responses, with the history kept by the provider, or by the app."""
    tool: Any = {"type": "function", "name": "get_weather", "parameters": CITY, "strict": True}
    with openai.OpenAI(base_url=mock.base_url("openai"), api_key="test") as client:
        history: list[Any] = [{"role": "user", "content": QUESTION}]
        more: dict[str, Any] = {"store": stored, "reasoning": {"effort": "low"}}
        more |= {} if stored else {"include": ["reasoning.encrypted_content"]}
        answer = client.responses.create(model="gpt-5", input=history, tools=[tool], **more)
        for _ in range(4):
            if answer.status == "incomplete":
                history = [] if stored else [*history, *answer.output]
                history.append({"role": "user", "content": "Continue where you stopped."})
            else:
                results = [
                    {
                        "type": "function_call_output",
                        "call_id": item.call_id,
                        "output": weather(json.loads(item.arguments)["city"]),
                    }
                    for item in answer.output
                    if item.type == "function_call"
                ]
                follow = results or [{"role": "user", "content": "And tomorrow?"}]
                history = follow if stored else [*history, *answer.output, *follow]
            if stored:
                more["previous_response_id"] = answer.id
            answer = client.responses.create(model="gpt-5", input=history, tools=[tool], **more)


def with_chat(mock: MockServer, *, streamed: bool) -> None:
    """OpenAI's chat completions, whole or streamed."""
    tool: Any = {"type": "function", "function": {"name": "get_weather", "parameters": CITY}}
    with openai.OpenAI(base_url=mock.base_url("openai-chat-completion"), api_key="test") as client:
        messages: list[Any] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": QUESTION}]
        for _ in range(5):
            if streamed:
                choice = _streamed(client, model="gpt-5", messages=messages, tools=[tool])
            else:
                choice = client.chat.completions.create(model="gpt-5", messages=messages, tools=[tool]).choices[0]
            messages.append(choice.message.model_dump(exclude_none=True, exclude={"parsed"}))
            for call in choice.message.tool_calls or ():
                city = json.loads(call.function.arguments)["city"]
                messages.append({"role": "tool", "tool_call_id": call.id, "content": weather(city)})
            if choice.finish_reason == "length":
                messages.append({"role": "user", "content": "Please go on."})
            elif not choice.message.tool_calls:
                messages.append({"role": "user", "content": "And tomorrow?"})


def _streamed(client: openai.OpenAI, **asked: Any) -> Any:
    """This client raises for an answer that was cut, and hands it over with the error."""
    with client.chat.completions.stream(**asked) as stream:
        try:
            return stream.get_final_completion().choices[0]
        except openai.LengthFinishReasonError as error:
            return error.completion.choices[0]


def with_anthropic(mock: MockServer, *, streamed: bool) -> None:
    """Claude, with thinking and a cache breakpoint that moves to the last message."""
    tool: Any = {"name": "get_weather", "input_schema": CITY}
    thinking: Any = {"type": "enabled", "budget_tokens": 1024}
    with anthropic.Anthropic(base_url=mock.base_url("anthropic"), api_key="test") as client:
        messages: list[Any] = [{"role": "user", "content": [{"type": "text", "text": QUESTION}]}]
        for _ in range(5):
            for message in messages:
                message["content"][-1].pop("cache_control", None)
            if messages[-1]["role"] == "user":
                messages[-1]["content"][-1]["cache_control"] = {"type": "ephemeral"}
            asked: dict[str, Any] = {"model": "claude-sonnet-5", "max_tokens": 2000, "thinking": thinking}
            asked |= {"tools": [tool], "messages": messages, "system": "Be brief."}
            if streamed:
                with client.messages.stream(**asked) as stream:
                    answer: Any = stream.get_final_message()
            else:
                answer = client.messages.create(**asked)
            content = [block.model_dump(mode="json", exclude_none=True) for block in answer.content]
            messages.append({"role": "assistant", "content": [_bare(block) for block in content]})
            results: list[Any] = [
                {"type": "tool_result", "tool_use_id": block["id"], "content": weather(block["input"]["city"])}
                for block in content
                if block["type"] == "tool_use"
            ]
            follow = "Please continue." if answer.stop_reason == "max_tokens" else "And tomorrow?"
            messages.append({"role": "user", "content": results or [{"type": "text", "text": follow}]})


def _bare(block: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in block.items() if name not in ("parsed_output", "caller")}


def with_google(mock: MockServer, *, streamed: bool) -> None:
    """Gemini, with the history that its chat keeps; the results are matched by the names of their calls."""
    tool = types.Tool(
        function_declarations=[types.FunctionDeclaration(name="get_weather", parameters_json_schema=CITY)]
    )
    config = types.GenerateContentConfig(tools=[tool], system_instruction="Be brief.")
    options = types.HttpOptions(base_url=mock.base_url("google"), retry_options=RETRIES)
    with genai.Client(api_key="test", http_options=options) as client:
        contents: list[Any] = [types.UserContent(parts=[types.Part(text=QUESTION)])]
        for _ in range(5):
            answer = client.models.generate_content(model="gemini-3-pro", contents=contents, config=config)
            content = answer.candidates[0].content
            if streamed:
                pieces = client.models.generate_content_stream(model="gemini-3-pro", contents=contents, config=config)
                parts = [part for piece in pieces for part in piece.candidates[0].content.parts or ()]
                content = types.ModelContent(parts=parts)
            contents.append(content)
            results = [
                types.Part.from_function_response(
                    name=part.function_call.name, response={"result": weather(part.function_call.args["city"])}
                )
                for part in content.parts
                if part.function_call
            ]
            contents.append(types.UserContent(parts=results or [types.Part(text="And tomorrow? Go on.")]))


def chatting_with_google(mock: MockServer) -> None:
    """Gemini, with the client's own chat, which calls functions by itself."""

    def get_weather(city: str) -> str:
        """How the weather is."""
        return weather(city)

    options = types.HttpOptions(base_url=mock.base_url("google"), retry_options=RETRIES)
    with genai.Client(api_key="test", http_options=options) as client:
        chat = client.chats.create(
            model="gemini-3-pro",
            config=types.GenerateContentConfig(tools=[get_weather], system_instruction="Be brief."),
        )
        for said in (QUESTION, "And tomorrow?", "Thanks. Continue, please."):
            chat.send_message(said)


AGENTS: dict[str, Callable[[MockServer], None]] = {
    "openai, stored": lambda mock: with_responses(mock, stored=True),
    "openai, stateless": lambda mock: with_responses(mock, stored=False),
    "openai chat": lambda mock: with_chat(mock, streamed=False),
    "openai chat, streamed": lambda mock: with_chat(mock, streamed=True),
    "anthropic": lambda mock: with_anthropic(mock, streamed=False),
    "anthropic, streamed": lambda mock: with_anthropic(mock, streamed=True),
    "google-genai": lambda mock: with_google(mock, streamed=False),
    "google-genai, streamed": lambda mock: with_google(mock, streamed=True),
    "google-genai, chat": chatting_with_google,
}


@pytest.mark.parametrize("name", AGENTS)
def test_nothing_is_found_in_a_good_agent(mock: MockServer, name: str) -> None:
    """It thinks, calls two tools at once, fails with 429, is cut and asked to go on."""
    thinks = "openai chat" not in name
    mock.on(last_user="weather").reply(*([THOUGHT] if thinks else []), *CALLS).reply("Sunny in both.")
    mock.on(last_user="tomorrow").fault(status=429, retry_after=0.02).reply(
        "Tomorrow it will be", finish_reason="length"
    ).reply("Rain.")
    mock.on().reply("raining all day.")
    AGENTS[name](mock)
    mock.assert_requested(status=429)
    assert len(mock.requests.where(status=200)) >= 4
    assert mock.verdict().findings == (), str(mock.verdict())


def test_what_a_careless_agent_loses_is_found(mock: MockServer) -> None:
    """The same with an app that keeps of an answer what it can use: no thinking, ids of its own."""
    mock.on(last_user="weather").reply(THOUGHT, *CALLS).reply("Sunny in both.")
    tool: Any = {"name": "get_weather", "input_schema": CITY}
    thinking: Any = {"type": "enabled", "budget_tokens": 1024}
    with anthropic.Anthropic(base_url=mock.base_url("anthropic"), api_key="test") as client:
        messages: list[Any] = [{"role": "user", "content": QUESTION}]
        more: dict[str, Any] = {"model": "claude-sonnet-5", "max_tokens": 2000, "tools": [tool], "thinking": thinking}
        answer = client.messages.create(messages=messages, **more)
        calls = [block for block in answer.content if block.type == "tool_use"]
        kept = [
            {"type": "tool_use", "id": f"t{at}", "name": one.name, "input": one.input} for at, one in enumerate(calls)
        ]
        results = [{"type": "tool_result", "tool_use_id": one["id"], "content": "sunny"} for one in kept]
        messages += [{"role": "assistant", "content": kept}, {"role": "user", "content": results}]
        client.messages.create(messages=messages, **more)
    found = {(finding.rule, finding.exchanges) for finding in mock.verdict().findings}
    assert found == {("lost-tool-call", (1, 2)), ("lost-reasoning", (1, 2))}
