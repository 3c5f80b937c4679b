"""When a scenario applies, which of its turns answers, and what it says."""

from typing import Any

import pytest
from plain_protocol import PLAIN

from llm_sdk.codec import ModelCall
from llm_sdk.types import LanguageModelInput, TextPart, ToolCallPart, ToolResultPart
from mock_server.asked import Asked
from mock_server.ids import CallIds
from mock_server.scenario_files import read_scenarios
from mock_server.scenarios import Scenario
from mock_server.script import Script

WEATHER = {"name": "get_weather", "parameters": {"type": "object"}}
CALL = {"type": "tool-call", "tool_call_id": "c1", "tool_name": "get_weather", "args": {}}


def result(text: str) -> dict[str, Any]:
    content = [{"type": "text", "text": text}]
    part = {"type": "tool-result", "tool_call_id": "c1", "tool_name": "get_weather", "content": content}
    return {"role": "tool", "content": [part]}


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def assistant(*content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(content) or "ok"}


def call(*messages: Any, model: str = "model-1", **input: Any) -> ModelCall:
    whole = {"messages": [user(message) if isinstance(message, str) else message for message in messages], **input}
    return ModelCall(model, LanguageModelInput.model_validate(whole), stream=False)


def scenario(**fields: Any) -> Scenario:
    (found,) = read_scenarios([fields], providers=["plain", "other"])
    return found


def says(script: Script, asked: ModelCall, *, headers: dict[str, str] | None = None) -> str | None:
    """The text that answers a call."""
    choice = script.choose(Asked("plain", asked, headers or {}), asked.input.model_dump_json())
    if choice is None:
        return None
    if choice.turn.reply is None:
        return f"fault {choice.turn.fault}"
    (part,) = choice.turn.reply.build(choice.variables, CallIds("0", PLAIN.endpoint)).content
    assert isinstance(part, TextPart)
    return part.text


HISTORY = ("look for Paris", assistant(CALL), result("sunny, 20 degrees"))


@pytest.mark.parametrize(
    ("when", "asked", "fits"),
    [
        ({}, call("hello"), True),
        ({"provider": "plain"}, call("hello"), True),
        ({"provider": "other"}, call("hello"), False),
        ({"model": "model-*"}, call("hello"), True),
        ({"model": "Model-*"}, call("hello"), False),
        ({"model": "model"}, call("hello"), False),
        ({"last_user": "ell"}, call("hello"), True),
        ({"last_user": "^ell"}, call("hello"), False),
        ({"last_user": "first"}, call("first", assistant(), "second"), False),
        ({"last_user": "Paris"}, call(*HISTORY), True),
        ({"last_user": "^one\ntwo$"}, call({"role": "user", "content": [{"type": "text", "text": "one\ntwo"}]}), True),
        ({"last_user": ""}, call(assistant()), True),
        ({"any_message": "first"}, call("first", assistant(), "second"), True),
        ({"any_message": "20 degrees"}, call(*HISTORY), True),
        ({"any_message": "absent"}, call(*HISTORY), False),
        ({"system": "terse"}, call("hello", system_prompt="Be terse."), True),
        ({"system": "terse"}, call("hello", {"role": "system", "content": "terse"}), True),
        ({"system": "terse"}, call("hello"), False),
        ({"tools": ["get_weather"]}, call("hello", tools=[WEATHER, {"type": "web_search"}]), True),
        ({"tools": ["web_search"]}, call("hello", tools=[WEATHER, {"type": "web_search"}]), True),
        ({"tools": ["get_weather", "other"]}, call("hello", tools=[WEATHER]), False),
        ({"tools": ["get_weather"]}, call("hello"), False),
        ({"tool_result": "sunny"}, call(*HISTORY), True),
        ({"tool_result": "rain"}, call(*HISTORY), False),
        ({"tool_result": ""}, call(*HISTORY), True),
        ({"tool_result": ""}, call("hello"), False),
        ({"tool_result": "sunny"}, call(*HISTORY, assistant(), "thanks"), False),
        ({"response_format": "json"}, call("x", response_format={"type": "json", "name": "a"}), True),
        ({"response_format": "json"}, call("x"), False),
        ({"response_format": "text"}, call("x"), True),
        ({"headers": {"X-Test": "^a"}}, call("hello"), True),
        ({"headers": {"x-test": "b"}}, call("hello"), False),
        ({"headers": {"x-absent": "b"}}, call("hello"), False),
        ({"last_user": "hello", "model": "other"}, call("hello"), False),
    ],
)
def test_conditions(when: dict[str, Any], asked: ModelCall, fits: bool) -> None:
    script = Script([scenario(when=when, reply="yes")])
    assert says(script, asked, headers={"x-test": "abc"} if "b" not in str(when.get("headers")) else {}) == (
        "yes" if fits else None
    )


def test_the_first_scenario_that_fits_answers() -> None:
    script = Script(
        [
            scenario(when={"last_user": "b"}, reply="1"),
            scenario(when={"last_user": "a"}, reply="2"),
            scenario(reply="3"),
        ]
    )
    assert [says(script, call(said)) for said in ("a", "ab", "c")] == ["2", "1", "3"]


def test_nth_counts_only_what_fits_otherwise() -> None:
    script = Script([scenario(when={"last_user": "a", "nth": [1, 3]}, reply="hit"), scenario(reply="miss")])
    assert [says(script, call(said)) for said in "babaa"] == ["miss", "hit", "miss", "miss", "hit"]


def test_turns_follow_the_conversation_not_a_counter() -> None:
    script = Script([scenario(when={"last_user": "Paris"}, turns=[{"reply": "first"}, {"reply": "second"}])])
    begun = call("Paris")
    answered = call(*HISTORY)
    assert [says(script, asked) for asked in (begun, answered, begun, answered)] == ["first", "second"] * 2


