"""Spans of calls, as an OpenTelemetry exporter gets them."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from echo_protocol import CODEC, EVENTS, HELLO, KEY, SAID
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from llm_sdk import HttpLanguageModel, LanguageModelInput, StatusCodeError, StreamTruncatedError
from llm_sdk.testing.transports import ChunkedTransport, FakeReply

PRICES = {"pricing": {"input_cost_per_text_token": 2, "output_cost_per_text_token": 3}}
ATTRIBUTES = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "echo",
    "gen_ai.request.model": "echo-1",
    "gen_ai.usage.input_tokens": 3,
    "gen_ai.usage.output_tokens": 2,
    "gen_ai.response.finish_reasons": ("stop",),
    "llm_sdk.cost": 12.0,
}


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Iterator[InMemorySpanExporter]:
    exporter.clear()
    yield exporter
    exporter.clear()


def build(*answers: Any) -> HttpLanguageModel:
    client = httpx.Client(transport=ChunkedTransport(answers))
    return HttpLanguageModel(CODEC, "echo-1", api_key=KEY, http_client=client, metadata=PRICES, max_retries=0)


def only(exporter: InMemorySpanExporter) -> ReadableSpan:
    (span,) = exporter.get_finished_spans()
    return span


def test_generate(spans: InMemorySpanExporter) -> None:
    build(FakeReply(body=SAID)).generate_sync(LanguageModelInput(messages=HELLO.messages, seed=7))
    span = only(spans)
    assert (span.name, span.kind) == ("chat echo-1", trace.SpanKind.CLIENT)
    assert span.attributes == ATTRIBUTES | {"gen_ai.request.seed": 7}
    assert span.status.status_code is trace.StatusCode.UNSET


def test_stream(spans: InMemorySpanExporter) -> None:
    stream = build(FakeReply.stream(*EVENTS)).stream_sync(HELLO)
    for _ in stream:
        assert spans.get_finished_spans() == ()
    attributes = dict(only(spans).attributes)
    assert attributes.pop("gen_ai.response.time_to_first_chunk") > 0
    assert attributes == ATTRIBUTES | {"gen_ai.request.stream": True}


def test_a_stream_that_is_left(spans: InMemorySpanExporter) -> None:
    with build(FakeReply.stream(*EVENTS)).stream_sync(HELLO) as stream:
        next(stream)
    assert only(spans).status.status_code is trace.StatusCode.UNSET


def test_a_stream_that_nobody_reads_has_no_span(spans: InMemorySpanExporter) -> None:
    build().stream_sync(HELLO).close()
    assert spans.get_finished_spans() == ()


def test_errors(spans: InMemorySpanExporter) -> None:
    model = build(FakeReply(401, f'{{"error":{{"message":"{KEY}"}}}}'.encode()), FakeReply.stream(*EVENTS[:1]))
    with pytest.raises(StatusCodeError):
        model.generate_sync(HELLO)
    with pytest.raises(StreamTruncatedError):
        list(model.stream_sync(HELLO))
    failed, broken = spans.get_finished_spans()
    assert failed.attributes["error.type"] == "AuthenticationError"
    assert broken.attributes["error.type"] == "StreamTruncatedError"
    assert failed.status.status_code is broken.status.status_code is trace.StatusCode.ERROR
    assert KEY not in failed.to_json() + broken.to_json()


def test_spans_of_the_http_client_are_children(spans: InMemorySpanExporter) -> None:
    def answer(request: httpx.Request) -> FakeReply:
        with trace.get_tracer("http").start_as_current_span("POST"):
            return FakeReply(body=SAID) if b'"stream":false' in request.content else FakeReply.stream(*EVENTS)

    client = httpx.Client(transport=ChunkedTransport(answer))
    model = HttpLanguageModel(CODEC, "echo-1", api_key=KEY, http_client=client)
    model.generate_sync(HELLO)
    list(model.stream_sync(HELLO))
    inner, outer, inner_of_stream, outer_of_stream = spans.get_finished_spans()
    assert inner.parent.span_id == outer.context.span_id
    assert inner_of_stream.parent.span_id == outer_of_stream.context.span_id


def test_a_program_that_does_not_trace_does_not_load_it() -> None:
    program = (
        "import sys, llm_sdk; llm_sdk.get_model('openai', 'm', api_key='k' * 9);"
        "print(*(name for name in sys.modules if name.partition('.')[0] in ('opentelemetry', 'httpx', 'httpx2')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 - our own program
    assert done.stdout.strip() == ""
