"""Answers varied by meaning: nothing that was recorded is left in them, and what must hold still holds."""

import json

import pytest

from conformance.plan import Call, Plan
from conformance.settings import CASSETTES
from conformance.variation import varied
from llm_sdk.registry import PROVIDERS
from llm_sdk.types import ModelResponse

SEED = 7


def calls_of(provider: str, case: str) -> list[Call]:
    return Plan([provider], CASSETTES, own=True, only=[case]).calls


def answer(call: Call) -> ModelResponse:
    assert call.golden.response is not None
    return call.golden.response


@pytest.mark.parametrize("provider", PROVIDERS)
def test_nothing_that_was_recorded_is_left(provider: str) -> None:
    for call in calls_of(provider, "tool-call"):
        other = varied(call, SEED)
        [before], [after] = answer(call).content, answer(other).content
        assert (after.type, after.tool_name) == (before.type, before.tool_name)
        assert after.args.keys() == before.args.keys()
        assert not set(after.args.values()) & set(before.args.values())
        assert not after.tool_call_id or after.tool_call_id != before.tool_call_id
        assert answer(other).usage != answer(call).usage
        said = other.input.messages[-1].content[-1].text
        assert said.startswith(call.input.messages[-1].content[-1].text + " ")


def test_the_seed_decides() -> None:
    [call, _] = calls_of("openai", "text")
    bodies = [varied(call, seed).exchange.response_body for seed in (SEED, SEED, SEED + 1)]
    assert bodies[0] == bodies[1] != bodies[2]


def test_a_citation_still_cites_what_it_cited() -> None:
    for call in calls_of("openai", "citation"):
        [before], [after] = (
            [part for part in answer(one).content if part.type == "text"] for one in (call, varied(call, SEED))
        )
        assert after.text != before.text
        for old, new in zip(before.citations or [], after.citations or [], strict=True):
            assert (new.start_index, new.end_index, new.source) == (old.start_index, old.end_index, old.source)


def test_a_text_that_is_json_stays_json_of_the_same_fields() -> None:
    for call in calls_of("openai", "nested-schema"):
        [before], [after] = answer(call).content, answer(varied(call, SEED)).content
        assert json.loads(before.text).keys() == json.loads(after.text).keys()
        assert before.text != after.text
