"""A conversation moves from one provider to another and back, in all 36 ordered pairs.

The first turn has reasoning, a hosted search where there is one, text and two tool calls. The other provider gets this
history with the results and answers alike; then the first one gets both. Whatever only its maker can read goes back to
its maker, and nowhere else.
"""

import base64
import json
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import httpx
import pytest

from conformance.published import DEFAULT_FOLDER, load_schemas
from llm_sdk import get_codec, get_model
from llm_sdk.accumulator import accumulate
from llm_sdk.registry import PROVIDERS
from llm_sdk.types import (
    AssistantMessage,
    Citation,
    LanguageModelInput,
    Message,
    ModelResponse,
    Part,
    ReasoningOptions,
    ReasoningPart,
    SourcePart,
    TextPart,
    Tool,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
    UserMessage,
)
from mock_server import MockServer
from mock_server.journal import Exchange


def token(*opening: int) -> str:
    """A signature of some length with these first bytes."""
    return base64.b64encode(bytes(opening) + bytes(range(64, 124))).decode()


DETAILS = [{"type": "reasoning.text", "text": "I must look.", "signature": "sig-of-openrouter", "index": 0}]
# The reasoning of each provider, with signature and id as it makes them (recorded shapes).
REASONING = {
    "openai": ReasoningPart(text="I must look.", signature="gAAAAABo_encrypted", id="rs_0c5a" + "7" * 46),
    "openai-chat-completion": ReasoningPart(text="I must look.", signature=json.dumps(DETAILS), id="reasoning"),
    "anthropic": ReasoningPart(text="I must look.", signature=token(0x12, 0x40, 0x0A, 0x3E, 0x08)),
    "google": ReasoningPart(text="I must look.", signature=token(0x12, 0x40, 0x0A, 0x3E, 0x01)),
    "cohere": ReasoningPart(text="I must look."),
    "mistral": ReasoningPart(text="I must look.", signature="sig-of-mistral", id="thinking"),
}
SIGNED_CALL = {"google": token(0x12, 0x41, 0x0A, 0x3F, 0x01)}
# What the API takes as the id of a call: any other is refused (documented or recorded).
CALL_IDS = {
    "openai": r".{1,64}",
    "openai-chat-completion": r".{1,64}",
    "anthropic": r"[a-zA-Z0-9_-]{1,64}",
    "google": r".*",
    "cohere": r".+",
    "mistral": r"[a-zA-Z0-9]{9}",
}
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOL = Tool(name="get_weather", description="The weather in a city", parameters=SCHEMA)
PAGE = "https://example.com/rain"
PAIRS = list(product(PROVIDERS, PROVIDERS))


def answer_of(provider: str, cities: tuple[str, str]) -> list[Any]:
    """What the model behind this provider says. Ids are left to the mock server, which makes the provider's own."""
    search: dict[str, Any] = {"tool_name": "web_search", "provider_executed": True}
    hosted: list[Any] = []
    citations = None
    if "web_search" in get_codec(provider).capabilities.provider_tools:
        page = SourcePart(source=PAGE, title="Rain", content=[])
        args = {"type": "search", "query": "rain", "queries": ["rain"]}
        hosted = [
            {"type": "tool-call", **search, "args": args},
            {"type": "tool-result", **search, "content": [page.model_dump()]},
        ]
        citations = [Citation(source=PAGE, title="Rain", start_index=0, end_index=6)]
    text = TextPart(text=f"I look up {cities[0]} and {cities[1]}.", citations=citations)
    signatures = [SIGNED_CALL.get(provider), None]
    calls = [
        {"type": "tool-call", "tool_name": TOOL.name, "args": {"city": city}, "signature": signature}
        for city, signature in zip(cities, signatures, strict=True)
    ]
    return [REASONING[provider], *hosted, text, *calls]


class Conversation:
    """Turns with one mock server that stands in for every provider."""

    def __init__(self) -> None:
        self.mock = MockServer(in_process=True)
        self.messages: list[Message] = [UserMessage(content=[TextPart(text="How is the weather?")])]

    def turn(self, provider: str, cities: tuple[str, str], *, stream: bool) -> tuple[Exchange, ModelResponse]:
        """Ask, add what is answered and the results of its calls, and give back what was sent."""
        self.mock.reset()
        self.mock.on(provider=provider).reply(*answer_of(provider, cities))
        client = httpx.Client(transport=self.mock.transport)
        base_url = self.mock.base_url(provider)
        model = get_model(provider, "some-model", api_key="k", base_url=base_url, http_client=client, max_retries=0)
        asked = LanguageModelInput(
            messages=self.messages, tools=[TOOL], reasoning=ReasoningOptions(enabled=True), max_tokens=4000
        )
        response = accumulate(model.stream_sync(asked)) if stream else model.generate_sync(asked)
        calls = [part for part in response.content if isinstance(part, ToolCallPart) and not part.provider_executed]
        assert [call.args for call in calls] == [{"city": city} for city in cities]
        results: list[Part] = [
            ToolResultPart(
                tool_call_id=call.tool_call_id,
                tool_name=call.tool_name,
                content=[TextPart(text=f"It rains in {call.args['city']}.")],
            )
            for call in calls
        ]
        self.messages += [AssistantMessage(content=response.content), ToolMessage(content=results)]
        [exchange] = self.mock.requests
        return exchange, response


