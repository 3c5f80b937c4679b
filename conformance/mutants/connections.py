"""Mutants that are wrong about the connection: about overload, compression, waiting and closing."""

import json
from collections.abc import AsyncIterator

import httpx

from conformance.mutants.registry import ModelAround, Parts, mutant, reference
from llm_sdk.credentials import REDACTED
from llm_sdk.errors import AuthenticationError, ConnectionFailedError, TimedOutError
from llm_sdk.model import HttpLanguageModel, LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.types import LanguageModelInput, ModelResponse

ENDLESS = 100


def _retrying(parts: Parts, times: int) -> LanguageModel:
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
