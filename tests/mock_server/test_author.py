"""What is answered when nothing is scripted."""

import base64
import io
import json
import struct
import wave
import zlib
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from plain_protocol import PLAIN
from test_scenarios import CALL, HISTORY, call, result, user

from llm_sdk.codec import ModelCall
from llm_sdk.errors import InvalidInputError
from llm_sdk.types import (
    AudioPart,
    ImagePart,
    ModelResponse,
    Part,
    ReasoningPart,
    SourcePart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from mock_server.author import write_answer
from mock_server.ids import CallIds

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
GET_WEATHER = {"name": "get_weather", "parameters": CITY}
GET_TIME = {"name": "get_time", "parameters": {"type": "object", "properties": {"zone": {"enum": ["UTC", "CET"]}}}}
TOOLS = [GET_WEATHER, GET_TIME]
HELLO = {"type": "text", "text": "hello"}


def write(asked: ModelCall) -> ModelResponse:
    response, _ = written = write_answer(asked, CallIds("0", PLAIN.endpoint))
    assert write_answer(asked, CallIds("0", PLAIN.endpoint)) == written, "the same for the same input"
    return response


def text(asked: ModelCall) -> str:
    (part,) = write(asked).content
    assert isinstance(part, TextPart)
    return part.text


def calls(asked: ModelCall) -> list[tuple[str, dict[str, Any]]]:
    response = write(asked)
    found = [(part.tool_name, part.args) for part in response.content if isinstance(part, ToolCallPart)]
    assert response.finish_reason == ("tool_calls" if found else "stop")
    return found


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (call("hello"), "You said: hello"),
        (call("first", {"role": "assistant", "content": "x"}, "zwölf\u2028\n"), "You said: zwölf\u2028\n"),
        (call({"role": "user", "content": [{"type": "image", "url": "https://x.test/a.png"}]}), "You sent: image"),
        (call({"role": "assistant", "content": "x"}), "You said nothing."),
        (call(user("")), "You said nothing."),
        (call("x" * 5000), f"You said: {'x' * 2000}"),
        (call(*HISTORY, tools=TOOLS), "get_weather answered: sunny, 20 degrees"),
        (call("a", {"role": "assistant", "content": [CALL]}, result("")), "get_weather answered: "),
        (
            call("a", {"role": "assistant", "content": [CALL]}, result("sun\n\n<system-reminder>x</system-reminder>")),
            "get_weather answered: sun",
        ),
    ],
)
def test_text_quotes_the_last_message_or_tells_the_results(asked: ModelCall, expected: str) -> None:
    assert text(asked) == expected


def test_a_failed_tool_is_told_as_failed() -> None:
    failed = {**result("no such city")["content"][0], "is_error": True}
    assert text(call("a", {"role": "assistant", "content": [CALL]}, {"role": "tool", "content": [failed]})) == (
        "get_weather failed: no such city"
    )


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (call("hello", tools=TOOLS), []),
        (call("use get_time please", tools=TOOLS), ["get_time"]),
        (call("Get_Weather and get_time", tools=TOOLS), ["get_weather", "get_time"]),
        (call("get_weather and get_time", tools=TOOLS, parallel_tool_calls=False), ["get_weather"]),
        (call("my_get_time or get_times", tools=TOOLS), []),
        (call("What is the weather in Paris?", tools=TOOLS), ["get_weather"]),
        (call("The weather, and the times of sunset?", tools=TOOLS), ["get_weather", "get_time"]),
        (call("The weather, by get_time", tools=TOOLS), ["get_time"]),
        (call({"role": "user", "content": [{"type": "text", "text": "Weather"}, HELLO]}, tools=TOOLS), []),
        (call({"role": "user", "content": [HELLO, {"type": "text", "text": "Weather"}]}, tools=TOOLS), ["get_weather"]),
        (call("get_time", tools=TOOLS, tool_choice={"type": "none"}), []),
        (call("hello", tools=TOOLS, tool_choice={"type": "required"}), ["get_weather"]),
        (call("hello", tools=TOOLS, tool_choice={"type": "tool", "tool_name": "get_time"}), ["get_time"]),
        (call(*HISTORY, tools=TOOLS, tool_choice={"type": "required"}), ["get_time"]),
        (call("get_weather", {"role": "assistant", "content": [CALL]}, result("x"), tools=TOOLS), []),
        (call(*HISTORY, {"role": "assistant", "content": "sunny"}, "get_time now", tools=TOOLS), ["get_time"]),
    ],
)
def test_tools_are_called_when_they_must_be_or_are_named(asked: ModelCall, names: list[str]) -> None:
    found = calls(asked)
    assert [name for name, _ in found] == names
    schemas = {"get_weather": CITY, "get_time": GET_TIME["parameters"]}
    for name, args in found:
        Draft202012Validator(schemas[name]).validate(args)


