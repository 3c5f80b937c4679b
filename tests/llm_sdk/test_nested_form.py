"""The nested form of tool calls and results is read as the flat one, or refused with the path of what is wrong."""

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from llm_sdk import AssistantMessage, Part, PartDelta, TextPart, ToolCallPartDelta


def dump(value: Any) -> Any:
    return json.loads(value.model_dump_json())


def read_part(value: Any) -> Part:
    part: Part = TypeAdapter(Part).validate_python(value)
    return part


CALL = {"type": "tool-call", "tool_call_id": "c"}
RESULT = {"type": "tool-result", "tool_call_id": "c"}
FLAT_CALL = {**CALL, "tool_name": "f", "args": {"a": None}}
FLAT_RESULT = {**RESULT, "tool_name": "f", "content": [{"type": "text", "text": "x"}]}
NESTED_CALL = {"type": "function", "name": "f", "args": {"a": None}}
NESTED_RESULT = {"type": "function", "name": "f", "content": [{"type": "text", "text": "x"}]}
SEARCH = {"type": "search", "queries": ["q"]}
SEARCH_CALL = {**CALL, "tool_name": "web_search", "provider_executed": True}
SEARCH_RESULT = {**RESULT, "tool_name": "web_search", "provider_executed": True}
PAGE = {"url": "u", "title": "T", "page_age": "1 day", "signature": "s"}
SOURCE = {"type": "source", "source": "u", "title": "T", "content": [{"type": "text", "text": "", "signature": "s"}]}

NESTED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({**CALL, "call": NESTED_CALL}, FLAT_CALL),
    ({**CALL, "call": NESTED_CALL, "id": "i", "signature": "s"}, {**FLAT_CALL, "id": "i", "signature": "s"}),
    ({**CALL, "call": {"name": "f", "args": {"a": None}}}, FLAT_CALL),
    (
        {**CALL, "call": {"type": "web_search", "action": SEARCH, "status": "completed"}},
        {**SEARCH_CALL, "args": SEARCH},
    ),
    ({**CALL, "call": {"type": "web_search"}}, {**SEARCH_CALL, "args": {}}),
    ({**RESULT, "result": NESTED_RESULT, "status": "completed"}, FLAT_RESULT),
    ({**RESULT, "result": NESTED_RESULT}, FLAT_RESULT),
    ({**RESULT, "result": NESTED_RESULT, "status": "failed"}, {**FLAT_RESULT, "is_error": True}),
    ({**RESULT, "result": NESTED_RESULT, "status": "cancelled"}, {**FLAT_RESULT, "is_error": True}),
    (
        {**RESULT, "result": {**NESTED_RESULT, "content": []}, "status": "cancelled"},
        {**FLAT_RESULT, "content": [{"type": "text", "text": "cancelled"}], "is_error": True},
    ),
    (
        {**RESULT, "result": {"type": "web_search", "sources": [PAGE, {"url": "v"}]}, "status": "completed"},
        {**SEARCH_RESULT, "content": [SOURCE, {"type": "source", "source": "v", "title": "", "content": []}]},
    ),
    (
        {**RESULT, "result": {"type": "web_search", "sources": [], "error_code": "busy"}, "status": "failed"},
        {**SEARCH_RESULT, "content": [{"type": "text", "text": "busy"}], "is_error": True},
    ),
]


@pytest.mark.parametrize(("value", "flat"), NESTED)
def test_the_nested_form_becomes_the_flat_one(value: dict[str, Any], flat: dict[str, Any]) -> None:
    assert dump(read_part(value)) == flat
    message = AssistantMessage.model_validate({"content": [value]})
    assert dump(message) == {"role": "assistant", "content": [flat]}


@pytest.mark.parametrize(
    ("call", "flat"),
    [
        ({"type": "function"}, {}),
        ({"type": "function", "name": "f", "args": '{"a'}, {"tool_name": "f", "args": '{"a'}),
        ({"type": "web_search"}, {"tool_name": "web_search", "provider_executed": True}),
        (
            {"type": "web_search", "action": SEARCH},
            {
                "tool_name": "web_search",
                "args": '{"type": "search", "queries": ["q"]}',
                "provider_executed": True,
            },
        ),
    ],
)
def test_the_nested_form_of_a_delta(call: dict[str, Any], flat: dict[str, Any]) -> None:
    delta = TypeAdapter(PartDelta).validate_python({"type": "tool-call", "call": call})
    assert dump(delta) == {"type": "tool-call", **flat}


