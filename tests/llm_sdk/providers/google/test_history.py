"""Messages <-> the contents of a request: what each part becomes, what is lost, and what is kept."""

from typing import Any

import pytest

from llm_sdk.types import (
    AssistantMessage,
    AudioPart,
    FilePart,
    ImagePart,
    LanguageModelInput,
    Message,
    OpaquePart,
    ReasoningPart,
    SourcePart,
    TextPart,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
)
from providers.google.given import (
    ANTHROPIC_SIGNATURE,
    CALL,
    CALL_PART,
    CODEC,
    PDF,
    PNG,
    SIGNATURE,
    assistant,
    contents,
    losses,
    plain,
    read,
    read_contents,
    result_part,
    said,
    tool_result,
    user,
    written,
)

SKIP = {"thoughtSignature": "skip_thought_signature_validator"}
CODE = {"executableCode": {"language": "PYTHON", "code": "print(1)"}}


def blob(mime_type: str, data: str) -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime_type, "data": data}}


# A message and its content: read in both directions.
SAME: dict[str, tuple[Message, dict[str, Any]]] = {
    "text": (user(TextPart(text="Hi")), said("Hi")),
    "two texts, one empty": (user(TextPart(text="Hi"), TextPart(text="")), said("Hi", "")),
    "image": (user(ImagePart(mime_type="image/png", data=PNG)), said(blob("image/png", PNG))),
    "image by URL": (
        user(ImagePart(mime_type="image/png", url="https://a.b/c")),
        said({"fileData": {"mimeType": "image/png", "fileUri": "https://a.b/c"}}),
    ),
    "document": (user(FilePart(mime_type="application/pdf", data=PDF)), said(blob("application/pdf", PDF))),
    "document by URL": (
        user(FilePart(url="https://a.b/c")),
        said({"fileData": {"fileUri": "https://a.b/c"}}),
    ),
    "film": (user(FilePart(mime_type="video/mp4", data="AAAA")), said(blob("video/mp4", "AAAA"))),
    "sound": (user(AudioPart(format="wav", data="AAAA")), said(blob("audio/wav", "AAAA"))),
    "samples": (
        user(AudioPart(format="linear16", data="AAAA", sample_rate=24000)),
        said(blob("audio/L16;codec=pcm;rate=24000", "AAAA")),
    ),
    "answer": (assistant(TextPart(text="Hello")), said("Hello", role="model")),
    "answer with its signature": (
        assistant(TextPart(text="", signature=SIGNATURE)),
        said({"text": "", "thoughtSignature": SIGNATURE}, role="model"),
    ),
    "thought": (
        assistant(ReasoningPart(text="Hm", signature=SIGNATURE)),
        said({"text": "Hm", "thought": True, "thoughtSignature": SIGNATURE}, role="model"),
    ),
    "image of the model with its signature": (
        assistant(ImagePart(mime_type="image/png", data=PNG, id=SIGNATURE)),
        said({**blob("image/png", PNG), "thoughtSignature": SIGNATURE}, role="model"),
    ),
    "call with its signature": (
        assistant(CALL.model_copy(update={"signature": SIGNATURE})),
        said({**CALL_PART, "thoughtSignature": SIGNATURE}, role="model"),
    ),
    "call of another model": (assistant(CALL), said({**CALL_PART, **SKIP}, role="model")),
    "result": (tool_result(TextPart(text="sun")), said(result_part({"output": "sun"}))),
    "result of several texts": (
        tool_result(TextPart(text="sun"), TextPart(text="rain")),
        said(result_part({"output": ["sun", "rain"]})),
    ),
    "result that is an object": (
        tool_result(TextPart(text='{"sky":"blue","n":9007199254740993}')),
        said(result_part({"sky": "blue", "n": 9007199254740993})),
    ),
    "result that is no object": (tool_result(TextPart(text="[1]")), said(result_part({"output": "[1]"}))),
    "result of nothing": (tool_result(), said(result_part({}))),
    "result that has failed": (
        tool_result(TextPart(text="no sky"), is_error=True),
        said(result_part({"error": "no sky"})),
    ),
    "result with an image": (
        tool_result(TextPart(text="sun"), ImagePart(mime_type="image/png", data=PNG)),
        said(result_part({"output": "sun"}, parts=[blob("image/png", PNG)])),
    ),
    "code that the provider ran": (
        assistant(OpaquePart(provider="google", data={**CODE, "thoughtSignature": SIGNATURE})),
        said({**CODE, "thoughtSignature": SIGNATURE}, role="model"),
    ),
}


