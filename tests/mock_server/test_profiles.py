"""Servers that deviate from the protocol that they copy: what they write, byte by byte, and that it reads the same."""

import json
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from llm_sdk.accumulator import accumulate
from llm_sdk.errors import InvalidInputError, StatusCodeError
from llm_sdk.registry import get_codec, get_model
from llm_sdk.types import LanguageModelInput, ModelResponse
from mock_server import MockServer, tool_call
from mock_server.cli import main
from mock_server.profiles import FOLDER, PROFILES, load_profile

COPIED = "openai-chat-completion"
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
SAID = ["Let <b>me</b>.", tool_call("f", {"city": "Paris"}), tool_call("f", {"city": "Rome"})]


def served(profile: str) -> MockServer:
    mock = MockServer(in_process=True, profile=profile)
    mock.on(last_user="weather").reply(*SAID)
    mock.on(last_user="fail").reply(content="par", finish_reason="error")
    return mock


def post(mock: MockServer, said: str, **fields: Any) -> httpx.Response:
    with httpx.Client(transport=mock.transport, base_url=mock.base_url(COPIED)) as client:
        body = {"model": "m", "messages": [{"role": "user", "content": said}], **fields}
        return client.post("/chat/completions", json=body)


def events(reply: httpx.Response) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in reply.text.split("\n\n") if line]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


def deltas(reply: httpx.Response) -> list[Any]:
    return [event["choices"][0]["delta"] for event in events(reply) if event != "[DONE]" and event["choices"]]


def call_json(mock: MockServer, at: int, index: int, city: str) -> dict[str, Any]:
    function = {"name": "f", "arguments": json.dumps({"city": city}, separators=(",", ":"))}
    response = mock.requests[-1].response
    assert isinstance(response, ModelResponse)
    id = response.content[1 + at].tool_call_id
    return {"index": index, "id": id, "type": "function", "function": function}


def test_every_profile_has_its_file() -> None:
    assert sorted(PROFILES) == sorted(file.stem for file in FOLDER.glob("*.yaml"))
    for name in PROFILES:
        assert get_codec(load_profile(name).provider).provider == load_profile(name).provider
    with pytest.raises(InvalidInputError, match=r"profile: no profile 'x'; there are llama\.cpp, ollama, qvac, vllm"):
        MockServer(profile="x")


def test_all_calls_in_one_chunk() -> None:
    mock = served("qvac")
    reply = post(mock, "weather", stream=True, tools=TOOLS)
    assert b"Let" in reply.content
    assert rb"\u003cb\u003eme\u003c/b\u003e." in reply.content
    assert deltas(reply)[-2:] == [
        {"tool_calls": [call_json(mock, 0, 0, "Paris"), call_json(mock, 1, 1, "Rome")]},
        {},
    ]
    assert events(reply)[-2]["choices"][0]["finish_reason"] == "tool_calls"
    assert [set(event) for event in events(reply)[:-1]] == [{"id", "object", "created", "model", "choices"}] * 5


def test_usage_comes_last_where_it_is_asked_for() -> None:
    reply = post(served("qvac"), "weather", stream=True, stream_options={"include_usage": True})
    *chunks, last, end = events(reply)
    assert (last["choices"], set(last["usage"])) == ([], {"prompt_tokens", "completion_tokens", "total_tokens"})
    assert end == "[DONE]"
    assert not any("usage" in chunk for chunk in chunks)


def test_text_before_calls_is_null_in_a_whole_answer() -> None:
    message = post(served("qvac"), "weather", tools=TOOLS).json()["choices"][0]["message"]
    assert (set(message), message["content"]) == ({"role", "content", "tool_calls"}, None)
    assert post(served("qvac"), "Hello").json()["choices"][0]["message"]["content"] == "You said: Hello"


def test_an_answer_that_fails_on_the_way_ends_in_good_order() -> None:
    error = {"error": {"message": "The inference failed.", "type": "server_error", "code": "inference_failed"}}
    reply = post(served("qvac"), "fail", stream=True)
    assert (reply.status_code, events(reply)[-2:]) == (200, [error, "[DONE]"])
    reply = post(served("qvac"), "fail")
    assert (reply.status_code, reply.json()) == (502, error)


def test_what_is_refused_and_what_is_ignored() -> None:
    mock = served("qvac")
    reply = post(mock, "weather", tools=TOOLS, response_format={"type": "json_object"})
    assert (reply.status_code, reply.json()) == (
        400,
        {
            "error": {
                "message": "responseFormat cannot be combined with tools",
                "type": "invalid_request_error",
                "code": "invalid_response_format",
            }
        },
    )
    assert post(mock, "weather", tools=TOOLS, response_format={"type": "text"}).status_code == 200
    post(mock, "Hello", tools=TOOLS, tool_choice="required", stop=["said"])
    assert mock.requests[-1].response.content[0].text == "You said: Hello"


