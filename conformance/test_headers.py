"""Where requests go and what goes with them beside their body; how the headers of an answer are read."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit

import pytest

from conformance.marks import lane_shows, over, requirement
from conformance.plan import Call
from conformance.replay import Performance, Playback, playback_of
from conformance.subject import CANARY, Subject
from conformance.test_errors import error_of
from conformance.test_requests import sent_by
from conformance.verdict import Verdict
from llm_sdk.codec import WireRequest
from llm_sdk.errors import RateLimitError
from llm_sdk.types import JsonObject

PREFIX = "/gateway/team-1"
WAIT = 3.0
WAITS = frozenset({"retry-after", "retry-after-ms"})
"""The headers that say how long to wait."""
PASSED = 2
"""Seconds that may have passed when a date is compared with the clock."""
DECOY = "sk-decoy-of-the-environment"
ELSEWHERE = "https://elsewhere.invalid"
REDIRECT = 307
JSON = "application/json"


def _headers(request: WireRequest) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


@requirement("CORE-45")
@over("first calls")
def test_accept(call: Call, subject: Subject, verdict: Verdict) -> None:
    """A request without the header takes anything. Clients that name JSON alone, and ask for a stream in the body, as
    the official one of OpenAI does, are given it."""
    found = _headers(sent_by(subject.plain(call), verdict)).get("accept", "*/*")
    told = call.exchange.response_headers.get("content-type", JSON).partition(";")[0].strip()
    wanted = dict.fromkeys((told, JSON) if call.stream else (told,))
    ranges = [one.partition(";")[0].strip().lower() for one in found.split(",")]
    taken = {"*/*", *wanted, *(f"{one.partition('/')[0]}/*" for one in wanted)}
    verdict.true(bool(taken & set(ranges)), f"an Accept header with {' or '.join(wanted)}", found)


@requirement("CORE-46")
@lane_shows("address")
@over("first calls")
def test_base_url_with_a_path(call: Call, subject: Subject, verdict: Verdict) -> None:
    base = urlsplit(subject.lane.base_url(subject.codec))
    moved = f"{base.scheme}://{base.netloc}{PREFIX}{base.path}"
    played = playback_of(call.exchange)
    outcome = subject.ask_input(call.model_id, call.input, lambda _: played, stream=call.stream, base_url=moved)
    path, plain = sent_by(outcome, verdict).path, sent_by(subject.plain(call), verdict).path
    verdict.equal(PREFIX + plain, path, f"a request below {PREFIX}, which is a part of the base URL")


@requirement("CORE-47")
@over("first calls")
def test_environment(call: Call, subject: Subject, verdict: Verdict, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = subject.codec.endpoint
    for name in endpoint.key_variables:
        monkeypatch.setenv(name, DECOY)
    monkeypatch.setenv(endpoint.base_url_variable, f"{ELSEWHERE}{endpoint.root}")
    with subject.anew():
        outcome = subject.ask(call)
    request = sent_by(outcome, verdict)
    host = urlsplit(subject.lane.base_url(subject.codec)).netloc
    verdict.true(endpoint.key_of(_headers(request), request.path) == CANARY, "the key that it was given", "another key")
    verdict.equal(host, _headers(request).get("host"), f"a request to {host}, the base URL that it was given")


@requirement("RESIL-14")
@lane_shows("address")
@over("first calls")
def test_redirect(call: Call, subject: Subject, verdict: Verdict) -> None:
    """To follow it or not is the adapter's choice."""
    base = urlsplit(subject.lane.base_url(subject.codec))
    other = f"http://localhost:{base.port}" if base.port else ELSEWHERE
    answers = iter([Playback(REDIRECT, {"location": f"{other}{base.path}/moved", "content-length": "0"})])
    recorded = playback_of(call.exchange)
    outcome = subject.ask_input(call.model_id, call.input, lambda _: next(answers, recorded), stream=call.stream)
    led_away = [one for one in outcome.performances if _headers(one.request).get("host") != base.netloc]
    verdict.true(not any(map(_shows_the_key, led_away)), f"no key for {other}, to which it was led", "the key")


