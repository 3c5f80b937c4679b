"""Spans and metrics of calls, where the program uses OpenTelemetry; nothing at all where it does not.

A program that traces has imported ``opentelemetry.trace``, so it is looked for among the loaded modules and never
imported here; metrics likewise (see :mod:`llm_sdk.metrics`). Names follow the semantic conventions for generative AI
clients (https://github.com/open-telemetry/semantic-conventions-genai): one span ``chat {model}`` a call, of kind
client, which for a stream ends when the stream does. What is said in a call is recorded only where
``OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`` asks for it (see :mod:`llm_sdk.traced_messages`).
"""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

from llm_sdk import traced_messages
from llm_sdk.accumulator import StreamAccumulator, sum_usage
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import LanguageModelError
from llm_sdk.metrics import CallMetrics, call_metrics
from llm_sdk.types import LanguageModelInput, ModelResponse, ModelTokensDetails, ModelUsage

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
INPUT_DETAILS = {
    "cached_text_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_write_tokens": "gen_ai.usage.cache_creation.input_tokens",
    "text_tokens": "gen_ai.usage.text.input_tokens",
    "audio_tokens": "gen_ai.usage.audio.input_tokens",
    "image_tokens": "gen_ai.usage.image.input_tokens",
}
OUTPUT_DETAILS = {
    "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
    "text_tokens": "gen_ai.usage.text.output_tokens",
    "audio_tokens": "gen_ai.usage.audio.output_tokens",
}
APIS = frozenset({"opentelemetry.trace", "opentelemetry.metrics"})
PORTS = {"http": 80, "https": 443}


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


def call_span(provider_name: str, model_id: str, base_url: str, input: LanguageModelInput, *, stream: bool) -> CallSpan:
    """The span of one call, not started yet.

    ``provider_name`` is the conventions' own name of the provider (``gen_ai.provider.name``).
    """
    if not (sys.modules.keys() & APIS) or not isinstance(input, LanguageModelInput):
        return NO_SPAN
    shared = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider_name,
        "gen_ai.request.model": model_id,
        **_server(base_url),
    }
    return _RecordedCall(f"chat {model_id}", {**shared, **_asked(input, stream=stream)}, call_metrics(shared), input)


def _server(base_url: str) -> dict[str, Any]:
    url = urlsplit(base_url)
    port = url.port or PORTS.get(url.scheme)
    return {} if url.hostname is None or port is None else {"server.address": url.hostname, "server.port": port}


def _asked(input: LanguageModelInput, *, stream: bool) -> dict[str, Any]:
    attributes: dict[str, Any] = {"gen_ai.request.stream": True} if stream else {}
    for option, name in OPTIONS.items():
        if (value := getattr(input, option)) is not None:
            attributes[name] = value
    if input.response_format is not None:
        attributes["gen_ai.output.type"] = input.response_format.type
    return attributes


