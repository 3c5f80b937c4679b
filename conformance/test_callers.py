"""Who calls, and from where: another event loop, code that runs on one, several threads; and what of the caller's is
left to the caller."""

from dataclasses import replace

from conformance.marks import lane_shows, over, requirement
from conformance.outcome import Outcome
from conformance.plan import Call
from conformance.replay import Hold, Playback, playback_of
from conformance.subject import CANARY, Subject
from conformance.variation import spoken
from conformance.verdict import Verdict
from llm_sdk.codec import WireRequest
from llm_sdk.types import LanguageModelInput, ModelResponse, ModelUsage, TextPart, UserMessage

THREADS = 3
USAGE = ModelUsage(input_tokens=10, output_tokens=20)
"""Some protocols want one in every answer."""


@requirement("RESIL-18")
@over("first calls")
def test_another_event_loop(call: Call, subject: Subject, verdict: Verdict) -> None:
    """One after the other, as two asyncio.run make them, and then the first again."""
    expected = subject.plain(call)
    with subject.under_another_loop():
        verdict.same(expected, subject.ask(call), "the same under another event loop as under the first")
    with subject.under_another_loop():
        verdict.same(expected, subject.ask(call), "the same under a third event loop, the second of which has ended")
    verdict.same(expected, subject.ask(call), "the same under the first event loop, after others")


@requirement("RESIL-19")
@over("first calls")
def test_sync_twin_amid_a_loop(call: Call, subject: Subject, verdict: Verdict) -> None:
    verdict.same(subject.ask(call, sync=True), subject.ask_amid_a_loop(call), "the same as where no event loop runs")


@requirement("RESIL-22")
@over("first calls")
@lane_shows("holding")
def test_sync_twin_in_threads(call: Call, subject: Subject, verdict: Verdict) -> None:
    """Each answer is held back until all requests have come, or one of the calls has ended."""
    calls = [spoken(replace(call, input=_asking(number)), _said(number)) for number in range(THREADS)]
    calls = [subject.as_asked(one) for one in calls]
    hold, came = Hold(before=0), []

    def answer(request: WireRequest) -> Playback:
        came.append(request)
        if len(came) == THREADS:
            hold.release()
        asked = next((one for number, one in enumerate(calls) if _word(number).encode() in request.body), None)
        return Playback(ending="refused") if asked is None else playback_of(asked.exchange, asked.events, hold=hold)

    outcomes = subject.ask_in_threads(calls, answer, hold.release)
    for number, outcome in enumerate(outcomes):
        text = _text_of(outcome)
        verdict.true(text == _told(number), f"{_told(number)!r}, with {THREADS} threads at once", _shown(outcome, text))


def _word(number: int) -> str:
    return f"thread-{number}"


def _told(number: int) -> str:
    return f"This is what {_word(number)} was told."


def _asking(number: int) -> LanguageModelInput:
    return LanguageModelInput(messages=[UserMessage(content=[TextPart(text=f"What is said to {_word(number)}?")])])


def _said(number: int) -> ModelResponse:
    return ModelResponse(content=[TextPart(text=_told(number))], finish_reason="stop", usage=USAGE)


def _text_of(outcome: Outcome) -> str:
    content = outcome.response.content if outcome.response is not None else []
    return "".join(part.text for part in content if isinstance(part, TextPart))


def _shown(outcome: Outcome, text: str) -> str:
    return repr(text) if outcome.response is not None else outcome.describe()


@requirement("STREAM-18")
@over("first streams")
@lane_shows("holding")
def test_deltas_of_the_sync_twin_come_at_once(call: Call, subject: Subject, verdict: Verdict) -> None:
    hold = Hold(before=len(call.events) - 1)
    subject.tells_early_in_place(call, playback_of(call.exchange, call.events, hold=hold))
    verdict.true(not hold.expired, "a delta before the last event was sent", "no delta until the end")


@requirement("RESIL-20")
@over("first calls")
@lane_shows("client")
def test_client_stays_open(call: Call, subject: Subject, verdict: Verdict) -> None:
    with subject.anew():
        subject.ask(call)
        closings = subject.lane.closings
    verdict.true(not closings, "a client that stays open after the call: it is the caller's", "the adapter closed it")


@requirement("RESIL-21")
@over("first calls")
def test_key_is_not_shown_by_the_model(call: Call, subject: Subject, verdict: Verdict) -> None:
    subject.plain(call)
    model = subject.model(call.model_id)
    found = [name for name, shown in (("repr", repr(model)), ("str", str(model))) if CANARY in shown]
    verdict.true(not found, "a model that shows its key to nobody", f"the key in {' and '.join(found)} of the model")