def _shows_the_key(performance: Performance) -> bool:
    request = performance.request
    return any(CANARY in text for text in (request.path, *request.headers.values()))


@requirement("RESIL-15")
@over("first calls")
def test_key_is_in_no_log(
    call: Call,
    subject: Subject,
    verdict: Verdict,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with caplog.at_level(logging.DEBUG), subject.anew():
        subject.ask(call)
    shown = capsys.readouterr()
    places = {"the log": caplog.text, "what is printed": shown.out, "what is printed on stderr": shown.err}
    found = [place for place, text in places.items() if CANARY in text]
    verdict.true(not found, "a call that shows its key to nobody", f"the key in {', '.join(found)}")


@requirement("ERROR-22")
@over("first calls")
def test_names_of_headers(call: Call, subject: Subject, verdict: Verdict) -> None:
    """The same error, with its headers named in small letters and in capitals."""
    busy = subject.codec.encode_error(RateLimitError("busy", status_code=429, retry_after=WAIT))
    id_header = subject.codec.endpoint.request_id_header
    headers = {**busy.headers, **({id_header: "req_Capitals1"} if id_header else {})}

    def told(spelled: Callable[[str], str]) -> JsonObject:
        played = Playback(busy.status, {spelled(name): value for name, value in headers.items()}, (busy.body,))
        error = error_of(subject.ask(call, played), verdict)
        wait, name = getattr(error, "retry_after", None), type(error).__name__
        return {"error": name, "request_id": error.request_id, "retry_after": wait}

    verdict.equal(told(str.lower), told(str.title), "what it reads in headers that are named in small letters")


@requirement("ERROR-23")
@over("first calls")
def test_forms_of_the_wait(call: Call, subject: Subject, verdict: Verdict) -> None:
    """Where the provider says in a header how long to wait. A date counts from that of the answer, which is the same
    as from when it came."""
    busy = subject.codec.encode_error(RateLimitError("busy", status_code=429, retry_after=WAIT))
    if not WAITS & {name.lower() for name in busy.headers}:
        return
    others = {name: value for name, value in busy.headers.items() if name.lower() not in WAITS}

    def told(headers: dict[str, str]) -> float | None:
        outcome = subject.ask(call, Playback(busy.status, {**others, **headers}, (busy.body,)))
        verdict.true(isinstance(outcome.error, RateLimitError), f"RateLimitError for {headers}", outcome.describe)
        found: float | None = getattr(outcome.error, "retry_after", None)
        return found

    now = datetime.now(UTC)
    date, then = (format_datetime(time, usegmt=True) for time in (now, now + timedelta(seconds=WAIT)))
    for headers, least in (
        ({"retry-after": f"{WAIT:g}"}, WAIT),
        ({"retry-after": f"{WAIT:g}", "retry-after-ms": f"{WAIT * 1000 - 500:g}"}, WAIT - 0.5),
        ({"retry-after": then, "date": date}, WAIT - PASSED),
    ):
        found = told(headers)
        is_right = found is not None and least <= found <= WAIT
        verdict.true(is_right, f"a wait of {least:g} to {WAIT:g} seconds for {headers}", f"{found}")
    verdict.equal(None, told({"retry-after": "soon"}), "no wait for a retry-after that is neither")


@requirement("STREAM-27")
@over("first calls")
def test_content_type_of_an_answer(call: Call, subject: Subject, verdict: Verdict) -> None:
    played = playback_of(call.exchange)
    kind = played.headers.get("content-type", "application/json").partition(";")[0]
    for spelled in (f"{kind}; charset=UTF-8", f'{kind} ;charset="utf-8"'):
        outcome = subject.ask(call, replace(played, headers={**played.headers, "content-type": spelled}))
        verdict.same(subject.plain(call), outcome, f"the answer of content type {spelled}")
