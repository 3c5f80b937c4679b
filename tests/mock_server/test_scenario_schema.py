"""The JSON Schema for editors accepts what the loader accepts, and nothing else."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from mock_server.conditions import When
from mock_server.faults import Fault
from mock_server.pacing import Pace
from mock_server.scenario_files import ScenarioError, read_scenarios, scenario_schema
from mock_server.scenarios import Reply, Scenario

VALIDATOR = Draft202012Validator(scenario_schema())

# What a schema cannot know, by a word of the loader's message.
ONLY_THE_LOADER = ("no provider 'text'", "two scenarios are named", "not a regular expression", "the template")

SCENARIOS = yaml.safe_load(r"""
- name: one
  fallback: true
  when:
    provider: plain
    model: "m*"
    tools: [a]
    response_format: json
    headers: {x: {equals: y}}
    last_user: {contains: a, regex: b}
    system: s
    tool_result: true
    nth: [1]
    probability: 0.5
  sequence:
    - {reply: [a, {type: tool-call, tool_name: b}], pace: {cut: 3}}
    - fault: {status: 500, message: m, code: c, retry_after: 1.5}
- when: {nth: 2, any_message: m}
  turns:
    - {reply: {content: {type: text, text: a}, finish_reason: stop}}
    - {reply: {refusal: never}, fault: {rate_limit: 3, window: 9, status: 503}}
- reply: {type: reasoning, text: hm}
  fault: {latency: 1, jitter: 0.5, reset: true, content_type: a/b, stall_after_events: 1, stall: 2}
  pace: {cut: word, delay: 1}
- pace: {delay: 0}
""")
WRONG = [
    [{"reply": "a", "fault": {"status": 500}}],
    [{"reply": "a", "turns": [{"reply": "b"}]}],
    [{"turns": [{"reply": "b"}], "sequence": [{"reply": "b"}]}],
    [{"turns": []}],
    [{"when": {"last_user": "("}, "reply": "a"}],
    [{"reply": "{{ a"}],
    [{"name": "a", "reply": "a"}, {"name": "a", "reply": "b"}],
    [{"reply": "a", "when": {"predicate": "len"}}],
]
VALUES: tuple[Any, ...] = (3, -0.5, "text", [], {}, True)


def refused(scenarios: Any) -> str:
    """What the loader says against these, nothing where it takes them."""
    try:
        read_scenarios(scenarios, providers=["plain"])
    except ScenarioError as error:
        return str(error)
    return ""


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*path, key)
            yield from places(inner, (*path, key))


def changed() -> Iterator[Any]:
    """Each scenario with one thing left out, put in the place of another, or added where it does not belong."""
    for scenario in SCENARIOS:
        for *above, key in places(scenario):
            for value in (*VALUES, None):
                whole = copy.deepcopy(scenario)
                parent = whole
                for step in above:
                    parent = parent[step]
                if value is not None:
                    parent[key] = copy.deepcopy(value)
                elif isinstance(parent[key], dict):
                    parent[key]["unknown"] = 1
                else:
                    del parent[key]
                yield [whole]


def test_schema_and_loader_agree() -> None:
    assert refused(SCENARIOS) == ""
    disagree = []
    for scenarios in [SCENARIOS, *WRONG, *changed()]:
        said = refused(scenarios)
        if VALIDATOR.is_valid({"scenarios": scenarios}) is bool(said) and not any(
            word in said for word in ONLY_THE_LOADER
        ):
            disagree.append((said, scenarios))
    assert disagree == []


@pytest.mark.parametrize("model", [Scenario, When, Fault, Pace, Reply])
def test_every_key_of_the_loader_stands_in_the_schema(model: Any) -> None:
    forms = [scenario_schema(), *scenario_schema()["$defs"].values()]
    keys = [set(part.get("properties", ())) for form in forms for part in (form, *form.get("anyOf", ()))]
    own = {name for name, field in model.model_fields.items() if not field.exclude}
    assert own in keys
