"""Mutants of quirks that some servers and gateways have: of finish words, of calls, and of errors."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.mutants.reading import WithDecoder, as_codec, misread
from conformance.mutants.registry import CodecAround, DecoderAround, Parts, mutant, reference
from conformance.mutants.sending import rewriting
from llm_sdk.codec import WireResponse
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import InvariantError, LanguageModelError
from llm_sdk.model import LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import JsonObject, ModelResponse

Visit = Callable[[JsonObject], JsonObject]


def _everywhere(value: Any, change: Visit) -> Any:
    """A value in which every object has been changed, the inner ones first."""
    if isinstance(value, dict):
        return change({name: _everywhere(inner, change) for name, inner in value.items()})
    return [_everywhere(inner, change) for inner in value] if isinstance(value, list) else value


@mutant("CORE-24", cases=("model-length", "failed-finish", "finish-of-tomorrow"), checks="finish_reason")
def takes_a_strange_end_for_a_stop(parts: Parts) -> LanguageModel:
    """Reads every finish word beyond the usual ones as a stop."""
    usual = ("stop", "length", "tool_calls", "content_filter", "STOP", "MAX_TOKENS", None)

    def change(found: JsonObject) -> JsonObject:
        for name in ("finish_reason", "finishReason"):
            if name in found and found[name] not in usual:
                found[name] = "STOP" if name == "finishReason" else "stop"
        return found

    return misread(parts, lambda body: _everywhere(body, change))


@mutant("CORE-30", cases=("space-before-the-answer",), checks="content")
def wants_the_answer_at_once(parts: Parts) -> LanguageModel:
    """Takes an answer that begins with white space for none."""

    class Codec(CodecAround):
        def decode_response(self, reply: WireResponse) -> ModelResponse:
            if not reply.body.startswith(b"{"):
                raise InvariantError("the answer is no object")
            return self._codec.decode_response(reply)

    return reference(parts, as_codec(Codec(get_codec(parts.provider))))


@mutant("TOOLS-26", cases=("id-in-every-fragment",), checks="content")
def begins_a_call_with_every_id(parts: Parts) -> LanguageModel:
    """Takes each fragment that has an id for a call of its own."""

    class Decoder(DecoderAround):
        count = 0

        def feed(self, event: ServerSentEvent) -> list[PartialModelResponse]:
            try:
                data = _everywhere(json.loads(event.data), self._apart)
            except ValueError:
                return super().feed(event)
            return super().feed(ServerSentEvent(json.dumps(data).encode(), event.event, event.id))

        def _apart(self, found: JsonObject) -> JsonObject:
            if "function" in found and found.get("id"):
                self.count += 1
                found |= {"id": f"{found['id']}-{self.count}", "index": self.count}
            return found

    return reference(parts, as_codec(WithDecoder(get_codec(parts.provider), Decoder)))


@mutant("TOOLS-30", cases=("cut-behind-a-gateway",), checks="finish_reason or content or error")
def believes_the_gateway(parts: Parts) -> LanguageModel:
    """Looks at the gateway's finish reason, and not at that of the model behind it."""

    def change(found: JsonObject) -> JsonObject:
        return {name: value for name, value in found.items() if name != "native_finish_reason"}

    return misread(parts, lambda body: _everywhere(body, change))


class _ErrorsOtherwise(CodecAround):
    """A codec that reads the body of an error after a change."""

    change: Callable[[Any], Any]

    def decode_error(self, reply: WireResponse) -> LanguageModelError:
        try:
            body = json.dumps(self.change(json.loads(reply.body))).encode()
        except ValueError:
            return self._codec.decode_error(reply)
        return self._codec.decode_error(replace(reply, body=body))


def _with_errors(parts: Parts, change: Callable[[Any], Any]) -> LanguageModel:
    codec = _ErrorsOtherwise(get_codec(parts.provider))
    codec.change = change
    return reference(parts, as_codec(codec))


@mutant("ERROR-14", cases=("error-as-a-text", "error-without-an-object"), checks="test_error")
def wants_an_object_around_an_error(parts: Parts) -> LanguageModel:
    """Finds no message in an error that is a text, or that has no object around it."""
    return _with_errors(parts, lambda body: body if isinstance(body.get("error"), dict) else {})


@mutant("ERROR-15", cases=("filtered-prompt", "limit-behind-a-gateway"), checks="test_error")
def overlooks_the_number_of_an_error(parts: Parts) -> LanguageModel:
    """Takes every error inside an answer for one of the server."""

    def change(found: JsonObject) -> JsonObject:
        if isinstance(error := found.get("error"), dict):
            found["error"] = {name: value for name, value in error.items() if name not in ("code", "status")}
        return found

    return misread(parts, lambda body: _everywhere(body, change))


@mutant("ERROR-20", cases=("cancelled-request", "denied-content", "trial-limit", "unknown-model"), checks="test_error")
def wants_no_id_beside_the_message(parts: Parts) -> LanguageModel:
    """Finds the message of an error only where it stands alone."""
    return _with_errors(parts, lambda body: body if set(body) == {"message"} else {})


@mutant("TOOLS-35", cases=("call-of-a-tool",), checks="conversation")
def forgets_who_called(parts: Parts) -> LanguageModel:
    """Reads a call without the tool that has made it."""

    def change(found: JsonObject) -> JsonObject:
        return {name: value for name, value in found.items() if name != "caller"}

    return misread(parts, lambda body: _everywhere(body, change))


@mutant(
    "TOOLS-10",
    cases=("open-within",),
    checks="meaning",
    not_for={
        "google": "it has no strictness to ask for",
        "cohere": "what is strict there is no schema but all tools",
        "mistral": "no document says what it refuses of a strict tool",
    },
)
def is_strict_with_what_is_open_within(parts: Parts) -> LanguageModel:
    """Asks for strictness where a schema is closed outside, and open in a property within it."""

    def change(found: JsonObject) -> JsonObject:
        schema = found.get("parameters") or found.get("input_schema")
        return {**found, "strict": True} if isinstance(schema, dict) and schema.get("type") == "object" else found

    return rewriting(parts, lambda body: _everywhere(body, change))


@mutant(
    "TOOLS-10",
    cases=("limits-within",),
    checks="meaning",
    not_for={
        "google": "it has no strictness to ask for",
        "cohere": "what is strict there is no schema but all tools",
        "mistral": "no document says what it refuses of a strict tool",
        "openai": "its strict schemas may have such limits",
        "openai-chat-completion": "its strict schemas may have such limits",
    },
    seen=("experientiallabs/experiential#804",),
)
def is_strict_with_limits_within(parts: Parts) -> LanguageModel:
    """Asks for strictness where a schema is closed, and has a limit in a property within it."""

    def change(tool: JsonObject) -> JsonObject:
        return {**tool, "strict": True} if "input_schema" in tool else tool

    return rewriting(parts, lambda body: _everywhere(body, change))
