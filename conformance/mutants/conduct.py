"""Mutants that behave badly: with keys, connections, time and the caller's own objects."""

from collections.abc import AsyncIterator

from conformance.mutants.registry import ModelAround, Parts, client_around, mutant, reference
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import LanguageModelError, TransportError
from llm_sdk.model import LanguageModel
from llm_sdk.types import LanguageModelInput, ModelResponse


@mutant("ERROR-09", cases=("unauthorized",), checks="key_is_in_no_error")
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


@mutant("STREAM-19", cases=("text",), checks="leaving_early")
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


@mutant("RESIL-01", cases=("text",), checks="broken_stream")
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


@mutant("CORE-22", cases=("tool-call",), checks="input_is_left_alone")
def changes_the_input(parts: Parts) -> LanguageModel:
    """Closes the caller's own schemas in place."""

    class Careless(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            for tool in input.tools or ():
                if (schema := getattr(tool, "parameters", None)) is not None:
                    schema["additionalProperties"] = not schema.get("additionalProperties", True)
            return await super().generate(input)

    return Careless(parts)
