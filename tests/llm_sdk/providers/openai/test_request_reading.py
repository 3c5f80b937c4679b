"""A body of ``POST /v1/responses``, as any client writes it, loses nothing when it is read and written again."""

from typing import Any

import pytest

from llm_sdk.types import JsonObject, LanguageModelInput, SystemMessage, TextPart
from providers.openai.given import (
    ASKED,
    CALL_ITEM,
    CODEC,
    MODEL,
    PDF,
    PNG,
    SEARCH_ITEM,
    ask,
    assistant,
    message,
    output,
    output_text,
    read,
    said,
    user,
    written,
)

HI = {"model": MODEL, "input": "Hi"}
FUNCTION = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}, "strict": False}
REASONING = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA"}
SUMMARY = {"type": "summary_text", "text": "Hm"}
IMAGE = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": PNG, "output_format": "png"}


def test_a_plain_string_is_one_message_of_the_user() -> None:
    call = read({**HI, "store": False})
    assert (call.model_id, call.stream, call.warnings) == (MODEL, False, ())
    assert call.input == LanguageModelInput(messages=[user(TextPart(text="Hi"))])


def test_a_message_needs_no_type_and_takes_a_plain_string() -> None:
    roles = ("user", "assistant", "developer")
    call = read({**ASKED, "input": [{"role": role, "content": "Hi"} for role in roles]})
    hi = TextPart(text="Hi")
    assert call.input == LanguageModelInput(messages=[user(hi), assistant(hi), SystemMessage(content=[hi])])


def test_storing_is_the_default_of_the_api_and_not_ours() -> None:
    """So a body that does not say it is kept apart from one that says false."""
    assert read(HI).input == ask(extra={"store": True})
    assert read({**HI, "store": False}).input == ask()
    assert written(read(HI).input) == {**ASKED, "store": True}


# Fields without a unified form, and where they are kept.
EXTRA: dict[str, tuple[JsonObject, JsonObject]] = {
    "top level": (
        {"previous_response_id": "resp_1", "truncation": "auto", "background": True, "service_tier": "flex"},
        {"previous_response_id": "resp_1", "truncation": "auto", "background": True, "service_tier": "flex"},
    ),
    "unknown": ({"new": {"a": [1, {"b": None}]}}, {"new": {"a": [1, {"b": None}]}}),
    "null is absence where we name the field": (
        {"user": None, "include": None, "reasoning": None, "tools": None},
        {"user": None},
    ),
    "stream options": (
        {"stream_options": {"include_obfuscation": False}},
        {"stream_options": {"include_obfuscation": False}},
    ),
    "verbosity": ({"text": {"verbosity": "low"}}, {"text": {"verbosity": "low"}}),
    "a summary of another kind": (
        {"reasoning": {"effort": "low", "summary": "detailed"}},
        {"reasoning": {"summary": "detailed"}, "include": []},
    ),
    "an effort without a summary": (
        {"reasoning": {"effort": "low"}, "include": ["reasoning.encrypted_content"]},
        {"reasoning": {"summary": None}},
    ),
    "an effort of tomorrow": (
        {"reasoning": {"effort": "utmost", "summary": "auto"}, "include": ["reasoning.encrypted_content"]},
        {"reasoning": {"effort": "utmost"}},
    ),
    "include": ({"include": ["file_search_call.results"]}, {"include": ["file_search_call.results"]}),
    "strict against the schema": (
        {"tools": [{**FUNCTION, "strict": True}]},
        {"tools": {"0": {"strict": True}}},
    ),
    "a search under an older name": (
        {
            "tools": [{"type": "web_search_preview", "search_context_size": "low"}],
            "include": ["web_search_call.action.sources"],
        },
        {"tools": {"0": {"type": "web_search_preview", "search_context_size": "low"}}},
    ),
    "options of generated images": (
        {"tools": [FUNCTION, {"type": "image_generation", "quality": "low"}]},
        {"tools": {"1": {"quality": "low"}}},
    ),
    "a choice without a unified form": (
        {"tool_choice": {"type": "mcp", "server_label": "docs"}},
        {"tool_choice": {"type": "mcp", "server_label": "docs"}},
    ),
    "metadata that is no text": ({"metadata": {"a": 1}}, {"metadata": {"a": 1}}),
    "the older role for instructions": (
        {"input": [{"role": "system", "content": "Be brief."}]},
        {"input": {"0": {"role": "system"}}},
    ),
    "ids and the detail of a picture": (
        {"input": [{**said({"type": "input_image", "image_url": "https://a.example", "detail": "low"}), "id": "m1"}]},
        {"input": {"0": {"id": "m1", "content": {"0": {"detail": "low"}}}}},
    ),
    "an incomplete call": (
        {"input": [{**CALL_ITEM, "status": "incomplete", "id": "other_1"}]},
        {"input": {"0": {"status": "incomplete", "id": "other_1"}}},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "extra"), EXTRA.values(), ids=EXTRA)
