"""What a request asks of OpenAI's two protocols that has no unified form: custom tools, and what an answer repeats."""

import re
from typing import Any

import pytest
from made_up import MadeUp

RESPONSES = MadeUp("openai", "/v1/responses", stream=True)
USAGE = {"include_usage": True}
CHAT = MadeUp("openai-chat-completion", "/v1/chat/completions", stream=True, stream_options=USAGE)
MODEL = "gpt-5"
DIGITS = r"[0-9]{3}-[0-9]{4}"


class Responses:
    """A conversation in the Responses API: its items, to which each answer is added."""

    def __init__(self, *tools: dict[str, Any]) -> None:
        self.items: list[dict[str, Any]] = []
        self.tools = [*tools]

    @staticmethod
    def tool(name: str, grammar: dict[str, Any] | None = None) -> dict[str, Any]:
        format = {"format": {"type": "grammar", **grammar}} if grammar else {}
        return {"type": "custom", "name": name, **format}

    @staticmethod
    def choice(name: str) -> dict[str, Any]:
        return {"type": "custom", "name": name}

    def say(self, text: str, **body: Any) -> list[tuple[str, str]]:
        self.items.append({"role": "user", "content": text})
        return self.ask(**body)

    def ask(self, **body: Any) -> list[tuple[str, str]]:
        """Name and text of every call, or what is said."""
        output = RESPONSES.whole(model=MODEL, input=self.items, tools=self.tools, **body)["output"]
        self.items += output
        self.calls = [item for item in output if item["type"] == "custom_tool_call"]
        texts = [("", item["content"][0]["text"]) for item in output if item["type"] == "message"]
        return [(call["name"], call["input"]) for call in self.calls] + texts

    def give(self, text: str) -> list[tuple[str, str]]:
        results = [
            {"type": "custom_tool_call_output", "call_id": call["call_id"], "output": text} for call in self.calls
        ]
        self.items += results
        return self.ask()


class Chat:
    """The same in Chat Completions."""

    def __init__(self, *tools: dict[str, Any]) -> None:
        self.messages: list[dict[str, Any]] = []
        self.tools = [*tools]

    @staticmethod
    def tool(name: str, grammar: dict[str, Any] | None = None) -> dict[str, Any]:
        format = {"format": {"type": "grammar", "grammar": grammar}} if grammar else {}
        return {"type": "custom", "custom": {"name": name, **format}}

    @staticmethod
    def choice(name: str) -> dict[str, Any]:
        return {"type": "custom", "custom": {"name": name}}

    def say(self, text: str, **body: Any) -> list[tuple[str, str]]:
        self.messages.append({"role": "user", "content": text})
        return self.ask(**body)

    def ask(self, **body: Any) -> list[tuple[str, str]]:
        [choice] = CHAT.whole(model=MODEL, messages=self.messages, tools=self.tools, **body)["choices"]
        message = choice["message"]
        self.messages.append({name: value for name, value in message.items() if name != "annotations"})
        self.calls = message.get("tool_calls", [])
        assert choice["finish_reason"] == ("tool_calls" if self.calls else "stop")
        said = [("", message["content"])] if message["content"] else []
        return [(call["custom"]["name"], call["custom"]["input"]) for call in self.calls] + said

    def give(self, text: str) -> list[tuple[str, str]]:
        self.messages += [{"role": "tool", "tool_call_id": call["id"], "content": text} for call in self.calls]
        return self.ask()


both = pytest.mark.parametrize("kind", [Responses, Chat])


@both
def test_a_custom_tool_is_called_where_it_must_be_and_its_result_is_told(kind: Any) -> None:
    talk = kind(kind.tool("shell"), kind.tool("python"))
    assert talk.say("Go", tool_choice=kind.choice("python")) == [("python", "input")]
    [(_, told)] = talk.give("42")
    assert told.endswith(" answered: 42")
    assert talk.say("Go", tool_choice="required") == [("shell", "input")]


@both
def test_a_custom_tool_that_the_user_names_is_called_once(kind: Any) -> None:
    talk = kind(kind.tool("shell"))
    assert talk.say("Use shell") == [("shell", "input")]
    [(_, told)] = talk.give("done")
    assert told.endswith(" answered: done")


@both
def test_a_loop_that_always_requires_a_tool_comes_to_each(kind: Any) -> None:
    talk = kind(kind.tool("one"), kind.tool("two"))
    assert talk.say("Go", tool_choice="required") == [("one", "input")]
    talk.give("done")
    assert talk.ask(tool_choice="required") == [("two", "input")]


@both
def test_the_text_follows_a_grammar_that_is_a_regular_expression(kind: Any) -> None:
    talk = kind(kind.tool("dial", {"syntax": "regex", "definition": DIGITS}))
    [(name, text)] = talk.say("Go", tool_choice="required")
    assert name == "dial"
    assert re.fullmatch(DIGITS, text)


@both
def test_any_other_grammar_is_not_understood(kind: Any) -> None:
    talk = kind(kind.tool("sum", {"syntax": "lark", "definition": 'start: "1"'}))
    assert talk.say("Go", tool_choice="required") == [("sum", "input")]
