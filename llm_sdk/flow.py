"""One call as a generator: check, encode, send, retry, decode. No I/O, no clock.

A flow yields what it wants done and is sent what came of it:

==============  ===================================================================================================
:class:`Send`      the :class:`Head` of the answer, or the error that came instead of one
:class:`ReadBody`  the bytes of the body whose head came last, or the error that cut it short
:class:`Sleep`     ``None``
==============  ===================================================================================================

and returns a :class:`~llm_sdk.types.ModelResponse`, or for a stream the :class:`ResponseReader` to put its bytes into.
Errors are sent in as values and raised here, so that no exception of an HTTP library stands behind them.
"""

import json
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from llm_sdk.accumulator import sum_usage
from llm_sdk.capabilities import check
from llm_sdk.codec import Codec, WireRequest, WireResponse
from llm_sdk.cost import compute_cost
from llm_sdk.credentials import Credentials
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import (
    InvalidInputError,
    InvariantError,
    LanguageModelError,
    RefusalError,
    StatusCodeError,
    StreamTruncatedError,
    TimedOutError,
    status_error,
)
from llm_sdk.retry import RetryPolicy, retry_after
from llm_sdk.sse import DEFAULT_MAX_EVENT_BYTES, ServerSentEvent, ServerSentEventDecoder
from llm_sdk.types import LanguageModelInput, LanguageModelPricing, ModelResponse, ModelUsage

__all__ = [
    "CallSettings",
    "Command",
    "Flow",
    "Head",
    "ReadBody",
    "Reply",
    "ResponseReader",
    "Send",
    "Sleep",
    "generate_flow",
    "stream_flow",
]

T = TypeVar("T")

MAX_ERROR_BYTES = 1024 * 1024
SHOWN_CHARACTERS = 500
UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What a decoder can stumble over in an answer that nobody has foreseen."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send this request and wait for the head of its answer."""

    request: WireRequest
    stream: bool


@dataclass(frozen=True, slots=True)
class ReadBody:
    """Read the body of the last answer, no more than ``limit`` bytes of it, and close it.

    The key is to be taken out of the body of an error, so that no frame of its traceback holds it.
    """

    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait, because of ``error``, before asking again."""

    seconds: float
    error: LanguageModelError


@dataclass(frozen=True, slots=True)
class Head:
    """The start of an answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


Command: TypeAlias = Send | ReadBody | Sleep
Reply: TypeAlias = Head | bytes | LanguageModelError | None
Flow: TypeAlias = Generator[Command, Any, T]
"""Yields a :data:`Command`, receives its :data:`Reply`, returns ``T``."""


@dataclass(frozen=True, slots=True)
class CallSettings:
    """What all calls of one model have in common. ``max_event_bytes`` bounds one server-sent event."""

    codec: Codec
    model_id: str
    credentials: Credentials
    pricing: LanguageModelPricing | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES

    def sign(self, error: LanguageModelError, headers: Mapping[str, str]) -> LanguageModelError:
        """The error as the caller gets it: where it came from, how long to wait, what it cost, and no key."""
        error.locate(
            provider=self.codec.provider, request_id=headers.get(self.codec.endpoint.request_id_header.lower())
        )
        if isinstance(error, StatusCodeError) and error.retry_after is None:
            error.retry_after = retry_after(headers)
        if isinstance(error, RefusalError) and error.response is not None:
            error.response = self.priced(error.response)
        self.credentials.redact_error(error)
        return error

    def priced(self, response: ModelResponse) -> ModelResponse:
        """The response with its cost, where the prices are known."""
        if self.pricing is None or response.usage is None or response.cost is not None:
            return response
        return response.model_copy(update={"cost": compute_cost(response.usage, self.pricing)})


def generate_flow(call: CallSettings, input: LanguageModelInput) -> Flow[ModelResponse]:
    """One whole answer.

    Raises, for a driver to let through: UnsupportedError and InvalidInputError before anything is sent; after the
    last try what the provider or the connection reported; RefusalError and InvariantError for the answer itself.
    """
    headers: Mapping[str, str] = {}
    try:
        request = _encode(call, input, stream=False)
        head = yield from _ask(call, request, stream=False)
        headers = head.headers
        response = call.priced(_decode(call, head))
    except LanguageModelError as error:
        call.sign(error, headers)
        raise
    warnings = [*request.warnings, *_notices(call, headers), *(response.warnings or ())]
    return response.model_copy(update={"warnings": warnings}) if warnings else response


def stream_flow(call: CallSettings, input: LanguageModelInput) -> "Flow[ResponseReader]":
    """One streamed answer, up to its first byte: nothing is asked again after that. Raises as generate_flow does."""
    try:
        request = _encode(call, input, stream=True)
        head = yield from _ask(call, request, stream=True)
    except LanguageModelError as error:
        call.sign(error, {})
        raise
    return ResponseReader(call, head.headers, (*request.warnings, *_notices(call, head.headers)))


def _encode(call: CallSettings, input: LanguageModelInput, *, stream: bool) -> WireRequest:
    if not isinstance(input, LanguageModelInput):
        raise InvalidInputError(f"a LanguageModelInput is needed, not {type(input).__name__}", path="input")
    check(input, call.codec.capabilities, call.codec.provider)
    return call.codec.encode_request(call.model_id, input, stream=stream)


def _notices(call: CallSettings, headers: Mapping[str, str]) -> tuple[str, ...]:
    """What the provider says of the request in a header of its answer."""
    said = headers.get(call.codec.endpoint.notice_header.lower())
    return (said,) if said else ()


@dataclass(frozen=True, slots=True)
class _Answer(Head):
    """An answer that can be decoded: whole, or the head of a stream, which has no ``body`` yet."""

    body: bytes = b""


