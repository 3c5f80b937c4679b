"""The key is never shown: not in an error, nor behind one, nor in a log, nor in a model."""

import logging
import traceback
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from callers import Caller
from echo_protocol import KEY, SAID, data

from llm_sdk.errors import AuthenticationError, LanguageModelError
from llm_sdk.testing.transports import FakeReply

ECHOED = f'{{"error":{{"message":"key {KEY} is unknown"}}}}'.encode()


def error_of(call: Callable[..., Caller], answer: Any, action: str) -> LanguageModelError:
    with pytest.raises(LanguageModelError) as caught:
        getattr(call(answer, max_retries=0), action)()
    return caught.value


@pytest.mark.parametrize(
    "answer",
    [
        FakeReply(401, ECHOED),
        FakeReply(200, KEY.encode()),
        FakeReply(200, ECHOED),
        FakeReply(200, ECHOED, {"content-type": "text/html"}),
        httpx.ConnectError(f"Key {KEY}"),
        httpx.LocalProtocolError(f"Key {KEY}"),
        FakeReply.stream(data({"error": {"status": 401, "message": KEY}})),
        FakeReply.stream(data(KEY.encode())),
    ],
)
@pytest.mark.parametrize("action", ["generate", "stream"])
def test_it_is_not_in_errors_and_what_stands_behind_them(caller: Any, answer: Any, action: str) -> None:
    error: BaseException | None = error_of(caller, answer, action)
    shown = "".join(traceback.format_exception(error))
    while error is not None:
        shown += f"{error} {error!r} {vars(error)}"
        error = error.__cause__ or error.__context__
    assert KEY not in shown


@pytest.mark.parametrize("answer", [FakeReply(401, ECHOED), httpx.ConnectError(f"Key {KEY}")])
@pytest.mark.parametrize("action", ["generate", "stream"])
def test_it_is_not_in_the_variables_of_a_traceback(caller: Any, answer: Any, action: str) -> None:
    frames = traceback.TracebackException.from_exception(error_of(caller, answer, action), capture_locals=True)
    ours = [frame for frame in frames.stack if "tests" not in frame.filename]
    assert "_drive" in "".join(frame.name for frame in ours)
    assert all(KEY not in value for frame in ours for value in (frame.locals or {}).values())


def test_it_is_not_in_logs(caller: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    call = caller(
        FakeReply(500, f"bad key {KEY}".encode(), {"retry-after-ms": "1"}), FakeReply(body=SAID), max_retries=1
    )
    call.generate()
    assert "asking again" in caplog.text
    assert KEY not in caplog.text


def test_it_is_not_in_the_model(caller: Any) -> None:
    model = caller(headers={"authorization": "Bearer another-secret"}).model
    seen = [model, *vars(model).values()]
    for item in seen:
        shown = f"{item!r} {item} {getattr(item, '__dict__', '')}"
        assert KEY not in shown
        assert "another-secret" not in shown


def test_a_header_of_the_caller_is_no_more_shown(caller: Any) -> None:
    answer = FakeReply(401, b'{"error":{"message":"another-secret is wrong"}}')
    with pytest.raises(AuthenticationError, match=r"\[redacted\] is wrong"):
        caller(answer, headers={"authorization": "Bearer another-secret"}).generate()
