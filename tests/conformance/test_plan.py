"""Merge patches of cases, what of a request is compared, and what a protocol must refuse."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.case import Case
from conformance.meaning import as_the_provider_reads
from conformance.plan import Plan, PlanError, merge_patch, refusal_of
from llm_sdk.registry import get_codec


@pytest.mark.parametrize(
    ("value", "patch", "merged"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({"a": [1, {"b": 2}]}, {"a": {"1": {"b": 3}}}, {"a": [1, {"b": 3}]}),
        ({"a": [1, 2, 3]}, {"a": {"1": None}}, {"a": [1, 3]}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": [1]}, {"a": {"1": {"b": 2}, "2": 3}}, {"a": [1, {"b": 2}, 3]}),
        ({"a": 1}, {"a": {"b": 1}}, {"a": {"b": 1}}),
    ],
)
def test_a_merge_patch(value: Any, patch: Any, merged: Any) -> None:
    assert merge_patch(value, patch) == merged


def test_fields_of_the_client_s_own_do_not_count() -> None:
    expected = {"messages": [{"content": [{"type": "text", "text": "a"}]}], "extra": {"user": "u"}}
    read = {
        "messages": [{"content": [{"type": "text", "text": "a", "signature": "made-up"}]}],
        "extra": {"user": "u", "store": True},
    }
    assert as_the_provider_reads(read, expected) == expected
    assert as_the_provider_reads({**read, "extra": {"store": True}}, expected) != expected
    assert as_the_provider_reads({**read, "seed": 7}, expected) != expected


def test_an_option_that_the_protocol_wants_is_the_client_s_choice_where_none_is_given() -> None:
    read = {"messages": [], "max_tokens": 4096}
    assert as_the_provider_reads(read, {"messages": []}, required={"max_tokens"}) == {"messages": []}
    assert as_the_provider_reads(read, {"messages": []}) == read
    assert as_the_provider_reads(read, {"messages": [], "max_tokens": 9}, required={"max_tokens"}) == read


def a_case(**fields: Any) -> Case:
    return Case.model_validate({"name": "one", "area": "core", "requirements": ["CORE-01"], **fields})


def refused_in(case: Case, **without: Any) -> str | None:
    capabilities = replace(get_codec("openai").capabilities, **without)
    codec: Any = SimpleNamespace(provider="openai", capabilities=capabilities)
    refusal = refusal_of(case, codec)
    return None if refusal is None else refusal.path


PAINTING = {"messages": [{"role": "user", "content": "Paint"}], "modalities": ["text", "image"]}


def test_what_a_protocol_cannot_be_asked_must_be_refused() -> None:
    painted = a_case(stages=[{"input": PAINTING, "reply": {"content": []}}], needs={"modalities": ["image"]})
    assert refused_in(painted, modalities=frozenset({"text"})) == "modalities[1]"
    assert refused_in(painted) is None


def test_what_a_protocol_cannot_be_asked_later_on_must_be_refused_too() -> None:
    stages = [{"input": {"messages": []}, "reply": {"content": []}}, {"input": PAINTING, "reply": {"content": []}}]
    assert refused_in(a_case(stages=stages), modalities=frozenset({"text"})) == "modalities[1]"


def test_a_case_of_refusing_says_itself_what_must_be_refused() -> None:
    refused = a_case(stages=[{"input": PAINTING, "expect": {"refused": "modalities[1]"}}], lacks={"says": ["refusal"]})
    assert refused_in(refused, says=frozenset()) == "modalities[1]"
    assert refused_in(refused) is None


def test_ids_in_the_model_s_own_json_always_count() -> None:
    expected = {"messages": [{"content": [{"type": "tool-call", "args": {}}]}]}
    read = {"messages": [{"content": [{"type": "tool-call", "id": "made-up", "args": {"id": 7}}]}]}
    assert as_the_provider_reads(read, expected)["messages"][0]["content"] == [{"type": "tool-call", "args": {"id": 7}}]


def test_providers_without_cassettes_are_named_at_once_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "openai").mkdir()
    with pytest.raises(PlanError) as caught:
        Plan(["openai", "cohere", "mistral"], tmp_path, own=True)
    assert str(caught.value) == (
        f"{tmp_path}: there are no cassettes of cohere, mistral here; "
        "record them with: pytest conformance --provider cohere --provider mistral --record"
    )