@pytest.mark.parametrize(("message", "content"), SAME.values(), ids=SAME.keys())
def test_a_message_is_written_and_read(message: Message, content: dict[str, Any]) -> None:
    assert contents(message) == [content]
    before = [] if message.role != "tool" else [assistant(CALL)]
    wired = [*contents(*before), content]
    assert plain(read_contents(*wired)) == plain(LanguageModelInput(messages=[*before, message]))


def test_messages_of_one_role_stay_apart() -> None:
    messages = [user(TextPart(text="a")), user(TextPart(text="b")), assistant(TextPart(text="c"))]
    wired = contents(*messages)
    assert [(content["role"], len(content["parts"])) for content in wired] == [("user", 1), ("user", 1), ("model", 1)]
    assert read_contents(*wired).messages == messages


def test_only_the_first_call_of_a_turn_needs_a_signature() -> None:
    [turn] = contents(assistant(TextPart(text="Wait."), CALL, CALL.model_copy(update={"tool_call_id": "b"})))
    assert ["thoughtSignature" in part for part in turn["parts"]] == [False, True, False]


@pytest.mark.parametrize(
    ("model", "asks"), [("gemini-2.5-pro", False), ("gemini-3.1-pro", True), ("gemma-3-27b", False)]
)
def test_models_before_gemini_3_need_none(model: str, asks: bool) -> None:
    body = CODEC.encode_request(model, LanguageModelInput(messages=[assistant(CALL)]), stream=False).body
    assert (b"skip_thought_signature_validator" in body) is asks


# What stands in a message, what is sent of it, and what is said of the rest.
LOST: dict[str, tuple[Message, list[Any], tuple[str, ...]]] = {
    "source": (
        user(SourcePart(source="a", title="b", content=[TextPart(text="c")])),
        [said("c")],
        ("source: messages[0].content[0] is sent without its title and source",),
    ),
    "name of a file": (
        user(FilePart(mime_type="application/pdf", data=PDF, filename="a.pdf")),
        [said(blob("application/pdf", PDF))],
        ("filename: messages[0].content[0] is sent without its filename",),
    ),
    "signature of OpenAI": (
        assistant(TextPart(text="a", signature="msg_1#commentary")),
        [said("a", role="model")],
        ("signature: that of messages[0].content[0] was made by another provider and was left out",),
    ),
    "reasoning of OpenAI": (
        assistant(ReasoningPart(text="Hm", signature="gAAAAABo", id="rs_1")),
        [said({"text": "Hm", "thought": True}, role="model")],
        ("signature: that of messages[0].content[0] was made by another provider and was left out",),
    ),
    "reasoning of Anthropic": (
        assistant(ReasoningPart(text="", signature=ANTHROPIC_SIGNATURE), TextPart(text="a")),
        [said("a", role="model")],
        ("signature: that of messages[0].content[0] was made by another provider and was left out",),
    ),
    "id of an image": (
        assistant(ImagePart(mime_type="image/png", data=PNG, id="ig_1")),
        [said(blob("image/png", PNG), role="model")],
        ("id: messages[0].content[0] is sent without its id",),
    ),
    "hosted search": (
        assistant(
            ToolCallPart(tool_call_id="s", tool_name="web_search", args={}, provider_executed=True),
            TextPart(text="a"),
        ),
        [said("a", role="model")],
        ("hosted tool: messages[0].content[0] cannot be given back to this provider and was left out",),
    ),
    "citations": (
        assistant(TextPart.model_validate({"text": "a", "citations": [{"source": "b"}]})),
        [said("a", role="model")],
        ("citations: messages[0].content[0] is sent without its citations",),
    ),
    "part of another provider, and with it the turn": (
        assistant(OpaquePart(provider="openai", data={"type": "mcp_call"})),
        [],
        (
            "opaque: messages[0].content[0] belongs to openai and was left out",
            "message: messages[0] has nothing that can be sent and was left out",
        ),
    ),
    "empty turn": (
        AssistantMessage(content=[]),
        [],
        ("message: messages[0] has nothing that can be sent and was left out",),
    ),
}


@pytest.mark.parametrize(("message", "wired", "warnings"), LOST.values(), ids=LOST.keys())
def test_what_is_lost_is_said(message: Message, wired: list[Any], warnings: tuple[str, ...]) -> None:
    assert contents(message) == wired
    assert losses(message) == warnings


