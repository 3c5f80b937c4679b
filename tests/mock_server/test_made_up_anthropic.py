"""What Claude's protocol asks for that has no unified form: documents to cite, and tools that the caller runs."""

from typing import Any

import pytest
from made_up import MadeUp

MESSAGES = MadeUp("anthropic", "/v1/messages", stream=True)
ENABLED = {"enabled": True}
QUESTION = {"type": "text", "text": "What colour is the grass?"}
LONG = "The grass is green. " * 20


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def document(source: dict[str, Any], title: str | None = None, *, cites: bool = True) -> dict[str, Any]:
    block = {"type": "document", "source": source, "citations": {"enabled": cites}}
    return {**block, "title": title} if title else block


def plain(text: str) -> dict[str, Any]:
    return {"type": "text", "media_type": "text/plain", "data": text}


def blocks(*content: dict[str, Any]) -> dict[str, Any]:
    return {"type": "content", "content": list(content)}


def search_result(title: str, *texts: str, **fields: Any) -> dict[str, Any]:
    content = [{"type": "text", "text": text} for text in texts]
    source = f"https://{title}.test/"
    return {"type": "search_result", "source": source, "title": title, "content": content, **fields}


def said(*messages: dict[str, Any], **body: Any) -> list[Any]:
    answer = MESSAGES.whole(model="claude-sonnet-4-5", max_tokens=999, messages=list(messages), **body)
    content: list[Any] = answer["content"]
    return content


PICTURE = {"type": "image", "source": {"type": "url", "url": "https://a.test/sky.png"}}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQK"}
SECOND_RESULT = {
    "type": "search_result_location",
    "cited_text": "It is green.",
    "source": "https://b.test/",
    "title": "b",
    "search_result_index": 1,
    "start_block_index": 0,
    "end_block_index": 1,
}
PLACED: dict[str, tuple[list[dict[str, Any]], str, str, dict[str, Any]]] = {
    "a text": (
        [user(document(plain("The grass is green."), "facts"), QUESTION)],
        *("facts", "The grass is green."),
        {
            "type": "char_location",
            "cited_text": "The grass is green.",
            "document_index": 0,
            "document_title": "facts",
            "start_char_index": 0,
            "end_char_index": 19,
            "file_id": None,
        },
    ),
    "the beginning of a long text without a title, behind a PDF": (
        [user(document(PDF, "paper"), document(plain(LONG)), QUESTION)],
        *("The document", LONG[:200]),
        {
            "type": "char_location",
            "cited_text": LONG[:200],
            "document_index": 1,
            "document_title": None,
            "start_char_index": 0,
            "end_char_index": 200,
            "file_id": None,
        },
    ),
    "the first block that says something": (
        [user(document(blocks(PICTURE, {"type": "text", "text": "The sky is blue."}), "facts"), QUESTION)],
        *("facts", "The sky is blue."),
        {
            "type": "content_block_location",
            "cited_text": "The sky is blue.",
            "document_index": 0,
            "document_title": "facts",
            "start_block_index": 1,
            "end_block_index": 2,
            "file_id": None,
        },
    ),
    "a search result behind one that is not to be cited": (
        [user(search_result("a", "x"), search_result("b", "It is green.", citations=ENABLED), QUESTION)],
        *("b", "It is green."),
        SECOND_RESULT,
    ),
    "a search result in the result of a tool": (
        [
            user(document(plain("Old."), "old"), search_result("a", "x", citations=ENABLED), QUESTION),
            {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "find", "input": {}}]},
            user(
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_1",
                    "content": [search_result("b", "It is green.", citations=ENABLED)],
                }
            ),
        ],
        *("b", "It is green."),
        SECOND_RESULT,
    ),
}


@pytest.mark.parametrize(("messages", "title", "quoted", "location"), PLACED.values(), ids=PLACED)
def test_a_document_is_quoted_and_cited_where_it_stands(
    messages: list[dict[str, Any]], title: str, quoted: str, location: dict[str, Any]
) -> None:
    tools = [{"name": "find", "input_schema": {"type": "object"}}]
    head, cited = said(*messages, tools=tools)
    assert head == {"type": "text", "text": f"{title} says: "}
    assert cited == {"type": "text", "text": quoted, "citations": [location]}


