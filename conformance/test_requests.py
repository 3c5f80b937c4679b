"""What an adapter sends, judged by what the provider reads in it."""

import json
import re
from functools import partial
from typing import Any

import pytest

from conformance.conversation import Conversation
from conformance.marks import over, requirement
from conformance.outcome import Outcome
from conformance.plan import Call, Refusal, StagedCalls
from conformance.published import DEFAULT_FOLDER, load_schemas
from conformance.replay import Playback, playback_of
from conformance.subject import CANARY, Subject
from conformance.verdict import Verdict
from llm_sdk.capabilities import check
from llm_sdk.codec import ModelCall, WireRequest
from llm_sdk.errors import LanguageModelError, UnsupportedError
from llm_sdk.services import services_of
from llm_sdk.types import LanguageModelInput

STEP = re.compile(r"[.\[]")
"""What stands between the steps of a path."""


def sent_by(outcome: Outcome, verdict: Verdict) -> WireRequest:
    """The first request of a call that has to send one."""
    if not outcome.performances:
        verdict.fail("a request", f"nothing was sent; {outcome.describe()}")
    return outcome.performances[0].request


def read(request: WireRequest, subject: Subject, verdict: Verdict) -> ModelCall:
    """The request as the provider reads it."""
    try:
        return subject.codec.decode_request(request)
    except LanguageModelError as error:
        verdict.fail("a request that the provider can read", f"{error}: {request.body.decode('utf-8', 'replace')}")


def body_of(request: WireRequest, verdict: Verdict) -> Any:
    """The body of a request, as JSON."""
    try:
        return json.loads(request.body)
    except ValueError:
        verdict.fail("a body that is JSON", request.body.decode("utf-8", "replace"))


def judge_meaning(call: Call, found: ModelCall, verdict: Verdict, what: str) -> None:
    """What was read of a request has to be what the input says."""
    if misread := call.misreading(found.input.model_dump(mode="json")):
        verdict.fail(what, misread)


def _complaints(request: WireRequest, found: ModelCall, subject: Subject) -> set[str]:
    """What the provider refuses of a request that it can read."""
    return {fault.message for fault in services_of(subject.codec).validate(request, found)}


@requirement(about=("request",), otherwise=("CORE-09",))
@over("calls")
def test_meaning(call: Call, subject: Subject, verdict: Verdict) -> None:
    if call.is_marked:
        pytest.skip("every adapter marks reasoning in its own way: the check of the whole conversation judges it")
    request = sent_by(subject.plain(call), verdict)
    found = read(request, subject, verdict)
    judge_meaning(call, found, verdict, "a request that says what the input says")
    if call.is_answered and (complaints := _complaints(request, found, subject)):
        own = subject.codec.encode_request(call.model_id, call.input, stream=call.stream)
        unsaid = complaints - _complaints(own, found, subject)  # the others are about what the input says
        verdict.true(
            not unsaid, "a request that the provider takes", f"one that it refuses: {' '.join(sorted(unsaid))}"
        )


@requirement("CORE-16")
@over("calls")
def test_endpoint(call: Call, subject: Subject, verdict: Verdict) -> None:
    request = sent_by(subject.plain(call), verdict)
    sent, base = subject.plain(call).performances, subject.lane.base_url(subject.codec)
    elsewhere = [found.url for found in sent if found.url and not found.url.startswith(base)]
    verdict.true(not elsewhere, f"requests to {base} alone", ", ".join(elsewhere))
    if call.is_answered:
        verdict.true(len(sent) == 1, "one request for one answer", f"{len(sent)} requests")
    route = subject.codec.match(request.method, request.path)
    if route is None:
        verdict.fail("a request to the provider's endpoint", f"{request.method} {request.path}")
    found = read(request, subject, verdict)
    model_id = found.model_id if route.model_id is None else route.model_id
    stream = found.stream if route.stream is None else route.stream
    expected = {"model_id": call.model_id, "stream": call.stream}
    verdict.equal(expected, {"model_id": model_id, "stream": stream}, "the model asked for, streamed or not")


@requirement("CORE-17")
@over("own calls without extra")
def test_schema(call: Call, subject: Subject, verdict: Verdict) -> None:
    """What the caller puts into a request by its own name for it is the caller's own affair."""
    schemas = load_schemas(call.provider, DEFAULT_FOLDER)
    if "request" not in schemas.kinds:
        pytest.skip("the provider's published schema is not at hand")
    complaint = schemas.complaint("request", body_of(sent_by(subject.plain(call), verdict), verdict))
    verdict.true(not complaint, "a body that satisfies the provider's published schema", complaint)


