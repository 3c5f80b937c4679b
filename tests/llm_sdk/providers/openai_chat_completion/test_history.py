"""Messages <-> the ``messages`` of a request: the exact messages of every role and part, and what is lost."""

from typing import Any

import pytest

from llm_sdk.errors import InvalidInputError, UnsupportedError
from llm_sdk.types import (
    AudioPart,
    Citation,
    FilePart,
    ImagePart,
    LanguageModelInput,
    Message,
    OpaquePart,
    ReasoningPart,
    SourcePart,
    SystemMessage,
    TextPart,
    ToolCallPart,
)
from providers.openai_chat_completion.given import (
    CALL,
    CODEC,
    HI,
    PDF,
    PNG,
    THOUGHT,
    WAV,
    assistant,
    call_json,
    calling,
    losses,
    plain,
    read,
    read_messages,
    result,
    results,
    user,
    wired,
    written,
)

PICTURE = ImagePart(mime_type="image/png", data=PNG)
PICTURE_JSON = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
SECOND = ToolCallPart(tool_call_id="call_2", tool_name="get_weather", args={})
RAIN = {"role": "tool", "tool_call_id": "call_1", "content": "rain"}
DETAILS = '[{"type":"reasoning.encrypted","data":"x","index":0}]'
CUSTOM = {"id": "call_3", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}}
BROKEN = call_json(arguments='{"city":')
VIDEO = {"type": "video_url", "video_url": {"url": "https://a.example/b.mp4"}}
LEGACY = ToolCallPart(tool_call_id="function_call", tool_name="get_weather", args={"city": "Paris"})

