"""``LanguageModelInput`` <-> the body of a request: what each option and part becomes, and what is read of it."""

from typing import Any

import pytest

from conformance.published import PublishedSchemas
from llm_sdk.errors import UnsupportedError
from llm_sdk.types import (
    AudioPart,
    Citation,
    FilePart,
    ImagePart,
    Message,
    OpaquePart,
    ReasoningPart,
    SourcePart,
    SystemMessage,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from providers.mistral.given import (
    ASKED,
    CALL,
    CALL_ID,
    CALL_JSON,
    CODEC,
    MODEL,
    MP3,
    PDF,
    PNG,
    ask,
    assistant,
    call,
    losses,
    messages,
    plain,
    read,
    read_messages,
    reference,
    text,
    thinking,
    tool_result,
    user,
    written,
)

OPEN = {"type": "object", "properties": {"city": {"type": "string"}}}
CLOSED = {**OPEN, "required": ["city"], "additionalProperties": False}

# An option of the input and the fields that it becomes; read back it is the same again.
OPTIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing": ({}, {}),
    "max_tokens": ({"max_tokens": 5}, {"max_tokens": 5}),
    "temperature of zero": ({"temperature": 0.0}, {"temperature": 0.0}),
    "top_p": ({"top_p": 0.5}, {"top_p": 0.5}),
    "top_k": ({"top_k": 40}, {"top_k": 40}),
    "penalties": (
        {"presence_penalty": 0.5, "frequency_penalty": 0.0},
        {"presence_penalty": 0.5, "frequency_penalty": 0.0},
    ),
    "seed": ({"seed": 0}, {"random_seed": 0}),
    "stop": ({"stop": ["a", "b"]}, {"stop": ["a", "b"]}),
    "parallel calls": ({"parallel_tool_calls": False}, {"parallel_tool_calls": False}),
    "metadata": ({"metadata": {"a": "b"}}, {"metadata": {"a": "b"}}),
    "tool": (
        {"tools": [{"name": "t", "description": "d", "parameters": OPEN}]},
        {"tools": [{"type": "function", "function": {"name": "t", "description": "d", "parameters": OPEN}}]},
    ),
    "strict tool": (
        {"tools": [{"name": "t", "parameters": CLOSED}]},
        {"tools": [{"type": "function", "function": {"name": "t", "parameters": CLOSED, "strict": True}}]},
    ),
    "no tools": ({"tools": []}, {"tools": []}),
    "choice auto": ({"tool_choice": {"type": "auto"}}, {"tool_choice": "auto"}),
    "choice none": ({"tool_choice": {"type": "none"}}, {"tool_choice": "none"}),
    "choice required": ({"tool_choice": {"type": "required"}}, {"tool_choice": "any"}),
    "choice by name": (
        {"tool_choice": {"type": "tool", "tool_name": "t"}},
        {"tool_choice": {"type": "function", "function": {"name": "t"}}},
    ),
    "text": ({"response_format": {"type": "text"}}, {"response_format": {"type": "text"}}),
    "json": (
        {"response_format": {"type": "json", "name": "json_object"}},
        {"response_format": {"type": "json_object"}},
    ),
    "schema": (
        {"response_format": {"type": "json", "name": "n", "description": "d", "schema": CLOSED}},
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "n", "description": "d", "schema": CLOSED, "strict": True},
            }
        },
    ),
    "effort": ({"reasoning": {"effort": "low"}}, {"reasoning_effort": "low"}),
    "reasoning": ({"reasoning": {}}, {"reasoning_effort": "high"}),
    "reasoning off": ({"reasoning": {"enabled": False}}, {"reasoning_effort": "none"}),
    "system prompt": (
        {"system_prompt": "Be brief."},
        {"messages": [{"role": "system", "content": "Be brief."}, *ASKED["messages"]]},
    ),
}


@pytest.mark.parametrize(("options", "fields"), OPTIONS.values(), ids=OPTIONS)
def test_options(options: Any, fields: Any, published: PublishedSchemas) -> None:
    body = written(ask(**options))
    assert body == {**ASKED, **fields}
    assert published.complaint("request", body) == ""
    found = read(body)
    assert plain(found.input) == plain(ask(**options))
    assert found.warnings == ()


def test_a_stream_is_asked_for() -> None:
    assert written(ask(), stream=True) == {**ASKED, "stream": True}
    assert read({**ASKED, "stream": True}).stream


