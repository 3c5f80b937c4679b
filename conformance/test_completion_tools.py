"""``completion()``: which calls are calls, what is told of those that are none, and what is found in a text."""

import json
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from conformance.marks import over, requirement
from conformance.runs import Bench, RunsOf, caught, read_all
from conformance.subject import Subject
from conformance.verdict import Verdict
from llm_sdk.types import JsonObject
from mock_server import tool_call

WEATHER = {
    "name": "get_weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "units": {"enum": ["c", "f"]}},
        "required": ["city"],
    },
}
FRAME_LIMIT = 1_048_576


@dataclass
class Wind:
    """The wind in a place."""

    city: str
    units: Literal["knots", "km/h"] = "knots"


class Place(BaseModel):
    """A place."""

    city: str


class Trip(BaseModel):
    """A way from place to place."""

    stops: list[Place]
    days: int = 1


def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


@pytest.fixture
def bench(runs: RunsOf, subject: Subject) -> Bench:  # noqa: ARG001 - it says with which provider
    """Where runs are started."""
    return Bench(subject)


def told(bench: Bench, **options: Any) -> JsonObject:
    """What a run tells: its text, and its calls and errors in their order."""

    async def check() -> JsonObject:
        run = bench.start(**{"tools": [WEATHER], **options})
        events, failed = await read_all(run.tool_call_stream)
        final = await run.final
        calls = [event.model_dump() for event in events]
        return {"text": final.content_text, "thinking": final.thinking_text, "calls": calls, "failed": failed}

    return bench.run(check())


def error(code: str, message: str) -> JsonObject:
    return {"code": code, "message": message}


def brief(event: JsonObject) -> Any:
    """An event without what the model wrote and the id."""
    if "call" in event:
        return [event["call"]["name"], event["call"]["arguments"]]
    return {key: value for key, value in event["error"].items() if key != "raw"}


@requirement("COMPL-14")
@over("runs with tools")
def test_ids(bench: Bench, verdict: Verdict) -> None:
    bench.reply(*(tool_call("get_weather", {"city": "Paris"}) for _ in range(2)))

    async def check() -> list[list[str]]:
        run = bench.start(tools=[WEATHER])
        streamed, _ = await read_all(run.tool_call_stream)
        events, _ = await read_all(run.events)
        final = await run.final
        return [
            [event.call.id for event in streamed],
            [event.call.id for event in events if event.type == "toolCall"],
            [call.id for call in await run.tool_calls],
            [call.id for call in final.tool_calls],
            [part.tool_call_id for part in final.message.content if part.type == "tool-call"],
        ]

    streamed, *others = bench.run(check())
    verdict.equal(2, len(set(streamed)), "two calls with ids of their own")
    verdict.equal([streamed] * 4, others, "the same ids on every surface")


# The form of a tool, the call, and the error that it is; no error for a call.
JUDGED: list[tuple[str, Any, str, JsonObject, JsonObject | None]] = [
    ("COMPL-15", WEATHER, "nope", {}, error("UNKNOWN_TOOL", 'Tool "nope" not found in available tools')),
    (
        "COMPL-16",
        WEATHER,
        "get_weather",
        {"units": "x"},
        error("VALIDATION_ERROR", 'Missing required parameter "city" for tool "get_weather"'),
    ),
    (
        "COMPL-16",
        Trip,
        "Trip",
        {"stops": [{}]},
        error("VALIDATION_ERROR", 'Missing required parameter "stops[0].city" for tool "Trip"'),
    ),
    (
        "COMPL-17",
        WEATHER,
        "get_weather",
        {"city": 3},
        error("VALIDATION_ERROR", 'Invalid parameter "city" for tool "get_weather": 3 is not of type \'string\''),
    ),
    (
        "COMPL-17",
        WEATHER,
        "get_weather",
        {"city": None},
        error("VALIDATION_ERROR", 'Invalid parameter "city" for tool "get_weather": None is not of type \'string\''),
    ),
    (
        "COMPL-17",
        WEATHER,
        "get_weather",
        {"city": "x", "units": "k"},
        error("VALIDATION_ERROR", "Invalid parameter \"units\" for tool \"get_weather\": 'k' is not one of ['c', 'f']"),
    ),
    (
        "COMPL-17",
        Trip,
        "Trip",
        {"stops": [], "days": "3"},
        error("VALIDATION_ERROR", 'Invalid parameter "days" for tool "Trip": Input should be a valid integer'),
    ),
    (
        "COMPL-17",
        Wind,
        "Wind",
        {"city": "x", "units": "mph"},
        error("VALIDATION_ERROR", "Invalid parameter \"units\" for tool \"Wind\": Input should be 'knots' or 'km/h'"),
    ),
    (
        "COMPL-17",
        add,
        "add",
        {"a": 1, "c": 1},
        error("VALIDATION_ERROR", 'Invalid parameter "c" for tool "add": Extra inputs are not permitted'),
    ),
    ("COMPL-18", WEATHER, "get_weather", {"city": "x", "days": 3}, None),
    ("COMPL-18", Trip, "Trip", {"stops": [{"city": "x"}]}, None),
    ("COMPL-18", Wind, "Wind", {"city": "x"}, None),
    ("COMPL-18", add, "add", {"a": 1}, None),
]


