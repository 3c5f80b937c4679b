"""A call without sockets and clocks: what a flow asks for, and what it makes of the replies."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from echo_protocol import CODEC, EVENT_STREAM, EVENTS, EXPECTED, HELLO, KEY, SAID, data

from llm_sdk.accumulator import accumulate
from llm_sdk.codec import WireRequest, dump_json
from llm_sdk.credentials import Credentials
from llm_sdk.errors import (
    ConnectionFailedError,
    InvalidInputError,
    InvariantError,
    LanguageModelError,
    OverloadedError,
    RateLimitError,
    RefusalError,
    ServerError,
    StatusCodeError,
    StreamTruncatedError,
    TimedOutError,
    UnsupportedError,
)
from llm_sdk.flow import (
    CallSettings,
    Command,
    Flow,
    Head,
    ReadBody,
    Reply,
    ResponseReader,
    Send,
    Sleep,
    generate_flow,
    stream_flow,
)
from llm_sdk.retry import RetryPolicy
from llm_sdk.types import LanguageModelInput, LanguageModelPricing, UserMessage

OK = Head(200, {"content-type": "application/json", "x-echo-id": "req_7"})
OK_STREAM = Head(200, EVENT_STREAM | {"x-echo-id": "req_7"})
LOST = ConnectionFailedError("the connection was reset")
PRICES = LanguageModelPricing(input_cost_per_text_token=0.1, output_cost_per_text_token=0.7)


def settings(**options: Any) -> CallSettings:
    options = {"retry": RetryPolicy(2, random=lambda: 0.0), **options}
    return CallSettings(CODEC, "echo-1", Credentials(CODEC.endpoint, KEY), **options)


def play(flow: Flow[Any], *replies: Reply) -> tuple[list[Command], Any]:
    """The commands of a flow that gets these replies, and what it returns or raises."""
    commands: list[Command] = []
    waiting = iter((None, *replies))
    try:
        while True:
            commands.append(flow.send(next(waiting)))
    except StopIteration as finished:
        outcome = finished.value
    except LanguageModelError as error:
        outcome = error
    assert next(waiting, "none left") == "none left"
    return commands, outcome


def failure(status: int, headers: Mapping[str, str] | None = None) -> tuple[Head, bytes]:
    return Head(status, headers or {}), b'{"error":{"message":"not now"}}'


def test_a_whole_answer() -> None:
    commands, response = play(generate_flow(settings(), HELLO), OK, SAID)
    request = WireRequest(
        "POST", "/echo", b'{"model":"echo-1","say":"hello","stream":false}', {"Content-Type": "application/json"}
    )
    assert commands == [Send(request, stream=False), ReadBody()]
    assert response == EXPECTED


def test_a_streamed_answer() -> None:
    commands, reader = play(stream_flow(settings(), HELLO), OK_STREAM)
    assert [type(command) for command in commands] == [Send]
    assert commands[0].request.body == b'{"model":"echo-1","say":"hello","stream":true}'
    assert accumulate([*reader.feed(b"".join(EVENTS)), *reader.close()]) == EXPECTED


@pytest.mark.parametrize("flow", [generate_flow, stream_flow])
@pytest.mark.parametrize(
    ("input", "error"),
    [
        (LanguageModelInput(messages=[UserMessage(content="hi")], top_k=1), UnsupportedError),
        (LanguageModelInput(messages=[UserMessage(content="unspeakable")]), UnsupportedError),
        ({"messages": []}, InvalidInputError),
    ],
)
def test_what_cannot_be_sent_is_not_sent(flow: Any, input: Any, error: type[LanguageModelError]) -> None:
    commands, outcome = play(flow(settings(), input))
    assert commands == []
    assert type(outcome) is error
    assert outcome.provider == "echo"


RETRIED = [408, 409, 429, 500, 502, 503, 504, 529, 599]
FINAL = [301, 400, 401, 403, 404, 413, 422]


@pytest.mark.parametrize("status", RETRIED)
@pytest.mark.parametrize("flow", [generate_flow, stream_flow])
def test_statuses_that_may_pass_are_tried_again_with_doubling_waits(flow: Any, status: int) -> None:
    commands, error = play(flow(settings(), HELLO), *failure(status), None, *failure(status), None, *failure(status))
    assert [type(command) for command in commands] == [Send, ReadBody, Sleep] * 2 + [Send, ReadBody]
    assert [command.seconds for command in commands if isinstance(command, Sleep)] == [0.5, 1.0]
    assert (error.message, error.status_code, error.provider) == ("not now", status, "echo")


@pytest.mark.parametrize("status", FINAL)
@pytest.mark.parametrize("flow", [generate_flow, stream_flow])
def test_other_statuses_are_final(flow: Any, status: int) -> None:
    commands, error = play(flow(settings(), HELLO), *failure(status))
    assert [type(command) for command in commands] == [Send, ReadBody]
    assert isinstance(error, StatusCodeError)
    assert error.status_code == status


@pytest.mark.parametrize("lost", [LOST, TimedOutError("nothing came")])
@pytest.mark.parametrize("flow", [generate_flow, stream_flow])
def test_a_connection_that_fails_is_tried_again(flow: Any, lost: LanguageModelError) -> None:
    commands, error = play(flow(settings(), HELLO), lost, None, lost, None, lost)
    assert [type(command) for command in commands] == [Send, Sleep, Send, Sleep, Send]
    assert error is lost
    _, response = play(generate_flow(settings(), HELLO), lost, None, OK, lost, None, OK, SAID)
    assert response == EXPECTED


def test_an_input_that_the_client_refuses_is_final() -> None:
    refused = InvalidInputError("no such scheme")
    commands, error = play(generate_flow(settings(), HELLO), refused)
    assert (len(commands), error) == (1, refused)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "7", "retry-after-ms": "40"}, 0.04),
        ({"retry-after": "7", "retry-after-ms": "soon"}, 7.0),
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:27:00 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, 0.5),
        ({"retry-after": "-3"}, 0.5),
        ({"retry-after": "nan"}, 0.5),
        ({"retry-after": "soon"}, 0.5),
        ({}, 0.5),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float) -> None:
    commands, _ = play(generate_flow(settings(), HELLO), *failure(429, headers), None, OK, SAID)
    assert [command.seconds for command in commands if isinstance(command, Sleep)] == [seconds]


@pytest.mark.parametrize(
    ("status", "headers", "tried_again"),
    [
        (400, {"x-should-retry": "true"}, True),
        (500, {"x-should-retry": "false"}, False),
        (429, {"x-should-retry": "perhaps"}, True),
        (429, {"retry-after": "121"}, False),
        (429, {"retry-after-ms": "86400000", "x-should-retry": "true"}, False),
    ],
)
def test_who_decides_on_another_try(status: int, headers: dict[str, str], tried_again: bool) -> None:
    replies = [*failure(status, headers), *([None, OK, SAID] if tried_again else [])]
    _, outcome = play(generate_flow(settings(), HELLO), *replies)
    assert isinstance(outcome, StatusCodeError) is not tried_again


def test_the_wait_that_was_too_long_stands_in_the_error() -> None:
    _, error = play(generate_flow(settings(), HELLO), *failure(429, {"retry-after": "3600"}))
    assert isinstance(error, RateLimitError)
    assert error.retry_after == 3600


def test_a_used_up_quota_is_final() -> None:
    body = b'{"error":{"message":"pay first","code":"insufficient_quota"}}'
    commands, error = play(generate_flow(settings(), HELLO), Head(429, {}), body)
    assert (len(commands), error.code) == (2, "insufficient_quota")


def test_waits_end_at_eight_seconds_and_have_jitter() -> None:
    policy = RetryPolicy(100, random=lambda: 0.0)
    error = ServerError("broken", status_code=500)
    assert [policy.wait(error, {}, attempt=n) for n in (0, 3, 4, 5, 99)] == [0.5, 4.0, 8.0, 8.0, 8.0]
    assert RetryPolicy(100, random=lambda: 1.0).wait(error, {}, attempt=4) == 6.0
    assert policy.wait(error, {}, attempt=100) is None


def test_no_retries() -> None:
    commands, error = play(generate_flow(settings(retry=RetryPolicy(0)), HELLO), LOST)
    assert (len(commands), error) == (1, LOST)


def test_an_error_whose_body_was_lost_keeps_its_status() -> None:
    _, error = play(generate_flow(settings(retry=RetryPolicy(0)), HELLO), Head(503, {"x-echo-id": "req_9"}), LOST)
    assert isinstance(error, OverloadedError)
    assert str(error) == "echo: an answer without a body (request req_9) [status 503]"


def test_an_error_whose_body_nobody_foresees_keeps_its_status() -> None:
    _, error = play(generate_flow(settings(retry=RetryPolicy(0)), HELLO), Head(429, {}), b'{"error": 5}')
    assert (type(error), error.message, error.body) == (RateLimitError, '{"error": 5}', '{"error": 5}')


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "no body"),
        (b"<html>", "<html>"),
        (b"[]", "TypeError"),
        (b"{}", "KeyError: 'said'"),
        (b'{"said": 5}', "ValidationError"),
        (b"[" * 100_000, "RecursionError"),
    ],
)
def test_an_answer_that_no_decoder_foresees(body: bytes, message: str) -> None:
    _, error = play(generate_flow(settings(), HELLO), OK, body)
    assert type(error) is InvariantError
    assert message in str(error)
    assert error.request_id == "req_7"
    assert len(str(error)) < 2000


def test_a_refusal_has_its_cost() -> None:
    _, error = play(generate_flow(settings(pricing=PRICES), HELLO), OK, b'{"said":"no","refused":true,"in":10,"out":1}')
    assert isinstance(error, RefusalError)
    assert error.response.cost == pytest.approx(1.7)


@pytest.mark.parametrize(
    ("headers", "body", "kind", "message"),
    [
        ({"content-type": "application/json"}, b'{"error":{"message":"not you"}}', StatusCodeError, "not you"),
        ({"content-type": "application/json"}, b'[{"error":{"message":"not you"}}]', StatusCodeError, "not you"),
        ({"content-type": "application/json"}, SAID, InvariantError, "application/json instead of text/event-stream"),
        ({"content-type": "text/html; charset=utf-8"}, b"<h1>Sign in</h1>", InvariantError, "<h1>Sign in</h1>"),
    ],
)
def test_a_stream_that_is_none(
    headers: dict[str, str], body: bytes, kind: type[LanguageModelError], message: str
) -> None:
    commands, error = play(stream_flow(settings(), HELLO), Head(200, headers), body)
    assert isinstance(commands[-1], ReadBody)
    assert commands[-1].limit is not None
    assert type(error) is kind
    assert message in str(error)


@pytest.mark.parametrize("content_type", ["text/event-stream", "TEXT/Event-Stream ;charset=utf-8", None])
def test_a_stream_by_any_spelling(content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    _, reader = play(stream_flow(settings(), HELLO), Head(200, headers))
    assert isinstance(reader, ResponseReader)


def read(*chunks: bytes, lost: LanguageModelError | None = None, **options: Any) -> tuple[list[Any], Any]:
    """The partials of a stream, and the error that it ended with."""
    reader = ResponseReader(settings(**options), {"x-echo-id": "req_7"})
    partials: list[Any] = []
    try:
        for chunk in chunks:
            partials.extend(reader.feed(chunk))
        partials.extend(reader.close(lost))
    except LanguageModelError as error:
        return partials, error
    return partials, None


@pytest.mark.parametrize(
    ("chunks", "lost", "kind", "message"),
    [
        (EVENTS[:3], None, StreamTruncatedError, "the echo broke off"),
        ([*EVENTS[:1], b'data: {"text": "l'], None, StreamTruncatedError, "in the middle of an event"),
        ([*EVENTS[:1], b"data: [EN"], None, StreamTruncatedError, "in the middle of an event"),
        ([], None, StreamTruncatedError, "the echo broke off"),
        (EVENTS[:1], LOST, StreamTruncatedError, "the connection was lost in mid-stream: the connection was reset"),
        (EVENTS[:1], TimedOutError("nothing more came"), TimedOutError, "nothing more came"),
        (EVENTS[:1], InvariantError("not gzip"), InvariantError, "not gzip"),
        ([*EVENTS[:1], data(b"nonsense")], None, InvariantError, "an event that is not JSON: b'nonsense'"),
        ([*EVENTS[:1], data([])], None, InvariantError, "TypeError"),
        ([*EVENTS[:1], data({"error": {"status": 529, "message": "too much"}})], None, OverloadedError, "too much"),
    ],
)
def test_how_streams_fail(
    chunks: list[bytes], lost: LanguageModelError | None, kind: type[LanguageModelError], message: str
) -> None:
    partials, error = read(b"".join(chunks), lost=lost)
    assert type(error) is kind
    assert message in str(error)
    assert (error.provider, error.request_id) == ("echo", "req_7")
    assert len(partials) == min(len(chunks), 1 if chunks[:3] != EVENTS[:3] else 3)


@pytest.mark.parametrize("lost", [LOST, TimedOutError("nothing more came")])
def test_how_the_connection_ends_after_the_end_mark_does_not_matter(lost: LanguageModelError) -> None:
    partials, error = read(*EVENTS, lost=lost)
    assert error is None
    assert accumulate(partials) == EXPECTED


def test_a_last_event_without_its_blank_line_counts() -> None:
    partials, error = read(b"".join(EVENTS).rstrip())
    assert error is None
    assert accumulate(partials) == EXPECTED


def test_an_event_without_end_is_refused() -> None:
    _, error = read(b"data: " + b"x" * 100, max_event_bytes=64)
    assert type(error) is InvariantError
    assert "64 bytes" in str(error)


def test_warnings_come_first_and_alike() -> None:
    seeded = LanguageModelInput(messages=HELLO.messages, seed=7)
    _, response = play(generate_flow(settings(), seeded), OK, SAID)
    _, reader = play(stream_flow(settings(), seeded), OK_STREAM)
    partials = [*reader.feed(b"".join(EVENTS)), *reader.close()]
    assert partials[0].warnings == ["the seed is left out"]
    assert response.warnings == ["the seed is left out"]
    assert accumulate(partials) == response


def test_what_the_provider_says_of_the_request_in_a_header_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CODEC, "endpoint", replace(CODEC.endpoint, notice_header="X-Echo-Notice"))
    seeded = LanguageModelInput(messages=HELLO.messages, seed=7)
    notice = {"x-echo-notice": "unknown field: shout"}
    _, response = play(generate_flow(settings(), seeded), Head(200, {**OK.headers, **notice}), SAID)
    _, reader = play(stream_flow(settings(), seeded), Head(200, {**OK_STREAM.headers, **notice}))
    assert response.warnings == ["the seed is left out", "unknown field: shout"]
    assert accumulate([*reader.feed(b"".join(EVENTS)), *reader.close()]) == response


def test_cost_is_the_same_streamed_or_not_however_usage_comes() -> None:
    usages = [{"in": 1, "out": 0}, {"in": 0, "out": 3}, {"in": 6, "out": 2}]
    total = dump_json({"said": "", "in": 7, "out": 5})
    _, response = play(generate_flow(settings(pricing=PRICES), HELLO), OK, total)
    partials, _ = read(*map(data, usages), data(b"[END]"), pricing=PRICES)
    assert accumulate(partials).cost == response.cost == 7 * 0.1 + 5 * 0.7
    assert [partial.cost for partial in partials if partial.cost is not None] == [response.cost]


def test_errors_do_not_show_the_key() -> None:
    body = f'{{"error":{{"message":"wrong key {KEY}, see key%20{KEY}","code":"{KEY}"}}}}'.encode()
    _, error = play(generate_flow(settings(), HELLO), Head(401, {}), body)
    assert KEY not in f"{error} {error!r} {vars(error)} {error.args}"
    assert error.message == "wrong key [redacted], see key%20[redacted]"
