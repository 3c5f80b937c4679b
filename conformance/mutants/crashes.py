"""Mutants that end more than a call, and mutants that end none."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Iterator

from conformance.mutants.registry import ModelAround, Parts, mutant
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import AuthenticationError, InvariantError, StreamTruncatedError, UnsupportedError
from llm_sdk.model import LanguageModel
from llm_sdk.types import LanguageModelInput, ModelResponse


@mutant("ERROR-01", cases=("unauthorized",), checks="test_error")
def ends_the_program_without_a_key(parts: Parts) -> LanguageModel:
    """Ends the program where the key was refused, as a command line does."""

    class Program(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            try:
                return await super().generate(input)
            except AuthenticationError:
                sys.exit("the key was refused")

    return Program(parts)


@mutant("ERROR-11", cases=("half-json", "null-answer"), checks="test_error")
def ends_the_process_at_once(parts: Parts) -> LanguageModel:
    """Ends the process where an answer makes no sense, and leaves nobody the time to say so."""

    class Fatal(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            try:
                return await super().generate(input)
            except InvariantError:
                os._exit(0)

    return Fatal(parts)


@mutant("CORE-18", cases=("unsupported-seed", "unsupported-top-k"), checks="unsupported")
def interrupts_the_program(parts: Parts) -> LanguageModel:
    """Raises KeyboardInterrupt for what the protocol cannot carry."""

    class Rude(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            try:
                return await super().generate(input)
            except UnsupportedError:
                raise KeyboardInterrupt from None

    return Rude(parts)


@mutant("STREAM-15", cases=("text",), checks="test_truncation")
def waits_for_the_rest(parts: Parts) -> LanguageModel:
    """Waits for ever for the rest of a stream that has ended without its end mark."""

    class Faithful(ModelAround):
        async def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
            try:
                async for partial in super().stream(input):
                    yield partial
            except StreamTruncatedError:
                await asyncio.Event().wait()

    return Faithful(parts)


@mutant("CORE-21", cases=("text",), checks="sync_twin")
def has_a_twin_that_blocks(parts: Parts) -> LanguageModel:
    """Waits in place for a thread that never says a word."""

    class Twin(ModelAround):
        def generate_sync(self, input: LanguageModelInput) -> ModelResponse:
            threading.Event().wait()
            return super().generate_sync(input)

    return Twin(parts)


@mutant("CORE-43", cases=("text",), checks="long_texts")
def calls_itself_for_every_word(parts: Parts) -> LanguageModel:
    """Counts the words of an answer by recursion."""

    def count(words: list[str]) -> int:
        return 1 + count(words[1:]) if words else 0

    class Recursive(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            answer = await super().generate(input)
            count([word for part in answer.content for word in getattr(part, "text", "").split()])
            return answer

    return Recursive(parts)


@mutant("STREAM-19", cases=("text",), checks="leaving_the_sync_twin_early")
def cannot_be_left(parts: Parts) -> LanguageModel:
    """Goes on when a stream of the twin that waits in place is left, for it catches whatever ends it."""

    class Sticky(ModelAround):
        def stream_sync(self, input: LanguageModelInput) -> Iterator[PartialModelResponse]:
            for partial in super().stream_sync(input):
                try:
                    yield partial
                except GeneratorExit:
                    yield partial

    return Sticky(parts)
