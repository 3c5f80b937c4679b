"""The provider's stream events -> partial responses: each case of the protocol with its exact deltas, and the response
that they add up to."""

import json
from typing import Any

import pytest

from llm_sdk.accumulator import accumulate
from llm_sdk.errors import RateLimitError, RefusalError, ServerError, StatusCodeError
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import ModelResponse
from providers.openai.given import CODEC, MODEL, PNG, answer, event, feed, function_call, message, output_text, plain
from providers.openai.transcripts import (
    CREATED,
    added,
    arguments,
    completed,
    done,
    reasoning_text,
    summary,
    text,
)

SEARCH = {"id": "ws_1", "type": "web_search_call", "status": "completed"}
ACTION = {"type": "search", "query": "rain", "sources": [{"type": "url", "url": "https://a.example"}]}
REASONING = {"id": "rs_1", "type": "reasoning", "summary": []}
IMAGE = {"id": "ig_1", "type": "image_generation_call"}
URL = {"type": "url_citation", "start_index": 0, "end_index": 4, "title": "A", "url": "https://a.example"}
CITATION = {"type": "citation", "source": "https://a.example", "title": "A", "start_index": 0, "end_index": 4}


def delta(index: int, **part: Any) -> dict[str, Any]:
    return {"delta": {"index": index, "part": part}}


HEAD = {"id": "resp_1", "model_id": MODEL}
END = {**HEAD, "finish_reason": "stop", "finish_detail": "completed"}
CALLED = {**END, "finish_reason": "tool_calls"}