def check_judged(bench: Bench, verdict: Verdict) -> None:
    """The rows of the requirement that a check proves."""
    wanted = {found.id for found in verdict.requirements}
    for id, given, name, arguments, expected in JUDGED:
        if id in wanted:
            bench.reply(tool_call(name, arguments))
            found = [brief(event) for event in told(bench, tools=[given])["calls"]]
            verdict.equal([expected or [name, arguments]], found, f"of a call of {name} with {json.dumps(arguments)}")


@requirement("COMPL-15")
@over("runs with tools")
def test_unknown_tools(bench: Bench, verdict: Verdict) -> None:
    check_judged(bench, verdict)


@requirement("COMPL-16")
@over("runs with tools")
def test_missing_arguments(bench: Bench, verdict: Verdict) -> None:
    check_judged(bench, verdict)


@requirement("COMPL-17")
@over("runs with tools")
def test_wrong_arguments(bench: Bench, verdict: Verdict) -> None:
    check_judged(bench, verdict)


@requirement("COMPL-18")
@over("runs with tools")
def test_arguments_that_satisfy_the_tool(bench: Bench, verdict: Verdict) -> None:
    check_judged(bench, verdict)
    bench.reply(tool_call("Trip", {"stops": [{"city": "x"}]}), tool_call("add", {"a": 1, "b": 2}))

    async def check() -> tuple[Any, Any, Exception | None]:
        trip, sum = await bench.start(tools=[Trip, add]).tool_calls
        return trip.parsed, await sum.invoke(), await caught(_invoke(trip))

    parsed, result, failed = bench.run(check())
    verdict.true(parsed == Trip(stops=[Place(city="x")]), "the tool's own type", f"{parsed!r}")
    verdict.equal(3, result, "what the handler returns")
    verdict.true(failed is not None, "an error for a tool without a handler", "none")


async def _invoke(call: Any) -> Any:
    return await call.invoke()


@requirement("COMPL-19")
@over("runs with tools")
def test_good_and_bad_calls(bench: Bench, verdict: Verdict) -> None:
    bench.reply(tool_call("nope"), tool_call("get_weather", {"city": "x"}), tool_call("get_weather"))

    async def check() -> Any:
        run = bench.start(tools=[WEATHER])
        final = await run.final
        return await run.tool_calls, [found.code for found in final.tool_errors]

    calls, codes = bench.run(check())
    verdict.equal(["get_weather"], [call.name for call in calls], "the one call that can be made")
    verdict.equal(["UNKNOWN_TOOL", "VALIDATION_ERROR"], codes, "the errors")
    order = [event["type"] for event in told(bench)["calls"]]
    verdict.equal(["toolCallError", "toolCall", "toolCallError"], order, "their order")


def framed(inner: str) -> str:
    return f"<tool_call>{inner}</tool_call>"


