"""Scenario files: what is wrong is named by file, line and key."""

import json
from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from jsonschema import Draft202012Validator
from plain_protocol import PLAIN

from llm_sdk.types import TextPart
from mock_server.ids import CallIds
from mock_server.scenario_files import ScenarioError, load_scenarios, parse_scenarios, scenario_schema

GOOD = r"""
scenarios:
  - name: weather
    when: {last_user: "weather in (?P<city>[A-Z]\\w+)", tools: [get_weather]}
    turns:
      - reply: [{type: tool-call, tool_name: get_weather, args: {city: "{{ city }}", on: 2026-01-02}}]
      - reply: "It is sunny in {{ city }}."
  - name: busy once
    when: {provider: plain, model: "model-*", nth: 1}
    fault: {status: 529, retry_after: 2}
  - name: everything
    when:
      last_user: "x"
      system: "x"
      any_message: "x"
      tool_result: "x"
      response_format: json
      headers: {x-test: "y"}
      nth: [1, 2]
    reply:
      content:
        - plain text
        - {type: image, mime_type: image/png, data: AAAA}
        - {type: reasoning, text: hm}
      usage: {input_tokens: 1, output_tokens: 2}
      finish_reason: length
      finish_detail: max_output_tokens
      id: r1
      model_id: m1
    pace: {cut: char, delay: 0.01}
  - reply: {refusal: "No, {{ last_user }} is not for me."}
  - fault: {cut_after_bytes: 3, latency: 0.5}
  - reply: {type: tool-call, tool_name: only_one}
  - reply: damaged
    fault: {malformed_event: 2, omit_end: true, cut_after_events: 4}
"""


def test_a_file_with_everything_is_read() -> None:
    weather, busy, everything, refusal, *_ = parse_scenarios(GOOD, providers=["plain"])

    assert weather.turns is not None
    assert weather.turns[0].reply is not None
    (part,) = weather.turns[0].reply.content
    assert part.args == {"city": "{{ city }}", "on": "2026-01-02"}, "a date stays text, and on a word"
    assert busy.fault is not None
    assert busy.fault.asked == {"status": 529, "retry_after": 2.0}
    assert everything.pace is not None
    assert (everything.pace.cut, everything.pace.delay) == ("char", 0.01)
    assert refusal.reply is not None
    said = refusal.reply.build({"last_user": "this"}, CallIds("0", PLAIN.endpoint))
    assert said.content == [TextPart(text="No, this is not for me.")]


def test_the_schema_accepts_what_is_accepted_and_refuses_what_is_refused() -> None:
    validator = Draft202012Validator(scenario_schema())
    Draft202012Validator.check_schema(scenario_schema())
    loaded = json.loads(json.dumps(yaml.safe_load(GOOD.replace(" on:", " day:")), default=str))

    assert [error.message for error in validator.iter_errors(loaded)] == []
    for wrong in ({}, {"scenarios": [{"when": {"last_usr": "x"}, "reply": "x"}]}, {"scenarios": [{"reply": 3}]}):
        assert not validator.is_valid(wrong)


