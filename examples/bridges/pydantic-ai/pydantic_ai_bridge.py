"""pydantic-ai's models as an adapter, through its direct calls, which no agent stands before."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Iterator
from typing import Any

from bridging import Bridge, declared
from cohere import AsyncClientV2
from pydantic_ai import direct, messages
from pydantic_ai.models import ModelRequestParameters, infer_model
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.providers import infer_provider_class
from pydantic_ai.providers.cohere import CohereProvider
from pydantic_ai.tools import ToolDefinition

from llm_sdk import (
    LanguageModelInput,
    ModelResponse,
    PartialModelResponse,
    TextPart,
    TextPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)
from llm_sdk.deltas import delta_at
from llm_sdk.errors import MalformedArgumentsError
from llm_sdk.types import ImagePart, ModelTokensDetails, ModelUsage, Part, Tool, ToolResultPart

__all__ = ["create"]

MODELS = {
    "openai": "openai-responses",
    "openai-chat-completion": "openai-chat",
    "anthropic": "anthropic",
    "google": "google",
    "mistral": "mistral",
    "cohere": "cohere",
}
SAME_NAME = ("max_tokens", "temperature", "top_p", "presence_penalty", "frequency_penalty", "seed")
SAME_NAME += ("parallel_tool_calls",)


class PydanticAI(Bridge):
    """One model, twice: the client of one belongs to the event loop on which it was used first."""

    def __init__(self, provider: str, model_id: str, models: tuple[Any, Any]) -> None:
        super().__init__(provider, model_id, declared(__file__, provider))
        self._model, self._plain = models
        self._loop = asyncio.new_event_loop()

    def _call(self, model: Any, input: LanguageModelInput) -> dict[str, Any]:
        return {
            "model": model,
            "messages": messages_of(input, model.system),
            "model_settings": settings_of(input),
            "model_request_parameters": parameters_of(input),
        }

    async def ask(self, input: LanguageModelInput) -> ModelResponse:
        return response_of(await direct.model_request(**self._call(self._model, input)))

    def ask_plain(self, input: LanguageModelInput) -> ModelResponse:
        asyncio.set_event_loop(self._loop)
        return response_of(direct.model_request_sync(**self._call(self._plain, input)))

    async def tell(self, input: LanguageModelInput) -> AsyncGenerator[PartialModelResponse, None]:
        async with direct.model_request_stream(**self._call(self._model, input)) as stream:
            async for event in stream:
                for partial in partials_of(event):
                    yield partial
            yield PartialModelResponse(**told(stream.get()))

    def tell_plain(self, input: LanguageModelInput) -> Iterator[PartialModelResponse]:
        asyncio.set_event_loop(self._loop)
        with direct.model_request_stream_sync(**self._call(self._plain, input)) as stream:
            for event in stream:
                yield from partials_of(event)
            yield PartialModelResponse(**told(stream.response))


def messages_of(input: LanguageModelInput, provider_name: str) -> list[messages.ModelMessage]:
    """The conversation as pydantic-ai's messages; ``provider_name`` is what it calls the one that answered in it."""
    found: list[messages.ModelMessage] = []
    parts: list[Any] = [messages.SystemPromptPart(input.system_prompt)] if input.system_prompt else []
    for message in input.messages:
        if message.role == "assistant":
            if parts:
                found.append(messages.ModelRequest(parts=parts))
                parts = []
            said = [_said(part) for part in message.content]
            found.append(messages.ModelResponse(parts=said, provider_name=provider_name))
        elif message.role == "user":
            parts.append(messages.UserPromptPart([_shown(part) for part in message.content]))
        else:
            parts += [_result(part) for part in message.content if isinstance(part, ToolResultPart)]
    return [*found, messages.ModelRequest(parts=parts)] if parts else found


def _shown(part: Part) -> messages.UserContent:
    if isinstance(part, ImagePart):
        if part.url is not None:
            return messages.ImageUrl(part.url)
        return messages.BinaryContent(base64.b64decode(part.data or ""), media_type=part.mime_type or "")
    assert isinstance(part, TextPart)  # noqa: S101 - nothing else is declared
    return part.text


def _said(part: Part) -> Any:
    if isinstance(part, ToolCallPart):
        return messages.ToolCallPart(part.tool_name, part.args, part.tool_call_id, id=part.id)
    assert isinstance(part, TextPart)  # noqa: S101 - the same
    return messages.TextPart(part.text)


def _result(part: ToolResultPart) -> messages.ToolReturnPart:
    texts = [inner.text for inner in part.content if isinstance(inner, TextPart)]
    content = texts[0] if len(texts) == 1 else texts or ""
    return messages.ToolReturnPart(
        part.tool_name, content, part.tool_call_id, outcome="failed" if part.is_error else "success"
    )


