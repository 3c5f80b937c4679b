"""Law 7: the caller's objects are left alone, answers can be asked for again, and a snapshot never raises."""

import copy
from contextlib import suppress
from typing import Any, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llm_sdk import (
    AudioFormat,
    AudioPart,
    AudioPartDelta,
    Citation,
    CitationDelta,
    ContentDelta,
    FilePartDelta,
    ImagePartDelta,
    InvariantError,
    ModelResponse,
    OpaquePartDelta,
    PartDelta,
    PartialModelResponse,
    ReasoningPartDelta,
    StreamAccumulator,
    TextPart,
    TextPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
    ToolResultPart,
)
from llm_sdk.testing import arrivals, base64_texts, json_objects, texts

Stream = list[PartialModelResponse]


def step(index: int, part: PartDelta, **beside: Any) -> PartialModelResponse:
    return PartialModelResponse(delta=ContentDelta(index=index, part=part), **beside)


@given(arrivals())
def test_law_7_the_answer_is_the_same_every_time_and_nothing_is_shared(
    arrival: tuple[ModelResponse, Stream],
) -> None:
    response, stream = arrival
    kept = copy.deepcopy(stream)
    accumulator = StreamAccumulator()
    for item in stream:
        accumulator.add_partial(item)
        accumulator.snapshot()
    first = accumulator.compute_response()
    assert stream == kept
    spoil(first)
    for item in stream:
        spoil(item)
    assert accumulator.compute_response() == response
    assert accumulator.snapshot() == response


def spoil(value: Any) -> None:
    """Change every list and dictionary that can be reached."""
    match value:
        case list():
            for item in value:
                spoil(item)
            value.append("spoiled")
        case dict():
            for item in value.values():
                spoil(item)
            value["spoiled"] = True
        case _ if hasattr(value, "model_fields_set"):
            for _, item in value:
                spoil(item)


def test_spoiling_reaches_everything() -> None:
    value = ToolResultPart(
        tool_call_id="c", tool_name="f", content=[ToolCallPart(tool_call_id="c", tool_name="f", args={"a": [1]})]
    )
    inner = value.content[0]
    assert isinstance(inner, ToolCallPart)
    spoil(value)
    assert inner.args == {"a": [1, "spoiled"], "spoiled": True}
    assert len(value.content) == 2


@given(arrivals())
def test_law_7_more_can_follow_an_answer(arrival: tuple[ModelResponse, Stream]) -> None:
    response, stream = arrival
    accumulator = StreamAccumulator()
    for item in stream:
        accumulator.add_partial(item)
    accumulator.compute_response()
    accumulator.add_partial(step(10**6, TextPartDelta(text="more")))
    assert accumulator.compute_response().content == [*response.content, TextPart(text="more")]


@given(arrivals())
def test_law_7_snapshots_grow_into_the_response(arrival: tuple[ModelResponse, Stream]) -> None:
    response, stream = arrival
    accumulator = StreamAccumulator()
    shown = 0
    for item in stream:
        accumulator.add_partial(item)
        snapshot = accumulator.snapshot()
        assert len(snapshot.content) >= shown
        shown = len(snapshot.content)
    assert accumulator.snapshot() == response


def anything(field: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | field


JSON_SCRAPS = st.text('{}[]":,\\ud83eE+-.0123456789nulltrefasNI \n', max_size=12)
SCRAPS = st.one_of(
    st.builds(
        TextPartDelta,
        text=texts(max_size=3),
        citation=anything(st.builds(CitationDelta, source=anything(texts(max_size=3)))),
        signature=anything(texts(max_size=3)),
    ),
    st.builds(
        ToolCallPartDelta,
        tool_call_id=anything(texts(max_size=3)),
        tool_name=anything(texts(max_size=3)),
        args=anything(JSON_SCRAPS | texts(max_size=3)),
        provider_executed=anything(st.booleans()),
    ),
    st.builds(ReasoningPartDelta, text=texts(max_size=3), signature=anything(texts(max_size=3))),
    st.builds(
        AudioPartDelta,
        data=anything(base64_texts() | texts(max_size=3)),
        format=anything(st.sampled_from(get_args(AudioFormat))),
        transcript=anything(texts(max_size=3)),
    ),
    st.builds(ImagePartDelta, data=anything(texts(max_size=3)), url=anything(texts(max_size=3))),
    st.builds(FilePartDelta, mime_type=anything(texts(max_size=3)), data=anything(base64_texts())),
    st.builds(OpaquePartDelta, provider=texts(max_size=3), data=json_objects(1)),
)


@given(st.lists(st.tuples(st.integers(-1, 2), SCRAPS), max_size=12))
@example([(0, ToolCallPartDelta(tool_call_id="c", tool_name="f", args='{"a":[1e400'))])
@example([(0, ToolCallPartDelta(tool_call_id="c", tool_name="f", args="[" * 5000))])
@example([(0, AudioPartDelta(data="Q", format="wav", transcript="a"))])
def test_whatever_comes_is_an_answer_or_an_invariant_error(deltas: list[tuple[int, PartDelta]]) -> None:
    accumulator = StreamAccumulator()
    for index, delta in deltas:
        with suppress(InvariantError):
            accumulator.add_partial(step(index, delta))
        assert isinstance(accumulator.snapshot(), ModelResponse)
    try:
        response = accumulator.compute_response()
    except InvariantError:
        return
    assert accumulator.snapshot() == response == accumulator.compute_response()
    assert ModelResponse.model_validate_json(response.model_dump_json()) == response


SNAPSHOTS: list[tuple[list[PartDelta], list[Any]]] = [
    ([TextPartDelta(text="")], [TextPart(text="")]),
    (
        [
            TextPartDelta(text="a", citation=CitationDelta()),
            TextPartDelta(text="b", citation=CitationDelta(source="s")),
        ],
        [TextPart(text="ab", citations=[Citation(source="s")])],
    ),
    ([ToolCallPartDelta(tool_name="f", args="{}")], []),
    (
        [ToolCallPartDelta(tool_call_id="c", tool_name="f", args='{"city":"Par')],
        [ToolCallPart(tool_call_id="c", tool_name="f", args={"city": "Par"})],
    ),
    (
        [ToolCallPartDelta(tool_call_id="c", tool_name="f", args='{"a":1,"b":"\\ud83d')],
        [ToolCallPart(tool_call_id="c", tool_name="f", args={"a": 1, "b": ""})],
    ),
    (
        [ToolCallPartDelta(tool_call_id="c", tool_name="f", args="oops")],
        [ToolCallPart(tool_call_id="c", tool_name="f", args={})],
    ),
    ([AudioPartDelta(transcript="Hi")], []),
    ([AudioPartDelta(transcript="Hi", format="wav")], [AudioPart(data="", format="wav", transcript="Hi")]),
    (
        [AudioPartDelta(data="QUI=", format="wav"), AudioPartDelta(data="Q")],
        [AudioPart(data="QUI=", format="wav")],
    ),
    ([ImagePartDelta(width=2)], []),
    ([FilePartDelta(filename="a")], []),
]


@pytest.mark.parametrize(("deltas", "shown"), SNAPSHOTS)
def test_a_snapshot_shows_what_can_be_shown(deltas: list[PartDelta], shown: list[Any]) -> None:
    accumulator = StreamAccumulator()
    for delta in deltas:
        accumulator.add_partial(step(0, delta))
    assert accumulator.snapshot().content == shown
