"""Partial responses -> the provider's stream events: each case of the protocol as the exact sequence of events."""

import json
from itertools import pairwise
from typing import Any

import pytest

from conformance.published import PublishedSchemas
from llm_sdk.accumulator import accumulate, to_partials
from llm_sdk.codec import SeededIds
from llm_sdk.deltas import ContentDelta, ImagePartDelta, PartialModelResponse, TextPartDelta, ToolCallPartDelta
from llm_sdk.errors import InvariantError, RefusalError, UnsupportedError
from llm_sdk.types import Citation, ImagePart, ModelResponse, ModelUsage, OpaquePart, Part, ReasoningPart, TextPart
from providers.openai.given import CALL, CODEC, MODEL, PNG, SEARCH, call, feed, found, output_text, plain
from providers.openai.transcripts import PLAIN, events, opaque, write

HI = TextPart(text="Hi", signature="msg_1")


def letters(text: str) -> list[str]:
    return list(text)


TEXT = [
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
]
ARGUMENTS = ["response.function_call_arguments.delta", "response.function_call_arguments.done"]
SUMMARY = [
    "response.reasoning_summary_part.added",
    "response.reasoning_summary_text.delta",
    "response.reasoning_summary_text.done",
    "response.reasoning_summary_part.done",
]
CITED = TextPart(text="Hi", signature="msg_1", citations=[Citation(source="https://a.example")])
OTHER_CALL = CALL.model_copy(update={"tool_call_id": "call_2"})
THOUGHT = ReasoningPart(text="**a**\n**b**", id="rs_1", signature="gAAAA")


def item(*events: str) -> list[str]:
    return ["response.output_item.added", *events, "response.output_item.done"]


def hosted(kind: str, *steps: str) -> list[str]:
    return [f"response.{kind}.{step}" for step in steps]


REMOTE = {"name": "f", "server_label": "docs", "arguments": "{}"}
MCP_ERROR = {"type": "mcp_tool_execution_error", "content": []}
SEQUENCES: dict[str, tuple[list[Part], list[str]]] = {
    "nothing": ([], []),
    "text": ([HI], item(*TEXT)),
    "empty text": ([TextPart(text="")], item(TEXT[0], *TEXT[2:])),
    "two texts of one message": ([HI, HI], item(*TEXT, *TEXT)),
    "two messages": ([HI, TextPart(text="a", signature="msg_2")], [*item(*TEXT), *item(*TEXT)]),
    "text with a citation": ([CITED], item(*TEXT[:2], "response.output_text.annotation.added", *TEXT[2:])),
    "call": ([CALL], item(*ARGUMENTS)),
    "parallel calls": ([CALL, OTHER_CALL], [*item(*ARGUMENTS), *item(*ARGUMENTS)]),
    "reasoning, then text": ([THOUGHT, HI], [*item(*SUMMARY, *SUMMARY), *item(*TEXT)]),
    "reasoning of an open model": (
        [ReasoningPart(text="Hm", id="rs_1#content:0")],
        item(TEXT[0], "response.reasoning_text.delta", "response.reasoning_text.done", TEXT[3]),
    ),
    "reasoning that shows nothing": ([ReasoningPart(text="", id="rs_1", signature="gAAAA")], item()),
    "search": ([SEARCH], item(*hosted("web_search_call", "in_progress", "searching", "completed"))),
    "search, then text": (
        [SEARCH, found("https://a.example"), HI],
        [*item(*hosted("web_search_call", "in_progress", "searching", "completed")), *item(*TEXT)],
    ),
    "image": (
        [ImagePart(mime_type="image/png", data=PNG)],
        item(*hosted("image_generation_call", "in_progress", "generating", "completed")),
    ),
    "code": (
        [opaque("code_interpreter_call", "ci_1", code="1", container_id="cntr_1", outputs=None, status="completed")],
        item(
            "response.code_interpreter_call.in_progress",
            "response.code_interpreter_call_code.delta",
            "response.code_interpreter_call_code.done",
            "response.code_interpreter_call.interpreting",
            "response.code_interpreter_call.completed",
        ),
    ),
    "remote tool": (
        [opaque("mcp_call", "mcp_1", **REMOTE, output="a")],
        item(
            "response.mcp_call.in_progress",
            "response.mcp_call_arguments.delta",
            "response.mcp_call_arguments.done",
            "response.mcp_call.completed",
        ),
    ),
    "remote tool that failed": (
        [opaque("mcp_call", "mcp_1", **REMOTE, error=MCP_ERROR)],
        item(
            "response.mcp_call.in_progress",
            "response.mcp_call_arguments.delta",
            "response.mcp_call_arguments.done",
            "response.mcp_call.failed",
        ),
    ),
    "list of remote tools": (
        [opaque("mcp_list_tools", "mcpl_1", server_label="docs", tools=[])],
        item(*hosted("mcp_list_tools", "in_progress", "completed")),
    ),
    "a list of remote tools that failed": (
        [opaque("mcp_list_tools", "mcpl_1", server_label="docs", tools=[], error="unreachable")],
        item(*hosted("mcp_list_tools", "in_progress", "failed")),
    ),
    "item of tomorrow": ([opaque("compaction", "cmp_1", encrypted_content="gAAAA")], item()),
}


