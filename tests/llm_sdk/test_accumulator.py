"""Laws 1 to 6 of accumulation, each as a property over every kind of part, and the exact words of each error."""

import base64
import json
import math
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_sdk import (
    AudioPartDelta,
    CitationDelta,
    ContentDelta,
    FilePart,
    FilePartDelta,
    ImagePart,
    ImagePartDelta,
    InvariantError,
    ModelResponse,
    ModelTokensDetails,
    ModelUsage,
    OpaquePart,
    OpaquePartDelta,
    PartDelta,
    PartialModelResponse,
    ReasoningPart,
    ReasoningPartDelta,
    StreamAccumulator,
    TextPart,
    TextPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
    ToolResultPart,
    ToolResultPartDelta,
    accumulate,
    parse_tool_arguments,
    subtract_usage,
    sum_usage,
)
from llm_sdk.testing import arrivals, base64_texts, fragments, json_objects, usages

Stream = list[PartialModelResponse]


def step(index: int, part: PartDelta, **beside: Any) -> PartialModelResponse:
    return PartialModelResponse(delta=ContentDelta(index=index, part=part), **beside)


def content(*deltas: PartDelta) -> Any:
    """The one part that these deltas add up to."""
    (part,) = accumulate([step(0, delta) for delta in deltas]).content
    return part


@given(arrivals())
def test_a_stream_adds_up_to_its_response(arrival: tuple[ModelResponse, Stream]) -> None:
    response, stream = arrival
    assert accumulate(stream) == response


@given(arrivals(), st.integers(1, 5), st.integers(-3, 3))
def test_law_1_parts_come_out_in_index_order(arrival: tuple[ModelResponse, Stream], factor: int, offset: int) -> None:
    response, stream = arrival

    def moved(move: Callable[[int], int]) -> ModelResponse:
        return accumulate(
            item
            if item.delta is None
            else item.model_copy(update={"delta": ContentDelta(index=move(item.delta.index), part=item.delta.part)})
            for item in stream
        )

    assert moved(lambda index: factor * index + offset) == response
    assert moved(lambda index: -index).content == response.content[::-1]


def halves(item: PartialModelResponse, at: int) -> Iterable[PartialModelResponse]:
    """The step with the fragment of its delta cut in two."""
    if item.delta is None:
        return [item]
    part = item.delta.part
    field = {"text": "text", "reasoning": "text", "tool-call": "args", "audio": "transcript"}.get(part.type, "")
    fragment = getattr(part, field, None)
    if fragment is None:
        return [item]
    cut = at % (len(fragment) + 1)
    first = part.model_copy(update={field: fragment[:cut]})
    second = type(part).model_validate({"type": part.type, field: fragment[cut:]})
    index = item.delta.index
    return [item.model_copy(update={"delta": ContentDelta(index=index, part=first)}), step(index, second)]


@given(arrivals(), st.integers(0, 200), st.integers(0, 50))
def test_law_2_cutting_a_fragment_changes_nothing(arrival: tuple[ModelResponse, Stream], which: int, at: int) -> None:
    response, stream = arrival
    chosen = which % len(stream)
    assert accumulate([*stream[:chosen], *halves(stream[chosen], at), *stream[chosen + 1 :]]) == response
    assert accumulate([piece for item in stream for piece in halves(item, at)]) == response


@given(json_objects(), st.booleans(), st.none() | st.integers(0, 2), st.data())
def test_law_3_arguments_are_parsed_once_and_whole(
    args: dict[str, Any], ascii: bool, indent: int | None, data: st.DataObject
) -> None:
    text = json.dumps(args, ensure_ascii=ascii, indent=indent)
    head = ToolCallPartDelta(tool_call_id="c", tool_name="f")
    part = content(head, *(ToolCallPartDelta(args=piece) for piece in data.draw(fragments(text))))
    assert part == ToolCallPart(tool_call_id="c", tool_name="f", args=args)
    assert json.dumps(part.args) == json.dumps(args)


