"""Tools, tool choice, response format and reasoning <-> their fields in the request."""

from collections.abc import Iterable, Sequence

from llm_sdk.extra import ExtraFields
from llm_sdk.providers.openai import wire
from llm_sdk.providers.openai.capabilities import CAPABILITIES
from llm_sdk.providers.openai.client_tools import CUSTOM, custom_names
from llm_sdk.providers.openai.content import PROVIDER, WEB_SEARCH
from llm_sdk.shared_options import LOCATION, encode_user_location, own_tools, unknown_tool
from llm_sdk.strict_schema import allows_strict
from llm_sdk.types import (
    JsonObject,
    JsonResponseFormat,
    Modality,
    OpaqueTool,
    ReasoningOptions,
    ResponseFormatOption,
    TextResponseFormat,
    Tool,
    ToolChoiceAuto,
    ToolChoiceNone,
    ToolChoiceOption,
    ToolChoiceRequired,
    ToolChoiceTool,
    ToolOption,
    UserLocation,
    WebSearchTool,
)

EFFORTS = {1000: "minimal", 2000: "low", 3000: "medium", 4000: "high"}
TOOL_CHOICES: dict[str, ToolChoiceOption] = {
    "auto": ToolChoiceAuto(),
    "none": ToolChoiceNone(),
    "required": ToolChoiceRequired(),
}


def encode_tools(tools: Iterable[ToolOption], warnings: list[str]) -> list[JsonObject]:
    """``tools``. A hosted tool of another provider is left out with a warning."""
    return [_encode_tool(tool) for tool in own_tools(tools, PROVIDER, warnings)]


def _encode_tool(tool: ToolOption) -> JsonObject:
    match tool:
        case OpaqueTool():
            return tool.data
        case WebSearchTool():
            search: JsonObject = {"type": WEB_SEARCH}
            if tool.allowed_domains is not None:
                search["filters"] = {"allowed_domains": tool.allowed_domains}
            if tool.user_location is not None:
                search["user_location"] = encode_user_location(tool.user_location)
            return search
    function: JsonObject = {"type": "function", "name": tool.name}
    if tool.description:
        function["description"] = tool.description
    return {**function, "parameters": tool.parameters, "strict": allows_strict(tool.parameters)}


def decode_tools(
    wired: list[wire.Tool] | None, extra: ExtraFields, warnings: list[str]
) -> tuple[list[ToolOption] | None, list[Modality] | None]:
    """Tools, and the modalities that one of them stands for: a generated image is asked for by a tool."""
    tools: list[ToolOption] = []
    modalities: list[Modality] | None = None
    for at, tool in enumerate(wired or ()):
        path = ("tools", str(at))
        match tool:
            case wire.FunctionTool():
                tools.append(decode_function(tool, path, extra))
            case wire.WebSearchTool():
                tools.append(decode_web_search(tool, path, extra))
            case wire.Unknown(type="image_generation") if at + 1 == len(wired or ()):
                modalities = ["text", "image"]
                extra.keep_all(tool.rest("type"), *path)
            case _:
                tools.append(unknown_tool(tool.type, tool.as_json(), PROVIDER, warnings))
    return (tools if tools or (wired is not None and modalities is None) else None), modalities


def decode_function(tool: wire.FunctionTool, path: tuple[str, ...], extra: ExtraFields) -> Tool:
    """A function. ``strict`` is kept where it is not what the schema says by itself."""
    parameters = tool.parameters.as_json() if tool.parameters else {"type": "object", "properties": {}}
    if tool.strict is not None and tool.strict != allows_strict(parameters):
        extra.keep(*path, "strict", value=tool.strict)
    extra.keep_all(tool.rest("type", "name", "description", "parameters", "strict"), *path)
    return Tool(name=tool.name, description=tool.description or "", parameters=parameters)


def decode_web_search(tool: wire.WebSearchTool, path: tuple[str, ...], extra: ExtraFields) -> WebSearchTool:
    """A hosted search, under any of its names."""
    filters, location = tool.filters or wire.SearchFilters(), tool.user_location
    if tool.type != WEB_SEARCH:
        extra.keep(*path, "type", value=tool.type)
    extra.keep_all(filters.rest("allowed_domains"), *path, "filters")
    extra.keep_all(tool.rest("type", "filters", "user_location"), *path)
    if location is None:
        return WebSearchTool(allowed_domains=filters.allowed_domains)
    extra.keep_all(location.rest("type", *LOCATION), *path, "user_location")
    if location.type not in (None, "approximate"):
        extra.keep(*path, "user_location", "type", value=location.type)
    known = UserLocation(**{name: getattr(location, name) for name in LOCATION})
    return WebSearchTool(allowed_domains=filters.allowed_domains, user_location=known)


