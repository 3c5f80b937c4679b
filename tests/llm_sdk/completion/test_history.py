"""What of a history reaches the model, in the reference's short form and in unified messages."""

from typing import Any

import pytest

from completion.scripted import CALLED, STOP, WEATHER, ScriptedModel, call, text
from llm_sdk.completion import acompletion
from llm_sdk.errors import InvalidInputError
from llm_sdk.types import AssistantMessage, SystemMessage, ToolMessage, UserMessage

pytestmark = pytest.mark.anyio

USER = {"role": "user", "content": "Weather?"}
CALL_PART = {"type": "tool-call", "tool_call_id": "c1", "tool_name": "f", "args": {"city": "Paris"}}
OPENAI_CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"city": "Paris"}'}}
PLAIN_CALL = {"id": "c1", "name": "f", "arguments": {"city": "Paris"}}


def result(id: str, content: str, name: str = "f") -> dict[str, Any]:
    parts = [{"type": "text", "text": content}]
    return {"type": "tool-result", "tool_call_id": id, "tool_name": name, "content": parts}


async def sent(history: Any, **options: Any) -> dict[str, Any]:
    """The input that the model gets."""
    model = ScriptedModel(STOP)
    await acompletion(model=model, history=history, **options).final
    return model.inputs[0].model_dump(mode="json")


async def test_the_short_form() -> None:
    history = [
        {"role": "system", "content": "Be brief."},
        USER,
        {"role": "assistant", "content": "Where?"},
        {"role": "user", "content": [{"type": "text", "text": "Paris"}]},
    ]
    assert await sent(history) == {
        "system_prompt": "Be brief.",
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "Where?"}]},
            {"role": "user", "content": [{"type": "text", "text": "Paris"}]},
        ],
    }


async def test_unified_messages_stay_as_they_are() -> None:
    history = [
        SystemMessage(content="a"),
        SystemMessage(content="b"),
        UserMessage(content="Hello"),
        SystemMessage(content="c"),
        AssistantMessage.model_validate({"role": "assistant", "content": [CALL_PART]}),
        ToolMessage.model_validate({"role": "tool", "content": [result("c1", "x")]}),
    ]
    got = await sent(history)
    assert got["system_prompt"] == "a\n\nb"
    assert got["messages"] == [message.model_dump(mode="json") for message in history[2:]]


@pytest.mark.parametrize("calls", [[OPENAI_CALL], [PLAIN_CALL]], ids=["OpenAI's", "plain"])
@pytest.mark.parametrize("content", [None, "", "Let me see."])
async def test_calls_and_their_results(calls: Any, content: Any) -> None:
    history = [
        USER,
        {"role": "assistant", "content": content, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "c1", "content": "Sunny."},
    ]
    said = [{"type": "text", "text": content}] if content else []
    assert (await sent(history))["messages"][1:] == [
        {"role": "assistant", "content": [*said, CALL_PART]},
        {"role": "tool", "content": [result("c1", "Sunny.")]},
    ]


async def test_results_without_an_id_answer_in_order() -> None:
    """Those that follow one another become one message."""
    calls = [{"id": id, "name": name, "arguments": {}} for id, name in (("a", "f"), ("b", "g"), ("c", "f"))]
    history = [
        USER,
        {"role": "assistant", "content": "", "tool_calls": calls},
        {"role": "tool", "content": "1", "name": "g"},
        {"role": "tool", "content": "2"},
        {"role": "tool", "content": {"n": 3}},
    ]
    assert (await sent(history))["messages"][2]["content"] == [
        result("b", "1", "g"),
        result("a", "2"),
        result("c", '{"n": 3}'),
    ]


async def test_the_answer_of_a_run_is_the_next_message() -> None:
    model = ScriptedModel(*text("So."), call(1, '{"city":"Paris"}', "c1", "get_weather"), CALLED)
    run = acompletion(model=model, history=[USER], tools=[WEATHER])
    expected = {
        "role": "assistant",
        "content": [{"type": "text", "text": "So."}, {**CALL_PART, "tool_name": "get_weather"}],
    }
    by_hand = {"role": "assistant", "content": await run.text, "tool_calls": await run.tool_calls}
    for message in ((await run.final).message, by_hand):
        got = await sent([USER, message, {"role": "tool", "content": "Sunny."}])
        assert got["messages"][1:] == [
            expected,
            {"role": "tool", "content": [result("c1", "Sunny.", "get_weather")]},
        ]


