"""A whole answer <-> ``ModelResponse``: every item, every way to end, usage, and the exact body that is written."""

import json
from typing import Any

import pytest

from conformance.published import PublishedSchemas
from llm_sdk.codec import SeededIds
from llm_sdk.types import (
    Citation,
    ImagePart,
    ModelResponse,
    ModelTokensDetails,
    ModelUsage,
    OpaquePart,
    Part,
    ReasoningPart,
    TextPart,
)
from providers.openai.given import (
    CALL,
    CODEC,
    MODEL,
    PNG,
    SEARCH,
    SEARCH_ITEM,
    answer,
    call,
    found,
    function_call,
    message,
    output_text,
    whole_of,
)

CITED = TextPart(
    text="Rain.",
    signature="msg_1",
    citations=[
        Citation(source="https://a.example", title="A", start_index=0, end_index=4),
        Citation(source="file-1", title="a.pdf", start_index=4),
        Citation(source="cfile_1", title="a.csv", start_index=0, end_index=4, signature="cntr_1"),
    ],
)
ANNOTATIONS = [
    {"type": "url_citation", "start_index": 0, "end_index": 4, "title": "A", "url": "https://a.example"},
    {"type": "file_citation", "file_id": "file-1", "filename": "a.pdf", "index": 4},
    {
        "type": "container_file_citation",
        "container_id": "cntr_1",
        "file_id": "cfile_1",
        "filename": "a.csv",
        "start_index": 0,
        "end_index": 4,
    },
]
SUMMARIES = [{"type": "summary_text", "text": text} for text in ("**Rain**\n\nWet.", "**Sun**\n\nDry.")]
SOURCES = [{"type": "url", "url": url} for url in ("https://a.example", "https://b.example")]
IMAGE_ITEM = {
    "id": "ig_1",
    "type": "image_generation_call",
    "status": "completed",
    "output_format": "webp",
    "result": PNG,
    "size": "1024x512",
}

# Output items and their parts, read in both directions.
OUTPUT: dict[str, tuple[list[Any], list[Part]]] = {
    "nothing": ([], []),
    "text": ([message("Hi")], [TextPart(text="Hi", signature="msg_1")]),
    "empty text": ([message("")], [TextPart(text="", signature="msg_1")]),
    "several texts": (
        [message("a", "b")],
        [TextPart(text="a", signature="msg_1"), TextPart(text="b", signature="msg_1")],
    ),
    "phases": (
        [message("Looking", phase="commentary"), message("Rain", id="msg_2", phase="final_answer")],
        [
            TextPart(text="Looking", signature="msg_1#commentary"),
            TextPart(text="Rain", signature="msg_2#final_answer"),
        ],
    ),
    "citations": ([message(output_text("Rain.", *ANNOTATIONS))], [CITED]),
    "reasoning": (
        [{"id": "rs_1", "type": "reasoning", "summary": SUMMARIES, "encrypted_content": "gAAAA"}],
        [ReasoningPart(text="**Rain**\n\nWet.\n**Sun**\n\nDry.", signature="gAAAA", id="rs_1")],
    ),
    "reasoning that shows nothing": (
        [{"id": "rs_1", "type": "reasoning", "summary": []}],
        [ReasoningPart(text="", id="rs_1")],
    ),
    "call": ([function_call()], [CALL]),
    "call without arguments": ([function_call("{}")], [CALL.model_copy(update={"args": {}})]),
    "parallel calls": (
        [function_call(), function_call(id="fc_2", call_id="call_2")],
        [CALL, CALL.model_copy(update={"id": "fc_2", "tool_call_id": "call_2"})],
    ),
    "big integers": (
        [function_call('{"n":9007199254740993,"m":1180591620717411303424}')],
        [CALL.model_copy(update={"args": {"n": 2**53 + 1, "m": 2**70}})],
    ),
    "search": ([SEARCH_ITEM], [SEARCH]),
    "search with its sources": (
        [{**SEARCH_ITEM, "action": {"type": "search", "query": "rain", "sources": SOURCES}}, message("Wet.")],
        [SEARCH, found("https://a.example", "https://b.example"), TextPart(text="Wet.", signature="msg_1")],
    ),
    "search that failed": ([{**SEARCH_ITEM, "status": "failed"}], [SEARCH, found(is_error=True)]),
    "image": (
        [IMAGE_ITEM],
        [ImagePart(mime_type="image/webp", data=PNG, width=1024, height=512, id="ig_1")],
    ),
}