# Events between response.created and the end, the items of the whole answer, and the exact partials between.
CASES: dict[str, tuple[list[ServerSentEvent], list[Any], list[Any], dict[str, Any]]] = {
    "nothing": ([], [], [], END),
    "text": (
        [added(message(), 0), *text("He", "llo"), done(message("Hello"), 0)],
        [message("Hello")],
        [
            delta(0, type="text", text="", signature="msg_1"),
            delta(0, type="text", text="He"),
            delta(0, type="text", text="llo"),
        ],
        END,
    ),
    "text that only its item tells": (
        [done(message("Hello", "you"), 0)],
        [message("Hello", "you")],
        [
            delta(0, type="text", text="Hello", signature="msg_1"),
            delta(1, type="text", text="you", signature="msg_1"),
        ],
        END,
    ),
    "text that only the answer tells": (
        [],
        [message("Hello")],
        [delta(0, type="text", text="Hello", signature="msg_1")],
        END,
    ),
    "text whose deltas leave out its end": (
        [added(message(), 0), *text("He", "llo")[:2], done(message("Hello"), 0)],
        [message("Hello")],
        [
            delta(0, type="text", text="", signature="msg_1"),
            delta(0, type="text", text="He"),
            delta(0, type="text", text="llo"),
        ],
        END,
    ),
    "empty text": (
        [added(message(), 0), *text(), done(message(""), 0)],
        [message("")],
        [delta(0, type="text", text="", signature="msg_1")],
        END,
    ),
    "text with citations": (
        [
            added(message(), 0),
            *text("Rain"),
            event("response.output_text.annotation.added", output_index=0, content_index=0, annotation=URL),
            done(message(output_text("Rain", URL, URL)), 0),
        ],
        [message(output_text("Rain", URL, URL))],
        [
            delta(0, type="text", text="", signature="msg_1"),
            delta(0, type="text", text="Rain"),
            delta(0, type="text", text="", citation=CITATION),
            delta(0, type="text", text="", citation=CITATION),
        ],
        END,
    ),
    "call": (
        [added(function_call(""), 0), *arguments('{"city":', '"Paris"}'), done(function_call(), 0)],
        [function_call()],
        [
            delta(0, type="tool-call", tool_call_id="call_1", tool_name="get_weather", id="fc_1"),
            delta(0, type="tool-call", args='{"city":'),
            delta(0, type="tool-call", args='"Paris"}'),
            delta(0, type="tool-call", tool_call_id="call_1", tool_name="get_weather", id="fc_1"),
        ],
        CALLED,
    ),
    "arguments that only their end tells": (
        [
            added(function_call(""), 0),
            event("response.function_call_arguments.done", output_index=0, arguments='{"city":"Paris"}'),
            done(function_call(), 0),
        ],
        [function_call()],
        [
            delta(0, type="tool-call", tool_call_id="call_1", tool_name="get_weather", id="fc_1"),
            delta(0, type="tool-call", args='{"city":"Paris"}'),
            delta(0, type="tool-call", tool_call_id="call_1", tool_name="get_weather", id="fc_1"),
        ],
        CALLED,
    ),
    "arguments that only the item tells": (
        [added(function_call(""), 0), done(function_call(), 0)],
        [function_call()],
        [
            delta(0, type="tool-call", tool_call_id="call_1", tool_name="get_weather", id="fc_1"),
            delta(0, type="tool-call", tool_call_id="call_1", tool_name="get_weather", id="fc_1"),
            delta(0, type="tool-call", args='{"city":"Paris"}'),
        ],
        CALLED,
    ),
    "arguments that are there from the start": (
        [added(function_call(), 0), done(function_call(), 0)],
        [function_call()],
        [
            delta(0, type="tool-call", tool_call_id="call_1", tool_name="get_weather", id="fc_1"),
            delta(0, type="tool-call", tool_call_id="call_1", tool_name="get_weather", id="fc_1"),
            delta(0, type="tool-call", args='{"city":"Paris"}'),
        ],
        CALLED,
    ),
    "reasoning": (
        [
            added({**REASONING, "encrypted_content": "gAAAA-first"}, 0),
            *summary("**Ra", "in**", at=0),
            *summary("**Sun**", at=1),
            done({**REASONING, **reasoning_text("**Rain**", "**Sun**"), "encrypted_content": "gAAAA-final"}, 0),
        ],
        [{**REASONING, **reasoning_text("**Rain**", "**Sun**"), "encrypted_content": "gAAAA-final"}],
        [
            delta(0, type="reasoning", text="", id="rs_1"),
            delta(0, type="reasoning", text="**Ra"),
            delta(0, type="reasoning", text="in**"),
            delta(0, type="reasoning", text="\n**Sun**"),
            delta(0, type="reasoning", text="", signature="gAAAA-final", id="rs_1"),
        ],
        END,
    ),
    "reasoning that shows nothing": (
        [added({**REASONING, "encrypted_content": "a"}, 0), done({**REASONING, "encrypted_content": "b"}, 0)],
        [{**REASONING, "encrypted_content": "b"}],
        [
            delta(0, type="reasoning", text="", id="rs_1"),
            delta(0, type="reasoning", text="", signature="b", id="rs_1"),
        ],
        END,
    ),
    "reasoning of an open model": (
        [
            added(REASONING, 0),
            event("response.reasoning_text.delta", output_index=0, content_index=0, delta="Hm"),
            done({**REASONING, "content": [{"type": "reasoning_text", "text": "Hm"}]}, 0),
        ],
        [{**REASONING, "content": [{"type": "reasoning_text", "text": "Hm"}]}],
        [
            delta(0, type="reasoning", text="", id="rs_1"),
            delta(0, type="reasoning", text="Hm", id="rs_1#content:0"),
            delta(0, type="reasoning", text="", id="rs_1#content:0"),
        ],
        END,
    ),
    "search": (
        [
            added({**SEARCH, "status": "in_progress"}, 0),
            event("response.web_search_call.in_progress", output_index=0, item_id="ws_1"),
            event("response.web_search_call.searching", output_index=0, item_id="ws_1"),
            event("response.web_search_call.completed", output_index=0, item_id="ws_1"),
            done({**SEARCH, "action": ACTION}, 0),
        ],
        [{**SEARCH, "action": ACTION}],
        [
            delta(0, type="tool-call", tool_call_id="ws_1", tool_name="web_search", id="ws_1", provider_executed=True),
            delta(
                0,
                type="tool-call",
                tool_call_id="ws_1",
                tool_name="web_search",
                args='{"type":"search","query":"rain"}',
                id="ws_1",
                provider_executed=True,
            ),
            delta(
                1,
                type="tool-result",
                tool_call_id="ws_1",
                tool_name="web_search",
                content=[{"type": "source", "source": "https://a.example", "title": "", "content": []}],
                provider_executed=True,
            ),
        ],
        END,
    ),
    "image with previews": (
        [
            added({**IMAGE, "status": "in_progress"}, 0),
            *(
                event(
                    "response.image_generation_call.partial_image",
                    output_index=0,
                    partial_image_index=at,
                    partial_image_b64=data,
                    output_format="png",
                    size="2x1",
                )
                for at, data in enumerate(["AAAA", "BBBB"])
            ),
            event("response.image_generation_call.completed", output_index=0, item_id="ig_1"),
            done({**IMAGE, "status": "completed", "result": PNG, "output_format": "png", "size": "2x1"}, 0),
        ],
        [{**IMAGE, "status": "completed", "result": PNG, "output_format": "png", "size": "2x1"}],
        [
            delta(0, type="image", mime_type="image/png", data="AAAA", width=2, height=1),
            delta(0, type="image", mime_type="image/png", data="BBBB", width=2, height=1),
            delta(0, type="image", mime_type="image/png", data=PNG, width=2, height=1, id="ig_1"),
        ],
        END,
    ),
    "item without a unified form": (
        [added({"type": "compaction", "id": "c"}, 0), done({"type": "compaction", "id": "c", "new": 1}, 0)],
        [{"type": "compaction", "id": "c", "new": 1}],
        [
            delta(0, type="opaque", provider="openai", data={"type": "compaction", "id": "c", "new": 1}),
            {"warnings": ["compaction: this item has no unified form and is kept as an opaque part"]},
        ],
        END,
    ),
}


