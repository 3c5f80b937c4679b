"""What is said in a call, as the semantic conventions for generative AI write it on a span.

The shapes are those of ``gen-ai-input-messages.json``, ``gen-ai-output-messages.json``,
``gen-ai-system-instructions.json`` and ``gen-ai-tool-definitions.json`` in
https://github.com/open-telemetry/semantic-conventions-genai.
"""

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, assert_never

from llm_sdk.types import (
    AudioPart,
    FilePart,
    FinishReason,
    ImagePart,
    LanguageModelInput,
    ModelResponse,
    OpaquePart,
    OpaqueTool,
    Part,
    ReasoningPart,
    SourcePart,
    TextPart,
    Tool,
    ToolCallPart,
    ToolResultPart,
    WebSearchTool,
)

__all__ = ["input_attributes", "is_content_wanted", "output_attributes"]

SWITCH = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
ON = frozenset({"true", "1", "span_only", "span_and_event"})
FINISH_REASONS: dict[FinishReason, str] = {"tool_calls": "tool_call"}


def is_content_wanted() -> bool:
    """Whether the environment asks for the content of calls on their spans."""
    return os.environ.get(SWITCH, "").strip().lower() in ON


def input_attributes(input: LanguageModelInput) -> dict[str, str]:
    """The attributes that hold what is sent: instructions, messages and tools, each as JSON."""
    attributes = {
        "gen_ai.input.messages": _dump(
            {"role": message.role, "parts": _parts(message.content)} for message in input.messages
        )
    }
    if input.system_prompt is not None:
        attributes["gen_ai.system_instructions"] = _dump([{"type": "text", "content": input.system_prompt}])
    if input.tools:
        attributes["gen_ai.tool.definitions"] = _dump(map(_tool, input.tools))
    return attributes


def output_attributes(response: ModelResponse) -> dict[str, str]:
    """The attribute that holds what came back."""
    reason = response.finish_reason or "stop"
    message = {
        "role": "assistant",
        "parts": _parts(response.content),
        "finish_reason": FINISH_REASONS.get(reason, reason),
    }
    return {"gen_ai.output.messages": _dump([message])}


def _parts(parts: Iterable[Part]) -> list[dict[str, Any]]:
    return list(map(_part, parts))


def _part(part: Part) -> dict[str, Any]:
    match part:
        case TextPart():
            return {"type": "text", "content": part.text}
        case ReasoningPart():
            return {"type": "reasoning", "content": part.text}
        case ToolCallPart():
            return {"type": "tool_call", "id": part.tool_call_id, "name": part.tool_name, "arguments": part.args}
        case ToolResultPart():
            return {"type": "tool_call_response", "id": part.tool_call_id, "result": _parts(part.content)}
        case ImagePart():
            return _attachment(part, "image")
        case FilePart():
            return _attachment(part, "document")
        case AudioPart():
            return {"type": "blob", "modality": "audio", "mime_type": f"audio/{part.format}", "content": part.data}
        case SourcePart():
            return {"type": "source", "source": part.source, "title": part.title, "content": _parts(part.content)}
        case OpaquePart():
            return {"type": "opaque", "provider": part.provider, "data": part.data}
    assert_never(part)


def _attachment(part: ImagePart | FilePart, modality: str) -> dict[str, Any]:
    kept = {"modality": modality} if part.mime_type is None else {"modality": modality, "mime_type": part.mime_type}
    if part.url is not None:
        return {"type": "uri", **kept, "uri": part.url}
    return {"type": "blob", **kept, "content": part.data}


def _tool(tool: Tool | WebSearchTool | OpaqueTool) -> dict[str, Any]:
    if isinstance(tool, Tool):
        parameters: Mapping[str, Any] = tool.parameters
        return {
            "type": "function",
            "name": tool.name,
            "description": tool.description,
            "parameters": parameters,
        }
    return {"type": tool.type, "name": tool.type}


def _dump(value: Iterable[Mapping[str, Any]]) -> str:
    return json.dumps(list(value), ensure_ascii=False, separators=(",", ":"))
