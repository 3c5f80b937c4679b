"""Events per second, from the bytes of a stream to the response they add up to, beside the official client.

``python -m benchmarks.streaming [FILE]`` measures a long made stream, or the recorded body in FILE. Every contestant
reads the same bytes in the same chunks, one event each, without a network, again and again for some seconds; the best
time counts, because what is slower than the best was disturbed.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import httpx2

from conformance.chunking import chunks, event_cuts
from llm_sdk.accumulator import StreamAccumulator, accumulate, to_partials
from llm_sdk.codec import Codec, ModelCall, SeededIds
from llm_sdk.model import HttpLanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.sse import ServerSentEventDecoder, encode_event
from llm_sdk.types import (
    LanguageModelInput,
    ModelResponse,
    ModelUsage,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    UserMessage,
)

__all__ = ["contestants", "made_stream", "main", "measure"]

Contestant = Callable[[list[bytes]], str]
"""Reads chunks to the end and returns the text of the answer, so that nobody can leave work out."""


def made_stream(codec: Codec, words: int) -> list[bytes]:
    """The bytes of an answer of so many words and a tool call with half as many arguments, one event in each chunk."""
    response = ModelResponse(
        content=[
            ReasoningPart(text="Let me think. " * 20, id="rs_1"),
            TextPart(text="".join(f"wörd{number} " for number in range(words))),
            ToolCallPart(tool_call_id="call_1", tool_name="add", args={f"key{n}": n for n in range(words // 2)}),
        ],
        usage=ModelUsage(input_tokens=10, output_tokens=words),
        finish_reason="tool_calls",
    )
    call = ModelCall("bench", LanguageModelInput(messages=[UserMessage.model_validate({"content": "count"})]), True)
    encoder = codec.stream_encoder(call=call, ids=SeededIds())
    events = [event for partial in to_partials(response, _by_word) for event in encoder.feed(partial)]
    return [encode_event(event) for event in [*events, *encoder.close()]]


def _by_word(text: str) -> Iterator[str]:
    return (text[start : start + 6] for start in range(0, len(text), 6))


def text_of(response: ModelResponse) -> str:
    """The text of an answer."""
    return "".join(part.text for part in response.content if isinstance(part, TextPart))


def read_with_codec(codec: Codec) -> Contestant:
    """Bytes -> events -> partial responses -> response, with what this project has for each step."""

    def read(pieces: list[bytes]) -> str:
        framing, decoder, accumulator = ServerSentEventDecoder(), codec.stream_decoder(), StreamAccumulator()
        for piece in pieces:
            for event in framing.feed(piece):
                for partial in decoder.feed(event):
                    accumulator.add_partial(partial)
        for event in framing.close():
            for partial in decoder.feed(event):
                accumulator.add_partial(partial)
        for partial in decoder.close():
            accumulator.add_partial(partial)
        return text_of(accumulator.compute_response())

    return read


class ReplayedChunks:
    """An HTTP client without a network: each answer is the chunks that were put in last."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.client = httpx2.Client(transport=httpx2.MockTransport(self._answer))

    def _answer(self, request: httpx2.Request) -> httpx2.Response:  # noqa: ARG002 - the signature of a transport
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=iter(self.pieces))


def read_with_model(codec: Codec) -> Contestant:
    """The same through this project's whole client, which is what the official client has to be compared with."""
    replay = ReplayedChunks()
    model = HttpLanguageModel(codec, "bench", api_key="none", http_client=replay.client)
    input = LanguageModelInput(messages=[UserMessage.model_validate({"content": "count"})])

    def read(pieces: list[bytes]) -> str:
        replay.pieces = pieces
        return text_of(accumulate(model.stream_sync(input)))

    return read


def read_with_openai(accumulated: bool) -> Contestant:
    """The official OpenAI client.

    ``accumulated``: with its own accumulation (``responses.stream``), as an app that wants partial answers uses it;
    else the events alone, whose last one carries the answer of the server's making.
    """
    import openai

    replay = ReplayedChunks()
    client = openai.OpenAI(api_key="none", max_retries=0, http_client=replay.client)

    def read(pieces: list[bytes]) -> str:
        replay.pieces = pieces
        if accumulated:
            with client.responses.stream(model="bench", input="count") as stream:
                return stream.get_final_response().output_text
        text = ""
        for event in client.responses.create(model="bench", input="count", stream=True):
            if event.type in ("response.completed", "response.incomplete"):
                text = event.response.output_text
        return text

    return read


OFFICIAL: dict[str, dict[str, Callable[[], Contestant]]] = {
    "openai": {
        "openai, accumulated": lambda: read_with_openai(accumulated=True),
        "openai, events only": lambda: read_with_openai(accumulated=False),
    },
}
CODEC_ALONE, WHOLE_CLIENT = "llm_sdk, codec alone", "llm_sdk, whole client"


def contestants(provider: str) -> dict[str, Contestant]:
    """Who can read the streams of a provider, by name, the official client last."""
    codec = get_codec(provider)
    official = {name: make() for name, make in OFFICIAL.get(provider, {}).items()}
    return {CODEC_ALONE: read_with_codec(codec), WHOLE_CLIENT: read_with_model(codec), **official}


def measure(read: Contestant, pieces: list[bytes], seconds: float) -> tuple[float, str]:
    """The best time of a run, in seconds, over about ``seconds`` (three runs at least), and what was read."""
    best, text = float("inf"), ""
    start = time.perf_counter()
    runs = 0
    while runs < 3 or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        text = read(pieces)
        best = min(best, time.perf_counter() - before)
        runs += 1
    return best, text


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--provider", default="openai", show_default=True, help="Whose stream it is.")
@click.option("--words", default=2000, show_default=True, help="Length of the made stream.")
@click.option("--seconds", default=3.0, show_default=True, help="How long to measure each of them.")
def main(file: Path | None, provider: str, words: int, seconds: float) -> None:
    """Print events per second from bytes to response for this project and the official client."""
    body = file.read_bytes() if file else b""
    pieces = chunks(body, event_cuts(body)) if file else made_stream(get_codec(provider), words)
    size = sum(map(len, pieces))
    click.echo(f"{provider}: {len(pieces)} events, {size / 1000:.0f} kB, {file or 'a made stream'}")
    results = {name: measure(read, pieces, seconds) for name, read in contestants(provider).items()}
    if len({text for _, text in results.values()}) > 1:
        raise click.ClickException("the contestants did not read the same text")
    codec, client = results[CODEC_ALONE][0], results[WHOLE_CLIENT][0]
    for name, (best, _) in results.items():
        ratios = f"   llm_sdk is {best / codec:4.1f} (codec) and {best / client:4.1f} (client) times as fast"
        line = f"  {name:<22} {len(pieces) / best:>10,.0f} events/s"
        click.echo(line + ratios if name in OFFICIAL.get(provider, {}) else line)


if __name__ == "__main__":
    main()