def settings_of(input: LanguageModelInput) -> Any:
    """The options, and the choice of a tool."""
    said: dict[str, Any] = {name: getattr(input, name) for name in SAME_NAME if getattr(input, name) is not None}
    said["openai_send_reasoning_ids"] = True  # those of calls, too; other models pass it over
    if input.stop is not None:
        said["stop_sequences"] = input.stop
    if (choice := input.tool_choice) is not None:
        said["tool_choice"] = [choice.tool_name] if choice.type == "tool" else choice.type
    if input.extra:
        said["extra_body"] = input.extra
    return said


def parameters_of(input: LanguageModelInput) -> ModelRequestParameters:
    """The tools, and the form of the answer."""
    tools = [
        ToolDefinition(
            name=tool.name, parameters_json_schema=tool.parameters, description=tool.description, strict=False
        )
        for tool in input.tools or ()
        if isinstance(tool, Tool)
    ]
    format = input.response_format
    if format is None or format.type == "text" or format.json_schema is None:
        return ModelRequestParameters(function_tools=tools)
    output = OutputObjectDefinition(
        json_schema=format.json_schema, name=format.name, description=format.description, strict=True
    )
    return ModelRequestParameters(function_tools=tools, output_mode="native", output_object=output)


def response_of(answer: messages.ModelResponse) -> ModelResponse:
    """A whole answer."""
    content: list[Part] = []
    for part in answer.parts:
        if isinstance(part, messages.TextPart):
            content.append(TextPart(text=part.content))
        elif isinstance(part, messages.ToolCallPart):
            known = {"tool_call_id": part.tool_call_id, "tool_name": part.tool_name, "args": _arguments(part)}
            content.append(ToolCallPart(**known, **_with_id(part)))
    return ModelResponse(content=content, **told(answer))


def _with_id(call: messages.ToolCallPart) -> dict[str, str]:
    return {"id": call.id} if call.id else {}


def _arguments(call: messages.ToolCallPart) -> dict[str, Any]:
    text = call.args_as_json_str()
    try:
        args = json.loads(text)
    except ValueError:
        args = None
    if not isinstance(args, dict):
        raise MalformedArgumentsError(f"the arguments of {call.tool_name} are no JSON object: {text}")
    return args


def told(answer: messages.ModelResponse) -> dict[str, Any]:
    """What is told beside the content: ids, usage and the reason of the end."""
    details = answer.provider_details or {}
    called = any(isinstance(part, messages.ToolCallPart) for part in answer.parts)
    reason: Any = "tool_calls" if called and answer.finish_reason in ("stop", "tool_call") else answer.finish_reason
    detail = details.get("finish_reason")
    known = {
        "id": answer.provider_response_id,
        "model_id": answer.model_name,
        "usage": _usage(answer.usage),
        "finish_reason": reason or ("other" if detail else None),
        "finish_detail": detail,
    }
    return {name: value for name, value in known.items() if value is not None}


def _usage(usage: Any) -> ModelUsage:
    """Counts that are zero are those that nobody gave."""
    inner = {"cached_text_tokens": usage.cache_read_tokens, "cache_write_tokens": usage.cache_write_tokens}
    inner["audio_tokens"] = usage.input_audio_tokens
    outer = {"reasoning_tokens": usage.details.get("reasoning_tokens"), "audio_tokens": usage.output_audio_tokens}
    details = [{name: count for name, count in counts.items() if count} for counts in (inner, outer)]
    return ModelUsage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        input_tokens_details=ModelTokensDetails(**details[0]) if details[0] else None,
        output_tokens_details=ModelTokensDetails(**details[1]) if details[1] else None,
    )


def partials_of(event: Any) -> Iterator[PartialModelResponse]:
    """What one event of a stream tells."""
    match event:
        case messages.PartStartEvent(index=index, part=messages.TextPart(content=text)):
            yield delta_at(index, TextPartDelta(text=text))
        case messages.PartStartEvent(index=index, part=messages.ToolCallPart() as part):
            args = part.args_as_json_str() if part.args else None
            known = {"tool_call_id": part.tool_call_id, "tool_name": part.tool_name, "args": args}
            yield delta_at(index, ToolCallPartDelta(**known, **_with_id(part)))
        case messages.PartDeltaEvent(index=index, delta=messages.TextPartDelta(content_delta=text)):
            yield delta_at(index, TextPartDelta(text=text))
        case messages.PartDeltaEvent(index=index, delta=messages.ToolCallPartDelta(args_delta=args)) if args:
            yield delta_at(index, ToolCallPartDelta(args=args if isinstance(args, str) else json.dumps(args)))


def create(*, provider: str, base_url: str, api_key: str, model_id: str, http_client: object) -> PydanticAI:
    """The factory for ``--adapter``. pydantic-ai makes its own client."""
    del http_client

    def make(name: str) -> Any:
        if name == "cohere":
            return CohereProvider(cohere_client=AsyncClientV2(api_key=api_key, base_url=base_url))
        return infer_provider_class(name)(base_url=base_url, api_key=api_key)

    name = f"{MODELS[provider]}:{model_id}"
    models = infer_model(name, provider_factory=make), infer_model(name, provider_factory=make)
    return PydanticAI(provider, model_id, models)
