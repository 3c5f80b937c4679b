"""Which tools a made-up answer calls: those that it must, else those that the user speaks of."""

import re
from typing import TypeAlias

from llm_sdk.codec import ModelCall
from llm_sdk.services import NO_SERVICES, ClientTool, Services
from llm_sdk.types import (
    AssistantMessage,
    LanguageModelInput,
    OpaquePart,
    OpaqueTool,
    TextPart,
    Tool,
    ToolCallPart,
    ToolOption,
    WebSearchTool,
)
from mock_server.asides import without_asides
from mock_server.conversation import WEB_SEARCH, last_user, text_of, tool_results

__all__ = ["KnownTool", "tools_to_call"]

KnownTool: TypeAlias = Tool | WebSearchTool | ClientTool

WORD_OF_A_NAME = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
WORD = re.compile(r"[\w-]+")
SAYS_LITTLE = frozenset(
    (
        *(
            "get",
            "set",
            "fetch",
            "find",
            "search",
            "query",
            "look",
            "lookup",
            "list",
            "show",
            "read",
            "retrieve",
            "run",
        ),
        *("call", "use", "do", "make", "tool", "function", "current"),
        *("a", "an", "and", "by", "for", "from", "in", "of", "the", "to", "with"),
    )
)
"""Words of a tool's name that do not tell it from others."""


def tools_to_call(call: ModelCall, services: Services = NO_SERVICES) -> list[KnownTool]:
    """The tools to call next, in the order in which they are offered; none once there are results to be told.

    ``services`` are the provider's, which knows the tools that have no unified form.
    """
    input = call.input
    # One without a name, which a request may offer where nothing is refused, cannot be called.
    known = (_known(tool, services) for tool in input.tools or ())
    tools = [tool for tool in known if tool is not None and _name(tool)]
    choice = input.tool_choice.type if input.tool_choice is not None else "auto"
    if (allowed := services.allowed_tools(call)) is not None:
        tools = [tool for tool in tools if _name(tool) in allowed.names]
        choice = "required" if allowed.required else choice
    if choice == "none" or not tools:
        return []
    if input.tool_choice is not None and input.tool_choice.type == "tool":
        named = input.tool_choice.tool_name
        return [tool for tool in tools if _name(tool) == named][:1]
    if choice == "required":
        # Each in its turn, so that a loop that always requires one comes to the tool that ends it.
        called = _called_since_last_user(input, services) | _called_in_words(input, tools)
        return [next((tool for tool in tools if _name(tool) not in called), tools[-1])]
    if tool_results(input) or _called_since_last_user(input, services):
        return []
    wanted = _spoken_of(input, tools)
    return wanted[:1] if input.parallel_tool_calls is False else wanted


def _known(tool: ToolOption, services: Services) -> KnownTool | None:
    return services.client_tool(tool) if isinstance(tool, OpaqueTool) else tool


def _name(tool: KnownTool) -> str:
    return WEB_SEARCH if isinstance(tool, WebSearchTool) else tool.name


def _called_since_last_user(input: LanguageModelInput, services: Services) -> set[str]:
    later = input.messages[last_user(input)[0] + 1 :]
    parts = [part for message in later if isinstance(message, AssistantMessage) for part in message.content]
    opaque = (services.called_tool(part) for part in parts if isinstance(part, OpaquePart))
    return {part.tool_name for part in parts if isinstance(part, ToolCallPart)} | {name for name in opaque if name}


def _called_in_words(input: LanguageModelInput, tools: list[KnownTool]) -> set[str]:
    """Tools that the model's own texts name: some agents keep their calls and results as texts."""
    said = [message for message in input.messages if isinstance(message, AssistantMessage)]
    texts = "\n".join(part.text for message in said for part in message.content if isinstance(part, TextPart))
    return {_name(tool) for tool in tools if _names(texts, tool)}


def _spoken_of(input: LanguageModelInput, tools: list[KnownTool]) -> list[KnownTool]:
    """Those whose names the user writes; where there are none, those whose names consist of the user's words.

    What an app has added in tags that say so are not the user's words. Of several other texts the last one counts for
    the words: agents put reminders of their own before the question.
    """
    at, _ = last_user(input)
    parts = input.messages[at].content if at >= 0 else []
    texts = [own for part in parts if (own := without_asides(text_of([part])))]
    named = [tool for tool in tools if any(_names(text, tool) for text in texts)]
    if named:
        return named
    words = {word.lower() for word in WORD.findall(texts[-1] if texts else "")}
    return [tool for tool in tools if not isinstance(tool, WebSearchTool) and _consists_of(tool.name, words)]


def _names(said: str, tool: KnownTool) -> bool:
    name = "search" if isinstance(tool, WebSearchTool) else tool.name
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", said, re.IGNORECASE) is not None


def _consists_of(name: str, words: set[str]) -> bool:
    """Whether all that a name says is among the words, in the singular or with an s."""
    telling = [word.lower() for word in WORD_OF_A_NAME.findall(name) if word.lower() not in SAYS_LITTLE]
    return bool(telling) and all(words & {word, word + "s", word.removesuffix("s")} for word in telling)