NOT_CITED: dict[str, list[dict[str, Any]]] = {
    "not enabled": [user(document(plain("Green."), cites=False), search_result("a", "Green."), QUESTION)],
    "a PDF": [user(document(PDF), QUESTION)],
    "nothing in it": [user(document(blocks(PICTURE)), search_result("a", citations=ENABLED), QUESTION)],
    "of an earlier message": [
        user(document(plain("Green.")), QUESTION),
        {"role": "assistant", "content": "Green."},
        user(QUESTION),
    ],
}


@pytest.mark.parametrize("messages", NOT_CITED.values(), ids=NOT_CITED)
def test_nothing_else_is_cited(messages: list[dict[str, Any]]) -> None:
    [only] = said(*messages)
    assert "citations" not in only
    assert only["text"].startswith("You said: ")


CLIENT_TOOLS = {
    "bash_20250124": ("bash", {"command": "pwd"}),
    "text_editor_20250124": ("str_replace_editor", {"command": "view", "path": "/"}),
    "text_editor_20250728": ("str_replace_based_edit_tool", {"command": "view", "path": "/"}),
    "memory_20250818": ("memory", {"command": "view", "path": "/memories"}),
    "computer_20250124": ("computer", {"action": "screenshot"}),
}


@pytest.mark.parametrize("choice", ["any", "tool", "named by the user"])
@pytest.mark.parametrize(("kind", "name", "args"), [(kind, *call) for kind, call in CLIENT_TOOLS.items()])
def test_a_tool_of_anthropics_own_is_called_with_what_does_no_harm(
    kind: str, name: str, args: dict[str, Any], choice: str
) -> None:
    size = {"display_width_px": 800, "display_height_px": 600} if name == "computer" else {}
    body: dict[str, Any] = {"tools": [{"type": kind, "name": name, **size}]}
    if choice in ("any", "tool"):
        body["tool_choice"] = {"type": choice, **({"name": name} if choice == "tool" else {})}
    question = user({"type": "text", "text": f"Use {name}" if choice == "named by the user" else "Go"})
    [call] = said(question, **body)
    assert (call["type"], call["name"], call["input"]) == ("tool_use", name, args)
    result = {"type": "tool_result", "tool_use_id": call["id"], "content": "done"}
    [told] = said(question, {"role": "assistant", "content": [call]}, user(result), tools=body["tools"])
    assert told == {"type": "text", "text": f"{name} answered: done"}


def test_a_tool_that_the_provider_runs_is_not_called() -> None:
    tools = [{"type": "code_execution_20250825", "name": "code_execution"}]
    assert said(user({"type": "text", "text": "Use code_execution"}), tools=tools) == [
        {"type": "text", "text": "You said: Use code_execution"}
    ]


@pytest.mark.parametrize(("display", "told"), [("summarized", "The user says: Hi"), ("omitted", "")])
def test_thinking_is_shown_unless_it_is_to_be_left_out(display: str, told: str) -> None:
    thinking = {"type": "enabled", "budget_tokens": 1024, "display": display}
    answer = MESSAGES.whole(
        model="claude-sonnet-4-5",
        max_tokens=2000,
        messages=[user({"type": "text", "text": "Hi"})],
        thinking=thinking,
    )
    block = answer["content"][0]
    assert (block["type"], block["thinking"], bool(block["signature"])) == ("thinking", told, True)
    assert answer["usage"]["output_tokens"] == 8


def test_a_conversation_whose_context_is_to_be_managed_is_not_cut() -> None:
    body = {"model": "claude-sonnet-4-5", "max_tokens": 99, "messages": [user(QUESTION)]}
    managed = {**body, "context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}}
    assert MESSAGES.whole(**managed)["context_management"] == {"applied_edits": []}
    [end] = [event for event in MESSAGES.events(**managed) if event["type"] == "message_delta"]
    assert end["context_management"] == {"applied_edits": []}
    assert "context_management" not in MESSAGES.whole(**body)
