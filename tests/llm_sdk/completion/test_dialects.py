"""What each dialect finds in a text, and that it does not depend on how the text is cut."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_sdk.completion.dialects import DIALECTS, Found, Item, Malformed, Text, Thought, new_parser
from llm_sdk.completion.dialects.scanner import FRAME_LIMIT
from llm_sdk.testing import fragments

SCHEMAS: dict[str, dict[str, Any]] = {
    "f": {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer"},
            "size": {"type": "number"},
            "dry": {"type": "boolean"},
            "tags": {"type": "array"},
            "either": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "units": {"enum": ["c", "f"]},
        },
    }
}
CALL = '{"name": "f", "arguments": {"city": "Paris"}}'
PARIS = {"city": "Paris"}


def read(dialect: str, *pieces: str, capture: bool = False, tools: bool = True) -> list[Item]:
    """The items of a text that comes in these pieces, with adjacent texts joined."""
    parser = new_parser(dialect, SCHEMAS.get, has_tools=tools, capture_thinking=capture)
    if parser is None:
        return [Text("".join(pieces))]
    items = [item for piece in pieces for item in parser.feed(piece)] + parser.close()
    joined: list[Item] = []
    for item in items:
        last = joined[-1] if joined else None
        if isinstance(item, Text | Thought) and isinstance(last, type(item)):
            joined[-1] = type(item)(last.text + item.text)
        else:
            joined.append(item)
    return joined


def framed(inner: str) -> str:
    return f"<tool_call>\n{inner}\n</tool_call>"


def found(raw: str, arguments: Any = None, name: str = "f", id: str | None = None) -> Found:
    return Found(name, PARIS if arguments is None else arguments, raw, id)


def open_failure(message: str, text: str, raw: str | None = "") -> list[Item]:
    """The error, and the text after it; ``raw`` is the text where it is left out."""
    return [Malformed(message, text if raw == "" else raw), Text(text)]


HERMES = framed(CALL)
TWO = json.dumps({"tool_calls": [json.loads(CALL), json.loads(CALL)]})
OPENAI = '{"tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}'
ENTRY = json.dumps(json.loads(CALL))
QWEN = "<tool_call>\n<function=f>\n<parameter=city>\nParis\n</parameter>\n</function>\n</tool_call>"
LFM = '<|tool_call_start|>[f(city="Paris")]<|tool_call_end|>'
HARMONY = '<|channel|>commentary to=functions.f <|constrain|>json<|message|>{"city":"Paris"}<|call|>'
THOUGHTS = "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant"


def qwen(*parameters: tuple[str, str], name: str = "f") -> str:
    body = "".join(f"<parameter={key}>\n{value}\n</parameter>\n" for key, value in parameters)
    return f"<tool_call>\n<function={name}>\n{body}</function>\n</tool_call>"


# Dialect, text, and what is in it.
TEXTS: dict[str, tuple[str, str, list[Item]]] = {
    "plain": ("hermes", "Hello <b>you</b>.", [Text("Hello <b>you</b>.")]),
    "call": ("hermes", HERMES, [found(HERMES)]),
    "text before": ("hermes", f"Sure.\n{HERMES}", [Text("Sure.\n"), found(HERMES)]),
    "text behind": ("hermes", f"{HERMES}\nDone.", [found(HERMES), Text("\nDone.")]),
    "two calls": ("hermes", f"{HERMES}\n{HERMES}\n", [found(HERMES), found(HERMES)]),
    "own id": (
        "hermes",
        framed('{"id": "c1", "name": "f", "arguments": {}}'),
        [found(framed('{"id": "c1", "name": "f", "arguments": {}}'), {}, id="c1")],
    ),
    "arguments as text": (
        "hermes",
        framed('{"name": "f", "arguments": "{\\"city\\": \\"Paris\\"}"}'),
        [found(framed('{"name": "f", "arguments": "{\\"city\\": \\"Paris\\"}"}'))],
    ),
    "parameters": (
        "hermes",
        framed('{"name": "f", "parameters": null}'),
        [found(framed('{"name": "f", "parameters": null}'), {})],
    ),
    "not JSON": (
        "hermes",
        framed("{oops"),
        open_failure("Failed to parse Hermes tool call: key must be a string at line 1 column 2", framed("{oops")),
    ),
    "another shape": (
        "hermes",
        framed('{"city": "Paris"}'),
        open_failure("Hermes tool call is missing name/arguments", framed('{"city": "Paris"}')),
    ),
    "empty": ("hermes", framed(" "), open_failure("Empty tool_call frame", framed(" "), None)),
    "good and bad": (
        "hermes",
        f"{HERMES}{framed('[]')}{HERMES}",
        [
            found(HERMES),
            *open_failure("Hermes tool call is missing name/arguments", framed("[]")),
            found(HERMES),
        ],
    ),
    "cut in the call": (
        "hermes",
        '<tool_call>{"name": "f"',
        open_failure("Incomplete tool call frame at stream end", '<tool_call>{"name": "f"'),
    ),
    "cut in the end marker": ("hermes", f"<tool_call>{CALL}</tool", [found(f"<tool_call>{CALL}</tool")]),
    "no end marker": ("hermes", f"<tool_call>{CALL}", [found(f"<tool_call>{CALL}")]),
    "the start of a marker": ("hermes", "a <tool_", [Text("a <tool_")]),
    "without a frame": ("hermes", CALL, [found(CALL)]),
    "a frame behind a brace": ("hermes", '{"name": 1} ' + HERMES, [Text('{"name": 1} '), found(HERMES)]),
    "thinking": ("hermes", f"<think>{HERMES}</think>{HERMES}", [Text(f"<think>{HERMES}</think>"), found(HERMES)]),
    "thinking before a bare call": (
        "hermes",
        f"<think>x</think>\n{CALL}",
        [Text("<think>x</think>"), found("\n" + CALL)],
    ),
    "thinking without end": ("hermes", f"<think>{HERMES}", [Text(f"<think>{HERMES}")]),
    "bare": ("json", f"\n{CALL}\n", [found(f"\n{CALL}\n")]),
    "envelope": ("json", TWO, [found(ENTRY), found(ENTRY)]),
    "OpenAI's envelope": (
        "json",
        OPENAI,
        [found(json.dumps(json.loads(OPENAI)["tool_calls"][0]), {}, id="c1")],
    ),
    "an entry of another shape": (
        "json",
        '{"tool_calls": [{"x": 1}]}',
        open_failure("tool_calls entry is missing name/arguments", '{"tool_calls": [{"x": 1}]}', '{"x": 1}'),
    ),
    "a good and a bad entry": (
        "json",
        '{"tool_calls": [{"x": 1}, {"name": "f", "arguments": {}}]}',
        [
            Malformed("tool_calls entry is missing name/arguments", '{"x": 1}'),
            found('{"name": "f", "arguments": {}}', {}),
        ],
    ),
    "other JSON": ("json", '{"city": "Paris"}', [Text('{"city": "Paris"}')]),
    "JSON with a name": ("json", '{"name": "Paris"}', [Text('{"name": "Paris"}')]),
    "half a call": (
        "json",
        '{"name": "f", "arguments": {',
        open_failure(
            "Failed to parse JSON tool call: EOF while parsing an object at line 1 column 28",
            '{"name": "f", "arguments": {',
        ),
    ),
    "a brace alone": ("json", "{", [Text("{")]),
    "list": ("pythonic", '[f(city="Paris"), g()]', [found('f(city="Paris")'), found("g()", {}, "g")]),
    "LFM's frame": ("pythonic", f"Sure. {LFM}", [Text("Sure. "), found('f(city="Paris")')]),
    "Llama's header": (
        "pythonic",
        "<|start_header_id|>tool_call<|end_header_id|>\n\n[g()]<|eot_id|>",
        [found("g()", {}, "g")],
    ),
    "values": (
        "pythonic",
        "[a.b(x=-1, y=1.5e3, s='it\\'s\\n', t=True, n=None, j=null, w=Paris, l=[1, [2]], d={'k': (1, 2), 3: 4})]",
        [
            found(
                "a.b(x=-1, y=1.5e3, s='it\\'s\\n', t=True, n=None, j=null, w=Paris, l=[1, [2]], d={'k': (1, 2), 3: 4})",
                {
                    "x": -1,
                    "y": 1500.0,
                    "s": "it's\n",
                    "t": True,
                    "n": None,
                    "j": None,
                    "w": "Paris",
                    "l": [1, [2]],
                    "d": {"k": [1, 2], "3": 4},
                },
                "a.b",
            )
        ],
    ),
    "a footnote": ("pythonic", "[1] says so.", [Text("[1] says so.")]),
    "a word in brackets": ("pythonic", "[sic] (so it says)", [Text("[sic] (so it says)")]),
    "no list of calls": (
        "pythonic",
        "[f(1)]",
        open_failure(
            "Failed to parse Pythonic tool call list: expected an argument such as name=value at character 3",
            "[f(1)]",
        ),
    ),
    "something behind the list": (
        "pythonic",
        "[g()] and so on",
        open_failure(
            "Failed to parse Pythonic tool call list: expected nothing after the list at character 6", "[g()] and so on"
        ),
    ),
    "an empty list": (
        "pythonic",
        "<|tool_call_start|>[]<|tool_call_end|>",
        open_failure("Failed to parse tool call from framed region", "<|tool_call_start|>[]<|tool_call_end|>"),
    ),
    "harmony": ("harmony", f"{THOUGHTS}{HARMONY}", [Thought("Hm."), found(f"<|start|>assistant{HARMONY}")]),
    "harmony's answer": (
        "harmony",
        f"{THOUGHTS}<|channel|>final<|message|>Sunny.<|return|>",
        [Thought("Hm."), Text("Sunny.")],
    ),
    "recipient in the role": (
        "harmony",
        "<|start|>assistant to=functions.f<|channel|>commentary json<|message|>{}<|call|>",
        [found("<|start|>assistant to=functions.f<|channel|>commentary json<|message|>{}<|call|>", {})],
    ),
    "preamble": ("harmony", "<|channel|>commentary<|message|>I look.<|end|>", [Text("I look.")]),
    "no tokens": ("harmony", "Hello.", [Text("Hello.")]),
    "harmony's broken JSON": (
        "harmony",
        HARMONY.replace('"}', ""),
        open_failure(
            "Failed to parse Harmony tool call JSON for f: EOF while parsing a string at line 1 column 14",
            HARMONY.replace('"}', ""),
        ),
    ),
    "harmony's list": (
        "harmony",
        HARMONY.replace('{"city":"Paris"}', "[]"),
        open_failure("Harmony tool call payload for f is not a JSON object", HARMONY.replace('{"city":"Paris"}', "[]")),
    ),
    "harmony cut": (
        "harmony",
        HARMONY[:-12],
        open_failure("Incomplete tool call frame at stream end", HARMONY[:-12]),
    ),
    "harmony without its end": ("harmony", HARMONY[:-8], [found(HARMONY[:-8])]),
    "harmony's next message": (
        "harmony",
        f"{HARMONY[:-8]}<|start|>assistant<|channel|>final<|message|>a",
        [found(HARMONY[:-8]), Text("a")],
    ),
    "qwen": ("qwen", QWEN, [found(QWEN)]),
    "qwen with JSON": ("qwen", HERMES, [found(HERMES)]),
    "declared values": (
        "qwen",
        qwen(("days", "3"), ("size", "1"), ("dry", "true"), ("tags", '["a"]'), ("either", "null"), ("units", "c")),
        [
            found(
                qwen(
                    ("days", "3"), ("size", "1"), ("dry", "true"), ("tags", '["a"]'), ("either", "null"), ("units", "c")
                ),
                {"days": 3, "size": 1, "dry": True, "tags": ["a"], "either": None, "units": "c"},
            )
        ],
    ),
    "text that looks like a number": ("qwen", qwen(("city", "75")), [found(qwen(("city", "75")), {"city": "75"})]),
    "undeclared values": (
        "qwen",
        qwen(("x", "1"), ("y", "so"), name="g"),
        [found(qwen(("x", "1"), ("y", "so"), name="g"), {"x": 1, "y": "so"}, "g")],
    ),
    "another kind of value": (
        "qwen",
        qwen(("dry", "True")),
        open_failure(
            'Failed to parse Qwen3.5 parameter "dry" of "f": invalid boolean value: "True"', qwen(("dry", "True"))
        ),
    ),
    "true is no integer": (
        "qwen",
        qwen(("days", "true")),
        open_failure(
            'Failed to parse Qwen3.5 parameter "days" of "f": invalid integer value: "true"', qwen(("days", "true"))
        ),
    ),
    "no function": (
        "qwen",
        framed("<parameter=x>1</parameter>"),
        open_failure("Qwen3.5 tool call missing <function=NAME>...</function>", framed("<parameter=x>1</parameter>")),
    ),
    "text among the parameters": (
        "qwen",
        framed("<function=f>so</function>"),
        open_failure('Qwen3.5 tool call "f" has text outside of its parameters', framed("<function=f>so</function>")),
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_what_a_text_holds(name: str) -> None:
    dialect, text, expected = TEXTS[name]
    assert read(dialect, text) == expected
    assert read(dialect, *text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"<think>a{HERMES}</think>b", [Thought(f"a{HERMES}"), Text("b")]),
        ("<think>a", [Thought("a")]),
        ("<think></think>b", [Text("b")]),
        ("a</think>b", [Text("a</think>b")]),
    ],
)
def test_thinking_is_told_apart_on_request(text: str, expected: list[Item]) -> None:
    assert read("hermes", text, capture=True) == expected
    assert read("hermes", *text, capture=True) == expected


@pytest.mark.parametrize("dialect", DIALECTS)
def test_without_tools_markup_is_text(dialect: str) -> None:
    if dialect != "harmony":
        assert read(dialect, HERMES, tools=False) == [Text(HERMES)]
        assert read(dialect, f"<think>a</think>{HERMES}", capture=True, tools=False) == [Thought("a"), Text(HERMES)]


TOKENS = (
    "<tool_call>", "</tool_call>", "<think>", "</think>", CALL, '{"name": "f"', "}", "{", "[g()]", "[f(", ")]", "\n",
    "<function=f>", "<parameter=days>", "3", "</parameter>", "</function>", "<|tool_call_start|>", "<|tool_call_end|>",
    "<|channel|>", "analysis", "commentary to=functions.f", "<|message|>", "<|call|>", "<|end|>", "<|start|>",
    '"tool_calls": [', "a", "<", "<tool",
)  # fmt: skip


@given(st.data(), st.sampled_from(DIALECTS), st.booleans(), st.lists(st.sampled_from(TOKENS), max_size=12).map("".join))
def test_cuts_change_nothing(data: st.DataObject, dialect: str, capture: bool, text: str) -> None:
    whole = read(dialect, text, capture=capture)
    assert read(dialect, *data.draw(fragments(text)), capture=capture) == whole
    assert read(dialect, *text, capture=capture) == whole


@given(st.sampled_from([dialect for dialect in DIALECTS if dialect != "harmony"]), st.text(max_size=60))
def test_a_text_without_markup_is_the_answer(dialect: str, text: str) -> None:
    assert "".join(item.text for item in read(dialect, *text) if isinstance(item, Text)) == text


@given(st.sampled_from(("hermes", "qwen")), st.lists(st.sampled_from(TOKENS), max_size=12).map("".join))
def test_nothing_is_lost(dialect: str, text: str) -> None:
    """Everything is text or a call, but for white space beside calls; what is malformed is text too."""
    told = [item for item in read(dialect, text) if not isinstance(item, Malformed)]
    written = "".join(item.raw if isinstance(item, Found) else item.text for item in told)
    assert "".join(written.split()) == "".join(text.split())


@pytest.mark.parametrize("size", [1, 4096, FRAME_LIMIT + 100])
def test_a_frame_without_end_is_given_up(size: int) -> None:
    text = "<tool_call>" + "x" * (FRAME_LIMIT + 50) + HERMES
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    message = f"Tool call frame exceeded {FRAME_LIMIT} characters without a close marker"
    assert read("hermes", *pieces) == [
        Malformed(message),
        Text("<tool_call>" + "x" * (FRAME_LIMIT + 50)),
        found(HERMES),
    ]


def test_text_is_told_as_it_comes() -> None:
    parser = new_parser("hermes", SCHEMAS.get, has_tools=True, capture_thinking=False)
    assert parser is not None
    told = [parser.feed(piece) for piece in ("Let ", "me <", "tool", "x> ")]
    assert told == [[Text("Let ")], [Text("me ")], [], [Text("<toolx> ")]]
