"""The laws of every codec, on generated inputs and responses. What a wire cannot carry stands in its ``carried``."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.published import DEFAULT_FOLDER, PublishedSchemas, load_schemas
from llm_sdk.accumulator import accumulate, to_partials
from llm_sdk.codec import Codec, ModelCall, WireRequest, WireResponse
from llm_sdk.errors import LanguageModelError
from llm_sdk.registry import PROVIDERS, get_codec
from llm_sdk.sse import ServerSentEvent
from llm_sdk.testing import fragments, inputs, responses
from llm_sdk.types import LanguageModelInput, ModelResponse, ModelUsage, UserMessage
from mock_server.ids import CallIds

END_MARK = b"[DONE]"
MODEL = "model-1"
CODECS = {provider: get_codec(provider) for provider in PROVIDERS}
CARRIED: dict[str, Any] = {
    provider: import_module(f"providers.{module.rpartition('.')[2]}.carried") for provider, module in PROVIDERS.items()
}
INPUTS = {
    provider: inputs(codec.capabilities, max_turns=2).filter(CARRIED[provider].accepted)
    for provider, codec in CODECS.items()
}
RESPONSES = {provider: responses(codec.capabilities) for provider, codec in CODECS.items()}
# A search of Gemini's has no place of its own among the parts: its tests are in that folder.
RESPONSES["google"] = responses(replace(CODECS["google"].capabilities, provider_tools=frozenset()))


def cooler(most: float) -> Callable[[LanguageModelInput], LanguageModelInput]:
    """The input with a temperature that the published schema allows."""
    return lambda asked: asked.model_copy(update={"temperature": min(asked.temperature or 0, most)})


# What of an input the published schema does not allow, although the API does, or the codec leaves to it.
PUBLISHED_INPUT: dict[str, Callable[[LanguageModelInput], LanguageModelInput]] = {
    "openai": CARRIED["openai"].carried_input,
    "anthropic": cooler(1),
    "mistral": cooler(1.5),
}

ONE_SOUND = {"openai-chat-completion"}
"""Whose answers have room for one sound: of several, a stream and a whole answer do not tell the same one."""

settings.register_profile("codec", max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
LAW = settings.get_profile("codec")
every_provider = pytest.mark.parametrize("provider", PROVIDERS)


def plain(value: Any) -> Any:
    return value.model_dump(mode="json")


def call(*, stream: bool = False) -> ModelCall:
    """A call whose answers are not padded: padding is drawn from the same source as ids."""
    extra = {"stream_options": {"include_obfuscation": False}}
    return ModelCall(MODEL, LanguageModelInput(messages=[UserMessage(content="Hi")], extra=extra), stream)


def read_request(codec: Codec, sent: WireRequest) -> ModelCall:
    return codec.decode_request(WireRequest(sent.method, codec.endpoint.root + sent.path, sent.body, sent.headers))


def whole_of(codec: Codec, response: ModelResponse) -> WireResponse:
    return codec.encode_response(response, call=call(), ids=CallIds("0", codec.endpoint))


def stream_of(
    codec: Codec, response: ModelResponse, cut: Callable[[str], Iterable[str]] | None = None
) -> list[ServerSentEvent]:
    encoder = codec.stream_encoder(call=call(stream=True), ids=CallIds("0", codec.endpoint))
    return [event for partial in to_partials(response, cut) for event in encoder.feed(partial)] + encoder.close()


def read_stream(codec: Codec, events: Iterable[ServerSentEvent]) -> ModelResponse:
    decoder = codec.stream_decoder()
    partials = [partial for event in events for partial in decoder.feed(event)]
    return accumulate([*partials, *decoder.close()])


def schemas_of(provider: str) -> PublishedSchemas:
    schemas = load_schemas(provider, DEFAULT_FOLDER)
    if not schemas.kinds:
        pytest.skip("the published schemas are not at hand: there is no ../shared/specs beside this checkout")
    return schemas


@every_provider
@LAW
@given(data=st.data())
def test_a_request_that_is_written_and_read_asks_for_the_same(provider: str, data: st.DataObject) -> None:
    codec = CODECS[provider]
    asked = CARRIED[provider].carried_input(data.draw(INPUTS[provider]))
    found = read_request(codec, codec.encode_request(MODEL, asked, stream=True))
    assert plain(found.input) == plain(asked)
    assert (found.model_id, found.stream, found.warnings) == (MODEL, True, ())


@every_provider
@LAW
@given(data=st.data(), stream=st.booleans())
def test_a_request_that_is_read_and_written_again_is_the_same(provider: str, data: st.DataObject, stream: bool) -> None:
    codec = CODECS[provider]
    sent = codec.encode_request(MODEL, data.draw(INPUTS[provider]), stream=stream)
    found = read_request(codec, sent)
    again = codec.encode_request(found.model_id, found.input, stream=found.stream)
    assert again.path == sent.path
    assert codec.normalize_request(json.loads(again.body)) == codec.normalize_request(json.loads(sent.body))


@every_provider
@LAW
@given(data=st.data())
def test_the_published_schema_accepts_every_request(provider: str, data: st.DataObject) -> None:
    schemas = schemas_of(provider)
    input = data.draw(INPUTS[provider])
    asked = PUBLISHED_INPUT[provider](input) if provider in PUBLISHED_INPUT else input
    body = json.loads(CODECS[provider].encode_request(MODEL, asked, stream=False).body)
    assert schemas.complaint("request", body) == ""


@every_provider
@LAW
@given(data=st.data())
def test_a_response_that_is_written_and_read_says_the_same(provider: str, data: st.DataObject) -> None:
    codec, said = CODECS[provider], CARRIED[provider].carried_response(data.draw(RESPONSES[provider]))
    assert plain(codec.decode_response(whole_of(codec, said))) == plain(said)


@every_provider
@LAW
@given(data=st.data())
def test_a_stream_adds_up_to_the_whole_answer(provider: str, data: st.DataObject) -> None:
    """Law 8, however the texts and arguments are cut; ids that are made up are the same, too."""
    codec, response = CODECS[provider], data.draw(RESPONSES[provider])
    if provider in ONE_SOUND:
        response = CARRIED[provider].carried_response(response)
    events = stream_of(codec, response, lambda text: data.draw(fragments(text)))
    assert plain(read_stream(codec, events)) == plain(codec.decode_response(whole_of(codec, response)))


@every_provider
@LAW
@given(data=st.data())
def test_the_published_schema_accepts_every_answer(provider: str, data: st.DataObject) -> None:
    """Every answer of a provider has its usage."""
    schemas, codec, response = schemas_of(provider), CODECS[provider], data.draw(RESPONSES[provider])
    response = response.model_copy(update={"usage": response.usage or ModelUsage(input_tokens=0, output_tokens=0)})
    assert schemas.complaint("response", json.loads(whole_of(codec, response).body)) == ""
    for event in stream_of(codec, response):
        if event.data != END_MARK:
            assert schemas.complaint("stream_event", json.loads(event.data)) == ""


@every_provider
@LAW
@given(body=st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_no_body_whatever_gives_another_error_than_ours(provider: str, body: bytes) -> None:
    codec = CODECS[provider]
    path = codec.encode_request(MODEL, call().input, stream=False).path
    for act in (
        lambda: codec.decode_response(WireResponse(200, body)),
        lambda: codec.decode_error(WireResponse(400, body)),
        lambda: read_request(codec, WireRequest("POST", path, body)),
        lambda: read_stream(codec, [ServerSentEvent(body)]),
    ):
        try:
            act()
        except LanguageModelError:
            continue
