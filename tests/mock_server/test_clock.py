"""A test's own time: delays, windows of rate limits and retry-after go by it, over a socket and without one."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from llm_sdk.registry import get_codec, provider_names
from llm_sdk.types import LanguageModelInput
from mock_server import MockServer, VirtualClock

ASKED = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": "hello there"}], "max_tokens": 99})
PROVIDERS = provider_names()


def test_a_sleeper_is_woken_when_its_time_has_come_and_not_before() -> None:
    clock = VirtualClock(1000.0)
    woken: list[str] = []

    def sleep(name: str, seconds: float) -> None:
        clock.sleep(seconds)
        woken.append(f"{name} at {clock.time():g}")

    threads = [threading.Thread(target=sleep, args=item) for item in (("late", 10), ("soon", 3))]
    for thread in threads:
        thread.start()
    clock.wait_for_sleepers(2)
    clock.advance(2.9)
    assert (clock.sleepers, woken) == (2, [])
    clock.advance(0.1)
    threads[1].join(5)
    assert woken == ["soon at 1003"]
    clock.advance(100)
    threads[0].join(5)
    assert woken == ["soon at 1003", "late at 1103"]
    assert sorted(clock.slept) == [3, 10]


def test_time_does_not_go_back_and_nobody_waits_for_nothing() -> None:
    clock = VirtualClock(5.0)
    with pytest.raises(ValueError, match="time does not go back: -1"):
        clock.advance(-1)
    clock.sleep(0)
    with pytest.raises(TimeoutError, match=r"0 of 1 waited after 0\.01 s"):
        clock.wait_for_sleepers(timeout=0.01)
    assert (clock.time(), clock.slept) == (5.0, [])


def test_a_clock_that_goes_on_by_itself_costs_no_time() -> None:
    clock = VirtualClock(0.0, auto_advance=True)
    began = time.monotonic()
    clock.sleep(3600)
    asyncio.run(clock.sleep_async(60))
    assert time.monotonic() - began < 60
    assert (clock.time(), clock.slept) == (3660.0, [3600, 60])


def test_a_sleeper_that_is_cancelled_is_forgotten() -> None:
    clock = VirtualClock()

    async def run() -> None:
        task = asyncio.ensure_future(clock.sleep_async(5))
        await asyncio.sleep(0)
        assert clock.sleepers == 1
        task.cancel()
        await asyncio.wait((task,))
        assert clock.sleepers == 0

    asyncio.run(run())
    clock.advance(10)


@pytest.fixture(params=[False, True], ids=["socket", "in process"], scope="module")
def mock(request: pytest.FixtureRequest) -> Iterator[MockServer]:
    with MockServer(clock=VirtualClock(), in_process=request.param) as server:
        server.add_scenarios([{"reply": "one two", "fault": {"latency": 30, "time_to_first_token": 60}}])
        yield server


def request_of(mock: MockServer, *, stream: bool) -> dict[str, Any]:
    codec = get_codec(PROVIDERS[0])
    sent = codec.encode_request("model-1", ASKED, stream=stream)
    url = mock.base_url(codec.provider) + sent.path
    return {"method": sent.method, "url": url, "content": sent.body, "headers": dict(sent.headers)}


def test_a_sync_client_waits_for_the_tests_clock(mock: MockServer) -> None:
    clock = mock.clock
    transport = mock.transport if "invalid" in mock.url else None
    with httpx.Client(transport=transport, timeout=30) as client, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.request, **request_of(mock, stream=True))
        clock.wait_for_sleepers()
        clock.advance(29)
        assert not asked.done()
        clock.advance(1)
        clock.wait_for_sleepers()  # between the headers and the first event
        clock.advance(60)
        assert asked.result(30).status_code == 200
    assert clock.slept[-2:] == [30, 60]


def test_an_async_client_waits_for_the_tests_clock(mock: MockServer) -> None:
    clock = mock.clock
    transport = mock.transport if "invalid" in mock.url else None

    async def run() -> None:
        async with httpx.AsyncClient(transport=transport, timeout=30) as client:
            asked = asyncio.ensure_future(client.request(**request_of(mock, stream=False)))
            for seconds in (30, 60):
                await asyncio.to_thread(clock.wait_for_sleepers)
                assert not asked.done()
                clock.advance(seconds)
            assert (await asked).status_code == 200

    asyncio.run(run())


WINDOW_HEADERS = {
    "openai": {
        "x-ratelimit-limit-requests": "2",
        "x-ratelimit-remaining-requests": "1",
        "x-ratelimit-reset-requests": "1m30s",
    },
    "openai-chat-completion": {
        "x-ratelimit-limit-requests": "2",
        "x-ratelimit-remaining-requests": "1",
        "x-ratelimit-reset-requests": "1m30s",
    },
    "anthropic": {
        "anthropic-ratelimit-requests-limit": "2",
        "anthropic-ratelimit-requests-remaining": "1",
        "anthropic-ratelimit-requests-reset": "2026-01-01T00:01:30Z",
    },
    "google": {},
    "cohere": {"x-trial-endpoint-call-limit": "2", "x-trial-endpoint-call-remaining": "1"},
    "mistral": {"x-ratelimit-limit-req-minute": "2", "x-ratelimit-remaining-req-minute": "1"},
}


@pytest.mark.parametrize("provider", WINDOW_HEADERS)
def test_a_window_ends_when_the_tests_clock_says_so(provider: str) -> None:
    """Two answers in ninety seconds for each key; what is refused tells how long to wait."""
    limited = {"fault": {"rate_limit": 2, "window": 90}}
    codec = get_codec(provider)
    sent = codec.encode_request("model-1", ASKED, stream=False)
    with MockServer([limited], clock=VirtualClock(), in_process=True) as mock:
        client = httpx.Client(transport=mock.transport, base_url=mock.base_url(provider))

        def ask(key: str = "one") -> httpx.Response:
            headers = {**sent.headers, codec.endpoint.key_header: codec.endpoint.key_format.format(key=key)}
            return client.post(sent.path, content=sent.body, headers=headers)

        first = ask()
        assert {name: first.headers[name] for name in WINDOW_HEADERS[provider]} == WINDOW_HEADERS[provider]
        mock.clock.advance(60)
        assert (ask().status_code, ask().status_code, ask("another").status_code) == (200, 429, 200)
        refused = ask()
        told = refused.json()["error"]["details"][-1]["retryDelay"] if provider == "google" else refused.headers
        assert told == "30s" if provider == "google" else told["retry-after"] == "30"
        mock.clock.advance(29.5)
        assert ask().status_code == 429
        mock.clock.advance(0.5)
        assert ask().status_code == 200
