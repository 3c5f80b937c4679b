"""What a stand-in reads off the input of a call: who said what last, how far the conversation is, how long it is."""

import json
from collections.abc import Iterable
from itertools import groupby

from llm_sdk.types import (
    AssistantMessage,
    ImagePart,
    LanguageModelInput,
    Message,
    OpaqueTool,
    Part,
    ReasoningPart,
    SourcePart,
    SystemMessage,
    TextPart,
    Tool,
    ToolCallPart,
    ToolMessage,
    ToolOption,
    ToolResultPart,
    UserMessage,
    WebSearchTool,
)
from mock_server.asides import without_asides

__all__ = [
    "WEB_SEARCH",
    "assistant_turns",
    "count_tokens",
    "head_tokens",
    "input_tokens",
    "last_user",
    "message_tokens",
    "question",
    "system_text",
    "text_of",
    "tool_name",
    "tool_results",
]

WEB_SEARCH = "web_search"
"""The name of the hosted search, whichever provider runs it."""

CHARACTERS_PER_TOKEN = 4
TOKENS_PER_IMAGE = 85
TOKENS_PER_MESSAGE = 3


def text_of(parts: Iterable[Part]) -> str:
    """All that the parts say in words, a line each."""
    return "\n".join(filter(None, map(_part_text, parts)))


def _part_text(part: Part) -> str:
    match part:
        case TextPart() | ReasoningPart():
            return part.text
        case ToolCallPart():
            return json.dumps(part.args, ensure_ascii=False)
        case SourcePart() | ToolResultPart():
            return text_of(part.content)
    return ""


def last_user(input: LanguageModelInput) -> tuple[int, str]:
    """Index and text of the last message of the user; -1 and nothing where there is none."""
    for at in range(len(input.messages) - 1, -1, -1):
        message = input.messages[at]
        if isinstance(message, UserMessage):
            return at, text_of(message.content)
    return -1, ""


def question(input: LanguageModelInput) -> str:
    """What the user asks: the text of their last message without what an app has added, where anything is left."""
    said = last_user(input)[1]
    return without_asides(said) or said


def system_text(input: LanguageModelInput) -> str:
    """The instructions, those in mid-conversation too."""
    later = [text_of(message.content) for message in input.messages if isinstance(message, SystemMessage)]
    return "\n".join([*([input.system_prompt] if input.system_prompt else []), *later])


def assistant_turns(messages: Iterable[Message]) -> int:
    """How often the model has answered in these messages; neighbouring messages of the model are one answer."""
    return sum(
        1 for is_answer, _ in groupby(isinstance(message, AssistantMessage) for message in messages) if is_answer
    )


def tool_results(input: LanguageModelInput) -> list[ToolResultPart]:
    """The results that the model has not answered yet: those after its last message."""
    found: list[ToolResultPart] = []
    for message in reversed(input.messages):
        if isinstance(message, AssistantMessage):
            break
        if isinstance(message, ToolMessage):
            found[:0] = [part for part in message.content if isinstance(part, ToolResultPart)]
    return found


def tool_name(tool: ToolOption) -> str:
    """A tool's name: a hosted tool's is its type."""
    match tool:
        case Tool():
            return tool.name
        case WebSearchTool():
            return WEB_SEARCH
        case OpaqueTool():
            return str(tool.data.get("name") or tool.data.get("type", ""))


def count_tokens(text: str) -> int:
    """A simple estimate, the same everywhere."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def input_tokens(input: LanguageModelInput) -> int:
    """The estimate for all that was sent: instructions, messages, images, and the tools' schemas."""
    return head_tokens(input) + sum(map(message_tokens, input.messages))


def head_tokens(input: LanguageModelInput) -> int:
    """The estimate for what stands before the messages."""
    tools = sum(count_tokens(tool.model_dump_json()) for tool in input.tools or ())
    return tools + count_tokens(input.system_prompt or "")


def message_tokens(message: Message) -> int:
    """The estimate for one message."""
    images = sum(isinstance(part, ImagePart) for part in message.content)
    return TOKENS_PER_MESSAGE + count_tokens(text_of(message.content)) + TOKENS_PER_IMAGE * images