IMAGE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
DOCUMENT = {"type": "document_url", "document_url": f"data:application/pdf;base64,{PDF}", "document_name": "a.pdf"}
IMAGE_PART, DOCUMENT_PART = (
    ImagePart(mime_type="image/png", data=PNG),
    FilePart(mime_type="application/pdf", data=PDF, filename="a.pdf"),
)
AUDIO_PART = AudioPart(data=MP3, format="mp3")
AUDIO = {"type": "input_audio", "input_audio": MP3}
SIGNED = ReasoningPart(text="Hm", id="thinking", signature="s1")

# Messages and how they are sent; read back they are the same again.
HISTORIES: dict[str, tuple[list[Message], list[Any]]] = {
    "text": ([user(TextPart(text="a"))], [{"role": "user", "content": "a"}]),
    "texts": (
        [user(TextPart(text="a"), TextPart(text=""))],
        [{"role": "user", "content": [text("a"), text("")]}],
    ),
    "media": (
        [user(TextPart(text="?"), IMAGE_PART, DOCUMENT_PART, AUDIO_PART)],
        [{"role": "user", "content": [text("?"), IMAGE, DOCUMENT, AUDIO]}],
    ),
    "by URL": (
        [user(ImagePart(url="https://e.org/i"), FilePart(url="https://e.org/f"))],
        [
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": "https://e.org/i"}},
                    {"type": "document_url", "document_url": "https://e.org/f"},
                ],
            }
        ],
    ),
    "instructions that show a thought": (
        [SystemMessage(content=[TextPart(text="Think:"), ReasoningPart(text="so")])],
        [{"role": "system", "content": [text("Think:"), thinking("so")]}],
    ),
    "instructions later on": (
        [user(TextPart(text="a")), SystemMessage(content="b")],
        [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}],
    ),
    "answer": (
        [assistant(ReasoningPart(text="Hm"), SIGNED, TextPart(text="a"))],
        [{"role": "assistant", "content": [thinking("Hm"), thinking("Hm", signature="s1"), text("a")]}],
    ),
    "silence": ([assistant()], [{"role": "assistant", "content": ""}]),
    "references": (
        [
            assistant(
                TextPart(text="a", citations=[Citation(source="0"), Citation(source="doc")]),
                TextPart(text="", citations=[Citation(source="1")]),
                TextPart(text="b"),
            )
        ],
        [{"role": "assistant", "content": [text("a"), reference(0, "doc"), reference(1), text("b")]}],
    ),
    "call and result": (
        [assistant(TextPart(text="a"), CALL), tool_result(TextPart(text="18°"))],
        [
            {"role": "assistant", "content": "a", "tool_calls": [CALL_JSON]},
            {"role": "tool", "tool_call_id": CALL_ID, "content": "18°"},
        ],
    ),
    "result of several parts": (
        [assistant(CALL), tool_result(TextPart(text="see"), IMAGE_PART)],
        [
            {"role": "assistant", "content": "", "tool_calls": [CALL_JSON]},
            {"role": "tool", "tool_call_id": CALL_ID, "content": [text("see"), IMAGE]},
        ],
    ),
    "empty result": (
        [assistant(CALL), tool_result()],
        [
            {"role": "assistant", "content": "", "tool_calls": [CALL_JSON]},
            {"role": "tool", "tool_call_id": CALL_ID, "content": ""},
        ],
    ),
    "another chunk": (
        [user(OpaquePart(provider="mistral", data={"type": "file", "file_id": "f"}))],
        [{"role": "user", "content": [{"type": "file", "file_id": "f"}]}],
    ),
}


@pytest.mark.parametrize(("said", "wired"), HISTORIES.values(), ids=HISTORIES)
def test_histories(said: list[Message], wired: list[Any]) -> None:
    assert messages(*said) == wired
    found = read_messages({"role": "system", "content": "first"}, *wired).input
    assert list(map(plain, found.messages[:-1])) == list(map(plain, said))
    assert (found.system_prompt, found.extra) == ("first", None)


FOREIGN = [ReasoningPart(text="Hm", signature="abc"), ReasoningPart(text="Hm", id="rs_1")]
# What is sent in place of what another provider has made, and what is said of it.
LOSSES: dict[str, tuple[list[Message], Any, str]] = {
    "signature": ([assistant(FOREIGN[0])], [thinking("Hm")], "reasoning: messages[0].content[0]"),
    "id": ([assistant(FOREIGN[1])], [thinking("Hm")], "reasoning: messages[0].content[0]"),
    "token without text": ([assistant(ReasoningPart(text="", signature="x"))], "", "reasoning: messages[0].content[0]"),
    "opaque": ([assistant(OpaquePart(provider="openai", data={}))], "", "opaque: messages[0].content[0]"),
    "citation": (
        [assistant(TextPart(text="a", citations=[Citation(source="https://e.org", title="E")]))],
        "a",
        "citations: messages[0].content[0]",
    ),
    "hosted tool": (
        [
            assistant(
                ToolCallPart(tool_call_id="ws_1", tool_name="web_search", args={}, provider_executed=True),
                ToolResultPart(tool_call_id="ws_1", tool_name="web_search", content=[], provider_executed=True),
                TextPart(text="a"),
            )
        ],
        "a",
        "hosted tool: messages[0].content[",
    ),
    "source": (
        [user(SourcePart(source="s", title="t", content=[TextPart(text="a")]))],
        "a",
        "source: messages[0].content[0]",
    ),
    "failed tool": ([tool_result(TextPart(text="a"), is_error=True)], "a", "is_error: messages[0].content[0]"),
}


