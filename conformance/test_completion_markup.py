"""``completion()``: calls that a model writes into its text, in the dialects that models have for them."""

from typing import Any

from conformance.marks import over, requirement
from conformance.runs import Bench, read_all
from conformance.test_completion_tools import WEATHER, brief, error, told
from conformance.verdict import Verdict

FRAME_LIMIT = 1_048_576


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
