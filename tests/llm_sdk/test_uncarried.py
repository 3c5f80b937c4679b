"""The words in which every encoder refuses what it cannot write."""

from llm_sdk.deltas import TextPartDelta
from llm_sdk.errors import InvariantError, UnsupportedError
from llm_sdk.uncarried import already_ended, cannot_answer, nameless_call, other_kind


def test_the_words() -> None:
    refused = cannot_answer("image", "content[2]", "cohere")
    assert isinstance(refused, UnsupportedError)
    assert refused.path == "content[2]"
    broken = [
        already_ended(2, "block", "cohere"),
        nameless_call(2, "cohere"),
        other_kind(2, TextPartDelta(text="a"), "reasoning", "cohere"),
    ]
    assert {type(error) for error in broken} == {InvariantError}
    assert [str(error) for error in (refused, *broken)] == [
        "cohere: content[2]: an answer of this protocol cannot carry image",
        "cohere: content 2: this protocol streams one block after another, and this one has ended",
        "cohere: content 2: the first delta of a tool call lacks its name or tool_call_id",
        "cohere: content 2: a delta of kind text for a part of kind reasoning",
    ]