@pytest.mark.parametrize(("content", "between"), SEQUENCES.values(), ids=SEQUENCES)
def test_the_events_are_exactly_these(content: list[Part], between: list[str]) -> None:
    kinds = [data["type"] for data in events(*content)]
    assert kinds == ["response.created", "response.in_progress", *between, "response.completed"]


@pytest.mark.parametrize("asked", [PLAIN, call(stream=True, reasoning={"enabled": True})], ids=["plain", "padded"])
@pytest.mark.parametrize("content", [row[0] for row in SEQUENCES.values()], ids=SEQUENCES)
def test_the_published_schema_accepts_every_event(content: list[Part], asked: Any, published: PublishedSchemas) -> None:
    for data in events(*content, cut=letters, asked=asked):
        assert published.complaint("stream_event", data) == ""


@pytest.mark.parametrize("content", [row[0] for row in SEQUENCES.values()], ids=SEQUENCES)
def test_events_are_named_and_numbered_without_a_gap(content: list[Part]) -> None:
    written = write(to_partials(ModelResponse(content=content), letters))
    assert [event.event for event in written] == [json.loads(event.data)["type"] for event in written]
    assert [json.loads(event.data)["sequence_number"] for event in written] == list(range(len(written)))


@pytest.mark.parametrize("content", [row[0] for row in SEQUENCES.values()], ids=SEQUENCES)
def test_items_are_numbered_and_end_as_the_answer_repeats_them(content: list[Part]) -> None:
    written = events(*content)
    finished = [data for data in written if data["type"] == "response.output_item.done"]
    assert [data["output_index"] for data in finished] == list(range(len(finished)))
    assert [data["item"] for data in finished] == written[-1]["response"]["output"]
    whole = CODEC.encode_response(ModelResponse(content=content, id="resp_1"), call=PLAIN, ids=SeededIds())
    assert json.loads(whole.body)["output"] == written[-1]["response"]["output"]


def test_the_beginning_repeats_the_request_and_has_no_answer() -> None:
    [created, progress, *_, last] = events(HI, usage=ModelUsage(input_tokens=3, output_tokens=2), model_id="gpt-x")
    assert created["response"] == progress["response"]
    known = {
        "id": "resp_1",
        "status": "in_progress",
        "output": [],
        "usage": None,
        "completed_at": None,
        "model": "gpt-x",
    }
    assert {name: created["response"][name] for name in known} == known
    assert (last["response"]["usage"]["total_tokens"], last["response"]["completed_at"]) == (5, 1767225600)
    assert created["response"].keys() == last["response"].keys()


def test_text_is_written_as_it_comes() -> None:
    written = events(HI, cut=letters)[2:-1]
    at = {"output_index": 0, "content_index": 0, "item_id": "msg_1"}
    message = {"id": "msg_1", "type": "message", "role": "assistant"}
    bare = [{key: value for key, value in data.items() if key not in ("type", "sequence_number")} for data in written]
    assert bare == [
        {"output_index": 0, "item": {**message, "status": "in_progress", "content": []}},
        {**at, "part": output_text("")},
        {**at, "delta": "H", "logprobs": []},
        {**at, "delta": "i", "logprobs": []},
        {**at, "text": "Hi", "logprobs": []},
        {**at, "part": output_text("Hi")},
        {"output_index": 0, "item": {**message, "status": "completed", "content": [output_text("Hi")]}},
    ]


