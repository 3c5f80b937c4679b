"""Tools, tool choice, response format and reasoning <-> their fields in the request."""

from collections.abc import Iterator, Sequence
from typing import Any

from llm_sdk.extra import ExtraFields
from llm_sdk.providers.anthropic import wire
from llm_sdk.providers.anthropic.capabilities import CAPABILITIES
from llm_sdk.providers.anthropic.content import PROVIDER
from llm_sdk.providers.anthropic.web_search import WEB_SEARCH
from llm_sdk.shared_options import LOCATION, encode_user_location, own_tools, unknown_tool
from llm_sdk.strict_schema import allows_strict
from llm_sdk.types import (
    JsonObject,
    JsonResponseFormat,
    LanguageModelInput,
    OpaqueTool,
    ReasoningOptions,
    ResponseFormatOption,
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

TOOL_CHOICES: dict[str, ToolChoiceOption] = {
    "auto": ToolChoiceAuto(),
    "none": ToolChoiceNone(),
    "any": ToolChoiceRequired(),
}
CHOICE_TYPES = {choice.type: name for name, choice in TOOL_CHOICES.items()}
FORMAT_NAME = "output"
"""The API has no names for formats."""

MAX_STRICT_TOOLS = 20
# What a strict schema may not say (Anthropic's guide to structured outputs, and recorded refusals); unions count
# towards a limit of 16, and are left out of it here.
NOT_STRICT = frozenset(
    {
        "$ref",
        "anyOf",
        "oneOf",
        "allOf",
        "not",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "minItems",
        "maxItems",
        "uniqueItems",
    }
)


def fits_strict(schema: Any) -> bool:
    """Whether the strict mode for tools takes this schema."""
    return allows_strict(schema) and not any(map(_is_not_strict, _schemas(schema)))


def _schemas(schema: Any) -> Iterator[JsonObject]:
    """The schema and those within it."""
    if isinstance(schema, list):
        for inner in schema:
            yield from _schemas(inner)
    elif isinstance(schema, dict):
        yield schema
        for name, inner in schema.items():
            yield from _schemas(list(inner.values()) if name == "properties" and isinstance(inner, dict) else inner)


def _is_not_strict(schema: JsonObject) -> bool:
    return bool(NOT_STRICT & schema.keys()) or isinstance(schema.get("type"), list)


def strict_tools(tools: Sequence[ToolOption]) -> set[int]:
    """Which tools are sent as strict ones, by position: none where they are more than the API takes."""
    strict = {at for at, tool in enumerate(tools) if isinstance(tool, Tool) and fits_strict(tool.parameters)}
    return strict if len(strict) <= MAX_STRICT_TOOLS else set()


def encode_tools(tools: list[ToolOption], warnings: list[str]) -> list[JsonObject]:
    """``tools``. A hosted tool of another provider is left out with a warning."""
    own = list(own_tools(tools, PROVIDER, warnings))
    strict = strict_tools(own)
    written: list[JsonObject] = []
    for at, tool in enumerate(own):
        match tool:
            case OpaqueTool():
                written.append(tool.data)
            case WebSearchTool():
                written.append(encode_web_search(tool))
            case Tool():
                described = {"description": tool.description} if tool.description else {}
                function = {"name": tool.name, **described, "input_schema": tool.parameters}
                written.append({**function, "strict": True} if at in strict else function)
    return written


def encode_web_search(tool: WebSearchTool) -> JsonObject:
    """The hosted search, in the version that every model has."""
    search: JsonObject = {"type": wire.WEB_SEARCH_TOOLS[0], "name": WEB_SEARCH}
    for option in ("allowed_domains", "max_uses"):
        if (value := getattr(tool, option)) is not None:
            search[option] = value
    if tool.user_location is not None:
        search["user_location"] = encode_user_location(tool.user_location)
    return search


def decode_tools(wired: list[wire.Tool] | None, extra: ExtraFields, warnings: list[str]) -> list[ToolOption] | None:
    """The other way; ``strict`` is kept where it is not what the schema says by itself."""
    if wired is None:
        return None
    tools: list[ToolOption] = []
    for at, tool in enumerate(wired):
        path = ("tools", str(at))
        match tool:
            case wire.CustomTool():
                extra.keep_all(tool.rest("type", "name", "description", "input_schema", "strict"), *path)
                tools.append(Tool(name=tool.name, description=tool.description or "", parameters=tool.input_schema))
            case wire.WebSearchTool():
                tools.append(decode_web_search(tool, path, extra))
            case _:
                tools.append(unknown_tool(tool.type, tool.as_json(), PROVIDER, warnings))
    strict = strict_tools(tools)
    for at, tool in enumerate(wired):
        if isinstance(tool, wire.CustomTool) and bool(tool.strict) != (at in strict):
            extra.keep("tools", str(at), "strict", value=bool(tool.strict))
    return tools


def decode_web_search(tool: wire.WebSearchTool, path: tuple[str, ...], extra: ExtraFields) -> WebSearchTool:
    """A hosted search, in any of its versions."""
    location = dict(tool.user_location or {})
    known = {name: location.pop(name) for name in LOCATION if location.get(name) is not None}
    location.pop("type", None)
    if tool.type != wire.WEB_SEARCH_TOOLS[0]:
        extra.keep(*path, "type", value=tool.type)
    extra.keep_all(location, *path, "user_location")
    extra.keep_all(tool.rest("type", "name", "allowed_domains", "max_uses", "user_location"), *path)
    return WebSearchTool(
        allowed_domains=tool.allowed_domains,
        max_uses=tool.max_uses,
        user_location=UserLocation(**known) if tool.user_location is not None else None,
    )


def encode_tool_choice(input: LanguageModelInput) -> JsonObject | None:
    """``tool_choice``, which says too whether calls may be parallel; without tools the API refuses it."""
    choice, parallel = input.tool_choice, input.parallel_tool_calls
    if not input.tools or (choice is None and parallel is None):
        return None
    if isinstance(choice, ToolChoiceTool):
        written: JsonObject = {"type": "tool", "name": choice.tool_name}
    else:
        written = {"type": CHOICE_TYPES[choice.type if choice is not None else "auto"]}
    if parallel is not None and written["type"] != "none":
        written["disable_parallel_tool_use"] = not parallel
    return written


def decode_tool_choice(
    choice: wire.ToolChoice | None, extra: ExtraFields
) -> tuple[ToolChoiceOption | None, bool | None]:
    """The choice, and whether calls may be parallel. A choice without a unified form is kept."""
    if choice is None:
        return None, None
    extra.keep_all(choice.rest("type", "name", "disable_parallel_tool_use"), "tool_choice")
    disabled = choice.disable_parallel_tool_use
    parallel = None if disabled is None else not disabled
    if choice.type == "auto" and parallel is not None:
        return None, parallel
    if choice.type in TOOL_CHOICES:
        return TOOL_CHOICES[choice.type], parallel
    if choice.type == "tool" and choice.name is not None:
        return ToolChoiceTool(tool_name=choice.name), parallel
    extra.keep("tool_choice", value=choice.as_json())
    return None, None


def encode_output_config(input: LanguageModelInput, warnings: list[str]) -> JsonObject:
    """``output_config``: the effort, and the format of the answer."""
    config: JsonObject = {}
    if input.reasoning is not None and input.reasoning.enabled and input.reasoning.effort is not None:
        config["effort"] = input.reasoning.effort
    if isinstance(input.response_format, JsonResponseFormat):
        config["format"] = encode_format(input.response_format, warnings)
    return config


def encode_format(format: JsonResponseFormat, warnings: list[str]) -> JsonObject:
    """``output_config.format``, which has neither name nor description."""
    if format.description:
        warnings.append("response_format: its description is left out, this protocol takes only the schema")
    return {"type": "json_schema", "schema": format.json_schema}


def decode_format(format: JsonObject | None, extra: ExtraFields) -> ResponseFormatOption | None:
    """The format of the answer, in either spelling."""
    if format is None:
        return None
    schema = format.get("schema")
    if format.get("type") != "json_schema" or not isinstance(schema, dict):
        extra.keep("output_config", "format", value=format)
        return None
    rest = {name: value for name, value in format.items() if name not in ("type", "schema")}
    extra.keep_all(rest, "output_config", "format")
    return JsonResponseFormat.model_validate({"name": FORMAT_NAME, "schema": schema})


def encode_reasoning_options(options: ReasoningOptions) -> JsonObject:
    """``thinking``. Without a budget the model decides how much to think; an effort guides it."""
    if not options.enabled:
        return {"type": "disabled"}
    if options.budget_tokens is not None:
        return {"type": "enabled", "budget_tokens": options.budget_tokens}
    return {"type": "adaptive"}


def decode_reasoning_options(
    thinking: wire.ThinkingConfig | None, config: wire.OutputConfig | None, extra: ExtraFields
) -> ReasoningOptions | None:
    """The other way. An effort without thinking, an unknown one and other kinds of thinking are kept."""
    effort = config.effort if config is not None else None
    if config is not None:
        extra.keep_all(config.rest("effort", "format"), "output_config")
    options = _thinking_options(thinking, extra)
    if effort is None:
        return options
    if options is not None and options.enabled and effort in CAPABILITIES.reasoning_efforts:
        return ReasoningOptions.model_validate({**options.model_dump(), "effort": effort})
    extra.keep("output_config", "effort", value=effort)
    return options


def _thinking_options(thinking: wire.ThinkingConfig | None, extra: ExtraFields) -> ReasoningOptions | None:
    if thinking is None:
        return None
    budget = thinking.budget_tokens
    if thinking.type not in ("enabled", "adaptive", "disabled") or (thinking.type == "enabled") is (budget is None):
        extra.keep("thinking", value=thinking.as_json())
        return None
    extra.keep_all(thinking.rest("type", "budget_tokens"), "thinking")
    return ReasoningOptions(enabled=thinking.type != "disabled", budget_tokens=budget)
