"""What a protocol cannot carry is refused before anything is sent, with its class, its path and its words."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_sdk import (
    AssistantMessage,
    AudioOptions,
    AudioPart,
    FilePart,
    ImagePart,
    InvalidInputError,
    JsonResponseFormat,
    LanguageModelInput,
    Message,
    OpaquePart,
    OpaqueTool,
    Part,
    ReasoningOptions,
    ReasoningPart,
    SourcePart,
    SystemMessage,
    TextPart,
    TextResponseFormat,
    Tool,
    ToolCallPart,
    ToolChoiceAuto,
    ToolChoiceTool,
    ToolMessage,
    ToolResultPart,
    UnsupportedError,
    UserLocation,
    UserMessage,
    WebSearchTool,
)
from llm_sdk.capabilities import OPTIONS, Capabilities, check
from llm_sdk.registry import get_codec, provider_names
from llm_sdk.testing import EVERYTHING, inputs

NOTHING = Capabilities(
    user=frozenset({"text"}),
    assistant=frozenset({"text"}),
    tool_result=frozenset({"text"}),
    output=frozenset({"text"}),
    options=frozenset(),
    tools=frozenset(),
    tool_choices=frozenset(),
    response_formats=frozenset(),
    modalities=frozenset({"text"}),
)
TEXT = TextPart(text="a")
IMAGE = ImagePart(mime_type="image/png", data="QQ==")
IMAGE_URL = ImagePart(url="https://example.com/a.png")
AUDIO = AudioPart(data="QQ==", format="flac")
FILE = FilePart(mime_type="application/pdf", data="QQ==")
FILE_URL = FilePart(url="https://example.com/a.pdf")
REASONING = ReasoningPart(text="Hm")
CALL = ToolCallPart(tool_call_id="c", tool_name="f", args={})
HOSTED_CALL = ToolCallPart(tool_call_id="c", tool_name="web_search", args={}, provider_executed=True)
OPAQUE = OpaquePart(provider="elsewhere", data={})
FUNCTION = Tool(name="f", parameters={})


def result(*content: Part, **fields: Any) -> ToolResultPart:
    return ToolResultPart(tool_call_id="c", tool_name="f", content=list(content), **fields)


def source(*content: Part) -> SourcePart:
    return SourcePart(source="u", title="T", content=list(content))


def said(*messages: Message) -> LanguageModelInput:
    return LanguageModelInput(messages=list(messages))


def asked(**fields: Any) -> LanguageModelInput:
    return LanguageModelInput(messages=[UserMessage(content=[TEXT])], **fields)


def user(*content: Part) -> UserMessage:
    return UserMessage(content=list(content))


def assistant(*content: Part) -> AssistantMessage:
    return AssistantMessage(content=list(content))


def tool(*content: Part) -> ToolMessage:
    return ToolMessage(content=list(content))


NO_OPTION = "this protocol has no such option"
VALUES: dict[str, Any] = {
    **dict.fromkeys(["max_tokens", "top_k", "seed"], 0),
    **dict.fromkeys(["temperature", "top_p", "presence_penalty", "frequency_penalty"], 0.0),
    "stop": [],
    "parallel_tool_calls": False,
    "metadata": {},
}
USER_IMAGE = frozenset({"text", "image"})
FEW_BUDGETS = replace(
    NOTHING, reasoning=frozenset({"enabled", "budget_tokens"}), reasoning_budgets=frozenset({2000, 1000})
)

# The input, what the protocol can carry, and what is said of the first thing that it cannot: the path and the words.
UNSUPPORTED: list[tuple[LanguageModelInput, Capabilities, str, str]] = [
    *((asked(**{option: VALUES[option]}), NOTHING, option, NO_OPTION) for option in OPTIONS),
    (asked(modalities=["text", "audio"]), NOTHING, "modalities[1]", "answers in audio do not exist in this protocol"),
    (asked(audio=AudioOptions(format="mp3")), NOTHING, "audio.format", NO_OPTION),
    (
        asked(audio=AudioOptions(language="en", voice="v", format="mp3")),
        replace(NOTHING, audio=frozenset({"format"})),
        "audio.voice",
        NO_OPTION,
    ),
    (
        asked(reasoning=ReasoningOptions()),
        NOTHING,
        "reasoning.enabled",
        "reasoning cannot be enabled in this protocol",
    ),
    (
        asked(reasoning=ReasoningOptions(enabled=False)),
        FEW_BUDGETS,
        "reasoning.enabled",
        "reasoning cannot be disabled in this protocol",
    ),
    (
        asked(reasoning=ReasoningOptions(effort="max")),
        replace(FEW_BUDGETS, reasoning_efforts=frozenset({"high"})),
        "reasoning.effort",
        "no effort 'max' in this protocol",
    ),
    (
        asked(reasoning=ReasoningOptions(budget_tokens=0)),
        replace(NOTHING, reasoning=frozenset({"enabled"})),
        "reasoning.budget_tokens",
        "this protocol has no budget; use effort",
    ),
    (
        asked(reasoning=ReasoningOptions(budget_tokens=1500)),
        FEW_BUDGETS,
        "reasoning.budget_tokens",
        "this protocol has efforts, not budgets: only 1000, 2000 stand for one; use effort",
    ),
    (asked(response_format=TextResponseFormat()), NOTHING, "response_format", "no response format of the kind text"),
    (
        asked(response_format=JsonResponseFormat(name="n")),
        replace(NOTHING, response_formats=frozenset({"json_schema"})),
        "response_format",
        "no response format of the kind json",
    ),
    (
        asked(response_format=JsonResponseFormat(name="n", schema={})),
        replace(NOTHING, response_formats=frozenset({"json"})),
        "response_format",
        "no response format of the kind json_schema",
    ),
    (asked(tools=[FUNCTION]), NOTHING, "tools[0]", "no function tool in this protocol"),
    (
        asked(tools=[FUNCTION, WebSearchTool()]),
        replace(NOTHING, tools=frozenset({"function"})),
        "tools[1]",
        "no web_search tool in this protocol",
    ),
    *(
        (
            asked(tools=[WebSearchTool.model_validate({option: value})]),
            replace(NOTHING, tools=frozenset({"web_search"})),
            f"tools[0].{option}",
            "web search has no such option here",
        )
        for option, value in (
            ("allowed_domains", []),
            ("max_uses", 0),
            ("user_location", UserLocation()),
        )
    ),
    (asked(tool_choice=ToolChoiceAuto()), NOTHING, "tool_choice", "no tool choice 'auto' in this protocol"),
    (
        asked(tool_choice=ToolChoiceTool(tool_name="f")),
        replace(NOTHING, tool_choices=frozenset({"auto"})),
        "tool_choice",
        "no tool choice 'tool' in this protocol",
    ),
    *(
        (
            said(user(TEXT), user(TEXT, part)),
            NOTHING,
            "messages[1].content[1]",
            f"a message of role user cannot carry {part.type} in this protocol",
        )
        for part in (IMAGE, AUDIO, FILE, REASONING, CALL, HOSTED_CALL, result())
    ),
    *(
        (
            said(assistant(part)),
            NOTHING,
            "messages[0].content[0]",
            f"a message of role assistant cannot carry {part.type} in this protocol",
        )
        for part in (IMAGE, AUDIO, FILE, REASONING, CALL, result())
    ),
    (
        said(SystemMessage(content=[TEXT, IMAGE])),
        NOTHING,
        "messages[0].content[1]",
        "a message of role system cannot carry image in this protocol",
    ),
    (
        said(SystemMessage(content=[TEXT])),
        replace(NOTHING, system=frozenset()),
        "messages[0].content[0]",
        "a message of role system cannot carry text in this protocol",
    ),
    (
        said(SystemMessage(content=[OPAQUE, OpaquePart(provider="acme", data={})])),
        replace(NOTHING, system=frozenset()),
        "messages[0].content[1]",
        "no message of role system in this protocol",
    ),
    (
        said(tool(result(TEXT), result(TEXT, IMAGE))),
        NOTHING,
        "messages[0].content[1].content[1]",
        "a tool result cannot carry image in this protocol",
    ),
    (
        said(user(TEXT), tool(result(source(TEXT, source(IMAGE))))),
        NOTHING,
        "messages[1].content[0].content[0].content[1].content[0]",
        "a tool result cannot carry image in this protocol",
    ),
    (
        said(user(source(TEXT, AUDIO))),
        NOTHING,
        "messages[0].content[0].content[1]",
        "a message of role user cannot carry audio in this protocol",
    ),
    (
        said(user(IMAGE_URL)),
        replace(NOTHING, user=USER_IMAGE, image_urls=False),
        "messages[0].content[0].url",
        "images go by data here, not by URL",
    ),
    (
        said(user(IMAGE)),
        replace(NOTHING, user=USER_IMAGE, image_mime_types=frozenset({"image/jpeg"})),
        "messages[0].content[0].mime_type",
        "no images of image/png",
    ),
    (
        said(tool(result(source(IMAGE_URL)))),
        replace(NOTHING, tool_result=USER_IMAGE, image_urls=False),
        "messages[0].content[0].content[0].content[0].url",
        "images go by data here, not by URL",
    ),
    (
        said(user(FILE_URL)),
        replace(NOTHING, user=frozenset({"file"}), file_urls=False),
        "messages[0].content[0].url",
        "files go by data here, not by URL",
    ),
    (
        said(user(AUDIO)),
        replace(NOTHING, user=frozenset({"audio"}), audio_input_formats=frozenset({"wav"})),
        "messages[0].content[0].format",
        "no audio input in flac",
    ),
    (
        asked(audio=AudioOptions(format="flac")),
        replace(NOTHING, audio=frozenset({"format"}), audio_formats=frozenset({"wav"})),
        "audio.format",
        "no answers in flac in this protocol",
    ),
    (
        said(user(IMAGE_URL), assistant(IMAGE_URL)),
        replace(NOTHING, user=USER_IMAGE, assistant=USER_IMAGE, assistant_image_urls=False),
        "messages[1].content[0].url",
        "images go by data here, not by URL",
    ),
    (
        said(user(FILE, FilePart(mime_type="video/mp4", data="QQ=="))),
        replace(NOTHING, user=frozenset({"file"}), file_mime_types=frozenset({"application/pdf"})),
        "messages[0].content[1].mime_type",
        "no files of video/mp4",
    ),
    (
        said(user(source(TEXT, IMAGE))),
        replace(NOTHING, user=frozenset({"source"}), source_parts=frozenset({"text"})),
        "messages[0].content[0].content[1]",
        "a source cannot carry image in this protocol",
    ),
]


@pytest.mark.parametrize(("input", "capabilities", "path", "message"), UNSUPPORTED)
def test_what_cannot_be_carried(input: LanguageModelInput, capabilities: Capabilities, path: str, message: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        check(input, capabilities, "acme")
    assert caught.value.path == path
    assert str(caught.value) == f"acme: {path}: {message}"
    assert caught.value.provider == "acme"
    check(input, EVERYTHING_AND_MORE, "acme")


EVERYTHING_AND_MORE = replace(
    EVERYTHING,
    user=EVERYTHING.assistant,
    system=EVERYTHING.assistant,
    tool_result=EVERYTHING.assistant,
)


@pytest.mark.parametrize("part", [TEXT, IMAGE, AUDIO, FILE, REASONING, CALL, HOSTED_CALL, OPAQUE, source(TEXT)])
def test_a_tool_message_holds_nothing_but_results(part: Part) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check(said(user(TEXT), tool(result(), part)), EVERYTHING, "acme")
    assert caught.value.path == "messages[1].content[1]"
    assert str(caught.value) == f"acme: messages[1].content[1]: a tool message holds tool results, not {part.type}"


PASSING: list[tuple[LanguageModelInput, Capabilities]] = [
    (said(), NOTHING),
    (said(user(), assistant(), tool(), SystemMessage(content=[])), NOTHING),
    (said(user(TEXT, source(TEXT, source())), SystemMessage(content=[TEXT])), NOTHING),
    (said(tool(result(TEXT, source(TEXT)))), NOTHING),
    # Hosted calls, their results and opaque parts of whatever provider: those of another one are left out with a
    # warning when the request is written.
    (said(assistant(HOSTED_CALL, result(IMAGE, provider_executed=True), OPAQUE)), NOTHING),
    (said(user(OPAQUE, source(OPAQUE)), SystemMessage(content=[OPAQUE]), tool(result(OPAQUE))), NOTHING),
    (asked(tools=[OpaqueTool(provider="elsewhere", data={})]), NOTHING),
    (asked(system_prompt="a", extra={"temperature": 1}), NOTHING),
    (asked(tools=[], modalities=[], audio=AudioOptions()), NOTHING),
    (asked(modalities=["text"]), NOTHING),
    (asked(reasoning=ReasoningOptions(budget_tokens=2000)), FEW_BUDGETS),
    (
        asked(reasoning=ReasoningOptions(budget_tokens=1234)),
        replace(NOTHING, reasoning=frozenset({"enabled", "budget_tokens"})),
    ),
    # A protocol with a form of its own for sources says itself what can stand in them.
    (said(user(source(IMAGE))), replace(NOTHING, user=frozenset({"text", "source"}))),
    (said(user(IMAGE)), replace(NOTHING, user=USER_IMAGE, image_urls=False)),
    # A type is meant whatever its case and its parameters; of a file by URL it is no more than a hint.
    (
        said(user(FilePart(mime_type="Text/CSV; charset=utf-8", data="QQ=="), FILE_URL)),
        replace(NOTHING, user=frozenset({"file"}), file_mime_types=frozenset({"text/*"})),
    ),
    (
        said(user(IMAGE_URL)),
        replace(NOTHING, user=USER_IMAGE, image_mime_types=frozenset({"image/jpeg"})),
    ),
]


@pytest.mark.parametrize(("input", "capabilities"), PASSING)
def test_what_passes(input: LanguageModelInput, capabilities: Capabilities) -> None:
    check(input, capabilities, "acme")


CARRIED = [NOTHING, EVERYTHING, *(get_codec(provider).capabilities for provider in provider_names())]


@given(st.sampled_from(CARRIED), st.data())
def test_generated_inputs_pass(capabilities: Capabilities, data: st.DataObject) -> None:
    check(data.draw(inputs(capabilities)), capabilities, "acme")


@given(inputs())
def test_inputs_without_limits_pass_where_everything_is_carried(input: LanguageModelInput) -> None:
    check(input, EVERYTHING, "acme")
