"""Hypothesis strategy for what a caller can ask of a protocol."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from llm_sdk.capabilities import Capabilities
from llm_sdk.testing.strategies import (
    EVERYTHING,
    function_calls,
    json_objects,
    names,
    parts,
    searches,
    texts,
)
from llm_sdk.types import (
    AssistantMessage,
    AudioOptions,
    JsonResponseFormat,
    LanguageModelInput,
    Message,
    Part,
    ReasoningOptions,
    SystemMessage,
    TextResponseFormat,
    Tool,
    ToolCallPart,
    ToolChoiceAuto,
    ToolChoiceNone,
    ToolChoiceRequired,
    ToolChoiceTool,
    ToolMessage,
    ToolOption,
    ToolResultPart,
    UserLocation,
    UserMessage,
    WebSearchTool,
)

__all__ = ["inputs"]

SCALARS: dict[str, SearchStrategy[Any]] = {
    "max_tokens": st.integers(16, 4096),
    "temperature": st.floats(0, 2),
    "top_p": st.floats(0, 1),
    "top_k": st.integers(1, 100),
    "presence_penalty": st.floats(-2, 2),
    "frequency_penalty": st.floats(-2, 2),
    "seed": st.integers(0, 2**31 - 1),
    "stop": st.lists(texts(1, 6), min_size=1, max_size=4),
    "parallel_tool_calls": st.booleans(),
    "metadata": st.dictionaries(names(), texts(max_size=12), max_size=3),
}


@st.composite
def inputs(draw: DrawFn, capabilities: Capabilities | None = None, max_turns: int = 3) -> LanguageModelInput:
    """Inputs that a protocol with these ``capabilities`` can carry, so that ``check`` lets every one of them pass.

    The conversation makes sense: results follow the calls that they answer, a forced tool is one of the tools. Opaque
    parts, opaque tools and ``extra`` speak one provider's own language and come only with no capabilities at all.
    """
    carried = capabilities or EVERYTHING
    tools = draw(_tools(carried))
    options = draw(_options(carried))
    return LanguageModelInput(
        system_prompt=draw(st.none() | texts(1)),
        messages=[message for turn in draw(_turns(carried, capabilities is None, max_turns)) for message in turn],
        tools=tools or None,
        tool_choice=draw(st.none() | _tool_choices(carried, tools)),
        response_format=draw(st.none() | _response_formats(carried)),
        audio=draw(_audio_options(carried)),
        reasoning=draw(_reasoning(carried)),
        extra=draw(st.none() | json_objects()) if capabilities is None else None,
        **options,
    )


@cache
def _options(capabilities: Capabilities) -> SearchStrategy[dict[str, Any]]:
    modalities = st.lists(st.sampled_from(sorted(capabilities.modalities)), min_size=1, unique=True)
    options = {name: SCALARS[name] for name in sorted(capabilities.options)}
    return st.fixed_dictionaries({}, optional={**options, "modalities": modalities})


@cache
def _turns(capabilities: Capabilities, opaque: bool, max_turns: int) -> SearchStrategy[list[list[Message]]]:
    one_of = [_user_turns(capabilities, opaque), _assistant_turns(capabilities, opaque)]
    if capabilities.system:
        spoken = parts(capabilities.system, replace(capabilities, citations=False))
        one_of.append(st.builds(SystemMessage, content=st.lists(spoken, min_size=1, max_size=2)).map(_alone))
    asked = _user_turns(capabilities, opaque)
    return st.tuples(st.lists(st.one_of(one_of), max_size=max_turns), asked).map(lambda turns: [*turns[0], turns[1]])


def _alone(message: Message) -> list[Message]:
    return [message]


@cache
def _said(kinds: frozenset[str], capabilities: Capabilities, opaque: bool) -> SearchStrategy[list[Part]]:
    wanted = (kinds | {"source"} if "text" in kinds else kinds) - {"tool-call", "tool-result", "opaque"}
    if not capabilities.audio_input_formats:
        wanted -= {"audio"}
    if opaque:
        wanted |= {"opaque"}
    return st.lists(parts(wanted, capabilities, capabilities.audio_input_formats), min_size=1, max_size=2)


@cache
def _user_turns(capabilities: Capabilities, opaque: bool) -> SearchStrategy[list[Message]]:
    return st.builds(UserMessage, content=_said(capabilities.user, capabilities, opaque)).map(_alone)


@cache
@st.composite
def _assistant_turns(draw: DrawFn, capabilities: Capabilities, opaque: bool) -> list[Message]:
    """What the model said and called, and behind it the results of the caller's own tools."""
    image_urls = capabilities.image_urls and capabilities.assistant_image_urls
    spoken = replace(capabilities, image_urls=image_urls)
    content = draw(_said(capabilities.assistant - {"source"}, spoken, opaque))
    calls: list[ToolCallPart] = []
    if "tool-call" in capabilities.assistant:
        calls = draw(st.lists(function_calls(), max_size=2, unique_by=lambda call: call.tool_call_id))
    if "web_search" in capabilities.provider_tools and draw(st.booleans()):
        content = [*draw(searches()), *content]
    said = AssistantMessage(content=[*content, *calls])
    if not calls:
        return [said]
    answers: SearchStrategy[list[Part]] = _said(capabilities.tool_result, capabilities, opaque) | st.just([])
    return [said, ToolMessage(content=[draw(_result(call, answers)) for call in calls])]