def marks(part: Part) -> set[str]:
    """What only the maker of a part can read: signatures and ids, and all of a hosted call."""
    return set(_marks(part.model_dump(mode="json")))


def _marks(value: Any, hosted: bool = False) -> Iterator[str]:
    if isinstance(value, list):
        for inner in value:
            yield from _marks(inner, hosted)
    elif isinstance(value, dict):
        hosted = hosted or value.get("provider_executed") is True
        names = ("signature", "id", "tool_call_id") if hosted else ("signature", "id")
        yield from (value[name] for name in names if value.get(name) and value[name] not in ("thinking", "reasoning"))
        for inner in value.values():
            yield from _marks(inner, hosted)


def strings(value: Any) -> Iterator[str]:
    """Every text in a body; texts of JSON are looked into."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
        yield json.dumps(value, separators=(",", ":"))
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
        yield json.dumps(value, separators=(",", ":"))
    elif isinstance(value, str):
        yield value


def is_sent(mark: str, exchange: Exchange) -> bool:
    """Whether a mark stands in the bytes that were sent, by itself or as the JSON that it is."""
    body = json.loads(exchange.body)
    texts = set(strings(body))
    if mark in texts or any(mark in text for text in texts if len(mark) > 8):
        return True
    try:
        return json.dumps(json.loads(mark), separators=(",", ":")) in texts
    except ValueError:
        return False


def turns_of(messages: list[Message]) -> list[int]:
    return [at for at, message in enumerate(messages) if isinstance(message, AssistantMessage)]


def check_foreign(message: Message, path: str, exchange: Exchange, warnings: list[str]) -> None:
    """Nothing of another provider's is sent, and a warning names every part that had such a thing."""
    for at, part in enumerate(message.content):
        assert [mark for mark in marks(part) if is_sent(mark, exchange)] == []
        if marks(part):
            assert any(f"{path}.content[{at}]" in warning for warning in warnings), (part, warnings)


def check_own(message: Message, path: str, exchange: Exchange, warnings: list[str]) -> None:
    """All of the provider's own is sent; of a hosted tool at least a warning says that it is not."""
    for at, part in enumerate(message.content):
        hosted = isinstance(part, ToolCallPart | ToolResultPart) and part.provider_executed
        told = hosted and any(f"{path}.content[{at}]" in warning for warning in warnings)
        assert told or [mark for mark in marks(part) if not is_sent(mark, exchange)] == []


def check_ids(provider: str, exchange: Exchange) -> None:
    """Results answer calls, in the same order, by ids that the provider takes."""
    assert exchange.input is not None
    said = [part for message in exchange.input.messages for part in message.content]
    calls = [part.tool_call_id for part in said if isinstance(part, ToolCallPart) and not part.provider_executed]
    results = [part.tool_call_id for part in said if isinstance(part, ToolResultPart) and not part.provider_executed]
    assert calls == results
    assert len(set(calls)) == len(calls)
    assert [id for id in calls if re.fullmatch(CALL_IDS[provider], id) is None] == []


def check_words(messages: list[Message], exchange: Exchange) -> None:
    """Every text, argument and result is there."""
    body = exchange.body.decode()
    for message in messages:
        for part in message.content:
            if isinstance(part, TextPart):
                assert part.text in body
            elif isinstance(part, ToolCallPart) and not part.provider_executed:
                assert part.args["city"] in body
            elif isinstance(part, ToolResultPart) and not part.provider_executed:
                assert isinstance(part.content[0], TextPart)
                assert part.content[0].text in body


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=[" and ".join(pair) for pair in PAIRS])
def test_there_and_back(first: str, second: str) -> None:
    talk = Conversation()
    talk.turn(first, ("Oslo", "Lima"), stream=False)

    told = list(talk.messages)
    exchange, answer = talk.turn(second, ("Rome", "Bern"), stream=True)
    check = check_own if first == second else check_foreign
    check(told[1], "messages[1]", exchange, answer.warnings or [])
    check_ids(second, exchange)
    check_words(told, exchange)
    check_schema(second, exchange)

    told = list(talk.messages)
    exchange, answer = talk.turn(first, ("Kyiv", "Doha"), stream=False)
    check_own(told[1], "messages[1]", exchange, answer.warnings or [])
    check(told[3], "messages[3]", exchange, answer.warnings or [])
    check_ids(first, exchange)
    check_words(told, exchange)
    check_schema(first, exchange)


def check_schema(provider: str, exchange: Exchange) -> None:
    """Where the provider's published schema is at hand."""
    assert load_schemas(provider, DEFAULT_FOLDER).complaint("request", json.loads(exchange.body)) == ""
