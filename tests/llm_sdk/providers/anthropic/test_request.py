"""The exact body that each option makes, and what is read of it again."""

from typing import Any

import pytest

from conformance.published import PublishedSchemas
from llm_sdk.codec import WireRequest, dump_json
from llm_sdk.errors import InvalidInputError, UnsupportedError
from llm_sdk.types import LanguageModelInput, ReasoningOptions
from providers.anthropic.given import ASKED, CODEC, MODEL, again, ask, plain, read, said, written

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
OPEN = {"type": "object", "properties": {}}
TOOL = {"name": "get_weather", "parameters": CITY}
SENT_TOOL = {"name": "get_weather", "input_schema": CITY, "strict": True}
TOOLS = {"tools": [SENT_TOOL]}
CACHED = {"cache_control": {"type": "ephemeral"}}
SCHEMA_FORMAT = {"type": "json", "name": "output", "schema": CITY}
HOSTED = {"type": "bash_20250124", "name": "bash"}

# Options, and what they add to the body.
WRITTEN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing": ({}, {}),
    "system prompt": ({"system_prompt": "Be brief."}, {"system": "Be brief."}),
    "empty system prompt": ({"system_prompt": ""}, {"system": ""}),
    "limit": ({"max_tokens": 7}, {"max_tokens": 7}),
    "sampling": ({"temperature": 0, "top_p": 0.5, "top_k": 3}, {"temperature": 0, "top_p": 0.5, "top_k": 3}),
    "stop": ({"stop": ["END"]}, {"stop_sequences": ["END"]}),
    "user id": ({"metadata": {"user_id": "u"}}, {"metadata": {"user_id": "u"}}),
    "strict tool": ({"tools": [TOOL]}, TOOLS),
    "described tool": (
        {"tools": [{**TOOL, "description": "The weather", "parameters": OPEN}]},
        {"tools": [{"name": "get_weather", "description": "The weather", "input_schema": OPEN}]},
    ),
    "web search": (
        {
            "tools": [
                {
                    "type": "web_search",
                    "allowed_domains": ["a.example"],
                    "max_uses": 2,
                    "user_location": {"city": "Paris", "country": "FR"},
                }
            ]
        },
        {
            "tools": [
                {
                    "type": "web_search_20250305",
                    "name": "web_search",
                    "allowed_domains": ["a.example"],
                    "max_uses": 2,
                    "user_location": {"type": "approximate", "city": "Paris", "country": "FR"},
                }
            ]
        },
    ),
    "hosted tool": ({"tools": [{"type": "opaque", "provider": "anthropic", "data": HOSTED}]}, {"tools": [HOSTED]}),
    "choice auto": ({"tools": [TOOL], "tool_choice": {"type": "auto"}}, {**TOOLS, "tool_choice": {"type": "auto"}}),
    "choice none": ({"tools": [TOOL], "tool_choice": {"type": "none"}}, {**TOOLS, "tool_choice": {"type": "none"}}),
    "choice required": (
        {"tools": [TOOL], "tool_choice": {"type": "required"}},
        {**TOOLS, "tool_choice": {"type": "any"}},
    ),
    "choice by name": (
        {"tools": [TOOL], "tool_choice": {"type": "tool", "tool_name": "get_weather"}},
        {**TOOLS, "tool_choice": {"type": "tool", "name": "get_weather"}},
    ),
    "one call at a time": (
        {"tools": [TOOL], "parallel_tool_calls": False},
        {**TOOLS, "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
    ),
    "exactly one call": (
        {"tools": [TOOL], "tool_choice": {"type": "required"}, "parallel_tool_calls": False},
        {**TOOLS, "tool_choice": {"type": "any", "disable_parallel_tool_use": True}},
    ),
    "schema": (
        {"response_format": SCHEMA_FORMAT},
        {"output_config": {"format": {"type": "json_schema", "schema": CITY}}},
    ),
    "reasoning": ({"reasoning": {}}, {"thinking": {"type": "adaptive"}}),
    "no reasoning": ({"reasoning": {"enabled": False}}, {"thinking": {"type": "disabled"}}),
    "budget": (
        {"reasoning": {"budget_tokens": 2000}},
        {"max_tokens": 6096, "thinking": {"type": "enabled", "budget_tokens": 2000}},
    ),
    "budget and limit": (
        {"max_tokens": 2001, "reasoning": {"budget_tokens": 2000}},
        {"max_tokens": 2001, "thinking": {"type": "enabled", "budget_tokens": 2000}},
    ),
    "effort": (
        {"reasoning": {"effort": "xhigh"}},
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "xhigh"}},
    ),
    "effort, budget and schema": (
        {"reasoning": {"effort": "low", "budget_tokens": 1024}, "response_format": SCHEMA_FORMAT},
        {
            "max_tokens": 5120,
            "thinking": {"type": "enabled", "budget_tokens": 1024},
            "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": CITY}},
        },
    ),
    "extra": (
        {"system_prompt": "Be brief.", "extra": {"system": {"0": CACHED}, "service_tier": "auto"}},
        {"system": [{"type": "text", "text": "Be brief.", **CACHED}], "service_tier": "auto"},
    ),
}