MARKUP = '<tool_call>{"name": "f", "arguments": {"city": "Paris"}}</tool_call>'


async def test_calls_that_a_dialect_wrote_become_calls_again() -> None:
    """A server writes them into the prompt in the model's own form; two of one kind keep ids of their own."""
    turn = [
        {"role": "assistant", "content": f"<think>Hm.</think>So. {MARKUP}"},
        {"role": "tool", "content": "Sunny."},
    ]
    got = await sent([USER, *turn, *turn], tool_dialect="hermes", tools=[{"name": "f"}])
    ids = [message["content"][-1]["tool_call_id"] for message in got["messages"][1:]]
    assert ids == ["call_dc8c6fbd_0", "call_dc8c6fbd_0", "call_dc8c6fbd_1", "call_dc8c6fbd_1"]
    assert got["messages"][1]["content"] == [
        {"type": "text", "text": "So. "},
        {**CALL_PART, "tool_call_id": ids[0]},
    ]


async def test_ids_of_an_answer_differ_from_those_of_its_history() -> None:
    history = [USER, {"role": "assistant", "content": MARKUP}, {"role": "tool", "content": "Sunny."}]
    model = ScriptedModel(*text(MARKUP, MARKUP), STOP)
    made = await acompletion(model=model, history=history, tools=[{"name": "f"}], tool_dialect="hermes").tool_calls
    assert [found.id for found in made] == ["call_dc8c6fbd_1", "call_dc8c6fbd_2"]


async def test_what_stands_beside_a_text_is_kept_with_a_dialect() -> None:
    first, second = text("So. ", MARKUP)
    part = first.delta.part.model_copy(update={"signature": "s"})
    signed = first.model_copy(update={"delta": first.delta.model_copy(update={"part": part})})
    model = ScriptedModel(signed, second, STOP)
    final = await acompletion(model=model, history=[USER], tools=[{"name": "f"}], tool_dialect="hermes").final
    said, made = final.message.model_dump(mode="json")["content"]
    assert said == {"type": "text", "text": "So. ", "signature": "s"}
    assert made["args"] == {"city": "Paris"}


WRONG: dict[str, tuple[Any, str]] = {
    "no list": ({"role": "user"}, "history: a list of messages is needed"),
    "no message": ([3], "history[0]: a message is needed, not int"),
    "no role": ([{"content": "x"}], "history[0].role: None is no role; there are system, user, assistant, tool"),
    "another role": ([{"role": "bot", "content": "x"}], "history[0].role: 'bot' is no role"),
    "no content": ([{"role": "user"}], "history[0].content: a message needs content"),
    "an unknown key": (
        [{"role": "user", "content": "x", "attachments": []}],
        "history[0].attachments: a message of role user has content, role",
    ),
    "no part": (
        [{"role": "user", "content": [{"type": "text"}]}],
        "history[0].content[0].text.text: Field required",
    ),
    "no call": ([USER, {"role": "tool", "content": "x"}], "history[1]: no call before it waits for a result"),
    "no such call": (
        [USER, {"role": "tool", "content": "x", "tool_call_id": "c9"}],
        "history[1].tool_call_id: no call before it has the id 'c9'",
    ),
    "no name": (
        [{"role": "assistant", "content": "", "tool_calls": [{"id": "x"}]}],
        "history[0].tool_calls[0].name: a call needs the name of its tool",
    ),
    "no arguments": (
        [{"role": "assistant", "content": "", "tool_calls": [{"name": "f", "arguments": "["}]}],
        "history[0].tool_calls[0].arguments: the arguments of tool 'f' are not JSON",
    ),
    "no calls": (
        [{"role": "assistant", "content": "", "tool_calls": "f"}],
        "history[0].tool_calls: a list of calls is needed",
    ),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_is_wrong_is_named_by_its_place(name: str) -> None:
    history, message = WRONG[name]
    with pytest.raises(InvalidInputError) as raised:
        acompletion(model=ScriptedModel(), history=history)
    assert str(raised.value).startswith(message)
