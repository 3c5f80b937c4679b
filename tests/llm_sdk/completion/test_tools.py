"""Tools in every form: what the model is shown of them, and which of its calls are calls."""

import asyncio
import dataclasses
import enum
import json
import typing
from typing import Annotated, Any, Literal

import pytest
import typing_extensions
from pydantic import BaseModel, Field

from completion.scripted import CALLED, HELLO, WEATHER, ScriptedModel, call, start, text
from llm_sdk.completion import CompletionTool, acompletion, completion, tool
from llm_sdk.completion.tools import read_tools
from llm_sdk.errors import InvalidInputError
from llm_sdk.types import Tool, WebSearchTool

pytestmark = pytest.mark.anyio


class Units(enum.StrEnum):
    celsius = "c"
    fahrenheit = "f"


class Place(BaseModel):
    city: str
    country: str | None = None


class Forecast(BaseModel):
    """The forecast for a place."""

    place: Place
    days: Annotated[int, Field(ge=1, le=14)] = 1
    units: Units = Units.celsius
    tags: list[str] = []


@dataclasses.dataclass
class Wind:
    city: str
    knots: bool = False


class Tide(typing.TypedDict):
    """When the water is high."""

    harbour: str
    day: typing.NotRequired[int]


class ModernTide(typing_extensions.TypedDict):
    harbour: str


def add(a: int, b: Annotated[int, Field(description="the other one")] = 1) -> int:
    """Add two numbers."""
    return a + b


async def slow_add(a: int, b: int = 1) -> int:
    """Add two numbers in a while."""
    await asyncio.sleep(0)
    return a + b


