"""What the API takes for granted, and two requests compared by what they mean."""

from typing import Any

from llm_sdk.providers.google.history import USER
from llm_sdk.providers.google.media import standard_base64
from llm_sdk.providers.google.names import one_spelling
from llm_sdk.providers.google.options import NO_PARAMETERS
from llm_sdk.providers.google.schemas import json_schema
from llm_sdk.types import JsonObject

# What is the same as absent: a switch that is off (protocol buffers write no defaults).
DEFAULTS: JsonObject = {"thought": False, "includeThoughts": False}


def normalize_request(body: Any) -> Any:
    """The same request in one spelling, for comparing two bodies.

    Beside what :func:`one_spelling` does: defaults are left out, functions stand in one entry before the hosted tools,
    each of which has its own, schemas are JSON Schemas, enums are in upper case, base64 is in the standard alphabet.
    """
    if not isinstance(body, dict):
        return body
    request: JsonObject = {name: value for name, value in one_spelling(body).items() if value not in ({}, [])}
    if isinstance(contents := request.get("contents"), list):
        request["contents"] = [_normalize_content(content) for content in contents]
    if isinstance(system := request.get("systemInstruction"), dict):
        system = _normalize_content(system)
        del system["role"]
        request["systemInstruction"] = system
    if isinstance(tools := request.get("tools"), list):
        request["tools"] = _normalize_tools(tools)
    if isinstance(config := request.get("generationConfig"), dict):
        request["generationConfig"] = config = _normalize_config(config)
        if not config:
            del request["generationConfig"]
    return request


def _normalize_content(content: Any) -> Any:
    if not isinstance(content, dict):
        return content
    parts = content.get("parts")
    if isinstance(parts, list):
        parts = [_normalize_part(part) for part in parts]
    return {"role": USER, **content, "parts": parts}


def _normalize_part(part: Any) -> Any:
    if not isinstance(part, dict):
        return part
    part = {
        name: value for name, value in part.items() if value != DEFAULTS.get(name) and (name, value) != ("text", "")
    }
    if isinstance(call := part.get("functionCall"), dict) and not call.get("args", True):
        part["functionCall"] = {name: value for name, value in call.items() if name != "args"}
    if isinstance(blob := part.get("inlineData"), dict):
        part["inlineData"] = _normalize_blob(blob)
    if isinstance(result := part.get("functionResponse"), dict):
        part["functionResponse"] = result = {"response": {}, **result}
        if isinstance(media := result.get("parts"), list):
            result["parts"] = [_normalize_part(medium) for medium in media]
    return part


def _normalize_blob(blob: JsonObject) -> JsonObject:
    return {**blob, "data": standard_base64(blob["data"])} if isinstance(blob.get("data"), str) else blob


def _normalize_tools(tools: list[Any]) -> list[Any]:
    functions: list[Any] = []
    hosted: list[Any] = []
    for tool in tools:
        if not isinstance(tool, dict):
            return tools
        functions += [_normalize_function(function) for function in tool.get("functionDeclarations") or ()]
        hosted += [{name: value} for name, value in tool.items() if name != "functionDeclarations"]
    return [{"functionDeclarations": functions}, *hosted] if functions else hosted


def _normalize_function(function: Any) -> Any:
    if not isinstance(function, dict):
        return function
    function = {name: value for name, value in function.items() if (name, value) != ("description", "")}
    if (schema := function.pop("parameters", None)) is not None:
        function["parametersJsonSchema"] = json_schema(schema)
    function.setdefault("parametersJsonSchema", NO_PARAMETERS)
    return function


def _normalize_config(config: JsonObject) -> JsonObject:
    config = {name: value for name, value in config.items() if value not in ({}, [])}
    if (schema := config.pop("responseSchema", None)) is not None:
        config["responseJsonSchema"] = json_schema(schema)
    if isinstance(thinking := config.get("thinkingConfig"), dict):
        thinking = {name: value for name, value in thinking.items() if (name, value) != ("includeThoughts", False)}
        if isinstance(level := thinking.get("thinkingLevel"), str):
            thinking["thinkingLevel"] = level.upper()
        config["thinkingConfig"] = thinking
        if not thinking:
            del config["thinkingConfig"]
    return config
