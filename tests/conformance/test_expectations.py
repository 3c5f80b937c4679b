"""What every adapter has to give, and what is its own affair."""

import pytest

from conformance.expectations import content_as_expected, expected_content
from conformance.outcome import has_own_marks, says_id
from conformance.plan import Plan
from conformance.settings import CASSETTES


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
