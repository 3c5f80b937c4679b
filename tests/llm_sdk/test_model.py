"""Calls through the clients of httpx and httpx2, on a transport that keeps chunk boundaries."""

import asyncio
import math
from typing import Any

import httpx
import httpx2
import pytest
from callers import Caller
from echo_protocol import CODEC, EVENT_STREAM, EVENTS, EXPECTED, HELLO, KEY, SAID

from llm_sdk import HttpLanguageModel, LanguageModel
from llm_sdk.accumulator import accumulate
from llm_sdk.errors import (
    ConnectionFailedError,
    InvalidInputError,
    InvariantError,
    LanguageModelError,
    StatusCodeError,
    StreamTruncatedError,
    TimedOutError,
    TransportError,
    UnsupportedError,
)
from llm_sdk.testing.transports import ChunkedTransport, FakeReply
from llm_sdk.types import LanguageModelInput, UserMessage

REPLY = FakeReply(body=SAID)
STREAM = FakeReply.stream(*EVENTS)


def test_generate(caller: Any) -> None:
    call = caller(REPLY)
    assert call.generate() == EXPECTED
    (request,) = call.transport.requests
    assert (request.method, str(request.url)) == ("POST", "https://echo.example/v1/echo")
    assert request.content == b'{"model":"echo-1","say":"hello","stream":false}'
    assert request.headers["x-echo-key"] == f"Key {KEY}"
    assert request.headers["content-type"] == "application/json"
    assert call.transport.all_closed


def test_stream(caller: Any) -> None:
    call = caller(STREAM)
    assert accumulate(call.stream()) == EXPECTED
    assert call.transport.requests[0].headers["accept"] == "text/event-stream"
    assert call.transport.all_closed


def test_each_partial_comes_with_the_chunk_that_completes_it(caller: Any) -> None:
    seen: list[int] = []
    steps = [step for event in EVENTS for step in (event, lambda: seen.append(len(partials)))]
    partials: list[Any] = []
    caller(FakeReply.stream(*steps)).stream(partials=partials)
    assert seen == [1, 2, 3, 4]


def test_a_model_is_a_language_model(caller: Any) -> None:
    model: LanguageModel = caller().model
    assert (model.provider, model.model_id, model.metadata) == ("echo", "echo-1", None)


def test_retries(caller: Any) -> None:
    busy = FakeReply(503, b"", {"retry-after-ms": "1"})
    lost = httpx.ConnectError("refused")
    assert caller(busy, REPLY, max_retries=1).generate() == EXPECTED
    assert accumulate(caller(busy, STREAM, max_retries=1).stream()) == EXPECTED
    call = caller(FakeReply(429, [b"{", httpx.ReadError("")], {"retry-after-ms": "1"}), lost, max_retries=1)
    with pytest.raises(ConnectionFailedError, match="refused"):
        call.generate()
    assert call.transport.all_closed


