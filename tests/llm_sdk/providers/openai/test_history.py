"""Messages <-> the input items of a request: the exact items of every role and part."""

import json
from typing import Any

import pytest

from conformance.published import PublishedSchemas
from llm_sdk.codec import WireRequest
from llm_sdk.providers.openai import CODEC
from llm_sdk.types import (
    Citation,
    FilePart,
    ImagePart,
    LanguageModelInput,
    Message,
    OpaquePart,
    ReasoningPart,
    SystemMessage,
    TextPart,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
)
from providers.openai.given import (
    CALL,
    CALL_ITEM,
    PDF,
    PNG,
    SEARCH,
    SEARCH_ITEM,
    assistant,
    found,
    items,
    losses,
    message,
    output,
    output_text,
    read_items,
    said,
    tool_result,
    user,
    written,
)

URL_CITATION = {"type": "url_citation", "start_index": 0, "end_index": 3, "title": "Rain", "url": "https://a.example"}
FILE_CITATION = {"type": "file_citation", "file_id": "file-1", "filename": "rain.pdf", "index": 3}
CONTAINER_CITATION = {
    "type": "container_file_citation",
    "container_id": "cntr_1",
    "file_id": "cfile_1",
    "filename": "rain.csv",
    "start_index": 0,
    "end_index": 3,
}
COMPACTION = {"type": "compaction", "id": "cmp_1"}
CUSTOM_CALL = {"type": "custom_tool_call", "call_id": "call_9", "name": "sql", "input": "SELECT 1"}
CUSTOM_RESULT = ToolResultPart(tool_call_id="call_9", tool_name="sql", content=[TextPart(text="1")])
CUSTOM_ASKED: list[Message] = [
    assistant(OpaquePart(provider="openai", data=CUSTOM_CALL)),
    ToolMessage(content=[CUSTOM_RESULT]),
]
ASKED: list[Message] = [assistant(CALL), tool_result(TextPart(text="rain"))]