class _RecordedCall(CallSpan):
    def __init__(
        self, name: str, attributes: Mapping[str, Any], metrics: CallMetrics | None, input: LanguageModelInput
    ) -> None:
        self._trace: Any = import_module("opentelemetry.trace")
        self._name = name
        self._attributes = attributes
        self._metrics = metrics
        self._input = input
        self._usage: ModelUsage | None = None

    def __enter__(self) -> Self:
        tracer = self._trace.get_tracer("llm_sdk")
        self._span = tracer.start_span(self._name, kind=self._trace.SpanKind.CLIENT, attributes=self._attributes)
        self.shows_content = self._span.is_recording() and traced_messages.is_content_wanted()
        if self.shows_content:
            self._span.set_attributes(traced_messages.input_attributes(self._input))
        self._start = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        error_type = type(error).__name__ if isinstance(error, Exception) else None
        if isinstance(error, Exception):
            self._span.set_attribute("error.type", error_type)
            self._span.set_status(self._trace.StatusCode.ERROR, str(error))
            self._span.record_exception(error)
        if self._metrics is not None:
            self._metrics.end(self.seconds(), self._usage, error_type)
        self._span.end()

    def active(self) -> AbstractContextManager[Any]:
        manager: AbstractContextManager[Any] = self._trace.use_span(
            self._span, record_exception=False, set_status_on_exception=False
        )
        return manager

    def record(self, response: ModelResponse) -> ModelResponse:
        self.set_usage(response.usage, response.cost)
        self.set_head(response)
        self.set_content(response)
        return response

    def watch(self, reader: Reader) -> Reader:
        return _WatchedReader(reader, self)

    def seconds(self) -> float:
        """Since the call began."""
        return time.perf_counter() - self._start

    def first_chunk(self, seconds: float) -> None:
        self._span.set_attribute("gen_ai.response.time_to_first_chunk", seconds)
        if self._metrics is not None:
            self._metrics.first_chunk(seconds)

    def next_chunk(self, seconds: float) -> None:
        if self._metrics is not None:
            self._metrics.next_chunk(seconds)

    def set_head(self, answer: ModelResponse | PartialModelResponse) -> None:
        if answer.id is not None:
            self._span.set_attribute("gen_ai.response.id", answer.id)
        if answer.model_id is not None:
            self._span.set_attribute("gen_ai.response.model", answer.model_id)
            if self._metrics is not None:
                self._metrics.answered_by(answer.model_id)
        if answer.finish_reason is not None:
            self._span.set_attribute("gen_ai.response.finish_reasons", [answer.finish_reason])

    def set_usage(self, usage: ModelUsage | None, cost: float | None) -> None:
        if usage is not None:
            self._usage = usage
            self._span.set_attribute("gen_ai.usage.input_tokens", usage.input_tokens)
            self._span.set_attribute("gen_ai.usage.output_tokens", usage.output_tokens)
            self._set_details(usage.input_tokens_details, INPUT_DETAILS)
            self._set_details(usage.output_tokens_details, OUTPUT_DETAILS)
        if cost is not None:
            self._span.set_attribute("llm_sdk.cost", cost)

    def _set_details(self, details: ModelTokensDetails | None, names: Mapping[str, str]) -> None:
        if details is not None:
            given = {name: value for field, name in names.items() if (value := getattr(details, field)) is not None}
            self._span.set_attributes(given)

    def set_content(self, response: ModelResponse) -> None:
        if self.shows_content:
            self._span.set_attributes(traced_messages.output_attributes(response))


class _WatchedReader:
    def __init__(self, reader: Reader, span: _RecordedCall) -> None:
        self._reader = reader
        self._span = span
        self._usage: ModelUsage | None = None
        self._cost: float | None = None
        self._last_chunk: float | None = None
        self._said = StreamAccumulator() if span.shows_content else None

    def feed(self, chunk: bytes) -> Iterator[PartialModelResponse]:
        return self._watch(self._reader.feed(chunk))

    def close(self, lost: LanguageModelError | None = None) -> Iterator[PartialModelResponse]:
        yield from self._watch(self._reader.close(lost))
        if self._said is not None:
            self._span.set_content(self._said.snapshot())

    def _watch(self, partials: Iterator[PartialModelResponse]) -> Iterator[PartialModelResponse]:
        for partial in partials:
            self._note(partial)
            yield partial

    def _note(self, partial: PartialModelResponse) -> None:
        if partial.delta is not None:
            seconds = self._span.seconds()
            if self._last_chunk is None:
                self._span.first_chunk(seconds)
            else:
                self._span.next_chunk(seconds - self._last_chunk)
            self._last_chunk = seconds
        if partial.usage is not None:
            self._usage = partial.usage if self._usage is None else sum_usage(self._usage, partial.usage)
        if partial.cost is not None:
            self._cost = partial.cost + (self._cost or 0.0)
        self._span.set_usage(self._usage if partial.usage is not None else None, self._cost)
        self._span.set_head(partial)
        if self._said is not None:
            self._said.add_partial(partial)
