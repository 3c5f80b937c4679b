"""Requests as the provider reads them: what they ask for, that they are the same written again, and what is refused."""

from typing import Any

import pytest

from llm_sdk.errors import InvalidInputError
from llm_sdk.types import OpaquePart, ReasoningPart, SourcePart, TextPart, ToolResultPart
from providers.cohere.given import (
    ASKED,
    CALL,
    CALLED,
    CODEC,
    HI,
    PNG,
    plain,
    read,
    rewritten,
    source,
    text_block,
    thinking_block,
    tool_call,
)

RESULT = {"role": "tool", "tool_call_id": "get_weather_1", "content": "sun"}
DOCUMENT = {"type": "document", "document": {"data": {"output": "5"}}}
CITATION = {
    "start": 0,
    "end": 3,
    "text": "Sun",
    "sources": [
        {"type": "tool", "id": "get_weather_1:0", "tool_output": {"content": "sun"}},
        {"type": "document", "id": "d1", "document": {"id": "d1", "title": "T", "page": 3}},
    ],
    "type": "TEXT_CONTENT",
}

SAME: dict[str, dict[str, Any]] = {
    "defaults": {"stream": False, "documents": [], "tools": [], "response_format": {"type": "text"}},
    "fields without a unified form": {"safety_mode": "STRICT", "citation_options": {"mode": "FAST"}, "logprobs": True},
    "fields of tomorrow": {"user": "u-17", "thinking": {"type": "enabled", "depth": 3}, "tool_choice": "MAYBE"},
    "a format of tomorrow": {"response_format": {"type": "regex", "pattern": "a*"}},
    "thinking of tomorrow": {"thinking": {"type": "adaptive"}},
    "the older name of a schema": {"response_format": {"type": "json_object", "schema": {"type": "object"}}},
    "a tool of tomorrow": {"tools": [{"type": "web_search", "depth": 2}]},
    "a tool with more": {
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {}, "strict": True}, "x": 1}]
    },
    "documents": {
        "documents": [
            "a plain string",
            {"id": "a", "data": {"title": "T", "text": "x"}},
            {"data": {"text": '{"a": 1}'}},
            {"data": {"snippet": "x", "n": 1}, "x": 1},
            {"data": {}},
            {"id": "", "data": {"title": "", "text": "x"}},
            {"data": '{"temperature": 18}'},
            {"id": "b", "data": "18 degrees"},
        ]
    },
    "an image": {
        "messages": [
            {
                "role": "user",
                "content": [
                    text_block("x"),
                    {"type": "image_url", "image_url": {"url": "https://example.com/a", "detail": "low", "x": 1}},
                    {"type": "image_url", "image_url": {"url": f"data:image/png;charset=x;base64,{PNG}"}},
                    {"type": "video", "video": {}},
                ],
            }
        ]
    },
    "a block with more": {"messages": [{"role": "user", "content": [{**text_block("x"), "cache": 1}]}]},
    "system messages": {
        "messages": [
            {"role": "system", "content": [text_block("a"), text_block("b")]},
            {"role": "system", "content": "c"},
            HI,
        ]
    },
    "a message with more": {"messages": [{"role": "system", "content": "c", "name": "n"}, {**HI, "name": "n"}]},
    "calls and results": {
        "messages": [
            HI,
            {
                "role": "assistant",
                "content": None,
                "citations": [],
                "tool_plan": "p",
                "tool_calls": [tool_call(), tool_call('{"b": 1}', "b")],
            },
            {**RESULT, "content": [DOCUMENT, text_block("x")]},
            {**RESULT, "tool_call_id": "b", "content": ""},
        ]
    },
    "arguments that are none": {"messages": [HI, {"role": "assistant", "tool_calls": [tool_call("null")]}, RESULT]},
    "arguments that are cut": {"messages": [HI, {"role": "assistant", "tool_calls": [tool_call('{"a')]}, RESULT]},
    "thoughts": {
        "messages": [HI, {"role": "assistant", "content": [thinking_block("t"), text_block("x"), {"type": "new"}]}, HI]
    },
    "citations": {
        "messages": [
            HI,
            {
                "role": "assistant",
                "content": [thinking_block("t"), text_block("Sunny.")],
                "citations": [CITATION, {**CITATION, "content_index": 1, "start": 1}],
            },
            HI,
        ]
    },
    "citations of thinking": {
        "messages": [
            HI,
            {"role": "assistant", "content": "x", "citations": [{**CITATION, "type": "THINKING_CONTENT"}]},
            HI,
        ]
    },
    "a message of the model with more": {"messages": [HI, {"role": "assistant", "content": "x", "name": "n"}, HI]},
    "no message of a user": {"messages": [CALLED, RESULT], "documents": [{"data": {"text": "x"}}, "y"]},
}


