"""How an answer ends, how it fails, and what is said of one that is malformed."""

import json
from typing import Any

import pytest

from conformance.published import PublishedSchemas
from llm_sdk.codec import SeededIds
from llm_sdk.errors import (
    AuthenticationError,
    InvariantError,
    MalformedArgumentsError,
    NotFoundError,
    OverloadedError,
    RateLimitError,
    RefusalError,
    ServerError,
    StatusCodeError,
    UnsupportedError,
)
from llm_sdk.types import FinishReason, ImagePart, ModelResponse, OpaquePart, TextPart, ToolResultPart
from providers.openai.given import (
    CALL,
    CODEC,
    MODEL,
    PNG,
    SEARCH,
    answer,
    call,
    function_call,
    message,
    output_text,
    plain,
    reply,
)

HI = TextPart(text="Hi", signature="msg_1")
REFUSED = message({"type": "refusal", "refusal": "I can't."})

# There is no finish reason on the wire: status, details and items tell.
ENDS: dict[str, tuple[list[Any], dict[str, Any], FinishReason, str | None]] = {
    "text": ([message("Hi")], {}, "stop", "completed"),
    "a call": ([message("Hi"), function_call()], {}, "tool_calls", "completed"),
    "a hosted search is no call": (
        [{"id": "ws_1", "type": "web_search_call", "status": "completed"}],
        {},
        "stop",
        "completed",
    ),
    "token limit": (
        [message("Hi", status="incomplete")],
        {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
        "length",
        "max_output_tokens",
    ),
    "token limit after a call": (
        [function_call()],
        {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
        "length",
        "max_output_tokens",
    ),
    "filter": (
        [],
        {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
        "content_filter",
        "content_filter",
    ),
    "a documented reason": (
        [],
        {"status": "incomplete", "incomplete_details": {"reason": "max_messages"}},
        "other",
        "max_messages",
    ),
    "a reason of tomorrow": (
        [],
        {"status": "incomplete", "incomplete_details": {"reason": "bored"}},
        "other",
        "bored",
    ),
    "no reason": ([], {"status": "incomplete", "incomplete_details": None}, "other", "incomplete"),
    **{status: ([], {"status": status}, "other", status) for status in ("queued", "in_progress", "cancelled")},
    "a status of tomorrow": ([], {"status": "paused"}, "other", "paused"),
    "no status": ([message("Hi")], {"status": None}, "stop", None),
}


@pytest.mark.parametrize(("output", "fields", "reason", "detail"), ENDS.values(), ids=ENDS)
def test_why_it_ended(output: list[Any], fields: dict[str, Any], reason: FinishReason, detail: str | None) -> None:
    response = CODEC.decode_response(answer(*output, **fields))
    assert (response.finish_reason, response.finish_detail) == (reason, detail)


@pytest.mark.parametrize(
    ("response", "wired"),
    [
        (("stop", None), ("completed", None)),
        (("tool_calls", None), ("completed", None)),
        (("length", None), ("incomplete", "max_output_tokens")),
        (("length", "MAX_TOKENS"), ("incomplete", "max_output_tokens")),
        (("content_filter", None), ("incomplete", "content_filter")),
        (("content_filter", "refusal"), ("completed", None)),
        (("other", "max_messages"), ("incomplete", "max_messages")),
        (("other", "cancelled"), ("cancelled", None)),
        (("other", "pause_turn"), ("completed", None)),
        ((None, None), ("completed", None)),
    ],
)
def test_the_end_is_written(
    response: tuple[FinishReason | None, str | None], wired: tuple[str, str | None], schemas: PublishedSchemas
) -> None:
    reason, detail = response
    ended = ModelResponse(content=[HI], finish_reason=reason, finish_detail=detail)
    body = json.loads(CODEC.encode_response(ended, call=call(), ids=SeededIds()).body)
    assert (body["status"], (body["incomplete_details"] or {}).get("reason")) == wired
    assert schemas.complaint("response", body) == ""


def test_the_last_item_of_an_answer_that_was_cut_short_is_incomplete() -> None:
    """As recorded: the message that the limit has cut says ``incomplete`` itself."""
    cut = ModelResponse(content=[HI], finish_reason="length")
    [item] = json.loads(CODEC.encode_response(cut, call=call(), ids=SeededIds()).body)["output"]
    assert item["status"] == "incomplete"


def test_a_refusal_is_an_error_that_holds_the_answer() -> None:
    usage = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
    with pytest.raises(RefusalError) as caught:
        CODEC.decode_response(answer(message("Well,"), REFUSED, usage=usage))
    assert (caught.value.refusal, caught.value.provider) == ("I can't.", "openai")
    assert plain(caught.value.response) == {
        "content": [
            {"type": "text", "text": "Well,", "signature": "msg_1"},
            {"type": "text", "text": "I can't.", "signature": "msg_1"},
        ],
        "usage": {"input_tokens": 3, "output_tokens": 2},
        "finish_reason": "content_filter",
        "finish_detail": "refusal",
        "id": "resp_1",
        "model_id": MODEL,
    }


def test_a_refusal_is_written_as_one(schemas: PublishedSchemas) -> None:
    refused = ModelResponse(
        content=[TextPart(text="I can't.", signature="msg_1")],
        finish_reason="content_filter",
        finish_detail="refusal",
    )
    written = CODEC.encode_response(refused, call=call(), ids=SeededIds())
    assert json.loads(written.body)["output"] == [REFUSED]
    assert schemas.complaint("response", json.loads(written.body)) == ""
    with pytest.raises(RefusalError, match=r"I can't\."):
        CODEC.decode_response(written)


FAILURES: list[tuple[Any, type[StatusCodeError], int]] = [
    ("invalid_api_key", AuthenticationError, 401),
    ("model_not_found", NotFoundError, 404),
    ("rate_limit_exceeded", RateLimitError, 429),
    ("insufficient_quota", RateLimitError, 429),
    ("server_error", ServerError, 500),
    ("server_overloaded", OverloadedError, 503),
    ("vector_store_timeout", ServerError, 504),
    ("invalid_prompt", StatusCodeError, 400),
    ("invalid_image_url", StatusCodeError, 400),
    (None, ServerError, 500),
]


@pytest.mark.parametrize(("code", "error", "status"), FAILURES)
def test_an_answer_that_failed_is_an_error_by_its_code(code: Any, error: type[StatusCodeError], status: int) -> None:
    body = answer(status="failed", error={"code": code, "message": "No luck."})
    with pytest.raises(StatusCodeError, match=r"No luck\.") as caught:
        CODEC.decode_response(body)
    assert type(caught.value) is error
    assert (caught.value.status_code, caught.value.code) == (status, code)


@pytest.mark.parametrize(
    "body", [answer(status="failed", error=None), answer(status="failed"), reply({"error": {"message": "No luck."}})]
)
def test_a_failure_without_a_reason_is_a_failure_all_the_same(body: Any) -> None:
    with pytest.raises(ServerError):
        CODEC.decode_response(body)


CUT = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}


@pytest.mark.parametrize(
    "arguments", ["{", '{"a":', "[]", '"Paris"', "null", "7", '{"a":NaN}', '{"a":1e400}', "x", "{}{}"]
)
def test_arguments_that_are_no_object_are_shown(arguments: str) -> None:
    with pytest.raises(MalformedArgumentsError) as caught:
        CODEC.decode_response(answer(message("Hi"), function_call(arguments)))
    assert "'get_weather'" in caught.value.message
    assert arguments in caught.value.message


def test_a_call_that_the_token_limit_has_cut_is_left_out_with_a_warning() -> None:
    response = CODEC.decode_response(answer(message("Hi"), function_call(), function_call('{"city":"Pa'), **CUT))
    assert (response.content, response.finish_reason) == ([HI, CALL], "length")
    [warning] = response.warnings or []
    assert warning.startswith("tool-call: ")
    assert '{"city":"Pa' in warning


def searched(sources: Any) -> dict[str, Any]:
    return {"type": "web_search_call", "id": "ws_1", "action": {"type": "search", "sources": sources}}


# What is malformed, and the words that name the place.
MALFORMED: dict[str, tuple[bytes | dict[str, Any], str]] = {
    "nothing": (b"", "the answer is malformed at the top level"),
    "half": (b'{"id":"resp_1","output":[', "the answer is malformed at the top level"),
    "HTML": (b"<html>502</html>", "the answer is malformed at the top level"),
    "not UTF-8": (b'{"id":"\xff"}', "the answer is malformed at the top level"),
    "null": (b"null", "the answer is malformed at the top level"),
    "array": (b"[]", "the answer is malformed at the top level"),
    "string": (b'"Hi"', "the answer is malformed at the top level"),
    "output is no list": ({"output": {}}, "output"),
    "an item is no object": ({"output": ["Hi"]}, "output.0"),
    "an item without a type": ({"output": [{"id": "x", "text": "Hi"}]}, "output.0"),
    "usage without a total": ({"output": [], "usage": {"input_tokens": 3}}, "usage.output_tokens"),
    "usage in words": ({"output": [], "usage": {"input_tokens": "many", "output_tokens": 2}}, "usage.input_tokens"),
    "half a token": ({"output": [], "usage": {"input_tokens": 1.5, "output_tokens": 2}}, "usage.input_tokens"),
    "an error without a message": ({"output": [], "error": {"code": "server_error"}}, "error.message"),
    "an id that is no text": ({"id": 5, "output": []}, "id"),
}
# Items that are malformed, each behind one that is not, and the field that is at fault.
MALFORMED_ITEMS: dict[str, tuple[Any, str]] = {
    "a message without content": ({"type": "message", "role": "assistant"}, "content"),
    "a message of nobody": ({**message("Hi"), "role": "bot"}, "role"),
    "a call without a call_id": ({"type": "function_call", "name": "f", "arguments": "{}"}, "call_id"),
    "arguments that are no text": ({**function_call(), "arguments": {}}, "arguments"),
    "a search without an id": ({"type": "web_search_call"}, "id"),
    "a summary without text": ({"type": "reasoning", "id": "rs_1", "summary": [{}]}, "text"),
    "pixels that are no text": ({"type": "image_generation_call", "id": "ig_1", "result": 5}, "result"),
    "a text without text": (message({"type": "output_text"}), "text"),
    "a text that is no text": (message({"type": "output_text", "text": 5}), "text"),
    "a refusal without words": (message({"type": "refusal"}), "refusal"),
    "a citation without its URL": (message(output_text("Hi", {"type": "url_citation"})), "url"),
    "sources that are no list": (searched(5), "sources"),
    "a source that is no object": (searched([5]), "sources"),
    "a source without text": (searched([{"url": 5}]), "url"),
}


@pytest.mark.parametrize(("body", "place"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_answer_is_an_error_that_names_the_place(body: bytes | dict[str, Any], place: str) -> None:
    with pytest.raises(InvariantError, match=f"(?s)^openai: .*{place}"):
        CODEC.decode_response(reply({"status": "completed", **body} if isinstance(body, dict) else body))


@pytest.mark.parametrize(("item", "field"), MALFORMED_ITEMS.values(), ids=MALFORMED_ITEMS)
def test_a_malformed_item_is_an_error_that_names_item_and_field(item: Any, field: str) -> None:
    with pytest.raises(
        InvariantError, match=rf"^openai: the answer is malformed at output\.1\.[a-z_.0-9]*\b{field}\b[.0-9]*: "
    ):
        CODEC.decode_response(answer(message("Hi"), item))


@pytest.mark.parametrize("body", [{}, {"id": "resp_1", "status": "completed"}, {"choices": []}])
def test_an_answer_without_output_is_no_answer(body: dict[str, Any]) -> None:
    with pytest.raises(InvariantError, match="output"):
        CODEC.decode_response(reply(body))


@pytest.mark.parametrize(
    ("part", "path"),
    [
        (ImagePart(url="https://a.example/b.png"), "content[1].url"),
        (OpaquePart(provider="anthropic", data={}), "content[1]"),
        (SEARCH.model_copy(update={"tool_name": "code_execution"}), "content[1]"),
        (ToolResultPart(tool_call_id="call_1", tool_name="f", content=[]), "content[1]"),
    ],
)
def test_a_part_that_no_answer_can_carry_is_named_by_its_path(part: Any, path: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        CODEC.encode_response(ModelResponse(content=[HI, part]), call=call(), ids=SeededIds())
    assert caught.value.path == path


AROUND = {
    "object": "response",
    "created_at": 1767225600,
    "status": "completed",
    "background": False,
    "completed_at": 1767225600,
    "error": None,
    "frequency_penalty": 0.0,
    "incomplete_details": None,
    "instructions": "Be brief.",
    "max_output_tokens": None,
    "max_tool_calls": None,
    "model": MODEL,
    "parallel_tool_calls": True,
    "presence_penalty": 0.0,
    "previous_response_id": None,
    "prompt_cache_key": "k",
    "prompt_cache_retention": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "service_tier": "default",
    "store": False,
    "temperature": 0.0,
    "text": {"format": {"type": "text"}, "verbosity": "low"},
    "tool_choice": "auto",
    "tools": [
        {
            "type": "function",
            "description": None,
            "name": "now",
            "parameters": {"type": "object"},
            "strict": False,
        }
    ],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "usage": None,
    "user": None,
    "metadata": {"user": "7"},
}
"""What stands around id and output of the answer to the call of the next test."""


def test_the_body_is_exactly_this() -> None:
    asked = call(
        system_prompt="Be brief.",
        temperature=0,
        tools=[{"name": "now", "parameters": {"type": "object"}}],
        metadata={"user": "7"},
        extra={"prompt_cache_key": "k", "text": {"verbosity": "low"}},
    )
    response = ModelResponse(content=[TextPart(text="Hi"), ImagePart(mime_type="image/png", data=PNG)])
    ids = SeededIds(1, time=1767225600.5)
    written = CODEC.encode_response(response, call=asked, ids=ids)
    again = SeededIds(1)
    resp, msg, image = (again.token(50) for _ in range(3))
    assert written.status == 200
    assert json.loads(written.body) == {
        **AROUND,
        "id": f"resp_{resp}",
        "output": [
            message("Hi", id=f"msg_{msg}"),
            {
                "id": f"ig_{image}",
                "type": "image_generation_call",
                "status": "completed",
                "output_format": "png",
                "result": PNG,
            },
        ],
    }


@pytest.mark.parametrize(("stream", "kind"), [(False, "application/json"), (True, "text/event-stream; charset=utf-8")])
def test_the_headers_of_an_answer(stream: bool, kind: str) -> None:
    assert CODEC.response_headers(SeededIds(1), stream=stream) == {
        "content-type": kind,
        "openai-processing-ms": "42",
        "openai-version": "2020-10-01",
        "x-request-id": "req_" + SeededIds(1).token(32),
    }
