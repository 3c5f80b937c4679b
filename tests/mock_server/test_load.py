"""Many streams at once: none is lost, and none waits for another. ``python -m benchmarks.streams`` opens 2,000."""

import asyncio

import pytest
from plain_protocol import PLAIN

from benchmarks.streams import open_streams
from llm_sdk.types import LanguageModelInput
from mock_server import MockServer

STREAMS = 200
WORDS = 10


@pytest.mark.parametrize("delay", [0.0, 0.02])
def test_many_streams_at_once(delay: float) -> None:
    input = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": "hello"}]})
    body = PLAIN.encode_request("m", input, stream=True).body
    with MockServer(codecs=[PLAIN]) as mock:
        mock.on().reply("word " * WORDS, pace={"delay": delay})
        streams = asyncio.run(open_streams(f"{mock.url}/plain/v1/chat", body, STREAMS))
        assert len(streams.answers) == STREAMS
        assert {answer.endswith(b"data: [END]\n\n\r\n0\r\n\r\n") for answer in streams.answers} == {True}
        assert {answer.count(b"word") for answer in streams.answers} == {WORDS}
        assert mock.engine.traffic.open_streams == 0
    if delay:
        assert streams.most_open == STREAMS, "all of them were open at the same time"