def test_a_loop_that_always_requires_a_tool_comes_to_each() -> None:
    messages: list[Any] = ["go"]
    order = []
    for _ in range(3):
        ((name, args),) = calls(call(*messages, tools=TOOLS, tool_choice={"type": "required"}))
        order.append(name)
        made = {"type": "tool-call", "tool_call_id": "c1", "tool_name": name, "args": args}
        messages += [{"role": "assistant", "content": [made]}, result("done")]
    assert order == ["get_weather", "get_time", "get_time"]


@pytest.mark.parametrize(
    ("name", "said", "called"),
    [
        ("getStockPrice", "the stock price of ACME", True),
        ("getStockPrice", "the price of ACME", False),
        ("HTTPStatus2", "http status 2", True),
        ("list_files", "every file here", True),
        ("get_current", "get the current", False),
    ],
)
def test_a_name_consists_of_the_users_words(name: str, said: str, called: bool) -> None:
    assert bool(calls(call(said, tools=[{**GET_TIME, "name": name}]))) is called


REMINDER = "<system-reminder>\nThe tool get_time tells the time. <task>The time now.</task>\n</system-reminder>"


@pytest.mark.parametrize(
    ("content", "called", "quoted"),
    [
        (f"{REMINDER}\n\nHello", [], "Hello"),
        (f"Hello{REMINDER}, you{REMINDER}", [], "Hello, you"),
        ([{"type": "text", "text": REMINDER}, {"type": "text", "text": "Hello"}], [], "Hello"),
        ([{"type": "text", "text": "Hello"}, {"type": "text", "text": REMINDER}], [], "Hello"),
        (REMINDER, [], REMINDER),
        (f"{REMINDER} get_time", ["get_time"], None),
        ([{"type": "text", "text": "What time is it?"}, {"type": "text", "text": REMINDER}], ["get_time"], None),
        ("<environment_context>time</environment_context><question>Hi</question>", [], "<question>Hi</question>"),
        ("<system>Hello", [], "<system>Hello"),
        ("<System_Note>time</System_Note>Hello", [], "Hello"),
    ],
)
def test_what_an_app_adds_in_tags_is_not_what_the_user_asks(
    content: Any, called: list[str], quoted: str | None
) -> None:
    asked = call({"role": "user", "content": content}, tools=[GET_TIME])
    assert [name for name, _ in calls(asked)] == called
    assert quoted is None or text(asked) == f"You said: {quoted}"


def test_a_loop_that_keeps_its_calls_as_texts_comes_to_each_tool_too() -> None:
    history = ["go", {"role": "assistant", "content": "Calling tools: [get_weather]"}, "Observation: sun"]
    assert [name for name, _ in calls(call(*history, tools=TOOLS, tool_choice={"type": "required"}))] == ["get_time"]


SCHEMA = '{"type": "object", "properties": {"n": {"type": "integer", "minimum": 3}}, "required": ["n"]}'


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        (
            f"Always respond with a JSON object that's compatible with this schema:\n\n{SCHEMA}\n\nNo fences.",
            '{"n": 3}',
        ),
        (
            f'An instance of the schema {{"properties": {{}}}}. Here is the output schema:\n```\n{SCHEMA}\n```',
            '{"n": 3}',
        ),
        (f"The arguments: {SCHEMA}", "You said: x"),
        ('By the schema {"n": 1}', "You said: x"),
        ('By the schema {"n"', "You said: x"),
        ('By the schema {"enum": []}', "You said: x"),
    ],
)
def test_a_schema_may_be_told_in_the_prompt(prompt: str, expected: str) -> None:
    assert text(call("x", system_prompt=prompt)) == expected
    as_json = text(call("x", system_prompt=prompt, response_format={"type": "json", "name": "a"}))
    assert as_json == (expected if expected.startswith("{") else '{"answer": "You said: x"}')


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("{reason: string, pass: boolean, score: number}", {"reason": "reason", "pass": True, "score": 1.5}),
        ("{\n  // how many: at least one\n  n: int,\n  tags: string[],\n}\n\nGo.", {"n": 1, "tags": ["tags"]}),
        ("[\n  {\n    a: 'x' or 'y',\n  }\n]", [{"a": "x"}]),
        ("{'a': 'x' | null; \"b\"?: {c: (int or null)[]}[]}", {"a": "x", "b": [{"c": [1]}]}),
    ],
)
def test_a_shape_may_be_told_in_the_prompt(shape: str, expected: Any) -> None:
    assert json.loads(text(call(f"Answer in JSON using this schema:\n{shape}"))) == expected
    assert text(call(f"By this schema {shape}")).startswith("You said:"), "a colon announces it"


