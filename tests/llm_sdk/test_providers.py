"""Every provider's protocol through a whole call: the codec's one half answers what its other half asks."""

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from llm_sdk import LanguageModelInput, ModelResponse, ModelUsage, TextPart, UserMessage, get_codec, get_model, registry
from llm_sdk.accumulator import accumulate, to_partials
from llm_sdk.codec import SeededIds, WireRequest
from llm_sdk.errors import RateLimitError, StatusCodeError, StreamTruncatedError, status_error
from llm_sdk.sse import encode_event
from llm_sdk.testing.transports import ChunkedTransport, FakeReply

KEY = "a-key-of-nobody"
INPUT = LanguageModelInput(messages=[UserMessage(content="say it")])
RESPONSE = ModelResponse(
    content=[TextPart(text="It is said: «été».")],
    usage=ModelUsage(input_tokens=5, output_tokens=7),
    finish_reason="stop",
)
PRICES = {"pricing": {"input_cost_per_text_token": 1, "output_cost_per_text_token": 2}}


class Provider:
    """The provider's half of a codec, behind a fake transport that gives a stream byte by byte."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.codec = get_codec(name)
        self.error: StatusCodeError | None = None
        self.transport = ChunkedTransport(self.answer)

    def answer(self, request: httpx.Request) -> FakeReply:
        path = urlsplit(str(request.url))
        target = path.path + (f"?{path.query}" if path.query else "")
        assert self.codec.match(request.method, target) is not None
        call = self.codec.decode_request(WireRequest(request.method, target, request.content, dict(request.headers)))
        if self.error is not None:
            reply = self.codec.encode_error(self.error)
        elif call.stream:
            encoder = self.codec.stream_encoder(call=call, ids=SeededIds(1))
            events = [event for partial in to_partials(RESPONSE, cut=list) for event in encoder.feed(partial)]
            body = b"".join(map(encode_event, [*events, *encoder.close()]))
            return FakeReply.stream(*(bytes([byte]) for byte in body))
        else:
            reply = self.codec.encode_response(RESPONSE, call=call, ids=SeededIds(1))
        return FakeReply(reply.status, reply.body, reply.headers)

    def model(self, **options: Any) -> Any:
        options = {"max_retries": 0, "metadata": PRICES, **options}
        client = httpx.Client(transport=self.transport)
        return get_model(self.name, "some-model", api_key=KEY, http_client=client, **options)


@pytest.fixture(params=registry.PROVIDERS)
def provider(request: pytest.FixtureRequest) -> Provider:
    return Provider(request.param)


def test_a_call_streamed_or_not(provider: Provider) -> None:
    whole = provider.model().generate_sync(INPUT)
    assert whole == accumulate(provider.model().stream_sync(INPUT))
    assert [part.text for part in whole.content] == [part.text for part in RESPONSE.content]
    assert whole.finish_reason == "stop"
    assert whole.cost == 5 + 2 * 7
    assert provider.transport.all_closed


def test_the_key_goes_where_the_provider_wants_it(provider: Provider) -> None:
    provider.model().generate_sync(INPUT)
    endpoint = provider.codec.endpoint
    (request,) = provider.transport.requests
    assert request.headers[endpoint.key_header] == endpoint.key_format.format(key=KEY)
    assert KEY not in str(request.url)


@pytest.mark.parametrize("action", ["generate_sync", "stream_sync"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_errors(provider: Provider, status: int, action: str) -> None:
    provider.error = status_error(status)("not like this", status_code=status)
    with pytest.raises(status_error(status)) as caught:
        list(getattr(provider.model(), action)(INPUT))
    assert caught.value.message == "not like this"
    assert caught.value.provider == provider.name


def test_errors_are_tried_again(provider: Provider) -> None:
    provider.error = RateLimitError("slowly", status_code=429, retry_after=0.001)
    with pytest.raises(RateLimitError) as caught:
        provider.model(max_retries=2).generate_sync(INPUT)
    assert caught.value.retry_after == 0.001
    assert len(provider.transport.requests) == 3


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_stream_that_is_cut(provider: Provider, cut: int) -> None:
    whole = provider.answer
    provider.transport = ChunkedTransport(lambda request: truncate(whole(request), cut))
    with pytest.raises(StreamTruncatedError):
        list(provider.model().stream_sync(INPUT))


def truncate(reply: FakeReply, cut: int) -> FakeReply:
    steps = reply.steps
    return FakeReply.stream(*steps[: len(steps) * cut // 4])
