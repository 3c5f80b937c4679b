"""``MockServer``: over a socket and without one, for httpx and httpx2, sync and async."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import httpx2
import pytest
from plain_protocol import PLAIN, PlainCodec, read_stream

from llm_sdk.errors import InvalidInputError
from llm_sdk.types import LanguageModelInput, ModelResponse, TextPart
from mock_server import MockServer, ScenarioError, tool_call
from mock_server.web_server import AddressInUseError


def body(said: str = "hello", *, stream: bool = False) -> bytes:
    input = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": said}]})
    return PLAIN.encode_request("model-1", input, stream=stream).body


@pytest.fixture
def mock() -> Iterator[MockServer]:
    with MockServer(codecs=[PLAIN]) as server:
        yield server


@pytest.fixture
def in_process() -> MockServer:
    return MockServer(in_process=True, codecs=[PLAIN])


def post(mock: MockServer, said: str = "hello", *, stream: bool = False) -> httpx.Response:
    return httpx.post(mock.base_url("plain") + "/chat", content=body(said, stream=stream))


def text(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    streamed = response.headers["content-type"].startswith("text/event-stream")
    (part,) = (
        read_stream(response.content) if streamed else ModelResponse.model_validate_json(response.content)
    ).content
    assert isinstance(part, TextPart)
    return part.text


def test_it_serves_on_a_socket_until_it_is_left() -> None:
    with MockServer(codecs=[PLAIN]) as mock:
        assert mock.url.startswith("http://127.0.0.1:")
        assert text(post(mock)) == text(post(mock, stream=True)) == "You said: hello"
        port = int(mock.url.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    with pytest.raises(RuntimeError, match="the mock server is not running"):
        mock.base_url("plain")


def test_it_can_be_entered_again_and_asynchronously() -> None:
    async def run() -> str:
        async with MockServer(codecs=[PLAIN]) as mock, httpx.AsyncClient() as client:
            return text(await client.post(mock.base_url("plain") + "/chat", content=body()))

    assert asyncio.run(run()) == "You said: hello"
    server = MockServer([{"reply": "again"}], codecs=[PLAIN])
    for _ in range(2):
        with server as mock:
            assert text(post(mock)) == "again"


def test_scenarios_in_python(mock: MockServer) -> None:
    mock.on(last_user="(?P<city>Paris|Rome)").reply(tool_call("get_weather", {"city": "{{ city }}"}))
    mock.on(last_user="retry").fault(status=503, retry_after=1).reply("done", pace={"cut": "char"})
    mock.on(last_user="exact").reply(ModelResponse(content=[TextPart(text="{{ not a template }}")], id="r9"))
    mock.on(last_user="bare").reply(ModelResponse(content=[], id="r1"))
    mock.on(last_user="no").reply(refusal="I will not.")
    mock.on(last_user="cut").reply("never whole", fault={"cut_after_events": 1})

    (called,) = ModelResponse.model_validate_json(post(mock, "to Rome").content).content
    assert called.model_dump(include={"tool_name", "args"}) == {"tool_name": "get_weather", "args": {"city": "Rome"}}
    first = post(mock, "retry")
    assert (first.status_code, first.headers["retry-after"]) == (503, "1.0")
    assert text(post(mock, "retry", stream=True)) == "done"
    assert ModelResponse.model_validate_json(post(mock, "bare").content) == ModelResponse(content=[], id="r1")
    assert text(post(mock, "exact")) == "{{ not a template }}"
    assert ModelResponse.model_validate_json(post(mock, "no").content).finish_detail == "refusal"
    with pytest.raises(httpx.RemoteProtocolError):
        post(mock, "cut", stream=True)


def test_mistakes_in_python_are_named(mock: MockServer) -> None:
    for mistake, message in (
        (lambda: mock.on(last_usr="x"), "last_usr: unknown key 'last_usr'; is 'last_user' meant?"),
        (lambda: mock.on(provider="none"), "provider: no provider 'none'; there are plain"),
        (lambda: mock.on().reply({"type": "text"}), "reply.content[0]: the key 'text' is missing"),
        (lambda: mock.on().reply("{{ x }}"), "reply.content[0]: the template '{{ x }}' names 'x'; there are last_user"),
        (lambda: mock.on().fault(), "fault: nothing goes wrong: give one of status"),
        (lambda: mock.assert_requested(modle="x"), "modle: unknown key 'modle'; is 'model' meant?"),
        (lambda: mock.add_scenarios([{"reply": "{{ x }}"}]), "the template '{{ x }}' names 'x'"),
    ):
        with pytest.raises(ScenarioError) as caught:
            mistake()
        assert message in str(caught.value)
    with pytest.raises(InvalidInputError, match="no provider 'x'; there are plain"):
        mock.base_url("x")
    assert text(post(mock)) == "You said: hello", "nothing of them was added"


def test_requests_can_be_looked_at_and_asserted(mock: MockServer) -> None:
    with pytest.raises(AssertionError) as caught:
        mock.assert_requested()
    assert str(caught.value) == "expected at least 1 request, got 0\nno request came at all"
    post(mock, "one")
    post(mock, "two", stream=True)

    assert [exchange.number for exchange in mock.assert_requested(provider="plain", times=2)] == [1, 2]
    (two,) = mock.assert_requested(last_user="two", times=1)
    assert (two.stream, two.model_id) == (True, "model-1")
    assert mock.requests[0].input == LanguageModelInput.model_validate(
        {"messages": [{"role": "user", "content": "one"}]}
    )
    with pytest.raises(AssertionError) as caught:
        mock.assert_requested(times=1, provider="plain", model="model-*")
    assert str(caught.value).splitlines() == [
        "expected 1 request with provider='plain', model='model-*', got 2",
        "all requests that came:",
        "  #1 plain model-1 whole: 200, made up",
        "  #2 plain model-1 streamed: 200, made up",
    ]
    mock.reset()
    mock.assert_requested(times=0)


def test_reset_keeps_what_the_server_began_with() -> None:
    mock = MockServer([{"reply": "first"}], in_process=True, codecs=[PLAIN])
    mock.on().reply("second")
    builder = MockServer(in_process=True, codecs=[PLAIN]).on()
    mock.reset()
    with httpx.Client(transport=mock.transport) as client:
        assert text(client.post(mock.base_url("plain") + "/chat", content=body())) == "first"
    builder.reply("a").reply("b")


def test_the_environment_leads_clients_here(mock: MockServer) -> None:
    assert mock.environment(api_key="k") == {"PLAIN_BASE_URL": mock.base_url("plain"), "PLAIN_API_KEY": "k"}


def test_a_port_in_use_is_said(mock: MockServer) -> None:
    port = int(mock.url.rpartition(":")[2])
    with pytest.raises(AddressInUseError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"):
        MockServer(codecs=[PLAIN], port=port).start()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"cut_after_events": 2}, httpx.RemoteProtocolError),
        ({"cut_after_bytes": 7}, httpx.RemoteProtocolError),
        ({"cut_after_bytes": 0}, httpx.RemoteProtocolError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_cut_is_seen_alike_over_a_socket_and_without(
    mock: MockServer, in_process: MockServer, fault: dict[str, int], error: type[Exception], stream: bool
) -> None:
    for server in (mock, in_process):
        server.on().fault(**fault)
    if fault == {"cut_after_events": 2} and not stream:
        assert text(post(mock)) == "You said: hello", "one event is all of it"
        return
    with pytest.raises(error):
        post(mock, stream=stream)
    with pytest.raises(error), httpx.Client(transport=in_process.transport) as client:
        client.post(in_process.base_url("plain") + "/chat", content=body(stream=stream))


def test_what_came_before_a_cut_reaches_the_client(mock: MockServer) -> None:
    mock.on().fault(cut_after_bytes=30)
    received = b""
    try:
        with httpx.stream("POST", mock.base_url("plain") + "/chat", content=body(stream=True)) as response:
            for chunk in response.iter_raw():
                received += chunk
    except httpx.RemoteProtocolError:
        assert len(received) == 30
    else:
        pytest.fail("the cut was not seen")


def test_in_process_the_stream_comes_piece_by_piece(in_process: MockServer) -> None:
    in_process.on().reply("one two three")
    with (
        httpx.Client(transport=in_process.transport) as client,
        client.stream("POST", in_process.base_url("plain") + "/chat", content=body(stream=True)) as response,
    ):
        chunks = list(response.iter_raw())
    assert len(chunks) == 7, "head, start of text, three words, end, end mark"
    assert all(chunk.endswith(b"\n\n") for chunk in chunks)


def test_in_process_a_caller_sees_each_piece_before_the_next_is_due(in_process: MockServer) -> None:
    in_process.on().reply("one two", pace={"delay": 3600})

    async def run() -> bytes:
        async with (
            httpx.AsyncClient(transport=in_process.transport) as client,
            client.stream("POST", in_process.base_url("plain") + "/chat", content=body(stream=True)) as response,
        ):
            pieces: Any = response.aiter_raw()
            return bytes(await pieces.__anext__())

    assert b'"id"' in asyncio.run(asyncio.wait_for(run(), 20))


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_in_process_serves_both_libraries_in_both_styles(in_process: MockServer, library: Any) -> None:
    url = in_process.base_url("plain") + "/chat"
    with library.Client(transport=in_process.transport) as client:
        response = client.post(url, content=body())
        assert isinstance(response, library.Response)
        assert text(response) == "You said: hello"
        assert client.post("https://api.plain.test/v1/chat", content=body()).status_code == 200

    async def run() -> Any:
        async with library.AsyncClient(transport=in_process.transport) as client:
            return await client.post(url, content=body(stream=True))

    assert text(asyncio.run(run())) == "You said: hello"
    in_process.on(last_user="cut").fault(cut_after_events=1)
    with pytest.raises(library.RemoteProtocolError), library.Client(transport=in_process.transport) as client:
        client.post(url, content=body("cut", stream=True))


def test_in_process_the_host_decides_between_two_that_share_a_path() -> None:
    mock = MockServer(in_process=True, codecs=[PLAIN, PlainCodec("other")])
    with httpx.Client(transport=mock.transport) as client:
        client.post("https://api.other.test/v1/chat", content=body())
    mock.assert_requested(provider="other", times=1)


STREAMS = 200


def test_two_hundred_open_streams_are_all_answered(mock: MockServer) -> None:
    mock.on().reply("one two three four", pace={"delay": 0.05})

    async def run() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=STREAMS)
        async with httpx.AsyncClient(limits=limits, timeout=60) as client:
            url = mock.base_url("plain") + "/chat"
            asked = [client.post(url, content=body(str(at), stream=True)) for at in range(STREAMS)]
            return list(await asyncio.gather(*asked))

    responses = asyncio.run(run())
    assert {text(response) for response in responses} == {"one two three four"}
    mock.assert_requested(times=STREAMS)


def test_a_client_that_reads_nothing_blocks_nobody(mock: MockServer) -> None:
    mock.on(last_user="much").reply(ModelResponse(content=[TextPart(text="x" * 30_000_000)]))
    host, port = mock.url.removeprefix("http://").split(":")
    asked = body("much")
    head = f"POST /plain/v1/chat HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(asked)}\r\n\r\n".encode()
    with socket.create_connection((host, int(port)), timeout=20) as deaf:
        deaf.sendall(head + asked)
        assert deaf.recv(10)
        assert text(post(mock)) == "You said: hello"


def test_it_stops_at_once_although_a_stream_is_open() -> None:
    mock = MockServer(codecs=[PLAIN]).start()
    mock.on().reply("one two", pace={"delay": 3600})
    with httpx.stream("POST", mock.base_url("plain") + "/chat", content=body(stream=True)) as response:
        next(response.iter_raw())
        stopped = threading.Thread(target=mock.stop)
        stopped.start()
        stopped.join(20)
        assert not stopped.is_alive()