SCHEMA = WEATHER["parameters"]
FORMS: dict[str, Any] = {
    "dictionary": WEATHER,
    "with type": {"type": "function", **WEATHER},
    "OpenAI's": {"type": "function", "function": WEATHER},
    "tool": CompletionTool("get_weather", "The weather.", SCHEMA),
    "unified": Tool(name="get_weather", description="The weather.", parameters=SCHEMA),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_json_schema_is_shown_as_it_is(form: str) -> None:
    (shown,) = read_tools([FORMS[form]]).options
    assert shown == Tool(name="get_weather", description="The weather.", parameters=SCHEMA)


def test_a_class_is_shown_with_all_that_it_says() -> None:
    (shown,) = read_tools([Forecast]).options
    assert isinstance(shown, Tool)
    assert (shown.name, shown.description) == ("Forecast", "The forecast for a place.")
    assert shown.parameters == Forecast.model_json_schema()
    assert shown.parameters["properties"]["units"]["default"] == "c"
    assert shown.parameters["$defs"]["Place"]["required"] == ["city"]


@pytest.mark.parametrize(
    ("given", "name", "description", "properties", "required"),
    [
        (Wind, "Wind", "", {"city": "string", "knots": "boolean"}, ["city"]),
        (Tide, "Tide", "When the water is high.", {"harbour": "string", "day": "integer"}, ["harbour"]),
        (ModernTide, "ModernTide", "", {"harbour": "string"}, ["harbour"]),
        (add, "add", "Add two numbers.", {"a": "integer", "b": "integer"}, ["a"]),
    ],
)
def test_other_forms_are_shown_as_their_schema(
    given: Any, name: str, description: str, properties: dict[str, str], required: list[str]
) -> None:
    (shown,) = read_tools([given]).options
    assert isinstance(shown, Tool)
    assert (shown.name, shown.description) == (name, description)
    assert {key: value["type"] for key, value in shown.parameters["properties"].items()} == properties
    assert shown.parameters["required"] == required


def test_a_tool_without_parameters_and_a_hosted_one() -> None:
    options = read_tools([{"name": "ping"}, {"type": "web_search", "max_uses": 1}]).options
    assert options == [
        Tool(name="ping", parameters={"type": "object", "properties": {}}),
        WebSearchTool(max_uses=1),
    ]


def test_what_a_tool_is_decorated_with() -> None:
    made = tool(add, name="plus", description="Sums.")
    assert (made.name, made.description, made.handler) == ("plus", "Sums.", add)


def positional(a: int, /) -> None: ...


def gathering(*numbers: int) -> None: ...


def strange(socket: type[asyncio.Event]) -> None: ...


def wild(what: asyncio.Event) -> None: ...


REFUSED: dict[str, tuple[Any, str]] = {
    "nothing": (None, "tools[0]: a tool, its dictionary, a class or a function is needed, not None"),
    "a number": (3, "tools[0]: a tool, its dictionary, a class or a function is needed, not 3"),
    "no name": ({"description": "x"}, "tools[0]: a tool needs a name"),
    "an empty name": ({"name": ""}, "tools[0].name: '' is not the name of a tool"),
    "an unknown key": ({"name": "f", "schema": {}}, "tools[0]: a tool has no 'schema'; it has description, handler,"),
    "no schema": ({"name": "f", "parameters": {"type": "objekt"}}, "tools[0].parameters.type: not a JSON Schema:"),
    "no object": (
        {"name": "f", "parameters": {"type": "string"}},
        "tools[0].parameters.type: the parameters of a tool",
    ),
    "not JSON": ({"name": "f", "parameters": {"default": {1}}}, "tools[0].parameters: default: a value of type set"),
    "a list": (CompletionTool("f", parameters=[Place]), "tools[0].parameters: a pydantic model, a dataclass,"),
    "a type that is no object": (CompletionTool("f", parameters=int), "tools[0].parameters: a pydantic model,"),
    "a lost reference": (
        {"name": "f", "parameters": {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}}},
        "tools[0].parameters: the reference '#/$defs/A' leads nowhere",
    ),
    "a reference to the network": (
        {"name": "f", "parameters": {"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:9/a.json"}}}},
        "tools[0].parameters: the reference 'http://127.0.0.1:9/a.json' leads nowhere",
    ),
    "positional": (positional, "tools[0]: the function 'positional' takes a: int, which cannot be given by name"),
    "any number": (gathering, "tools[0]: the function 'gathering' takes *numbers: int, which cannot be given by name"),
    "no schema of a type": (wild, "tools[0]: the function 'wild': wild has no JSON Schema: Unable to generate"),
    "a handler": ({"name": "f", "handler": "x"}, "tools[0].handler: a handler is a function"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_tool_is_refused_at_once(name: str) -> None:
    given, message = REFUSED[name]
    with pytest.raises(InvalidInputError) as raised:
        read_tools([given])
    assert str(raised.value).startswith(message)


RECURSIVE = {
    "type": "object",
    "properties": {"tree": {"$ref": "#/$defs/node"}},
    "$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}, "required": ["value"]}},
}
NESTED = {"name": "nested", "parameters": RECURSIVE}
CLOSED = {
    "name": "closed",
    "parameters": {"type": "object", "properties": {}, "additionalProperties": False},
}
TWO = {"name": "two", "parameters": {"type": "object", "required": ["a", "b"], "properties": {"a": {"minimum": 1}}}}
NULLABLE = {"name": "nullable", "parameters": {"type": "object", "properties": {"a": {"type": ["string", "null"]}}}}

# The arguments of a call of one of these tools, and the code and message of the error; no message for a call.
JUDGED: list[tuple[Any, str, Any, tuple[str, str] | None]] = [
    (WEATHER, "get_weather", {"city": "Paris"}, None),
    (WEATHER, "get_weather", {"city": "Paris", "units": "c", "more": 1}, None),
    (WEATHER, "nope", {}, ("UNKNOWN_TOOL", 'Tool "nope" not found in available tools')),
    (WEATHER, "", {}, ("UNKNOWN_TOOL", 'Tool "" not found in available tools')),
    (WEATHER, "get_weather", {}, ("VALIDATION_ERROR", 'Missing required parameter "city" for tool "get_weather"')),
    (
        WEATHER,
        "get_weather",
        {"units": 3},
        ("VALIDATION_ERROR", 'Missing required parameter "city" for tool "get_weather"'),
    ),
    (TWO, "two", {"a": 0, "b": 1}, ("VALIDATION_ERROR", 'Invalid parameter "a" for tool "two": 0 is less than the')),
    (TWO, "two", {"a": 0}, ("VALIDATION_ERROR", 'Missing required parameter "b" for tool "two"')),
    (TWO, "two", {}, ("VALIDATION_ERROR", 'Missing required parameter "a" for tool "two"')),
    (
        WEATHER,
        "get_weather",
        {"city": 3},
        ("VALIDATION_ERROR", 'Invalid parameter "city" for tool "get_weather": 3 is not of type \'string\''),
    ),
    (
        WEATHER,
        "get_weather",
        {"city": None},
        ("VALIDATION_ERROR", 'Invalid parameter "city" for tool "get_weather": None is not of type \'string\''),
    ),
    (
        WEATHER,
        "get_weather",
        {"city": "Paris", "units": "kelvin"},
        ("VALIDATION_ERROR", "Invalid parameter \"units\" for tool \"get_weather\": 'kelvin' is not one of ['c', 'f']"),
    ),
    (CLOSED, "closed", {}, None),
    (
        CLOSED,
        "closed",
        {"a": 1},
        ("VALIDATION_ERROR", 'Invalid parameters for tool "closed": Additional properties are not allowed'),
    ),
    (NESTED, "nested", {"tree": {"value": 1, "next": {"value": 2}}}, None),
    (
        NESTED,
        "nested",
        {"tree": {"value": 1, "next": {}}},
        ("VALIDATION_ERROR", 'Missing required parameter "tree.next.value" for tool "nested"'),
    ),
    (NULLABLE, "nullable", {"a": None}, None),
    (Forecast, "Forecast", {"place": {"city": "Paris"}, "units": "f"}, None),
    (Forecast, "Forecast", {}, ("VALIDATION_ERROR", 'Missing required parameter "place" for tool "Forecast"')),
    (
        Forecast,
        "Forecast",
        {"place": {}},
        ("VALIDATION_ERROR", 'Missing required parameter "place.city" for tool "Forecast"'),
    ),
    (
        Forecast,
        "Forecast",
        {"place": {"city": "x"}, "days": "3"},
        ("VALIDATION_ERROR", 'Invalid parameter "days" for tool "Forecast": Input should be a valid integer'),
    ),
    (
        Forecast,
        "Forecast",
        {"place": {"city": "x"}, "days": 15},
        ("VALIDATION_ERROR", 'Invalid parameter "days" for tool "Forecast": Input should be less than or equal to 14'),
    ),
    (
        Forecast,
        "Forecast",
        {"place": {"city": "x"}, "tags": ["a", 3]},
        ("VALIDATION_ERROR", 'Invalid parameter "tags[1]" for tool "Forecast": Input should be a valid string'),
    ),
    (Wind, "Wind", {"city": "Brest", "knots": True}, None),
    (Wind, "Wind", {"knots": True}, ("VALIDATION_ERROR", 'Missing required parameter "city" for tool "Wind"')),
    (Tide, "Tide", {"harbour": "Brest", "day": 1}, None),
    (Tide, "Tide", {"harbour": "Brest", "day": "1"}, ("VALIDATION_ERROR", 'Invalid parameter "day" for tool "Tide":')),
    (add, "add", {"a": 1}, None),
    (add, "add", {"a": 1, "c": 1}, ("VALIDATION_ERROR", 'Invalid parameter "c" for tool "add": Extra inputs are not')),
]


@pytest.mark.parametrize("row", JUDGED, ids=lambda row: f"{row[1]}-{json.dumps(row[2])}")
async def test_arguments_are_judged(row: tuple[Any, str, Any, tuple[str, str] | None]) -> None:
    given, name, arguments, refused = row
    raw = json.dumps(arguments)
    final = await start(call(1, raw, "call_1", name), CALLED, tools=[given]).final
    if refused is None:
        (made,) = final.tool_calls
        assert (made.id, made.name, made.arguments, made.raw) == ("call_1", name, arguments, raw)
        assert final.tool_errors == []
        return
    (error,) = final.tool_errors
    assert final.tool_calls == []
    assert (error.code, error.message[: len(refused[1])]) == refused
    assert (error.raw, error.id, error.name) == (raw, "call_1", name)
    assert set(error.model_dump()) == {"code", "message", "raw"}


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (
            '{"city":',
            "the arguments of tool 'get_weather' are not JSON (EOF while parsing a value at line 1 column 8): "
            '{"city":',
        ),
        ("[]", "the arguments of tool 'get_weather' are not a JSON object: []"),
        ("null", "the arguments of tool 'get_weather' are not a JSON object: null"),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
async def test_arguments_that_are_no_object(raw: str, message: str, stream: bool) -> None:
    run = start(*text("a"), call(1, raw, "call_1", "get_weather"), CALLED, tools=[WEATHER], stream=stream)
    (error,) = (await run.final).tool_errors
    assert error.model_dump() == {"code": "PARSE_ERROR", "message": message, "raw": raw}
    assert await run.tool_calls == []
    if stream:
        assert [event.error async for event in run.tool_call_stream] == [error]
    else:
        assert (await run.final).warnings == [
            "tool-call: of an answer with malformed arguments only a stream tells the rest"
        ]


async def test_no_arguments_are_an_empty_object() -> None:
    for args in (None, "", "{}"):
        (made,) = await start(call(1, args, "x", "ping"), CALLED, tools=[{"name": "ping"}]).tool_calls
        assert (made.arguments, made.raw) == ({}, args or "")


async def test_good_and_bad_calls_keep_their_order() -> None:
    run = start(
        call(1, "{}", "a", "get_weather"),
        call(2, '{"city":"x"}', "b", "get_weather"),
        call(3, "{", "c", "get_weather"),
        call(4, "{}", "d", "nope"),
        call(5, '{"city":"y"}', "e", "get_weather"),
        CALLED,
        tools=[WEATHER],
    )
    told = [getattr(event, "call", None) or event.error async for event in run.tool_call_stream]
    assert [(found.id, getattr(found, "code", "")) for found in told] == [
        ("a", "VALIDATION_ERROR"),
        ("b", ""),
        (None, "PARSE_ERROR"),
        ("d", "UNKNOWN_TOOL"),
        ("e", ""),
    ]
    assert [made.id for made in await run.tool_calls] == ["b", "e"]
    assert [part["tool_call_id"] for part in (await run.final).message.model_dump()["content"]] == ["a", "b", "d", "e"]


async def test_identical_calls_stay_two_and_ids_are_the_same_everywhere() -> None:
    same = [call(index, '{"city":"x"}', id, "get_weather") for index, id in ((1, "a"), (2, "b"))]
    run = start(*same, CALLED, tools=[WEATHER])
    assert [made.id for made in await run.tool_calls] == ["a", "b"]
    assert [event.call.id async for event in run.tool_call_stream] == ["a", "b"]
    assert [event.call.id async for event in run.events if event.type == "toolCall"] == ["a", "b"]


async def test_calls_that_come_at_once_are_told_in_their_order() -> None:
    run = start(
        call(1, '{"city":', "a", "get_weather"),
        call(2, '{"city":"y"}', "b", "get_weather"),
        call(1, '"x"}'),
        CALLED,
        tools=[WEATHER],
    )
    assert [made.arguments for made in await run.tool_calls] == [{"city": "x"}, {"city": "y"}]


async def test_a_call_is_told_as_soon_as_something_else_begins() -> None:
    held = asyncio.Event()
    steps = [call(1, '{"city":"x"}', "a", "get_weather"), *text("b", index=2), held, CALLED]
    run = start(*steps, tools=[WEATHER])
    async for event in run.tool_call_stream:
        assert event.type == "toolCall"
        assert not run.is_settled
        held.set()
    assert await run.text == "b"


async def test_a_hosted_call_is_nobodys_to_run() -> None:
    hosted = call(1, '{"query":"x"}', "a", "web_search")
    part = hosted.delta.part.model_copy(update={"provider_executed": True})
    step = hosted.model_copy(update={"delta": hosted.delta.model_copy(update={"part": part})})
    final = await start(step, *text("b", index=2), CALLED, tools=[{"type": "web_search"}]).final
    assert (final.tool_calls, final.tool_errors) == ([], [])
    assert final.response.content[0].type == "tool-call"


async def test_parsed_is_the_tools_own_type() -> None:
    cases = [
        (Forecast, {"place": {"city": "x"}}, Forecast(place=Place(city="x"))),
        (Wind, {"city": "x"}, Wind("x")),
        (Tide, {"harbour": "x"}, {"harbour": "x"}),
        (WEATHER, {"city": "x"}, {"city": "x"}),
    ]
    for given, arguments, parsed in cases:
        name = given["name"] if isinstance(given, dict) else given.__name__
        (made,) = await start(call(1, json.dumps(arguments), "a", name), CALLED, tools=[given]).tool_calls
        assert (made.parsed, made.arguments) == (parsed, arguments)


@pytest.mark.parametrize(
    ("given", "name", "arguments", "result"),
    [
        (add, "add", {"a": 1, "b": 2}, 3),
        (slow_add, "slow_add", {"a": 1}, 2),
        (CompletionTool("wind", parameters=Wind, handler=lambda wind: wind.city), "wind", {"city": "x"}, "x"),
        ({**WEATHER, "handler": lambda arguments: arguments["city"]}, "get_weather", {"city": "x"}, "x"),
    ],
    ids=["function", "asynchronous", "class", "dictionary"],
)
async def test_invoke_runs_the_handler(given: Any, name: str, arguments: Any, result: Any) -> None:
    model = ScriptedModel(call(1, json.dumps(arguments), "a", name), CALLED)
    (made,) = await acompletion(model=model, history=HELLO, tools=[given]).tool_calls
    assert made.has_handler
    assert await made.invoke() == result
    (plain,) = completion(model=model, history=HELLO, tools=[given]).tool_calls
    assert plain.invoke() == result


async def test_a_call_without_a_handler_cannot_be_invoked() -> None:
    (made,) = await start(call(1, '{"city":"x"}', "a", "get_weather"), CALLED, tools=[WEATHER]).tool_calls
    assert not made.has_handler
    with pytest.raises(InvalidInputError, match="the tool 'get_weather' has no handler"):
        made.invoke()


async def test_a_handler_may_fail() -> None:
    def fail(kind: Literal["loud"]) -> None:
        raise RuntimeError(kind)

    (made,) = await start(call(1, '{"kind":"loud"}', "a", "fail"), CALLED, tools=[fail]).tool_calls
    with pytest.raises(RuntimeError, match="loud"):
        await made.invoke()


async def test_the_model_is_shown_the_tools() -> None:
    model = ScriptedModel(CALLED)
    await acompletion(model=model, history=HELLO, tools=[WEATHER, add]).final
    assert [getattr(shown, "name", "") for shown in model.inputs[0].tools or ()] == ["get_weather", "add"]
    await acompletion(model=model, history=HELLO).final
    assert model.inputs[1].tools is None
