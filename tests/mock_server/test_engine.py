"""The engine, without a socket: what goes in, and every byte that comes out."""

import json
from typing import Any

import pytest
from plain_protocol import PLAIN, read_stream

from llm_sdk.codec import WireRequest
from llm_sdk.types import (
    FilePart,
    LanguageModelInput,
    ModelResponse,
    ModelUsage,
    ReasoningPart,
    TextPart,
    ToolCallPart,
)
from mock_server.engine import Engine
from mock_server.reply import ReplyPlan
from mock_server.scenario_files import read_scenarios


def engine(*scenarios: Any, **options: Any) -> Engine:
    return Engine(read_scenarios(scenarios, providers=["plain"]), codecs=[PLAIN], **options)


def user(*texts: str) -> list[dict[str, Any]]:
    """A conversation in which user and model take turns."""
    roles = ["user", "assistant"] * len(texts)
    return [{"role": role, "content": text} for role, text in zip(roles, texts, strict=False)]


def ask(
    engine: Engine, said: str = "hello", *, stream: bool = False, headers: dict[str, str] | None = None, **input: Any
) -> ReplyPlan:
    whole = LanguageModelInput.model_validate({"messages": user(said), **input})
    request = PLAIN.encode_request("model-1", whole, stream=stream)
    return engine.answer(PLAIN, WireRequest("POST", "/v1/chat", request.body, headers or {}))


def answer(plan: ReplyPlan) -> ModelResponse:
    assert plan.status == 200, plan.body
    return read_stream(plan.body) if plan.stream else ModelResponse.model_validate_json(plan.body)


def problem(plan: ReplyPlan) -> tuple[int, str]:
    return plan.status, json.loads(plan.body)["problem"]


def test_a_whole_answer_is_one_piece_with_its_length() -> None:
    plan = ask(engine())

    assert answer(plan).content == [TextPart(text="You said: hello")]
    assert [chunk.data for chunk in plan.chunks] == [plan.body]
    assert plan.headers["content-length"] == str(len(plan.body))
    assert (plan.latency, plan.complete, plan.stream) == (0.0, True, False)


def test_a_streamed_answer_is_one_piece_per_event_and_waits_for_nothing() -> None:
    plan = ask(engine(), stream=True)

    assert answer(plan).content == [TextPart(text="You said: hello")]
    assert all(chunk.data.endswith(b"\n\n") and chunk.data.count(b"data:") == 1 for chunk in plan.chunks)
    assert {chunk.delay for chunk in plan.chunks} == {0.0}
    assert plan.headers["content-type"] == "text/event-stream"
    assert "content-length" not in plan.headers


def test_streamed_and_whole_are_the_same_answer() -> None:
    scenario = {
        "reply": [
            {"type": "reasoning", "text": "Let me see.", "signature": "s"},
            "Here: ",
            {"type": "tool-call", "tool_name": "a", "args": {"x": [1, {"y": "é\u2028"}]}},
            {"type": "tool-call", "tool_name": "b"},
        ]
    }
    stand_in = engine(scenario)
    assert answer(ask(stand_in)) == answer(ask(stand_in, stream=True))


def test_the_same_requests_in_the_same_order_give_the_same_bytes() -> None:
    def run(seed: int) -> list[tuple[bytes, Any]]:
        stand_in = engine({"reply": {"content": [{"type": "tool-call", "tool_name": "t"}]}}, seed=seed)
        plans = [ask(stand_in, said, stream=stream) for said in "abba" for stream in (False, True)]
        return [(plan.body, plan.headers) for plan in plans]

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert len({body for body, _ in run(1)}) == 8, "a repeated request gets an answer with other ids"


def test_ids_do_not_depend_on_other_requests() -> None:
    alone, busy = engine(), engine()
    ask(busy, "something else")
    assert ask(alone, "hello").body == ask(busy, "hello").body


def test_a_reply_says_what_it_was_scripted_to_and_the_rest_is_made_up() -> None:
    full = ModelResponse(
        content=[
            ReasoningPart(text="why", signature="sig", id="r1"),
            TextPart(text="because"),
            ToolCallPart(tool_call_id="c1", tool_name="t", args={"a": 1}, id="i1"),
        ],
        usage=ModelUsage(input_tokens=3, output_tokens=4),
        finish_reason="length",
        finish_detail="max_output_tokens",
        id="r-1",
        model_id="model-1-dated",
    )
    assert answer(ask(engine({"reply": full.model_dump()}))) == full

    short = answer(ask(engine({"reply": [{"type": "tool-call", "tool_name": "t"}]})))
    (call,) = short.content
    assert isinstance(call, ToolCallPart)
    assert call.tool_call_id.startswith("call_")
    assert (short.finish_reason, call.args) == ("tool_calls", {})
    assert short.usage == ModelUsage(input_tokens=5, output_tokens=1)


def test_a_refusal_has_the_form_of_a_refusal() -> None:
    said = answer(ask(engine({"reply": {"refusal": "I will not."}})))
    assert said.content == [TextPart(text="I will not.")]
    assert (said.finish_reason, said.finish_detail) == ("content_filter", "refusal")


