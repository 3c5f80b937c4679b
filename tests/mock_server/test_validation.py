"""Requests are refused as the provider refuses them, and none that it has answered."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from llm_sdk.codec import WireRequest, WireResponse
from llm_sdk.errors import LanguageModelError, StatusCodeError
from llm_sdk.registry import get_codec
from llm_sdk.services import services_of
from mock_server import MockServer

TOOL = {"name": "f", "parameters": {"type": "object", "properties": {}}}
OPEN = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
SHORT = {"type": "array", "items": {"type": "string"}, "maxItems": 3}
PNG = "data:image/png;base64,iVBORw0KGgo="
TEXT_AS_PNG = "data:image/png;base64,aGVsbG8gd29ybGQ="
USER = {"role": "user", "content": "hi"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def closed_around(inner: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": inner}, "required": ["a"], "additionalProperties": False}


def picture(url: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}


def input_picture(url: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "input_image", "image_url": url}]}


def blob(data: str) -> dict[str, Any]:
    return {"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": data}}]}


def source(data: str, kind: str = "image/png") -> dict[str, Any]:
    image = {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}
    return {"role": "user", "content": [image]}


FUNCTION = {"type": "function", "function": TOOL}
GOOGLE = "/google/v1beta/models/gemini-2.5-flash:generateContent"
ENDPOINTS: dict[str, tuple[str, dict[str, Any]]] = {
    "openai": ("/openai/v1/responses", {"model": "m", "input": "hi"}),
    "openai-chat-completion": ("/openai/v1/chat/completions", {"model": "m", "messages": [USER]}),
    "anthropic": ("/anthropic/v1/messages", {"model": "m", "max_tokens": 99, "messages": [USER]}),
    "google": (GOOGLE, {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
    "cohere": ("/cohere/v2/chat", {"model": "m", "messages": [USER]}),
    "mistral": ("/mistral/v1/chat/completions", {"model": "m", "messages": [USER]}),
}
CALLED_BY_CLAUDE = {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}]}
ANSWERED_FOR_CLAUDE = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "x"}]}
CALLED_BY_GEMINI = {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]}
THINKING = {"type": "enabled", "budget_tokens": 100}

# What is changed of a request that is answered, a fault in it, and a part of what the provider says.
FAULTS: list[tuple[str, dict[str, Any], int, str]] = [
    ("openai", {"temperature": 9}, 400, "Expected a value <= 2, but got 9.0 instead."),
    ("openai", {"max_output_tokens": 5}, 400, "integer below minimum value. Expected a value >= 16, but got 5"),
    ("openai", {"temprature": 1}, 400, "Unknown parameter: 'temprature'."),
    ("openai", {"model": None}, 400, "Invalid type for 'model': expected a string, but got null instead."),
    ("openai", {"input": [{"role": "wizard", "content": "hi"}]}, 400, "Invalid value: 'wizard'."),
    ("openai", {"tools": [{"type": "function", "name": "f", "parameters": OPEN, "strict": True}]}, 400,
     "Invalid schema for function 'f': In context=(), 'additionalProperties' is required to be supplied and to be"),
    ("openai", {"text": {"format": {"type": "json_schema", "name": "n", "schema": OPEN, "strict": True}}}, 400,
     "Invalid schema for response_format 'n': In context=(),"),
    ("openai", {"tool_choice": {"type": "function", "name": "f"}}, 400, "not found in 'tools' parameter"),
    ("openai", {"tools": [{"type": "function", "name": "a b", "parameters": {}}]}, 400, "does not match pattern"),
    ("openai", {"input": [{"type": "function_call_output", "call_id": "c", "output": "x"}]}, 400,
     "No tool call found for function call output with call_id c."),
    ("openai", {"input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}]}, 400,
     "No tool output found for function call c."),
    ("openai", {"input": [input_picture("data:image/png;base64,%")]}, 400, "base64"),
    ("openai", {"input": [input_picture(TEXT_AS_PNG)]}, 400, "You uploaded an unsupported image."),
    ("openai", {"previous_response_id": "resp_gone"}, 400, "Previous response with id 'resp_gone' not found."),
    ("openai-chat-completion", {"temperature": -1}, 400, "decimal below minimum value. Expected a value >= 0"),
    ("openai-chat-completion", {"max_tokens": 0}, 400, "Invalid 'max_tokens': integer below minimum value."),
    ("openai-chat-completion", {"n": 129}, 400, "Invalid 'n': integer above maximum value."),
    ("openai-chat-completion", {"stop": [*"abcde"]}, 400, "Expected an array with maximum length 4"),
    ("openai-chat-completion", {"max_token": 1}, 400, "Unknown parameter: 'max_token'."),
    ("openai-chat-completion", {"messages": []}, 400, "Expected an array with minimum length 1"),
    ("openai-chat-completion", {"messages": [{"role": "wizard", "content": "hi"}]}, 400,
     "Invalid value: 'wizard'. Supported values are: 'system', 'developer', 'user',"),
    ("openai-chat-completion", {"messages": [{"content": "hi"}]}, 400, "Missing required parameter: 'messages[0]."),
    ("openai-chat-completion", {"messages": ["hi"]}, 400, "Invalid type for 'messages[0]': expected an object, but"),
    ("openai-chat-completion", {"messages": [USER, {"role": "tool", "tool_call_id": "c", "content": "x"}]}, 400,
     "must be a response to a preceeding message with 'tool_calls'"),
    ("openai-chat-completion", {"messages": [USER, {"role": "assistant", "tool_calls": [CALL]}, USER]}, 400,
     "The following tool_call_ids did not have response messages: call_1"),
    ("openai-chat-completion", {"tool_choice": "required"}, 400, "only allowed when 'tools' are specified"),
    ("openai-chat-completion",
     {"tools": [{"type": "function", "function": {"name": "f", "parameters": OPEN, "strict": True}}]}, 400,
     "Invalid schema for function 'f'"),
    ("openai-chat-completion", {"messages": [picture(TEXT_AS_PNG)]}, 400, "['png', 'jpeg', 'gif', 'webp']"),
    ("anthropic", {"max_tokens": None}, 400, "max_tokens: Input should be a valid integer"),
    ("anthropic", {"max_tokens": 0}, 400, "max_tokens: Input should be greater than or equal to 1"),
    ("anthropic", {"temperature": 1.5}, 400, "temperature: range: 0..1"),
    ("anthropic", {"frequency_penalty": 1}, 400, "frequency_penalty: Extra inputs are not permitted"),
    ("anthropic", {"messages": []}, 400, "messages: at least one message is required"),
    ("anthropic", {"messages": [{"role": "wizard", "content": "hi"}]}, 400, "messages.0.role: Input should be"),
    ("anthropic", {"messages": [{"role": "user", "content": ""}]}, 400,
     "messages.0: all messages must have non-empty content"),
    ("anthropic", {"messages": [USER, CALLED_BY_CLAUDE, USER]}, 400,
     "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1."),
    ("anthropic", {"messages": [ANSWERED_FOR_CLAUDE]}, 400,
     "messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1."),
    ("anthropic", {"tools": [{"name": "f", "input_schema": {}}]}, 400, "0.custom.input_schema.type: Field required"),
    ("anthropic", {"tools": [{"name": "a b", "input_schema": {"type": "object"}}]}, 400, "String should match pattern"),
    ("anthropic", {"tools": [{"name": "f", "input_schema": closed_around(OPEN), "strict": True}]}, 400,
     "tools.0.custom: For 'object' type, 'additionalProperties' must be explicitly set to false"),
    ("anthropic", {"tools": [{"name": "f", "input_schema": closed_around(SHORT), "strict": True}]}, 400,
     "tools.0.custom: For 'array' type, property 'maxItems' is not supported"),
    ("anthropic", {"tool_choice": {"type": "any"}}, 400, "tool_choice may only be specified while providing tools."),
    ("anthropic", {"thinking": THINKING}, 400, "`max_tokens` must be greater than `thinking.budget_tokens`."),
    ("anthropic", {"thinking": THINKING, "max_tokens": 999}, 400, "greater than or equal to 1024"),
    ("anthropic", {"messages": [source("iVBORw0KGgo=", "image/bmp")]}, 400, "media_type: Input should be 'image/jpeg'"),
    ("anthropic", {"messages": [source("aGVsbG8gd29ybGQ=")]}, 400, "Could not process image"),
    ("google", {"contents": []}, 400, "contents is not specified"),
    ("google", {"content": []}, 400, 'Unknown name "content"'),
    ("google", {"contents": [{"role": "wizard", "parts": [{"text": "hi"}]}]}, 400,
     "Please use a valid role: user, model."),
    ("google", {"generationConfig": {"temperature": 3}}, 400, "temperature must be in the range [0.0, 2.0]."),
    ("google", {"generationConfig": {"candidateCount": 9}}, 400, "candidate_count must be in the range [1, 8]."),
    ("google", {"generationConfig": {"stopSequences": [*"abcdef"]}}, 400,
     "* GenerateContentRequest.generation_config.stop_sequences: the number of stop_sequences must not exceed 5."),
    ("google", {"tools": [{"functionDeclarations": [{"name": "1 a"}]}]}, 400, "Invalid function name."),
    ("google", {"contents": [CALLED_BY_GEMINI, {"role": "user", "parts": [{"text": "and?"}]}]}, 400,
     "the number of function response parts is equal to the number of function call parts"),
    ("google", {"contents": [blob("%")]}, 400, "Base64 decoding failed"),
    ("google", {"contents": [blob("aGVsbG8gd29ybGQ=")]}, 400, "Unable to process input image."),
    ("google", {"tools": [{"functionDeclarations": [{"name": "f"}]}],
                "generationConfig": {"responseMimeType": "application/json"}}, 400, "is unsupported"),
    ("cohere", {"temperature": 2}, 400, "temperature must be between 0 and 1.0 inclusive."),
    ("cohere", {"messages": []}, 400, "messages"),
    ("cohere", {"model": None}, 400, "invalid request: model"),
    ("cohere", {"messages": [{"role": "wizard", "content": "hi"}]}, 400,
     "invalid request: messages[0].role: Input should be one of 'system', 'user', 'assistant', 'tool'"),
    ("cohere", {"max_tokens": -1}, 400, "invalid request: max_tokens cannot be less than 0."),
    ("cohere", {"stop_sequences": [*"abcdef"]}, 400,
     "invalid request: too many stop sequences provided, maximum is 5, received 6."),
    ("cohere", {"tools": [{"type": "function", "function": {"name": "1-a", "parameters": {}}}]}, 400,
     "invalid request: tool names can only contain certain characters (A-Za-z0-9_) and can't begin with a digit "
     "(provided name: '1-a')."),
    ("cohere", {"messages": [USER, {"role": "assistant", "tool_calls": [CALL, CALL], "tool_plan": "p"}]}, 400,
     "cannot have duplicate tool ids"),
    ("cohere", {"p": 2}, 400, "p must be between 0.01 and 0.99 inclusive."),
    ("cohere", {"messages": [USER, {"role": "tool", "tool_call_id": "c", "content": "x"}]}, 400, "tool call"),
    ("cohere", {"messages": [USER, {"role": "assistant", "tool_calls": [CALL], "tool_plan": "p"}, USER]}, 400,
     "the tool call call_1 has no tool message that answers it."),
    ("cohere", {"messages": [picture(TEXT_AS_PNG)]}, 400, "the image could not be decoded."),
    ("mistral", {"temperature": 2}, 422, "Input should be less than or equal to 1.5"),
    ("mistral", {"max_token": 2}, 422, "Extra inputs are not permitted"),
    ("mistral", {"messages": []}, 400, "Conversation must have at least one message"),
    ("mistral", {"messages": [{"role": "wizard", "content": "hi"}]}, 422, "'wizard' found using 'role' does not"),
    ("mistral", {"messages": [USER, {"role": "tool", "tool_call_id": "c", "content": "x"}]}, 400,
     "Unexpected role 'tool' after role 'user'"),
    ("mistral", {"messages": [USER, {"role": "assistant", "tool_calls": [CALL]}, USER]}, 400,
     "Not the same number of function calls and responses"),
    ("mistral", {"messages": [picture(TEXT_AS_PNG)]}, 400, "Image could not be loaded as a valid image"),
]  # fmt: skip


@pytest.fixture(scope="module")
def modes() -> Iterator[dict[str, tuple[MockServer, httpx.Client]]]:
    """A stand-in for each way of dealing with such a request, and a client of it."""
    mocks = {
        "provider": MockServer(in_process=True, validate="provider"),
        "warn": MockServer(in_process=True, validate="warn"),
        "off": MockServer(in_process=True, validate="off"),
    }
    clients = {mode: httpx.Client(transport=mock.transport, base_url=mock.url) for mode, mock in mocks.items()}
    yield {mode: (mocks[mode], clients[mode]) for mode in mocks}
    for client in clients.values():
        client.close()


Modes = dict[str, tuple[MockServer, httpx.Client]]


@pytest.mark.parametrize("provider", ENDPOINTS)
def test_a_request_without_a_fault_is_answered(modes: Modes, provider: str) -> None:
    path, body = ENDPOINTS[provider]
    assert modes["provider"][1].post(path, json=body).status_code == 200


@pytest.mark.parametrize(("provider", "change", "status", "said"), FAULTS)
def test_a_fault_is_refused_as_the_provider_refuses_it(
    modes: Modes, provider: str, change: dict[str, Any], status: int, said: str
) -> None:
    path, body = ENDPOINTS[provider]
    answer = modes["provider"][1].post(path, json={**body, **change})
    assert answer.status_code == status
    assert said in "\n".join(_texts(answer.json()))
    error = get_codec(provider).decode_error(WireResponse(status, answer.content, dict(answer.headers)))
    assert (type(error), error.status_code) == (StatusCodeError, status)


def _texts(value: Any) -> Iterator[str]:
    """All texts in a JSON value."""
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(inner)


HOT = {"temperature": 9}
READABLE = [provider for provider in ENDPOINTS if provider != "cohere"]


@pytest.mark.parametrize("provider", READABLE)
def test_with_warn_it_is_answered_and_the_warning_is_seen(
    modes: Modes, provider: str, caplog: pytest.LogCaptureFixture
) -> None:
    mock, client = modes["warn"]
    path, body = ENDPOINTS[provider]
    answer = client.post(path, json={**body, **({"generationConfig": HOT} if "contents" in body else HOT)})
    assert answer.status_code == 200
    [warning] = mock.requests[-1].warnings
    assert "temperature" in f"{warning} {answer.headers['x-mock-server-warning']}"
    assert f"{provider} would refuse this request" in caplog.text


def test_with_off_a_limit_may_be_missing(modes: Modes) -> None:
    path, body = ENDPOINTS["anthropic"]
    unlimited = {name: value for name, value in body.items() if name != "max_tokens"}
    for stream in (False, True):
        answers = {mode: client.post(path, json={**unlimited, "stream": stream}) for mode, (_, client) in modes.items()}
        assert {mode: answer.status_code for mode, answer in answers.items()} == {
            "provider": 400,
            "warn": 400,
            "off": 200,
        }
    for broken in (b"", b"[]", b'{"messages": 1}'):
        assert modes["off"][1].post(path, content=broken).status_code == 400


@pytest.mark.parametrize("provider", READABLE)
def test_with_off_it_is_answered_without_a_word(modes: Modes, provider: str) -> None:
    mock, client = modes["off"]
    path, body = ENDPOINTS[provider]
    answer = client.post(path, json={**body, **({"generationConfig": HOT} if "contents" in body else HOT)})
    assert (answer.status_code, mock.requests[-1].warnings) == (200, ())
    assert "x-mock-server-warning" not in answer.headers


CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
FILES = {
    "openai": "openai-responses",
    "openai-chat-completion": "openai-chat",
    "anthropic": "anthropic",
    "google": "google",
    "cohere": "cohere",
    "mistral": "mistral",
}
NOT_THE_PROVIDER = {"1399f343cb297e9d67b2"}
"""Answered by a model that OpenAI has not: a server of somebody else's behind its address."""
EVERY = 6
"""One recording of so many is read; those that were refused are all read."""
# The recorded refusals that are told in the provider's own words: no schema was compiled for them, and no model missed.
REFUSED = {"openai": 2, "openai-chat-completion": 6, "anthropic": 13, "google": 4, "cohere": 0, "mistral": 0}


