"""Laws of this codec, on generated inputs and responses. What the wire cannot carry is listed in ``carried``."""

import base64
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.published import PublishedSchemas
from llm_sdk.accumulator import accumulate, to_partials
from llm_sdk.codec import SeededIds, WireRequest
from llm_sdk.errors import LanguageModelError
from llm_sdk.testing import fragments, inputs, responses
from llm_sdk.types import FilePart, LanguageModelInput, ModelResponse, Part, ToolResultPart
from providers.anthropic.carried import carried_input, carried_response
from providers.anthropic.given import CODEC, MODEL, call, feed, plain, reply


def is_readable(part: Part) -> bool:
    """Whether a document of text is text: the strategies fill it with any bytes."""
    if isinstance(part, ToolResultPart):
        return all(map(is_readable, part.content))
    if not isinstance(part, FilePart) or part.mime_type != "text/plain" or part.data is None:
        return True
    try:
        return bool(base64.b64decode(part.data).decode())
    except UnicodeDecodeError:
        return False


def has_readable_files(input: LanguageModelInput) -> bool:
    return all(is_readable(part) for message in input.messages for part in message.content)


def leaves_room_to_answer(input: LanguageModelInput) -> bool:
    """Whether the limit is above the budget for thinking, as the API wants it."""
    budget = (input.reasoning.budget_tokens if input.reasoning is not None else None) or 0
    return input.max_tokens is None or input.max_tokens > budget


INPUTS = inputs(CODEC.capabilities, max_turns=2).filter(has_readable_files).filter(leaves_room_to_answer)
RESPONSES = responses(CODEC.capabilities)
settings.register_profile("codec", max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
CODEC_SETTINGS = settings.get_profile("codec")


@CODEC_SETTINGS
@given(INPUTS)
def test_a_request_that_is_written_and_read_asks_for_the_same(input: LanguageModelInput) -> None:
    asked = carried_input(input)
    sent = CODEC.encode_request(MODEL, asked, stream=True)
    call = CODEC.decode_request(WireRequest("POST", "/v1/messages", sent.body))
    assert plain(call.input) == plain(asked)
    assert (call.model_id, call.stream, call.warnings) == (MODEL, True, ())


@CODEC_SETTINGS
@given(INPUTS)
def test_a_request_that_is_read_and_written_again_is_the_same(input: LanguageModelInput) -> None:
    sent = CODEC.encode_request(MODEL, input, stream=False)
    call = CODEC.decode_request(WireRequest("POST", "/v1/messages", sent.body))
    again = CODEC.encode_request(call.model_id, call.input, stream=call.stream)
    assert CODEC.normalize_request(json.loads(again.body)) == CODEC.normalize_request(json.loads(sent.body))


@CODEC_SETTINGS
@given(INPUTS.filter(lambda asked: asked.temperature is None or asked.temperature <= 1))
def test_the_published_schema_accepts_every_request(published: PublishedSchemas, input: LanguageModelInput) -> None:
    body = json.loads(CODEC.encode_request(MODEL, input, stream=False).body)
    assert published.complaint("request", body) == ""


@CODEC_SETTINGS
@given(RESPONSES)
def test_a_response_that_is_written_and_read_says_the_same(response: ModelResponse) -> None:
    said = carried_response(response)
    written = CODEC.encode_response(said, call=call(), ids=SeededIds())
    assert plain(CODEC.decode_response(written)) == plain(said)


@CODEC_SETTINGS
@given(RESPONSES, st.data())
def test_a_stream_adds_up_to_the_whole_answer(response: ModelResponse, data: st.DataObject) -> None:
    """Law 8, however the texts and arguments are cut."""
    said = carried_response(response)
    encoder = CODEC.stream_encoder(call=call(stream=True), ids=SeededIds())
    partials = to_partials(said, lambda text: data.draw(fragments(text)))
    events = [event for partial in partials for event in encoder.feed(partial)] + encoder.close()
    assert plain(accumulate(feed(*events))) == plain(said)


@CODEC_SETTINGS
@given(RESPONSES)
def test_the_published_schema_accepts_every_answer(published: PublishedSchemas, response: ModelResponse) -> None:
    written = CODEC.encode_response(response, call=call(), ids=SeededIds())
    assert published.complaint("response", json.loads(written.body)) == ""
    encoder = CODEC.stream_encoder(call=call(stream=True), ids=SeededIds())
    events = [event for partial in to_partials(response) for event in encoder.feed(partial)] + encoder.close()
    for event in events:
        assert published.complaint("stream_event", json.loads(event.data)) == ""


@CODEC_SETTINGS
@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_no_body_whatever_gives_another_error_than_ours(body: bytes) -> None:
    for act in (CODEC.decode_response, CODEC.decode_error):
        try:
            act(reply(body))
        except LanguageModelError:
            continue
