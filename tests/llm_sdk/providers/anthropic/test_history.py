"""Messages <-> the messages of a request, block by block, and what of them cannot be said here."""

import base64
from typing import Any

import pytest

from conformance.published import PublishedSchemas
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
    ToolMessage,
    ToolResultPart,
)
from providers.anthropic.given import (
    ASKED,
    CALL,
    CALL_BLOCK,
    CALLER,
    CODEC,
    PAGE,
    PAGE_BLOCK,
    PDF,
    PNG,
    SEARCH,
    SEARCH_BLOCK,
    again,
    assistant,
    found,
    found_block,
    losses,
    messages,
    output,
    read,
    read_messages,
    said,
    text,
    tool_result,
    user,
    written,
)

SOURCE = SourcePart(source="https://a.example", title="Rain", content=[TextPart(text="It rains.")])
SOURCE_BLOCK = {
    "type": "search_result",
    "source": "https://a.example",
    "title": "Rain",
    "content": [text("It rains.")],
    "citations": {"enabled": True},
}
IMAGE_BLOCK = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
PDF_BLOCK = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}}
TEXT_FILE = FilePart(mime_type="text/plain", data=base64.b64encode("Été".encode()).decode(), filename="a.txt")
TEXT_BLOCK = {
    "type": "document",
    "source": {"type": "text", "media_type": "text/plain", "data": "Été"},
    "title": "a.txt",
}
UPLOAD = {"type": "container_upload", "file_id": "file_1"}
FETCHED = {
    "type": "web_fetch_tool_result",
    "tool_use_id": "srvtoolu_2",
    "content": {"type": "web_fetch_tool_result_error", "error_code": "unavailable"},
}
DATED = '{"encrypted_content":"Eenc","page_age":"2 days ago"}'
BY_ANOTHER_TOOL = '{"caller":{"type":"code_execution_20260120","tool_id":"srvtoolu_2"}}'
EPHEMERAL = {"cache_control": {"type": "ephemeral"}}
THOUGHT = ReasoningPart(text="Hm…", signature="EqQB+/==")
THINKING = {"type": "thinking", "thinking": "Hm…", "signature": "EqQB+/=="}
RANGE = '{"type":"char_location","document_index":0,"start_char_index":1,"end_char_index":5}'
PASSAGE = '{"type":"search_result_location","search_result_index":0,"start_block_index":0,"end_block_index":1}'
CITED = TextPart(
    text="Rain.",
    citations=[
        Citation(source="https://a.example", title="A", cited_text="rain", signature="Eidx"),
        Citation(source="Report", title="Report", cited_text="rain", signature=RANGE),
        Citation(source="https://b.example", title="B", cited_text="rain", signature=PASSAGE),
    ],
)
LOCATIONS = [
    {
        "type": "web_search_result_location",
        "cited_text": "rain",
        "url": "https://a.example",
        "title": "A",
        "encrypted_index": "Eidx",
    },
    {
        "type": "char_location",
        "cited_text": "rain",
        "document_title": "Report",
        "document_index": 0,
        "start_char_index": 1,
        "end_char_index": 5,
    },
    {
        "type": "search_result_location",
        "cited_text": "rain",
        "source": "https://b.example",
        "title": "B",
        "search_result_index": 0,
        "start_block_index": 0,
        "end_block_index": 1,
    },
]