def _result(call: ToolCallPart, content: SearchStrategy[list[Part]]) -> SearchStrategy[ToolResultPart]:
    return st.builds(
        ToolResultPart,
        tool_call_id=st.just(call.tool_call_id),
        tool_name=st.just(call.tool_name),
        content=content,
        is_error=st.none() | st.booleans(),
    )


@cache
@st.composite
def _schemas(draw: DrawFn) -> dict[str, Any]:
    """JSON Schemas of objects, within what every provider accepts as a strict one."""
    leaf = st.sampled_from(["string", "integer", "number", "boolean"]).map(lambda kind: {"type": kind})
    described = st.builds(lambda schema, text: {**schema, "description": text}, leaf, texts())
    arrays = leaf.map(lambda items: {"type": "array", "items": items})
    properties = draw(st.dictionaries(names(), leaf | described | arrays, max_size=3))
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


@cache
@st.composite
def _tools(draw: DrawFn, capabilities: Capabilities) -> list[ToolOption]:
    tools: list[ToolOption] = []
    if "function" in capabilities.tools:
        named = draw(st.lists(names(), max_size=2, unique=True))
        tools += [Tool(name=name, description=draw(texts(1)), parameters=draw(_schemas())) for name in named]
    if "web_search" in capabilities.tools and draw(st.booleans()):
        options: dict[str, SearchStrategy[Any]] = {
            "allowed_domains": st.lists(names().map("{}.example".format), min_size=1, max_size=2),
            "max_uses": st.integers(1, 5),
            "user_location": st.builds(UserLocation, city=texts(1), country=st.sampled_from(["FR", "JP"])),
        }
        chosen: dict[str, Any] = {name: draw(st.none() | options[name]) for name in sorted(capabilities.web_search)}
        tools.append(WebSearchTool(**chosen))
    return tools


def _tool_choices(capabilities: Capabilities, tools: list[ToolOption]) -> SearchStrategy[Any]:
    return st.sampled_from([*_possible_choices(capabilities, tools), None])


def _possible_choices(capabilities: Capabilities, tools: list[ToolOption]) -> Iterator[Any]:
    if not tools:
        return
    for choice in (ToolChoiceAuto(), ToolChoiceNone(), ToolChoiceRequired()):
        if choice.type in capabilities.tool_choices:
            yield choice
    if "tool" in capabilities.tool_choices:
        yield from (ToolChoiceTool(tool_name=tool.name) for tool in tools if isinstance(tool, Tool))


@cache
def _response_formats(capabilities: Capabilities) -> SearchStrategy[Any]:
    described = st.none() | texts(1)
    forms: dict[str, SearchStrategy[Any]] = {
        "text": st.just(TextResponseFormat()),
        "json": st.builds(JsonResponseFormat, name=names(), description=described),
        "json_schema": st.builds(JsonResponseFormat, name=names(), description=described, schema=_schemas()),
    }
    return st.one_of([forms[form] for form in sorted(capabilities.response_formats)] or [st.none()])


@cache
@st.composite
def _audio_options(draw: DrawFn, capabilities: Capabilities) -> AudioOptions | None:
    values: dict[str, SearchStrategy[Any]] = {
        "format": st.sampled_from(["wav", "mp3", "linear16", "opus"]),
        "voice": names(),
        "language": st.sampled_from(["en-GB", "fr-FR"]),
    }
    if not capabilities.audio or draw(st.booleans()):
        return None
    return AudioOptions(**{name: draw(st.none() | values[name]) for name in sorted(capabilities.audio)})


@cache
@st.composite
def _reasoning(draw: DrawFn, capabilities: Capabilities) -> ReasoningOptions | None:
    switches = sorted(capabilities.reasoning & {"enabled", "disabled"})
    if not switches or draw(st.booleans()):
        return None
    if draw(st.sampled_from(switches)) == "disabled":
        return ReasoningOptions(enabled=False)
    budgets = st.sampled_from(sorted(capabilities.reasoning_budgets or (1024, 8192)))
    efforts = [None, *sorted(capabilities.reasoning_efforts)]
    if "budget_tokens" in capabilities.reasoning and draw(st.booleans()):
        return ReasoningOptions(budget_tokens=draw(budgets))
    return ReasoningOptions(effort=draw(st.sampled_from(efforts)))
