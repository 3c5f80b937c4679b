"""A reply as it goes out: status, headers, and chunks of bytes with their times. What every edge sends is one of
these, over a socket or not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from llm_sdk.codec import WireResponse, dump_json

__all__ = ["ReplyPlan", "TimedChunk", "json_reply", "whole_reply"]


class TimedChunk(NamedTuple):
    """Bytes that go out in one piece, ``delay`` seconds after the piece before. A tuple, because every token of a
    streamed answer makes one and nothing immutable is made faster."""

    data: bytes
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class ReplyPlan:
    """A whole reply, planned before its first byte.

    ``latency`` is the time before the status line, in seconds. ``stream`` says that each chunk is an event; otherwise
    there is one chunk at most. A reply that is not ``complete`` ends with its connection cut, one with ``reset`` by a
    reset; where a reset comes before the first byte of the body, no status line comes either. ``on_left`` is to be
    called when the client leaves before its end.
    """

    status: int
    headers: Mapping[str, str]
    chunks: tuple[TimedChunk, ...]
    stream: bool = False
    latency: float = 0.0
    complete: bool = True
    reset: bool = False
    faults: Mapping[str, object] = field(default_factory=dict)
    on_left: Callable[[], None] | None = field(default=None, compare=False, repr=False)

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return self.latency + sum([chunk.delay for chunk in self.chunks])

    @property
    def waits(self) -> bool:
        """Whether any of it comes later than at once."""
        return self.latency > 0 or any(chunk.delay for chunk in self.chunks)

    @property
    def body(self) -> bytes:
        """All bytes that go out."""
        return b"".join(chunk.data for chunk in self.chunks)


def whole_reply(reply: WireResponse, headers: Mapping[str, str] | None = None) -> ReplyPlan:
    """A reply of one piece; its own headers stand before ``headers``."""
    sized = {**(headers or {}), **reply.headers, "content-length": str(len(reply.body))}
    return ReplyPlan(reply.status, sized, (TimedChunk(reply.body),) if reply.body else ())


def json_reply(status: int, value: object, headers: Mapping[str, str] | None = None) -> ReplyPlan:
    """A reply of JSON that belongs to no provider's protocol."""
    return whole_reply(WireResponse(status, dump_json(value), {"content-type": "application/json"}), headers)