# Messages and their items, read in both directions.
HISTORY: dict[str, tuple[list[Message], list[dict[str, Any]]]] = {
    "user text": ([user(TextPart(text="Hi"))], [said("Hi")]),
    "user texts": ([user(TextPart(text="a"), TextPart(text=""))], [said("a", "")]),
    "user without content": ([user()], [said()]),
    "two user messages": ([user(TextPart(text="a")), user(TextPart(text="b"))], [said("a"), said("b")]),
    "image data": (
        [user(TextPart(text="What?"), ImagePart(mime_type="image/png", data=PNG))],
        [said("What?", {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"})],
    ),
    "image by URL": (
        [user(ImagePart(url="https://a.example/b.png"))],
        [said({"type": "input_image", "image_url": "https://a.example/b.png", "detail": "auto"})],
    ),
    "file data": (
        [user(FilePart(mime_type="application/pdf", data=PDF, filename="a.pdf"))],
        [said({"type": "input_file", "file_data": f"data:application/pdf;base64,{PDF}", "filename": "a.pdf"})],
    ),
    "file by URL": (
        [user(FilePart(url="https://a.example/b.pdf"))],
        [said({"type": "input_file", "file_url": "https://a.example/b.pdf"})],
    ),
    "instructions in mid-conversation": (
        [user(TextPart(text="Hi")), SystemMessage(content=[TextPart(text="Be brief.")])],
        [said("Hi"), said("Be brief.", role="developer")],
    ),
    "assistant text": (
        [assistant(TextPart(text="Hello"))],
        [{"type": "message", "role": "assistant", "content": "Hello"}],
    ),
    "assistant text with the id of its message": (
        [assistant(TextPart(text="Hello", signature="msg_1"))],
        [message("Hello")],
    ),
    "phases": (
        [
            assistant(
                TextPart(text="Looking", signature="msg_1#commentary"),
                TextPart(text="Rain", signature="msg_2#final_answer"),
            )
        ],
        [message("Looking", phase="commentary"), message("Rain", id="msg_2", phase="final_answer")],
    ),
    "a phase without an id": (
        [assistant(TextPart(text="Looking", signature="#commentary"))],
        [{"type": "message", "role": "assistant", "phase": "commentary", "content": "Looking"}],
    ),
    "texts of one message": (
        [assistant(TextPart(text="a", signature="msg_1"), TextPart(text="b", signature="msg_1"))],
        [message("a", "b")],
    ),
    "a result of a custom tool": (
        CUSTOM_ASKED,
        [CUSTOM_CALL, {"type": "custom_tool_call_output", "call_id": "call_9", "output": "1"}],
    ),
    "messages of one turn": (
        [assistant(TextPart(text="a", signature="msg_1"), TextPart(text="b", signature="msg_2"))],
        [message("a"), message("b", id="msg_2")],
    ),
    "turns without ids": (
        [assistant(TextPart(text="a")), assistant(TextPart(text="b"))],
        [{"type": "message", "role": "assistant", "content": text} for text in ("a", "b")],
    ),
    "assistant without content": (
        [user(TextPart(text="Hi")), assistant()],
        [said("Hi"), {"type": "message", "role": "assistant", "content": []}],
    ),
    "citations": (
        [
            assistant(
                TextPart(
                    text="Rain",
                    signature="msg_1",
                    citations=[
                        Citation(source="https://a.example", title="Rain", start_index=0, end_index=3),
                        Citation(source="file-1", title="rain.pdf", start_index=3),
                        Citation(source="cfile_1", title="rain.csv", start_index=0, end_index=3, signature="cntr_1"),
                    ],
                )
            )
        ],
        [message(output_text("Rain", URL_CITATION, FILE_CITATION, CONTAINER_CITATION))],
    ),
    "reasoning": (
        [assistant(ReasoningPart(text="**Rain**\nIt rains.", signature="gAAAA", id="rs_1"))],
        [
            {
                "id": "rs_1",
                "type": "reasoning",
                "summary": [{"type": "summary_text", "text": "**Rain**\nIt rains."}],
                "encrypted_content": "gAAAA",
            }
        ],
    ),
    "reasoning with several summaries": (
        [assistant(ReasoningPart(text="**Rain**\n\nWet.\n**Sun**\n\nDry.", id="rs_1"))],
        [
            {
                "id": "rs_1",
                "type": "reasoning",
                "summary": [
                    {"type": "summary_text", "text": "**Rain**\n\nWet."},
                    {"type": "summary_text", "text": "**Sun**\n\nDry."},
                ],
            }
        ],
    ),
    "reasoning that shows nothing": (
        [assistant(ReasoningPart(text="", signature="gAAAA", id="rs_1"), CALL)],
        [{"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAAA"}, CALL_ITEM],
    ),
    "function call": ([assistant(CALL)], [CALL_ITEM]),
    "function call of another provider's history": (
        [assistant(ToolCallPart(tool_call_id="toolu_1", tool_name="now", args={}))],
        [{"type": "function_call", "call_id": "toolu_1", "name": "now", "arguments": "{}"}],
    ),
    "arguments keep every digit and character": (
        [assistant(CALL.model_copy(update={"args": {"n": 2**70, "é\u2028": [0.1, None]}}))],
        [{**CALL_ITEM, "arguments": '{"n":1180591620717411303424,"é\u2028":[0.1,null]}'}],
    ),
    "text, call and text": (
        [assistant(TextPart(text="a", signature="msg_1"), CALL, TextPart(text="b", signature="msg_2"))],
        [message("a"), CALL_ITEM, message("b", id="msg_2")],
    ),
    "result": (ASKED, [CALL_ITEM, output("rain")]),
    "empty result": ([assistant(CALL), tool_result()], [CALL_ITEM, output("")]),
    "result in several parts": (
        [
            assistant(CALL),
            tool_result(
                TextPart(text="rain"),
                TextPart(text="wind"),
                ImagePart(mime_type="image/png", data=PNG),
                FilePart(mime_type="application/pdf", data=PDF),
            ),
        ],
        [
            CALL_ITEM,
            output(
                [
                    {"type": "input_text", "text": "rain"},
                    {"type": "input_text", "text": "wind"},
                    {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"},
                    {"type": "input_file", "file_data": f"data:application/pdf;base64,{PDF}"},
                ]
            ),
        ],
    ),
    "results side by side": (
        [
            assistant(CALL, CALL.model_copy(update={"tool_call_id": "call_2", "id": "fc_2"})),
            ToolMessage(
                content=[
                    ToolResultPart(tool_call_id=id, tool_name="get_weather", content=[TextPart(text="rain")])
                    for id in ("call_2", "call_1")
                ]
            ),
        ],
        [
            CALL_ITEM,
            {**CALL_ITEM, "call_id": "call_2", "id": "fc_2"},
            output("rain", "call_2"),
            output("rain", "call_1"),
        ],
    ),
    "search": ([assistant(SEARCH)], [SEARCH_ITEM]),
    "search with its sources": (
        [assistant(SEARCH, found("https://a.example", "https://b.example"), TextPart(text="Wet", signature="msg_1"))],
        [
            {
                **SEARCH_ITEM,
                "action": {
                    "type": "search",
                    "query": "rain",
                    "sources": [
                        {"type": "url", "url": "https://a.example"},
                        {"type": "url", "url": "https://b.example"},
                    ],
                },
            },
            message("Wet"),
        ],
    ),
    "one search twice, and what it found the second time": (
        [assistant(SEARCH, OpaquePart(provider="openai", data=CUSTOM_CALL), SEARCH, found("https://a.example"))],
        [
            SEARCH_ITEM,
            CUSTOM_CALL,
            {
                **SEARCH_ITEM,
                "action": {**SEARCH_ITEM["action"], "sources": [{"type": "url", "url": "https://a.example"}]},
            },
        ],
    ),
    "search that failed": ([assistant(SEARCH, found(is_error=True))], [{**SEARCH_ITEM, "status": "failed"}]),
    "search without an action": (
        [assistant(SEARCH.model_copy(update={"args": {}}))],
        [{"id": "ws_1", "type": "web_search_call", "status": "completed"}],
    ),
    "generated image": (
        [assistant(ImagePart(mime_type="image/webp", data=PNG, width=1024, height=512, id="ig_1"))],
        [
            {
                "id": "ig_1",
                "type": "image_generation_call",
                "status": "completed",
                "output_format": "webp",
                "result": PNG,
                "size": "1024x512",
            }
        ],
    ),
    "item without a unified form": (
        [
            user(TextPart(text="Hi")),
            assistant(OpaquePart(provider="openai", data={"type": "compaction", "id": "cmp_1"})),
        ],
        [said("Hi"), COMPACTION],
    ),
    "content without a unified form": (
        [user(OpaquePart(provider="openai", data={"type": "input_image", "file_id": "file-1", "detail": "low"}))],
        [said({"type": "input_image", "file_id": "file-1", "detail": "low"})],
    ),
}


@pytest.mark.parametrize(("messages", "wired"), HISTORY.values(), ids=HISTORY)
def test_messages_become_exactly_these_items(messages: list[Message], wired: list[dict[str, Any]]) -> None:
    assert items(*messages) == wired
    assert losses(*messages) == ()


@pytest.mark.parametrize(("messages", "wired"), HISTORY.values(), ids=HISTORY)
def test_items_are_read_as_these_messages(messages: list[Message], wired: list[dict[str, Any]]) -> None:
    assert read_items(*wired) == LanguageModelInput(messages=messages)


@pytest.mark.parametrize(
    ("messages", "wired"),
    [pytest.param(*row, id=name) for name, row in HISTORY.items() if name != "item without a unified form"],
)
def test_the_published_schema_accepts_the_items(
    messages: list[Message], wired: list[dict[str, Any]], published: PublishedSchemas
) -> None:
    assert published.complaint("request", written(LanguageModelInput(messages=messages))) == ""


def test_the_result_of_a_custom_tool_whose_call_is_not_there_stays_one() -> None:
    body = {"model": "m", "input": [{"type": "custom_tool_call_output", "call_id": "call_9", "output": "1"}]}
    call = CODEC.decode_request(WireRequest("POST", "/v1/responses", json.dumps(body).encode()))
    assert json.loads(CODEC.encode_request("m", call.input, stream=False).body)["input"] == body["input"]