def test_what_has_no_unified_field_goes_into_extra(fields: JsonObject, extra: JsonObject) -> None:
    call = read({**ASKED, **fields})
    assert (call.input.extra, call.warnings) == (extra, ())


@pytest.mark.parametrize(("fields", "extra"), EXTRA.values(), ids=EXTRA)
def test_and_comes_out_of_it_again(fields: JsonObject, extra: JsonObject) -> None:
    body = {**ASKED, **fields}
    assert CODEC.normalize_request(written(read(body).input)) == CODEC.normalize_request(body)


# Items that say more, or say it otherwise, than a part can hold.
KEPT: dict[str, list[Any]] = {
    "a picture among the instructions": [
        said("a", {"type": "input_image", "image_url": "https://a.example"}, role="developer"),
    ],
    "a text and a refusal in one message": [message("a", {"type": "refusal", "refusal": "no"})],
    "two contents of tomorrow in one message": [message({"type": "x", "a": 1}, {"type": "x", "a": 2}), said("Hi")],
    "file id": [said({"type": "input_file", "file_id": "file-1", "filename": "a.pdf"})],
    "bare base64": [said({"type": "input_file", "file_data": PDF, "filename": "a.pdf"})],
    "file by data and URL": [said({"type": "input_file", "file_data": f"data:a/b;base64,{PDF}", "file_url": "x"})],
    "image id": [said({"type": "input_image", "file_id": "file-1", "detail": "auto"})],
    "image by URL and id": [said({"type": "input_image", "file_id": "file-1", "image_url": "https://a.example"})],
    "data URL that is not base64": [said({"type": "input_image", "image_url": "data:text/plain,hi"})],
    "audio": [said({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}})],
    "cache breakpoint": [said({"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}})],
    "log probabilities": [message({**output_text("a"), "logprobs": [{"token": "a"}]})],
    "incomplete message": [message("a", status="incomplete")],
    "message of another server": [message("a", id="gen-1"), message("b", id="gen-2")],
    "phase of tomorrow": [{"role": "assistant", "content": "a", "phase": "rehearsal"}],
    "summaries without titles": [{**REASONING, "summary": [SUMMARY, SUMMARY]}],
    "summary with a title inside": [{**REASONING, "summary": [{"type": "summary_text", "text": "a\n**b**"}]}],
    "empty summary": [{**REASONING, "summary": [{"type": "summary_text", "text": ""}]}],
    "reasoning of an open model": [{**REASONING, "content": [{"type": "reasoning_text", "text": "Hm"}]}],
    "summary and content": [{**REASONING, "summary": [SUMMARY], "content": [{"type": "reasoning_text", "text": "a"}]}],
    "arguments as the model wrote them": [{**CALL_ITEM, "arguments": '{ "a": 1.0, "b": 1e2 }'}],
    "arguments that are not JSON": [{**CALL_ITEM, "arguments": "{"}],
    "arguments too large for a number": [{**CALL_ITEM, "arguments": '{"a":1e400}'}],
    "no arguments": [{**CALL_ITEM, "arguments": ""}],
    "namespace": [{**CALL_ITEM, "namespace": "n"}],
    "one text as a list": [output([{"type": "input_text", "text": "rain"}])],
    "empty list": [output([])],
    "output with an id": [{**output("rain"), "id": "fco_1", "status": "incomplete"}],
    "picture in an output": [output([{"type": "input_image", "file_id": "file-1"}])],
    "two outputs of one call": [output("a"), output("b")],
    "search in progress": [{"type": "web_search_call", "id": "ws_1", "status": "in_progress"}],
    "search that opens a page": [{**SEARCH_ITEM, "action": {"type": "open_page", "url": "https://a.example"}}],
    "search without sources": [{**SEARCH_ITEM, "action": {"type": "search", "query": "a", "sources": []}}],
    "image with its prompt": [{**IMAGE, "size": "1024x1024", "quality": "low", "revised_prompt": "a cat"}],
    "image by its id": [{"type": "image_generation_call", "id": "ig_1"}],
    "computer": [{"type": "computer_call_output", "call_id": "c", "output": {"type": "computer_screenshot"}}],
    "fields of an annotation": [message(output_text("a", {"type": "url_citation", "url": "u", "title": "t",
                                                          "start_index": 0, "end_index": 1, "new": 1}))],
    "unknown annotation": [message(output_text("a", {"type": "file_path", "file_id": "file-1", "index": 1}))],
    "annotations of another server": [message(output_text("a", {"type": "url_citation", "url": "u", "title": "t",
                                                                "start_index": 0, "end_index": 1}), id="gen-1")],
    "fields of a summary": [{**REASONING, "summary": [{**SUMMARY, "new": 1}]}],
    "reasoning without an id": [{"type": "reasoning", "summary": [], "encrypted_content": "gAAAA"}],
    "id of a message without content": [message()],
    "phases of another server": [message(text, id=f"gen-{text}", phase="commentary") for text in "ab"],
    "id with a #": [message("a", id="msg_1#b")],
    "source that is no page": [{**SEARCH_ITEM, "action": {"type": "search", "query": "a",
                                                          "sources": [{"type": "api", "name": "oai-weather"}]}}],
    "title of a source": [{**SEARCH_ITEM, "action": {"type": "search", "query": "a",
                                                     "sources": [{"type": "url", "url": "u", "title": "t"}]}}],
    "search of another server": [{**SEARCH_ITEM, "id": "search-1"}],
    "size that is no size": [{**IMAGE, "size": "auto"}],
    "parameters of a data URL": [said({"type": "input_image", "image_url": f"data:image/png;a=b;base64,{PNG}"})],
    "data URL without a type": [said({"type": "input_image", "image_url": f"data:;base64,{PNG}"})],
}  # fmt: skip


@pytest.mark.parametrize("wired", KEPT.values(), ids=KEPT)
def test_an_item_that_is_read_and_written_again_loses_nothing(wired: list[Any]) -> None:
    """Among others, so that its position counts."""
    body = {**ASKED, "input": [said("Hi"), *wired, said("And?"), *wired]}
    assert CODEC.normalize_request(written(read(body).input)) == CODEC.normalize_request(body)


def test_a_location_keeps_its_type() -> None:
    body = {**ASKED, "tools": [{"type": "web_search", "user_location": {"type": "exact", "city": "Paris"}}]}
    assert CODEC.normalize_request(written(read(body).input)) == CODEC.normalize_request(body)


# Two ways to write one request.
SAME: dict[str, tuple[JsonObject, JsonObject]] = {
    "string and message": ({"input": "Hi"}, {"input": [{"role": "user", "content": "Hi"}]}),
    "string and parts": ({"input": "Hi"}, {"input": [said("Hi")]}),
    "assistant string": (
        {"input": [{"role": "assistant", "content": "a"}]},
        {"input": [{"type": "message", "role": "assistant", "content": [output_text("a")], "status": "completed"}]},
    ),
    **{
        f"default {name}": ({}, {name: value})
        for name, value in {
            "store": True,
            "stream": False,
            "background": False,
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "truncation": "disabled",
            "include": [],
            "tools": [],
            "metadata": {},
            "reasoning": {},
            "text": {},
        }.items()
    },
    "null": ({}, {"temperature": None, "text": None, "reasoning": {"effort": None}}),
    "plain text": ({}, {"text": {"format": {"type": "text"}}}),
    "arguments": (
        {"input": [{**CALL_ITEM, "arguments": '{"a": 1, "b": 2}'}]},
        {"input": [{**CALL_ITEM, "arguments": '{"b":2,"a":1}', "status": "completed"}]},
    ),
    "description": ({"tools": [FUNCTION]}, {"tools": [{**FUNCTION, "description": ""}]}),
    "detail in an output": (
        {"input": [output([{"type": "input_image", "image_url": "u"}])]},
        {"input": [output([{"type": "input_image", "image_url": "u", "detail": "auto"}])]},
    ),
    "empty reasoning content": ({"input": [REASONING]}, {"input": [{**REASONING, "content": []}]}),
    "no arguments": ({"input": [{**CALL_ITEM, "arguments": ""}]}, {"input": [{**CALL_ITEM, "arguments": "{}"}]}),
}
# Two requests that look alike.
OTHER: dict[str, tuple[JsonObject, JsonObject]] = {
    "store": ({"store": True}, {"store": False}),
    "temperature": ({}, {"temperature": 0}),
    "text and output": ({"input": [said({"type": "output_text", "text": "a"})]}, {"input": [said("a")]}),
    "role": ({"input": [said("a")]}, {"input": [said("a", role="system")]}),
    "order": ({"input": [said("a"), said("b")]}, {"input": [said("b"), said("a")]}),
    "two messages and one": ({"input": [said("a"), said("b")]}, {"input": [said("a", "b")]}),
    "arguments": ({"input": [{**CALL_ITEM, "arguments": '{"a":1}'}]}, {"input": [{**CALL_ITEM, "arguments": "{}"}]}),
    "strict": ({"tools": [FUNCTION]}, {"tools": [{**FUNCTION, "strict": True}]}),
    "incomplete": ({"input": [message("a")]}, {"input": [message("a", status="incomplete")]}),
    "unknown field": ({}, {"new": False}),
}


@pytest.mark.parametrize(("left", "right"), SAME.values(), ids=SAME)
def test_two_ways_to_write_one_request_are_normalized_alike(left: JsonObject, right: JsonObject) -> None:
    assert CODEC.normalize_request({**HI, **left}) == CODEC.normalize_request({**HI, **right})


@pytest.mark.parametrize(("left", "right"), OTHER.values(), ids=OTHER)
def test_two_requests_are_not(left: JsonObject, right: JsonObject) -> None:
    assert CODEC.normalize_request({**HI, **left}) != CODEC.normalize_request({**HI, **right})


def test_a_result_of_one_attachment_is_kept_once() -> None:
    image = {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"}
    assert read({**ASKED, "input": [output([image])]}).input.extra is None
