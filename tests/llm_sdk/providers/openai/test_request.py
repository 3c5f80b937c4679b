"""``LanguageModelInput`` -> the exact body of ``POST /v1/responses``, and back."""

import json
from typing import Any

import pytest

from conformance.published import PublishedSchemas
from llm_sdk.codec import Route
from providers.openai.given import ASKED, CODEC, MODEL, ask, read, said, written

OPEN = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
STRICT = {**OPEN, "additionalProperties": False}
WEATHER = {"name": "get_weather", "description": "Weather of a city", "parameters": STRICT}
WEATHER_TOOL = {"type": "function", **WEATHER, "strict": True}
ENCRYPTED = "reasoning.encrypted_content"
ALLOWED = {"type": "allowed_tools", "mode": "auto", "tools": []}
SOURCES = "web_search_call.action.sources"

# What is asked, and what stands in the body for it: read in both directions.
OPTIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing": ({}, {}),
    "system_prompt": ({"system_prompt": "Be brief."}, {"instructions": "Be brief."}),
    "empty system_prompt": ({"system_prompt": ""}, {"instructions": ""}),
    "max_tokens": ({"max_tokens": 16}, {"max_output_tokens": 16}),
    "temperature": ({"temperature": 1.5}, {"temperature": 1.5}),
    "temperature 0": ({"temperature": 0}, {"temperature": 0.0}),
    "top_p": ({"top_p": 0.25}, {"top_p": 0.25}),
    "top_p 0": ({"top_p": 0}, {"top_p": 0.0}),
    "parallel_tool_calls": ({"parallel_tool_calls": False}, {"parallel_tool_calls": False}),
    "metadata": ({"metadata": {"user": "7"}}, {"metadata": {"user": "7"}}),
    "function": ({"tools": [WEATHER]}, {"tools": [WEATHER_TOOL]}),
    "function without description": (
        {"tools": [{"name": "now", "parameters": {"type": "object"}}]},
        {"tools": [{"type": "function", "name": "now", "parameters": {"type": "object"}, "strict": False}]},
    ),
    "no tools": ({"tools": []}, {"tools": []}),
    "web search": (
        {"tools": [{"type": "web_search"}]},
        {"tools": [{"type": "web_search"}], "include": [SOURCES]},
    ),
    "web search, narrowed": (
        {
            "tools": [
                WEATHER,
                {
                    "type": "web_search",
                    "allowed_domains": ["example.com"],
                    "user_location": {"city": "Paris", "country": "FR", "region": "IDF", "timezone": "Europe/Paris"},
                },
            ]
        },
        {
            "tools": [
                WEATHER_TOOL,
                {
                    "type": "web_search",
                    "filters": {"allowed_domains": ["example.com"]},
                    "user_location": {
                        "type": "approximate",
                        "city": "Paris",
                        "country": "FR",
                        "region": "IDF",
                        "timezone": "Europe/Paris",
                    },
                },
            ],
            "include": [SOURCES],
        },
    ),
    "hosted tool": (
        {"tools": [{"type": "opaque", "provider": "openai", "data": {"type": "mcp", "server_label": "docs"}}]},
        {"tools": [{"type": "mcp", "server_label": "docs"}]},
    ),
    "choice auto": ({"tool_choice": {"type": "auto"}}, {"tool_choice": "auto"}),
    "choice none": ({"tool_choice": {"type": "none"}}, {"tool_choice": "none"}),
    "choice required": ({"tool_choice": {"type": "required"}}, {"tool_choice": "required"}),
    "choice by name": (
        {"tools": [WEATHER], "tool_choice": {"type": "tool", "tool_name": "get_weather"}},
        {"tools": [WEATHER_TOOL], "tool_choice": {"type": "function", "name": "get_weather"}},
    ),
    "choice of a hosted search": (
        {"tools": [{"type": "web_search"}], "tool_choice": {"type": "tool", "tool_name": "web_search"}},
        {"tools": [{"type": "web_search"}], "include": [SOURCES], "tool_choice": {"type": "web_search"}},
    ),
    "choice of another hosted tool": (
        {
            "tools": [{"type": "opaque", "provider": "openai", "data": {"type": "code_interpreter", "container": "c"}}],
            "tool_choice": {"type": "tool", "tool_name": "code_interpreter"},
        },
        {"tools": [{"type": "code_interpreter", "container": "c"}], "tool_choice": {"type": "code_interpreter"}},
    ),
    "choice of a custom tool": (
        {
            "tools": [WEATHER, {"type": "opaque", "provider": "openai", "data": {"type": "custom", "name": "sql"}}],
            "tool_choice": {"type": "tool", "tool_name": "sql"},
        },
        {"tools": [WEATHER_TOOL, {"type": "custom", "name": "sql"}], "tool_choice": {"type": "custom", "name": "sql"}},
    ),
    "choice of a function that has the name of a hosted tool": (
        {
            "tools": [{"type": "web_search"}, {**WEATHER, "name": "web_search"}],
            "tool_choice": {"type": "tool", "tool_name": "web_search"},
        },
        {
            "tools": [{"type": "web_search"}, {**WEATHER_TOOL, "name": "web_search"}],
            "include": [SOURCES],
            "tool_choice": {"type": "function", "name": "web_search"},
        },
    ),
    "format text": ({"response_format": {"type": "text"}}, {"text": {"format": {"type": "text"}}}),
    "format json": (
        {"response_format": {"type": "json", "name": "json_object"}},
        {"text": {"format": {"type": "json_object"}}},
    ),
    "format json_schema": (
        {"response_format": {"type": "json", "name": "city", "description": "A city", "schema": STRICT}},
        {
            "text": {
                "format": {
                    "type": "json_schema",
                    "name": "city",
                    "description": "A city",
                    "schema": STRICT,
                    "strict": True,
                }
            }
        },
    ),
    "format json_schema, open": (
        {"response_format": {"type": "json", "name": "city", "schema": OPEN}},
        {"text": {"format": {"type": "json_schema", "name": "city", "schema": OPEN, "strict": False}}},
    ),
    "reasoning on": (
        {"reasoning": {"enabled": True}},
        {"reasoning": {"summary": "auto"}, "include": [ENCRYPTED]},
    ),
    "reasoning off": ({"reasoning": {"enabled": False}}, {"reasoning": {"effort": "none"}}),
    **{
        f"reasoning effort {effort}": (
            {"reasoning": {"effort": effort}},
            {"reasoning": {"effort": effort, "summary": "auto"}, "include": [ENCRYPTED]},
        )
        for effort in ("none", "minimal", "low", "medium", "high", "xhigh", "max")
    },
    "reasoning and web search": (
        {"reasoning": {"effort": "low"}, "tools": [{"type": "web_search"}]},
        {
            "reasoning": {"effort": "low", "summary": "auto"},
            "tools": [{"type": "web_search"}],
            "include": [ENCRYPTED, SOURCES],
        },
    ),
    "modalities": (
        {"modalities": ["text", "image"], "tools": [WEATHER]},
        {"tools": [WEATHER_TOOL, {"type": "image_generation"}]},
    ),
    "modalities without tools": ({"modalities": ["text", "image"]}, {"tools": [{"type": "image_generation"}]}),
    "extra": (
        {"extra": {"prompt_cache_key": "k", "text": {"verbosity": "low"}}, "response_format": {"type": "text"}},
        {"prompt_cache_key": "k", "text": {"format": {"type": "text"}, "verbosity": "low"}},
    ),
    "extra in a tool": (
        {"tools": [WEATHER], "extra": {"tools": {"0": {"defer_loading": True}}}},
        {"tools": [{**WEATHER_TOOL, "defer_loading": True}]},
    ),
    "extra overrides": ({"extra": {"store": True}}, {"store": True}),
}

