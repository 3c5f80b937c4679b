"""Mutants that are bound to one kind of caller, or that take from the caller what is not theirs."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace

import httpx

from conformance.mutants.addresses import receiving
from conformance.mutants.reading import as_codec
from conformance.mutants.registry import CodecAround, ModelAround, Parts, mutant, reference
from conformance.mutants.sending import sending, setting
from llm_sdk.codec import WireRequest
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import InvariantError, TransportError
from llm_sdk.model import LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.types import LanguageModelInput, ModelResponse, Tool

FIRST_ERROR = 400
LONG_DESCRIPTION, LONG_VALUE = 256, 64
NO_HEADER = {"google": "it says in the body how long to wait"}


@mutant(
    "RESIL-18",
    cases=("text",),
    checks="another_event_loop",
    seen=("encode/httpx#2473", "pydantic/pydantic-ai#748", "run-llama/llama_index#16336"),
)
def belongs_to_its_first_loop(parts: Parts) -> LanguageModel:
    """Keeps what belongs to the event loop of its first call."""
    loops: list[asyncio.AbstractEventLoop] = []

    class Bound(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            loops.append(asyncio.get_running_loop())
            ready = loops[0].create_future()
            ready.set_result(None) if loops[0] is loops[-1] else loops[0].call_soon(ready.set_result, None)
            await ready
            return await super().generate(input)

    return Bound(parts)


@mutant(
    "RESIL-19",
    cases=("text",),
    checks="amid_a_loop",
    seen=("mozilla-ai/any-llm#359", "pydantic/pydantic-ai#114", "lm-sys/FastChat#684", "run-llama/llama_index#9978"),
)
def runs_a_loop_for_every_call(parts: Parts) -> LanguageModel:
    """Makes a plain call with asyncio.run, which no event loop allows beside itself."""

    class Running(ModelAround):
        def generate_sync(self, input: LanguageModelInput) -> ModelResponse:
            call = self.generate(input)
            try:
                return asyncio.run(call)
            finally:
                call.close()

    return Running(parts)


@mutant("RESIL-22", cases=("text",), checks="sync_twin_in_threads")
def has_one_loop_for_all_threads(parts: Parts) -> LanguageModel:
    """Makes all plain calls on one event loop, which runs in one thread at a time."""
    loop = asyncio.new_event_loop()

    class Shared(ModelAround):
        def generate_sync(self, input: LanguageModelInput) -> ModelResponse:
            call = self.generate(input)
            try:
                return loop.run_until_complete(call)
            finally:
                call.close()

    return Shared(parts)


@mutant("STREAM-18", cases=("text",), checks="sync_twin_come_at_once")
def has_a_twin_that_waits_for_the_end(parts: Parts) -> LanguageModel:
    """Gives all deltas of a stream that is read in place when it has ended."""

    class Patient(ModelAround):
        def stream_sync(self, input: LanguageModelInput) -> Iterator[PartialModelResponse]:
            yield from list(super().stream_sync(input))

    return Patient(parts)


@mutant("RESIL-20", cases=("text",), checks="client_stays_open")
def closes_the_client_that_it_was_given(parts: Parts) -> LanguageModel:
    """Makes each call in a context of the client, which closes it."""

    class Tidy(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            async with self.parts.http_client:
                return await super().generate(input)

    return Tidy(parts)


@mutant("RESIL-21", cases=("text",), checks="not_shown_by_the_model")
def shows_what_it_is_made_of(parts: Parts) -> LanguageModel:
    """Shows itself with all of its fields, as a dataclass does."""

    class Open(ModelAround):
        def __repr__(self) -> str:
            return f"Open({self.parts})"

    return Open(parts)


@mutant("RESIL-08", cases=("text",), checks="test_cancelling")
def calls_a_cancellation_an_error(parts: Parts) -> LanguageModel:
    """Raises an error of its own where a stream is cancelled."""

    class Wrapping(ModelAround):
        async def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
            try:
                async for partial in super().stream(input):
                    yield partial
            except asyncio.CancelledError:
                raise TransportError("the stream was cancelled") from None

    return Wrapping(parts)


def _of_errors(parts: Parts, change: Callable[[httpx.Headers], httpx.Headers]) -> LanguageModel:
    """An adapter that reads the headers of an error otherwise."""

    def received(response: httpx.Response) -> httpx.Response:
        if response.status_code < FIRST_ERROR:
            return response
        return httpx.Response(response.status_code, headers=change(response.headers), stream=response.stream)

    return receiving(parts, received)


@mutant(
    "ERROR-23",
    cases=("text",),
    checks="forms_of_the_wait",
    not_for=NO_HEADER,
    seen=("IBM/mcp-context-forge#5674", "interviewstreet/hiring-agent#386"),
)
def takes_every_wait_for_a_number(parts: Parts) -> LanguageModel:
    """Stumbles over a wait that is a date."""

    def counted(headers: httpx.Headers) -> httpx.Headers:
        float(headers.get("retry-after", 0))
        return headers

    return _of_errors(parts, counted)


@mutant("ERROR-23", cases=("text",), checks="forms_of_the_wait", not_for=NO_HEADER)
def takes_milliseconds_for_seconds(parts: Parts) -> LanguageModel:
    """Reads the milliseconds of a wait as its seconds."""

    def taken(headers: httpx.Headers) -> httpx.Headers:
        wait = headers.pop("retry-after-ms", headers.get("retry-after", ""))
        return httpx.Headers({**headers, "retry-after": wait})

    return _of_errors(parts, taken)


@mutant("CORE-43", cases=("text",), checks="long_descriptions")
def cuts_descriptions(parts: Parts) -> LanguageModel:
    """Sends of the description of a tool what fits into 256 characters."""

    def cut(input: LanguageModelInput) -> LanguageModelInput:
        tools = [
            tool.model_copy(update={"description": tool.description[:LONG_DESCRIPTION]})
            if isinstance(tool, Tool)
            else tool
            for tool in input.tools or ()
        ]
        return input.model_copy(update={"tools": tools or input.tools})

    return sending(parts, cut)


@mutant(
    "CORE-43",
    cases=("options",),
    checks="long_metadata",
    not_for={"anthropic": "it has no place for metadata of any name"},
)
def cuts_metadata(parts: Parts) -> LanguageModel:
    """Sends of each value of the metadata what fits into 64 characters."""

    def cut(input: LanguageModelInput) -> LanguageModelInput:
        kept = {name: value[:LONG_VALUE] for name, value in (input.metadata or {}).items()}
        return setting(metadata=kept or None)(input)

    return sending(parts, cut)


class _Utf8(CodecAround):
    """A codec that writes its JSON anew, without escapes."""

    def encode_request(self, model_id: str, input: LanguageModelInput, *, stream: bool) -> WireRequest:
        sent = self._codec.encode_request(model_id, input, stream=stream)
        return replace(sent, body=json.dumps(json.loads(sent.body), ensure_ascii=False).encode())


@mutant("CORE-50", cases=("text",), checks="half_a_character", seen=("Aider-AI/aider#3693", "simonw/llm#768"))
def wants_whole_characters(parts: Parts) -> LanguageModel:
    """Stumbles over half of a character in what is asked."""
    return reference(parts, as_codec(_Utf8(get_codec(parts.provider))))


@mutant("CORE-50", cases=("text",), checks="half_a_character", seen=("Kohaku-Lab/KohakuTerrarium#48",))
def wants_whole_characters_of_a_stream(parts: Parts) -> LanguageModel:
    """Stumbles over half of a character in what is streamed."""

    class Coding(ModelAround):
        async def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
            try:
                async for partial in super().stream(input):
                    yield partial
            except InvariantError:
                "\ud83d".encode()
                raise

    return Coding(parts)
