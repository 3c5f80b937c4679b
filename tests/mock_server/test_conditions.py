"""What a condition takes literally, what it looks for, and what is said of a request that misses it."""

from typing import Any

import pytest
from pydantic import ValidationError

from llm_sdk.codec import ModelCall
from llm_sdk.types import LanguageModelInput
from mock_server.asked import Asked
from mock_server.conditions import TextCondition, When
from mock_server.nearest import explain_no_match
from mock_server.scenario_files import ScenarioError, parse_scenarios, read_conditions, read_scenarios
from mock_server.script import Script

WEATHER = {"name": "get_weather", "parameters": {"type": "object"}}


def asked(text: str = "What is 2+2?", *, headers: dict[str, str] | None = None, **input: Any) -> Asked:
    whole = {"messages": [{"role": "user", "content": text}], **input}
    return Asked("plain", ModelCall("model-1", LanguageModelInput.model_validate(whole), stream=False), headers or {})


@pytest.mark.parametrize(
    ("condition", "text", "groups"),
    [
        ("2.2", "What is 2+2?", {}),
        ("(?P<a>\\d).(?P<b>\\d)(?P<c>x)?", "What is 2+2?", {"a": "2", "b": "2", "c": ""}),
        ({"equals": "What is 2+2?"}, "What is 2+2?", {}),
        ({"equals": "2+2"}, "What is 2+2?", None),
        ({"contains": "2+2"}, "What is 2+2?", {}),
        ({"contains": "2.2"}, "What is 2+2?", None),
        ({"contains": "What", "regex": "(?P<n>\\d)"}, "What is 2+2?", {"n": "2"}),
        ({"contains": "why", "regex": "(?P<n>\\d)"}, "What is 2+2?", None),
        ({"equals": ""}, "", {}),
    ],
)
def test_texts_are_found_or_taken_literally(condition: Any, text: str, groups: dict[str, str] | None) -> None:
    assert TextCondition.model_validate(condition).search(text) == groups


def test_a_text_condition_is_written_as_it_was_read() -> None:
    for form in ("(?P<city>a)", {"equals": "a", "contains": "b"}):
        assert TextCondition.model_validate(form).model_dump(mode="json") == form
    with pytest.raises(ValidationError, match="wants nothing: give regex, contains or equals"):
        TextCondition.model_validate({})


@pytest.mark.parametrize(
    ("wanted", "input", "fits"),
    [(True, {}, False), (False, {}, True), (True, {"results": True}, True), (False, {"results": True}, False)],
)
def test_results_of_tools_are_there_or_not(wanted: bool, input: dict[str, Any], fits: bool) -> None:
    call = {"type": "tool-call", "tool_call_id": "c", "tool_name": "t", "args": {}}
    result = {"type": "tool-result", "tool_call_id": "c", "tool_name": "t", "content": []}
    begun: list[Any] = [{"role": "user", "content": "x"}]
    told = [{"role": "assistant", "content": [call]}, {"role": "tool", "content": [result]}]
    question = asked(messages=[*begun, *(told if input else [])])
    assert (When(tool_result=wanted).match(question) is not None) is fits


def test_a_predicate_sees_the_whole_request() -> None:
    def short(request: Asked) -> bool:
        return len(request.last_user) < 5 and request.headers.get("x-a") == "b" and not request.stream

    when = read_conditions({"predicate": short}, providers=["plain"])
    assert when.match(asked("hi", headers={"x-a": "b"})) is not None
    assert when.match(asked("hi")) is None
    assert [str(miss) for miss in when.misses(asked("hi"))] == ["predicate: expected short to be true, got false"]
    with pytest.raises(ScenarioError, match=r"f.yaml:1: scenarios\[0\].when.predicate: Input should be callable"):
        parse_scenarios("scenarios: [{when: {predicate: short}, reply: x}]", "f.yaml")


def test_a_miss_says_what_was_wanted_and_what_came() -> None:
    when = read_conditions(
        {
            "provider": "other",
            "model": "claude-*",
            "tools": ["get_weather", "search"],
            "response_format": "json",
            "headers": {"X-Tenant": "^a"},
            "last_user": {"contains": "weather"},
            "system": "terse",
            "tool_result": "sunny",
            "any_message": {"equals": "hello"},
        },
        providers=["plain", "other"],
    )
    question = asked("x" * 200, tools=[WEATHER], headers={"x-tenant": "b"})
    assert [str(miss) for miss in when.misses(question)] == [
        "provider: expected other, got plain",
        "model: expected claude-*, got model-1",
        "tools: expected all of get_weather, search, got get_weather",
        "response_format: expected json, got text",
        "headers: expected X-Tenant: /^a/, got X-Tenant: 'b'",
        f"last_user: expected a text with 'weather', got '{'x' * 120}…'",
        "system: expected /terse/, got ''",
        "tool_result: expected /sunny/, got no results of tools",
        f"any_message: expected the text 'hello', got '{'x' * 120}…'",
    ]


def explained(scenarios: list[Any], question: Asked) -> str:
    script = Script(read_scenarios(scenarios, providers=["plain"]))
    assert script.choose(question, "same") is None
    return explain_no_match(question, script.nearest(question), len(script))


def test_where_nothing_fits_the_nearest_come_first_and_what_to_add_last() -> None:
    scenarios = [
        {"name": "far", "when": {"last_user": "zzz", "system": "b"}, "reply": "x"},
        {"name": "near", "when": {"last_user": "2", "model": "gpt-*"}, "reply": "x"},
        {"name": "over", "when": {"last_user": "2", "nth": 3}, "reply": "x"},
        {"when": {"last_user": "weather"}, "reply": "x"},
    ]
    text = explained(scenarios, asked(tools=[WEATHER]))
    assert text.splitlines() == [
        "no scenario matches this request, and made-up answers are off (strict).",
        "Nearest of 4:",
        "  'near' (1 of 2 conditions hold)",
        "    model: expected gpt-*, got model-1",
        "  'over' (1 of 2 conditions hold)",
        "    nth: expected request 3, got request 1",
        "  'scenario 4' (0 of 1 conditions hold)",
        "    last_user: expected /weather/, got 'What is 2+2?'",
        "To answer it, add:",
        "  - when:",
        '      provider: "plain"',
        '      model: "model-1"',
        '      last_user: {equals: "What is 2+2?"}',
        '      tools: ["get_weather"]',
        "    reply: the answer",
    ]


@pytest.mark.parametrize(
    "question",
    [
        asked('quotes " and \\ and\nlines, é\u2028 #: {}'),
        asked("long " * 100),
        asked("", response_format={"type": "json", "name": "a"}),
    ],
)
def test_the_rule_to_paste_fits_the_request(question: Asked) -> None:
    text = explained([], question)
    assert "There are no scenarios." in text
    pasted = "scenarios:\n" + text.partition("To answer it, add:\n")[2]
    script = Script(parse_scenarios(pasted, providers=["plain"]))
    assert script.choose(question, "same") is not None
    assert script.choose(asked("another"), "other") is None or not question.last_user
