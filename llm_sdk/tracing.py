"""Spans of calls, where the program uses OpenTelemetry; nothing at all where it does not.

A program that traces has imported ``opentelemetry.trace``, so it is looked for among the loaded modules and never
imported here. Names follow the semantic conventions for generative AI clients
(https://github.com/open-telemetry/semantic-conventions-genai): one span ``chat {model}`` a call, of kind client, which
for a stream ends when the stream does. What is said in a call is not recorded.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Any, Protocol, Self

from llm_sdk.accumulator import sum_usage
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import LanguageModelError
from llm_sdk.types import LanguageModelInput, ModelResponse, ModelUsage

__all__ = ["CallSpan", "Reader", "call_span"]

OPTIONS = {
    "max_tokens": "gen_ai.request.max_tokens",
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "top_k": "gen_ai.request.top_k",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "seed": "gen_ai.request.seed",
    "stop": "gen_ai.request.stop_sequences",
}


class Reader(Protocol):
    """What turns the bytes of a stream into partials: see :class:`llm_sdk.flow.ResponseReader`."""

    def feed(self, chunk: bytes) -> Iterator[PartialModelResponse]:
        """Read a chunk."""
        ...

    def close(self, lost: LanguageModelError | None = None) -> Iterator[PartialModelResponse]:
        """The bytes have ended."""
        ...


class CallSpan:
    """A span that is not there: the ``with`` block is the call, and ``active`` the part of it that sends."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None

    def active(self) -> AbstractContextManager[Any]:
        """Where spans of the HTTP client become children of this one."""
        return nullcontext()

    def record(self, response: ModelResponse) -> ModelResponse:
        """The same response, once its usage and ends are noted."""
        return response

    def watch(self, reader: Reader) -> Reader:
        """A reader that notes what passes."""
        return reader


NO_SPAN = CallSpan()


def call_span(provider: str, model_id: str, input: LanguageModelInput, *, stream: bool) -> CallSpan:
    """The span of one call, not started yet."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None or not isinstance(input, LanguageModelInput):
        return NO_SPAN
    attributes: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": model_id,
    }
    if stream:
        attributes["gen_ai.request.stream"] = True
    for option, name in OPTIONS.items():
        if (value := getattr(input, option)) is not None:
            attributes[name] = value
    return _OpenTelemetrySpan(trace, f"chat {model_id}", attributes)


class _OpenTelemetrySpan(CallSpan):
    def __init__(self, trace: Any, name: str, attributes: dict[str, Any]) -> None:
        self._trace = trace
        self._name = name
        self._attributes = attributes

    def __enter__(self) -> Self:
        tracer = self._trace.get_tracer("llm_sdk")
        self._span = tracer.start_span(self._name, kind=self._trace.SpanKind.CLIENT, attributes=self._attributes)
        self._start = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            self._span.set_attribute("error.type", type(error).__name__)
            self._span.set_status(self._trace.StatusCode.ERROR, str(error))
            self._span.record_exception(error)
        self._span.end()

    def active(self) -> AbstractContextManager[Any]:
        manager: AbstractContextManager[Any] = self._trace.use_span(
            self._span, record_exception=False, set_status_on_exception=False
        )
        return manager

    def record(self, response: ModelResponse) -> ModelResponse:
        self.set_usage(response.usage, response.cost)
        self.set_head(response)
        return response

    def watch(self, reader: Reader) -> Reader:
        return _WatchedReader(reader, self)

    def first_chunk(self) -> None:
        self._span.set_attribute("gen_ai.response.time_to_first_chunk", time.perf_counter() - self._start)

    def set_head(self, answer: ModelResponse | PartialModelResponse) -> None:
        if answer.id is not None:
            self._span.set_attribute("gen_ai.response.id", answer.id)
        if answer.model_id is not None:
            self._span.set_attribute("gen_ai.response.model", answer.model_id)
        if answer.finish_reason is not None:
            self._span.set_attribute("gen_ai.response.finish_reasons", [answer.finish_reason])

    def set_usage(self, usage: ModelUsage | None, cost: float | None) -> None:
        if usage is not None:
            self._span.set_attribute("gen_ai.usage.input_tokens", usage.input_tokens)
            self._span.set_attribute("gen_ai.usage.output_tokens", usage.output_tokens)
        if cost is not None:
            self._span.set_attribute("llm_sdk.cost", cost)


class _WatchedReader:
    def __init__(self, reader: Reader, span: _OpenTelemetrySpan) -> None:
        self._reader = reader
        self._span = span
        self._usage: ModelUsage | None = None
        self._waiting = True

    def feed(self, chunk: bytes) -> Iterator[PartialModelResponse]:
        return self._watch(self._reader.feed(chunk))

    def close(self, lost: LanguageModelError | None = None) -> Iterator[PartialModelResponse]:
        return self._watch(self._reader.close(lost))

    def _watch(self, partials: Iterator[PartialModelResponse]) -> Iterator[PartialModelResponse]:
        for partial in partials:
            if partial.delta is not None and self._waiting:
                self._waiting = False
                self._span.first_chunk()
            if partial.usage is not None:
                self._usage = partial.usage if self._usage is None else sum_usage(self._usage, partial.usage)
            self._span.set_usage(self._usage if partial.usage is not None else None, partial.cost)
            self._span.set_head(partial)
            yield partial