@pytest.mark.parametrize("pieces", [[], [""], ["", ""], ["{", "}"], [" \n", "\t"]])
def test_law_3_no_arguments_are_an_empty_object(pieces: list[str]) -> None:
    head = ToolCallPartDelta(tool_call_id="c", tool_name="f")
    assert content(head, *(ToolCallPartDelta(args=piece) for piece in pieces)).args == {}


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ('{"n":9007199254740993}', {"n": 2**53 + 1}),
        ('{"n":' + "9" * 4300 + "}", {"n": 10**4300 - 1}),
        ('{"a":1,"a":2}', {"a": 2}),
        ('{"a":"\\ud83d\\ude00\\u0000"}', {"a": "😀\0"}),
        ('{"a":null}', {"a": None}),
        (' {"a":1}\n', {"a": 1}),
        ('{"a":1e2}', {"a": 100.0}),
    ],
)
def test_law_3_arguments_that_are_read(text: str, args: dict[str, Any]) -> None:
    assert parse_tool_arguments(text, "f") == args


NOT_AN_OBJECT = "the arguments of tool 'get_weather' are not a JSON object: "
NOT_JSON = "the arguments of tool 'get_weather' are not JSON ("


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", NOT_AN_OBJECT + "[1]"),
        ("null", NOT_AN_OBJECT + "null"),
        ('"{}"', NOT_AN_OBJECT + '"{}"'),
        ("1.5", NOT_AN_OBJECT + "1.5"),
        ('{"a', NOT_JSON + 'EOF while parsing a string at line 1 column 3): {"a'),
        ('{"a":1}}', NOT_JSON + 'trailing characters at line 1 column 8): {"a":1}}'),
        ("{'a':1}", NOT_JSON + "key must be a string at line 1 column 2): {'a':1}"),
        ('{"a":NaN}', NOT_JSON + 'expected value at line 1 column 6): {"a":NaN}'),
        ('{"a":-Infinity}', NOT_JSON + 'invalid number at line 1 column 7): {"a":-Infinity}'),
        ('{"a":[1e400]}', NOT_JSON + 'a[0]: inf is not JSON): {"a":[1e400]}'),
        ('{"a":"\\ud83d"}', NOT_JSON + 'unexpected end of hex escape at line 1 column 13): {"a":"\\ud83d"}'),
        ("\N{NO-BREAK SPACE}{}", NOT_JSON + "expected value at line 1 column 1): \N{NO-BREAK SPACE}{}"),
        ('{"a":"' + "x" * 600, NOT_JSON + 'EOF while parsing a string at line 1 column 606): {"a":"' + "x" * 494 + "… "
         "(606 characters)"),
    ],
)  # fmt: skip
def test_law_3_arguments_that_are_refused(text: str, message: str) -> None:
    with pytest.raises(InvariantError) as caught:
        content(ToolCallPartDelta(tool_call_id="c", tool_name="get_weather", args=text))
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ['{"a":' + "9" * 4301 + "}", '{"a":' * 129 + "1" + "}" * 129, '{"a":' * 100_000])
def test_law_3_arguments_beyond_what_can_be_held(text: str) -> None:
    with pytest.raises(InvariantError, match="the arguments of tool 'f' are not JSON"):
        parse_tool_arguments(text, "f")


@given(st.lists(st.binary(max_size=7), min_size=1, max_size=5))
def test_law_4_sounds_are_joined_as_bytes(sounds: list[bytes]) -> None:
    pieces = [AudioPartDelta(data=base64.b64encode(sound).decode()) for sound in sounds]
    part = content(AudioPartDelta(format="linear16"), *pieces)
    assert base64.b64decode(part.data, validate=True) == b"".join(sounds)


@given(st.lists(base64_texts(), min_size=1, max_size=4))
def test_law_4_the_last_image_wins(previews: list[str]) -> None:
    part = content(*(ImagePartDelta(mime_type="image/png", data=data, id="i") for data in previews))
    assert part == ImagePart(mime_type="image/png", data=previews[-1], id="i")


