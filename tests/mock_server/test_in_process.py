"""The stand-in without a socket: as a transport, for respx, and in place of the real hosts; streams come as they go."""

import asyncio
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import httpx2
import openai
import pytest
import respx
from mistralai.client import Mistral
from plain_protocol import PLAIN

from llm_sdk import LanguageModelInput, UserMessage
from llm_sdk.registry import get_codec, provider_names
from mock_server import MockServer, VirtualClock

HOST = "api.plain.test"
URL = f"https://{HOST}/v1/chat"


def body(text: str = "Hi", *, stream: bool = False) -> bytes:
    said = LanguageModelInput(messages=[UserMessage(content=text)])
    return PLAIN.encode_request("p-1", said, stream=stream).body


@pytest.fixture
def mock(request: pytest.FixtureRequest) -> MockServer:
    clock = VirtualClock(auto_advance=getattr(request, "param", False))
    return MockServer(in_process=True, codecs=[PLAIN], clock=clock)


@pytest.fixture(params=["transport", "router", "side effect", "intercept"])
def way(request: pytest.FixtureRequest, mock: MockServer) -> Iterator[dict[str, Any]]:
    """What a client of httpx is given beside its URL, while the stand-in is in place."""
    if request.param == "transport":
        yield {"transport": mock.transport}
    elif request.param == "router":
        with mock.router():
            yield {}
    elif request.param == "side effect":
        with respx.mock:
            respx.route(host=HOST).mock(side_effect=mock.side_effect)
            yield {}
    else:
        with mock.intercept():
            yield {}


def test_the_first_event_is_there_before_the_next_is_due(mock: MockServer, way: dict[str, Any]) -> None:
    mock.on().reply("one two three", pace={"delay": 60})
    begun = mock.clock.time()
    with httpx.Client(**way) as client, client.stream("POST", URL, content=body(stream=True)) as response:
        pieces = response.iter_raw()
        assert b"input_tokens" in next(pieces)
        assert (mock.clock.time(), mock.clock.slept) == (begun, [])


def test_so_it_is_for_an_async_client(mock: MockServer, way: dict[str, Any]) -> None:
    mock.on().reply("one two three", pace={"delay": 60})

    async def call() -> None:
        async with (
            httpx.AsyncClient(**way) as client,
            client.stream("POST", URL, content=body(stream=True)) as response,
        ):
            pieces = response.aiter_raw()
            assert b"input_tokens" in await anext(pieces)
            assert mock.clock.slept == []
            following = asyncio.ensure_future(pieces.__anext__())
            await asyncio.to_thread(mock.clock.wait_for_sleepers)
            assert not following.done()
            mock.clock.advance(60)
            assert b"delta" in await following

    asyncio.run(call())


@pytest.mark.parametrize("mock", [True], indirect=True, ids=["the clock goes on by itself"])
def test_the_journal_tells_who_left_before_the_end(mock: MockServer, way: dict[str, Any]) -> None:
    async def call(*, leaves: bool) -> None:
        async with (
            httpx.AsyncClient(**way) as client,
            client.stream("POST", URL, content=body(stream=True)) as response,
        ):
            if not leaves:
                await response.aread()

    for leaves in (True, False):
        with httpx.Client(**way) as client, client.stream("POST", URL, content=body(stream=True)) as response:
            next(response.iter_raw()) if leaves else response.read()
        asyncio.run(call(leaves=leaves))
    assert [exchange.left for exchange in mock.requests] == [True, True, False, False]


@pytest.mark.parametrize("mock", [True], indirect=True, ids=["the clock goes on by itself"])
def test_delays_and_cuts_come_in_process_too(mock: MockServer, way: dict[str, Any]) -> None:
    mock.on().reply("one two three", pace={"delay": 60}, fault={"latency": 5, "cut_after_events": 2})
    with httpx.Client(**way) as client, pytest.raises(httpx.RemoteProtocolError):
        client.post(URL, content=body(stream=True))
    assert mock.clock.slept == [5, 60]


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_intercept_answers_clients_that_exist_already(mock: MockServer, library: Any) -> None:
    with library.Client() as client:
        with mock.intercept():
            assert client.post(URL, content=body()).status_code == 200
        assert len(mock.requests) == 1
        with pytest.raises(library.ConnectError):
            client.post("http://127.0.0.1:9/v1/chat", content=body())


def test_the_official_clients_own_http_clients_take_the_transport() -> None:
    mock = MockServer(in_process=True)
    with anthropic.DefaultHttpxClient(transport=mock.transport) as http:
        client = anthropic.Anthropic(api_key="k", http_client=http)
        answer = client.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "Hi"}])
        assert [block.text for block in answer.content if block.type == "text"] == ["You said: Hi"]

    async def ask() -> str:
        async with openai.DefaultAsyncHttpxClient(transport=mock.transport) as http:
            client = openai.AsyncOpenAI(api_key="k", http_client=http)
            return (await client.responses.create(model="m", input="Hi")).output_text

    assert asyncio.run(ask()) == "You said: Hi"


def test_what_goes_elsewhere_is_let_through(mock: MockServer) -> None:
    with MockServer(codecs=[PLAIN]) as elsewhere, httpx.Client() as client:
        with mock.intercept():
            assert client.post(elsewhere.base_url("plain") + "/chat", content=body()).status_code == 200
        with mock.router(pass_through=["127.0.0.1"]):
            assert client.post(elsewhere.base_url("plain") + "/chat", content=body()).status_code == 200
            with pytest.raises(respx.models.AllMockedAssertionError):
                client.get("https://unknown.example/")
        assert (len(elsewhere.requests), mock.requests) == (2, [])


def test_an_app_with_the_real_addresses_built_in_works_unchanged() -> None:
    mock = MockServer(in_process=True)
    mock.on(last_user="Who").reply("I am a stand-in.")
    with mock.intercept():
        with openai.OpenAI(base_url="https://api.openai.com/v1", api_key="any") as client:
            assert client.responses.create(model="gpt-5", input="Who are you?").output_text == "I am a stand-in."
            chunks = client.chat.completions.create(
                model="gpt-5", messages=[{"role": "user", "content": "Who?"}], stream=True
            )
            assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "I am a stand-in."
        with Mistral(api_key="any") as mistral:  # it reads no variable for its URL
            answer = mistral.chat.complete(model="mistral-small", messages=[{"role": "user", "content": "Who?"}])
    assert answer.choices[0].message.content == "I am a stand-in."
    assert [exchange.provider for exchange in mock.requests] == ["openai", "openai-chat-completion", "mistral"]


def test_every_providers_own_host_is_answered() -> None:
    mock = MockServer(in_process=True, validate="off")
    with mock.intercept(), httpx.Client() as client:
        for name in provider_names():
            endpoint = get_codec(name).endpoint
            refused = client.post(endpoint.base_url + "/no-such-thing", content=b"{}")
            assert refused.status_code == 404
    assert len(mock.hosts) == len({get_codec(name).endpoint.base_url for name in provider_names()})


def test_as_an_asgi_application(mock: MockServer) -> None:
    async def call() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(mock.app)) as client:
            return await client.post("http://app/plain/v1/chat", content=body())

    assert asyncio.run(call()).status_code == 200