def test_turns_count_from_the_last_user_message() -> None:
    script = Script([scenario(when={"last_user": "go"}, turns=[{"reply": "first"}, {"reply": "second"}])])
    assert says(script, call("hello", assistant(), "there", assistant(), "go")) == "first"


def test_turns_count_from_the_message_that_matched_or_from_the_start() -> None:
    turns = [{"reply": text} for text in ("first", "second", "third")]
    later = ("hello", assistant(), "plan a trip", assistant(), "to Paris")
    assert says(Script([scenario(when={"any_message": "plan"}, turns=turns)]), call(*later)) == "second"
    assert says(Script([scenario(turns=turns)]), call(*later)) == "third"


def test_the_last_turn_stays() -> None:
    script = Script([scenario(turns=[{"reply": "first"}, {"reply": "last"}])])
    assert says(script, call("a", assistant(), "b", assistant(), "c", assistant(), "d")) == "last"


def test_messages_of_the_model_side_by_side_are_one_turn() -> None:
    script = Script([scenario(turns=[{"reply": text} for text in ("1", "2", "3")])])
    assert says(script, call("a", assistant(), assistant(), "b")) == "2"


def test_a_turn_that_spoils_the_answer_comes_once_for_each_conversation() -> None:
    failing = [{"fault": {"status": 500}}, {"fault": {"cut_after_events": 1}}, {"reply": "done"}]
    script = Script([scenario(turns=[*failing, {"reply": "more"}])])
    first = [says(script, call("a")) for _ in range(4)]
    assert [str(said).split()[0] for said in first] == ["fault", "fault", "done", "done"]
    assert str(says(script, call("b"))).startswith("fault status=500"), "another conversation begins anew"
    assert says(script, call("a", assistant(), "b")) == "more"


def test_a_turn_that_is_only_late_answers() -> None:
    script = Script([scenario(turns=[{"fault": {"latency": 0.1}, "reply": "late"}, {"reply": "next"}])])
    assert [says(script, call("a")), says(script, call("a")), says(script, call("a", assistant(), "b"))] == [
        "late",
        "late",
        "next",
    ]


def build(reply: Any, **variables: Any) -> Any:
    (found,) = read_scenarios([{"when": {"last_user": "(?P<city>.*) (?P<n>.*)"}, "reply": reply}], providers=[])
    assert found.reply is not None
    return found.reply.build(
        {"city": "Paris", "n": "3", "last_user": "Paris 3", **variables}, CallIds("0", PLAIN.endpoint)
    )


def test_templates_are_rendered_in_every_string() -> None:
    response = build(
        {
            "content": [
                "In {{ city }}",
                {
                    "type": "tool-call",
                    "tool_name": "{{ 'get_' ~ city | lower }}",
                    "args": {"deep": [{"c": "{{ city }}!"}]},
                },
                {"type": "reasoning", "text": "{% if n == '3' %}three{% endif %}"},
            ],
            "id": "resp_{{ n }}",
        }
    )
    text, tool_call, reasoning = response.content
    assert (text.text, tool_call.tool_name, reasoning.text) == ("In Paris", "get_paris", "three")
    assert tool_call.args == {"deep": [{"c": "Paris!"}]}
    assert response.id == "resp_3"


def test_an_argument_that_is_one_expression_keeps_its_type() -> None:
    part = {
        "type": "tool-call",
        "tool_name": "t",
        "args": {"n": "{{ n | int }}", "all": "{{ [city, n] }}", "s": "{{ n }}"},
    }
    (tool_call,) = build([part]).content
    assert tool_call.args == {"n": 3, "all": ["Paris", "3"], "s": "3"}
    assert build("{{ n | int }}").content == [TextPart(text="3")]


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ city.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{% include '/etc/passwd' %}",
        "{{ range(999999999) | list }}",
        "{{ 10 ** 999999999 }}",
        "{{ city * 10 ** 9 }}",
        "{{ (10 ** 9) * [1] }}",
    ],
)
def test_templates_reach_neither_python_nor_files(attack: str) -> None:
    with pytest.raises(ValueError, match="fails"):
        build(attack)


def test_templates_may_reckon() -> None:
    assert build("{{ 2 ** 10 * (n | int) }} {{ '-' * 3 }}").content == [TextPart(text="3072 ---")]


def test_text_that_is_no_template_stays_as_it_is() -> None:
    assert build("a { b } %} }} \\n\n").content == [TextPart(text="a { b } %} }} \\n\n")]


def test_results_of_hosted_tools_belong_to_their_calls() -> None:
    response = build(
        [
            {"type": "tool-call", "tool_name": "web_search", "args": {"query": "x"}, "provider_executed": True},
            {"type": "tool-result", "tool_name": "web_search", "content": [], "provider_executed": True},
            "Found.",
        ]
    )
    tool_call, tool_result, _ = response.content
    assert isinstance(tool_call, ToolCallPart)
    assert isinstance(tool_result, ToolResultPart)
    assert tool_result.tool_call_id == tool_call.tool_call_id
    assert response.finish_reason == "stop", "nobody has to run a hosted tool"


def test_parallel_calls_have_ids_of_their_own() -> None:
    part = {"type": "tool-call", "tool_name": "t", "args": {}}
    response = build([part, part, {**part, "tool_call_id": "given"}])
    ids = [part.tool_call_id for part in response.content]
    assert len(set(ids)) == 3
    assert ids[2] == "given"
    assert PLAIN.encode_response(response, call=call("a"), ids=CallIds("1", PLAIN.endpoint)).status == 200