def functions(*names: str, key: str = "functionCall", **fields: Any) -> list[Any]:
    return [{key: {"name": name, **fields}} for name in names]


def test_calls_without_ids_are_matched_by_name_and_order() -> None:
    turns = [
        said(*functions("f", "g", "f"), role="model"),
        said(*functions("f", "f", "g", key="functionResponse", response={})),
        said(*functions("f"), role="model"),
        said(*functions("f", key="functionResponse", response={})),
    ]
    input = read_contents(*turns)
    calls, results, call, result = [[part.tool_call_id for part in message.content] for message in input.messages]
    assert len({*calls, *call}) == 4
    assert (results, result) == ([calls[0], calls[2], calls[1]], call)
    rewritten = CODEC.normalize_request({"contents": contents(*input.messages)})
    for turn in (0, 2):
        assert rewritten["contents"][turn]["parts"][0].pop("thoughtSignature") == SKIP["thoughtSignature"]
    assert rewritten == CODEC.normalize_request({"contents": turns})


def test_a_result_may_name_its_function_alone_though_the_call_has_an_id() -> None:
    turns = [
        said(*functions("f", id="call-1"), role="model"),
        said(*functions("f", key="functionResponse", response={})),
    ]
    input = read({"contents": turns}).input
    assert [message.content[0].tool_call_id for message in input.messages] == ["call-1", "call-1"]
    rewritten = CODEC.normalize_request(written(input))
    rewritten["contents"][0]["parts"][0].pop("thoughtSignature", None)
    assert rewritten == CODEC.normalize_request({"contents": turns})


def test_results_of_calls_without_ids_go_in_the_order_of_the_calls() -> None:
    input = read_contents(said(*functions("f", "g", "f"), role="model"))
    first, other, second = [part.tool_call_id for part in input.messages[0].content]
    answered = [
        ToolResultPart(tool_call_id=id, tool_name=name, content=[TextPart(text=text)])
        for id, name, text in ((second, "f", "2"), (other, "g", "0"), (first, "f", "1"))
    ]
    [_, results] = contents(*input.messages, ToolMessage(content=answered))
    assert [part["functionResponse"] for part in results["parts"]] == [
        {"name": "f", "response": {"output": "1"}},
        {"name": "g", "response": {"output": "0"}},
        {"name": "f", "response": {"output": "2"}},
    ]


# A content that says more than has a unified form, and where the rest is kept.
KEPT: dict[str, tuple[dict[str, Any], Any]] = {
    "part of a film": (
        {"fileData": {"fileUri": "https://a.b/c"}, "videoMetadata": {"endOffset": "9s"}},
        {"videoMetadata": {"endOffset": "9s"}},
    ),
    "MIME type in other words": (blob("audio/mpeg", "AAAA"), {"inlineData": {"mimeType": "audio/mpeg"}}),
    "name beside the bytes": (
        {"inlineData": {"mimeType": "image/png", "data": PNG, "displayName": "a"}},
        {"inlineData": {"displayName": "a"}},
    ),
}


@pytest.mark.parametrize(("part", "rest"), KEPT.values(), ids=KEPT.keys())
def test_what_has_no_unified_form_is_kept_at_its_place(part: dict[str, Any], rest: Any) -> None:
    call = read({"contents": [said("Hi"), said(part)]})
    assert call.input.extra == {"contents": {"1": {"parts": {"0": rest}}}}
    body = CODEC.encode_request("m", call.input, stream=False).body
    assert CODEC.decode_request(CODEC.encode_request("m", call.input, stream=False)).input == call.input, body


def test_base64_may_be_url_safe() -> None:
    input = read_contents(said(blob("image/png", "-_-_AA")))
    assert input.messages[0].content == [ImagePart(mime_type="image/png", data="+/+/AA==")]


@pytest.mark.parametrize(
    "response", [{"output": 5}, {"output": '{"a":1}'}, {"output": "a", "error": "b"}, {"result": "a"}]
)
def test_a_response_of_any_shape_comes_back_as_it_was(response: Any) -> None:
    wired = said(result_part(response))
    assert contents(*read_contents(wired).messages) == [wired]


def test_results_beside_other_parts_are_two_messages() -> None:
    input = read_contents(said(result_part({"output": "sun"}), "And now?"))
    assert [message.role for message in input.messages] == ["tool", "user"]
