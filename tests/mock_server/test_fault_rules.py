"""Faults from outside of scenarios: in a header, behind a model's name, by a rule; and what they add up to."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_protocol import PLAIN

from llm_sdk.codec import WireRequest
from llm_sdk.errors import InvalidInputError
from llm_sdk.types import LanguageModelInput
from mock_server.engine import Engine
from mock_server.fault_rules import fault_in_header, split_model
from mock_server.rate_limits import RateLimits
from mock_server.reply import ReplyPlan
from mock_server.scenario_files import ScenarioError, read_fault_rules, read_scenarios


def engine(*scenarios: Any, seed: int = 0) -> Engine:
    return Engine(read_scenarios(scenarios, providers=["plain"]), codecs=[PLAIN], seed=seed)


def ask(stand_in: Engine, *, model: str = "m", header: str = "", stream: bool = False) -> ReplyPlan:
    said = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": "hello"}]})
    body = PLAIN.encode_request(model, said, stream=stream).body
    return stand_in.answer(PLAIN, WireRequest("POST", "/v1/chat", body, {"X-Mock-Fault": header} if header else {}))


def test_a_header_says_a_fault_and_a_fault_says_itself_as_a_header() -> None:
    fault = fault_in_header("status=429; retry_after=1.5;message=slow down, please; ")
    assert fault.asked == {"status": 429, "retry_after": 1.5, "message": "slow down, please"}
    assert fault_in_header("reset; cut_after_bytes=3").asked == {"reset": True, "cut_after_bytes": 3}
    for text in ("status=429; retry_after=1.5", "reset=true; omit_end=true", "latency=0.5; jitter=0.25"):
        assert str(fault_in_header(text)) == text


@pytest.mark.parametrize(
    ("model", "name", "fault"),
    [
        ("gpt-5", "gpt-5", None),
        ("ft:gpt-5:org::id", "ft:gpt-5:org::id", None),
        ("command-a+fast", "command-a+fast", None),
        ("gpt-5+fault,status=429,retry_after=1", "gpt-5", {"status": 429, "retry_after": 1.0}),
        ("gpt-5+fault:status=503;latency=2", "gpt-5", {"status": 503, "latency": 2.0}),
        ("a/b+fault,reset", "a/b", {"reset": True}),
    ],
)
def test_a_fault_behind_the_name_of_a_model(model: str, name: str, fault: dict[str, Any] | None) -> None:
    found = split_model(model)
    assert (found[0], found[1].asked if found[1] else None) == (name, fault)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("statsu=429", "x-mock-fault: no fault 'statsu'; is 'status' meant?"),
        ("status=many", "x-mock-fault: status: Input should be a valid integer"),
        ("status=200", "x-mock-fault: status: Input should be greater than or equal to 400"),
        ("retry_after=3", "x-mock-fault: message, code and retry_after need a status"),
        ("window=3; reset", "x-mock-fault: window needs a rate_limit"),
        ("stall=3; reset", "x-mock-fault: stall needs stall_after_events"),
        ("status=429; retry_after=inf", "x-mock-fault: retry_after: Input should be"),
        ("window=nan; rate_limit=1", "x-mock-fault: window: Input should be"),
        ("tokens_per_second=0", "x-mock-fault: tokens_per_second: Input should be"),
        ("jitter=0.5", "x-mock-fault: jitter needs latency, time_to_first_token or tokens_per_second"),
        (" ; ", "x-mock-fault: nothing goes wrong: give one of status,"),
    ],
)
def test_a_malformed_fault_is_refused_in_the_providers_form(text: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        fault_in_header(text)
    assert caught.value.message.startswith(message)
    plan = ask(engine(), header=text)
    assert plan.status == 400
    assert json.loads(plan.body)["problem"].startswith(message)


def test_faults_from_everywhere_add_up_and_the_last_one_holds() -> None:
    stand_in = engine({"reply": "hi", "fault": {"latency": 1, "omit_end": True}}, seed=7)
    stand_in.faults.rules.add(read_fault_rules("{fault: {latency: 2, cut_after_events: 1}}"))
    plan = ask(stand_in, stream=True, header="content_type=a/b", model="m+fault,latency=4")
    wanted = {"latency": 4.0, "omit_end": True, "cut_after_events": 1, "content_type": "a/b", "seed": 7}
    assert plan.faults == wanted
    assert (plan.latency, len(plan.chunks), plan.complete, plan.headers["content-type"]) == (4.0, 1, False, "a/b")
    (exchange,) = stand_in.journal
    assert (exchange.model_id, exchange.faults) == ("m", wanted)


def test_what_went_wrong_is_told_with_the_seed_that_repeats_it() -> None:
    plan = ask(engine(seed=3), header="status=500; message=é")
    assert (plan.headers["x-mock-fault"], plan.headers["x-mock-seed"]) == ("status=500; message=\\xe9", "3")
    assert "x-mock-seed" not in ask(engine(seed=3)).headers


def test_a_message_reaches_no_header_as_it_is() -> None:
    plan = ask(engine(), model="m+fault,status=500,message=a\r\nset-cookie: b")
    assert plan.headers["x-mock-fault"] == "status=500; message=a\\r\\nset-cookie: b"
    assert "set-cookie" not in plan.headers


def test_jitter_is_drawn_from_the_seed() -> None:
    def delays(seed: int) -> list[float]:
        plan = ask(engine(seed=seed), stream=True, header="tokens_per_second=10; jitter=0.5; latency=1")
        return [plan.latency, *(chunk.delay for chunk in plan.chunks)]

    assert delays(1) == delays(1) != delays(2)
    latency, first, *others = delays(1)
    assert (first, 0.5 <= latency <= 1.5) == (0.0, True)
    assert all(0.05 <= delay <= 0.15 for delay in others)
    assert len(set(others)) > 1


def test_a_rule_holds_for_its_requests_and_as_often_as_it_says() -> None:
    stand_in = engine()
    rules = "faults: [{when: {model: 'a*'}, fault: {status: 500}, times: 2}, {fault: {latency: 1}}]"
    stand_in.faults.rules.add(read_fault_rules(rules))
    assert [ask(stand_in, model=model).status for model in ("a", "b", "a", "a")] == [500, 200, 500, 200]
    assert stand_in.faults.rules.to_json() == [{"fault": {"latency": 1.0}}]
    stand_in.reset()
    assert ask(stand_in).latency == 0


def test_a_rule_counts_and_draws_by_itself() -> None:
    def statuses(rule: str, seed: int = 0, times: int = 5) -> list[int]:
        stand_in = engine(seed=seed)
        stand_in.faults.rules.add(read_fault_rules(rule))
        return [ask(stand_in).status for _ in range(times)]

    assert statuses("{when: {nth: [2, 4]}, fault: {status: 500}}") == [200, 500, 200, 500, 200]
    drawn = "{when: {probability: 0.5}, fault: {status: 500}}"
    assert statuses(drawn, times=99) == statuses(drawn, times=99) != statuses(drawn, seed=1, times=99)
    assert 30 < statuses(drawn, times=99).count(500) < 70


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{fault: {statsu: 500}}", "fault.statsu: unknown key 'statsu'; is 'status' meant?"),
        ("{times: 2}", "the key 'fault' is missing"),
        ("faults: [{fault: {status: 500}}, {when: {provider: x}, fault: {reset: true}}]", "faults[1].when.provider"),
        ("[1]", "an object with the key fault, and perhaps when and times"),
        ("faults: 3", "faults: faults is a list, and stands alone"),
        ("{fault: {status: '500'}}", "fault.status: Input should be a valid integer"),
    ],
)
def test_a_malformed_rule_is_named(text: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_fault_rules(text, providers=["plain"])
    assert message in str(caught.value)


def test_a_window_begins_with_its_first_request_and_refusals_do_not_count() -> None:
    limits = RateLimits()

    def take(now: float, key: str = "a") -> tuple[bool, int, float]:
        left = limits.take((key,), limit=2, window=10, now=now)
        return left.allowed, left.remaining, left.reset_after

    assert [take(100), take(104), take(105), take(105, "b")] == [
        (True, 1, 10),
        (True, 0, 6),
        (False, 0, 5),
        (True, 1, 10),
    ]
    assert [take(109.5), take(110), take(111)] == [(False, 0, 0.5), (True, 1, 10), (True, 0, 9)]
    assert limits.take(("none",), limit=0, window=1, now=0).allowed is False


@given(st.text(alphabet="abcdelnrstuy_=;,+0123456789. \r\n\xe9", max_size=40))
def test_whatever_stands_in_a_header_or_behind_a_name_is_a_fault_or_refused(text: str) -> None:
    stand_in = engine()
    for plan in (ask(stand_in, header=text), ask(stand_in, model=f"m+fault,{text}")):
        assert plan.faults or plan.status == 400 or not text
        assert not any("\n" in value or "\r" in value for value in plan.headers.values())
