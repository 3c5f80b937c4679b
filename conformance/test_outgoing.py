"""Where requests go, what they leave to the provider, and what of an earlier answer they must not lose."""

import json
from functools import partial
from urllib.parse import urlsplit

from conformance.conversation import Conversation
from conformance.marks import lane_shows, over, requirement
from conformance.plan import Call, StagedCalls
from conformance.replay import Playback, playback_of
from conformance.subject import Subject
from conformance.test_requests import read, sent_by
from conformance.verdict import Verdict
from llm_sdk.codec import ModelCall, WireRequest


@requirement("CORE-38")
@lane_shows("address")
@over("first calls")
def test_base_url(call: Call, subject: Subject, verdict: Verdict) -> None:
    """The lane stands at an address that no provider has."""
    headers = {name.lower(): value for name, value in sent_by(subject.plain(call), verdict).headers.items()}
    host = urlsplit(subject.lane.base_url(subject.codec)).netloc
    verdict.equal(host, headers.get("host"), f"a request to {host}, the base URL that the adapter was given")


@requirement("CORE-39")
@over("own calls without extra")
def test_what_is_unset_is_not_null(call: Call, subject: Subject, verdict: Verdict) -> None:
    body = json.loads(sent_by(subject.plain(call), verdict).body)
    nulls = [name for name, value in body.items() if value is None]
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
