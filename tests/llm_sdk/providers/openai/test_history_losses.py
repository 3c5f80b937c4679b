"""What of a conversation cannot be said in this protocol, or not be understood: left out or kept whole, never in
silence."""

from typing import Any

import pytest

from llm_sdk.types import (
    Citation,
    Message,
    OpaquePart,
    ReasoningPart,
    SourcePart,
    TextPart,
    ToolResultPart,
)
from providers.openai.given import (
    CALL,
    CALL_ITEM,
    SEARCH,
    SEARCH_ITEM,
    assistant,
    found,
    items,
    losses,
    message,
    output,
    read,
    read_items,
    said,
    tool_result,
    user,
    written,
)

SOURCE = SourcePart(
    source="https://a.example", title="Rain", content=[TextPart(text="It rains."), TextPart(text="Wet")]
)
REASONING = ReasoningPart(text="Hm", signature="sig")

# What cannot be said in this protocol: the items without it, and how each warning begins.
LOSSES: dict[str, tuple[list[Message], list[dict[str, Any]], list[str]]] = {
    "a result that failed": (
        [assistant(CALL), tool_result(TextPart(text="no"), is_error=True)],
        [CALL_ITEM, output("no")],
        ["is_error: messages[1].content[0]"],
    ),
    "a source of the user": (
        [user(TextPart(text="Hi"), SOURCE)],
        [said("Hi", "It rains.", "Wet")],
        ["source: messages[0].content[1]"],
    ),
    "a source in a result": (
        [assistant(CALL), tool_result(SOURCE)],
        [CALL_ITEM, output([{"type": "input_text", "text": text} for text in ("It rains.", "Wet")])],
        ["source: messages[1].content[0].content[0]"],
    ),
    "reasoning without an id": (
        [assistant(REASONING, TextPart(text="a", signature="msg_1"))],
        [message("a")],
        ["reasoning: messages[0].content[0]"],
    ),
    "an opaque part of another provider": (
        [
            user(OpaquePart(provider="anthropic", data={"type": "container_upload"})),
            assistant(TextPart(text="a"), OpaquePart(provider="google", data={"executableCode": {}})),
            tool_result(OpaquePart(provider="cohere", data={})),
        ],
        [said(), {"type": "message", "role": "assistant", "content": "a"}, output("")],
        [
            "opaque: messages[0].content[0] belongs to anthropic",
            "opaque: messages[1].content[1] belongs to google",
            "opaque: messages[2].content[0].content[0] belongs to cohere",
        ],
    ),
    "a search of another provider": (
        [assistant(SEARCH.model_copy(update={"id": None, "tool_call_id": "srvtoolu_1"}), TextPart(text="a"))],
        [{"type": "message", "role": "assistant", "content": "a"}],
        ["hosted tool: messages[0].content[0]"],
    ),
    "another hosted tool": (
        [assistant(SEARCH.model_copy(update={"tool_name": "code_execution"}), found(), TextPart(text="a"))],
        [{"type": "message", "role": "assistant", "content": "a"}],
        ["hosted tool: messages[0].content[0]", "hosted tool: messages[0].content[1]"],
    ),
    "titles of found pages": (
        [
            assistant(
                SEARCH,
                ToolResultPart(
                    tool_call_id="ws_1",
                    tool_name="web_search",
                    content=[SourcePart(source="https://a.example", title="Rain", content=[])],
                    provider_executed=True,
                ),
            )
        ],
        [
            {
                **SEARCH_ITEM,
                "action": {**SEARCH_ITEM["action"], "sources": [{"type": "url", "url": "https://a.example"}]},
            }
        ],
        ["title: messages[0].content[0]"],
    ),
    "citations of a message without an id": (
        [assistant(TextPart(text="a", citations=[Citation(source="https://a.example")], signature="sig"))],
        [{"type": "message", "role": "assistant", "content": "a"}],
        ["citations: messages[0].content[0]", "signature: messages[0].content[0]"],
    ),
    "a signature of another provider": (
        [assistant(TextPart(text="a", signature="EqQBCkYIARgC"))],
        [{"type": "message", "role": "assistant", "content": "a"}],
        ["signature: messages[0].content[0]"],
    ),
    "a call's signature and foreign id": (
        [assistant(CALL.model_copy(update={"id": "toolu_2", "signature": "CpwB"}))],
        [{key: value for key, value in CALL_ITEM.items() if key != "id"}],
        ["signature: messages[0].content[0]", "id: messages[0].content[0]"],
    ),
}


@pytest.mark.parametrize(("messages", "wired", "beginnings"), LOSSES.values(), ids=LOSSES)
def test_a_loss_is_said(messages: list[Message], wired: list[dict[str, Any]], beginnings: list[str]) -> None:
    assert items(*messages) == wired
    told = losses(*messages)
    assert [warning[: len(beginning)] for warning, beginning in zip(told, beginnings, strict=True)] == beginnings


def test_a_foreign_signature_is_no_phase() -> None:
    assert items(assistant(TextPart(text="a", signature="#x/3"))) == [
        {"type": "message", "role": "assistant", "content": "a"}
    ]


def test_reasoning_of_another_provider_is_left_out_with_a_warning() -> None:
    foreign = assistant(ReasoningPart(text="Hm", signature="EqQBCkYIARgC", id="thinking_1"))
    assert items(foreign) == []
    assert len(losses(foreign)) == 1


def test_a_source_of_the_model_is_said_to_be_flattened() -> None:
    assert [warning.split(":")[0] for warning in losses(assistant(SOURCE))] == ["source"]


def test_several_texts_without_an_id_are_one_message() -> None:
    """The document has no such form, but the API takes it (26 recorded requests, all answered with 200)."""
    turn = assistant(TextPart(text="a"), TextPart(text="b"))
    texts = [{"type": "output_text", "text": text, "annotations": []} for text in ("a", "b")]
    assert items(turn) == [{"type": "message", "role": "assistant", "content": texts}]
    assert read_items(*items(turn)).messages == [turn]


@pytest.mark.parametrize(
    ("wired", "kind"),
    [
        ({"type": "item_reference", "id": "msg_1"}, "item_reference"),
        ({"type": "compaction", "encrypted_content": "gAAAA"}, "compaction"),
        ({"type": "image_generation_call", "id": "ig_1"}, "image_generation_call"),
        (message({"type": "refusal", "refusal": "No."}), "refusal"),
        ({**CALL_ITEM, "arguments": '{"city":'}, "arguments"),
    ],
)
def test_an_item_without_a_unified_form_is_kept_whole_with_a_warning(wired: dict[str, Any], kind: str) -> None:
    call = read({"model": "m", "input": [wired], "store": False})
    assert call.input.messages == [assistant(OpaquePart(provider="openai", data=wired))]
    assert [warning.split(":")[0] for warning in call.warnings] == [kind]
    assert written(call.input)["input"] == [wired]