# Conversations, and their messages on the wire: written so, and read so.
BOTH_WAYS: dict[str, tuple[list[Message], list[dict[str, Any]]]] = {
    "text": ([user(TextPart(text="Hi"), TextPart(text="you"))], [said("user", "Hi", "you")]),
    "an empty message": ([user(TextPart(text=""))], [{"role": "user", "content": ""}]),
    "no content": ([user(), assistant()], [said("user"), said("assistant")]),
    "users side by side": (
        [user(TextPart(text="a")), user(TextPart(text="b"))],
        [said("user", "a"), said("user", "b")],
    ),
    "instructions": (
        [user(TextPart(text="a")), SystemMessage(content=[TextPart(text="Be brief.")])],
        [said("user", "a"), said("system", "Be brief.")],
    ),
    "image": ([user(ImagePart(mime_type="image/png", data=PNG))], [said("user", IMAGE_BLOCK)]),
    "image by URL": (
        [user(ImagePart(url="https://a.example/a.png"))],
        [said("user", {"type": "image", "source": {"type": "url", "url": "https://a.example/a.png"}})],
    ),
    "PDF": (
        [user(FilePart(mime_type="application/pdf", data=PDF, filename="a.pdf"))],
        [said("user", {**PDF_BLOCK, "title": "a.pdf"})],
    ),
    "PDF by URL": (
        [user(FilePart(url="https://a.example/a.pdf"))],
        [said("user", {"type": "document", "source": {"type": "url", "url": "https://a.example/a.pdf"}})],
    ),
    "document of text": ([user(TEXT_FILE)], [said("user", TEXT_BLOCK)]),
    "source": ([user(SOURCE)], [said("user", SOURCE_BLOCK)]),
    "citations": ([assistant(CITED)], [said("assistant", text("Rain.", citations=LOCATIONS))]),
    "thinking": ([assistant(THOUGHT, CALL)], [said("assistant", THINKING, CALL_BLOCK)]),
    "thinking without its text": (
        [assistant(ReasoningPart(text="", signature="Eomit"))],
        [said("assistant", {"type": "thinking", "thinking": "", "signature": "Eomit"})],
    ),
    "redacted thinking": (
        [assistant(ReasoningPart(text="", signature="Ered", id="redacted_thinking"))],
        [said("assistant", {"type": "redacted_thinking", "data": "Ered"})],
    ),
    "call and result": (
        [assistant(CALL), tool_result(TextPart(text="Sun"))],
        [said("assistant", CALL_BLOCK), said("user", output(text("Sun")))],
    ),
    "a call by another tool": (
        [assistant(CALL.model_copy(update={"signature": BY_ANOTHER_TOOL}))],
        [said("assistant", {**CALL_BLOCK, "caller": CALLER})],
    ),
    "a result of many kinds": (
        [assistant(CALL), tool_result(ImagePart(mime_type="image/png", data=PNG), TEXT_FILE, SOURCE, is_error=True)],
        [said("assistant", CALL_BLOCK), said("user", output(IMAGE_BLOCK, TEXT_BLOCK, SOURCE_BLOCK, is_error=True))],
    ),
    "an empty result": ([assistant(CALL), tool_result()], [said("assistant", CALL_BLOCK), said("user", output())]),
    "results and what the user says then": (
        [assistant(CALL), tool_result(TextPart(text="Sun")), user(TextPart(text="And now?"))],
        [said("assistant", CALL_BLOCK), said("user", output(text("Sun")), "And now?")],
    ),
    "web search": (
        [assistant(SEARCH, found(PAGE), TextPart(text="Rain."))],
        [said("assistant", SEARCH_BLOCK, found_block([PAGE_BLOCK]), "Rain.")],
    ),
    "web search with a date": (
        [assistant(SEARCH, found(PAGE.model_copy(update={"content": [TextPart(text="", signature=DATED)]})))],
        [said("assistant", SEARCH_BLOCK, found_block([{**PAGE_BLOCK, "page_age": "2 days ago"}]))],
    ),
    "web search that failed": (
        [assistant(SEARCH, found(TextPart(text="max_uses_exceeded"), is_error=True))],
        [
            said(
                "assistant",
                SEARCH_BLOCK,
                found_block({"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"}),
            )
        ],
    ),
}


@pytest.mark.parametrize(("conversation", "wired"), BOTH_WAYS.values(), ids=BOTH_WAYS)
def test_both_ways(published: PublishedSchemas, conversation: list[Message], wired: list[dict[str, Any]]) -> None:
    assert messages(*conversation) == wired
    assert losses(*conversation) == ()
    assert read_messages(*wired).messages == conversation
    assert published.complaint("request", written(LanguageModelInput(messages=conversation))) == ""


def test_all_results_of_a_turn_stand_in_one_message() -> None:
    calls = [ToolCallPart(tool_call_id=id, tool_name="f", args={}) for id in ("toolu_1", "toolu_2")]
    results = [tool_result(TextPart(text="a"), id="toolu_1"), tool_result(TextPart(text="b"), id="toolu_2")]
    _, answered = messages(assistant(*calls), *results)
    assert [block["tool_use_id"] for block in answered["content"]] == ["toolu_1", "toolu_2"]