def test_pace_cuts_and_times_the_stream() -> None:
    stand_in = engine({"reply": "abcdef", "pace": {"cut": 4, "delay": 0.5}})
    plan = ask(stand_in, stream=True)
    texts = [json.loads(chunk.data[6:])["delta"]["part"]["text"] for chunk in plan.chunks if b'"delta"' in chunk.data]

    assert texts == ["", "abcd", "ef"]
    assert [chunk.delay for chunk in plan.chunks] == [0.0, *[0.5] * (len(plan.chunks) - 1)]


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/v1/chat", b"{", (400, "the body is not JSON")),
        ("/v1/chat", b"\xff", (400, "the body is not JSON")),
        ("/v1/chat", b"{}", (400, "model: missing")),
        ("/v1/chat", b'{"model": "m", "input": {"messages": 3}}', (400, "input: Input should be a valid list")),
        ("/v1/nothing?x=1", b"", (404, "Invalid URL (POST /v1/nothing). The mock server answers POST /v1/chat.")),
    ],
)
def test_what_cannot_be_read_is_refused_as_the_provider_does(path: str, body: bytes, expected: tuple[int, str]) -> None:
    stand_in = engine()
    plan = stand_in.answer(PLAIN, WireRequest("POST", path, body))

    assert problem(plan) == expected
    assert plan.headers["x-plain-request"].startswith("req-")
    (exchange,) = stand_in.journal
    assert (exchange.input, exchange.body, exchange.error) == (None, body, expected[1])


def test_only_the_given_key_is_accepted() -> None:
    stand_in = engine(api_key="secret")
    assert problem(ask(stand_in)) == (401, "no key")
    for value in ("key wrong", "secret", "other secret"):
        assert problem(ask(stand_in, headers={"X-Plain-Key": value}))[0] == 401
    assert ask(stand_in, headers={"X-Plain-Key": "key secret"}).status == 200
    assert "secret" not in str([exchange.to_json() for exchange in stand_in.journal])


def test_strict_refuses_what_no_scenario_matches_and_names_them() -> None:
    stand_in = engine({"name": "weather", "when": {"last_user": "weather"}, "reply": "sunny"}, strict=True)
    status, message = problem(ask(stand_in, "hello"))
    assert (status, message.splitlines()[:4]) == (
        404,
        [
            "no scenario matches this request, and made-up answers are off (strict).",
            "Nearest of 1:",
            "  'weather' (0 of 1 conditions hold)",
            "    last_user: expected /weather/, got 'hello'",
        ],
    )
    assert answer(ask(stand_in, "the weather")).content == [TextPart(text="sunny")]


def test_a_scenario_that_the_protocol_cannot_say_is_an_error_that_names_it() -> None:
    file = FilePart(mime_type="application/pdf", data="AAAA").model_dump()
    stand_in = engine({"name": "pdf", "reply": [file]})
    assert problem(ask(stand_in)) == (400, "the scenario 'pdf' cannot be answered: content[0]: no file here")


def test_a_template_that_fails_is_an_error_that_names_its_scenario() -> None:
    stand_in = engine({"name": "sum", "when": {"last_user": "(?P<n>.*)"}, "reply": "{{ 1 // (n | int) }}"})
    assert answer(ask(stand_in, "1")).content == [TextPart(text="1")]
    status, message = problem(ask(stand_in, "0"))
    assert status == 400
    assert message.startswith("the scenario 'sum' cannot be answered: the template '{{ 1 // (n | int) }}' fails")


def test_the_journal_holds_requests_as_the_provider_reads_them() -> None:
    stand_in = engine({"name": "s", "when": {"last_user": "scripted"}, "reply": "ok"})
    ask(stand_in, "scripted", stream=True, headers={"X-Plain-Key": "key s3cret", "X-Other": "seen"})
    ask(stand_in, "made up", max_tokens=5)
    first, second = stand_in.journal

    assert (first.number, first.model_id, first.stream, first.scenario) == (1, "model-1", True, "s")
    assert first.headers == {"x-plain-key": "[redacted]", "x-other": "seen"}
    assert first.response is not None
    assert first.response.content == [TextPart(text="ok")]
    assert second.input == LanguageModelInput.model_validate({"messages": user("made up"), "max_tokens": 5})
    assert (second.number, second.scenario, second.status) == (2, None, 200)
    json.dumps([exchange.to_json() for exchange in stand_in.journal])


def test_reset_goes_back_to_the_beginning() -> None:
    stand_in = engine({"when": {"nth": 1}, "reply": "first"})
    begin = [ask(stand_in).body, ask(stand_in).body]
    stand_in.script.add(read_scenarios([{"reply": "added"}], providers=["plain"]))
    assert answer(ask(stand_in)).content == [TextPart(text="added")]
    stand_in.reset()

    assert len(stand_in.journal) == 0
    assert [ask(stand_in).body, ask(stand_in).body] == begin