# Messages and their wire form, read in both directions.
HISTORY: dict[str, tuple[list[Message], list[dict[str, Any]]]] = {
    "text": ([user(TextPart(text="Hi"))], [HI]),
    "texts": (
        [user(TextPart(text="a"), TextPart(text=""))],
        [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": ""}]}],
    ),
    "image": (
        [user(TextPart(text="What?"), PICTURE)],
        [{"role": "user", "content": [{"type": "text", "text": "What?"}, PICTURE_JSON]}],
    ),
    "image by URL": (
        [user(ImagePart(url="https://a.example/b.png"))],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a.example/b.png"}}]}],
    ),
    "audio": (
        [user(AudioPart(data=WAV, format="wav"))],
        [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}}]}],
    ),
    "file": (
        [user(FilePart(mime_type="application/pdf", data=PDF, filename="a.pdf"))],
        [
            {
                "role": "user",
                "content": [
                    {
                        "type": "file",
                        "file": {"file_data": f"data:application/pdf;base64,{PDF}", "filename": "a.pdf"},
                    }
                ],
            }
        ],
    ),
    "content of this provider": (
        [user(OpaquePart(provider="openai-chat-completion", data=VIDEO))],
        [{"role": "user", "content": [VIDEO]}],
    ),
    "instructions in mid-conversation": (
        [user(TextPart(text="Hi")), SystemMessage(content=[TextPart(text="Be brief.")])],
        [HI, {"role": "system", "content": "Be brief."}],
    ),
    "turn of the model": (
        [user(TextPart(text="Hi")), assistant(TextPart(text="a"), TextPart(text="b")), user(TextPart(text="Hi"))],
        [HI, {"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, HI],
    ),
    "parallel calls and results": (
        [
            assistant(TextPart(text="Let me look."), CALL, SECOND),
            results(result(TextPart(text="rain")), result(tool_call_id="call_2")),
        ],
        [
            calling(call_json(), call_json("{}", "call_2"), content="Let me look."),
            RAIN,
            {"role": "tool", "tool_call_id": "call_2", "content": ""},
        ],
    ),
    "result of two texts": (
        [assistant(CALL), results(result(TextPart(text="a"), TextPart(text="b")))],
        [calling(), {**RAIN, "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}],
    ),
    "deprecated call": (
        [
            assistant(LEGACY),
            results(result(TextPart(text="rain"), tool_call_id="function_call")),
        ],
        [
            {
                "role": "assistant",
                "content": None,
                "function_call": {"name": "get_weather", "arguments": '{"city":"Paris"}'},
            },
            {"role": "function", "name": "get_weather", "content": "rain"},
        ],
    ),
    "reasoning_content": (
        [assistant(THOUGHT, CALL), results(result(TextPart(text="rain")))],
        [calling(reasoning_content="Hm."), RAIN],
    ),
    "reasoning with details": (
        [assistant(ReasoningPart(text="Hm.", id="reasoning", signature=DETAILS), TextPart(text="b"))],
        [
            {
                "role": "assistant",
                "content": "b",
                "reasoning": "Hm.",
                "reasoning_details": [{"type": "reasoning.encrypted", "data": "x", "index": 0}],
            }
        ],
    ),
    "details alone": (
        [assistant(ReasoningPart(text="", id="reasoning_details", signature=DETAILS), TextPart(text="b"))],
        [
            {
                "role": "assistant",
                "content": "b",
                "reasoning_details": [{"type": "reasoning.encrypted", "data": "x", "index": 0}],
            }
        ],
    ),
    "custom tool": (
        [assistant(OpaquePart(provider="openai-chat-completion", data=CUSTOM)), results(result(tool_call_id="call_3"))],
        [calling(CUSTOM), {"role": "tool", "tool_call_id": "call_3", "content": ""}],
    ),
    "arguments that are no JSON": (
        [
            assistant(OpaquePart(provider="openai-chat-completion", data=BROKEN)),
            results(result(TextPart(text="rain"))),
        ],
        [calling(BROKEN), RAIN],
    ),
}


@pytest.mark.parametrize("name", HISTORY)
def test_written(name: str) -> None:
    messages, expected = HISTORY[name]
    assert wired(*messages) == expected


@pytest.mark.parametrize("name", HISTORY)
def test_read(name: str) -> None:
    messages, body = HISTORY[name]
    read_back = plain(LanguageModelInput(messages=read_messages(*body).messages))
    expected = plain(LanguageModelInput(messages=messages))
    if name == "custom tool":
        expected["messages"][1]["content"][0]["tool_name"] = ""
    assert read_back == expected


def test_the_system_prompt_is_the_first_message() -> None:
    input = read_messages({"role": "developer", "content": "Be brief."}, HI)
    assert (input.system_prompt, input.messages) == ("Be brief.", [user(TextPart(text="Hi"))])
    assert input.extra == {"messages": {"0": {"role": "developer"}}}


@pytest.mark.parametrize(
    "said",
    [
        [
            calling(content=[{"type": "text", "text": "a"}, {"type": "thinking", "id": "t", "thinking": "Hm"}]),
            RAIN,
        ],
        [
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": None},
        ],
    ],
    ids=["a block with an id beside a call", "a result of nothing"],
)
def test_a_history_loses_nothing(said: list[Any]) -> None:
    body = {"model": "m", "messages": [HI, *said, HI]}
    assert CODEC.normalize_request(written(read(body).input) | {"model": "m"}) == CODEC.normalize_request(body)


def test_fields_without_a_unified_form_stay_where_they_stood() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://a.example/b.png", "detail": "low"}}
    cached = {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}
    said = [
        {"role": "user", "name": "ann", "content": [image, {"type": "text", "text": "?"}]},
        {"role": "user", "content": [cached]},
        {"role": "assistant", "content": None, "audio": {"id": "audio_1"}},
        calling({**call_json(), "index": 0}),
        {**RAIN, "name": "get_weather"},
    ]
    input = read_messages(*said)
    assert input.extra == {
        "messages": {
            "0": {"name": "ann", "content": {"0": {"image_url": {"detail": "low"}}}},
            "1": {"content": [cached]},
            "2": {"content": None, "audio": {"id": "audio_1"}},
            "3": {"tool_calls": {"0": {"index": 0}}},
            "4": {"name": "get_weather"},
        }
    }


ASKED = assistant(CALL)
# What cannot be said here: the messages as they are sent, and what is said of the loss.
LOSSES: dict[str, tuple[list[Message], list[dict[str, Any]], str]] = {
    "an image in a result": (
        [ASKED, results(result(TextPart(text="rain"), PICTURE))],
        [
            calling(),
            RAIN,
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Attached to the result of get_weather (call_1):"},
                    PICTURE_JSON,
                ],
            },
        ],
        "tool-result: ",
    ),
    "a tool that failed": (
        [ASKED, results(result(TextPart(text="rain"), is_error=True))],
        [calling(), RAIN],
        "is_error: ",
    ),
    "a source": (
        [user(SourcePart(source="s", title="t", content=[TextPart(text="Hi")]))],
        [HI],
        "source: messages[0].content[0] is sent without its title and source",
    ),
    "citations": (
        [assistant(TextPart(text="a", citations=[Citation(source="s")]))],
        [{"role": "assistant", "content": "a"}],
        "citations: ",
    ),
    "citations of the user's": (
        [user(TextPart(text="Hi", citations=[Citation(source="s")]))],
        [HI],
        "citations: messages[0].content[0] is sent without its citations",
    ),
    "the id of a call": (
        [assistant(CALL.model_copy(update={"id": "fc_1"})), results(result(TextPart(text="rain")))],
        [calling(), RAIN],
        "id: messages[0].content[0] is sent without its id",
    ),
    "reasoning of another provider": (
        [assistant(ReasoningPart(text="Hm.", id="rs_1", signature="x"), TextPart(text="a"))],
        [{"role": "assistant", "content": "a"}],
        "reasoning: messages[0].content[0] is another provider's and was left out",
    ),
    "a search of another provider": (
        [
            assistant(
                ToolCallPart(tool_call_id="ws_1", tool_name="web_search", args={}, provider_executed=True),
                result(tool_call_id="ws_1", provider_executed=True),
                TextPart(text="a"),
            )
        ],
        [{"role": "assistant", "content": "a"}],
        "hosted tool: messages[0].content[",
    ),
    "a block of another provider": (
        [assistant(OpaquePart(provider="anthropic", data={"type": "x", "id": "1"}), TextPart(text="a"))],
        [{"role": "assistant", "content": "a"}],
        "opaque: messages[0].content[0] belongs to anthropic and was left out",
    ),
    "audio of another model": (
        [assistant(AudioPart(data="AAAA", format="linear16", transcript="Bonjour"))],
        [{"role": "assistant", "content": "Bonjour"}],
        "audio: ",
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_what_is_lost_is_said(name: str) -> None:
    messages, expected, warning = LOSSES[name]
    assert wired(*messages) == expected
    told = losses(*messages)
    assert told
    assert [one for one in told if not one.startswith(warning)] == []


def test_audio_of_the_model_goes_back_by_its_id_in_any_format() -> None:
    spoken = AudioPart(data="AAAA", format="linear16", transcript="Hi", id="audio_1")
    assert wired(assistant(spoken)) == [{"role": "assistant", "content": None, "audio": {"id": "audio_1"}}]
    assert losses(assistant(spoken)) == ()


def test_attachments_of_parallel_results_follow_all_of_them() -> None:
    answers = [results(result(PICTURE)), results(result(PICTURE, tool_call_id="call_2"))]
    sent = wired(assistant(CALL, SECOND), *answers, user(TextPart(text="Hi")))
    assert [message["role"] for message in sent] == ["assistant", "tool", "tool", "user", "user"]
    assert [part["type"] for part in sent[3]["content"]] == ["text", "image_url", "text", "image_url"]


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (user(FilePart(url="https://a.example/b.pdf")), "messages[0].content[0].url"),
        (user(AudioPart(data="AAAA", format="flac")), "messages[0].content[0].format"),
        (user(THOUGHT), "messages[0].content[0]"),
        (assistant(PICTURE), "messages[0].content[0]"),
    ],
)
def test_what_cannot_be_carried_is_not_sent(message: Message, path: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        wired(message)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ([calling(), HI], "must be followed by tool messages responding to each 'tool_call_id'.*: call_1"),
        ([calling()], "did not have response messages: call_1"),
        ([RAIN], "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'"),
        ([{"role": "function", "content": "x"}], r"Missing required parameter: 'messages\[0\].name'"),
        (
            [{"role": "user", "content": [{"text": "Hi"}]}],
            r"Missing required parameter: 'messages\[0\].content\[0\].type'",
        ),
        ([{"role": "user"}], r"Missing required parameter: 'messages\[0\].content'"),
        ([], "Invalid 'messages': empty array"),
    ],
)
def test_a_conversation_that_the_api_refuses(said: Any, complaint: str) -> None:
    with pytest.raises(InvalidInputError, match=complaint):
        read_messages(*said)
