"""What mutants of the answer are made of: a codec whose readings are changed on the way."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.mutants.registry import CodecAround, DecoderAround, Parts, reference
from llm_sdk.codec import Codec, StreamDecoder, WireResponse
from llm_sdk.deltas import ContentDelta, PartialModelResponse
from llm_sdk.model import LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import JsonObject, ModelResponse

Partials = list[PartialModelResponse]
ReadPartials = Callable[[PartialModelResponse], Partials]
ReadResponse = Callable[[ModelResponse], ModelResponse]
Misread = Callable[[JsonObject], JsonObject]


def same_response(response: ModelResponse) -> ModelResponse:
    return response


def same_partial(partial: PartialModelResponse) -> Partials:
    return [partial]


class Reading(CodecAround):
    """A codec whose readings are changed; ``partials`` makes the change of one stream."""

    def __init__(
        self,
        codec: Codec,
        response: ReadResponse = same_response,
        partials: Callable[[], ReadPartials] = lambda: same_partial,
    ) -> None:
        super().__init__(codec)
        self._response = response
        self._partials = partials

    def decode_response(self, reply: WireResponse) -> ModelResponse:
        return self._response(self._codec.decode_response(reply))

    def stream_decoder(self) -> StreamDecoder:
        return ReadingDecoder(self._codec, self._partials())


class ReadingDecoder(DecoderAround):
    def __init__(self, codec: Codec, change: ReadPartials) -> None:
        super().__init__(codec)
        self._change = change

    def feed(self, event: ServerSentEvent) -> Partials:
        return [new for partial in super().feed(event) for new in self._change(partial)]

    def close(self) -> Partials:
        return [new for partial in super().close() for new in self._change(partial)]


def whole(parts: Parts, change: ReadResponse) -> LanguageModel:
    return reference(parts, as_codec(Reading(get_codec(parts.provider), response=change)))


def streamed(parts: Parts, change: Callable[[], ReadPartials]) -> LanguageModel:
    return reference(parts, as_codec(Reading(get_codec(parts.provider), partials=change)))


def as_codec(codec: Any) -> Codec:
    found: Codec = codec
    return found


def content_changed(change: Callable[[list[Any]], list[Any]]) -> ReadResponse:
    return lambda response: response.model_copy(update={"content": change(response.content)})


def part_of(partial: PartialModelResponse) -> Any:
    return partial.delta.part if partial.delta is not None else None


def with_part(partial: PartialModelResponse, part: Any) -> Partials:
    assert partial.delta is not None  # noqa: S101 - asked before
    return [partial.model_copy(update={"delta": ContentDelta(index=partial.delta.index, part=part)})]


class WithDecoder(CodecAround):
    def __init__(self, codec: Codec, decoder: Callable[[Codec], StreamDecoder]) -> None:
        super().__init__(codec)
        self._decoder = decoder

    def stream_decoder(self) -> StreamDecoder:
        return self._decoder(self._codec)


def misread(parts: Parts, change: Misread) -> LanguageModel:
    """An adapter that takes the JSON of answers and of their events for another."""
    return reference(parts, as_codec(_Misreading(get_codec(parts.provider), change)))


class _Misreading(CodecAround):
    def __init__(self, codec: Codec, change: Misread) -> None:
        super().__init__(codec)
        self._change = change

    def decode_response(self, reply: WireResponse) -> ModelResponse:
        body = json.dumps(self._change(json.loads(reply.body))).encode()
        return self._codec.decode_response(replace(reply, body=body))

    def stream_decoder(self) -> StreamDecoder:
        return _MisreadingDecoder(self._codec, self._change)


class _MisreadingDecoder(DecoderAround):
    def __init__(self, codec: Codec, change: Misread) -> None:
        super().__init__(codec)
        self._change = change

    def feed(self, event: ServerSentEvent) -> Partials:
        try:
            data = json.dumps(self._change(json.loads(event.data))).encode()
        except ValueError:  # an end mark
            return super().feed(event)
        return super().feed(ServerSentEvent(data, event.event, event.id))
