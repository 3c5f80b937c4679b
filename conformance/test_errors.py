"""What an adapter makes of an error."""

import logging

import pytest

from conformance.marks import over, requirement
from conformance.outcome import Outcome, as_json
from conformance.plan import FIRST_ERROR, Call, Pair
from conformance.replay import Playback
from conformance.subject import CANARY, Subject
from conformance.verdict import Verdict
from llm_sdk import errors
from llm_sdk.errors import AuthenticationError, LanguageModelError, ServerError, StatusCodeError

BAD_GATEWAY = 502


def error_of(outcome: Outcome, verdict: Verdict) -> LanguageModelError:
    """The error of a call that has to have one."""
    if outcome.error is None:
        verdict.fail("a LanguageModelError", outcome.describe())
    return outcome.error


@requirement(
    about=("error",),
    otherwise=(
        "ERROR-04",
        "ERROR-05",
    ),
)
@over("errors")
def test_error(call: Call, subject: Subject, verdict: Verdict) -> None:
    error, golden = error_of(subject.plain(call), verdict), call.golden.error
    expect = call.stage.expect if call.stage else None
    names = expect.error if expect else [type(golden).__name__]
    kinds = tuple(getattr(errors, name) for name in names)
    any_status = expect is not None and expect.any_status
    is_exact = kinds[0] is StatusCodeError and not any_status
    right = type(error) in kinds if is_exact else isinstance(error, kinds)
    verdict.true(right, " or ".join(names), f"{type(error).__name__}: {error}")
    if isinstance(golden, StatusCodeError):
        status = expect.status_code if expect and expect.status_code else golden.status_code
        message = expect.message if expect else golden.message
        if not any_status:
            verdict.equal(status, getattr(error, "status_code", None), f"status_code {status}")
        if message is not None:
            verdict.true(message in error.message, f"the provider's message {message!r}", error.message)
        if expect is not None and "retry_after" in expect.model_fields_set:
            verdict.equal(expect.retry_after, getattr(error, "retry_after", None), "retry_after as the provider says")
    for text in expect.contains if expect else ():
        verdict.true(text in str(error), f"a message with {text!r}", str(error))


@requirement("ERROR-07")
@over("errors")
def test_error_says_where_it_comes_from(call: Call, subject: Subject, verdict: Verdict) -> None:
    error = error_of(subject.plain(call), verdict)
    request_id = call.exchange.response_headers.get(subject.codec.endpoint.request_id_header)
    expected = {"provider": call.provider, "request_id": request_id}
    verdict.equal(expected, {"provider": error.provider, "request_id": error.request_id}, "where the error comes from")


@requirement("ERROR-06")
@over("errors")
def test_error_code(call: Call, subject: Subject, verdict: Verdict) -> None:
    error, golden = error_of(subject.plain(call), verdict), call.golden.error
    code = getattr(golden, "code", None)
    verdict.equal(code, getattr(error, "code", None), f"the code {code!r}")


@requirement("ERROR-08")
@over("first calls")
def test_error_in_another_encoding(call: Call, subject: Subject, verdict: Verdict) -> None:
    """A page of a proxy in Latin-1, which is not UTF-8."""
    page = "<h1>Passerelle erronée</h1>".encode("latin-1")
    played = Playback(BAD_GATEWAY, {"content-type": "text/html; charset=iso-8859-1"}, (page,))
    outcome = subject.ask(call, played)
    error = error_of(outcome, verdict)
    verdict.true(isinstance(error, ServerError), "ServerError", outcome.describe)
    verdict.equal(BAD_GATEWAY, getattr(error, "status_code", None), f"status_code {BAD_GATEWAY}")


@requirement("ERROR-12")
@over("error pairs")
def test_error_of_a_stream(pair: Pair, subject: Subject, verdict: Verdict) -> None:
    if pair.streamed.exchange.status < FIRST_ERROR:
        return  # an error inside a stream has bytes of its own, and what is no answer may be no stream either
    whole, streamed = as_json(subject.plain(pair.whole)), as_json(subject.plain(pair.streamed))
    verdict.equal(whole.get("error"), streamed.get("error"), "the error that a call for a whole answer raises")


@requirement("ERROR-09")
@over("errors")
def test_key_is_in_no_error(call: Call, subject: Subject, verdict: Verdict, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        outcome = subject.ask(call)
    _refuse_key(outcome, caplog.text, verdict)


@requirement("ERROR-21")
@over("first calls")
def test_key_that_the_provider_repeats(
    call: Call, subject: Subject, verdict: Verdict, caplog: pytest.LogCaptureFixture
) -> None:
    reply = subject.codec.encode_error(AuthenticationError(f"Incorrect API key: {CANARY}.", status_code=401))
    played = Playback(reply.status, reply.headers, (reply.body,))
    with caplog.at_level(logging.DEBUG):
        outcome = subject.ask(call, played)
    verdict.true(isinstance(outcome.error, AuthenticationError), "AuthenticationError", outcome.describe)
    _refuse_key(outcome, caplog.text, verdict)


def _refuse_key(outcome: Outcome, log: str, verdict: Verdict) -> None:
    error = outcome.error
    places = {
        "its text": str(error),
        "its repr": repr(error),
        "its arguments": repr(getattr(error, "args", ())),
        "its fields": repr(getattr(error, "__dict__", {})),
        "its traceback": outcome.traceback,
        "the log": log,
    }
    found = [place for place, text in places.items() if CANARY in text]
    verdict.true(not found, "an error without the key", f"the key in {', '.join(found)}")
