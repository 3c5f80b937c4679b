"""What every adapter has to give, and what is its own affair."""

import json
from dataclasses import replace

import pytest

from conformance.declaration import Declaration
from conformance.expectations import content_as_expected, expected_content, provider_words
from conformance.outcome import has_own_marks, says_id
from conformance.plan import Call, Plan
from conformance.settings import CASSETTES
from conformance.sources import without_sources
from llm_sdk.errors import RefusalError
from llm_sdk.registry import get_codec


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"type":"reasoning","id":"rs_1"}', True),
        (b'data: {"id" : "rs_1"}\n\n', True),
        (b'{"type":"rs_1"}', False),
        (b'{"id":"rs_12"}', False),
    ],
)
def test_an_id_is_the_providers_where_it_says_so(body: bytes, said: bool) -> None:
    assert says_id(body, "rs_1") is said


@pytest.mark.parametrize(
    ("provider", "case", "own"),
    [
        ("anthropic", "redacted-thinking", True),
        ("mistral", "reasoning-summary", True),
        ("cohere", "tool-plan", True),
        ("openai", "reasoning-summary", False),
    ],
)
def test_how_reasoning_without_an_id_is_marked_is_the_adapter_s_own_affair(provider: str, case: str, own: bool) -> None:
    first, *others = [call for call in Plan([provider], CASSETTES, own=True, only=[case]).calls if not call.stream]
    answer = first.golden.answer
    assert answer is not None
    assert has_own_marks(answer, first.exchange.response_body) is own
    parts = [part.model_copy(update={"id": "mine"}) if part.type == "reasoning" else part for part in answer.content]
    other = answer.model_copy(update={"content": parts})
    expected = expected_content(first)
    assert (content_as_expected(other, expected) == expected) is own
    assert content_as_expected(answer, expected) == expected
    assert [call.is_marked for call in others] == [own] * len(others)


def a_call(provider: str, case: str) -> Call:
    """The last call of a case for a whole answer."""
    return [call for call in Plan([provider], CASSETTES, own=True, only=[case]).calls if not call.stream][-1]


@pytest.mark.parametrize("case", ["source-document", "several-sources"])
def test_a_document_says_what_its_text_says(case: str) -> None:
    """A client may have no form for documents, and send their texts; it may not send less."""
    call = a_call("anthropic", case)
    flat = without_sources(call.reading())
    assert flat is not None
    assert call.misreading(flat) == ""
    less = json.loads(json.dumps(flat).replace("24", "25").replace("AC-77", "AC-78"))
    assert call.misreading(less) != ""


@pytest.mark.parametrize("provider", ["anthropic", "openai-chat-completion"])
def test_who_lists_kinds_without_documents_may_refuse_them(provider: str) -> None:
    known, call = get_codec(provider).capabilities, a_call(provider, "several-sources")
    listed = replace(known, user=frozenset({"text"}))
    assert Declaration(provider, known).refused_call(call) is None
    assert Declaration(provider, listed, narrows=True).refused_call(call) is call
    other = replace(known, citations=False)
    assert Declaration(provider, other, narrows=True).refused_call(call) is None


@pytest.mark.parametrize(
    ("provider", "case", "words"),
    [
        ("google", "prompt-blocked", ["PROHIBITED_CONTENT"]),
        ("google", "answer-blocked", ["SAFETY"]),
        ("anthropic", "refusal-at-once", None),
        ("openai", "refusal", None),
    ],
)
def test_a_refusal_is_the_model_s_where_it_has_put_it_into_words(
    provider: str, case: str, words: list[str] | None
) -> None:
    call = a_call(provider, case)
    assert isinstance(call.golden.error, RefusalError)
    assert provider_words(call, call.golden.error.refusal) == words


def test_who_sends_all_of_it_leaves_nothing_out() -> None:
    """What a protocol was not thought to carry is no lack where the provider reads it all the same."""
    call = a_call("anthropic", "flat-schema")
    told, whole = call.reading(), call.input.model_dump(mode="json")
    assert told != whole
    assert call.misreading(whole) == ""
    assert (call.says_all(whole), call.says_all(told)) == (True, False)
