"""Open streams: ``python -m benchmarks.streams`` opens 2,000 slow ones at once and says how many came to their end.

Each is a connection of its own to one server process; its events come half a second apart.
"""

import asyncio
import json
import resource
import sys
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import click

from benchmarks.load import http_request

__all__ = ["Streams", "main", "open_streams"]

LAST_CHUNK = b"0\r\n\r\n"
WORDS = 10


@dataclass(slots=True)
class Streams:
    """What came back: whole answers, and how many were open at the same time at most."""

    answers: list[bytes] = field(default_factory=list)
    most_open: int = 0
    open: int = 0


async def open_streams(url: str, body: bytes, count: int) -> Streams:
    """Open so many streams at once and read each to the end of its connection or its answer."""
    parts = urlsplit(url)
    request = http_request(url, body).replace(b"\r\n", b"\r\nconnection: close\r\n", 1)
    streams = Streams()

    async def read() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(request)
        got = await reader.readuntil(b"\r\n\r\n")
        streams.open += 1
        streams.most_open = max(streams.most_open, streams.open)
        got += await reader.read()
        streams.open -= 1
        streams.answers.append(got)
        writer.close()

    await asyncio.gather(*(read() for _ in range(count)))
    return streams


@click.command()
@click.option("--count", default=2000, show_default=True, help="How many streams.")
def main(count: int) -> None:
    """Open streams of a server of our own, all at once."""
    from benchmarks.peers import Server, request_body, running

    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    scenario = {"reply": "word " * WORDS, "pace": {"delay": 0.5}}
    command = (sys.executable, "-m", "mock_server", "serve", "--port", "{port}", "--scenarios", "{folder}/s.yaml")
    server = Server("ours", command, files={"s.yaml": json.dumps({"scenarios": [scenario]})})
    with running(server, None) as (url, _, _):
        began = time.perf_counter()
        streams = asyncio.run(open_streams(url, request_body(stream=True), count))
        took = time.perf_counter() - began
    whole = sum(answer.endswith(LAST_CHUNK) and answer.count(b"word") == WORDS for answer in streams.answers)
    click.echo(f"{whole} of {count} streams whole, {streams.most_open} open at once, {took:.1f} s")


if __name__ == "__main__":
    main()