@pytest.mark.parametrize("name", SAME)
def test_what_is_read_and_written_again_is_the_same(name: str) -> None:
    body = {**ASKED, **SAME[name]}
    assert rewritten(read(body)) == CODEC.normalize_request(body)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"temperature": 18}, '{"temperature":18}'),
        ('{"temperature": 18}', '{"temperature":18}'),
        ('{"text": "18 degrees"}', "18 degrees"),
        ("[18, 19]", "[18, 19]"),
        ("18 degrees", "18 degrees"),
    ],
)
def test_the_data_of_a_result_is_an_object_or_its_text(data: Any, text: str) -> None:
    result = {**RESULT, "content": [{"type": "document", "document": {"data": data}}]}
    input = read({**ASKED, "messages": [HI, CALLED, result]}).input
    [told] = input.messages[-1].content
    assert isinstance(told, ToolResultPart)
    assert told.content == [SourcePart(source="", title="", content=[TextPart(text=text)])]


def test_what_a_request_asks_for() -> None:
    call = read(
        {
            "model": "m",
            "messages": [
                {"role": "system", "content": [text_block("Be brief.")]},
                {"role": "user", "content": [text_block("Hi")]},
                {"role": "assistant", "tool_plan": "I will look.", "tool_calls": [tool_call()]},
                {**RESULT, "content": [DOCUMENT]},
                HI,
            ],
            "documents": [{"id": "d1", "data": {"title": "T", "text": "x"}}],
            "tool_choice": "NONE",
            "stream": True,
        }
    )
    input = call.input
    assert (call.model_id, call.stream, call.warnings, input.extra) == ("m", True, (), None)
    assert input.system_prompt == "Be brief."
    first, said, results, last = input.messages
    assert plain(first) == {"role": "user", "content": [text_block("Hi")]}
    assert said.content == [ReasoningPart(text="I will look.", id="tool_plan"), CALL]
    content = [source('{"output":"5"}', id="")]
    assert results.content == [ToolResultPart(tool_call_id="get_weather_1", tool_name="get_weather", content=content)]
    assert last.content == [source("x", id="d1", title="T"), TextPart(text="Hi")]


KEPT: dict[str, tuple[dict[str, Any], str]] = {
    "a block": ({"role": "user", "content": [{"type": "video", "url": "x"}]}, "video"),
    "a call whose arguments are cut": ({"role": "assistant", "tool_calls": [tool_call("{")]}, "arguments"),
    "a citation of a plan": (
        {"role": "assistant", "content": "x", "citations": [{**CITATION, "type": "PLAN"}]},
        "assistant",
    ),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_has_no_unified_form_is_kept_with_a_warning(name: str) -> None:
    message, warning = KEPT[name]
    call = read({**ASKED, "messages": [message, HI]})
    (part,) = call.input.messages[0].content
    assert isinstance(part, OpaquePart)
    assert part.data == (message if message["role"] == "assistant" else message["content"][0])
    assert [said.partition(":")[0] for said in call.warnings] == [warning]


REFUSED: list[tuple[Any, str, str]] = [
    (b"{", "invalid json syntax: EOF while parsing an object at line 1 column 1", ""),
    ([1], "invalid request: the body: ", ""),
    ({"messages": [HI]}, "a model parameter is required for this endpoint.", "model"),
    ({"model": "m"}, "invalid request: messages is required", "messages"),
    ({"model": "m", "messages": [{"role": "user"}]}, "invalid request: messages[0].content is required", ""),
    ({"model": "m", "messages": [{"role": "bot", "content": "x"}]}, "invalid request: messages[0].role: ", ""),
    ({**ASKED, "max_tokens": "5"}, "invalid request: max_tokens: ", "max_tokens"),
    (
        {**ASKED, "temperature": 1.5},
        "invalid request: temperature must be between 0 and 1.0 inclusive.",
        "temperature",
    ),
    ({**ASKED, "k": 501}, "invalid request: k must be between 0 and 500 inclusive.", "k"),
    ({**ASKED, "messages": [HI, RESULT]}, "tool call id not found in previous tool calls", ""),
    (
        {**ASKED, "documents": ["x"], "response_format": {"type": "json_object"}},
        "invalid request: response_format is not supported with RAG.",
        "response_format",
    ),
]


@pytest.mark.parametrize(("body", "message", "path"), REFUSED, ids=[message for _, message, _ in REFUSED])
def test_what_the_provider_refuses(body: Any, message: str, path: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(body)
    assert caught.value.message.removeprefix(f"{caught.value.path}: ").startswith(message)
    assert caught.value.path.startswith(path)


def test_fields_that_the_api_does_not_know_are_passed_over_and_named() -> None:
    call = read({**ASKED, "user": "u", "safety_mode": "OFF"})
    [notice] = call.notices
    assert notice.startswith("unknown field: parameter 'user' is not a valid field.")
    assert call.input.extra == {"user": "u", "safety_mode": "OFF"}
