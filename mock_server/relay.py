"""A reply that comes from elsewhere while it is written: what a proxy passes on."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from mock_server.reply import ReplyPlan

__all__ = ["LostError", "Relay", "Relayed"]


class LostError(Exception):
    """The reply has died on its way: its connection was closed, or ``reset``."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__("reset" if reset else "closed")
        self.reset = reset


@dataclass(frozen=True, slots=True)
class Relayed:
    """What has come: the ``head``, a plan without chunks, and ``pieces`` of the body as they come. They raise
    LostError."""

    head: ReplyPlan
    pieces: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Relay:
    """``open`` asks for the reply, and lets go of it at the end of its ``async with``."""

    open: Callable[[], AbstractAsyncContextManager[Relayed]]