@pytest.mark.parametrize(("options", "added"), WRITTEN.values(), ids=WRITTEN)
def test_what_is_written_and_read_again(
    published: PublishedSchemas, options: dict[str, Any], added: dict[str, Any]
) -> None:
    body = written(ask(**options))
    assert body == {**ASKED, **added}
    assert published.complaint("request", body) == ""
    expected = {**plain(ask(**options)), "max_tokens": body["max_tokens"]}
    assert plain(read(body).input) == expected


# Options that lose something, what they make of the body, and how the warning begins.
LOSSES: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "other metadata": ({"metadata": {"user_id": "u", "team": "t"}}, {"metadata": {"user_id": "u"}}, ["metadata"]),
    "a tool of another provider": (
        {"tools": [{"type": "opaque", "provider": "openai", "data": {"type": "mcp"}}]},
        {"tools": []},
        ["tool"],
    ),
    "the description of a format": (
        {"response_format": {**SCHEMA_FORMAT, "description": "A city"}},
        {"output_config": {"format": {"type": "json_schema", "schema": CITY}}},
        ["response_format"],
    ),
    "a choice without tools": ({"tool_choice": {"type": "auto"}, "parallel_tool_calls": False}, {}, []),
    "text": ({"response_format": {"type": "text"}, "modalities": ["text"]}, {}, []),
}


@pytest.mark.parametrize(("options", "added", "warnings"), LOSSES.values(), ids=LOSSES)
def test_losses(options: dict[str, Any], added: dict[str, Any], warnings: list[str]) -> None:
    sent = CODEC.encode_request(MODEL, ask(**options), stream=False)
    assert written(ask(**options)) == {**ASKED, **added}
    assert [warning.partition(":")[0] for warning in sent.warnings] == warnings


