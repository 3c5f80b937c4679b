"""The verdict, rule by rule: an app that breaks it, and one that comes as near as it may."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from plain_protocol import PLAIN

from llm_sdk.codec import WireRequest
from llm_sdk.types import LanguageModelInput, ModelResponse
from mock_server.clock import VirtualClock
from mock_server.engine import Engine
from mock_server.scenario_files import read_scenarios
from mock_server.verdict import RULES, Verdict, judge
from mock_server.verdict.formats import as_json, as_junit, as_text

CALL = {"type": "tool-call", "tool_call_id": "c1", "tool_name": "look", "args": {"at": 1}}
CALLED: dict[str, Any] = {"content": [CALL]}
CUT = {"content": "The first half of a long story which", "finish_reason": "length"}
REFUSED = {"content": "I will not help with that, I am sorry.", "finish_reason": "content_filter"}
SIGNED = {"content": [{"type": "reasoning", "text": "Hm.", "signature": "sig"}, CALL]}
LONG = "x" * 8000


def user(said: str) -> dict[str, Any]:
    return {"role": "user", "content": said}


def model(*parts: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": parts[0] if isinstance(parts[0], str) else list(parts)}


def result(id: str = "c1") -> dict[str, Any]:
    part = {"type": "tool-result", "tool_call_id": id, "tool_name": "look", "content": [{"type": "text", "text": "42"}]}
    return {"role": "tool", "content": [part]}


def tool(name: str) -> dict[str, Any]:
    return {"name": name, "description": name, "parameters": {"type": "object", "properties": {}}}


class App:
    """Sends what it is told to, and waits between two requests. Its server answers as it is told to, one answer after
    the other."""

    def __init__(self, *answers: Any) -> None:
        self.clock = VirtualClock()
        turns = [answer if "fault" in answer or "pace" in answer else {"reply": answer} for answer in answers]
        scenarios = [{"sequence": turns}] if turns else []
        self.engine = Engine(read_scenarios(scenarios, providers=["plain"]), codecs=[PLAIN], clock=self.clock)

    def ask(self, *messages: Any, path: str = "/v1/chat", key: str = "k", wait: float = 10.0, **input: Any) -> "App":
        said = [user(message) if isinstance(message, str) else message for message in messages]
        whole = LanguageModelInput.model_validate({"messages": said, **input})
        body = PLAIN.encode_request("m", whole, stream=False).body
        self.engine.answer(PLAIN, WireRequest("POST", path, body, {"X-Plain-Key": f"key {key}"}))
        self.clock.advance(wait)
        return self

    def verdict(self) -> Verdict:
        return judge(self.engine.journal, self.engine.codecs)

    def found(self) -> list[tuple[str, str, tuple[int, ...]]]:
        return [(finding.rule, finding.level, finding.exchanges) for finding in self.verdict().findings]


def failing(status: int, **more: Any) -> dict[str, Any]:
    return {"fault": {"status": status, **more}}


def conversation(app: App, turns: int, said: str = "tell me more", **input: Any) -> App:
    """Every answer goes back as it came."""
    messages: list[Any] = []
    for turn in range(turns):
        messages.append(user(f"{said} {turn}"))
        app.ask(*messages, **input)
        messages.append({"role": "assistant", "content": answer_of(app)})
    return app


def answer_of(app: App) -> list[Any]:
    response = list(app.engine.journal)[-1].response
    assert isinstance(response, ModelResponse)
    return [part.model_dump() for part in response.content]


def doubled(app: App) -> App:
    history: list[Any] = [user("a"), model("You said: a"), user("b")]
    return app.ask("a").ask(*history).ask(*history, model("You said: b"), *history, user("c"))


def with_time(app: App) -> App:
    for minute in (1, 2):
        app.ask(f"It is 2026-01-01 10:0{minute}. Hi.", *([] if minute == 1 else [model("Good."), "And?"]))
    return app


BREAKING: dict[str, tuple[str, Callable[[], App], tuple[int, ...]]] = {
    "a 400 again": ("retried-in-vain", lambda: App(failing(400), failing(400)).ask("x").ask("x"), (1, 2)),
    "a 401 thrice": ("retried-in-vain", lambda: App(failing(401)).ask("x").ask("x").ask("x"), (1, 2, 3)),
    "what cannot be read again": (
        "retried-in-vain",
        lambda: App().ask("x", temperature=None, max_tokens=None, path="/v1/none").ask("x", path="/v1/none"),
        (1, 2),
    ),
    "too early": ("ignored-retry-after", lambda: App(failing(429, retry_after=5)).ask("x", wait=1).ask("x"), (1, 2)),
    "at once": ("retried-at-once", lambda: App(failing(503)).ask("x", wait=0).ask("x"), (1, 2)),
    "nine attempts": (
        "retried-too-often",
        lambda: _times(9, App(failing(500))),
        tuple(range(1, 10)),
    ),
    "a call is dropped": (
        "lost-tool-call",
        lambda: App({"content": ["Let me see.", CALL]}, "ok").ask("x").ask("x", model("Let me see."), "42"),
        (1, 2),
    ),
    "an id is changed": (
        "lost-tool-call",
        lambda: App(CALLED, "ok").ask("x").ask("x", model({**CALL, "tool_call_id": "mine"}), result("mine")),
        (1, 2),
    ),
    "a signature is dropped": (
        "lost-reasoning",
        lambda: App(SIGNED, "ok").ask("x").ask("x", model(CALL), result()),
        (1, 2),
    ),
    "a call is not answered": ("unanswered-call", lambda: App(CALLED, "ok").ask("x").ask("x", model(CALL), "y"), (2,)),
    "a result of nothing": ("result-without-call", lambda: App("ok").ask("x", model("hm"), result("c7")), (1,)),
    "a cut call is run": (
        "ran-unfinished-call",
        lambda: App({**CALLED, "finish_reason": "length"}, "ok").ask("x").ask("x", model(CALL), result()),
        (1, 2),
    ),
    "a cut text is kept": (
        "ignored-length",
        lambda: App(CUT, "ok").ask("x", max_tokens=9).ask("x", model(CUT["content"]), "Next topic?", max_tokens=9),
        (1, 2),
    ),
    "a cut text is handed on": (
        "ignored-length",
        lambda: App(CUT, "ok").ask("Write.").ask("Translate: " + CUT["content"]),
        (1, 2),
    ),
    "a refusal is kept": (
        "ignored-refusal",
        lambda: App(REFUSED, "ok").ask("x").ask("x", model(REFUSED["content"]), "Now what?"),
        (1, 2),
    ),
    "a refusal is handed on": (
        "ignored-refusal",
        lambda: App(REFUSED, "ok").ask("Write.").ask("Send this mail: " + REFUSED["content"]),
        (1, 2),
    ),
    "a cut stream is kept": (
        "took-cut-stream",
        lambda: (
            App({"reply": "One two three", "fault": {"cut_after_bytes": 9}}, "ok")
            .ask("x")
            .ask("x", model("One two"), "Go.")
        ),
        (1, 2),
    ),
    "the history stands twice": ("growing-prompt", lambda: doubled(App()), (2, 3)),
    "it only ever grows": ("growing-prompt", lambda: conversation(App(), 26, LONG), (1, 26)),
    "the time in the instructions": (
        "broken-prefix",
        lambda: App().ask("x", system_prompt="It is 10:01:07. Hi.").ask("y", system_prompt="It is 10:01:09. Hi."),
        (1, 2),
    ),
    "the time in a message": ("broken-prefix", lambda: with_time(App("Good.")), (1, 2)),
    "tools in another order": (
        "broken-prefix",
        lambda: (
            App("ok")
            .ask("x", tools=[tool("a"), tool("b")])
            .ask("x", model("ok"), "y", tools=[tool("b"), tool("a")])
        ),
        (1, 2),
    ),
    "the same at the same time": (
        "sent-twice",
        lambda: App({"reply": "slow", "fault": {"latency": 30}}).ask("x", wait=0).ask("x"),
        (1, 2),
    ),
    "a key in a URL": ("key-in-url", lambda: App("ok").ask("x", path="/v1/chat?key=abc").ask("y"), (1,)),
}  # fmt: skip


def _times(number: int, app: App) -> App:
    for _ in range(number):
        app.ask("x")
    return app


@pytest.mark.parametrize("name", BREAKING)
def test_an_app_that_breaks_a_rule_is_found(name: str) -> None:
    rule, run, exchanges = BREAKING[name]
    found = run().found()
    assert [(id, numbers) for id, _, numbers in found] == [(rule, exchanges)]


def test_every_rule_can_find_something() -> None:
    assert {rule for rule, _, _ in BREAKING.values()} == {rule.id for rule in RULES}


PROPER: dict[str, Callable[[], App]] = {
    "nothing at all": lambda: App(),
    "an error once": lambda: App(failing(400)).ask("x"),
    "another request after a 400": lambda: App(failing(400), "ok").ask("x").ask("y"),
    "another key after a 401": lambda: App(failing(401), "ok").ask("x", key="old").ask("x", key="new"),
    "a 429 waited for": lambda: App(failing(429, retry_after=5), "ok").ask("x", wait=5).ask("x"),
    "a 503 after a pause": lambda: App(failing(503), failing(503), "ok").ask("x", wait=0.5).ask("x", wait=1).ask("x"),
    "the same again much later": lambda: App(failing(400), "ok").ask("x", wait=1000).ask("x"),
    "the same twice, one after the other": lambda: App("ok").ask("x").ask("x"),
    "a cut stream asked again": lambda: (
        App({"reply": "One two", "fault": {"cut_after_bytes": 9}}, "One two")
        .ask("x", wait=0)
        .ask("x")
        .ask("x", model("One two"), "y")
    ),
    "a tool loop": lambda: App(SIGNED, "ok", "ok").ask("x").ask("x", model(*SIGNED["content"]), result()),
    "reasoning left out once its turn is over": lambda: (
        App(SIGNED, "42.", "ok")
        .ask("x")
        .ask("x", model(*SIGNED["content"]), result())
        .ask("x", model(CALL), result(), model("42."), "y")
    ),
    "tool traffic left out once its turn is over": lambda: (
        App(CALLED, "42.", "ok").ask("x").ask("x", model(CALL), result()).ask("x", model("42."), "y")
    ),
    "the answer without the spaces around it": lambda: App(" Hi. \n", "ok").ask("x").ask("x", model("Hi."), "y"),
    "two conversations that begin alike": lambda: (
        App("One.", "Two.").ask("x").ask("x").ask("x", model("Two."), "y").ask("x", model("One."), "z")
    ),
    "a history that was never here": lambda: App("ok").ask("a", model("b"), "c"),
    "a cut answer gone on with": lambda: (
        App(CUT, "ok").ask("x", max_tokens=9).ask("x", model(CUT["content"]), "Please continue.", max_tokens=9)
    ),
    "a cut answer asked again with more": lambda: App(CUT, "ok").ask("x", max_tokens=9).ask("x", max_tokens=99),
    "a refusal taken out": lambda: App(REFUSED, "ok").ask("x").ask("Something nicer."),
    "a long conversation": lambda: conversation(App(), 30),
    "the same question again and again": lambda: _same_question(App("ok")),
    "other instructions for another agent": lambda: (
        App().ask("x", system_prompt="Plan.").ask("x", system_prompt="Write it for 3 people.")
    ),
    "other tools in another phase": lambda: (
        App("ok").ask("x", tools=[tool("a")]).ask("x", model("ok"), "y", tools=[tool("b"), tool("a")])
    ),
    "the number in a question": lambda: App("Good.").ask("Task 1").ask("Task 2").ask("Task 2", model("Good."), "y"),
}  # fmt: skip


def _same_question(app: App) -> App:
    messages: list[Any] = []
    for _ in range(6):
        app.ask(*messages, "hello?")
        messages += [user("hello?"), model("ok")]
    return app


@pytest.mark.parametrize("name", PROPER)
def test_nothing_is_found_in_an_app_that_does_it_right(name: str) -> None:
    assert PROPER[name]().found() == []


def test_the_longest_wait_that_clients_obey_makes_the_difference() -> None:
    def level(seconds: float) -> list[str]:
        return [level for _, level, _ in App(failing(429, retry_after=seconds)).ask("x").ask("x").found()]

    assert (level(60), level(61)) == (["error"], ["warning"])


def test_time_that_passes_for_the_client_counts() -> None:
    app = App(failing(429, retry_after=5), "ok").ask("x", wait=0).ask("x", wait=0)
    first, second = app.engine.journal
    assert [finding.rule for finding in judge([first, second], [PLAIN]).findings] == ["ignored-retry-after"]
    assert judge([first, replace(second, arrived=first.arrived + 5)], [PLAIN]).findings == ()


def test_rules_can_be_left_out() -> None:
    app = BREAKING["a 400 again"][1]()
    assert judge(app.engine.journal, [PLAIN], ignore=["retried-in-vain"]).findings == ()
    with pytest.raises(ValueError, match="no rule retried; there are retried-in-vain, ignored-retry-after"):
        judge([], [PLAIN], ignore=["retried"])


def test_as_text() -> None:
    assert as_text(BREAKING["too early"][1]().verdict()) == (
        "verdict on 2 exchanges: 1 error, 0 warnings\n"
        "error ignored-retry-after: the 429 asked to wait 5 s, and the same request came after 1 s (#1, #2)\n"
        "    Wait for the seconds in retry-after before the next attempt. Official clients do so up to 60 s.\n"
    )
    assert as_text(judge([], [], dropped=1)) == (
        "verdict on 0 exchanges: nothing found\n1 earlier exchange had been forgotten and could not be judged\n"
    )


def test_as_json() -> None:
    told = json.loads(as_json(BREAKING["a key in a URL"][1]().verdict()))
    assert (told["ok"], told["exchanges"], told["dropped"]) == (False, 2, 0)
    assert told["findings"] == [
        {
            "rule": "key-in-url",
            "level": "error",
            "message": "a key was sent in a URL, where logs and proxies keep it",
            "exchanges": [1],
            "advice": "Send the key in the provider's header, and change one that has been in a URL.",
        }
    ]
    assert list(told["rules"]) == [rule.id for rule in RULES]


def test_as_junit_even_where_ids_are_no_xml() -> None:
    app = App("ok").ask("x", model("hm"), result("c\x00<7>"), path="/v1/chat").ask("y", system_prompt="10:01")
    app.ask("y", system_prompt="10:02")
    (suite,) = ElementTree.fromstring(as_junit(app.verdict()))  # noqa: S314 - our own
    assert suite.attrib == {
        "name": "mock-server verdict", "tests": str(len(RULES)), "failures": "1", "errors": "0",
    }  # fmt: skip
    failed = [case for case in suite if case.find("failure") is not None]
    assert [case.get("name") for case in failed] == ["result-without-call"]
    assert [case.get("name") for case in suite if case.find("system-out") is not None] == ["broken-prefix"]
    assert "c\\x00<7>" in (failed[0].findtext("failure") or "")


def test_a_thousand_exchanges_are_judged_in_time() -> None:
    """The page asks for it while an app is at work: the conversations may not be compared each with each."""
    app = App("ok")
    history = [user("a"), model("ok"), user("b"), model("ok")]
    for at in range(300):
        app.ask(*history[: at % 4 or 4], f"{at % 7}")
    steps = 0

    def count(*_: Any) -> None:
        nonlocal steps
        steps += 1

    sys.setprofile(count)
    try:
        app.verdict()
    finally:
        sys.setprofile(None)
    assert steps < 1_000_000
