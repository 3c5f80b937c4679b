"""A law of this codec alone; those of every codec stand in ``providers/test_laws.py``."""

import json
from dataclasses import replace

from hypothesis import HealthCheck, given, settings

from llm_sdk.accumulator import to_partials
from llm_sdk.codec import SeededIds
from llm_sdk.testing import responses
from llm_sdk.types import ModelResponse
from providers.google.carried import carried_response
from providers.google.given import CODEC, call, feed

RESPONSES = responses(replace(CODEC.capabilities, provider_tools=frozenset()))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(RESPONSES)
def test_what_was_read_of_a_stream_is_written_as_the_same_stream(response: ModelResponse) -> None:
    first = CODEC.stream_encoder(call=call(stream=True), ids=SeededIds())
    events = [event for partial in to_partials(carried_response(response), list) for event in first.feed(partial)]
    chunks = [json.loads(event.data) for event in events + first.close()]
    again = CODEC.stream_encoder(call=call(stream=True), ids=SeededIds())
    rewritten = [event for partial in feed(*chunks) for event in again.feed(partial)] + again.close()
    assert [json.loads(event.data) for event in rewritten] == chunks
