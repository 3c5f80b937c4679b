"""Tools, tool choice, response format and reasoning <-> their fields in the request."""

from collections.abc import Iterable

from llm_sdk.extra import ExtraFields
from llm_sdk.providers.cohere import wire
from llm_sdk.providers.cohere.content import PROVIDER
from llm_sdk.shared_options import own_tools, unknown_tool
from llm_sdk.types import (
    JsonObject,
    JsonResponseFormat,
    OpaqueTool,
    ReasoningOptions,
    ResponseFormatOption,
    TextResponseFormat,
    Tool,
    ToolChoiceNone,
    ToolChoiceOption,
    ToolChoiceRequired,
    ToolOption,
)

# That the model decides is said by leaving the field out.
TOOL_CHOICES: dict[str, ToolChoiceOption] = {"NONE": ToolChoiceNone(), "REQUIRED": ToolChoiceRequired()}
CHOICE_WORDS = {choice.type: word for word, choice in TOOL_CHOICES.items()}
JSON_FORMAT = "json_object"
THINKING = {"enabled": True, "disabled": False}
THINKING_WORDS = {enabled: word for word, enabled in THINKING.items()}


def encode_tools(tools: Iterable[ToolOption], warnings: list[str]) -> list[JsonObject]:
    """``tools``. A hosted tool of another provider is left out with a warning; the capabilities refuse a web search."""
    written: list[JsonObject] = []
    for tool in own_tools(tools, PROVIDER, warnings):
        match tool:
            case OpaqueTool():
                written.append(tool.data)
            case Tool():
                described = {"description": tool.description} if tool.description else {}
                function = {"name": tool.name, **described, "parameters": tool.parameters}
                written.append({"type": "function", "function": function})
    return written


def decode_tools(wired: list[wire.Tool] | None, extra: ExtraFields, warnings: list[str]) -> list[ToolOption] | None:
    """Tools; one of another type is kept as an opaque tool."""
    if wired is None:
        return None
    tools: list[ToolOption] = []
    for at, tool in enumerate(wired):
        path = ("tools", str(at))
        if isinstance(tool, wire.FunctionTool):
            tools.append(_decode_function(tool, path, extra))
        else:
            tools.append(unknown_tool(tool.type, tool.as_json(), PROVIDER, warnings))
    return tools


def _decode_function(tool: wire.FunctionTool, path: tuple[str, ...], extra: ExtraFields) -> Tool:
    function = tool.function
    extra.keep_all(function.rest("name", "description", "parameters"), *path, "function")
    extra.keep_all(tool.rest("type", "function"), *path)
    parameters = {"type": "object", "properties": {}} if function.parameters is None else function.parameters
    return Tool(name=function.name, description=function.description or "", parameters=parameters)


def encode_tool_choice(choice: ToolChoiceOption) -> str | None:
    """``tool_choice``; None where it is left out."""
    return CHOICE_WORDS.get(choice.type)


def decode_tool_choice(choice: str | None, extra: ExtraFields) -> ToolChoiceOption | None:
    """The other way; a choice of tomorrow is kept."""
    if choice is not None and choice not in TOOL_CHOICES:
        extra.keep("tool_choice", value=choice)
    return TOOL_CHOICES.get(choice or "")


def encode_format(format: ResponseFormatOption, warnings: list[str]) -> JsonObject:
    """``response_format``, which has no name for a schema."""
    if isinstance(format, TextResponseFormat):
        return {"type": "text"}
    if format.description is not None:
        warnings.append("response_format: this protocol has no description of a format, it was left out")
    schema = {} if format.json_schema is None else {"json_schema": format.json_schema}
    return {"type": JSON_FORMAT, **schema}


def decode_format(format: wire.ResponseFormat | None, extra: ExtraFields) -> ResponseFormatOption | None:
    """The other way; formats without a unified form are kept."""
    if format is None:
        return None
    if format.type not in ("text", JSON_FORMAT):
        extra.keep("response_format", value=format.as_json())
        return None
    extra.keep_all(format.rest("type", "json_schema", "schema"), "response_format")
    if format.type == "text":
        return TextResponseFormat()
    schema = format.older_schema if format.json_schema is None else format.json_schema
    return JsonResponseFormat.model_validate({"name": JSON_FORMAT, "schema": schema})


def encode_reasoning_options(options: ReasoningOptions) -> JsonObject:
    """``thinking``."""
    budget = {} if options.budget_tokens is None else {"token_budget": options.budget_tokens}
    return {"type": THINKING_WORDS[options.enabled], **budget}


def decode_reasoning_options(options: wire.ThinkingOptions | None, extra: ExtraFields) -> ReasoningOptions | None:
    """The other way; a type of tomorrow is kept."""
    if options is None:
        return None
    if options.type not in THINKING:
        extra.keep("thinking", value=options.as_json())
        return None
    extra.keep_all(options.rest("type", "token_budget"), "thinking")
    return ReasoningOptions(enabled=THINKING[options.type], budget_tokens=options.token_budget)
