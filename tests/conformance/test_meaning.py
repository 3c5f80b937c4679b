"""Requests are judged by what they mean: a good client may write them in another style, and be right."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.meaning import as_the_provider_reads, joins_turns
from conformance.tool_results import takes_objects
from llm_sdk.registry import provider_names

ROOM = Path(__file__).parent


def text(*texts: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": said} for said in texts]


def user(*texts: str) -> dict[str, Any]:
    return {"role": "user", "content": text(*texts)}


def result(*texts: str) -> dict[str, Any]:
    part = {"type": "tool-result", "tool_call_id": "c", "tool_name": "t", "content": text(*texts)}
    return {"role": "tool", "content": [part]}


def ended(message: dict[str, Any], *, is_error: bool) -> dict[str, Any]:
    return {**message, "content": [{**part, "is_error": is_error} for part in message["content"]]}


IMAGE = {"type": "image", "mime_type": "image/png", "data": "AAAA"}
LED_IN = {"role": "user", "content": [IMAGE], "led_in": True}
SYSTEM = {"role": "system", "content": text("Be brief")}
PROMPT = {"system_prompt": "Be brief", "messages": [user("a")]}
THOUGHT = {"type": "reasoning", "text": "t"}


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ({"messages": [], "tool_choice": {"type": "auto"}}, {"messages": []}),
        ({"messages": []}, {"messages": [], "tool_choice": {"type": "auto"}}),
        ({"messages": [ended(result("a"), is_error=False)]}, {"messages": [result("a")]}),
        ({"messages": [result("a")]}, {"messages": [ended(result("a"), is_error=False)]}),
        ({"messages": []}, {"messages": [], "response_format": {"type": "text"}, "parallel_tool_calls": True}),
        ({"messages": [], "parallel_tool_calls": True, "metadata": {}, "stop": []}, {"messages": []}),
        ({"messages": [SYSTEM, user("a")]}, PROMPT),
        (PROMPT, {"messages": [SYSTEM, user("a")]}),
        ({"messages": [user("a\nb")]}, {"messages": [user("a", "b")]}),
        ({"messages": [user("a\n\nb", "c")]}, {"messages": [user("a", "b", "c")]}),
        ({"messages": [result("a b")]}, {"messages": [result("a", "b")]}),
        ({"messages": [result("")]}, {"messages": [result()]}),
        ({"messages": [{"role": "user", "content": [*text("See:"), IMAGE]}]}, {"messages": [LED_IN]}),
        ({"messages": [{"role": "user", "content": [IMAGE]}]}, {"messages": [LED_IN]}),
        (
            {"messages": [{"role": "assistant", "content": [{**THOUGHT, "signature": '{"b":1, "a":2}'}]}]},
            {"messages": [{"role": "assistant", "content": [{**THOUGHT, "signature": '{"a":2,"b":1}'}]}]},
        ),
    ],
)
def test_another_style_means_the_same(read: dict[str, Any], expected: dict[str, Any]) -> None:
    assert as_the_provider_reads(read, expected) == expected


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ({"messages": [], "tool_choice": {"type": "none"}}, {"messages": []}),
        ({"messages": [], "parallel_tool_calls": True}, {"messages": [], "parallel_tool_calls": False}),
        ({"messages": []}, {"messages": [], "tool_choice": {"type": "required"}}),
        ({"messages": [ended(result("a"), is_error=False)]}, {"messages": [ended(result("a"), is_error=True)]}),
        ({"messages": [ended(result("a"), is_error=True)]}, {"messages": [result("a")]}),
        ({"messages": [], "temperature": 1}, {"messages": []}),
        ({"messages": [SYSTEM, user("a")]}, {**PROMPT, "system_prompt": "Be long"}),
        ({"messages": [user("a"), SYSTEM]}, PROMPT),
        ({"messages": [user("ab")]}, {"messages": [user("a", "b")]}),
        ({"messages": [user("b\na")]}, {"messages": [user("a", "b")]}),
        ({"messages": [user("a\nb")]}, {"messages": [user("a"), user("b")]}),
        ({"messages": [result("")]}, {"messages": [result("a")]}),
        ({"messages": [{"role": "user", "content": text("See:")}]}, {"messages": [LED_IN]}),
        ({"messages": [{"role": "tool", "content": [IMAGE]}]}, {"messages": [LED_IN]}),
        (
            {"messages": [{"role": "assistant", "content": [{**THOUGHT, "signature": '{"a":1}'}]}]},
            {"messages": [{"role": "assistant", "content": [{**THOUGHT, "signature": '{"a":2}'}]}]},
        ),
    ],
)
def test_another_meaning_does_not(read: dict[str, Any], expected: dict[str, Any]) -> None:
    assert as_the_provider_reads(read, expected) != expected


def test_messages_of_one_role_are_one_turn_where_the_provider_says_so() -> None:
    read, expected = {"messages": [user("a", "b"), SYSTEM]}, {"messages": [user("a"), user("b"), SYSTEM]}
    assert as_the_provider_reads(read, expected, joins_turns=True) == expected
    assert as_the_provider_reads(read, expected) == read
    assert {name for name in provider_names() if joins_turns(name)} == {"anthropic"}


def test_a_default_of_the_provider_s_own_may_be_spelled_out_and_not_left_out() -> None:
    bare, spelled_out, defaults = {"messages": []}, {"messages": [], "top_p": 1.0}, {"top_p": 1}
    assert as_the_provider_reads(spelled_out, bare, defaults=defaults) == bare
    assert as_the_provider_reads(spelled_out, bare) != bare
    assert as_the_provider_reads({"messages": [], "top_p": 0.9}, bare, defaults=defaults) != bare
    assert as_the_provider_reads(bare, spelled_out, defaults=defaults) != spelled_out


def tool(**parameters: Any) -> dict[str, Any]:
    return {"messages": [], "tools": [{"name": "t", "description": "d", "parameters": parameters}]}


CLOSED = tool(type="object", properties={"a": {"type": "object", "additionalProperties": False}})


def test_parameters_need_not_be_closed_where_the_provider_has_no_way_to_say_it() -> None:
    spread = tool(type="object", properties={"a": {"type": "object"}})
    assert as_the_provider_reads(spread, CLOSED, open_parameters=True) == CLOSED
    assert as_the_provider_reads(spread, CLOSED) != CLOSED


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (tool(properties={}), tool(properties={"additionalProperties": False})),
        (tool(), tool(additionalProperties={"type": "string"})),
        (tool(additionalProperties=True), tool(additionalProperties=False)),
        (tool(additionalProperties=False), tool()),
        (tool(), tool(minimum=1)),
    ],
)
def test_nothing_else_of_them_may_be_left_out(read: dict[str, Any], expected: dict[str, Any]) -> None:
    assert as_the_provider_reads(read, expected, open_parameters=True) != expected


@pytest.mark.parametrize(
    ("wrapping", "texts"),
    [
        ({"return_value": "sunny"}, ["sunny"]),
        ({"name": "t", "content": "sunny"}, ["sunny"]),
        ({"content": [{"type": "text", "text": "sunny"}]}, ["sunny"]),
        ({"result": "sunny\ncold"}, ["sunny", "cold"]),
        ({"result": ["sunny", "cold"]}, ["sunny", "cold"]),
        ({"result": {"degrees": 7}}, ['{"degrees": 7}']),
        ({"result": '{"degrees": 7}'}, ['{"degrees": 7}']),
        ({"result": '{ "degrees":  7 }'}, ['{"degrees": 7}']),
        ({"result": 7}, ["7"]),
        ({"result": ""}, []),
        ({"result": {}}, []),
    ],
)
def test_any_object_that_holds_the_result_says_it(wrapping: dict[str, Any], texts: list[str]) -> None:
    read, expected = {"messages": [result(json.dumps(wrapping))]}, {"messages": [result(*texts)]}
    assert as_the_provider_reads(read, expected, takes_objects=True) == expected
    assert as_the_provider_reads(read, expected) != expected


@pytest.mark.parametrize(
    ("read", "texts"),
    [
        ('{"result": "rainy"}', ["sunny"]),
        ('{"result": "sunny"}', ["sunny", "cold"]),
        ('{"result": ["cold", "sunny"]}', ["sunny", "cold"]),
        ('{"result": "so sunny"}', ["sunny"]),
        ('{"result": "sunny"}', []),
        ('{"result": "{\\"degrees\\": 8}"}', ['{"degrees": 7}']),
        ("{}", ["sunny"]),
        ("sunny!", ["sunny"]),
    ],
)
def test_an_object_without_the_result_does_not(read: str, texts: list[str]) -> None:
    expected = {"messages": [result(*texts)]}
    assert as_the_provider_reads({"messages": [result(read)]}, expected, takes_objects=True) != expected


def test_results_are_objects_where_the_provider_says_so() -> None:
    assert {name for name in provider_names() if takes_objects(name)} == {"google"}


def passes_clean(folder: Path, provider: str, *words: str) -> int:
    """How many checks the good adapter of another style was judged by, each of which it has to pass."""
    command = [sys.executable, "-m", "pytest", "-p", "conformance.plugin", "--pyargs", *words]
    command += ["-p", "no:cacheprovider", "-q", "--provider", provider, "--adapter", "other_style:create"]
    command += ["--level", "should", "--report-json", str(folder / "report.json")]
    found = subprocess.run(  # noqa: S603 - our own interpreter
        command, cwd=ROOM, capture_output=True, text=True, timeout=300, check=False
    )
    assert found.returncode == pytest.ExitCode.OK, found.stdout[-3000:]
    judged = json.loads((folder / "report.json").read_text())["checks"]
    assert {check["verdict"] for check in judged} <= {"passed", "not-applicable", "skipped"}
    return len(judged)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("provider", provider_names())
def test_a_good_adapter_of_another_style_passes_clean(tmp_path: Path, provider: str) -> None:
    modules = [f"conformance.test_{name}" for name in ("requests", "answers", "errors")]
    assert passes_clean(tmp_path, provider, *modules) > 300


@pytest.mark.timeout(300)
@pytest.mark.parametrize("provider", ["mistral", "openai"])
def test_a_good_adapter_spells_out_what_is_unset(tmp_path: Path, provider: str) -> None:
    words = ["conformance.test_outgoing", "-k", "test_what_is_unset and generate"]
    assert passes_clean(tmp_path, provider, *words) > 60