@pytest.mark.parametrize(("output", "parts"), OUTPUT.values(), ids=OUTPUT)
def test_items_are_read_as_parts(output: list[Any], parts: list[Part]) -> None:
    response = CODEC.decode_response(answer(*output))
    assert (response.content, response.warnings) == (parts, None)
    assert (response.id, response.model_id, response.usage) == ("resp_1", MODEL, None)


@pytest.mark.parametrize(("output", "parts"), OUTPUT.values(), ids=OUTPUT)
def test_parts_are_written_as_items(output: list[Any], parts: list[Part]) -> None:
    written = CODEC.encode_response(ModelResponse(content=parts), call=call(), ids=SeededIds())
    assert json.loads(written.body)["output"] == output


@pytest.mark.parametrize(("output", "parts"), OUTPUT.values(), ids=OUTPUT)
def test_the_published_schema_accepts_the_answer(
    output: list[Any], parts: list[Part], published: PublishedSchemas
) -> None:
    written = CODEC.encode_response(ModelResponse(content=parts), call=call(), ids=SeededIds())
    assert published.complaint("response", json.loads(written.body)) == ""


# What is read but would be written otherwise.
READ: dict[str, tuple[Any, Part]] = {
    "arguments that are empty": (function_call(""), CALL.model_copy(update={"args": {}})),
    "arguments with blanks": (function_call(' { "city" : "Paris" } '), CALL),
    "untitled summaries": (
        {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": text} for text in "ab"]},
        ReasoningPart(text="a\nb", id="rs_1"),
    ),
    "reasoning of an open model": (
        {"id": "rs_1", "type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm"}]},
        ReasoningPart(text="Hm", id="rs_1#content:0"),
    ),
    "a summary and the reasoning itself": (
        {
            "id": "rs_1",
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "Rain"}],
            "content": [{"type": "reasoning_text", "text": text} for text in ("Hm", "So")],
        },
        ReasoningPart(text="Rain\nHm\nSo", id="rs_1#content:5,8"),
    ),
    "a call of a program": (
        {**function_call(), "caller": {"type": "program", "caller_id": "call_2"}},
        CALL.model_copy(update={"signature": '{"caller":{"type":"program","caller_id":"call_2"}}'}),
    ),
    "no encrypted content": (
        {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": None, "status": None},
        ReasoningPart(text="", id="rs_1"),
    ),
    "image without format and size": (
        {"id": "ig_1", "type": "image_generation_call", "status": "completed", "result": PNG, "size": "auto"},
        ImagePart(mime_type="image/png", data=PNG, id="ig_1"),
    ),
    "search without an action": (
        {"id": "ws_1", "type": "web_search_call", "status": "completed"},
        SEARCH.model_copy(update={"args": {}}),
    ),
    "search that found nothing": (
        {**SEARCH_ITEM, "action": {"type": "search", "query": "rain", "sources": []}},
        SEARCH,
    ),
    "message with a plain string": ({"type": "message", "role": "assistant", "content": "Hi"}, TextPart(text="Hi")),
    "message without annotations": (
        {"id": "msg_1", "type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]},
        TextPart(text="Hi", signature="msg_1"),
    ),
    "citation without a span": (
        message(output_text("Hi", {"type": "url_citation", "url": "https://a.example"})),
        TextPart(text="Hi", signature="msg_1", citations=[Citation(source="https://a.example")]),
    ),
}


@pytest.mark.parametrize(("item", "part"), READ.values(), ids=READ)
def test_other_forms_are_read(item: Any, part: Part) -> None:
    response = CODEC.decode_response(answer(item))
    assert (response.content, response.warnings) == ([part], None)


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        ({"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAAA"}, "compaction"),
        ({"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "docs", "tools": []}, "mcp_list_tools"),
        ({"type": "code_interpreter_call", "id": "ci_1", "code": "1", "outputs": None}, "code_interpreter_call"),
        ({"type": "of_tomorrow", "id": 7}, "of_tomorrow"),
        ({"type": "image_generation_call", "id": "ig_1", "result": None}, "image_generation_call"),
        (message({"type": "hologram", "data": "AAAA"}), "hologram"),
    ],
)
def test_an_item_without_a_unified_form_is_kept_whole_with_a_warning(item: Any, kind: str) -> None:
    response = CODEC.decode_response(answer(message("Hi"), item))
    assert response.content == [TextPart(text="Hi", signature="msg_1"), OpaquePart(provider="openai", data=item)]
    assert [warning.split(":")[0] for warning in response.warnings or ()] == [kind]
    written = CODEC.encode_response(response, call=call(), ids=SeededIds())
    assert json.loads(written.body)["output"][1] == item


def test_an_annotation_without_a_unified_form_is_kept_with_a_warning() -> None:
    path = {"type": "file_path", "file_id": "file-1", "index": 1}
    said = message(output_text("Hi", path, ANNOTATIONS[0]))
    response = CODEC.decode_response(answer(said))
    kept = Citation(source="file-1", signature='{"annotation":{"type":"file_path","file_id":"file-1","index":1}}')
    assert response.content == [
        TextPart(text="Hi", signature="msg_1", citations=[kept, *(CITED.citations or [])[:1]]),
    ]
    assert [warning.split(":")[0] for warning in response.warnings or ()] == ["annotation"]
    assert whole_of(response)["output"] == [said]


def test_items_keep_the_ids_that_another_server_gave_them() -> None:
    for id in ("capture-id-1", "chatcmpl-1", "0b1c2d3e-1111-4222-8333-444455556666"):
        response = CODEC.decode_response(answer(message("Hi", id=id)))
        assert whole_of(response)["output"][0]["id"] == id
    searched = CODEC.decode_response(answer({**SEARCH_ITEM, "id": "fc_1_0"}))
    assert whole_of(searched)["output"][0]["id"] == "fc_1_0"  # xAI's (recorded)
    signed = ModelResponse(content=[TextPart(text="Hi", signature="CiQB" * 20)])
    assert whole_of(signed)["output"][0]["id"].startswith("msg_")


# Fields of items that some servers leave empty or name in their own way, and the item that is meant.
LOOSE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "no annotations": (
        {"type": "message", "role": "assistant", "content": [{**output_text("Hi"), "annotations": None}]},
        {"type": "message", "role": "assistant", "content": [output_text("Hi")]},
    ),
    "no summary": (
        {"type": "reasoning", "id": "rs_1", "summary": None},
        {"type": "reasoning", "id": "rs_1", "summary": []},
    ),
    "texts of another type": (
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "text", "text": "Hm"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm"}]},
    ),
}