# What is written, and then reads as something else, because two ways of asking have one form.
ONE_WAY: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    **{
        f"budget {budget} stands for an effort": (
            {"reasoning": {"budget_tokens": budget}},
            {"reasoning": {"effort": effort, "summary": "auto"}, "include": [ENCRYPTED]},
            {"reasoning": {"effort": effort}},
        )
        for budget, effort in {1000: "minimal", 2000: "low", 3000: "medium", 4000: "high"}.items()
    },
    "an effort outranks a budget": (
        {"reasoning": {"budget_tokens": 1000, "effort": "high"}},
        {"reasoning": {"effort": "high", "summary": "auto"}, "include": [ENCRYPTED]},
        {"reasoning": {"effort": "high"}},
    ),
    "json without a schema has no name": (
        {"response_format": {"type": "json", "name": "city", "description": "A city"}},
        {"text": {"format": {"type": "json_object"}}},
        {"response_format": {"type": "json", "name": "json_object"}},
    ),
    "text is no modality to ask for": ({"modalities": ["text"]}, {}, {}),
    "an image comes with text": (
        {"modalities": ["image"]},
        {"tools": [{"type": "image_generation"}]},
        {"modalities": ["text", "image"]},
    ),
    "extra replaces arrays": (
        {"tools": [{"type": "web_search"}], "extra": {"include": []}},
        {"tools": [{"type": "web_search"}], "include": []},
        {"tools": [{"type": "web_search"}], "extra": {"include": []}},
    ),
    "extra replaces a field of an item": (
        {"extra": {"input": {"0": {"role": "system"}}, "tool_choice": ALLOWED}},
        {"input": [said("Hi", role="system")], "tool_choice": ALLOWED},
        {
            "messages": [{"role": "system", "content": "Hi"}],
            "extra": {"input": {"0": {"role": "system"}}, "tool_choice": ALLOWED},
        },
    ),
}
EVERY = {name: row[:2] for name, row in {**OPTIONS, **ONE_WAY}.items()}