@pytest.mark.parametrize(("said", "sent", "warning"), LOSSES.values(), ids=LOSSES)
def test_losses_are_told(said: list[Message], sent: Any, warning: str) -> None:
    assert messages(*said)[0]["content"] == sent
    told = losses(*said)
    assert told
    assert [one for one in told if not one.startswith(warning)] == []


def test_ids_of_calls_are_of_nine_letters_and_digits_and_agree() -> None:
    """Any other is refused: "Tool call id was call_1 but must be a-z, A-Z, 0-9, with a length of 9."."""
    said, result = messages(
        assistant(CALL.model_copy(update={"tool_call_id": "call_1"})), tool_result(TextPart(text="a"), id="call_1")
    )
    id = said["tool_calls"][0]["id"]
    assert id == result["tool_call_id"]
    assert (len(id), id.isalnum(), id.isascii()) == (9, True, True)
    assert id != messages(tool_result(id="call_2"))[0]["tool_call_id"]


UNSUPPORTED: dict[str, tuple[dict[str, Any], str]] = {
    "answers in audio": ({"modalities": ["audio"]}, "modalities[0]"),
    "budget": ({"reasoning": {"budget_tokens": 1000}}, "reasoning.budget_tokens"),
    "web search": ({"tools": [{"type": "web_search"}]}, "tools[0]"),
    "voice": ({"audio": {"voice": "x"}}, "audio.voice"),
    "call by the user": ({"messages": [{"role": "user", "content": [plain(CALL)]}]}, "messages[0].content[0]"),
    "headless samples": (
        {"messages": [{"role": "user", "content": [{"type": "audio", "data": "", "format": "linear16"}]}]},
        "messages[0].content[0].format",
    ),
}