def encode_tool_choice(choice: ToolChoiceOption, tools: Sequence[ToolOption]) -> str | JsonObject:
    """``tool_choice``: a hosted tool is chosen by its type, a function and a custom tool by its name."""
    if not isinstance(choice, ToolChoiceTool):
        return choice.type
    name = choice.tool_name
    if name in custom_names(tools):
        return {"type": CUSTOM, "name": name}
    return {"type": name} if name in hosted_types(tools) else {"type": "function", "name": name}


def hosted_types(tools: Sequence[ToolOption]) -> set[str]:
    """The types of the hosted tools that are no function's name."""
    opaque = {tool.data.get("type") for tool in tools if isinstance(tool, OpaqueTool) and tool.provider == PROVIDER}
    hosted = {kind for kind in opaque if isinstance(kind, str)}
    if any(isinstance(tool, WebSearchTool) for tool in tools):
        hosted.add(WEB_SEARCH)
    return hosted - {tool.name for tool in tools if isinstance(tool, Tool)}


def decode_tool_choice(
    choice: str | JsonObject | None, tools: Sequence[ToolOption], extra: ExtraFields
) -> ToolChoiceOption | None:
    """The other way; a choice without a unified form is kept."""
    match choice:
        case None:
            return None
        case str() if choice in TOOL_CHOICES:
            return TOOL_CHOICES[choice]
        case {"type": "function", "name": str(name), **rest} if not rest:
            return ToolChoiceTool(tool_name=name)
        case {"type": "custom", "name": str(name), **rest} if not rest and name in custom_names(tools):
            return ToolChoiceTool(tool_name=name)
        case {"type": str(kind), **rest} if not rest and kind in hosted_types(tools):
            return ToolChoiceTool(tool_name=kind)
        case other:
            extra.keep("tool_choice", value=other)
            return None


def encode_format(format: ResponseFormatOption) -> JsonObject:
    """``text.format``."""
    if isinstance(format, TextResponseFormat):
        return {"type": "text"}
    if format.json_schema is None:
        return {"type": "json_object"}
    described = {} if format.description is None else {"description": format.description}
    strict = allows_strict(format.json_schema)
    return {"type": "json_schema", "name": format.name, **described, "schema": format.json_schema, "strict": strict}


def decode_format(text: wire.TextOptions | None, extra: ExtraFields) -> ResponseFormatOption | None:
    """The other way; ``text.verbosity`` and formats without a unified form are kept."""
    if text is None:
        return None
    extra.keep_all(text.rest("format"), "text")
    match text.format:
        case wire.TextFormat():
            return TextResponseFormat()
        case wire.JsonObjectFormat():
            return JsonResponseFormat(name="json_object")
        case wire.JsonSchemaFormat() as format:
            strict = bool(format.strict)
            if strict != allows_strict(format.json_schema):
                extra.keep("text", "format", "strict", value=strict)
            extra.keep_all(format.rest("type", "name", "description", "schema", "strict"), "text", "format")
            fields = {"name": format.name, "description": format.description, "schema": format.json_schema}
            return JsonResponseFormat.model_validate(fields)
        case wire.Unknown() as other:
            extra.keep("text", "format", value=other.as_json())
    return None


def encode_reasoning_options(options: ReasoningOptions) -> JsonObject:
    """A budget is one of those that stand for an effort (see the capabilities); an effort outranks it."""
    if not options.enabled:
        return {"effort": "none"}
    effort = options.effort or EFFORTS.get(options.budget_tokens or 0)
    return {"effort": effort, "summary": "auto"} if effort else {"summary": "auto"}


def decode_reasoning_options(options: wire.ReasoningOptions | None, extra: ExtraFields) -> ReasoningOptions | None:
    """The other way; an unknown effort and every other field are kept."""
    if options is None:
        return None
    rest = options.rest("effort", "summary")
    effort, summary = options.effort, options.summary
    if effort == "none" and summary is None:
        extra.keep_all(rest, "reasoning")
        return ReasoningOptions(enabled=False)
    if effort is None and summary is None:
        extra.keep_all(rest, "reasoning")
        return None
    known = effort in CAPABILITIES.reasoning_efforts
    if effort is not None and not known:
        extra.keep("reasoning", "effort", value=effort)
    if summary != "auto":
        extra.keep("reasoning", "summary", value=summary)
    extra.keep_all(rest, "reasoning")
    return ReasoningOptions.model_validate({"effort": effort if known else None})
