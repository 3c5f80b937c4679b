"""The fakes that users get for their own tests."""

import asyncio
from typing import Any

import httpx
import httpx2
import pytest

from llm_sdk import (
    InvalidInputError,
    LanguageModel,
    LanguageModelInput,
    ModelResponse,
    ServerError,
    TextPart,
    UserMessage,
    accumulate,
    to_partials,
)
from llm_sdk.testing.models import MockLanguageModel
from llm_sdk.testing.transports import ChunkedTransport, FakeReply

HELLO = LanguageModelInput(messages=[UserMessage(content="hello")])
ANSWER = ModelResponse(content=[TextPart(text="hello yourself")], finish_reason="stop")
BROKEN = ServerError("broken", status_code=500)


@pytest.mark.parametrize("library", [httpx, httpx2])
class TestChunkedTransport:
    def test_chunks_stay_chunks(self, library: Any) -> None:
        transport = ChunkedTransport([FakeReply(206, [b"a", b"bc"], {"x-a": "1"})])
        with library.Client(transport=transport) as client, client.stream("POST", "http://a/", content=b"q") as reply:
            assert (reply.status_code, reply.headers["x-a"]) == (206, "1")
            assert [*reply.iter_raw()] == [b"a", b"bc"]
        assert [request.content for request in transport.requests] == [b"q"]

    def test_closing_is_seen(self, library: Any) -> None:
        transport = ChunkedTransport(lambda _: FakeReply.stream(b"a", b"b"))

        async def main() -> None:
            async with library.AsyncClient(transport=transport) as client:
                async with client.stream("GET", "http://a/") as reply:
                    assert await anext(reply.aiter_raw()) == b"a"
                    assert not transport.all_closed
                assert transport.all_closed
                assert transport.exchanges[0].taken == 1

        asyncio.run(main())

    @pytest.mark.parametrize("answer", [httpx.ReadError("reset"), FakeReply.stream(b"a", httpx.ReadError("reset"))])
    def test_errors_are_those_of_the_library(self, library: Any, answer: Any) -> None:
        with library.Client(transport=ChunkedTransport([answer])) as client:
            with pytest.raises(library.ReadError, match="reset") as caught:
                client.get("http://a/")
            assert caught.value.request.url == "http://a/"

    def test_a_request_too_many(self, library: Any) -> None:
        with (
            library.Client(transport=ChunkedTransport([])) as client,
            pytest.raises(AssertionError, match="request 1, but only 0 answers are given"),
        ):
            client.get("http://a/")


class TestMockLanguageModel:
    def test_it_answers_in_order_and_keeps_the_inputs(self) -> None:
        mock = MockLanguageModel()
        model: LanguageModel = mock
        mock.enqueue_generate(ANSWER, BROKEN)
        assert asyncio.run(model.generate(HELLO)) == ANSWER
        with pytest.raises(ServerError):
            model.generate_sync(HELLO)
        assert mock.generate_inputs == [HELLO, HELLO]
        assert mock.stream_inputs == []

    def test_it_streams(self) -> None:
        mock = MockLanguageModel(provider="p", model_id="m")
        mock.enqueue_stream(ANSWER, [*to_partials(ANSWER)][:2], [BROKEN])

        async def collect() -> list[Any]:
            return [partial async for partial in mock.stream(HELLO)]

        assert accumulate(asyncio.run(collect())) == ANSWER
        assert len(list(mock.stream_sync(HELLO))) == 2
        with pytest.raises(ServerError):
            list(mock.stream_sync(HELLO))
        assert mock.stream_inputs == [HELLO] * 3

    def test_nothing_left(self) -> None:
        mock = MockLanguageModel()
        mock.enqueue_generate(ANSWER)
        mock.enqueue_stream(ANSWER)
        mock.reset()
        with pytest.raises(InvalidInputError, match="enqueue_generate gives more"):
            mock.generate_sync(HELLO)
        with pytest.raises(InvalidInputError, match="enqueue_stream gives more"):
            list(mock.stream_sync(HELLO))
        assert mock.generate_inputs == mock.stream_inputs == []
