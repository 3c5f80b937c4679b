"""``LanguageModelInput`` <-> the request: the exact body of every option."""

from typing import Any

import pytest

from llm_sdk.errors import InvalidInputError, UnsupportedError
from providers.openai_chat_completion.given import ASKED, CODEC, HI, MODEL, ask, plain, read, written

SQL = {"type": "custom", "custom": {"name": "sql"}}
CITY = {"type": "object", "properties": {"city": {"type": "string"}}}
STRICT = {**CITY, "required": ["city"], "additionalProperties": False}
SEARCH = {"type": "web_search", "user_location": {"city": "Paris", "country": "FR"}}
PLACE = {"type": "approximate", "approximate": {"city": "Paris", "country": "FR"}}


def function(schema: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "f", "parameters": schema, **fields}}


# Options and their fields in the body, read in both directions.
OPTIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing": ({}, {}),
    "scalars, zero too": (
        {"max_tokens": 16, "temperature": 0, "top_p": 0, "presence_penalty": 0, "frequency_penalty": 0, "seed": 0},
        {"max_completion_tokens": 16, "temperature": 0, "top_p": 0, "presence_penalty": 0, "frequency_penalty": 0}
        | {"seed": 0},
    ),
    "stop": ({"stop": ["a", "b"]}, {"stop": ["a", "b"]}),
    "no parallel calls": ({"parallel_tool_calls": False}, {"parallel_tool_calls": False}),
    "metadata": ({"metadata": {"a": "b"}}, {"metadata": {"a": "b"}}),
    "a tool": ({"tools": [{"name": "f", "parameters": CITY}]}, {"tools": [function(CITY)]}),
    "a tool in strict mode": (
        {"tools": [{"name": "f", "description": "d", "parameters": STRICT}]},
        {"tools": [function(STRICT, description="d", strict=True)]},
    ),
    "a custom tool": (
        {"tools": [{"type": "opaque", "provider": "openai-chat-completion", "data": {"type": "custom"}}]},
        {"tools": [{"type": "custom"}]},
    ),
    "web search": ({"tools": [{"type": "web_search"}]}, {"web_search_options": {}}),
    "web search somewhere": ({"tools": [SEARCH]}, {"web_search_options": {"user_location": PLACE}}),
    "tool choice": ({"tool_choice": {"type": "required"}}, {"tool_choice": "required"}),
    "this tool": (
        {"tool_choice": {"type": "tool", "tool_name": "f"}},
        {"tool_choice": {"type": "function", "function": {"name": "f"}}},
    ),
    "this custom tool": (
        {
            "tools": [{"type": "opaque", "provider": "openai-chat-completion", "data": SQL}],
            "tool_choice": {"type": "tool", "tool_name": "sql"},
        },
        {"tools": [SQL], "tool_choice": SQL},
    ),
    "text": ({"response_format": {"type": "text"}}, {"response_format": {"type": "text"}}),
    "json": (
        {"response_format": {"type": "json", "name": "json_object"}},
        {"response_format": {"type": "json_object"}},
    ),
    "json schema": (
        {"response_format": {"type": "json", "name": "n", "description": "d", "schema": CITY}},
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "n", "description": "d", "schema": CITY},
            }
        },
    ),
    "json schema in strict mode": (
        {"response_format": {"type": "json", "name": "n", "schema": STRICT}},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": STRICT, "strict": True}}},
    ),
    "no reasoning": ({"reasoning": {"enabled": False}}, {"reasoning_effort": "none"}),
    "effort": ({"reasoning": {"enabled": True, "effort": "xhigh"}}, {"reasoning_effort": "xhigh"}),
    "audio": (
        {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "linear16"}},
        {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "pcm16"}},
    ),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_written_and_read(name: str) -> None:
    options, fields = OPTIONS[name]
    assert written(ask(**options)) == ASKED | fields
    assert plain(read(ASKED | fields).input) == plain(ask(**options))


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ({"system_prompt": "Be brief."}, {"messages": [{"role": "system", "content": "Be brief."}, HI]}),
        ({"reasoning": {"enabled": True}}, {}),
        ({"reasoning": {"enabled": True, "budget_tokens": 3000}}, {"reasoning_effort": "medium"}),
        ({"audio": {"voice": "alloy"}}, {"audio": {"voice": "alloy", "format": "wav"}}),
        ({"tools": [{"type": "opaque", "provider": "anthropic", "data": {}}]}, {}),
        ({"extra": {"n": 2, "messages": {"0": {"name": "ann"}}}}, {"n": 2, "messages": [{**HI, "name": "ann"}]}),
    ],
)
def test_written(options: Any, fields: Any) -> None:
    assert written(ask(**options)) == ASKED | fields


def test_reasoning_without_an_effort_is_left_to_the_model_with_a_warning() -> None:
    (warning,) = CODEC.encode_request("m", ask(reasoning={"enabled": True}), stream=False).warnings
    assert warning.startswith("reasoning: ")
    assert CODEC.encode_request("m", ask(reasoning={"enabled": True, "effort": "low"}), stream=False).warnings == ()


