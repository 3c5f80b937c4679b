"""Mutants that know Chat Completions from OpenAI alone, and not from the servers that copy it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from conformance.mutants.reading import Partials, WithDecoder, as_codec
from conformance.mutants.registry import CodecAround, DecoderAround, Parts, mutant, reference
from llm_sdk.codec import Codec, StreamDecoder, WireRequest, WireResponse
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import StreamTruncatedError
from llm_sdk.model import LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import JsonObject, LanguageModelInput, ModelResponse, ModelUsage

Edit = Callable[[JsonObject], None]
END_MARK = b"[DONE]"


class _Edited(CodecAround):
    """A codec that reads every chunk, and every whole answer, after an edit; ``edit`` makes the one of a stream."""

    def __init__(self, codec: Codec, edit: Callable[[], Edit]) -> None:
        super().__init__(codec)
        self._edit = edit

    def decode_response(self, reply: WireResponse) -> ModelResponse:
        body = json.loads(reply.body)
        self._edit()(body)
        return self._codec.decode_response(WireResponse(reply.status, json.dumps(body).encode(), reply.headers))

    def stream_decoder(self) -> StreamDecoder:
        return _EditingDecoder(self._codec, self._edit())


class _EditingDecoder(DecoderAround):
    def __init__(self, codec: Codec, edit: Edit) -> None:
        super().__init__(codec)
        self._edit = edit

    def feed(self, event: ServerSentEvent) -> Partials:
        if event.data == END_MARK:
            return super().feed(event)
        chunk = json.loads(event.data)
        self._edit(chunk)
        return super().feed(ServerSentEvent(json.dumps(chunk).encode(), event.event, event.id))


def _edited(parts: Parts, edit: Callable[[], Edit]) -> LanguageModel:
    return reference(parts, as_codec(_Edited(get_codec(parts.provider), edit)))


def _said(body: JsonObject) -> Iterator[JsonObject]:
    """The messages of an answer, or the deltas of a chunk."""
    for choice in body.get("choices", ()):
        yield choice.get("message") or choice.get("delta") or {}


@mutant("STREAM-25", cases=("no-end-mark",), checks="content")
def needs_the_end_mark(parts: Parts) -> LanguageModel:
    """Takes a stream without [DONE] for one that broke off, whatever its finish reason."""

    class Strict(DecoderAround):
        def __init__(self, codec: Codec) -> None:
            super().__init__(codec)
            self._ended = False

        def feed(self, event: ServerSentEvent) -> Partials:
            self._ended = self._ended or event.data == END_MARK
            return super().feed(event)

        def close(self) -> Partials:
            if not self._ended:
                raise StreamTruncatedError("the stream ended without [DONE]")
            return super().close()

    return reference(parts, as_codec(WithDecoder(get_codec(parts.provider), Strict)))


@mutant("TOOLS-25", cases=("calls-of-one-index",), checks="content")
def keys_calls_by_index(parts: Parts) -> LanguageModel:
    """Tells the calls of a stream apart by their index alone."""

    def by_index() -> Edit:
        ids: dict[Any, str] = {}

        def edit(body: JsonObject) -> None:
            for said in _said(body):
                for call in said.get("tool_calls") or ():
                    if "index" in call and call.get("id"):
                        call["id"] = ids.setdefault(call["index"], call["id"])

        return edit

    return _edited(parts, by_index)


@mutant("TOOLS-27", cases=("null-arguments",), checks="content", not_for={"cohere": "its calls stand elsewhere"})
def takes_null_for_arguments(parts: Parts) -> LanguageModel:
    """Gives the word null as the one argument of a call."""

    def edit(body: JsonObject) -> None:
        for said in _said(body):
            for call in said.get("tool_calls") or ():
                if call["function"].get("arguments") == "null":
                    call["function"]["arguments"] = '{"value":null}'

    return _edited(parts, lambda: edit)


@mutant("REASON-11", cases=("reasoning-field",), checks="content")
def knows_one_field_of_reasoning(parts: Parts) -> LanguageModel:
    """Reads reasoning_content, and not reasoning."""

    def edit(body: JsonObject) -> None:
        for said in _said(body):
            said.pop("reasoning", None)

    return _edited(parts, lambda: edit)


@mutant("REASON-12", cases=("reasoning-details",), checks="meaning or conversation")
def forgets_reasoning_details(parts: Parts) -> LanguageModel:
    """Sends reasoning back as its text alone."""

    class Plain(CodecAround):
        def encode_request(self, model_id: str, input: LanguageModelInput, *, stream: bool) -> WireRequest:
            request = self._codec.encode_request(model_id, input, stream=stream)
            body = json.loads(request.body)
            for message in body["messages"]:
                message.pop("reasoning_details", None)
            return WireRequest(request.method, request.path, json.dumps(body).encode(), request.headers)

    return reference(parts, as_codec(Plain(get_codec(parts.provider))))


@mutant("USAGE-09", cases=("usage-twice", "no-end-mark"), checks="usage")
def adds_up_totals(parts: Parts) -> LanguageModel:
    """Adds up the usage of every chunk that has one."""

    class Adding(DecoderAround):
        def __init__(self, codec: Codec) -> None:
            super().__init__(codec)
            self._input = self._output = 0

        def feed(self, event: ServerSentEvent) -> Partials:
            usage = None if event.data == END_MARK else json.loads(event.data).get("usage")
            if usage:
                self._input += usage["prompt_tokens"]
                self._output += usage["completion_tokens"]
            return [self._with_sum(partial) for partial in super().feed(event)]

        def close(self) -> Partials:
            return [self._with_sum(partial) for partial in super().close()]

        def _with_sum(self, partial: PartialModelResponse) -> PartialModelResponse:
            if partial.usage is None:
                return partial
            usage = ModelUsage(input_tokens=self._input, output_tokens=self._output)
            return partial.model_copy(update={"usage": usage})

    return reference(parts, as_codec(WithDecoder(get_codec(parts.provider), Adding)))


@mutant("CORE-28", cases=("filter-results-first",), checks="identity")
def trusts_the_first_chunk(parts: Parts) -> LanguageModel:
    """Takes id and model from the first chunk, although they are empty there."""

    def first() -> Edit:
        head: JsonObject = {}

        def edit(body: JsonObject) -> None:
            for name in ("id", "model"):
                body[name] = head.setdefault(name, body.get(name))

        return edit

    return _edited(parts, first)