# Fields of a recorded or documented request without a unified form: they come back as they were.
KEPT: dict[str, dict[str, Any]] = {
    "system texts": {"system": [{"type": "text", "text": "a", **CACHED}, {"type": "text", "text": "b"}]},
    "cached system": {"system": [{"type": "text", "text": "a", **CACHED}]},
    "cached block": {"messages": [{"role": "user", "content": [{"type": "text", "text": "a", **CACHED}]}]},
    "cached tool": {"tools": [{**SENT_TOOL, **CACHED}]},
    "loose tool": {"tools": [{**SENT_TOOL, "strict": False}]},
    "strict tool beyond our own reckoning": {"tools": [{"name": "f", "input_schema": OPEN, "strict": True}]},
    "newer search": {
        "tools": [{"type": "web_search_20260209", "name": "web_search", "blocked_domains": ["b.example"]}]
    },
    "hosted tools": {"tools": [HOSTED, {"type": "tool_of_tomorrow", "name": "x"}]},
    "choice of tomorrow": {"tools": [SENT_TOOL], "tool_choice": {"type": "some", "names": ["get_weather"]}},
    "choice without tools": {"tool_choice": {"type": "any"}},
    "thinking between tools": {"thinking": {"type": "between_tools"}},
    "thinking shown": {"thinking": {"type": "adaptive", "display": "summarized"}},
    "effort without thinking": {"output_config": {"effort": "low"}},
    "effort of tomorrow": {"thinking": {"type": "adaptive"}, "output_config": {"effort": "extreme"}},
    "task budget": {"output_config": {"task_budget": {"type": "tokens", "total": 9}}},
    "older format": {"output_format": {"type": "json_schema", "schema": CITY}},
    "format of tomorrow": {"output_config": {"format": {"type": "grammar", "grammar": "x"}}},
    "top level": {"service_tier": "auto", "container": "container_1", **CACHED},
    "odd metadata": {"metadata": {"user_id": None, "team": 1}},
}


@pytest.mark.parametrize("added", KEPT.values(), ids=KEPT)
def test_nothing_of_a_request_is_lost(added: dict[str, Any]) -> None:
    body = {**ASKED, **added}
    assert again(body) == CODEC.normalize_request(body)


# What means the same.
EQUAL: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a string": ({"messages": [{"role": "user", "content": "Hi"}]}, {}),
    "turns of one role": (
        {"messages": [said("user", "Hi"), said("user", "you")]},
        {"messages": [said("user", "Hi", "you")]},
    ),
    "nulls": ({"temperature": None, "system": None}, {}),
    "defaults": (
        {"stream": False, "tools": [], "stop_sequences": [], "metadata": {}, "tool_choice": {"type": "auto"}},
        {},
    ),
    "a typed tool": ({"tools": [{**SENT_TOOL, "type": "custom", "description": ""}]}, TOOLS),
    "the older format": (
        {"output_format": {"type": "json_schema", "schema": CITY}},
        {"output_config": {"format": {"type": "json_schema", "schema": CITY}}},
    ),
}