CALL = '{"name": "get_weather", "arguments": {"city": "Paris"}}'
PARIS: Any = ["get_weather", {"city": "Paris"}]
HARMONY = "<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>"
PARSE = "PARSE_ERROR"
THOUGHT = "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant"


def qwen(key: str, value: str) -> str:
    return framed(f"<function=get_weather><parameter={key}>{value}</parameter></function>")


# Requirement, dialect, what the model writes, the text that is told, and the calls and errors.
WRITTEN: list[tuple[str, str, str, str, list[Any]]] = [
    ("COMPL-20", "hermes", f"So. {framed(CALL)}\n{framed(CALL)}", "So. ", [PARIS, PARIS]),
    ("COMPL-20", "hermes", f"<tool_call>{CALL}", "", [PARIS]),
    (
        "COMPL-20",
        "hermes",
        framed("{x"),
        framed("{x"),
        [error(PARSE, "Failed to parse Hermes tool call: key must be a string at line 1 column 2")],
    ),
    ("COMPL-20", "hermes", framed("[]"), framed("[]"), [error(PARSE, "Hermes tool call is missing name/arguments")]),
    ("COMPL-20", "hermes", framed(" "), framed(" "), [error(PARSE, "Empty tool_call frame")]),
    (
        "COMPL-20",
        "hermes",
        '<tool_call>{"name"',
        '<tool_call>{"name"',
        [error(PARSE, "Incomplete tool call frame at stream end")],
    ),
    ("COMPL-21", "json", CALL, "", [PARIS]),
    ("COMPL-21", "json", f'{{"tool_calls": [{CALL}, {CALL}]}}', "", [PARIS, PARIS]),
    (
        "COMPL-21",
        "json",
        '{"tool_calls": [1]}',
        '{"tool_calls": [1]}',
        [error(PARSE, "tool_calls entry is missing name/arguments")],
    ),
    ("COMPL-21", "json", '{"city": "Paris"}', '{"city": "Paris"}', []),
    ("COMPL-22", "pythonic", '[get_weather(city="Paris"), get_weather(city=Paris)]', "", [PARIS, PARIS]),
    ("COMPL-22", "pythonic", "a <|tool_call_start|>[get_weather(city='Paris')]<|tool_call_end|>", "a ", [PARIS]),
    (
        "COMPL-22",
        "pythonic",
        "[get_weather(3)]",
        "[get_weather(3)]",
        [
            error(
                PARSE,
                "Failed to parse Pythonic tool call list: expected an argument such as name=value at character 13",
            )
        ],
    ),
    ("COMPL-22", "pythonic", "[1] says so.", "[1] says so.", []),
    ("COMPL-23", "harmony", f'{THOUGHT}{HARMONY}{{"city":"Paris"}}<|call|>', "", [PARIS]),
    ("COMPL-23", "harmony", f"{THOUGHT}<|channel|>final<|message|>Sunny.<|return|>", "Sunny.", []),
    (
        "COMPL-23",
        "harmony",
        f"{HARMONY}{{<|call|>",
        f"{HARMONY}{{<|call|>",
        [
            error(
                PARSE,
                "Failed to parse Harmony tool call JSON for get_weather: "
                "EOF while parsing an object at line 1 column 1",
            )
        ],
    ),
    (
        "COMPL-23",
        "harmony",
        f"{HARMONY}[]<|call|>",
        f"{HARMONY}[]<|call|>",
        [error(PARSE, "Harmony tool call payload for get_weather is not a JSON object")],
    ),
    ("COMPL-24", "qwen", qwen("city", "Paris"), "", [PARIS]),
    ("COMPL-24", "qwen", framed(CALL), "", [PARIS]),
    (
        "COMPL-24",
        "qwen",
        qwen("days", "x"),
        qwen("days", "x"),
        [
            error(
                PARSE,
                'Failed to parse Qwen3.5 parameter "days" of "get_weather": invalid integer value: "x"',
            )
        ],
    ),
    (
        "COMPL-24",
        "qwen",
        framed("<x>"),
        framed("<x>"),
        [error(PARSE, "Qwen3.5 tool call missing <function=NAME>...</function>")],
    ),
]


