"""Spans and metrics of calls, as an OpenTelemetry exporter gets them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from echo_protocol import CODEC, EVENTS, HELLO, KEY, SAID
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from llm_sdk import HttpLanguageModel, LanguageModelInput, ModelResponse, StatusCodeError, StreamTruncatedError
from llm_sdk.registry import get_codec
from llm_sdk.testing.transports import ChunkedTransport, FakeReply
from llm_sdk.traced_messages import input_attributes, output_attributes

PRICES = {"pricing": {"input_cost_per_text_token": 2, "output_cost_per_text_token": 3}}
ATTRIBUTES = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "echo",
    "gen_ai.request.model": "echo-1",
    "server.address": "echo.example",
    "server.port": 443,
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


NAMES = {
    "openai": "openai",
    "openai-chat-completion": "openai",
    "anthropic": "anthropic",
    "google": "gcp.gemini",
    "cohere": "cohere",
    "mistral": "mistral_ai",
}


@pytest.mark.parametrize(("provider", "name"), NAMES.items())
def test_a_provider_has_the_name_that_the_conventions_give_it(provider: str, name: str) -> None:
    assert (get_codec(provider).endpoint.telemetry_name or provider) == name


CONTENT = {"gen_ai.input.messages", "gen_ai.output.messages"}
SWITCH = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"


@pytest.mark.parametrize("switch", ["", "false", "no_content", "event_only"])
def test_content_is_not_recorded_unasked(
    spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch, switch: str
) -> None:
    monkeypatch.setenv(SWITCH, switch)
    build(FakeReply(body=SAID)).generate_sync(HELLO)
    assert not CONTENT & only(spans).attributes.keys()


@pytest.mark.parametrize("switch", ["true", "SPAN_ONLY", "span_and_event"])
@pytest.mark.parametrize("streamed", [False, True])
def test_content_that_is_asked_for(
    spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch, switch: str, streamed: bool
) -> None:
    monkeypatch.setenv(SWITCH, switch)
    if streamed:
        list(build(FakeReply.stream(*EVENTS)).stream_sync(HELLO))
    else:
        build(FakeReply(body=SAID)).generate_sync(HELLO)
    attributes = only(spans).attributes
    assert json.loads(attributes["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "hello"}]}
    ]
    (answer,) = json.loads(attributes["gen_ai.output.messages"])
    assert (answer["role"], answer["finish_reason"]) == ("assistant", "stop")
    assert answer["parts"] == [{"type": "text", "content": "hello"}]


PNG = {"type": "image", "mime_type": "image/png", "data": "aGk="}
EVERY_PART = LanguageModelInput(
    system_prompt="Be brief.",
    messages=[
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "See."},
                PNG,
                {"type": "image", "url": "https://example.com/a.png"},
                {"type": "file", "mime_type": "application/pdf", "data": "aGk="},
                {"type": "audio", "format": "wav", "data": "aGk="},
                {"type": "source", "source": "s", "title": "t", "content": [{"type": "text", "text": "x"}]},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "reasoning", "text": "Hm."},
                {"type": "tool-call", "tool_call_id": "c1", "tool_name": "look", "args": {"at": 1}},
                {"type": "opaque", "provider": "echo", "data": {"k": 1}},
            ],
        },
        {
            "role": "tool",
            "content": [{"type": "tool-result", "tool_call_id": "c1", "tool_name": "look", "content": [PNG]}],
        },
    ],
    tools=[
        {"name": "look", "description": "Look.", "parameters": {"type": "object"}},
        {"type": "web_search"},
    ],
)


def test_every_part_of_a_conversation() -> None:
    attributes = {name: json.loads(value) for name, value in input_attributes(EVERY_PART).items()}
    blob = {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "aGk="}
    source = {"type": "source", "source": "s", "title": "t", "content": [{"type": "text", "content": "x"}]}
    assert attributes == {
        "gen_ai.system_instructions": [{"type": "text", "content": "Be brief."}],
        "gen_ai.tool.definitions": [
            {"type": "function", "name": "look", "description": "Look.", "parameters": {"type": "object"}},
            {"type": "web_search", "name": "web_search"},
        ],
        "gen_ai.input.messages": [
            {
                "role": "user",
                "parts": [
                    {"type": "text", "content": "See."},
                    blob,
                    {"type": "uri", "modality": "image", "uri": "https://example.com/a.png"},
                    {"type": "blob", "modality": "document", "mime_type": "application/pdf", "content": "aGk="},
                    {"type": "blob", "modality": "audio", "mime_type": "audio/wav", "content": "aGk="},
                    source,
                ],
            },
            {
                "role": "assistant",
                "parts": [
                    {"type": "reasoning", "content": "Hm."},
                    {"type": "tool_call", "id": "c1", "name": "look", "arguments": {"at": 1}},
                    {"type": "opaque", "provider": "echo", "data": {"k": 1}},
                ],
            },
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "result": [blob]}]},
        ],
    }
    called = output_attributes(ModelResponse(content=[], finish_reason="tool_calls"))
    assert called == {"gen_ai.output.messages": '[{"role":"assistant","parts":[],"finish_reason":"tool_call"}]'}


@pytest.fixture(scope="module")
def figures() -> InMemoryMetricReader:
    reader = InMemoryMetricReader()
    metrics.set_meter_provider(MeterProvider([reader]))
    return reader


def test_metrics(figures: InMemoryMetricReader) -> None:
    figures.get_metrics_data()
    list(build(FakeReply.stream(*EVENTS)).stream_sync(HELLO))
    with pytest.raises(StatusCodeError):
        build(FakeReply(401, b"{}")).generate_sync(HELLO)
    (resource,) = figures.get_metrics_data().resource_metrics
    (scope,) = resource.scope_metrics
    points = {metric.name: list(metric.data.data_points) for metric in scope.metrics}
    call = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "echo",
        "gen_ai.request.model": "echo-1",
        "server.address": "echo.example",
        "server.port": 443,
    }
    tokens = {point.attributes["gen_ai.token.type"]: point.sum for point in points["gen_ai.client.token.usage"]}
    assert tokens == {"input": 3, "output": 2}
    durations = points["gen_ai.client.operation.duration"]
    assert [dict(point.attributes) for point in durations] == [call, {**call, "error.type": "AuthenticationError"}]
    (first,) = points["gen_ai.client.operation.time_to_first_chunk"]
    (later,) = points["gen_ai.client.operation.time_per_output_chunk"]
    assert (first.count, later.count) == (1, 1)
    assert list(first.explicit_bounds)[:3] == [0.01, 0.02, 0.04]