@pytest.mark.parametrize(("left", "right"), EQUAL.values(), ids=EQUAL)
def test_short_forms(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert CODEC.normalize_request({**ASKED, **left}) == CODEC.normalize_request({**ASKED, **right})


def test_headers_and_path() -> None:
    sent = CODEC.encode_request(MODEL, ask(), stream=True)
    assert (sent.method, sent.path) == ("POST", "/v1/messages")
    assert sent.headers == {
        "content-type": "application/json",
        "accept": "text/event-stream",
        "anthropic-version": "2023-06-01",
    }
    assert written(ask(), stream=True) == {**ASKED, "stream": True}


@pytest.mark.parametrize("stream", [False, True])
def test_vertex_ai(stream: bool) -> None:
    """The version stands in the body, and model and streaming in the path."""
    input = ask(extra={"anthropic_version": "vertex-2023-10-16"})
    sent = CODEC.encode_request("claude-x@20260101", input, stream=stream)
    action = "streamRawPredict" if stream else "rawPredict"
    assert sent.path == f"/publishers/anthropic/models/claude-x@20260101:{action}"
    assert b'"model"' not in sent.body
    path = f"/v1/projects/p/locations/l{sent.path}"
    call = CODEC.decode_request(WireRequest("POST", path, sent.body))
    assert (call.model_id, call.stream) == ("claude-x@20260101", stream)
    assert call.input.extra == {"anthropic_version": "vertex-2023-10-16"}


NO_STRICT = {
    "open": OPEN,
    "optional property": {**CITY, "required": []},
    "limits": {**CITY, "properties": {"city": {"type": "string", "maxLength": 3}}},
    "union": {**CITY, "properties": {"city": {"type": ["string", "null"]}}},
    "nested union": {**CITY, "properties": {"city": {"type": "array", "items": {"anyOf": [{"type": "string"}]}}}},
}


@pytest.mark.parametrize("schema", NO_STRICT.values(), ids=NO_STRICT)
def test_a_schema_that_the_strict_mode_refuses_is_sent_without_it(schema: dict[str, Any]) -> None:
    assert "strict" not in written(ask(tools=[{"name": "f", "parameters": schema}]))["tools"][0]


def test_a_property_that_is_called_like_a_limit_is_no_limit() -> None:
    schema = {**CITY, "properties": {"minimum": {"type": "string"}}, "required": ["minimum"]}
    assert written(ask(tools=[{"name": "f", "parameters": schema}]))["tools"][0]["strict"] is True


@pytest.mark.parametrize(("tools", "strict"), [(20, 20), (21, 0)])
def test_the_api_takes_twenty_strict_tools(tools: int, strict: int) -> None:
    sent = written(ask(tools=[{"name": f"f{at}", "parameters": CITY} for at in range(tools)]))["tools"]
    assert sum(tool.get("strict", False) for tool in sent) == strict


UNSUPPORTED: dict[str, dict[str, Any]] = {
    "seed": {"seed": 1},
    "presence_penalty": {"presence_penalty": 1},
    "frequency_penalty": {"frequency_penalty": 1},
    "response_format": {"response_format": {"type": "json", "name": "a"}},
    "modalities[0]": {"modalities": ["image"]},
    "audio.voice": {"audio": {"voice": "a"}},
    "reasoning.effort": {"reasoning": {"effort": "minimal"}},
}


@pytest.mark.parametrize(("path", "options"), UNSUPPORTED.items(), ids=UNSUPPORTED)
def test_what_the_protocol_has_not(path: str, options: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedError) as caught:
        CODEC.encode_request(MODEL, ask(**options), stream=False)
    assert caught.value.path == path


# Bodies that the API refuses, and its words (the first three and the one about room recorded, the others documented).
REFUSED: dict[str, tuple[Any, str]] = {
    "no limit": ({"model": MODEL, "messages": [said("user", "Hi")]}, "max_tokens: Field required"),
    "no messages": ({"model": MODEL, "max_tokens": 1}, "messages: Field required"),
    "no message": ({**ASKED, "messages": []}, "messages: at least one message is required"),
    "no model": ({"max_tokens": 1, "messages": [said("user", "Hi")]}, "model: Field required"),
    "no content": ({**ASKED, "messages": [{"role": "user"}]}, "messages.0.content: Field required"),
    "no schema": ({**ASKED, "tools": [{"name": "f"}]}, "tools.0.custom.input_schema: Field required"),
    "no text": (
        {**ASKED, "messages": [said("user", {"type": "text"})]},
        "messages.0.content.0.text.text: Field required",
    ),
    "no room for an answer": (
        {**ASKED, "max_tokens": 1024, "thinking": {"type": "enabled", "budget_tokens": 1024}},
        "`max_tokens` must be greater than `thinking.budget_tokens`.",
    ),
    "half a body": (b'{"model":', "The request body is not valid JSON: EOF while parsing a value at line 1 column 9"),
}


@pytest.mark.parametrize(("body", "message"), REFUSED.values(), ids=REFUSED)
def test_what_the_api_refuses(body: Any, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(body)
    assert caught.value.message == message


def test_thinking_between_calls_may_go_beyond_the_limit() -> None:
    body = {**ASKED, "max_tokens": 500, "thinking": {"type": "enabled", "budget_tokens": 1024}}
    headers = {"Anthropic-Beta": "files-api-2025-04-14,interleaved-thinking-2025-05-14"}
    call = CODEC.decode_request(WireRequest("POST", "/v1/messages", dump_json(body), headers))
    assert call.input.reasoning == ReasoningOptions(budget_tokens=1024)


def test_a_request_asks_for_what_it_was_given() -> None:
    input = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": "x"}], "top_k": 1})
    before = plain(input)
    written(input)
    assert plain(input) == before
    assert read(dump_json(written(input))).input.top_k == 1