@pytest.mark.parametrize(("options", "fields"), EVERY.values(), ids=EVERY)
def test_the_body_is_exactly_this(options: dict[str, Any], fields: dict[str, Any]) -> None:
    assert written(ask(**options)) == {**ASKED, **fields}


@pytest.mark.parametrize(("options", "fields"), OPTIONS.values(), ids=OPTIONS)
def test_a_body_is_read_as_what_was_asked(options: dict[str, Any], fields: dict[str, Any]) -> None:
    assert read({**ASKED, **fields}).input == ask(**options)


@pytest.mark.parametrize(("options", "fields", "found"), ONE_WAY.values(), ids=ONE_WAY)
def test_two_ways_of_asking_have_one_form(
    options: dict[str, Any], fields: dict[str, Any], found: dict[str, Any]
) -> None:
    assert read({**ASKED, **fields}).input == ask(**found)


# The schema names this choice only by the tool's older name; the API takes both (reported).
IN_SCHEMA = {name: row for name, row in EVERY.items() if name != "choice of a hosted search"}


@pytest.mark.parametrize(("options", "fields"), IN_SCHEMA.values(), ids=IN_SCHEMA)
def test_the_published_schema_accepts_the_body(
    options: dict[str, Any], fields: dict[str, Any], published: PublishedSchemas
) -> None:
    assert published.complaint("request", written(ask(**options))) == ""


def test_the_bytes_are_compact_and_keep_every_character() -> None:
    request = CODEC.encode_request(MODEL, ask(system_prompt="é\u2028\0", temperature=0), stream=False)
    assert request.body == (
        b'{"model":"gpt-5.2","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"Hi"}]}],'
        b'"store":false,"instructions":"\xc3\xa9\xe2\x80\xa8\\u0000","temperature":0.0}'
    )


@pytest.mark.parametrize(
    ("stream", "accept", "fields"),
    [(False, "application/json", {}), (True, "text/event-stream", {"stream": True})],
)
def test_streaming_stands_in_the_body(stream: bool, accept: str, fields: dict[str, Any]) -> None:
    request = CODEC.encode_request(MODEL, ask(), stream=stream)
    assert (request.method, request.path) == ("POST", "/responses")
    assert request.headers == {"content-type": "application/json", "accept": accept}
    assert json.loads(request.body) == {**ASKED, **fields}
    assert read(request.body).stream is stream


@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("POST", "/v1/responses", Route()),
        ("POST", "/v1/responses?beta=true", Route()),
        ("POST", "/v1/responses/", Route()),
        ("GET", "/v1/responses", None),
        ("POST", "/responses", None),
        ("POST", "/v1/responses/resp_1/cancel", None),
        ("POST", "/v1/chat/completions", None),
    ],
)
def test_match(method: str, path: str, route: Route | None) -> None:
    assert CODEC.match(method, path) == route


def test_a_hosted_tool_of_another_provider_is_left_out_with_a_warning() -> None:
    tool = {"type": "opaque", "provider": "anthropic", "data": {"type": "bash_20250124"}}
    request = CODEC.encode_request(MODEL, ask(tools=[WEATHER, tool]), stream=False)
    assert json.loads(request.body)["tools"] == [WEATHER_TOOL]
    assert request.warnings == ("tool: a hosted tool of anthropic was left out",)