@pytest.mark.parametrize("pieces", [['{"city":"Paris"}'], ['{"ci', "", 'ty":"Paris"', "}"], ["{ }"], []])
def test_arguments_are_written_to_the_letter(pieces: list[str]) -> None:
    head = ToolCallPartDelta(tool_call_id="call_1", tool_name="get_weather", id="fc_1")
    deltas = [head, *(ToolCallPartDelta(args=piece) for piece in pieces)]
    partials = [PartialModelResponse(delta=ContentDelta(index=0, part=part)) for part in deltas]
    written = [json.loads(event.data) for event in write(partials)]
    whole = "".join(pieces) or "{}"
    name = "response.function_call_arguments"
    assert [data["delta"] for data in written if data["type"] == f"{name}.delta"] == [one for one in pieces if one] or [
        whole
    ]
    [finished] = [data for data in written if data["type"] == f"{name}.done"]
    [last] = written[-1]["response"]["output"]
    assert (finished["arguments"], last["arguments"]) == (whole, whole)


SUMMARIES = "**Rain**\n\nIt *rains*.\n**Sun**\n\nDry\n\n* * *\n\n**Wind**"


@pytest.mark.parametrize("first", range(len(SUMMARIES) + 1))
def test_a_summary_is_cut_into_its_parts_wherever_its_text_is_cut(first: int) -> None:
    def cut(text: str) -> list[str]:
        return [text[:first], text[first : first + 2], text[first + 2 :]]

    written = events(ReasoningPart(text=SUMMARIES, id="rs_1"), cut=cut)
    parts = [data["text"] for data in written if data["type"] == "response.reasoning_summary_text.done"]
    assert parts == ["**Rain**\n\nIt *rains*.", "**Sun**\n\nDry\n\n* * *\n", "**Wind**"]
    deltas: dict[int, str] = {}
    for data in written:
        if data["type"] == "response.reasoning_summary_text.delta":
            deltas[data["summary_index"]] = deltas.get(data["summary_index"], "") + data["delta"]
    assert list(deltas.values()) == parts
    [item] = written[-1]["response"]["output"]
    assert [part["text"] for part in item["summary"]] == parts


REASONED = ReasoningPart(text="**Rain**\nHm\n\nSo", id="rs_1#content:9,13")


@pytest.mark.parametrize("first", range(len(REASONED.text) + 1))
def test_reasoning_behind_its_summary_is_cut_into_its_parts_wherever_its_text_is_cut(first: int) -> None:
    written = events(REASONED, cut=lambda text: [text[:first], text[first : first + 2], text[first + 2 :]])
    told = [data for data in written if data["type"].endswith(("_text.done", "_part.done"))]
    content = [("response.reasoning_text.done", "response.content_part.done")] * 2
    assert [data["type"] for data in told] == [SUMMARY[2], SUMMARY[3], *(name for pair in content for name in pair)]
    assert [data["text"] for data in told[::2]] == ["**Rain**", "Hm\n", "So"]
    assert [data.get("content_index") for data in told] == [None, None, 0, 0, 1, 1]
    [item] = written[-1]["response"]["output"]
    assert item["content"] == [{"type": "reasoning_text", "text": "Hm\n"}, {"type": "reasoning_text", "text": "So"}]
    deltas = [data["delta"] for data in written if data["type"] == "response.reasoning_text.delta"]
    assert "".join(deltas) == "Hm\nSo"


def test_encrypted_content_comes_twice_and_the_last_one_counts() -> None:
    """The one that comes with the item's being added differs from the final one (recorded)."""
    asked = call(stream=True, reasoning={"enabled": True})
    written = events(THOUGHT, asked=asked)
    [first, last] = [data["item"]["encrypted_content"] for data in written if "output_item" in data["type"]]
    assert first.startswith("gAAAAA")
    assert last == "gAAAA" != first
    [added] = [data["item"] for data in events(THOUGHT) if data["type"] == "response.output_item.added"]
    assert "encrypted_content" not in added


@pytest.mark.parametrize("extra", [{}, {"stream_options": {"include_obfuscation": True}}, {"stream_options": {}}])
def test_deltas_are_padded_to_a_multiple_of_sixteen(extra: dict[str, Any]) -> None:
    long = TextPart(text="x" * 40 + "é😀", signature="msg_1")
    written = events(THOUGHT, long, CALL, cut=lambda text: [text[:1], text[1:17], text[17:]], asked=call(extra=extra))
    deltas = [data for data in written if data["type"].endswith(".delta")]
    assert len(deltas) == 8
    for data in deltas:
        assert len(data["obfuscation"]) < 16
        assert (len(data["delta"]) + len(data["obfuscation"])) % 16 == 0
        assert data["obfuscation"].isalnum() or not data["obfuscation"]


def test_padding_can_be_switched_off() -> None:
    assert not any("obfuscation" in data for data in events(THOUGHT, HI, CALL))