def check_written(bench: Bench, verdict: Verdict) -> None:
    """The rows of the requirement that a check proves."""
    wanted = {found.id for found in verdict.requirements}
    for id, dialect, written, text, calls in WRITTEN:
        if id in wanted:
            bench.write(written)
            found = told(bench, tool_dialect=dialect)
            expected = {"text": text, "calls": calls}
            got = {"text": found["text"], "calls": [brief(event) for event in found["calls"]]}
            verdict.equal(expected, got, f"of {written}")


@requirement("COMPL-20")
@over("runs with tools")
def test_hermes(bench: Bench, verdict: Verdict) -> None:
    check_written(bench, verdict)


@requirement("COMPL-21")
@over("runs with tools")
def test_json(bench: Bench, verdict: Verdict) -> None:
    check_written(bench, verdict)


@requirement("COMPL-22")
@over("runs with tools")
def test_pythonic(bench: Bench, verdict: Verdict) -> None:
    check_written(bench, verdict)


@requirement("COMPL-23")
@over("runs with tools")
def test_harmony(bench: Bench, verdict: Verdict) -> None:
    check_written(bench, verdict)


@requirement("COMPL-24")
@over("runs with tools")
def test_qwen(bench: Bench, verdict: Verdict) -> None:
    check_written(bench, verdict)


@requirement("COMPL-25", "COMPL-26")
@over("runs with tools")
def test_cuts_change_nothing(bench: Bench, verdict: Verdict) -> None:
    written = f"Look: {framed('{x')} and {framed(CALL)}"

    async def check() -> tuple[list[Any], str]:
        run = bench.start(tools=[WEATHER], tool_dialect="hermes")
        events, _ = await read_all(run.events)
        order: list[Any] = []
        for event in events[:-2]:
            if event.type != "contentDelta":
                order.append(event.model_dump(exclude={"seq"}))
            elif order and isinstance(order[-1], str):
                order[-1] += event.text
            else:
                order.append(event.text)
        return order, await run.text

    found = []
    for cut in ("whole", "word", "char"):
        bench.write(written, cut)
        found.append(bench.run(check()))
    verdict.equal([found[0]] * 2, found[1:], "the same events however the text is cut")
    order, text = found[0]
    kinds = [item if isinstance(item, str) else item["type"] for item in order]
    verdict.equal(["Look: ", "toolCallError", f"{framed('{x')} and ", "toolCall"], kinds, "the error, then its markup")
    verdict.equal(f"Look: {framed('{x')} and ", text, "no markup of a call that was made")


@requirement("COMPL-27")
@over("runs with tools")
def test_markup_that_is_text(bench: Bench, verdict: Verdict) -> None:
    bench.write(framed(CALL))
    verdict.equal(framed(CALL), told(bench, tools=None, tool_dialect="hermes")["text"], "the text, without tools")
    verdict.equal(framed(CALL), told(bench)["text"], "the text, without a dialect")
    bench.write(f"<think>{framed(CALL)}</think>So.")
    found = told(bench, tool_dialect="hermes", capture_thinking=True)
    verdict.equal({"text": "So.", "thinking": framed(CALL), "calls": [], "failed": None}, found, "no call in thinking")
    found = told(bench, tool_dialect="hermes")
    verdict.equal(f"<think>{framed(CALL)}</think>So.", found["text"], "thinking as text where it is not asked for")
    verdict.equal([], found["calls"], "no call in thinking")


@requirement("COMPL-28")
@over("runs with tools")
def test_a_frame_without_end(bench: Bench, verdict: Verdict) -> None:
    bench.write("<tool_call>" + "x" * (FRAME_LIMIT + 20), "whole")
    found = told(bench, tool_dialect="hermes")
    message = "Tool call frame exceeded 1048576 characters without a close marker"
    verdict.equal([error(PARSE, message)], [brief(event) for event in found["calls"]], "the error")
    verdict.equal(FRAME_LIMIT + 31, len(found["text"]), "all of its text")
