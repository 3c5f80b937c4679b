"""Recorded traffic of this provider, where it is at hand beside the checkout."""

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from llm_sdk.sse import ServerSentEvent, ServerSentEventDecoder

SHARED = Path(__file__).resolve().parents[5] / "shared"
CORPUS = SHARED / "corpus" / "openai-responses.jsonl.gz"
SAMPLES = SHARED / "specs" / "samples"


@cache
def records() -> list[dict[str, Any]]:
    if not CORPUS.is_file():
        pytest.skip("the recorded traffic is not at hand: there is no ../shared/corpus beside this checkout")
    with gzip.open(CORPUS, "rt", encoding="utf-8", newline="\n") as lines:
        return [json.loads(line) for line in lines]


def split(body: bytes) -> list[ServerSentEvent]:
    """The events of a stream."""
    framing = ServerSentEventDecoder()
    return framing.feed(body) + framing.close()


@cache
def streams() -> list[list[ServerSentEvent]]:
    """Every recorded stream, and the samples."""
    found = [split(record["response_body"].encode()) for record in records() if record["streaming"]]
    return found + [split(file.read_bytes()) for file in sorted(SAMPLES.glob("openai-responses.stream.*"))]


@cache
def answers() -> list[Any]:
    """Every recorded whole answer."""
    bodies = (record["response_body"] for record in records() if not record["streaming"] and record["status"] < 400)
    return [body for body in map(_parsed, bodies) if isinstance(body, dict)]


def _parsed(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