def test_every_image_but_the_last_is_a_preview(schemas: PublishedSchemas) -> None:
    images = [
        ImagePartDelta(mime_type="image/png", data=data, width=2, height=1, id="ig_1") for data in ("AAAA", "BBBB", PNG)
    ]
    partials = [PartialModelResponse(delta=ContentDelta(index=0, part=image)) for image in images]
    written = write(partials)
    previews = [json.loads(event.data) for event in written if event.event.endswith("partial_image")]
    assert [(data["partial_image_index"], data["partial_image_b64"]) for data in previews] == [(0, "AAAA"), (1, "BBBB")]
    final = ImagePart(mime_type="image/png", data=PNG, width=2, height=1, id="ig_1")
    assert accumulate(feed(*written)).content == [final]
    assert [schemas.complaint("stream_event", data) for data in previews] == ["", ""]


def test_a_refusal_is_written_in_its_own_events(schemas: PublishedSchemas) -> None:
    refused = {"finish_reason": "content_filter", "finish_detail": "refusal"}
    written = events(TextPart(text="No.", signature="msg_1"), cut=letters, **refused)
    assert [data["type"] for data in written[2:-1]] == item(
        "response.content_part.added",
        *["response.refusal.delta"] * 3,
        "response.refusal.done",
        "response.content_part.done",
    )
    assert written[3]["part"] == {"type": "refusal", "refusal": ""}
    assert [schemas.complaint("stream_event", data) for data in written] == [""] * len(written)
    response = ModelResponse(content=[TextPart(text="No.", signature="msg_1")], id="resp_1", **refused)
    with pytest.raises(RefusalError) as caught:
        feed(*write(to_partials(response)))
    assert caught.value.refusal == "No."
    assert plain(caught.value.response) == {**plain(response), "model_id": MODEL}


@pytest.mark.parametrize(
    ("reason", "detail", "event", "status"),
    [
        ("stop", None, "response.completed", "completed"),
        ("length", None, "response.incomplete", "incomplete"),
        ("content_filter", None, "response.incomplete", "incomplete"),
        ("error", None, "response.failed", "failed"),
        ("other", "max_messages", "response.incomplete", "incomplete"),
    ],
)
def test_the_terminal_event_says_how_it_ended(
    reason: Any, detail: str | None, event: str, status: str, schemas: PublishedSchemas
) -> None:
    last = events(HI, finish_reason=reason, finish_detail=detail)[-1]
    assert (last["type"], last["response"]["status"]) == (event, status)
    assert schemas.complaint("stream_event", last) == ""


def test_only_the_last_item_of_an_answer_that_was_cut_short_is_incomplete() -> None:
    cut = ModelResponse(content=[HI, CALL], id="resp_1", finish_reason="length")
    output = json.loads(write(to_partials(cut))[-1].data)["response"]["output"]
    assert [item["status"] for item in output] == ["completed", "incomplete"]
    whole = json.loads(CODEC.encode_response(cut, call=PLAIN, ids=SeededIds()).body)
    assert whole["output"] == output


def at(index: int, text: str) -> PartialModelResponse:
    return PartialModelResponse(
        delta=ContentDelta(index=index, part=TextPartDelta(text=text, signature=f"msg_{index}"))
    )


def test_items_follow_one_another() -> None:
    with pytest.raises(InvariantError, match=r"content 0: .*one item after another"):
        write([at(0, "a"), at(1, "b"), at(0, "c")])


def test_indices_may_have_gaps() -> None:
    written = write([at(3, "a"), at(7, "b")])
    indices = [data.get("output_index", 0) for data in map(json.loads, (event.data for event in written))]
    assert all(later - earlier in (0, 1) for earlier, later in pairwise(indices[2:-1]))
    assert [part.text for part in accumulate(feed(*written)).content if isinstance(part, TextPart)] == ["a", "b"]


def test_a_call_without_its_name_cannot_be_opened() -> None:
    nameless = PartialModelResponse(delta=ContentDelta(index=2, part=ToolCallPartDelta(tool_call_id="c", args="{}")))
    with pytest.raises(InvariantError, match=r"content 2: .*name"):
        write([nameless])


def test_a_part_that_no_answer_can_carry_is_named_by_its_path() -> None:
    with pytest.raises(UnsupportedError) as caught:
        events(HI, OpaquePart(provider="anthropic", data={}))
    assert caught.value.path == "content[1]"


def test_the_same_ids_give_the_same_bytes() -> None:
    response = ModelResponse(content=[TextPart(text="Hi"), CALL.model_copy(update={"id": None})])
    first, second = ([event.data for event in write(to_partials(response), call(stream=True))] for _ in range(2))
    assert first == second
