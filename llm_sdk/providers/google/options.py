"""Tools, tool choice, response format, modalities, audio and reasoning <-> their fields in the request."""

from typing import Any

from llm_sdk.extra import ExtraFields
from llm_sdk.providers.google import wire
from llm_sdk.providers.google.capabilities import CAPABILITIES
from llm_sdk.providers.google.content import PROVIDER
from llm_sdk.providers.google.schemas import json_schema
from llm_sdk.shared_options import own_tools
from llm_sdk.types import (
    AudioOptions,
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
    WebSearchTool,
)

NO_PARAMETERS: JsonObject = {"type": "object", "properties": {}}
MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY", "tool": "ANY"}
TOOL_CHOICES: dict[str, ToolChoiceOption] = {
    "AUTO": ToolChoiceAuto(),
    "NONE": ToolChoiceNone(),
    "ANY": ToolChoiceRequired(),
}
MODALITIES: dict[str, Modality] = {"TEXT": "text", "IMAGE": "image", "AUDIO": "audio"}
MODALITY_NAMES = {modality: name for name, modality in MODALITIES.items()}
TEXT_FORMAT, JSON_FORMAT, ENUM_FORMAT = "text/plain", "application/json", "text/x.enum"
FORMAT_NAME = "response"
"""The name of a format that is read: the API has none."""
CONFIG = ("generationConfig",)


def encode_tools(tools: list[ToolOption], warnings: list[str]) -> list[JsonObject]:
    """The functions, in one entry, and each hosted tool in one of its own. Those of other providers are left out."""
    functions: list[JsonObject] = []
    hosted: list[JsonObject] = []
    for tool in own_tools(tools, PROVIDER, warnings):
        match tool:
            case OpaqueTool():
                hosted.append(tool.data)
            case WebSearchTool():
                hosted.append({"googleSearch": {}})
            case Tool():
                described = {"description": tool.description} if tool.description else {}
                functions.append({"name": tool.name, **described, "parametersJsonSchema": tool.parameters})
    return [{"functionDeclarations": functions}, *hosted] if functions else hosted


def decode_tools(wired: list[wire.Tool] | None, extra: ExtraFields, warnings: list[str]) -> list[ToolOption] | None:
    """The other way. One entry may hold functions and several hosted tools."""
    if wired is None:
        return None
    functions = [declaration for tool in wired for declaration in tool.function_declarations or ()]
    tools: list[ToolOption] = [
        _decode_function(declaration, ("tools", "0", "functionDeclarations", str(at)), extra)
        for at, declaration in enumerate(functions)
    ]
    place = 1 if functions else 0
    for tool in wired:
        for name, value in tool.rest("functionDeclarations").items():
            if name == "googleSearch":
                extra.keep_all(value or {}, "tools", str(place), name)
                tools.append(WebSearchTool())
            else:
                warnings.append(f"{name}: this tool has no unified form and is kept as an opaque tool")
                tools.append(OpaqueTool(provider=PROVIDER, data={name: value}))
            place += 1
    return tools


def _decode_function(declaration: wire.FunctionDeclaration, path: tuple[str, ...], extra: ExtraFields) -> Tool:
    schema = declaration.parameters_json_schema
    parameters = json_schema(declaration.parameters) if schema is None else schema
    extra.keep_all(declaration.rest("name", "description", "parameters", "parametersJsonSchema"), *path)
    return Tool(
        name=declaration.name,
        description=declaration.description or "",
        parameters=NO_PARAMETERS if parameters is None else parameters,
    )


def encode_tool_choice(choice: ToolChoiceOption) -> JsonObject:
    """``toolConfig``."""
    config: JsonObject = {"mode": MODES[choice.type]}
    if isinstance(choice, ToolChoiceTool):
        config["allowedFunctionNames"] = [choice.tool_name]
    return {"functionCallingConfig": config}


def decode_tool_choice(wired: wire.ToolConfig | None, extra: ExtraFields) -> ToolChoiceOption | None:
    """The other way; a mode without a unified form, and a choice of several functions, are kept."""
    if wired is None:
        return None
    extra.keep_all(wired.rest("functionCallingConfig"), "toolConfig")
    config = wired.function_calling_config
    if config is None:
        return None
    path = ("toolConfig", "functionCallingConfig")
    extra.keep_all(config.rest("mode", "allowedFunctionNames"), *path)
    mode, names = config.mode, config.allowed_function_names
    if mode == "ANY" and names and len(names) == 1:
        return ToolChoiceTool(tool_name=names[0])
    if names:
        extra.keep(*path, "allowedFunctionNames", value=names)
    if mode is not None and mode not in TOOL_CHOICES:
        extra.keep(*path, "mode", value=mode)
    return TOOL_CHOICES.get(mode or "")


