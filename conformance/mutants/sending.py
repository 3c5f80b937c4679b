"""What mutants of the request are made of: a codec that is given another input, or whose body is changed."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.mutants.registry import CodecAround, Parts, reference
from llm_sdk.codec import Codec, WireRequest
from llm_sdk.model import LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.types import JsonObject, LanguageModelInput, Message, Part

Change = Callable[[LanguageModelInput], LanguageModelInput]
Edit = Callable[[JsonObject], JsonObject]


class Sending(CodecAround):
    """A codec that sends a changed input."""

    def __init__(self, codec: Codec, change: Change) -> None:
        super().__init__(codec)
        self._change = change

    def encode_request(self, model_id: str, input: LanguageModelInput, *, stream: bool) -> WireRequest:
        return self._codec.encode_request(model_id, self._change(input), stream=stream)


def sending(parts: Parts, change: Change) -> LanguageModel:
    codec: Any = Sending(get_codec(parts.provider), change)
    return reference(parts, codec)


class _Rewriting(CodecAround):
    def __init__(self, codec: Codec, edit: Edit) -> None:
        super().__init__(codec)
        self._edit = edit

    def encode_request(self, model_id: str, input: LanguageModelInput, *, stream: bool) -> WireRequest:
        sent = self._codec.encode_request(model_id, input, stream=stream)
        return replace(sent, body=json.dumps(self._edit(json.loads(sent.body))).encode())


def rewriting(parts: Parts, edit: Edit) -> LanguageModel:
    """An adapter that changes the JSON of its requests before it sends them."""
    codec: Any = _Rewriting(get_codec(parts.provider), edit)
    return reference(parts, codec)


def setting(**fields: Any) -> Change:
    return lambda said: said.model_copy(update=fields)


def messages_changed(change: Callable[[Message], Message | None]) -> Change:
    def changed(input: LanguageModelInput) -> LanguageModelInput:
        messages = [new for message in input.messages if (new := change(message)) is not None]
        return input.model_copy(update={"messages": messages})

    return changed


def parts_changed(kind: type[Message], change: Callable[[Part], list[Any]]) -> Change:
    def changed(message: Message) -> Message:
        if not isinstance(message, kind):
            return message
        return message.model_copy(update={"content": [new for part in message.content for new in change(part)]})

    return messages_changed(changed)