@pytest.mark.parametrize(("item", "meant"), LOOSE.values(), ids=LOOSE)
def test_items_of_compatible_servers(item: dict[str, Any], meant: dict[str, Any]) -> None:
    assert CODEC.decode_response(answer(item)) == CODEC.decode_response(answer(meant))


def test_counts_may_be_null() -> None:
    nothing = {"input_tokens": None, "output_tokens": None}
    assert CODEC.decode_response(answer(usage=nothing)).usage == ModelUsage(input_tokens=0, output_tokens=0)


# Citations that other providers give, on the text "Rain."; each becomes an annotation that the schema accepts.
WRITTEN_CITATIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a source alone": (
        {"source": "https://a.example"},
        {"type": "url_citation", "start_index": 0, "end_index": 5, "title": "", "url": "https://a.example"},
    ),
    "an end alone": (
        {"source": "https://a.example", "title": "A", "end_index": 3},
        {"type": "url_citation", "start_index": 0, "end_index": 3, "title": "A", "url": "https://a.example"},
    ),
    "a start alone": (
        {"source": "file-1", "start_index": 3},
        {"type": "file_citation", "file_id": "file-1", "filename": "", "index": 3},
    ),
    "a passage": (
        {"source": "https://a.example", "cited_text": "It rains.", "start_index": 0, "end_index": 4},
        {"type": "url_citation", "start_index": 0, "end_index": 4, "title": "", "url": "https://a.example"},
    ),
}


