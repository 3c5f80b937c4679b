"""What a request asks of OpenAI's two protocols that has no unified form: custom tools, and what an answer repeats."""

import re
from typing import Any

import pytest
from made_up import MadeUp

RESPONSES = MadeUp("openai", "/v1/responses", stream=True)
USAGE = {"include_usage": True}
CHAT = MadeUp("openai-chat-completion", "/v1/chat/completions", stream=True, stream_options=USAGE)
MODEL = "gpt-5"
USER = {"role": "user", "content": "Hi"}
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


PARAMETERS: dict[str, Any] = {"type": "object"}
FUNCTIONS = [{"type": "function", "name": name, "parameters": PARAMETERS, "strict": False} for name in "abc"]
CHAT_FUNCTIONS = [{"type": "function", "function": {"name": name, "parameters": PARAMETERS}} for name in "abc"]


@pytest.mark.parametrize(("mode", "called"), [("required", "b"), ("auto", None)])
def test_a_choice_of_several_tools_is_kept(mode: str, called: str | None) -> None:
    allowed: list[Any] = [{"type": "function", "name": name} for name in "bc"]
    choice: dict[str, Any] = {"type": "allowed_tools", "mode": mode, "tools": allowed}
    [item] = RESPONSES.whole(model=MODEL, input="Hi", tools=FUNCTIONS, tool_choice=choice)["output"]
    assert item.get("name") == called
    allowed = [{"type": "function", "function": {"name": name}} for name in "bc"]
    choice = {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": allowed}}
    chat = CHAT.whole(model=MODEL, messages=[USER], tools=CHAT_FUNCTIONS, tool_choice=choice)
    assert [call["function"]["name"] for call in chat["choices"][0]["message"].get("tool_calls", [])] == (
        [called] if called else []
    )


@pytest.mark.parametrize(
    ("reasoning", "told"),
    [
        ({"effort": "low"}, []),
        ({"effort": "low", "summary": None}, []),
        ({"summary": "auto"}, ["The user says: Hi"]),
        ({"effort": "low", "summary": "detailed"}, ["The user says: Hi"]),
    ],
)
def test_reasoning_is_summed_up_where_that_is_asked_for(reasoning: dict[str, Any], told: list[str]) -> None:
    answer = RESPONSES.whole(model=MODEL, input="Hi", reasoning=reasoning)
    assert [part["text"] for part in answer["output"][0]["summary"]] == told
    assert answer["usage"]["output_tokens_details"]["reasoning_tokens"] == 5


@pytest.mark.parametrize(("asked", "served"), [(None, "default"), ("auto", "default"), ("flex", "flex")])
def test_the_tier_that_is_asked_for_serves(asked: str | None, served: str) -> None:
    tier = {} if asked is None else {"service_tier": asked}
    assert RESPONSES.whole(model=MODEL, input="Hi", **tier)["service_tier"] == served
    assert CHAT.whole(model=MODEL, messages=[USER], **tier)["service_tier"] == served
    assert {chunk["service_tier"] for chunk in CHAT.events(model=MODEL, messages=[USER], **tier)} == {served}


REPEATED = {
    "max_tool_calls": 3,
    "metadata": {"a": "b"},
    "prompt": {"id": "pmpt_1", "version": "2"},
    "prompt_cache_key": "k",
    "prompt_cache_retention": "24h",
    "safety_identifier": "s",
    "temperature": 0.5,
    "top_logprobs": 2,
    "truncation": "auto",
    "user": "u",
}


def test_a_response_repeats_what_was_asked() -> None:
    answer = RESPONSES.whole(model=MODEL, input="Hi", **REPEATED)
    assert {name: answer[name] for name in REPEATED} == REPEATED


def test_the_log_probabilities_of_a_response_are_included_where_that_is_asked_for() -> None:
    body = {"model": MODEL, "input": "Hi you", "include": ["message.output_text.logprobs"], "top_logprobs": 2}
    [item] = RESPONSES.whole(**body)["output"]
    [part] = item["content"]
    assert [(token["token"], len(token["top_logprobs"])) for token in part["logprobs"]] == [
        ("You", 2),
        (" said:", 2),
        (" Hi", 2),
        (" you", 2),
    ]
    deltas = [event for event in RESPONSES.events(**body) if event["type"] == "response.output_text.delta"]
    assert ["".join(token["token"] for token in event["logprobs"]) for event in deltas] == [
        event["delta"] for event in deltas
    ]
    assert RESPONSES.whole(model=MODEL, input="Hi", top_logprobs=2)["output"][0]["content"][0]["logprobs"] == []


HOSTED: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "local_shell": (
        {"type": "local_shell"},
        "lsh_",
        {"type": "local_shell_call", "action": {"type": "exec", "command": ["pwd"], "env": {}}},
    ),
    "shell": (
        {"type": "shell", "environment": {"type": "local"}},
        "sh_",
        {"type": "shell_call", "action": {"commands": ["pwd"], "timeout_ms": None, "max_output_length": None}},
    ),
    "computer_use_preview": (
        {"type": "computer_use_preview", "environment": "browser", "display_width": 800, "display_height": 600},
        "cu_",
        {"type": "computer_call", "action": {"type": "screenshot"}, "pending_safety_checks": []},
    ),
    "computer": (
        {"type": "computer"},
        "cu_",
        {"type": "computer_call", "actions": [{"type": "screenshot"}], "pending_safety_checks": []},
    ),
}


@pytest.mark.parametrize(("tool", "prefix", "call"), HOSTED.values(), ids=HOSTED)
def test_a_tool_of_openais_own_that_the_caller_runs_is_called_with_what_does_no_harm(
    tool: dict[str, Any], prefix: str, call: dict[str, Any]
) -> None:
    asked = {"role": "user", "content": f"Use {tool['type']}"}
    [made] = RESPONSES.whole(model=MODEL, input=[asked], tools=[tool], tool_choice="required")["output"]
    assert (made.pop("id")[: len(prefix)], made.pop("status")) == (prefix, "completed")
    id = made.pop("call_id")
    assert made == call
    [again] = RESPONSES.whole(
        model=MODEL, input=[asked, {**call, "call_id": id, "id": "x_1", "status": "completed"}], tools=[tool]
    )["output"]
    assert again["type"] == "message"


def test_a_shell_that_runs_at_the_provider_is_not_called() -> None:
    tools = [{"type": "shell", "environment": {"type": "container_auto"}}]
    [said] = RESPONSES.whole(model=MODEL, input="Use shell", tools=tools)["output"]
    assert said["type"] == "message"


def test_a_prediction_is_told_as_unused() -> None:
    prediction = {"type": "content", "content": "You said: Hi"}
    details = CHAT.whole(model=MODEL, messages=[USER], prediction=prediction)["usage"]["completion_tokens_details"]
    assert (details["accepted_prediction_tokens"], details["rejected_prediction_tokens"]) == (0, 0)