def test_law_4_new_data_takes_the_place_of_a_url_and_the_other_way_round() -> None:
    by_data, by_url = ImagePartDelta(mime_type="image/png", data="QQ=="), ImagePartDelta(url="u")
    assert content(by_data, by_url) == ImagePart(mime_type="image/png", url="u")
    assert content(by_url, by_data) == ImagePart(mime_type="image/png", data="QQ==")
    assert content(by_data, ImagePartDelta(width=2)) == ImagePart(mime_type="image/png", data="QQ==", width=2)
    whole = FilePartDelta(mime_type="text/plain", data="QQ==", filename="a")
    assert content(FilePartDelta(url="u"), whole) == FilePart(mime_type="text/plain", data="QQ==", filename="a")


def test_law_4_tool_results_and_opaque_parts_are_replaced_whole() -> None:
    first = ToolResultPartDelta(tool_call_id="c", tool_name="f", content=[TextPart(text="x")], is_error=True)
    assert content(first, ToolResultPartDelta(tool_call_id="c", tool_name="f", content=[])) == ToolResultPart(
        tool_call_id="c", tool_name="f", content=[]
    )
    assert content(
        OpaquePartDelta(provider="p", data={"a": 1}), OpaquePartDelta(provider="p", data={"b": 2})
    ) == OpaquePart(provider="p", data={"b": 2})


@given(st.lists(usages(), max_size=4), st.lists(st.floats(0, 1e6), max_size=4))
def test_law_5_usage_and_cost_are_summed_each_on_its_own(increments: list[ModelUsage], costs: list[float]) -> None:
    steps = [PartialModelResponse(usage=usage) for usage in increments]
    steps += [PartialModelResponse(cost=cost) for cost in costs]
    response = accumulate(steps)
    assert response.cost == (math.fsum(costs) if costs else None)
    if not increments:
        assert response.usage is None
        return
    assert response.usage is not None
    for total in ("input_tokens", "output_tokens"):
        assert getattr(response.usage, total) == sum(getattr(usage, total) for usage in increments)
        given = [detail for usage in increments if (detail := getattr(usage, f"{total}_details")) is not None]
        details = getattr(response.usage, f"{total}_details")
        assert (details is None) == (not given)
        for name in ModelTokensDetails.model_fields if given else ():
            counts = [count for detail in given if (count := getattr(detail, name)) is not None]
            assert getattr(details, name) == (sum(counts) if counts else None)


@given(usages(), usages(), usages())
def test_law_5_the_order_of_sums_is_nothing(left: ModelUsage, middle: ModelUsage, right: ModelUsage) -> None:
    assert sum_usage(left, sum_usage(middle, right)) == sum_usage(sum_usage(right, middle), left)


@given(usages(), usages())
def test_an_increment_is_what_a_running_total_has_more(before: ModelUsage, more: ModelUsage) -> None:
    total = sum_usage(before, more)
    assert sum_usage(before, subtract_usage(total, before)) == total


def test_a_detail_that_is_new_is_an_increment_as_a_whole() -> None:
    before = ModelUsage(input_tokens=5, output_tokens=1)
    details = ModelTokensDetails(cached_text_tokens=4)
    total = ModelUsage(input_tokens=5, output_tokens=3, input_tokens_details=details)
    assert subtract_usage(total, before) == ModelUsage(input_tokens=0, output_tokens=2, input_tokens_details=details)


def test_law_5_costs_are_summed_exactly() -> None:
    assert accumulate([PartialModelResponse(cost=0.1)] * 10).cost == 1.0
    assert accumulate([PartialModelResponse(cost=cost) for cost in (1e16, 1.0, -1e16)]).cost == 1.0
    assert accumulate([PartialModelResponse(cost=0.0)]).cost == 0.0
    assert accumulate([]).cost is None


