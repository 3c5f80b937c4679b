"""Where an answer ends at a stop sequence, and which one that was."""

from typing import Any

import anthropic
import pytest

from llm_sdk.types import Part, ReasoningPart, TextPart, ToolCallPart
from mock_server import MockServer, tool_call
from mock_server.stop_sequences import end_at_stop

CALL = ToolCallPart(tool_call_id="c", tool_name="t", args={"a": "END"})


def texts(*said: str) -> list[Part]:
    return [TextPart(text=text) for text in said]


@pytest.mark.parametrize(
    ("content", "stops", "expected"),
    [
        (texts("one END two"), ["END"], (texts("one "), "END")),
        (texts("one END two"), ["two", "END"], (texts("one "), "END")),
        (texts("abcd"), ["abcd", "bc"], (texts("a"), "bc")),
        (texts("abcd"), ["bc", "abc"], (texts(""), "abc")),
        (texts("a"), ["absent", ""], (texts("a"), None)),
        (texts("END"), ["END"], (texts(""), "END")),
        (texts("one E", "N", "D two", "three"), ["END"], (texts("one "), "END")),
        (texts("one", " two"), [" two"], (texts("one"), " two")),
        ([*texts("EN"), CALL, *texts("D")], ["END"], ([*texts("EN"), CALL, *texts("D")], None)),
        ([*texts("a END"), CALL], ["END"], (texts("a "), "END")),
        ([ReasoningPart(text="END"), *texts("a")], ["END"], ([ReasoningPart(text="END"), *texts("a")], None)),
    ],
)
def test_the_sequence_that_is_complete_first_ends_the_answer(content: Any, stops: Any, expected: Any) -> None:
    assert end_at_stop(content, stops) == expected


@pytest.mark.parametrize("streamed", [False, True])
def test_claude_says_which_one_it_was_whatever_answers(streamed: bool) -> None:
    with (
        MockServer() as mock,
        anthropic.Anthropic(api_key="k", base_url=mock.base_url("anthropic")) as client,
    ):
        mock.on(last_user="scripted (?P<word>\\w+)").reply("It is {{ word }} and", " so on", pace={"cut": "char"})
        mock.on(last_user="function").reply(lambda asked: f"It was {asked.last_user} and more")
        mock.on(last_user="call").reply("Now and", tool_call("t", {}))
        mock.on(last_user="as it is").reply("It is and is", finish_reason="stop", finish_detail="end_turn")

        def ask(said: str, *stops: str) -> tuple[str, str | None, str | None]:
            asked: dict[str, Any] = {"model": "m", "max_tokens": 99, "messages": [{"role": "user", "content": said}]}
            asked["stop_sequences"] = stops
            if streamed:
                with client.messages.stream(**asked) as stream:
                    message = stream.get_final_message()
            else:
                message = client.messages.create(**asked)
            text = "".join(block.text for block in message.content if block.type == "text")
            return text, message.stop_reason, message.stop_sequence

        for _ in range(4):  # and from what was written before
            assert ask("scripted x", "never", "and so") == ("It is x ", "stop_sequence", "and so")
            assert ask("scripted x", "never", "and") == ("It is x ", "stop_sequence", "and")
        assert ask("function", "more", "and") == ("It was function ", "stop_sequence", "and")
        assert ask("call", "and") == ("Now ", "stop_sequence", "and")
        assert ask("as it is", "and") == ("It is and is", "end_turn", None)
        assert ask("made up and on", "on", "and") == ("You said: made up ", "stop_sequence", "and")
