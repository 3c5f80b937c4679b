"""The provider's official Python client as an independent peer: what it sends is read, what we write it understands."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import openai
import pytest
from pydantic import BaseModel

from llm_sdk.accumulator import to_partials
from llm_sdk.codec import ModelCall, SeededIds, WireRequest, WireResponse
from llm_sdk.errors import LanguageModelError, NotFoundError, RateLimitError
from llm_sdk.sse import encode_event
from llm_sdk.types import ImagePart, ModelResponse, ModelUsage, OpaquePart, ReasoningPart, TextPart
from providers.openai.given import CALL, CODEC, MODEL, PNG, SEARCH, ask, assistant, found, plain, tool_result, user

ANSWER = ModelResponse(
    content=[
        ReasoningPart(text="**Rain**\n**Sun**", id="rs_1", signature="gAAAA"),
        TextPart(text="Hé\u2028llo", signature="msg_1#final_answer"),
        CALL,
        SEARCH,
        found("https://a.example"),
        ImagePart(mime_type="image/png", data=PNG, id="ig_1"),
        OpaquePart(provider="openai", data={"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAAA"}),
    ],
    usage=ModelUsage(input_tokens=9, output_tokens=5),
    id="resp_1",
    model_id=MODEL,
    finish_reason="tool_calls",
)


class Provider:
    """Reads what the client sends, and answers with ``answer``; ``calls`` are what was asked."""

    def __init__(self, answer: ModelResponse | LanguageModelError = ANSWER) -> None:
        self.calls: list[ModelCall] = []
        self._answer = answer
        transport = httpx2.MockTransport(self._handle)
        self.client = openai.OpenAI(
            api_key="test",
            base_url="https://api.example/v1",
            max_retries=0,
            http_client=httpx2.Client(transport=transport),
        )

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        sent = WireRequest(request.method, request.url.path, request.content)
        assert CODEC.match(sent.method, sent.path) is not None
        call = CODEC.decode_request(sent)
        self.calls.append(call)
        if isinstance(self._answer, LanguageModelError):
            return _response(CODEC.encode_error(self._answer))
        if not call.stream:
            return _response(CODEC.encode_response(self._answer, call=call, ids=SeededIds()))
        encoder = CODEC.stream_encoder(call=call, ids=SeededIds())
        events = [event for partial in to_partials(self._answer, list) for event in encoder.feed(partial)]
        body = b"".join(map(encode_event, events + encoder.close()))
        return httpx2.Response(200, content=body, headers=CODEC.response_headers(SeededIds(), stream=True))


def _response(answer: WireResponse) -> httpx2.Response:
    return httpx2.Response(answer.status, content=answer.body, headers=dict(answer.headers))


def test_the_client_understands_a_whole_answer() -> None:
    response = Provider().client.responses.create(model=MODEL, input="Hi")
    assert response.output_text == "Hé\u2028llo"
    assert [item.type for item in response.output] == [
        "reasoning",
        "message",
        "function_call",
        "web_search_call",
        "image_generation_call",
        "compaction",
    ]
    assert (response.status, response.error, response.incomplete_details) == ("completed", None, None)
    assert response.usage is not None
    assert (response.usage.total_tokens, response.usage.output_tokens_details.reasoning_tokens) == (14, 0)


def test_the_client_collects_a_stream_to_the_same_answer() -> None:
    provider = Provider()
    with provider.client.responses.stream(model=MODEL, input="Hi") as stream:
        kinds = {event.type for event in stream}
        streamed = stream.get_final_response()
    whole = provider.client.responses.parse(model=MODEL, input="Hi")
    assert "response.output_text.delta" in kinds
    assert streamed.output_text == whole.output_text
    assert streamed.to_dict()["output"] == whole.to_dict()["output"]


class City(BaseModel):
    name: str


def test_the_client_parses_structured_output() -> None:
    provider = Provider(ModelResponse(content=[TextPart(text='{"name":"Paris"}')]))
    parsed = provider.client.responses.parse(model=MODEL, input="Where?", text_format=City)
    assert parsed.output_parsed == City(name="Paris")
    [call] = provider.calls
    assert plain(call.input.response_format) == {
        "type": "json",
        "name": "City",
        "schema": {**City.model_json_schema(), "additionalProperties": False},
    }


def test_the_client_raises_a_refusal_and_an_error() -> None:
    refused = ModelResponse(content=[TextPart(text="No.")], finish_reason="content_filter", finish_detail="refusal")
    [message] = Provider(refused).client.responses.create(model=MODEL, input="Hi").output
    assert [part.to_dict() for part in message.content] == [{"type": "refusal", "refusal": "No."}]  # type: ignore[union-attr]
    slow = RateLimitError("Slow down.", status_code=429, retry_after=2, request_id="req_1")
    with pytest.raises(openai.RateLimitError, match=r"Slow down\.") as limit:
        Provider(slow).client.responses.create(model=MODEL, input="Hi")
    assert (limit.value.code, limit.value.request_id) == ("rate_limit_exceeded", "req_1")
    with pytest.raises(openai.NotFoundError):
        Provider(NotFoundError("No such model.", status_code=404)).client.responses.create(model=MODEL, input="Hi")


WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOL: Any = {"type": "function", "name": "get_weather", "parameters": WEATHER, "strict": True}
# What the client is asked for, and the input that is read from what it sends.
SENT: dict[str, tuple[Callable[[openai.OpenAI], Any], Any]] = {
    "a string": (lambda client: client.responses.create(model=MODEL, input="Hi", store=False), ask()),
    "options": (
        lambda client: client.responses.create(
            model=MODEL,
            input="Hi",
            store=False,
            instructions="Be brief.",
            temperature=0,
            top_p=0.5,
            max_output_tokens=16,
            parallel_tool_calls=False,
            metadata={"user": "7"},
            reasoning={"effort": "low", "summary": "auto"},
            include=["reasoning.encrypted_content"],
            prompt_cache_key="k",
        ),
        ask(
            system_prompt="Be brief.",
            temperature=0,
            top_p=0.5,
            max_tokens=16,
            parallel_tool_calls=False,
            metadata={"user": "7"},
            reasoning={"effort": "low"},
            extra={"prompt_cache_key": "k"},
        ),
    ),
    "tools": (
        lambda client: client.responses.create(
            model=MODEL,
            input="Hi",
            store=False,
            tools=[TOOL, {"type": "web_search", "filters": {"allowed_domains": ["a.example"]}}],
            tool_choice={"type": "function", "name": "get_weather"},
            include=["web_search_call.action.sources"],
        ),
        ask(
            tools=[
                {"name": "get_weather", "parameters": WEATHER},
                {"type": "web_search", "allowed_domains": ["a.example"]},
            ],
            tool_choice={"type": "tool", "tool_name": "get_weather"},
        ),
    ),
    "history": (
        lambda client: client.responses.create(
            model=MODEL,
            store=False,
            input=[
                {
                    "role": "user",
                    "content": [
                        {"type": "input_text", "text": "What?"},
                        {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"},
                    ],
                },
                {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": '{"city":"Paris"}'},
                {"type": "function_call_output", "call_id": "call_1", "output": "rain"},
                {"role": "assistant", "content": "It rains."},
            ],
        ),
        {
            "messages": [
                user(TextPart(text="What?"), ImagePart(mime_type="image/png", data=PNG)),
                assistant(CALL.model_copy(update={"id": None})),
                tool_result(TextPart(text="rain")),
                assistant(TextPart(text="It rains.")),
            ]
        },
    ),
}


@pytest.mark.parametrize(("send", "asked"), SENT.values(), ids=SENT)
def test_what_the_client_sends_is_read(send: Callable[[openai.OpenAI], Any], asked: Any) -> None:
    provider = Provider()
    send(provider.client)
    [call] = provider.calls
    expected = ask(**asked) if isinstance(asked, dict) else asked
    assert plain(call.input) == plain(expected)
    assert (call.model_id, call.stream, call.warnings) == (MODEL, False, ())


def test_an_answer_that_the_client_sends_back_is_the_history() -> None:
    """Item by item, as the client's own types write it."""
    provider = Provider()
    output = provider.client.responses.create(model=MODEL, input="Hi").output
    again: Any = [item.to_dict() for item in output]
    provider.client.responses.create(model=MODEL, input=again, store=False)
    [history] = provider.calls[-1].input.messages
    assert history.content == ANSWER.content
    written = json.loads(CODEC.encode_request(MODEL, provider.calls[-1].input, stream=False).body)
    sent = {"model": MODEL, "input": again, "store": False}
    assert CODEC.normalize_request(written) == CODEC.normalize_request(sent)