def test_ids_of_other_providers_are_made_to_fit_the_same_for_call_and_result() -> None:
    call = ToolCallPart(tool_call_id="call.1:a", tool_name="f", args={})
    sent = messages(assistant(call), tool_result(id="call.1:a"))
    assert (sent[0]["content"][0]["id"], sent[1]["content"][0]["tool_use_id"]) == ("call_1_a", "call_1_a")


# What cannot be said here: the messages without it, and how each warning begins.
LOSSES: dict[str, tuple[list[Message], list[dict[str, Any]], list[str]]] = {
    "reasoning without a signature": (
        [assistant(ReasoningPart(text="Hm"), TextPart(text="a"))],
        [said("assistant", "a")],
        ["reasoning: messages[0].content[0]"],
    ),
    "reasoning of OpenAI": (
        [assistant(ReasoningPart(text="Hm", signature="gAAAA", id="rs_1"), TextPart(text="a"))],
        [said("assistant", "a")],
        ["reasoning: messages[0].content[0]"],
    ),
    "reasoning of Gemini": (
        [assistant(ReasoningPart(text="Hm", signature="EpcCCpQCAQw51sczwVjIHy3S"), TextPart(text="a"))],
        [said("assistant", "a")],
        ["reasoning: messages[0].content[0]"],
    ),
    "a message of which nothing is left": (
        [user(TextPart(text="a")), assistant(ReasoningPart(text="Hm")), user(TextPart(text="b"))],
        [said("user", "a"), said("user", "b")],
        ["reasoning: messages[1].content[0]"],
    ),
    "a search of another provider": (
        [assistant(SEARCH.model_copy(update={"tool_call_id": "ws_1"}), TextPart(text="a"))],
        [said("assistant", "a")],
        ["hosted tool: messages[0].content[0]"],
    ),
    "a citation of another provider": (
        [assistant(TextPart(text="a", citations=[Citation(source="https://a.example", start_index=0, end_index=1)]))],
        [said("assistant", "a")],
        ["citations: messages[0].content[0]"],
    ),
    "a citation of a container": (
        [assistant(TextPart(text="a", citations=[Citation(source="cfile_1", signature="cntr_1")]))],
        [said("assistant", "a")],
        ["citations: messages[0].content[0]"],
    ),
    "an opaque part of another provider": (
        [user(OpaquePart(provider="google", data={"a": 1}), TextPart(text="a"))],
        [said("user", "a")],
        ["opaque: messages[0].content[0]"],
    ),
    "a source of the model": (
        [assistant(SOURCE)],
        [said("assistant", "It rains.")],
        ["source: messages[0].content[0]"],
    ),
    "empty texts": ([assistant(TextPart(text=""), TextPart(text="a"))], [said("assistant", "a")], []),
    "a signature that is no base64": (
        [assistant(ReasoningPart(text="Hm", signature="é"))],
        [said("assistant", {"type": "thinking", "thinking": "Hm", "signature": "é"})],
        [],
    ),
    "signatures of calls of another provider": (
        [assistant(CALL.model_copy(update={"signature": "CpsCAb4+", "id": "fc_1"}))],
        [said("assistant", CALL_BLOCK)],
        ["id: messages[0].content[0]", "signature: messages[0].content[0]"],
    ),
}


@pytest.mark.parametrize(("conversation", "wired", "warnings"), LOSSES.values(), ids=LOSSES)
def test_losses(conversation: list[Message], wired: list[dict[str, Any]], warnings: list[str]) -> None:
    assert messages(*conversation) == wired
    told = losses(*conversation)
    assert [warning[: len(expected)] for warning, expected in zip(told, warnings, strict=True)] == warnings


UNSUPPORTED: dict[str, tuple[list[Message], str]] = {
    "audio": ([user(AudioPart(data="", format="wav"))], "messages[0].content[0]"),
    "audio of a tool": ([tool_result(AudioPart(data="", format="wav"))], "messages[0].content[0].content[0]"),
    "a call by the user": ([user(CALL)], "messages[0].content[0]"),
    "reasoning of the user": ([user(THOUGHT)], "messages[0].content[0]"),
    "an image of the model": ([assistant(ImagePart(mime_type="image/png", data=PNG))], "messages[0].content[0]"),
    "an odd image": ([user(ImagePart(mime_type="image/bmp", data=PNG))], "messages[0].content[0].mime_type"),
    "a spreadsheet": (
        [user(FilePart(mime_type="application/vnd.ms-excel", data=PDF))],
        "messages[0].content[0].mime_type",
    ),
    "a source with an image": (
        [user(SOURCE.model_copy(update={"content": [ImagePart(mime_type="image/png", data=PNG)]}))],
        "messages[0].content[0].content[0]",
    ),
    "an image among instructions": (
        [SystemMessage(content=[ImagePart(url="https://a.example")])],
        "messages[0].content[0]",
    ),
}