def test_a_nested_result_as_a_delta() -> None:
    delta = TypeAdapter(PartDelta).validate_python({**RESULT, "result": NESTED_RESULT, "status": "failed"})
    assert dump(delta) == {**FLAT_RESULT, "is_error": True}


MALFORMED: list[tuple[dict[str, Any], str]] = [
    ({**CALL, "call": None}, "call: an object is needed, not NoneType"),
    ({**CALL, "call": []}, "call: an object is needed, not list"),
    ({**CALL, "call": TextPart(text="f")}, "call: an object is needed, not TextPart"),
    ({**CALL, "call": {**NESTED_CALL, "type": "mcp"}}, "call.type: 'mcp' is neither function nor web_search"),
    ({**CALL, "call": {**NESTED_CALL, "type": ["a"]}}, r"call.type: \['a'\] is neither function nor web_search"),
    ({**CALL, "call": {"type": "function", "args": {}}}, "call.name: missing"),
    ({**CALL, "call": {"type": "function", "name": "f"}}, "call.args: missing"),
    ({**CALL, "call": {**NESTED_CALL, "arguments": {}}}, "call.arguments: unknown key"),
    ({**CALL, "call": {**NESTED_CALL, "args": "{}"}}, "args"),
    ({**CALL, "call": {"type": "web_search", "action": [1]}}, "args"),
    ({**CALL, "call": {"type": "web_search", "name": "f"}}, "call.name: unknown key"),
    ({**CALL, "call": NESTED_CALL, "tool_name": "f"}, "call: stands beside tool_name; give one of the two"),
    ({**CALL, "call": NESTED_CALL, "args": {}}, "call: stands beside args; give one of the two"),
    ({**RESULT, "result": None, "status": "completed"}, "result: an object is needed, not NoneType"),
    ({**RESULT, "result": "x"}, "result: an object is needed, not str"),
    ({**RESULT, "result": {**NESTED_RESULT, "type": "mcp"}}, "result.type: 'mcp' is neither"),
    ({**RESULT, "result": {"type": "function", "name": "f"}}, "result.content: missing"),
    ({**RESULT, "result": {"type": "function", "content": []}}, "result.name: missing"),
    ({**RESULT, "result": {**NESTED_RESULT, "is_error": True}}, "result.is_error: unknown key"),
    ({**RESULT, "result": NESTED_RESULT, "status": "done"}, "status: 'done' is none of completed, failed, cancelled"),
    ({**RESULT, "result": NESTED_RESULT, "status": None}, "status: None is none of"),
    ({**RESULT, "result": NESTED_RESULT, "is_error": True}, "result: stands beside is_error"),
    ({**RESULT, "result": {"type": "web_search", "sources": {"a": 1}}}, "result.sources: a list is needed, not dict"),
    ({**RESULT, "result": {"type": "web_search", "sources": ["u"]}}, r"result.sources\[0\]: an object is needed"),
    ({**RESULT, "result": {"type": "web_search", "sources": [{"title": "T"}]}}, r"result.sources\[0\].url: missing"),
    ({**RESULT, "result": {"type": "web_search", "sources": [{"url": 1}]}}, "source"),
    ({**RESULT, "result": {"type": "web_search", "sources": [{"url": "u", "x": 1}]}}, r"sources\[0\].x: unknown key"),
    ({**RESULT, "tool_name": "f", "content": [], "status": "failed"}, "status"),
]


@pytest.mark.parametrize(("value", "message"), MALFORMED)
def test_a_malformed_nested_form_is_a_validation_error(value: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        read_part(value)


@pytest.mark.parametrize(
    "call",
    [None, 1, [], {"type": "mcp"}, {"name": 1}, {"args": {"a": 1}}, {"x": 1}, {"type": "web_search", "action": {1}}],
)
def test_a_malformed_nested_delta_is_a_validation_error(call: Any) -> None:
    with pytest.raises(ValidationError):
        ToolCallPartDelta.model_validate({"type": "tool-call", "call": call})
