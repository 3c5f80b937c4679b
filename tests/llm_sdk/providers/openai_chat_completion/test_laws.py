"""Laws of this codec, on generated inputs and responses. What the wire cannot carry is listed in ``carried``."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.published import PublishedSchemas
from llm_sdk.accumulator import accumulate
from llm_sdk.codec import SeededIds
from llm_sdk.errors import LanguageModelError
from llm_sdk.sse import ServerSentEvent
from llm_sdk.testing import fragments, inputs, responses
from llm_sdk.types import LanguageModelInput, ModelResponse
from providers.openai_chat_completion.carried import carried_input, carried_response
from providers.openai_chat_completion.given import CODEC, MODEL, call, feed, plain, read, reply, stream_of


def can_be_asked(input: LanguageModelInput) -> bool:
    """Answers in audio need a voice."""
    return input.audio is None or bool(input.audio.voice)


INPUTS = inputs(CODEC.capabilities, max_turns=2).filter(can_be_asked)
RESPONSES = responses(CODEC.capabilities)
settings.register_profile("codec", max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
CODEC_SETTINGS = settings.get_profile("codec")


@CODEC_SETTINGS
@given(INPUTS)
def test_a_request_that_is_written_and_read_asks_for_the_same(input: LanguageModelInput) -> None:
    asked = carried_input(input)
    found = read(CODEC.encode_request(MODEL, input, stream=True).body)
    assert plain(found.input) == plain(asked)
    assert (found.model_id, found.stream, found.warnings) == (MODEL, True, ())


@CODEC_SETTINGS
@given(INPUTS, st.booleans())
def test_a_request_that_is_read_and_written_again_is_the_same(input: LanguageModelInput, stream: bool) -> None:
    sent = CODEC.encode_request(MODEL, input, stream=stream)
    found = read(sent.body)
    again = CODEC.encode_request(found.model_id, found.input, stream=found.stream)
    assert CODEC.normalize_request(json.loads(again.body)) == CODEC.normalize_request(json.loads(sent.body))


@CODEC_SETTINGS
@given(INPUTS)
def test_the_published_schema_accepts_every_request(published: PublishedSchemas, input: LanguageModelInput) -> None:
    body = json.loads(CODEC.encode_request(MODEL, input, stream=False).body)
    assert published.complaint("request", body) == ""


@CODEC_SETTINGS
@given(RESPONSES)
def test_a_response_that_is_written_and_read_says_the_same(response: ModelResponse) -> None:
    said = carried_response(response)
    assert plain(CODEC.decode_response(CODEC.encode_response(said, call=call(), ids=SeededIds()))) == plain(said)


@CODEC_SETTINGS
@given(RESPONSES, st.data())
def test_a_stream_adds_up_to_the_whole_answer(response: ModelResponse, data: st.DataObject) -> None:
    """Law 8, however the texts and arguments are cut."""
    said = carried_response(response)
    events = stream_of(said, lambda text: data.draw(fragments(text)))
    assert plain(accumulate(feed(*events))) == plain(said)


@CODEC_SETTINGS
@given(RESPONSES)
def test_made_up_ids_are_the_same_whole_and_streamed(response: ModelResponse) -> None:
    whole = CODEC.decode_response(CODEC.encode_response(response, call=call(), ids=SeededIds()))
    assert accumulate(feed(*stream_of(response))).id == whole.id


@CODEC_SETTINGS
@given(RESPONSES)
def test_the_published_schema_accepts_every_answer(published: PublishedSchemas, response: ModelResponse) -> None:
    written = CODEC.encode_response(response, call=call(), ids=SeededIds())
    assert published.complaint("response", json.loads(written.body)) == ""
    *events, _ = stream_of(response)
    for event in events:
        assert published.complaint("stream_event", json.loads(event.data)) == ""


@CODEC_SETTINGS
@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_no_body_whatever_gives_another_error_than_ours(body: bytes) -> None:
    for act in (CODEC.decode_response, CODEC.decode_error, lambda _: read(body), lambda _: feed(ServerSentEvent(body))):
        try:
            act(reply(body))
        except LanguageModelError:
            continue