def test_a_stream_asks_for_its_usage() -> None:
    options = {"stream": True, "stream_options": {"include_usage": True}}
    assert written(ask(), stream=True) == ASKED | options
    assert written(ask(audio={"voice": "alloy"}), stream=True)["audio"]["format"] == "pcm16"


# Bodies as clients write them: what is read, and what stays in extra. All of them are written again with the same
# meaning.
BODIES: dict[str, tuple[dict[str, Any], dict[str, Any], Any]] = {
    "a deprecated limit": ({"max_tokens": 5}, {"max_tokens": 5}, None),
    "both limits": ({"max_tokens": 5, "max_completion_tokens": 6}, {"max_tokens": 6}, {"max_tokens": 5}),
    "one stop": ({"stop": "x"}, {"stop": ["x"]}, None),
    "nulls": ({"temperature": None, "tools": None, "tool_choice": None}, {}, None),
    "a stream without usage": ({"stream": True}, {}, {"stream_options": {"include_usage": False}}),
    "a stream with usage": ({"stream": True, "stream_options": {"include_usage": True}}, {}, None),
    "fields of other servers": (
        {"provider": {"order": ["x"]}, "reasoning": {"effort": "high"}, "top_k": 3},
        {},
        {"provider": {"order": ["x"]}, "reasoning": {"effort": "high"}, "top_k": 3},
    ),
    "a strict schema without strict": (
        {"tools": [function(STRICT)]},
        {"tools": [{"name": "f", "parameters": STRICT}]},
        {"tools": {"0": {"function": {"strict": False}}}},
    ),
    "a tool without parameters": (
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        {"tools": [{"name": "f", "parameters": {"type": "object", "properties": {}}}]},
        None,
    ),
    "deprecated functions": (
        {"functions": [{"name": "f", "parameters": CITY}], "function_call": {"name": "f"}},
        {"tools": [{"name": "f", "parameters": CITY}], "tool_choice": {"type": "tool", "tool_name": "f"}},
        {
            "functions": [{"name": "f", "parameters": CITY}],
            "tools": None,
            "function_call": {"name": "f"},
            "tool_choice": None,
        },
    ),
    "allowed tools": (
        {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}}},
        {},
        {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}}},
    ),
    "an unknown effort": ({"reasoning_effort": "huge"}, {}, {"reasoning_effort": "huge"}),
    "another voice": (
        {"audio": {"voice": {"id": "v"}, "format": "wav"}},
        {"audio": {"voice": "custom", "format": "wav"}},
        {"audio": {"voice": {"id": "v"}}},
    ),
    "metadata of numbers": ({"metadata": {"a": 1}}, {}, {"metadata": {"a": 1}}),
}


@pytest.mark.parametrize("name", BODIES)
def test_read(name: str) -> None:
    fields, options, extra = BODIES[name]
    call = read(ASKED | fields)
    assert plain(call.input) == plain(ask(**options, extra=extra))
    again = written(call.input, stream=call.stream)
    assert CODEC.normalize_request(again) == CODEC.normalize_request(ASKED | fields)


def test_azure_names_the_model_in_the_path() -> None:
    path = "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
    assert CODEC.match("POST", path) is not None
    assert read({"messages": [HI]}, path).model_id == "gpt-4o"


@pytest.mark.parametrize(
    ("body", "complaint", "path"),
    [
        (b"{", "We could not parse the JSON body of your request.", ""),
        ({"messages": [HI]}, "you must provide a model parameter", ""),
        ({"model": MODEL}, "messages: Missing required parameter: 'messages'.", "messages"),
        (
            ASKED | {"temperature": "hot"},
            "Invalid type for 'temperature': expected a decimal, but got a string instead.",
            "temperature",
        ),
        (
            ASKED | {"messages": "Hi"},
            "Invalid type for 'messages': expected an array of objects, but got a string instead.",
            "messages",
        ),
        (
            ASKED | {"messages": [{"role": "assistant", "tool_calls": [{"type": "custom", "id": True}]}]},
            "expected a string, but got a boolean instead.",
            "messages[0].tool_calls[0].id",
        ),
        (ASKED | {"tools": [5]}, "Invalid type for .*expected an object, but got an integer instead.", "tools[0]"),
    ],
)
def test_a_body_that_the_api_refuses(body: Any, complaint: str, path: str) -> None:
    with pytest.raises(InvalidInputError, match=f": {complaint}$") as caught:
        read(body)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"top_k": 3}, "top_k"),
        ({"modalities": ["image"]}, "modalities[0]"),
        ({"audio": {"voice": "alloy", "format": "mulaw"}}, "audio.format"),
        ({"audio": {"voice": "alloy", "language": "fr"}}, "audio.language"),
        ({"reasoning": {"enabled": True, "budget_tokens": 5}}, "reasoning.budget_tokens"),
        ({"tools": [{"type": "web_search", "max_uses": 1}]}, "tools[0].max_uses"),
    ],
)
def test_what_the_protocol_lacks_is_not_sent(options: Any, path: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        written(ask(**options))
    assert caught.value.path == path


def test_an_answer_in_audio_needs_a_voice() -> None:
    with pytest.raises(InvalidInputError, match=r"^openai-chat-completion: audio\.voice: "):
        written(ask(audio={"format": "wav"}))
