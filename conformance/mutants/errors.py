"""Mutants that misread errors."""

import json
from collections.abc import Callable
from typing import Any

from conformance.mutants.reading import WithDecoder
from conformance.mutants.registry import CodecAround, DecoderAround, ModelAround, Parts, mutant, reference
from llm_sdk.codec import Codec, StreamDecoder, WireResponse
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import AuthenticationError, InvariantError, LanguageModelError, ServerError, StatusCodeError
from llm_sdk.model import LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import LanguageModelInput, ModelResponse, ToolCallPart

FORBIDDEN = 403
STATUSES = (400, 401, 403, 404, 429, 500, 503)
Change = Callable[[StatusCodeError], LanguageModelError]


class _Failing(CodecAround):
    """A codec whose errors are changed."""

    def __init__(self, codec: Codec, change: Change) -> None:
        super().__init__(codec)
        self._change = change

    def decode_error(self, reply: WireResponse) -> LanguageModelError:
        error = self._codec.decode_error(reply)
        return self._change(error) if isinstance(error, StatusCodeError) else error


def _failing(parts: Parts, change: Change) -> LanguageModel:
    codec: Any = _Failing(get_codec(parts.provider), change)
    return reference(parts, codec)


@mutant("ERROR-02", cases=("rate-limit",), checks="test_error")
def calls_every_error_a_server_error(parts: Parts) -> LanguageModel:
    """Raises one class for every status."""
    return _failing(parts, lambda error: ServerError(error.message, status_code=error.status_code))


@mutant("ERROR-05", cases=("bad-request",), checks="test_error")
def loses_the_message(parts: Parts) -> LanguageModel:
    """Says the status in place of the provider's message."""
    return _failing(parts, lambda error: type(error)(f"status {error.status_code}", status_code=error.status_code))


@mutant("ERROR-08", cases=("bad-gateway", "empty-body"), checks="test_error")
def expects_json_in_errors(parts: Parts) -> LanguageModel:
    """Stumbles over an error body that is not JSON."""

    class Trusting(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            try:
                return await super().generate(input)
            except StatusCodeError as error:
                json.loads(error.body)
                raise

    return Trusting(parts)


@mutant(
    "STREAM-23",
    cases=("error-event",),
    checks="test_error",
    seen=(
        "langchain-ai/langchain#39039",
        "jeremychone/rust-genai#157",
        "brainlid/langchain#193",
        "hoangvvo/llm-sdk@a753a91",
    ),
)
def swallows_error_events(parts: Parts) -> LanguageModel:
    """Passes over the error that a stream tells."""

    class Deaf(DecoderAround):
        def feed(self, event: ServerSentEvent) -> list[PartialModelResponse]:
            try:
                return super().feed(event)
            except StatusCodeError:
                return []

    class Swallowing(CodecAround):
        def stream_decoder(self) -> StreamDecoder:
            return Deaf(self._codec)

    codec: Any = Swallowing(get_codec(parts.provider))
    return reference(parts, codec)


@mutant(
    "STREAM-23",
    cases=("error-event-without-object",),
    checks="test_error",
    not_for=dict.fromkeys(
        ("anthropic", "cohere", "google", "openai-chat-completion"), "an error stands in an object, or ends the answer"
    ),
    seen=("hoangvvo/llm-sdk@a753a91",),
)
def looks_for_errors_in_an_object(parts: Parts) -> LanguageModel:
    """Passes over an event that is an error itself, and has none in it."""

    class Looking(DecoderAround):
        def feed(self, event: ServerSentEvent) -> list[PartialModelResponse]:
            data = {} if event.data == b"[DONE]" else json.loads(event.data)
            is_error = "error" in (data.get("type"), data.get("object"))
            return [] if is_error and "error" not in data else super().feed(event)

    codec: Any = WithDecoder(get_codec(parts.provider), Looking)
    return reference(parts, codec)


@mutant(
    "ERROR-10",
    cases=("failed-answer",),
    checks="test_error",
    seen=(
        "openai/openai-agents-python#3106",
        "hoangvvo/llm-sdk@a753a91",
    ),
)
def takes_a_failed_answer_for_an_empty_one(parts: Parts) -> LanguageModel:
    """Gives an answer that reports its own failure as an answer without content."""

    class Blind(CodecAround):
        def decode_response(self, reply: WireResponse) -> ModelResponse:
            try:
                return self._codec.decode_response(reply)
            except StatusCodeError:
                return ModelResponse(content=[])

    codec: Any = Blind(get_codec(parts.provider))
    return reference(parts, codec)


@mutant("ERROR-01", cases=("forbidden",), checks="test_error")
def takes_a_forbidden_call_for_a_missing_key(parts: Parts) -> LanguageModel:
    """Raises AuthenticationError for a status of 403 as for 401."""

    def confused(error: StatusCodeError) -> LanguageModelError:
        if error.status_code != FORBIDDEN:
            return error
        return AuthenticationError(error.message, status_code=error.status_code, code=error.code)

    return _failing(parts, confused)


@mutant(
    "ERROR-07",
    cases=("server-error",),
    checks="says_where_it_comes_from",
    not_for={"google": "no header has an id of the request"},
)
def loses_the_request_id(parts: Parts) -> LanguageModel:
    """Raises errors without the id of the request."""

    class Anonymous(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            try:
                return await super().generate(input)
            except LanguageModelError as error:
                error.request_id = None
                raise

    return Anonymous(parts)


@mutant("ERROR-11", cases=("portal-page", "empty-answer"), checks="test_error")
def lets_the_parser_speak(parts: Parts) -> LanguageModel:
    """Raises what its JSON parser raises for an answer that is none."""

    class Raw(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            try:
                return await super().generate(input)
            except InvariantError as error:
                raise ValueError(error.message) from None

    return Raw(parts)


@mutant("TOOLS-09", cases=("truncated-arguments",), checks="test_error")
def takes_broken_arguments_for_none(parts: Parts) -> LanguageModel:
    """Gives a call without arguments where they are not JSON."""

    class Forgiving(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            try:
                return await super().generate(input)
            except InvariantError:
                call = ToolCallPart(tool_call_id="call_Boston1", tool_name="get_weather", args={})
                return ModelResponse(content=[call], finish_reason="tool_calls")

    return Forgiving(parts)


@mutant("ERROR-24", cases=("error-of-tomorrow",), checks="test_error")
def knows_every_error(parts: Parts) -> LanguageModel:
    """Looks errors that stand in an answer up in a table, and stumbles over one that is not in it."""
    codec = get_codec(parts.provider)
    written = (codec.encode_error(StatusCodeError("no", status_code=status)) for status in STATUSES)
    known = {getattr(codec.decode_error(reply), "code", None) for reply in written}

    class Knowing(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            try:
                return await super().generate(input)
            except StatusCodeError as error:
                if error.code not in known:
                    raise KeyError(error.code) from None
                raise

    return Knowing(parts)