@pytest.mark.parametrize(("options", "path"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_what_cannot_be_carried_is_refused_before_anything_is_sent(options: Any, path: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        written(ask(**options))
    assert caught.value.path == path


# Bodies with fields that have no unified form, or short forms: written again they mean the same.
KEPT: dict[str, dict[str, Any]] = {
    "unknown fields": {"safe_prompt": True, "n": 2, "guardrails": [{"block_on_error": True}], "prediction": {}},
    "no prompt of its own": {"prompt_mode": None},
    "older switch of reasoning": {"prompt_mode": "reasoning"},
    "unknown effort": {"reasoning_effort": "extreme"},
    "another word for any": {"tool_choice": "required"},
    "tool choice of tomorrow": {"tool_choice": {"type": "subset", "names": ["a"]}},
    "hosted tool": {"tools": [{"type": "web_search", "tool_configuration": None}, {"type": "code_interpreter"}]},
    "one stop": {"stop": "x"},
    "metadata of numbers": {"metadata": {"a": 1}},
    "strict that the schema is not": {"tools": [{"function": {"name": "t", "parameters": OPEN, "strict": True}}]},
    "format of tomorrow": {"response_format": {"type": "xml"}},
    "loose schema": {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": CLOSED}}},
}
SAID: dict[str, list[Any]] = {
    "detail of an image": [{"role": "user", "content": [{**IMAGE, "image_url": {"url": "u", "detail": "low"}}]}],
    "image as a text": [{"role": "user", "content": [text("a"), {"type": "image_url", "image_url": "https://e.org"}]}],
    "audio by URL": [{"role": "user", "content": [{"type": "input_audio", "input_audio": "https://e.org/a.mp3"}]}],
    "chunk of tomorrow": [{"role": "user", "content": [{"type": "video_url", "video_url": "u"}]}],
    "text with more": [{"role": "user", "content": [{**text("a"), "cache": True}]}],
    "thought in pieces": [{"role": "assistant", "content": [thinking("a", "b"), text("c")]}],
    "open thought": [{"role": "assistant", "content": [thinking("a", closed=False)]}],
    "thought that rests on something": [
        {"role": "assistant", "content": [{"type": "thinking", "thinking": [text("a"), reference(1)]}]}
    ],
    "reference by digits": [{"role": "assistant", "content": [text("a"), reference("1")]}],
    "prefix": [{"role": "assistant", "content": "a", "prefix": True}],
    "null content": [
        {"role": "assistant", "content": None, "tool_calls": [CALL_JSON]},
        {"role": "tool", "content": None},
    ],
    "arguments as an object": [
        {"role": "assistant", "tool_calls": [{"id": CALL_ID, "function": {"name": "t", "arguments": {"a": 1}}}]}
    ],
    "arguments that are none": [
        {"role": "assistant", "tool_calls": [{"id": CALL_ID, "function": {"name": "t", "arguments": "{"}}]}
    ],
    "ids of another shape": [
        {"role": "assistant", "content": "", "tool_calls": [{**CALL_JSON, "id": "call_1", "index": 1}]},
        {"role": "tool", "tool_call_id": "call_1", "name": "get_weather", "content": "a"},
    ],
    "no id": [{"role": "assistant", "tool_calls": [{"function": {"name": "t", "arguments": ""}}]}],
}


@pytest.mark.parametrize(
    "body",
    [*({**ASKED, **fields} for fields in KEPT.values()), *({"messages": said} for said in SAID.values())],
    ids=[*KEPT, *SAID],
)
def test_nothing_is_lost_in_reading_and_writing_again(body: Any) -> None:
    asked = {"model": MODEL, **body, "messages": [*body["messages"], {"role": "user", "content": "Hi"}]}
    found = read(asked)
    again = written(found.input, stream=found.stream)
    assert CODEC.normalize_request(again) == CODEC.normalize_request(asked)


def test_null_and_absent_prompt_modes_are_two_things() -> None:
    assert CODEC.normalize_request({**ASKED, "prompt_mode": None}) != CODEC.normalize_request(ASKED)
    assert read({**ASKED, "prompt_mode": None}).input.reasoning is None
    told_to_think = read({**ASKED, "prompt_mode": "reasoning"}).input.reasoning
    assert told_to_think is not None
    assert told_to_think.enabled


def test_names_of_results_are_those_of_the_calls() -> None:
    found = read_messages(
        {"role": "assistant", "content": "", "tool_calls": [{**CALL_JSON, "id": "call_1"}]},
        {"role": "tool", "tool_call_id": "call_1", "content": "a"},
        {"role": "tool", "tool_call_id": "unknownId", "content": "b", "name": "n"},
    ).input
    results = [part for part in found.messages[1].content if isinstance(part, ToolResultPart)]
    assert [(part.tool_call_id, part.tool_name) for part in results] == [("call_1", "get_weather"), ("unknownId", "n")]


def test_googles_cloud_says_in_the_path_whether_to_stream() -> None:
    path = "/v1/projects/p/locations/l/publishers/mistralai/models/m:streamRawPredict"
    assert read(ASKED, path).stream
    assert not read({**ASKED, "stream": True}, path.replace("streamRaw", "raw")).stream
    route = CODEC.match("POST", path)
    assert route is not None
    assert (route.model_id, route.stream) == ("m", True)


@pytest.mark.parametrize("target", [("GET", "/v1/chat/completions"), ("POST", "/v1/embeddings")])
def test_other_endpoints_are_not_matched(target: tuple[str, str]) -> None:
    assert CODEC.match(*target) is None


CALLS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "/v1/fim/completions": (
        {"model": "m", "prompt": "def f(", "suffix": "): pass", "min_tokens": 1, "max_tokens": 9},
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "text", "text": "def f("}, {"type": "text", "text": "): pass"}],
                }
            ],
            "min_tokens": 1,
            "max_tokens": 9,
        },
    ),
    "/v1/agents/completions": (
        {"agent_id": "m", "messages": ASKED["messages"], "stream": True},
        {"messages": ASKED["messages"], "stream": True},
    ),
}


@pytest.mark.parametrize(("path", "body", "chat"), [(path, *bodies) for path, bodies in CALLS.items()], ids=CALLS)
def test_calls_beside_the_chat_are_read_as_one_of_the_chat(
    path: str, body: dict[str, Any], chat: dict[str, Any]
) -> None:
    assert CODEC.match("POST", path) is not None
    said = {"model": "m", **chat}
    assert read(body, path) == read(said)
    assert CODEC.normalize_request(body) == CODEC.normalize_request(said)


def test_extra_goes_into_the_body_last() -> None:
    assert written(ask(extra={"safe_prompt": True}))["safe_prompt"] is True
    assert call().model_id == MODEL
