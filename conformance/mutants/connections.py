"""Mutants that are wrong about the connection: about overload, compression, waiting and closing."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import httpx

from conformance.mutants.registry import ModelAround, Parts, mutant, reference
from llm_sdk.credentials import REDACTED
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import AuthenticationError, ConnectionFailedError, OverloadedError, ServerError, TimedOutError
from llm_sdk.model import HttpLanguageModel, LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.types import LanguageModelInput, ModelResponse

ENDLESS = 100
UNREADABLE = "\N{REPLACEMENT CHARACTER}"
"""What stands in a text where the bytes were none of UTF-8."""


def _retrying(parts: Parts, times: int) -> HttpLanguageModel:
    return HttpLanguageModel(
        get_codec(parts.provider),
        parts.model_id,
        api_key=parts.api_key,
        base_url=parts.base_url,
        http_client=parts.http_client,
        max_retries=times,
    )


@mutant("RESIL-02", cases=("text",), checks="overload_is_asked_again")
def gives_up_at_once(parts: Parts) -> LanguageModel:
    """Asks once, also where the provider had no capacity."""
    return _retrying(parts, 0)


@mutant("RESIL-02", cases=("text",), checks="overload_that_lasts")
def never_gives_up(parts: Parts) -> LanguageModel:
    """Asks a provider without capacity a hundred times."""
    return _retrying(parts, ENDLESS)


class _Sending(httpx.AsyncBaseTransport):
    """Sends through the client of the suite; what comes of the answer is for others to say."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        sent = self._client.build_request(request.method, request.url, headers=request.headers, content=content)
        return self.received(await self._client.send(sent, stream=True))

    def received(self, response: httpx.Response) -> httpx.Response:
        raise NotImplementedError


class _Raw(httpx.AsyncByteStream):
    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._response.aiter_raw():
            yield chunk

    async def aclose(self) -> None:
        await self._response.aclose()


class _JustJson(_Raw):
    """Of a body no more than makes it JSON; nothing is closed."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        body = b""
        async for chunk in super().__aiter__():
            body += chunk
            yield chunk
            if _is_json(body):
                return

    async def aclose(self) -> None:
        pass


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


@mutant("STREAM-22", cases=("text",), checks="test_compressed")
def takes_compressed_bytes_as_they_come(parts: Parts) -> LanguageModel:
    """Overlooks that a stream is compressed."""

    class Deaf(_Sending):
        def received(self, response: httpx.Response) -> httpx.Response:
            headers = {name: value for name, value in response.headers.items() if name != "content-encoding"}
            return httpx.Response(response.status_code, headers=headers, stream=_Raw(response))

    return reference(parts, http_client=httpx.AsyncClient(transport=Deaf(parts.http_client)))


@mutant("RESIL-10", cases=("text",), checks="response_is_closed")
def stops_reading_where_the_json_ends(parts: Parts) -> LanguageModel:
    """Takes of a whole answer what makes it JSON, and closes nothing."""

    class Hasty(_Sending):
        def received(self, response: httpx.Response) -> httpx.Response:
            is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
            stream = _Raw(response) if is_stream else _JustJson(response)
            return httpx.Response(response.status_code, headers=response.headers, stream=stream)

    return reference(parts, http_client=httpx.AsyncClient(transport=Hasty(parts.http_client)))


@mutant("RESIL-04", cases=("text",), checks="no_answer_in_time")
def takes_waiting_for_a_lost_connection(parts: Parts) -> LanguageModel:
    """Calls an answer that does not come in time a connection that failed."""

    class Impatient(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            try:
                return await super().generate(input)
            except TimedOutError as error:
                raise ConnectionFailedError(str(error)) from None

    return Impatient(parts)


@mutant("ERROR-21", cases=("text",), checks="key_that_the_provider_repeats")
def passes_on_the_key_that_was_refused(parts: Parts) -> LanguageModel:
    """Gives the provider's words as they came, with the key in them."""

    class Faithful(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            try:
                return await super().generate(input)
            except AuthenticationError as error:
                told = error.message.replace(REDACTED, self.parts.api_key)
                raise AuthenticationError(told, status_code=error.status_code) from None

    return Faithful(parts)


@mutant("RESIL-11", cases=("text",), checks="the_wait_that_was_asked_for")
def asks_again_at_once(parts: Parts) -> LanguageModel:
    """Asks a provider without capacity again without a pause."""

    class Impatient(ModelAround):
        async def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
            try:
                async for partial in super().stream(input):
                    yield partial
            except OverloadedError:
                async for partial in super().stream(input):
                    yield partial

    impatient = Impatient(parts)
    impatient.inner = _retrying(parts, 0)
    return impatient


@mutant("RESIL-12", cases=("text",), checks="do_not_wait_for_each_other")
def makes_calls_queue(parts: Parts) -> LanguageModel:
    """Holds a lock for as long as a call takes."""
    turn = asyncio.Lock()

    class Queue(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            async with turn:
                return await super().generate(input)

        async def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
            async with turn:
                async for partial in super().stream(input):
                    yield partial

    return Queue(parts)


@mutant("RESIL-13", cases=("text",), checks="nothing_runs_on")
def leaves_tasks_behind(parts: Parts) -> LanguageModel:
    """Starts a task with every call, and ends none."""
    left: list[asyncio.Task[object]] = []

    class Untidy(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            left.append(asyncio.create_task(asyncio.Event().wait()))
            return await super().generate(input)

    return Untidy(parts)


@mutant("STREAM-19", cases=("text",), checks="leaving_the_sync_twin_early")
def leaves_the_twin_open(parts: Parts) -> LanguageModel:
    """Keeps what a stream is read from, when the twin that waits in place is left."""
    kept: list[Iterator[PartialModelResponse]] = []

    class Keeping(ModelAround):
        def stream_sync(self, input: LanguageModelInput) -> Iterator[PartialModelResponse]:
            stream = self.inner.stream_sync(input)
            kept.append(stream)
            yield from (partial for partial in stream)

    return Keeping(parts)


@mutant("ERROR-08", cases=("text",), checks="error_in_another_encoding")
def takes_every_page_for_utf_8(parts: Parts) -> LanguageModel:
    """Decodes the body of an error as UTF-8, whatever it is."""

    class Strict(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            try:
                return await super().generate(input)
            except ServerError as error:
                if UNREADABLE in str(error.body):
                    raise UnicodeDecodeError("utf-8", b"\xe9", 0, 1, "invalid continuation byte") from None
                raise

    return Strict(parts)
