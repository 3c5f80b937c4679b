"""What an adapter makes of an answer, whole and streamed."""

from conformance.expectations import (
    EMPTY,
    content_as_expected,
    expected_content,
    expected_finish_reason,
    expected_response,
    expected_usage,
    provider_words,
    usage_as_expected,
)
from conformance.marks import over, requirement
from conformance.outcome import Outcome, as_json, drop_made_up
from conformance.plan import Call, Pair
from conformance.subject import Subject
from conformance.verdict import Verdict
from llm_sdk.errors import LanguageModelError, RefusalError
from llm_sdk.types import JsonObject, ModelResponse


def answer_of(outcome: Outcome, verdict: Verdict) -> ModelResponse:
    """The response of a call that has to have one."""
    if outcome.response is None:
        verdict.fail("an answer", outcome.describe())
    return outcome.response


@requirement(about=("answer",), otherwise=("CORE-01",))
@over("answers")
def test_content(call: Call, subject: Subject, verdict: Verdict) -> None:
    expected = expected_content(call)
    answer = answer_of(subject.plain(call), verdict)
    verdict.equal(expected, content_as_expected(answer, expected), "the content of the recorded answer")
    ids = [part.tool_call_id for part in answer.content if part.type == "tool-call"]
    verdict.true(len(set(ids)) == len(ids), "an id of its own for every call", f"the ids {', '.join(ids)}")


@requirement(about=("finish",), otherwise=("CORE-05",))
@over("answers")
def test_finish_reason(call: Call, subject: Subject, verdict: Verdict) -> None:
    answer, expected = answer_of(subject.plain(call), verdict), expected_finish_reason(call)
    verdict.equal(expected, answer.finish_reason, f"finish_reason {expected}")


@requirement(
    about=("usage",),
    otherwise=(
        "USAGE-01",
        "USAGE-03",
    ),
)
@over("answers")
def test_usage(call: Call, subject: Subject, verdict: Verdict) -> None:
    expected = expected_usage(call)
    answer = answer_of(subject.plain(call), verdict)
    verdict.equal(expected, usage_as_expected(answer, expected), "the usage of the recorded answer")


@requirement(about=("identity",), otherwise=("CORE-08",))
@over("answers")
def test_identity(call: Call, subject: Subject, verdict: Verdict) -> None:
    answer, golden = answer_of(subject.plain(call), verdict), call.golden.response
    expected = {"id": golden.id, "model_id": golden.model_id} if golden else {}
    verdict.equal(expected, {"id": answer.id, "model_id": answer.model_id}, "the ids of the recorded answer")


@requirement("CORE-19")
@over("opaque answers")
def test_warning(call: Call, subject: Subject, verdict: Verdict) -> None:
    answer = answer_of(subject.plain(call), verdict)
    verdict.true(bool(answer.warnings), "a warning for the block without a unified form", "no warning")


@requirement(about=("warning",), otherwise=("CORE-23",))
@over("answers with warnings")
def test_what_is_left_out_is_told(call: Call, subject: Subject, verdict: Verdict) -> None:
    """Each adapter in its own words: any one of those that can name the same thing will do. Who leaves nothing out has
    nothing to tell."""
    if leaves_nothing_out(call, subject):
        return
    told = " ".join(answer_of(subject.plain(call), verdict).warnings or ())
    missing = [words for words in call.warns if not any(word.lower() in told.lower() for word in words.split(" | "))]
    verdict.true(not missing, f"a warning about {', '.join(missing)}", told or "no warning")


def leaves_nothing_out(call: Call, subject: Subject) -> bool:
    """Whether the request says all of the input, although the protocol was not thought to carry it."""
    outcome = subject.plain(call)
    if call.says_all(call.reading()) or not outcome.performances:
        return False
    try:
        return call.says_all(call.codec.decode_request(outcome.performances[0].request).input.model_dump(mode="json"))
    except LanguageModelError:
        return False


@requirement(about=("error",), otherwise=("CORE-07",))
@over("model refusals")
def test_refusal(call: Call, subject: Subject, verdict: Verdict) -> None:
    outcome, golden = subject.plain(call), call.golden.error
    assert isinstance(golden, RefusalError)
    if not isinstance(outcome.error, RefusalError):
        verdict.fail(f"RefusalError with {golden.refusal!r}", outcome.describe())
    words = provider_words(call, golden.refusal)
    if words is None:
        verdict.equal(golden.refusal, outcome.error.refusal, "the model's own words")
    else:
        told = all(word in outcome.error.refusal for word in words)
        verdict.true(told, f"a refusal that says {' '.join(words)}", outcome.error.refusal)


@requirement("STREAM-01")
@over("answer pairs")
def test_stream_adds_up_to_the_whole(pair: Pair, subject: Subject, verdict: Verdict) -> None:
    whole, streamed = (_as_told(subject.plain(call)) for call in (pair.whole, pair.streamed))
    script = _without_empty_texts({"response": expected_response(pair.whole)})
    expected, actual = drop_made_up(whole, script), drop_made_up(streamed, script)
    verdict.equal(expected, actual, "the stream adds up to what generate gives")


def _as_told(outcome: Outcome) -> JsonObject:
    """The outcome with the number of its warnings, for how each of them is worded may depend on who adds up the deltas,
    and without texts of no characters, of which a stream may have no delta."""
    told = _without_empty_texts(as_json(outcome))
    if (response := told.get("response")) and response.get("warnings"):
        response["warnings"] = len(response["warnings"])
    return told


def _without_empty_texts(told: JsonObject) -> JsonObject:
    response = told.get("response")
    if not response:
        return told
    return {**told, "response": {**response, "content": [part for part in response["content"] if part != EMPTY]}}


@requirement("CORE-21")
@over("calls")
def test_sync_twin(call: Call, subject: Subject, verdict: Verdict) -> None:
    verdict.same(subject.plain(call), subject.ask(call, sync=True), "the outcome of the asynchronous call")