@pytest.mark.parametrize(
    ("raised", "kind", "message"),
    [
        (httpx.ConnectError("no route"), ConnectionFailedError, "https://echo.example: no route"),
        (httpx.ReadError(""), ConnectionFailedError, "https://echo.example: ReadError"),
        (httpx.RemoteProtocolError("not HTTP"), ConnectionFailedError, "not HTTP"),
        (httpx.ProxyError("403"), ConnectionFailedError, "403"),
        (httpx.TooManyRedirects("round and round"), ConnectionFailedError, "round and round"),
        (httpx.ConnectTimeout(""), TimedOutError, "no connection in time"),
        (httpx.ReadTimeout(""), TimedOutError, "nothing more came in time"),
        (httpx.WriteTimeout(""), TimedOutError, "the request could not be sent in time"),
        (httpx.PoolTimeout(""), TimedOutError, "the client's pool had no free connection in time"),
        (httpx.UnsupportedProtocol("no gopher"), InvalidInputError, "no gopher"),
        (httpx.LocalProtocolError(f"Illegal header value b'Key {KEY}'"), InvalidInputError, "b'Key [redacted]'"),
        (httpx.InvalidURL("no host"), InvalidInputError, "no host"),
        (httpx.DecodingError("not gzip"), InvariantError, "not gzip"),
        (httpx.StreamClosed(), ConnectionFailedError, "stream"),
        (UnicodeError("label empty or too long"), InvalidInputError, "label empty or too long"),
        (ConnectionResetError("reset"), ConnectionFailedError, "reset"),
        (RuntimeError("Event loop is closed"), ConnectionFailedError, "connection belongs to another event loop"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_errors_of_the_library_do_not_reach_the_caller(
    caller: Any, raised: Exception, kind: type[LanguageModelError], message: str
) -> None:
    for action in (caller(raised).generate, caller(raised).stream):
        with pytest.raises(LanguageModelError) as caught:
            action()
        assert type(caught.value) is kind
        assert message in str(caught.value)
        assert caught.value.provider == "echo"
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_a_bug_of_a_transport_is_no_error_of_a_provider(caller: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        caller(ZeroDivisionError()).generate()


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        (httpx.ReadError("reset"), StreamTruncatedError),
        (httpx.RemoteProtocolError("peer closed connection"), StreamTruncatedError),
        (httpx.ReadTimeout(""), TimedOutError),
        (httpx.DecodingError("not gzip"), InvariantError),
        (b"", StreamTruncatedError),
    ],
)
def test_a_stream_that_breaks(caller: Any, last: Any, kind: type[LanguageModelError]) -> None:
    call = caller(FakeReply(200, [*EVENTS[:2], last], EVENT_STREAM | {"x-echo-id": "req_7"}), max_retries=2)
    partials: list[Any] = []
    with pytest.raises(LanguageModelError) as caught:
        call.stream(partials=partials)
    assert type(caught.value) is kind
    assert caught.value.request_id == "req_7"
    assert len(partials) == 2
    assert len(call.transport.exchanges) == 1
    assert call.transport.all_closed


def test_a_body_that_breaks(caller: Any) -> None:
    call = caller(FakeReply(200, [SAID[:5], httpx.ReadError("reset")]))
    with pytest.raises(ConnectionFailedError, match="reset"):
        call.generate()
    assert call.transport.all_closed


def test_redirects_are_not_followed(caller: Any) -> None:
    for action in ("generate", "stream"):
        call = caller(FakeReply(307, b"", {"location": "https://elsewhere.example/"}), REPLY)
        call.client.follow_redirects = True
        with pytest.raises(StatusCodeError) as caught:
            getattr(call, action)()
        assert caught.value.status_code == 307
        assert len(call.transport.requests) == 1


def test_an_endless_error_is_read_no_further_than_a_megabyte(caller: Any) -> None:
    call = caller(FakeReply(500, [b"x" * 65536] * 1000))
    with pytest.raises(StatusCodeError):
        call.generate()
    assert call.transport.exchanges[0].taken <= 17
    assert call.transport.all_closed


def test_an_unsupported_input_opens_no_connection(caller: Any) -> None:
    call = caller()
    refused = LanguageModelInput(messages=[UserMessage(content="hi")], top_k=1)
    for action in (call.generate, call.stream):
        with pytest.raises(UnsupportedError, match="top_k"):
            action(refused)


def test_nothing_is_sent_before_the_first_step() -> None:
    call = Caller("httpx", [])
    call.model.stream(HELLO)
    call.model.stream_sync(HELLO).close()
    assert call.transport.exchanges == []


def test_a_closed_client_is_refused(caller: Any) -> None:
    call = caller(REPLY)
    if hasattr(call.client, "aclose"):
        asyncio.run(call.client.aclose())
    else:
        call.client.close()
    with pytest.raises(InvalidInputError, match="http_client: this client is closed"):
        call.generate()


@pytest.mark.parametrize("kind", ["plain httpx", "plain httpx2"])
def test_a_plain_client_has_no_asynchronous_calls(kind: str) -> None:
    call = Caller(kind, [])
    call.is_async = True
    for action in (call.generate, call.stream):
        with pytest.raises(InvalidInputError, match="only generate_sync and stream_sync work"):
            action()


def test_plain_calls_work_inside_a_running_loop() -> None:
    call = Caller("httpx from plain calls", [REPLY, STREAM])

    async def main() -> None:
        assert call.generate() == EXPECTED
        assert accumulate(call.stream()) == EXPECTED

    asyncio.run(main())


def build(**options: Any) -> HttpLanguageModel:
    return HttpLanguageModel(CODEC, "echo-1", **{"api_key": KEY, **options})


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("https://echo.example/v1", "https://echo.example/v1/echo"),
        ("https://echo.example/v1/", "https://echo.example/v1/echo"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/echo"),
        ("http://[::1]:8080/", "http://[::1]:8080/echo"),
        ("https://echo.example/v1?api-version=3", "https://echo.example/v1/echo?api-version=3"),
    ],
)
def test_base_urls(base_url: str, url: str) -> None:
    call = Caller("httpx", [REPLY], base_url=base_url)
    call.generate()
    assert str(call.transport.requests[0].url) == url


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"base_url": "echo.example"}, "base_url: 'echo.example' is not an http or https URL"),
        ({"base_url": "ftp://echo.example"}, "base_url"),
        ({"base_url": "https://"}, "base_url"),
        ({"base_url": "https://echo.example:port"}, "base_url"),
        ({"base_url": "https://me:secret@echo.example"}, "base_url: a base URL has neither a user nor a fragment"),
        ({"api_key": "two words"}, "api_key: the API key has characters that cannot stand in a header"),
        ({"api_key": "k\nx"}, "api_key"),
        ({"api_key": "schlüssel"}, "api_key"),
        ({"api_key": " "}, "there is no API key: pass api_key, or set ECHO_API_KEY or ECHO_OTHER_KEY"),
        ({"headers": {"x-a": "line\nbreak"}}, "headers: the value of x-a cannot stand in a header"),
        ({"headers": {"x a": "b"}}, "headers: 'x a' is not the name of a header"),
        ({"headers": {"x-a": 5}}, "headers: the value of x-a"),
        ({"timeout": 0}, "timeout: 0 is not a number of seconds"),
        ({"timeout": "5"}, "timeout: '5'"),
        ({"max_retries": -1}, "max_retries: -1"),
        ({"metadata": {"pricing": {"input_cost": 1}}}, "metadata.pricing.input_cost: Extra inputs are not permitted"),
        ({"http_client": object()}, "http_client: an httpx.AsyncClient or httpx.Client"),
    ],
)
def test_arguments_that_are_wrong(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        build(**options)
    assert message in str(caught.value)
    assert str(caught.value).startswith("echo: ")
    assert "secret" not in str(caught.value)


def test_headers_of_the_caller_overrule(caller: Any) -> None:
    call = caller(REPLY, headers={"X-ECHO-KEY": "Other", "x-more": "1"})
    call.generate()
    sent = call.transport.requests[0].headers
    assert (sent["x-echo-key"], sent["x-more"]) == ("Other", "1")


@pytest.mark.parametrize(
    ("client_options", "timeout", "expected"),
    [
        ({}, None, (5.0, 600.0, 600.0, 600.0)),
        ({}, 60, (5.0, 60.0, 60.0, 60.0)),
        ({}, 2.5, (2.5, 2.5, 2.5, 2.5)),
        ({}, math.inf, (5.0, None, None, None)),
        ({}, httpx.Timeout(1, read=2), (1.0, 2.0, 1.0, 1.0)),
        ({"timeout": 30}, None, (30.0, 30.0, 30.0, 30.0)),
        ({"timeout": 30}, 60, (5.0, 60.0, 60.0, 60.0)),
    ],
)
@pytest.mark.parametrize("library", [httpx, httpx2])
def test_timeouts(library: Any, client_options: Any, timeout: Any, expected: Any) -> None:
    transport = ChunkedTransport([REPLY])
    with library.Client(transport=transport, **client_options) as client:
        build(http_client=client, timeout=timeout).generate_sync(HELLO)
    seconds = transport.requests[0].extensions["timeout"]
    assert (seconds["connect"], seconds["read"], seconds["write"], seconds["pool"]) == expected


def test_an_unknown_exception_of_a_stream_is_let_through(caller: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        caller(FakeReply.stream(EVENTS[0], ZeroDivisionError())).stream()


def test_transport_errors_are_of_one_kind() -> None:
    assert issubclass(StreamTruncatedError, TransportError)