def encode_format(format: ResponseFormatOption) -> JsonObject:
    """The fields of ``generationConfig``. A format has no name here; its description goes into the schema."""
    if isinstance(format, TextResponseFormat):
        return {"responseMimeType": TEXT_FORMAT}
    if format.json_schema is None:
        return {"responseMimeType": JSON_FORMAT}
    described = {} if format.description is None else {"description": format.description}
    return {"responseMimeType": JSON_FORMAT, "responseJsonSchema": {**described, **format.json_schema}}


def decode_format(config: wire.GenerationConfig, extra: ExtraFields) -> ResponseFormatOption | None:
    """The other way; a schema for any other MIME type than JSON is kept."""
    mime_type, schema = config.response_mime_type, config.response_json_schema
    if schema is None:
        schema = json_schema(config.response_schema)
    if mime_type == JSON_FORMAT:
        return JsonResponseFormat.model_validate({"name": FORMAT_NAME, "schema": schema})
    extra.keep_all(
        {"responseSchema": config.response_schema, "responseJsonSchema": config.response_json_schema}, *CONFIG
    )
    if mime_type == TEXT_FORMAT:
        return TextResponseFormat()
    if mime_type is not None:
        extra.keep(*CONFIG, "responseMimeType", value=mime_type)
    return None


def encode_modalities(modalities: list[Modality]) -> list[str]:
    """``responseModalities``."""
    return [MODALITY_NAMES[modality] for modality in modalities]


def decode_modalities(names: list[str] | None, extra: ExtraFields) -> list[Modality] | None:
    """The other way; a list with one that has no unified form is kept."""
    if names is None:
        return None
    known = [MODALITIES[name.upper()] for name in names if name.upper() in MODALITIES]
    if len(known) == len(names):
        return known
    extra.keep(*CONFIG, "responseModalities", value=names)
    return None


def encode_audio(audio: AudioOptions) -> JsonObject:
    """``speechConfig``."""
    speech: JsonObject = {}
    if audio.voice is not None:
        speech["voiceConfig"] = {"prebuiltVoiceConfig": {"voiceName": audio.voice}}
    if audio.language is not None:
        speech["languageCode"] = audio.language
    return speech


def decode_audio(speech: JsonObject | None, extra: ExtraFields) -> AudioOptions | None:
    """The other way; voices without a name, and those of several speakers, are kept."""
    if speech is None:
        return None
    rest = dict(speech)
    language: Any = rest.pop("languageCode", None)
    voice: Any = None
    match rest.get("voiceConfig"):
        case {"prebuiltVoiceConfig": {"voiceName": str(name)}}:
            voice = name
            config = dict(rest.pop("voiceConfig"))
            prebuilt = dict(config.pop("prebuiltVoiceConfig"))
            del prebuilt["voiceName"]
            extra.keep_all(prebuilt, *CONFIG, "speechConfig", "voiceConfig", "prebuiltVoiceConfig")
            extra.keep_all(config, *CONFIG, "speechConfig", "voiceConfig")
    extra.keep_all(rest, *CONFIG, "speechConfig")
    return AudioOptions(voice=voice, language=language) if voice is not None or language is not None else None


def encode_reasoning_options(options: ReasoningOptions, warnings: list[str]) -> JsonObject:
    """``thinkingConfig``. The API refuses a level beside a budget: the level outranks it."""
    if not options.enabled:
        return {"thinkingBudget": 0}
    thinking: JsonObject = {"includeThoughts": True}
    if options.effort is not None:
        if options.budget_tokens is not None:
            warnings.append("reasoning: the budget was left out, because this protocol takes it or an effort, not both")
        return {**thinking, "thinkingLevel": options.effort.upper()}
    return thinking if options.budget_tokens is None else {**thinking, "thinkingBudget": options.budget_tokens}


def decode_reasoning_options(wired: wire.ThinkingConfig | None, extra: ExtraFields) -> ReasoningOptions | None:
    """The other way; a level without a unified form is kept, and so is that the thoughts shall not be shown."""
    if wired is None:
        return None
    path = (*CONFIG, "thinkingConfig")
    extra.keep_all(wired.rest("includeThoughts", "thinkingBudget", "thinkingLevel"), *path)
    budget, level = wired.thinking_budget, wired.thinking_level
    if budget is None and level is None and not wired.include_thoughts:
        return None
    if budget == 0 and level is None and not wired.include_thoughts:
        return ReasoningOptions(enabled=False)
    if not wired.include_thoughts:
        extra.keep(*path, "includeThoughts", value=False)
    effort = level.lower() if level is not None and level.lower() in CAPABILITIES.reasoning_efforts else None
    if level is not None and effort is None:
        extra.keep(*path, "thinkingLevel", value=level)
    if effort is not None and budget is not None:
        extra.keep(*path, "thinkingBudget", value=budget)
        budget = None
    return ReasoningOptions.model_validate({"budget_tokens": budget, "effort": effort})