def _ask(call: CallSettings, request: WireRequest, *, stream: bool) -> Flow[_Answer]:
    attempt = 0
    while True:
        head: Head | LanguageModelError = yield Send(request, stream)
        if isinstance(head, Head):
            headers = head.headers
            answer = yield from _receive(call, head, stream=stream)
        else:
            headers, answer = {}, head
        if isinstance(answer, _Answer):
            return answer
        error = call.sign(answer, headers)
        wait = call.retry.wait(error, headers, attempt=attempt)
        if wait is None:
            raise error
        yield Sleep(wait, error)
        attempt += 1


def _receive(call: CallSettings, head: Head, *, stream: bool) -> Flow[_Answer | LanguageModelError]:
    if head.ok and stream and _media_type(head.headers) in ("text/event-stream", ""):
        return _Answer(head.status, head.headers)
    body: bytes | LanguageModelError = yield ReadBody(None if head.ok and not stream else MAX_ERROR_BYTES)
    if isinstance(body, LanguageModelError):
        if head.ok:
            return body
        body = b""  # the status alone says what happened
    if head.ok and not stream:
        return _Answer(head.status, head.headers, body)
    if not head.ok or _reports_error(body):
        return _decode_error(call, WireResponse(head.status, body, head.headers))
    return InvariantError(
        f"a streamed call was answered with {head.headers['content-type']} instead of text/event-stream: {_start(body)}"
    )


def _decode(call: CallSettings, answer: _Answer) -> ModelResponse:
    try:
        return call.codec.decode_response(WireResponse(answer.status, answer.body, answer.headers))
    except UNREADABLE as error:
        raise _unreadable(error, answer.body) from error


def _decode_error(call: CallSettings, reply: WireResponse) -> LanguageModelError:
    try:
        return call.codec.decode_error(reply)
    except UNREADABLE:  # the status alone says what happened
        text = reply.body.decode("utf-8", "replace")
        return status_error(reply.status)(_start(reply.body), status_code=reply.status, body=text)


def _unreadable(error: Exception, data: bytes) -> InvariantError:
    return InvariantError(f"the answer cannot be read ({type(error).__name__}: {error}): {_start(data)}")


def _start(data: bytes) -> str:
    text = data[: 4 * SHOWN_CHARACTERS].decode("utf-8", "replace").strip()
    return text[:SHOWN_CHARACTERS] or "no body"


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _reports_error(body: bytes) -> bool:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return False
    if isinstance(document, list) and document:
        document = document[0]
    return isinstance(document, dict) and bool(document.get("error"))


class ResponseReader:
    """The bytes of a streamed answer -> its partial responses.

    The warnings about the request come first, in a partial of their own. The cost comes last, once, computed from the
    summed usage: a sum of rounded increments could differ from it.
    """

    def __init__(self, call: CallSettings, headers: Mapping[str, str], warnings: tuple[str, ...] = ()) -> None:
        self._call = call
        self._headers = headers
        self._warnings = warnings
        self._events = ServerSentEventDecoder(call.max_event_bytes)
        self._decoder = call.codec.stream_decoder()
        self._usage: ModelUsage | None = None
        self._has_cost = False

    def feed(self, chunk: bytes) -> Iterator[PartialModelResponse]:
        """Read a chunk; raises what it reports after the partials that came before."""
        try:
            if self._warnings:
                yield self._announce()
            for event in self._events.feed(chunk):
                for partial in self._read(event):
                    yield self._note(partial)
        except LanguageModelError as error:
            self._call.sign(error, self._headers)
            raise

    def close(self, lost: LanguageModelError | None = None) -> Iterator[PartialModelResponse]:
        """The bytes have ended; ``lost`` is the error that ended them too early.

        Raises StreamTruncatedError, or the time-out or damage that ``lost`` is, unless the provider's end mark has
        come: after that it does not matter how the connection ends.
        """
        try:
            if self._warnings:
                yield self._announce()
            yield from self._end(lost)
            if self._usage is not None and self._call.pricing is not None and not self._has_cost:
                yield PartialModelResponse(cost=compute_cost(self._usage, self._call.pricing))
        except LanguageModelError as error:
            self._call.sign(error, self._headers)
            raise

    def _end(self, lost: LanguageModelError | None) -> Iterator[PartialModelResponse]:
        truncated: LanguageModelError | None = None
        try:
            for event in self._events.close():
                for partial in self._read(event):
                    yield self._note(partial)
        except InvariantError:
            truncated = StreamTruncatedError("the stream ended in the middle of an event")
        if truncated is None:
            try:
                rest = self._decoder.close()
            except StreamTruncatedError as error:
                truncated = error
            else:
                for partial in rest:
                    yield self._note(partial)
        if truncated is not None:
            raise _reason(truncated, lost)

    def _announce(self) -> PartialModelResponse:
        warnings, self._warnings = self._warnings, ()
        return PartialModelResponse(warnings=list(warnings))

    def _read(self, event: ServerSentEvent) -> list[PartialModelResponse]:
        try:
            return self._decoder.feed(event)
        except UNREADABLE as error:
            raise _unreadable(error, event.data) from error

    def _note(self, partial: PartialModelResponse) -> PartialModelResponse:
        if partial.usage is not None:
            self._usage = partial.usage if self._usage is None else sum_usage(self._usage, partial.usage)
        if partial.cost is not None:
            self._has_cost = True
        return partial


def _reason(truncated: LanguageModelError, lost: LanguageModelError | None) -> LanguageModelError:
    if lost is None:
        return truncated
    if isinstance(lost, TimedOutError | InvariantError):
        return lost
    return StreamTruncatedError(f"the connection was lost in mid-stream: {lost.message}")