def test_every_call_has_the_index_0() -> None:
    mock = served("ollama")
    reply = post(mock, "weather", stream=True, tools=TOOLS)
    assert {delta["role"] for delta in deltas(reply)} == {"assistant"}
    assert deltas(reply)[-2] == {
        "role": "assistant",
        "content": "",
        "tool_calls": [call_json(mock, 0, 0, "Paris"), call_json(mock, 1, 0, "Rome")],
    }
    assert {event["system_fingerprint"] for event in events(reply)[:-1]} == {"fp_ollama"}


def test_timings_and_the_status_as_a_code() -> None:
    mock = served("llama.cpp")
    mock.on(last_user="busy").fault(status=503, message="Loading model")
    assert post(mock, "Hello").json()["timings"]["predicted_n"] == 46
    *chunks, last, _ = events(post(mock, "Hello", stream=True, stream_options={"include_usage": True}))
    assert "timings" in last
    assert not any("timings" in chunk for chunk in chunks)
    error = post(mock, "busy").json()["error"]
    assert (error["code"], error["message"], "param" in error) == (503, "Loading model", False)


def test_fields_of_its_own() -> None:
    body = post(served("vllm"), "Hello").json()
    assert body["choices"][0]["stop_reason"] is None
    assert body["prompt_logprobs"] is None


@pytest.mark.parametrize("profile", PROFILES)
def test_the_reference_client_reads_what_they_write(profile: str) -> None:
    mock = served(profile)
    input = LanguageModelInput.model_validate(
        {"messages": [{"role": "user", "content": "weather"}], "tools": [{"name": "f", "parameters": {}}]}
    )
    with httpx.Client(transport=mock.transport) as client:
        model = get_model(COPIED, "m", api_key="x", base_url=mock.base_url(COPIED), http_client=client)
        streamed, whole = accumulate(model.stream_sync(input)), model.generate_sync(input)
    cities = [part.args["city"] for part in streamed.content if part.type == "tool-call"]
    assert cities == ["Paris", "Rome"]
    assert [part for part in whole.content if part.type == "tool-call"] == streamed.content[1:]
    assert streamed.content[0].text == "Let <b>me</b>."
    assert (streamed.finish_reason, streamed.usage) == (whole.finish_reason, whole.usage)


def test_an_error_amid_a_stream_is_an_error_to_the_client() -> None:
    mock = served("qvac")
    input = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": "fail"}]})
    with httpx.Client(transport=mock.transport) as client:
        options: Any = {"api_key": "x", "base_url": mock.base_url(COPIED), "http_client": client, "max_retries": 0}
        model = get_model(COPIED, "m", **options)
        with pytest.raises(StatusCodeError, match=r"The inference failed\."):
            list(model.stream_sync(input))
        with pytest.raises(StatusCodeError, match=r"The inference failed\."):
            model.generate_sync(input)


@pytest.mark.parametrize(
    ("profile", "ends"),
    [
        ("qvac", ['{"error":{"message":"\\u003cgone\\u003e","type":"server_error","code":"c"}}', "[DONE]"]),
        ("ollama", ['{"error":{"message":"<gone>","type":"api_error","param":null,"code":null}}']),
        ("llama.cpp", ['{"error":{"message":"<gone>","type":"unavailable_error","code":503}}']),
        ("vllm", ['{"error":{"message":"<gone>","type":"InternalServerError","param":null,"code":503}}', "[DONE]"]),
    ],
)
def test_an_error_that_is_asked_for_amid_a_stream_has_the_servers_own_form(profile: str, ends: list[str]) -> None:
    mock = served(profile)
    fault = {"error_after_events": 2, "status": 503, "message": "<gone>", "code": "c"}
    mock.on(last_user="late").reply("one two three", fault=fault)
    reply = post(mock, "late", stream=True)
    lines = [line.removeprefix("data: ") for line in reply.text.split("\n\n") if line]
    assert (reply.status_code, lines[2:]) == (200, ends)
    whole = post(mock, "late").json()["error"]
    assert whole == json.loads(ends[0])["error"]


def test_types_of_errors_go_by_the_status() -> None:
    found = {}
    for profile in PROFILES:
        mock = served(profile)
        found[profile] = [
            post(mock, f"fault {status}", model=f"m+fault,status={status}").json()["error"]["type"]
            for status in (400, 404, 429, 500)
        ]
    assert found == {
        "qvac": ["invalid_request_error"] * 3 + ["server_error"],
        "ollama": ["invalid_request_error", "not_found_error", "api_error", "api_error"],
        "llama.cpp": ["invalid_request_error", "not_found_error", "invalid_request_error", "server_error"],
        "vllm": ["BadRequestError", "NotFoundError", "BadRequestError", "InternalServerError"],
    }


def test_other_protocols_stay_as_they_are() -> None:
    bodies = []
    for profile in (None, "qvac"):
        with MockServer(in_process=True, profile=profile) as mock, httpx.Client(transport=mock.transport) as client:
            sent = client.post(f"{mock.base_url('openai')}/responses", json={"model": "m", "input": "Hello"})
            bodies.append(sent.content)
    assert bodies[0] == bodies[1]


def test_the_program_knows_them() -> None:
    done = CliRunner().invoke(main, ["serve", "--profile", "x"])
    assert done.exit_code == 2
    assert "no profile 'x'; there are llama.cpp, ollama, qvac, vllm" in done.output
