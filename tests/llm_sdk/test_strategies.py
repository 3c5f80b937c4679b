"""The strategies draw what they promise: a property over values that never come up proves nothing."""

from collections import Counter
from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from llm_sdk import (
    LanguageModelInput,
    ModelResponse,
    OpaquePart,
    PartialModelResponse,
    TextPart,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
)
from llm_sdk.capabilities import OPTIONS, Capabilities
from llm_sdk.registry import get_codec, provider_names
from llm_sdk.testing import (
    EVERYTHING,
    arrivals,
    chunkings,
    fragments,
    inputs,
    json_objects,
    partials,
    parts,
    responses,
    texts,
)

LOOK_HARD = settings(
    max_examples=3000, phases=[Phase.generate], derandomize=True, suppress_health_check=list(HealthCheck)
)


def comes_up(strategy: st.SearchStrategy[Any], wanted: Callable[[Any], Any]) -> bool:
    find(strategy, lambda value: bool(wanted(value)), settings=LOOK_HARD)
    return True


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(depth, inner), default=0)


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [leaf for item in inner for leaf in leaves(item)]
    return [value]


@pytest.mark.parametrize("character", '\ud7ff\ue000\u2028\x85\0\u0301😀\U0010ffff\\"')
def test_texts_are_tender(character: str) -> None:
    assert comes_up(texts(), lambda text: character in text)


def test_texts_are_empty_too_and_never_have_a_lone_surrogate() -> None:
    assert comes_up(texts(), lambda text: text == "")

    @given(texts())
    def encodable(text: str) -> None:
        text.encode()

    encodable()


@pytest.mark.parametrize(
    "wanted",
    [
        lambda args: args == {},
        lambda args: depth(args) > 30,
        lambda args: any(isinstance(leaf, int) and leaf > 2**53 for leaf in leaves(args)),
        lambda args: any(isinstance(leaf, float) for leaf in leaves(args)),
        lambda args: None in leaves(args),
        lambda args: any(item in ({}, []) for item in args.values()),
        lambda args: not all(key.isascii() for key in args),
    ],
)
def test_json_objects_are_tender(wanted: Callable[[Any], bool]) -> None:
    assert comes_up(json_objects(), wanted)


@pytest.mark.parametrize("kind", sorted(EVERYTHING.output))
def test_responses_have_every_kind_of_part_and_several_of_a_kind(kind: str) -> None:
    assert comes_up(responses(), lambda response: Counter(part.type for part in response.content)[kind] > 1)


def has(field: str) -> Callable[[ModelResponse], bool]:
    return lambda response: any(getattr(part, field, None) is not None for part in response.content)


@pytest.mark.parametrize(
    "field", ["citations", "signature", "id", "transcript", "url", "data", "provider_executed", "filename", "is_error"]
)
def test_responses_have_every_optional_field(field: str) -> None:
    assert comes_up(responses(), has(field))
    assert comes_up(responses(), lambda response: response.content and not has(field)(response))


@pytest.mark.parametrize("field", [name for name in ModelResponse.model_fields if name != "content"])
def test_responses_have_every_field_of_their_own(field: str) -> None:
    assert comes_up(responses(), lambda response: getattr(response, field) is not None)
    assert comes_up(responses(), lambda response: getattr(response, field) is None)


def indices(stream: list[PartialModelResponse]) -> list[int]:
    return [item.delta.index for item in stream if item.delta is not None]


def turns(found: list[int]) -> int:
    return sum(left != right for left, right in pairwise(found))


Arrival = tuple[ModelResponse, list[PartialModelResponse]]


@pytest.mark.parametrize(
    "wanted",
    [
        lambda arrival: turns(indices(arrival[1])) > len(arrival[0].content) > 1,
        lambda arrival: len(set(indices(arrival[1]))) <= max(indices(arrival[1]), default=0),
        lambda arrival: sum(item.usage is not None for item in arrival[1]) > 1,
        lambda arrival: sum(item.cost is not None for item in arrival[1]) > 1,
        lambda arrival: any(len(item.model_fields_set) > 2 for item in arrival[1]),
        lambda arrival: [part.type for part in arrival[0].content] == ["image"] and len(indices(arrival[1])) > 1,
    ],
)
def test_streams_are_tender(wanted: Callable[[Arrival], bool]) -> None:
    assert comes_up(arrivals(), wanted)


@pytest.mark.parametrize("kind", sorted(EVERYTHING.output))
def test_single_partials_are_of_every_kind(kind: str) -> None:
    assert comes_up(partials(), lambda partial: partial.delta and partial.delta.part.type == kind)


@given(texts(), st.binary(max_size=40), st.data())
def test_pieces_add_up(text: str, body: bytes, data: st.DataObject) -> None:
    assert "".join(data.draw(fragments(text))) == text
    assert b"".join(data.draw(chunkings(body))) == body


@pytest.mark.parametrize("at", [7, 9, 10, 11])
def test_chunkings_cut_where_it_hurts(at: int) -> None:
    body = b"data: " + "é".encode() + b"\r\n\r\n"
    assert comes_up(chunkings(body), lambda pieces: at in accumulate(map(len, pieces)))


CARRIED = [EVERYTHING, *(get_codec(provider).capabilities for provider in provider_names())]


@given(st.sampled_from(CARRIED), st.data())
def test_narrowed_responses_stay_within_the_capabilities(capabilities: Capabilities, data: st.DataObject) -> None:
    response = data.draw(responses(capabilities))
    assert {part.type for part in response.content} <= capabilities.output - {"opaque"}
    cited = [part for part in response.content if isinstance(part, TextPart) and part.citations]
    assert capabilities.citations or not cited
    calls = [part for part in response.content if isinstance(part, ToolCallPart)]
    assert len({call.tool_call_id for call in calls}) == len(calls)
    assert (response.finish_reason == "tool_calls") == any(not call.provider_executed for call in calls)
    hosted = [part.tool_call_id for part in response.content if isinstance(part, ToolResultPart)]
    assert hosted == [call.tool_call_id for call in calls if call.provider_executed]
    assert (response.cost, response.warnings) == (None, None)


@given(inputs(EVERYTHING))
def test_conversations_make_sense(input: LanguageModelInput) -> None:
    assert input.messages
    for before, message in zip([None, *input.messages], input.messages, strict=False):
        if isinstance(message, ToolMessage):
            assert before is not None
            calls = [part for part in before.content if isinstance(part, ToolCallPart) and not part.provider_executed]
            results = [part for part in message.content if isinstance(part, ToolResultPart)]
            assert [call.tool_call_id for call in calls] == [result.tool_call_id for result in results]
        assert not any(isinstance(part, OpaquePart) for part in message.content)
    if input.tool_choice is not None and input.tool_choice.type == "tool":
        assert any(getattr(tool, "name", None) == input.tool_choice.tool_name for tool in input.tools or ())


@pytest.mark.parametrize("field", [*OPTIONS, "tools", "tool_choice", "response_format", "audio", "reasoning", "extra"])
def test_inputs_have_every_field(field: str) -> None:
    assert comes_up(inputs(), lambda asked: getattr(asked, field) is not None)
    assert comes_up(inputs(), lambda asked: getattr(asked, field) is None)


@pytest.mark.parametrize("role", ["user", "assistant", "tool", "system"])
def test_inputs_have_every_role(role: str) -> None:
    assert comes_up(inputs(), lambda asked: any(message.role == role for message in asked.messages))


def test_parts_of_unknown_kind() -> None:
    with pytest.raises(ValueError, match="'video' is no kind of part"):
        parts(["video"])