@requirement(about=("completeness",))
@over("own calls")
def test_asks_for_what_goes_back(call: Call, subject: Subject, verdict: Verdict) -> None:
    """Lists of words at the top of the reference's request, such as what to include, are asked for too."""
    body = body_of(sent_by(subject.plain(call), verdict), verdict)
    reference = json.loads(subject.codec.encode_request(call.model_id, call.input, stream=call.stream).body)
    for name, wanted in reference.items():
        if isinstance(wanted, list) and all(isinstance(word, str) for word in wanted):
            missing = [word for word in wanted if word not in (body.get(name) or [])]
            verdict.true(not missing, f"{name} with {', '.join(wanted)}", f"{name} without {', '.join(missing)}")


def _give(answer: Playback, _: WireRequest) -> Playback:
    return answer


@requirement("CORE-13", about=("request",))
@over("conversations")
def test_conversation(conversation: StagedCalls, subject: Subject, verdict: Verdict) -> None:
    """Every stage is asked with the adapter's own earlier answers as history."""
    said = Conversation()
    for call in conversation.calls:
        assert call.stage is not None
        input = said.next_input(call.stage.input)
        answer = playback_of(call.exchange)
        outcome = subject.ask_input(call.model_id, input, partial(_give, answer), stream=call.stream)
        found = read(sent_by(outcome, verdict), subject, verdict)
        judge_meaning(call, found, verdict, f"at stage {call.position}, the conversation so far")
        if call is conversation.calls[-1]:
            return
        if outcome.response is None:
            verdict.fail(f"an answer at stage {call.position}", outcome.describe())
        said.add_answer(outcome.response, call.stage.reply)


@requirement(about=("unsupported",), otherwise=("CORE-18",))
@over("refusals")
@pytest.mark.parametrize("stream", [False, True], ids=["generate", "stream"])
def test_unsupported(refusal: Refusal, subject: Subject, verdict: Verdict, stream: bool) -> None:
    outcome = subject.ask_input("conformance-model", refusal.input, lambda _: Playback(500), stream=stream)
    if not isinstance(outcome.error, UnsupportedError):
        verdict.fail(f"UnsupportedError at {refusal.path}", outcome.describe())
    found, places = outcome.error.path or "no path", _places(refusal, subject)
    told = any(_is_there(place, found) for place in places)
    verdict.true(told, f"the path of what is not supported: {' or '.join(places)}", found)
    verdict.true(not outcome.performances, "nothing is sent", "a request was sent")


def _places(refusal: Refusal, subject: Subject) -> list[str]:
    """Where the input asks for what cannot be had: with several options of the kind, any may be told first."""
    found = {refusal.path: None}
    for option in refusal.input.model_fields_set - {"messages"}:
        alone = LanguageModelInput(messages=[]).model_copy(update={option: getattr(refusal.input, option)})
        try:
            check(alone, subject.codec.capabilities, subject.codec.provider)
        except UnsupportedError as error:
            found[error.path] = None
    return sorted(found)


def _is_there(expected: str, path: str) -> bool:
    """Whether two paths are one place, of which either may say more: ``tools[0]`` is where ``tools[0].max_uses`` is."""
    short, long = sorted((STEP.split(expected), STEP.split(path)), key=len)
    return long[: len(short)] == short


@requirement("CORE-22")
@over("own calls")
def test_input_is_left_alone(call: Call, subject: Subject, verdict: Verdict) -> None:
    input = call.input.model_copy(deep=True)
    before = input.model_dump(mode="json")
    played = playback_of(call.exchange)
    subject.ask_input(call.model_id, input, lambda _: played, stream=call.stream)
    verdict.equal(before, input.model_dump(mode="json"), "the caller's input as it was")


@requirement("RESIL-09")
@over("calls")
def test_key_is_in_its_header(call: Call, subject: Subject, verdict: Verdict) -> None:
    request = sent_by(subject.plain(call), verdict)
    endpoint = subject.codec.endpoint
    headers = {name.lower(): value for name, value in request.headers.items()}
    found = endpoint.key_of(headers, request.path)
    verdict.true(found == CANARY, f"the key in {endpoint.key_header}", f"{found!r}")
    verdict.true(CANARY not in request.path, "an address without the key", f"the key in {request.path}")
    verdict.true(CANARY.encode() not in request.body, "a body without the key", "the key in the body")
