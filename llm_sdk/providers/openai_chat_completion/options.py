"""Tools, tool choice, response format, reasoning and audio <-> their fields in the request."""

from collections.abc import Sequence
from typing import Any

from llm_sdk.errors import InvalidInputError
from llm_sdk.extra import ExtraFields
from llm_sdk.providers.openai_chat_completion import wire
from llm_sdk.providers.openai_chat_completion.capabilities import CAPABILITIES
from llm_sdk.providers.openai_chat_completion.client_tools import CUSTOM, custom_names
from llm_sdk.providers.openai_chat_completion.content import AUDIO_FORMATS, PROVIDER, UNIFIED_AUDIO_FORMATS
from llm_sdk.shared_options import LOCATION, encode_schema_format, own_tools, unknown_tool
from llm_sdk.strict_schema import allows_strict
from llm_sdk.types import (
    AudioOptions,
    JsonObject,
    JsonResponseFormat,
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
STREAMED_AUDIO, WHOLE_AUDIO = "linear16", "wav"


def encode_tools(tools: list[ToolOption] | None, warnings: list[str]) -> JsonObject:
    """``tools``, and ``web_search_options`` in which the hosted search is asked for."""
    fields: JsonObject = {}
    functions: list[JsonObject] = []
    for tool in own_tools(tools or (), PROVIDER, warnings):
        match tool:
            case WebSearchTool():
                fields["web_search_options"] = encode_web_search(tool)
            case OpaqueTool():
                functions.append(tool.data)
            case Tool():
                functions.append({"type": "function", "function": encode_function_tool(tool)})
    return {"tools": functions, **fields} if functions else fields


def encode_function_tool(tool: Tool) -> JsonObject:
    """A function. ``strict`` is asked for where the schema allows it, and not mentioned where it does not: some
    compatible servers do not know it."""
    described = {"description": tool.description} if tool.description else {}
    strict = {"strict": True} if allows_strict(tool.parameters) else {}
    return {"name": tool.name, **described, "parameters": tool.parameters, **strict}


def encode_web_search(tool: WebSearchTool) -> JsonObject:
    """``web_search_options``."""
    if tool.user_location is None:
        return {}
    return {"user_location": {"type": "approximate", "approximate": tool.user_location.model_dump()}}


def decode_tools(body: wire.Request, extra: ExtraFields, warnings: list[str]) -> list[ToolOption] | None:
    """The tools of a request, those of the deprecated ``functions`` too; ``extra`` then keeps the old spelling."""
    tools: list[ToolOption] = []
    for at, tool in enumerate(body.tools or ()):
        if isinstance(tool, wire.FunctionTool):
            extra.keep_all(tool.rest("type", "function"), "tools", str(at))
            tools.append(decode_function_tool(tool.function, ("tools", str(at), "function"), extra))
        else:
            tools.append(unknown_tool(tool.type, tool.as_json(), PROVIDER, warnings))
    if body.functions is not None:
        unused = ExtraFields({}, {})
        tools += [decode_function_tool(function, ("functions",), unused) for function in body.functions]
        extra.keep("functions", value=[function.as_json() for function in body.functions])
        extra.keep("tools", value=None)
    if body.web_search_options is not None:
        tools.append(decode_web_search(body.web_search_options, extra))
    return tools or None


def decode_function_tool(function: wire.FunctionDefinition, path: tuple[str, ...], extra: ExtraFields) -> Tool:
    """A function. ``strict`` is kept where it is not what the schema says by itself."""
    parameters = function.parameters if function.parameters is not None else {"type": "object", "properties": {}}
    if bool(function.strict) != allows_strict(parameters):
        extra.keep(*path, "strict", value=bool(function.strict))
    extra.keep_all(function.rest("name", "description", "parameters", "strict"), *path)
    return Tool(name=function.name, description=function.description or "", parameters=parameters)


def decode_web_search(options: wire.WebSearchOptions, extra: ExtraFields) -> WebSearchTool:
    """The hosted search."""
    path = ("web_search_options",)
    location = dict(options.user_location or {})
    place = location.pop("approximate", None)
    place = dict(place) if isinstance(place, dict) else {}
    known = {name: place.pop(name) for name in LOCATION if isinstance(place.get(name), str)}
    location.pop("type", None)
    extra.keep_all(place, *path, "user_location", "approximate")
    extra.keep_all(location, *path, "user_location")
    extra.keep_all(options.rest("user_location"), *path)
    return WebSearchTool(user_location=UserLocation(**known) if options.user_location is not None else None)


def encode_tool_choice(choice: ToolChoiceOption, tools: Sequence[ToolOption]) -> str | JsonObject:
    """``tool_choice``."""
    if isinstance(choice, ToolChoiceTool):
        kind = CUSTOM if choice.tool_name in custom_names(tools) else "function"
        return {"type": kind, kind: {"name": choice.tool_name}}
    return choice.type


def decode_tool_choice(body: wire.Request, tools: Sequence[ToolOption], extra: ExtraFields) -> ToolChoiceOption | None:
    """The other way, from the deprecated ``function_call`` too; a choice without a unified form is kept."""
    match body.tool_choice:
        case None:
            return _decode_function_choice(body.function_call, extra)
        case str() as word if word in TOOL_CHOICES:
            return TOOL_CHOICES[word]
        case {"type": "function", "function": {"name": str(name), **inner}, **rest} if not rest and not inner:
            return ToolChoiceTool(tool_name=name)
        case {"type": "custom", "custom": {"name": str(name), **inner}, **rest} if not rest and not inner:
            if name in custom_names(tools):
                return ToolChoiceTool(tool_name=name)
    extra.keep("tool_choice", value=body.tool_choice)
    return None


def _decode_function_choice(choice: str | JsonObject | None, extra: ExtraFields) -> ToolChoiceOption | None:
    if choice is None:
        return None
    extra.keep("function_call", value=choice)
    extra.keep("tool_choice", value=None)
    match choice:
        case {"name": str(name)}:
            return ToolChoiceTool(tool_name=name)
        case str() as word:
            return TOOL_CHOICES.get(word)
    return None


def encode_format(format: ResponseFormatOption) -> JsonObject:
    """``response_format``."""
    return encode_schema_format(format)


def decode_format(format: Any, extra: ExtraFields) -> ResponseFormatOption | None:
    """The other way; a format without a unified form is kept."""
    match format:
        case None:
            return None
        case {"type": "text", **rest} if not rest:
            return TextResponseFormat()
        case {"type": "json_object", **rest} if not rest:
            return JsonResponseFormat(name="json_object")
        case {"type": "json_schema", "json_schema": {"name": str(), "schema": dict()}}:
            return _decode_schema(format, extra)
        case other:
            extra.keep("response_format", value=other)
            return None


def _decode_schema(format: JsonObject, extra: ExtraFields) -> JsonResponseFormat:
    described: JsonObject = format["json_schema"]
    known = {name: described.get(name) for name in ("name", "description", "schema")}
    strict = bool(described.get("strict"))
    if strict != allows_strict(known["schema"]):
        extra.keep("response_format", "json_schema", "strict", value=strict)
    unknown = {name: value for name, value in described.items() if name not in (*known, "strict")}
    extra.keep_all(unknown, "response_format", "json_schema")
    beside = {name: value for name, value in format.items() if name not in ("type", "json_schema")}
    extra.keep_all(beside, "response_format")
    return JsonResponseFormat.model_validate(known)


def encode_reasoning_options(options: ReasoningOptions) -> str | None:
    """``reasoning_effort``: a budget is one of those that stand for an effort (see the capabilities); an effort
    outranks it. Without either the model thinks as much as it likes, and nothing is said."""
    if not options.enabled:
        return "none"
    return options.effort or EFFORTS.get(options.budget_tokens or 0)


def decode_reasoning_options(effort: str | None, extra: ExtraFields) -> ReasoningOptions | None:
    """The other way; an unknown effort is kept."""
    if effort is None:
        return None
    if effort == "none":
        return ReasoningOptions(enabled=False)
    if effort in CAPABILITIES.reasoning_efforts:
        return ReasoningOptions.model_validate({"effort": effort})
    extra.keep("reasoning_effort", value=effort)
    return None


def encode_audio(options: AudioOptions, *, stream: bool) -> JsonObject:
    """``audio``. The API needs a voice and a format, and streams no other format than pcm16 (documented)."""
    if not options.voice:
        raise InvalidInputError("answers in audio need a voice here", path="audio.voice", provider=PROVIDER)
    format = options.format or (STREAMED_AUDIO if stream else WHOLE_AUDIO)
    return {"voice": options.voice, "format": AUDIO_FORMATS.get(format, format)}


def decode_audio(options: wire.AudioOptions | None, extra: ExtraFields) -> AudioOptions | None:
    """The other way; a voice or a format without a unified form is kept."""
    if options is None:
        return None
    extra.keep_all(options.rest("format", "voice"), "audio")
    format = UNIFIED_AUDIO_FORMATS.get(options.format or "", options.format)
    values: dict[str, Any] = {"format": format, "voice": options.voice}
    if format is not None and format not in (CAPABILITIES.audio_formats or ()):
        extra.keep("audio", "format", value=options.format)
        values["format"] = None
    if not isinstance(options.voice, str):
        extra.keep("audio", "voice", value=options.voice)
        values["voice"] = "custom"
    return AudioOptions(**values)