@pytest.mark.parametrize(
    "said",
    ["{a: Name}", "{a: 1}", "{a string}", "{a: int", "{}", "{a: [int}", "{a: (int]}", '{"\\x": int}', "{a:" * 100],
    ids=lambda said: said[:12],
)
def test_what_is_no_shape_is_only_quoted(said: str) -> None:
    assert text(call(f"The format: {said}")) == f"You said: The format: {said}"


def test_the_question_tells_the_schema_before_the_instructions_do() -> None:
    assert text(call(f"By this schema: {SCHEMA}", system_prompt='The schema: {"enum": [7]}')) == '{"n": 3}'


def test_json_satisfies_the_schema_that_is_asked_for() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 3}}, "required": ["n"]}
    assert json.loads(text(call("x", response_format={"type": "json", "name": "a", "schema": schema}))) == {"n": 3}
    assert json.loads(text(call("x", response_format={"type": "json", "name": "a"}))) == {"answer": "You said: x"}
    assert text(call("x", response_format={"type": "text"})) == "You said: x"


@pytest.mark.parametrize(
    ("input", "message"),
    [
        (
            {"response_format": {"type": "json", "name": "a", "schema": {"enum": []}}},
            "nothing satisfies the schema of the response format a: none of the schema's choices",
        ),
        (
            {"tools": [{"name": "t", "parameters": {"$ref": "#/x"}}], "tool_choice": {"type": "required"}},
            "nothing satisfies the parameters of the tool t: the reference #/x leads nowhere",
        ),
        (
            {"tools": [{"name": "t", "parameters": {"type": "array"}}], "tool_choice": {"type": "required"}},
            "the parameters of the tool t do not describe an object",
        ),
    ],
)
def test_a_schema_that_nothing_satisfies_is_the_callers_mistake(input: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        write(call("x", **input))
    assert message in str(caught.value)


def test_reasoning_comes_first_when_it_is_asked_for() -> None:
    thought, said = write(call("hello", reasoning={"enabled": True})).content
    assert isinstance(thought, ReasoningPart)
    assert (thought.text, said) == ("The user says: hello", TextPart(text="You said: hello"))
    assert thought.signature
    for off in ({"enabled": False}, {"effort": "none"}):
        assert text(call("hello", reasoning=off)) == "You said: hello"


def test_usage_adds_up() -> None:
    usage = write(call("hello", reasoning={"enabled": True}, system_prompt="x" * 40, tools=TOOLS)).usage
    assert usage is not None
    assert usage.output_tokens_details is not None
    assert usage.output_tokens_details.reasoning_tokens == len("The user says: hello") // 4 + 0
    assert usage.output_tokens == usage.output_tokens_details.reasoning_tokens + 4
    shorter = write(call("hello", tools=TOOLS)).usage
    assert shorter is not None
    assert usage.input_tokens - shorter.input_tokens == 10


def picture(part: Part) -> tuple[int, int, bytes]:
    """Width, height and pixels of a PNG, read as the format's specification says."""
    assert isinstance(part, ImagePart)
    assert part.data is not None
    data = base64.b64decode(part.data, validate=True)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        chunks[kind] = data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + chunks[kind])
        at += 12 + length
    width, height, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colour, [*chunks][-1]) == (8, 2, b"IEND")
    return width, height, zlib.decompress(chunks[b"IDAT"])


def test_a_picture_is_a_valid_png_of_the_size_that_it_says() -> None:
    image, said = write(call("a red square", modalities=["text", "image"])).content
    assert isinstance(image, ImagePart)
    width, height, pixels = picture(image)
    assert (width, height) == (image.width, image.height)
    assert len(pixels) == height * (1 + 3 * width)
    assert said == TextPart(text="You said: a red square")
    other = write(call("a blue one", modalities=["image"])).content[0]
    assert picture(other) != picture(image)


