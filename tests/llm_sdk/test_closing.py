"""Every way of leaving a call closes its connection."""

import asyncio
import contextlib
import gc

import pytest
from callers import Caller
from echo_protocol import EVENTS, HELLO, data

from llm_sdk import HttpLanguageModel, loop_thread
from llm_sdk.errors import InvalidInputError
from llm_sdk.testing.transports import FakeReply

ENDLESS = FakeReply.stream(*[data({"text": "again "})] * 1000)


@pytest.fixture(params=["httpx", "httpx2"])
def endless(request: pytest.FixtureRequest) -> Caller:
    return Caller(request.param, lambda _: ENDLESS)


@pytest.fixture(params=["plain httpx", "plain httpx2", "httpx from plain calls"])
def plain(request: pytest.FixtureRequest) -> Caller:
    return Caller(request.param, lambda _: ENDLESS)


def test_aclose(endless: Caller) -> None:
    async def main() -> None:
        stream = endless.model.stream(HELLO)
        await anext(stream)
        assert not endless.transport.all_closed
        await stream.aclose()
        assert endless.transport.all_closed
        with pytest.raises(StopAsyncIteration):
            await anext(stream)

    asyncio.run(main())


def test_aclosing_and_async_with(endless: Caller) -> None:
    async def main() -> None:
        async with contextlib.aclosing(endless.model.stream(HELLO)) as stream:
            async for _ in stream:
                break
        assert endless.transport.all_closed
        async with endless.model.stream(HELLO) as stream:
            async for _ in stream:
                break
        assert endless.transport.all_closed

    asyncio.run(main())


def test_break_alone(endless: Caller) -> None:
    async def main() -> None:
        async for _ in endless.model.stream(HELLO):
            break
        gc.collect()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert endless.transport.all_closed

    asyncio.run(main())


def test_an_error_of_the_caller(endless: Caller) -> None:
    async def stumble() -> None:
        async with endless.model.stream(HELLO) as stream:
            async for _ in stream:
                raise ZeroDivisionError

    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            await stumble()
        assert endless.transport.all_closed

    asyncio.run(main())


def test_cancelling_while_waiting() -> None:
    async def main() -> None:
        waiting = asyncio.Event()

        async def wait() -> None:
            waiting.set()
            await asyncio.Event().wait()

        call = Caller("httpx", [FakeReply.stream(EVENTS[0], wait), FakeReply(200, [wait])])
        for action in (consume(call.model), call.model.generate(HELLO)):
            waiting.clear()
            task = asyncio.create_task(action)
            await waiting.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert call.transport.all_closed

    asyncio.run(main())


async def consume(model: HttpLanguageModel) -> None:
    async for _ in model.stream(HELLO):
        pass


def test_a_plain_stream(plain: Caller) -> None:
    for _ in plain.model.stream_sync(HELLO):
        break
    assert plain.transport.all_closed
    with plain.model.stream_sync(HELLO) as stream:
        next(stream)
        assert not plain.transport.all_closed
    assert plain.transport.all_closed
    assert list(stream) == []


def test_a_plain_stream_collected_on_the_thread_of_the_loop() -> None:
    call = Caller("httpx from plain calls", lambda _: ENDLESS)
    stream = call.model.stream_sync(HELLO)
    next(stream)

    async def collect() -> None:
        stream.close()
        await asyncio.sleep(0)

    loop_thread.run(collect())
    assert call.transport.all_closed


def test_a_plain_call_on_the_thread_of_the_loop_would_wait_for_itself() -> None:
    call = Caller("httpx from plain calls", [])

    async def main() -> None:
        with pytest.raises(InvalidInputError, match="cannot be made from inside another"):
            call.generate()

    loop_thread.run(main())


def test_the_clients_stay_open(endless: Caller, plain: Caller) -> None:
    plain.model.close()
    asyncio.run(endless.model.aclose())
    assert not plain.client.is_closed
    assert not endless.client.is_closed