MISTAKES = {
    "wrong key in when": (
        """
        scenarios:
          - when:
              provider: plain
              last_usr: hello
            reply: hi
        """,
        ["f.yaml:5: scenarios[0].when.last_usr: unknown key 'last_usr'; is 'last_user' meant?"],
    ),
    "wrong key in a part": (
        """
        scenarios:
          - reply:
              - {type: text, text: hi}
              - type: text
                txt: hi
        """,
        [
            "f.yaml:5: scenarios[0].reply[1]: the key 'text' is missing",
            "f.yaml:6: scenarios[0].reply[1].txt: unknown key 'txt'; is 'text' meant?",
        ],
    ),
    "wrong key in a turn of a later scenario": (
        """
        scenarios:
          - reply: hi
          - name: second
            turns:
              - reply: hi
              - reply: hi
                delay: 3
        """,
        ["f.yaml:8: scenarios[1].turns[1].delay: the key 'delay' does not belong here"],
    ),
    "unknown top-level key": (
        "scenarioz: []",
        [
            "f.yaml:1: the key 'scenarios' is missing",
            "f.yaml:1: scenarioz: unknown key 'scenarioz'; is 'scenarios' meant?",
        ],
    ),
    "unknown part": (
        "scenarios: [{reply: [{type: tool_call}]}]",
        ["no part of type 'tool_call'; there are 'text', 'image', 'audio', 'tool-call'"],
    ),
    "part without a type": (
        "scenarios: [{reply: [{text: hi}]}]",
        ["f.yaml:1: scenarios[0].reply[0]: the key 'type' is missing"],
    ),
    "a reply that is a number": (
        "scenarios:\n- reply: 5",
        ["f.yaml:2: scenarios[0].reply: a reply is a text, a part, a list of them, or an object"],
    ),
    "nothing to answer": (
        "scenarios:\n- name: a",
        ["f.yaml:2: scenarios[0]: nothing to answer: give reply, cassette, fault, pace, turns or sequence"],
    ),
    "turns and a reply": (
        "scenarios:\n- reply: a\n  turns: [{reply: b}]",
        ["f.yaml:2: scenarios[0]: give either turns or one answer, not both"],
    ),
    "a status and a reply": (
        "scenarios:\n- reply: a\n  fault: {status: 500}",
        ["f.yaml:2: scenarios[0]: a fault with a status is the whole answer: there is no reply beside it"],
    ),
    "an empty fault": (
        "scenarios:\n- fault: {}",
        ["f.yaml:2: scenarios[0].fault: nothing goes wrong: give one of status,"],
    ),
    "retry_after without a status": (
        "scenarios:\n- fault: {retry_after: 2, latency: 1}",
        ["f.yaml:2: scenarios[0].fault: message, code and retry_after need a status"],
    ),
    "a status that is none": (
        "scenarios:\n- fault:\n    status: 200",
        ["f.yaml:3: scenarios[0].fault.status: Input should be greater than or equal to 400"],
    ),
    "not a regular expression": (
        "scenarios:\n- when: {last_user: '('}\n  reply: x",
        ["f.yaml:2: scenarios[0].when.last_user: not a regular expression: missing ), unterminated subpattern"],
    ),
    "unknown provider": (
        "scenarios:\n- reply: x\n  when: {provider: xyz}",
        ["f.yaml:3: scenarios[0].when.provider: no provider 'xyz'; there are plain"],
    ),
    "nearly a provider": (
        "scenarios:\n- reply: x\n  when: {provider: plian}",
        ["f.yaml:3: scenarios[0].when.provider: no provider 'plian'; is 'plain' meant?"],
    ),
    "two of one name": ("scenarios: [{name: a, reply: x}, {name: a, reply: y}]", ["two scenarios are named 'a'"]),
    "a malformed template": (
        "scenarios:\n- reply:\n  - hi\n  - {type: text, text: '{{ city'}",
        ["f.yaml:4: scenarios[0].reply[1].text: the template '{{ city' is malformed: unexpected end of template"],
    ),
    "a template without its variable": (
        "scenarios:\n- when: {last_user: '(?P<city>.*)'}\n  turns:\n  - reply: 'in {{ town }}'",
        [
            "f.yaml:4: scenarios[0].turns[0].reply: the template 'in {{ town }}' names 'town'; "
            "there are city, last_user, model, provider, system, tool_result"
        ],
    ),
    "a key that stands twice": (
        "scenarios:\n- reply: a\n  name: b\n  reply: c",
        ["f.yaml:4: not YAML: the key 'reply' stands twice"],
    ),
    "broken YAML": ("scenarios:\n  - reply: [a", ["f.yaml:2: not YAML: expected ',' or ']'"]),
    "no YAML at all": ("\x00", ["f.yaml: not YAML: unacceptable character"]),
    "an empty file": ("", ["f.yaml:1: a scenario file has one key, scenarios, with a list"]),
    "a list": ("- reply: hi", ["f.yaml:1: a scenario file has one key, scenarios, with a list"]),
    "a pace of nothing": (
        "scenarios:\n- reply: a\n  pace: {cut: sentence}",
        [
            "f.yaml:3: scenarios[0].pace.cut: Input should be 'word', 'char' or 'whole'; "
            "or Input should be a valid integer"
        ],
    ),
}


@pytest.mark.parametrize(("text", "expected"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes_are_named(text: str, expected: list[str]) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenarios(dedent(text), "f.yaml", providers=["plain"])
    lines = str(caught.value).splitlines()
    assert len(lines) == len(expected), lines
    for line, part in zip(lines, expected, strict=True):
        assert part in line


def test_a_folder_is_read_in_order_and_all_its_mistakes_are_told(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_text("scenarios: [{name: second, reply: b}]")
    (tmp_path / "a.yaml").write_text("scenarios: [{name: first, reply: a}]")
    (tmp_path / "c.json").write_text('{"scenarios": [{"name": "third", "reply": "c"}]}')
    (tmp_path / "notes.txt").write_text("not one of them")
    assert [scenario.name for scenario in load_scenarios(tmp_path)] == ["first", "second", "third"]

    (tmp_path / "a.yaml").write_text("scenarios: [{}]")
    (tmp_path / "c.json").write_text("{")
    with pytest.raises(ScenarioError) as caught:
        load_scenarios(tmp_path)
    assert [problem.file for problem in caught.value.problems] == [str(tmp_path / "a.yaml"), str(tmp_path / "c.json")]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xe9")
    (tmp_path / "empty").mkdir()
    for path, message in (
        (tmp_path / "absent.yaml", "there is no such file"),
        (tmp_path / "latin", "this file is not UTF-8 text"),
        (tmp_path / "empty", "this folder has no scenario files (.yaml, .yml, .json)"),
    ):
        with pytest.raises(ScenarioError) as caught:
            load_scenarios(path)
        assert str(caught.value) == f"{path}: {message}"
