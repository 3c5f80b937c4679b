"""``completion()``: which calls are calls, and what is told of those that are none."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from conformance.marks import over, requirement
from conformance.runs import Bench, caught, read_all
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
