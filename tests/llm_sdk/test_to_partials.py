"""Law 8: what a response is cut into adds up to it again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_sdk import (
    InvalidInputError,
    ModelResponse,
    ModelTokensDetails,
    ModelUsage,
    PartialModelResponse,
    SourcePart,
    TextPart,
    ToolCallPart,
    accumulate,
    to_partials,
)
from llm_sdk.testing import responses


@given(responses(), st.integers(1, 4))
def test_law_8_a_response_and_its_partials_are_equal(response: ModelResponse, size: int) -> None:
    def cut(text: str) -> list[str]:
        return [text[at : at + size] for at in range(0, len(text), size)]

    assert accumulate(to_partials(response)) == response
    assert accumulate(to_partials(response, cut)) == response
    assert all(isinstance(item, PartialModelResponse) for item in to_partials(response, cut))


def test_partials_of_a_response() -> None:
    response = ModelResponse(
        content=[TextPart(text="abc"), ToolCallPart(tool_call_id="c", tool_name="f", args={"é": 1})],
        usage=ModelUsage(input_tokens=1, output_tokens=2),
        finish_reason="tool_calls",
        id="r",
    )
    assert [item.model_dump() for item in to_partials(response, lambda text: [text[:2], text[2:]])] == [
        {"id": "r", "usage": {"input_tokens": 1, "output_tokens": 1}},
        {"delta": {"index": 0, "part": {"type": "text", "text": ""}}},
        {"delta": {"index": 0, "part": {"type": "text", "text": "ab"}}},
        {"delta": {"index": 0, "part": {"type": "text", "text": "c"}}},
        {"delta": {"index": 1, "part": {"type": "tool-call", "tool_call_id": "c", "tool_name": "f"}}},
        {"delta": {"index": 1, "part": {"type": "tool-call", "args": '{"'}}},
        {"delta": {"index": 1, "part": {"type": "tool-call", "args": 'é":1}'}}},
        {"usage": {"input_tokens": 0, "output_tokens": 1}, "finish_reason": "tool_calls"},
    ]


@pytest.mark.parametrize(
    ("usage", "begun", "rest"),
    [
        ((7, 0, None), (7, 0), (0, 0)),
        ((7, 9, None), (7, 1), (0, 8)),
        ((7, 9, 9), (7, 0), (0, 9)),
        ((7, 9, 8), (7, 1), (0, 8)),
    ],
    ids=["nothing said", "text", "reasoning alone", "reasoning and text"],
)
def test_the_input_and_the_first_token_of_the_answer_are_counted_at_its_start(
    usage: tuple[int, int, int | None], begun: tuple[int, int], rest: tuple[int, int]
) -> None:
    given, made, reasoned = usage
    response = ModelResponse(
        content=[],
        usage=ModelUsage(
            input_tokens=given,
            output_tokens=made,
            input_tokens_details=ModelTokensDetails(cached_text_tokens=3),
            output_tokens_details=ModelTokensDetails(reasoning_tokens=reasoned) if reasoned is not None else None,
        ),
    )
    counts = [partial.usage for partial in to_partials(response) if partial.usage is not None]
    assert [(count.input_tokens, count.output_tokens) for count in counts] == [begun, rest]
    assert [count.input_tokens_details is None for count in counts] == [False, True]
    assert accumulate(to_partials(response)) == response


def test_a_refusal_says_so_in_its_first_partial() -> None:
    refusal = ModelResponse(
        content=[TextPart(text="No.")], finish_reason="content_filter", finish_detail="refusal", id="r"
    )
    first = next(iter(to_partials(refusal)))
    assert first.model_dump() == {"id": "r", "finish_reason": "content_filter", "finish_detail": "refusal"}


def test_a_source_has_no_delta() -> None:
    response = ModelResponse(content=[TextPart(text="a"), SourcePart(source="u", title="T", content=[])])
    with pytest.raises(InvalidInputError) as caught:
        list(to_partials(response))
    assert str(caught.value) == "content[1]: a source is given to a model, not streamed by it"
