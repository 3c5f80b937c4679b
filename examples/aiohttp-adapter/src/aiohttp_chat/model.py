"""The model: one POST by aiohttp for each call, asked again where that helps."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp

from aiohttp_chat.events import EventReader
from aiohttp_chat.failures import status_failure, transport_failure
from aiohttp_chat.request import PROVIDER, left_out, write_request
from aiohttp_chat.response import read_response
from aiohttp_chat.stream import ChunkReader
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import InvariantError, LanguageModelError, StatusCodeError
from llm_sdk.types import LanguageModelCapabilities, LanguageModelInput, LanguageModelMetadata, ModelResponse

__all__ = ["ChatModel"]

RETRIED = frozenset({408, 409, 429})
RETRIES = 2
FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0
FIRST_ERROR, FIRST_SERVER_ERROR = 400, 500
TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=600)
DONE = object()


class ChatModel:
    """A :class:`llm_sdk.LanguageModel` that speaks Chat Completions."""

    provider = PROVIDER

    def __init__(self, model_id: str, *, base_url: str, api_key: str) -> None:
        self.model_id = model_id
        self._url = base_url.rstrip("/") + "/chat/completions"
        self._key = api_key

    @property
    def metadata(self) -> LanguageModelMetadata:
        """What it can do: text, images, tools and structured output."""
        return LanguageModelMetadata(
            capabilities=LanguageModelCapabilities(
                text_input=True,
                text_output=True,
                image_input=True,
                function_calling=True,
                structured_output=True,
                image_output=False,
                audio_input=False,
                audio_output=False,
                citation=False,
                reasoning=False,
            )
        )

    async def generate(self, input: LanguageModelInput) -> ModelResponse:
        """The whole answer."""
        async with self._asked(input, stream=False) as reply:
            answer = read_response(await reply.read())
        warnings = [*left_out(input), *(answer.warnings or ())]
        return answer.model_copy(update={"warnings": warnings}) if warnings else answer

    async def stream(self, input: LanguageModelInput) -> AsyncGenerator[PartialModelResponse, None]:
        """The answer as it is made; leaving it closes the connection."""
        async with self._asked(input, stream=True) as reply:
            if reply.content_type != "text/event-stream":
                raise InvariantError(f"the answer is {reply.content_type}, not a stream of events")
            events, chunks = EventReader(), ChunkReader()
            async for piece in reply.content.iter_any():
                for data in events.feed(piece):
                    for partial in chunks.feed(data):
                        yield partial
            for data in events.close():
                for partial in chunks.feed(data):
                    yield partial
            if warnings := left_out(input):
                yield PartialModelResponse(warnings=warnings)
            for partial in chunks.close():
                yield partial

    def generate_sync(self, input: LanguageModelInput) -> ModelResponse:
        """``generate``, waiting in place."""
        with _loop_apart() as run:
            answer: ModelResponse = run(self.generate(input))
        return answer

    def stream_sync(self, input: LanguageModelInput) -> Iterator[PartialModelResponse]:
        """``stream``, waiting in place."""
        with _loop_apart() as run:
            stream = self.stream(input)
            try:
                while (partial := run(anext(stream, DONE))) is not DONE:
                    yield partial
            finally:
                run(stream.aclose())

    @asynccontextmanager
    async def _asked(self, input: LanguageModelInput, *, stream: bool) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer that began well, closed at the end. Whatever goes wrong is one of the errors of llm_sdk."""
        body = write_request(self.model_id, input, stream=stream)
        request_id: str | None = None
        try:
            async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
                reply = await self._post(session, body)
                request_id = reply.headers.get("x-request-id")
                try:
                    yield reply
                finally:
                    reply.close()
        except LanguageModelError as error:
            raise self._placed(error, request_id) from None
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise self._placed(transport_failure(error), request_id) from None

    async def _post(self, session: aiohttp.ClientSession, body: dict[str, Any]) -> aiohttp.ClientResponse:
        headers = {"Authorization": f"Bearer {self._key}"}
        for attempt in range(RETRIES + 1):
            try:
                reply = await session.post(self._url, json=body, headers=headers, allow_redirects=False)
                if reply.status < FIRST_ERROR:
                    return reply
                failure: LanguageModelError = status_failure(reply.status, reply.headers, await reply.read())
                reply.close()
            except (TimeoutError, aiohttp.ClientError, OSError) as error:
                failure = transport_failure(error)
            if attempt == RETRIES or not _may_pass(failure):
                raise failure
            await asyncio.sleep(_wait_before(failure, attempt))
        raise AssertionError("the last attempt raises")

    def _placed(self, error: LanguageModelError, request_id: str | None) -> LanguageModelError:
        """The error with where it comes from, and without the key, which some providers repeat."""
        error.locate(provider=self.provider, request_id=request_id)
        if self._key and self._key in error.message:
            error.message = error.message.replace(self._key, "***")
            error.args = (error.message,)
        if isinstance(error, StatusCodeError):
            error.body = error.body.replace(self._key, "***") if self._key else error.body
        return error


@contextmanager
def _loop_apart() -> Iterator[Callable[[Any], Any]]:
    """What runs coroutines on an event loop in a thread of its own: one may run where the caller stands, as it always
    does in a notebook."""
    with ThreadPoolExecutor(1) as thread:
        runner = asyncio.Runner()
        try:
            yield lambda coroutine: thread.submit(runner.run, coroutine).result()
        finally:
            thread.submit(runner.close).result()


def _may_pass(failure: LanguageModelError) -> bool:
    if not isinstance(failure, StatusCodeError):
        return True
    if failure.code == "insufficient_quota":
        return False
    return failure.status_code in RETRIED or failure.status_code >= FIRST_SERVER_ERROR


def _wait_before(failure: LanguageModelError, attempt: int) -> float:
    asked: float | None = getattr(failure, "retry_after", None)
    return min(FIRST_WAIT * 2**attempt if asked is None else asked, LONGEST_WAIT)
