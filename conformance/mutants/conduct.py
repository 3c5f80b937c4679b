"""Mutants that behave badly: with keys, connections, time and the caller's own objects."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

from conformance.mutants.registry import ModelAround, Parts, client_around, mutant, reference
from conformance.mutants.sending import rewriting
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import InvariantError, LanguageModelError, StatusCodeError, TransportError
from llm_sdk.model import LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.types import LanguageModelInput, ModelResponse, TextPart

HELD = 3


@mutant("ERROR-09", cases=("unauthorized",), checks="key_is_in_no_error", seen=("BerriAI/litellm#8075",))
def shows_the_key(parts: Parts) -> LanguageModel:
    """Puts the headers that it sent into its errors."""

    class Talkative(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            try:
                return await super().generate(input)
            except LanguageModelError as error:
                error.args = (*error.args, {"authorization": f"Bearer {self.parts.api_key}"})
                raise

    return Talkative(parts)


@mutant(
    "STREAM-19",
    cases=("text",),
    checks="leaving_early",
    seen=(
        "BerriAI/litellm#38082",
        "openai/openai-python#763",
    ),
)
def leaves_responses_open(parts: Parts) -> LanguageModel:
    """Never closes a response that was not read to its end."""
    return reference(parts, http_client=client_around(parts.http_client, aiter, close=False))


@mutant("STREAM-18", cases=("text",), checks="deltas_come_at_once")
def waits_for_the_end(parts: Parts) -> LanguageModel:
    """Gives all deltas when the stream has ended."""

    class Patient(ModelAround):
        async def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
            for partial in [partial async for partial in super().stream(input)]:
                yield partial

    return Patient(parts)


@mutant(
    "RESIL-01",
    cases=("text",),
    checks="broken_stream",
    seen=(
        "HKUDS/nanobot#4038",
        "aden-hive/hive#7265",
    ),
)
def asks_again_in_mid_stream(parts: Parts) -> LanguageModel:
    """Sends the request again when a stream breaks, though part of it was given."""

    class Stubborn(ModelAround):
        async def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
            try:
                async for partial in super().stream(input):
                    yield partial
            except TransportError:
                async for partial in super().stream(input):
                    yield partial

    return Stubborn(parts)


@mutant("CORE-21", cases=("text",), checks="sync_twin")
def has_another_twin(parts: Parts) -> LanguageModel:
    """Leaves usage out of what the synchronous call gives."""

    class Twin(ModelAround):
        def generate_sync(self, input: LanguageModelInput) -> ModelResponse:
            return super().generate_sync(input).model_copy(update={"usage": None})

    return Twin(parts)


@mutant(
    "CORE-22",
    cases=("tool-call",),
    checks="input_is_left_alone",
    seen=(
        "BerriAI/litellm#34277",
        "567-labs/instructor#2417",
    ),
)
def changes_the_input(parts: Parts) -> LanguageModel:
    """Closes the caller's own schemas in place."""

    class Careless(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            for tool in input.tools or ():
                if (schema := getattr(tool, "parameters", None)) is not None:
                    schema["additionalProperties"] = not schema.get("additionalProperties", True)
            return await super().generate(input)

    return Careless(parts)


@mutant("RESIL-03", cases=("bad-request",), checks="refused_request")
def asks_again_whatever_was_said(parts: Parts) -> LanguageModel:
    """Sends a request again that the provider has refused."""

    class Insistent(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            try:
                return await super().generate(input)
            except StatusCodeError:
                return await super().generate(input)

    return Insistent(parts)


@mutant("RESIL-05", cases=("text",), checks="cut_short")
def mends_a_cut_answer(parts: Parts) -> LanguageModel:
    """Gives what it can make of an answer that was cut short."""

    class Mending(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            try:
                return await super().generate(input)
            except (InvariantError, TransportError):
                return ModelResponse(content=[TextPart(text="")], finish_reason="stop")

    return Mending(parts)


@mutant("STREAM-16", cases=("text",), checks="lost_connection")
def ends_with_the_connection(parts: Parts) -> LanguageModel:
    """Takes the loss of the connection for the end of the stream."""

    class Calm(ModelAround):
        async def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
            try:
                async for partial in super().stream(input):
                    yield partial
            except TransportError:
                return

    return Calm(parts)


@mutant("STREAM-17", cases=("text",), checks="before_a_break")
def withholds_the_last_delta(parts: Parts) -> LanguageModel:
    """Gives each partial response when the next one has come."""

    class Late(ModelAround):
        async def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
            held: list[PartialModelResponse] = []
            async for partial in super().stream(input):
                held.append(partial)
                if len(held) > HELD:
                    yield held.pop(0)
            for partial in held:
                yield partial

    return Late(parts)


@mutant("STREAM-20", cases=("text",), checks="broken_event")
def skips_broken_events(parts: Parts) -> LanguageModel:
    """Passes over an event whose data is not JSON."""

    async def mangle(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        body = b"".join([chunk async for chunk in chunks])
        events = [event for event in body.split(b"\n\n") if _is_json(event.partition(b"data:")[2])]
        yield b"\n\n".join(events) + b"\n\n"

    return reference(parts, http_client=client_around(parts.http_client, mangle))


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


@mutant("RESIL-04", cases=("text",), checks="no_connection")
def lets_the_client_speak(parts: Parts) -> LanguageModel:
    """Raises what its HTTP library raises for a connection that cannot be made."""

    class Raw(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            try:
                return await super().generate(input)
            except TransportError as error:
                raise OSError(error.message) from None

    return Raw(parts)


@mutant("RESIL-07", cases=("text",), checks="works_on")
def gives_up_after_an_error(parts: Parts) -> LanguageModel:
    """Fails for ever once a call has failed."""
    failures: list[LanguageModelError] = []

    class Offended(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            if failures:
                raise failures[-1]
            try:
                return await super().generate(input)
            except LanguageModelError as error:
                failures.append(error)
                raise

    return Offended(parts)


@mutant("RESIL-08", cases=("text",), checks="cancelling")
def cannot_be_cancelled(parts: Parts) -> LanguageModel:
    """Goes on with a call that was cancelled."""

    class Deaf(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            try:
                return await super().generate(input)
            except asyncio.CancelledError:
                return ModelResponse(content=[])

    return Deaf(parts)


@mutant(
    "CORE-38",
    cases=("text",),
    checks="base_url",
    seen=("aliyun/iac-code#217", "dotflow-io/pycodeloop#60", "hoangvvo/llm-sdk@a753a91"),
)
def overlooks_the_base_url(parts: Parts) -> LanguageModel:
    """Sends its requests to the provider, whatever address it was given."""
    return reference(replace(parts, base_url=get_codec(parts.provider).endpoint.base_url))


@mutant(
    "CORE-39",
    cases=("text",),
    checks="not_null",
    seen=("livekit/agents#1807", "ggml-org/llama.cpp#25515", "hoangvvo/llm-sdk@a753a91"),
)
def sends_null_for_what_is_unset(parts: Parts) -> LanguageModel:
    """Sends null for options that the caller has not set."""
    return rewriting(parts, lambda body: {**dict.fromkeys(("temperature", "top_p", "tool_choice")), **body})