@pytest.mark.parametrize(("citation", "annotation"), WRITTEN_CITATIONS.values(), ids=WRITTEN_CITATIONS)
def test_every_citation_becomes_an_annotation(citation: dict[str, Any], annotation: dict[str, Any]) -> None:
    text = TextPart(text="Rain.", signature="msg_1", citations=[Citation.model_validate(citation)])
    written = CODEC.encode_response(ModelResponse(content=[text]), call=call(), ids=SeededIds())
    assert json.loads(written.body)["output"] == [message(output_text("Rain.", annotation))]


@pytest.mark.parametrize("pixels", [{"width": 3}, {"height": 2}, {"width": 3, "height": 0}, {}])
def test_a_size_is_written_when_both_sides_are_known(pixels: dict[str, int]) -> None:
    image = ImagePart(mime_type="image/png", data=PNG, id="ig_1", **pixels)
    written = CODEC.encode_response(ModelResponse(content=[image]), call=call(), ids=SeededIds())
    [item] = json.loads(written.body)["output"]
    assert "size" not in item


WIRE_USAGE = {
    "input_tokens": 100,
    "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10},
    "output_tokens": 40,
    "output_tokens_details": {"reasoning_tokens": 30},
    "total_tokens": 140,
}
USAGE = ModelUsage(
    input_tokens=100,
    output_tokens=40,
    input_tokens_details=ModelTokensDetails(cached_text_tokens=60, cache_write_tokens=10),
    output_tokens_details=ModelTokensDetails(reasoning_tokens=30),
)


def test_usage_says_what_the_provider_said() -> None:
    assert CODEC.decode_response(answer(message("Hi"), usage=WIRE_USAGE)).usage == USAGE


@pytest.mark.parametrize(
    ("wired", "usage"),
    [
        ({"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}, ModelUsage(input_tokens=3, output_tokens=2)),
        (
            {**WIRE_USAGE, "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": None},
            ModelUsage(
                input_tokens=100, output_tokens=40, input_tokens_details=ModelTokensDetails(cached_text_tokens=0)
            ),
        ),
        (None, None),
    ],
)
def test_a_detail_that_was_not_given_stays_absent(wired: Any, usage: ModelUsage | None) -> None:
    assert CODEC.decode_response(answer(message("Hi"), usage=wired)).usage == usage


@pytest.mark.parametrize(
    ("usage", "wired"),
    [
        (USAGE, WIRE_USAGE),
        (
            ModelUsage(input_tokens=3, output_tokens=2),
            {
                "input_tokens": 3,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": 2,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": 5,
            },
        ),
        (None, None),
    ],
)
def test_usage_is_written_with_the_details_that_the_provider_always_gives(usage: ModelUsage | None, wired: Any) -> None:
    response = ModelResponse(content=[], usage=usage)
    written = CODEC.encode_response(response, call=call(), ids=SeededIds())
    assert json.loads(written.body)["usage"] == wired