def _recorded(provider: str) -> Iterator[tuple[dict[str, Any], str | None]]:
    """The recorded requests, each with what is said of it here; None where it is answered."""
    codec = get_codec(provider)
    with gzip.open(CORPUS / f"{FILES[provider]}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for at, line in enumerate(lines):
            refused = '"status": 4' in line[:3000] or '"status":4' in line[:3000]
            if at % EVERY and not refused:
                continue
            record = json.loads(line)
            if not isinstance(record["request_body"], dict):
                continue
            parts = urlsplit(record["url"])
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
            request = WireRequest("POST", path, json.dumps(record["request_body"]).encode(), {})
            yield record, _fault(codec, request)


def _fault(codec: Any, request: WireRequest) -> str | None:
    try:
        call = codec.decode_request(request)
        return next((fault.message for fault in services_of(codec).validate(request, call)), None)
    except LanguageModelError as error:
        return error.message


@pytest.mark.skipif(not CORPUS.exists(), reason="the recorded traffic is not beside the checkout")
@pytest.mark.parametrize("provider", FILES)
def test_what_the_provider_has_answered_is_answered(provider: str) -> None:
    wrongly = []
    refused = set()
    for record, fault in _recorded(provider):
        if record["status"] == 200 and fault is not None and record["id"] not in NOT_THE_PROVIDER:
            wrongly.append((record["id"], fault))
        if record["status"] == 400 and fault is not None:
            refused.add(json.dumps(record["request_body"], sort_keys=True))
    assert wrongly == []
    assert len(refused) >= REFUSED[provider]
