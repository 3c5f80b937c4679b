"""Where requests go, what they leave to the provider, and what of an earlier answer they must not lose."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

from conformance.conversation import Conversation
from conformance.marks import lane_shows, over, requirement
from conformance.plan import Call, StagedCalls
from conformance.replay import Playback, playback_of
from conformance.subject import Subject
from conformance.test_requests import read, sent_by
from conformance.verdict import Verdict
from llm_sdk.codec import Codec, ModelCall, SeededIds, WireRequest
from llm_sdk.types import LanguageModelInput, Message, ModelResponse, ModelUsage, TextPart, UserMessage

LONG = 12_000
"""Words, of some 100,000 characters."""
MODELS = ("Org/Model-7B.v1", "Model-7B.v1")


@requirement("CORE-38")
@lane_shows("address")
@over("first calls")
def test_base_url(call: Call, subject: Subject, verdict: Verdict) -> None:
    """The lane stands at an address that no provider has."""
    headers = {name.lower(): value for name, value in sent_by(subject.plain(call), verdict).headers.items()}
    host = urlsplit(subject.lane.base_url(subject.codec)).netloc
    verdict.equal(host, headers.get("host"), f"a request to {host}, the base URL that the adapter was given")


@requirement("CORE-41")
@lane_shows("address")
@over("first calls")
def test_base_url_with_a_slash(call: Call, subject: Subject, verdict: Verdict) -> None:
    played = playback_of(call.exchange)
    base_url = subject.lane.base_url(subject.codec) + "/"
    outcome = subject.ask_input(call.model_id, call.input, lambda _: played, stream=call.stream, base_url=base_url)
    request, plain = sent_by(outcome, verdict), sent_by(subject.plain(call), verdict)
    verdict.equal(plain.path, request.path, "the same path as without the slash")


@requirement("CORE-42")
@over("first calls")
def test_name_of_the_model(call: Call, subject: Subject, verdict: Verdict) -> None:
    """Also of a model that was made before another one."""
    played = playback_of(call.exchange)
    subject.plain(call)
    model_id = next(name for name in MODELS if _is_kept(name, call, subject))
    outcome = subject.ask_input(model_id, call.input, lambda _: played, stream=call.stream)
    request = sent_by(outcome, verdict)
    verdict.equal(model_id, read(request, subject, verdict).model_id, f"the model {model_id}")
    again = read(sent_by(subject.ask(call), verdict), subject, verdict)
    verdict.equal(call.model_id, again.model_id, f"the model {call.model_id}, although there is another one")


def _is_kept(model_id: str, call: Call, subject: Subject) -> bool:
    """Whether the protocol has this name as it stands: in a path a slash may be more than a part of the name."""
    codec = subject.codec
    request = codec.encode_request(model_id, call.input, stream=call.stream)
    path = codec.endpoint.root + request.path
    return codec.match(request.method, path) is not None and _model_of(codec, replace(request, path=path)) == model_id


def _model_of(codec: Codec, request: WireRequest) -> str:
    return codec.decode_request(request).model_id


@requirement("CORE-44")
@over("first calls")
def test_content_type(call: Call, subject: Subject, verdict: Verdict) -> None:
    headers = {name.lower(): value for name, value in sent_by(subject.plain(call), verdict).headers.items()}
    found = headers.get("content-type", "none").partition(";")[0].strip().lower()
    verdict.equal("application/json", found, "the content type application/json")


@requirement("CORE-43")
@over("first calls")
def test_long_texts(call: Call, subject: Subject, verdict: Verdict) -> None:
    """Both ways; the recorded streams stay as they are, for events of any size are another matter."""
    text = " ".join(f"word{number}" for number in range(LONG))
    input = LanguageModelInput(messages=[UserMessage(content=[TextPart(text=text)])])
    usage = ModelUsage(input_tokens=LONG, output_tokens=LONG)  # which some protocols want in every answer
    answer = ModelResponse(content=[TextPart(text=text)], finish_reason="stop", usage=usage)
    asked = ModelCall(call.model_id, input, stream=False)
    spoken = subject.codec.encode_response(answer, call=asked, ids=SeededIds())
    played = playback_of(call.exchange) if call.stream else Playback(spoken.status, spoken.headers, (spoken.body,))
    outcome = subject.ask_input(call.model_id, input, lambda _: played, stream=call.stream)
    found = read(sent_by(outcome, verdict), subject, verdict).input.messages
    verdict.true(_words(found) == LONG, f"a request of {LONG} words", f"{_words(found)} words")
    if call.stream:
        return
    if outcome.response is None:
        verdict.fail(f"an answer of {LONG} words", outcome.describe())
    given = "".join(part.text for part in outcome.response.content if isinstance(part, TextPart))
    verdict.true(given == text, f"an answer of {LONG} words", f"{len(given.split())} words, or other ones")


def _words(messages: Sequence[Message]) -> int:
    texts = [part.text for message in messages for part in message.content if isinstance(part, TextPart)]
    return len(" ".join(texts).split())


@requirement("CORE-39")
@over("own calls without extra")
def test_what_is_unset_is_not_null(call: Call, subject: Subject, verdict: Verdict) -> None:
    body = json.loads(sent_by(subject.plain(call), verdict).body)
    nulls = [name for name, value in body.items() if value is None and name not in call.codec.capabilities.nulls]
    verdict.true(not nulls, "a body without the fields that nobody has set", f"null for {', '.join(nulls)}")


@requirement(about=("return",))
@over("conversations")
def test_signatures_of_texts_go_back(conversation: StagedCalls, subject: Subject, verdict: Verdict) -> None:
    """However an adapter keeps it: what counts is the signature that the provider reads with the text."""
    said = Conversation()
    for call in conversation.calls:
        assert call.stage is not None
        input = said.next_input(call.stage.input)
        played = playback_of(call.exchange)
        outcome = subject.ask_input(call.model_id, input, partial(_give, played), stream=call.stream)
        expected = subject.codec.decode_request(
            subject.codec.encode_request(call.model_id, call.input, stream=call.stream)
        )
        found = read(sent_by(outcome, verdict), subject, verdict)
        verdict.equal(
            _signatures(expected), _signatures(found), f"at stage {call.position}, the signatures of the texts"
        )
        if outcome.response is None:
            verdict.fail(f"an answer at stage {call.position}", outcome.describe())
        said.add_answer(outcome.response, call.stage.reply)


def _give(answer: Playback, _: WireRequest) -> Playback:
    return answer


def _signatures(sent: ModelCall) -> list[str | None]:
    parts = [part for message in sent.input.messages for part in message.content]
    return [part.signature for part in parts if part.type == "text"]