def test_a_search_has_its_call_its_result_and_a_text_that_cites_it() -> None:
    search = {"type": "web_search"}
    for asked in (
        call("Search for cats", tools=[search]),
        call("cats", tools=[search], tool_choice={"type": "required"}),
        call("cats", tools=[GET_TIME, search], tool_choice={"type": "tool", "tool_name": "web_search"}),
    ):
        response = write(asked)
        tool_call, tool_result, said = response.content
        assert isinstance(tool_call, ToolCallPart)
        assert isinstance(tool_result, ToolResultPart)
        assert isinstance(said, TextPart)
        assert said.citations is not None
        assert (tool_call.provider_executed, tool_result.provider_executed) == (True, True)
        assert tool_result.tool_call_id == tool_call.tool_call_id
        (source,) = tool_result.content
        (citation,) = said.citations
        assert isinstance(source, SourcePart)
        assert citation.source == source.source
        assert said.text[citation.start_index : citation.end_index] == citation.cited_text
        assert response.finish_reason == "stop"
    assert text(call("hello", tools=[search])) == "You said: hello"


@pytest.mark.parametrize(
    ("limits", "expected", "reason"),
    [
        ({"max_tokens": 3}, "You said: on", "length"),
        ({"max_tokens": 100}, "You said: one two three", "stop"),
        ({"stop": ["three", " two"]}, "You said: one", "stop"),
        ({"stop": ["absent", ""]}, "You said: one two three", "stop"),
        ({"stop": [" two"], "max_tokens": 2}, "You said", "length"),
    ],
)
def test_limits_are_kept(limits: dict[str, Any], expected: str, reason: str) -> None:
    asked = call("one two three", **limits)
    response = write(asked)
    assert (text(asked), response.finish_reason) == (expected, reason)
    assert response.usage is not None
    assert response.usage.output_tokens <= limits.get("max_tokens", 100)


def test_reasoning_counts_against_the_limit() -> None:
    response = write(call("hello", reasoning={"enabled": True}, max_tokens=2))
    assert [part.type for part in response.content] == ["reasoning"]
    assert response.finish_reason == "length"


@pytest.mark.parametrize(
    ("format", "written"), [(None, "wav"), ("wav", "wav"), ("linear16", "linear16"), ("mp3", "mp3"), ("opus", "wav")]
)
def test_audio_is_a_short_sound_and_its_words(format: str | None, written: str) -> None:
    asked = call("sing", modalities=["text", "audio"], audio={"format": format} if format else None)
    (part,) = write(asked).content
    assert isinstance(part, AudioPart)
    assert (part.format, part.transcript) == (written, "You said: sing")
    data = base64.b64decode(part.data)
    if written == "wav":
        with wave.open(io.BytesIO(data)) as read:
            assert (read.getnchannels(), read.getsampwidth(), read.getframerate(), read.getnframes()) == (
                1,
                2,
                24000,
                2400,
            )
            assert len(set(read.readframes(2400))) > 10, "it is to be heard"
    elif written == "linear16":
        assert (part.sample_rate, part.channels, len(data)) == (24000, None, 4800)
    else:
        assert [data[at : at + 2] for at in range(0, len(data), 417)] == [b"\xff\xfb"] * 5


def test_a_document_is_cited_where_it_is_quoted() -> None:
    source = {
        "type": "source",
        "source": "doc-1",
        "title": "Cats – a guide",
        "content": [{"type": "text", "text": "Cats purr."}],
    }
    (part,) = write(call({"role": "user", "content": [source, {"type": "text", "text": "Do cats purr?"}]})).content
    assert isinstance(part, TextPart)
    assert part.text == "Cats – a guide says: Cats purr."
    assert part.citations is not None
    [citation] = part.citations
    assert part.text[citation.start_index : citation.end_index] == citation.cited_text == "Cats purr."
    assert (citation.source, citation.title) == ("doc-1", "Cats – a guide")


def test_a_stop_sequence_is_told_as_why_the_answer_ends() -> None:
    stopped = write(call("one two", stop=["two", "one"]))
    assert (text(call("one two", stop=["two", "one"])), stopped.finish_reason, stopped.finish_detail) == (
        "You said: ",
        "stop",
        "stop_sequence",
    )
    assert write(call("one two", stop=["three"])).finish_detail is None


def test_a_call_that_is_longer_than_the_limit_is_none() -> None:
    asked = {"tools": TOOLS, "tool_choice": {"type": "required"}}
    assert calls(call("hi", **asked, max_tokens=40)) == [("get_weather", {"city": "city"})]
    cut = write(call("hi", **asked, max_tokens=1))
    assert (cut.content, cut.finish_reason) == ([], "length")
    assert cut.usage is not None
    assert cut.usage.output_tokens == 0


@pytest.mark.parametrize("choice", ["auto", "required"])
def test_a_tool_without_a_name_is_never_called(choice: str) -> None:
    unnamed = {"name": "", "description": "", "parameters": {"type": "object"}}
    assert calls(call("What about it?", tools=[unnamed], tool_choice={"type": choice})) == []