@pytest.mark.parametrize(("conversation", "path"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_what_the_protocol_cannot_carry(conversation: list[Message], path: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        messages(*conversation)
    assert caught.value.path == path


@pytest.mark.parametrize(
    "conversation", [[ToolMessage(content=[TextPart(text="a")])], [user(FilePart(mime_type="text/plain", data="/w=="))]]
)
def test_what_is_wrong(conversation: list[Message]) -> None:
    """A text in place of a result; a document of text that is not UTF-8."""
    with pytest.raises(InvalidInputError) as caught:
        messages(*conversation)
    assert caught.value.path.startswith("messages[0].content[0]")


# Blocks without a unified form, or with fields that have none: they come back as they were.
KEPT: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "upload": ([said("user", UPLOAD)], ["container_upload"]),
    "image from a file": ([said("user", {"type": "image", "source": {"type": "file", "file_id": "f"}})], ["image"]),
    "document of blocks": (
        [said("user", {"type": "document", "source": {"type": "content", "content": [text("a")]}})],
        ["document"],
    ),
    "other hosted tools": (
        [said("assistant", {**SEARCH_BLOCK, "name": "web_fetch"}, FETCHED)],
        ["server_tool_use", "web_fetch_tool_result"],
    ),
    "a call of tomorrow": ([said("assistant", {"type": "block_of_tomorrow", "x": {"y": 1}})], ["block_of_tomorrow"]),
    "a reference in a result": (
        [said("assistant", CALL_BLOCK), said("user", output({"type": "tool_reference", "tool_name": "f"}))],
        ["tool_reference"],
    ),
    "a citation of tomorrow": (
        [said("assistant", text("a", citations=[*LOCATIONS, {"type": "place_of_tomorrow", "x": 1}]))],
        [],
    ),
    "cache control": (
        [
            said("assistant", {**CALL_BLOCK, **EPHEMERAL}),
            said("user", {**output(text("Sun", **EPHEMERAL)), **EPHEMERAL}, text("b", **EPHEMERAL)),
        ],
        [],
    ),
    "options of a document": (
        [said("user", {**PDF_BLOCK, "context": "c", "citations": {"enabled": True}})],
        [],
    ),
    "a source that is not cited": ([said("user", {**SOURCE_BLOCK, "citations": {"enabled": False}})], []),
    "a search by another tool": (
        [said("assistant", {**SEARCH_BLOCK, "caller": CALLER}, found_block([PAGE_BLOCK], caller=CALLER))],
        [],
    ),
    "a result by another tool than its call": (
        [said("assistant", SEARCH_BLOCK, found_block([PAGE_BLOCK], caller=CALLER))],
        [],
    ),
    "text before results": ([said("assistant", CALL_BLOCK), said("user", "wait", output(text("Sun")))], []),
    "results in messages of their own": (
        [said("assistant", CALL_BLOCK), said("user", output(text("Sun"))), said("user", text("b", cache_control={}))],
        [],
    ),
}


@pytest.mark.parametrize(("wired", "warnings"), KEPT.values(), ids=KEPT)
def test_nothing_of_a_history_is_lost(wired: list[dict[str, Any]], warnings: list[str]) -> None:
    body = {**ASKED, "messages": wired}
    assert again(body) == CODEC.normalize_request(body)
    assert [warning.partition(":")[0] for warning in read(body).warnings] == warnings


def test_a_result_knows_the_name_of_its_call() -> None:
    input = read_messages(
        said("assistant", CALL_BLOCK), said("user", {"type": "tool_result", "tool_use_id": "toolu_1"})
    )
    assert input.messages[1] == ToolMessage(
        content=[ToolResultPart(tool_call_id="toolu_1", tool_name="get_weather", content=[])]
    )