@pytest.mark.parametrize(("events", "output", "partials", "end"), CASES.values(), ids=CASES)
def test_the_deltas_are_exactly_these(
    events: list[ServerSentEvent], output: list[Any], partials: list[Any], end: dict[str, Any]
) -> None:
    read = feed(CREATED, *events, completed(*output))
    assert [plain(partial) for partial in read] == [HEAD, *partials, end]


@pytest.mark.parametrize(("events", "output", "partials", "end"), CASES.values(), ids=CASES)
def test_they_add_up_to_the_whole_answer(
    events: list[ServerSentEvent], output: list[Any], partials: list[Any], end: dict[str, Any]
) -> None:
    whole = CODEC.decode_response(answer(*output))
    streamed = accumulate(feed(CREATED, *events, completed(*output)))
    if next(name for name, case in CASES.items() if case[0] is events) != "text that only its end tells":
        assert plain(streamed) == plain(whole)


@pytest.mark.parametrize(("events", "output", "partials", "end"), CASES.values(), ids=CASES)
def test_frames_without_a_name_are_read_by_their_type(
    events: list[ServerSentEvent], output: list[Any], partials: list[Any], end: dict[str, Any]
) -> None:
    named = [CREATED, *events, completed(*output)]
    assert feed(*(ServerSentEvent(one.data) for one in named)) == feed(*named)


NOISE = [
    event("keepalive", sequence_number=3),
    event("response.of_tomorrow", output_index=0, delta="x"),
    event("response.content_part.done", output_index=0, content_index=0, part=output_text("x")),
    event("response.reasoning_summary_text.done", output_index=0, summary_index=0, text="x"),
    event("response.custom_tool_call_input.delta", output_index=0, delta="x"),
    ServerSentEvent(b"[DONE]"),
    ServerSentEvent(b"{}"),
    ServerSentEvent(b"[]"),
    ServerSentEvent(b'{"type":null}'),
    ServerSentEvent(b'{"type":["response.completed"]}'),
]


@pytest.mark.parametrize("noise", NOISE, ids=lambda one: one.event or one.data.decode())
def test_events_that_say_nothing_are_skipped(noise: ServerSentEvent) -> None:
    events = [CREATED, added(message(), 0), *text("Hi"), done(message("Hi"), 0), completed(message("Hi"))]
    quiet = feed(*events)
    for at in range(len(events) + 1):
        assert feed(*events[:at], noise, *events[at:]) == quiet


def test_nothing_is_read_after_the_end() -> None:
    events = [CREATED, completed(message("Hi"))]
    later = [CREATED, added(message(), 1), event("error", message="x"), ServerSentEvent(b"{"), completed()]
    assert feed(*events, *later) == feed(*events)


def test_usage_and_the_end_come_with_the_terminal_event() -> None:
    usage = {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 14,
    }
    [_, last] = feed(CREATED, completed(usage=usage))
    assert plain(last) == {
        **END,
        "usage": {
            "input_tokens": 9,
            "output_tokens": 5,
            "input_tokens_details": {"cached_text_tokens": 4},
            "output_tokens_details": {"reasoning_tokens": 2},
        },
    }


