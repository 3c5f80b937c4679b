"""Mutants that keep something from one call to the next, and mutants that take too long."""

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

from conformance.mutants.reading import as_codec
from conformance.mutants.registry import CodecAround, ModelAround, Parts, mutant, reference
from llm_sdk.accumulator import accumulate
from llm_sdk.codec import Codec, StreamDecoder
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import InvariantError
from llm_sdk.model import LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.types import LanguageModelInput, ModelResponse, Part

STICKY = ("system_prompt", "temperature", "tools", "stop", "metadata")


class _Keeping(ModelAround):
    """Fills what the caller leaves out with what was said before."""

    def __init__(self, parts: Parts, names: tuple[str, ...]) -> None:
        super().__init__(parts)
        self._names = names
        self._kept: dict[str, Any] = {}

    def _filled(self, input: LanguageModelInput) -> LanguageModelInput:
        said = {name: value for name in self._names if (value := getattr(input, name)) is not None}
        self._kept.update(said)
        return input.model_copy(update={**self._kept, **said})

    async def generate(self, input: LanguageModelInput) -> ModelResponse:
        return await super().generate(self._filled(input))

    async def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
        async for partial in super().stream(self._filled(input)):
            yield partial


@mutant("RESIL-16", cases=("text", "options", "text-options"), checks="one_after_the_other")
def keeps_options(parts: Parts) -> LanguageModel:
    """Sends an option of one call with the next, which does not set it."""
    return _Keeping(parts, STICKY)


@mutant("RESIL-16", cases=("text", "system-prompt", "options"), checks="one_after_the_other")
def keeps_what_was_said(parts: Parts) -> LanguageModel:
    """Sends the messages of earlier calls once more."""
    said: list[Any] = []

    class Talkative(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            said.extend(input.messages)
            return await super().generate(input.model_copy(update={"messages": [*said]}))

    return Talkative(parts)


@mutant("RESIL-16", cases=("text", "system-prompt", "options"), checks="one_after_the_other")
def adds_to_what_it_gave(parts: Parts) -> LanguageModel:
    """Gives one list of parts with every answer, and adds to it."""
    content: list[Part] = []

    class Growing(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            came = await super().generate(input)
            content[:] = came.content
            return came.model_construct(**{**dict(came), "content": content})

    return Growing(parts)


class _OneDecoder(CodecAround):
    """A codec with one decoder for all streams that have not ended."""

    def __init__(self, codec: Codec) -> None:
        super().__init__(codec)
        self._decoder: StreamDecoder | None = None

    def stream_decoder(self) -> StreamDecoder:
        self._decoder = self._decoder or self._codec.stream_decoder()
        return self._decoder


@mutant("RESIL-06", cases=("text",), checks="twins_in_turns")
def has_one_twin(parts: Parts) -> LanguageModel:
    """Reads all streams of the twin that waits in place with one decoder."""

    class Twin(ModelAround):
        def stream_sync(self, input: LanguageModelInput) -> Iterator[PartialModelResponse]:
            with shared.stream_sync(input) as stream:
                yield from stream

    shared = reference(parts, as_codec(_OneDecoder(get_codec(parts.provider))))
    return Twin(parts)


def _snapshot(came: list[PartialModelResponse]) -> None:
    with suppress(InvariantError):  # what cannot be shown yet
        accumulate(came)


@mutant("RESIL-17", cases=("text",), checks="time_of_a_long_stream")
def reads_all_again_with_every_delta(parts: Parts) -> LanguageModel:
    """Adds up all deltas that have come with each one that comes."""

    class Diligent(ModelAround):
        async def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
            came: list[PartialModelResponse] = []
            async for partial in super().stream(input):
                came.append(partial)
                _snapshot(came)
                yield partial

    return Diligent(parts)