def test_law_5_costs_beyond_any_number() -> None:
    accumulator = StreamAccumulator()
    accumulator.add_partial(PartialModelResponse(cost=1.7e308))
    accumulator.add_partial(PartialModelResponse(cost=1.7e308))
    with pytest.raises(InvariantError, match="the costs add up to more than a number can hold"):
        accumulator.compute_response()
    assert accumulator.snapshot() == ModelResponse(content=[])


KINDS: dict[str, PartDelta] = {
    "text": TextPartDelta(text="x"),
    "reasoning": ReasoningPartDelta(text="x"),
    "tool-call": ToolCallPartDelta(),
    "tool-result": ToolResultPartDelta(tool_call_id="c", tool_name="f", content=[]),
    "image": ImagePartDelta(url="u"),
    "audio": AudioPartDelta(),
    "file": FilePartDelta(url="u"),
    "opaque": OpaquePartDelta(provider="p", data={}),
}


@pytest.mark.parametrize("first", KINDS)
@pytest.mark.parametrize("second", KINDS)
def test_law_6_a_delta_of_another_kind(first: str, second: str) -> None:
    accumulator = StreamAccumulator()
    accumulator.add_partial(step(7, KINDS[first]))
    before = accumulator.snapshot()
    if first == second:
        accumulator.add_partial(step(7, KINDS[second]))
        return
    with pytest.raises(InvariantError) as caught:
        accumulator.add_partial(step(7, KINDS[second], cost=1.0))
    assert str(caught.value) == f"content 7: a delta of kind {second} for a part of kind {first}"
    assert accumulator.snapshot() == before


INCOMPLETE: list[tuple[PartDelta, str]] = [
    (
        TextPartDelta(text="x", citation=CitationDelta(title="T")),
        "the text part has ended without the source of a citation",
    ),
    (ToolCallPartDelta(tool_name="f"), "the tool-call part has ended without tool_call_id"),
    (ToolCallPartDelta(tool_call_id="c", args="{"), "the tool-call part has ended without tool_name"),
    (AudioPartDelta(format="wav"), "the audio part has ended without data"),
    (AudioPartDelta(data="QQ=="), "the audio part has ended without format"),
    (AudioPartDelta(data="QQ", format="wav"), "audio data that is not base64 (Incorrect padding)"),
    (
        AudioPartDelta(data="é===", format="wav"),
        "audio data that is not base64 (string argument should contain only ASCII characters)",
    ),
    (ImagePartDelta(id="i"), "the image part is not complete: image: exactly one of data and url is needed"),
    (ImagePartDelta(data="QQ=="), "the image part is not complete: image: mime_type is needed with data"),
    (
        ImagePartDelta(data="QQ==", url="u"),
        "the image part is not complete: image: exactly one of data and url is needed",
    ),
    (FilePartDelta(filename="a"), "the file part is not complete: file: exactly one of data and url is needed"),
]


@pytest.mark.parametrize(("delta", "message"), INCOMPLETE)
def test_law_6_a_part_that_is_not_complete(delta: PartDelta, message: str) -> None:
    with pytest.raises(InvariantError) as caught:
        accumulate([step(3, delta)])
    assert str(caught.value) == f"content 3: {message}"


def test_empty_repetitions_replace_nothing() -> None:
    head = ToolCallPartDelta(tool_call_id="c", tool_name="f", id="i", signature="s", provider_executed=True)
    again = ToolCallPartDelta(tool_call_id="", tool_name="", id="", signature="", provider_executed=False)
    assert content(head, again) == content(again, head) == content(head)
    signed = ReasoningPartDelta(text="a", signature="s", id="i")
    assert content(signed, ReasoningPartDelta(signature="", id="")) == ReasoningPart(text="a", signature="s", id="i")
    assert content(ReasoningPartDelta(signature="old"), ReasoningPartDelta(signature="new")).signature == "new"
    assert content(TextPartDelta(text="a", signature="s"), TextPartDelta(text="", signature="")).signature == "s"