def test_an_incomplete_answer_has_its_reason_and_its_usage() -> None:
    cut = {
        "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"},
        "usage": {"input_tokens": 9, "output_tokens": 5, "total_tokens": 14},
    }
    streamed = accumulate(
        feed(CREATED, added(message(), 0), *text("Hi"), completed(message("Hi"), type="response.incomplete", **cut))
    )
    assert plain(streamed) == {
        "content": [{"type": "text", "text": "Hi", "signature": "msg_1"}],
        "usage": {"input_tokens": 9, "output_tokens": 5},
        "finish_reason": "length",
        "finish_detail": "max_output_tokens",
        **HEAD,
    }


def refused(*deltas: str) -> list[ServerSentEvent]:
    part = {"type": "refusal", "refusal": "".join(deltas)}
    return [
        added(message(), 0),
        event("response.content_part.added", output_index=0, content_index=0, part={"type": "refusal", "refusal": ""}),
        *(event("response.refusal.delta", output_index=0, content_index=0, delta=one) for one in deltas),
        event("response.refusal.done", output_index=0, content_index=0, refusal=part["refusal"]),
        done(message(part), 0),
    ]


@pytest.mark.parametrize(
    "output",
    [
        pytest.param([message({"type": "refusal", "refusal": "I can't."})], id="told again at the end"),
        pytest.param([], id="told in the deltas only"),
    ],
)
def test_a_refusal_is_raised_when_the_stream_ends_behind_its_usage(output: list[Any]) -> None:
    usage = {"input_tokens": 9, "output_tokens": 5, "total_tokens": 14}
    decoder = CODEC.stream_decoder()
    partials = [partial for one in [CREATED, *refused("I ", "can't.")] for partial in decoder.feed(one)]
    assert [plain(partial) for partial in partials] == [HEAD]
    [last] = decoder.feed(completed(*output, usage=usage))
    assert plain(last)["usage"] == {"input_tokens": 9, "output_tokens": 5}
    with pytest.raises(RefusalError) as caught:
        decoder.close()
    assert caught.value.refusal == "I can't."
    whole = caught.value.response or ModelResponse(content=[])
    assert (whole.finish_reason, whole.finish_detail, whole.usage) == ("content_filter", "refusal", last.usage)
    assert "".join(getattr(part, "text", "") for part in whole.content) == "I can't."


def test_a_refusal_needs_no_more_than_its_deltas() -> None:
    [_, part_added, *deltas, _, _] = refused("I ", "can't.")
    with pytest.raises(RefusalError) as caught:
        feed(CREATED, part_added, *deltas, completed())
    assert caught.value.refusal == "I can't."


LIMIT = {"code": "rate_limit_exceeded", "message": "Slow down."}
REPORTS: dict[str, tuple[ServerSentEvent, type[StatusCodeError], str | None]] = {
    "nested, as recorded": (
        event("error", sequence_number=2, error={"type": "tokens", **LIMIT, "param": None}),
        RateLimitError,
        "rate_limit_exceeded",
    ),
    "flat, as documented": (event("error", **LIMIT, param=None, sequence_number=2), RateLimitError, LIMIT["code"]),
    "without a name": (ServerSentEvent(event("error", **LIMIT).data), RateLimitError, LIMIT["code"]),
    "without a code": (event("error", message="Slow down."), ServerError, None),
    "failed": (completed(type="response.failed", status="failed", error=LIMIT), RateLimitError, LIMIT["code"]),
    "completed as failed": (completed(status="failed", error=LIMIT), RateLimitError, LIMIT["code"]),
}


@pytest.mark.parametrize(("report", "error", "code"), REPORTS.values(), ids=REPORTS)
def test_an_error_inside_the_stream_is_raised_when_it_comes(
    report: ServerSentEvent, error: type[StatusCodeError], code: str | None
) -> None:
    decoder = CODEC.stream_decoder()
    for one in [CREATED, added(message(), 0), *text("Hi")]:
        decoder.feed(one)
    with pytest.raises(StatusCodeError, match=r"Slow down\.") as caught:
        decoder.feed(report)
    assert type(caught.value) is error
    assert caught.value.code == code
    body = json.loads(caught.value.body)
    assert (body["message"], body.get("code")) == ("Slow down.", code)
