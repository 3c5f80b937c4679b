"""The HTTP clients of one model: the one that it was given, or its own, made when first needed."""

import asyncio
import math
import threading
import weakref
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, TypeAlias

from llm_sdk.errors import InvalidInputError

if TYPE_CHECKING:
    import httpx

__all__ = ["Clients", "Timeouts", "timeouts_for"]

Timeouts: TypeAlias = tuple[float | None, float | None, float | None, float | None]
"""Seconds to connect, to read, to write, and to get a connection from the pool; ``None`` is for ever."""

DEFAULT_TIMEOUTS: Timeouts = (5.0, 600.0, 600.0, 600.0)
HTTPX_DEFAULT_TIMEOUT = 5.0


class Clients:
    """Gives the client for a call. One that was passed in is never closed here.

    An asynchronous client belongs to the event loop that its connections were made on, so a model has one of its own
    for each loop, which is closed with the loop.
    """

    def __init__(self, given: Any = None) -> None:
        """Raises InvalidInputError for a ``given`` client that is neither of httpx nor of httpx2."""
        if given is not None and not (hasattr(given, "build_request") and hasattr(given, "send")):
            raise InvalidInputError(
                f"an httpx.AsyncClient or httpx.Client, or one of httpx2, is needed, not {type(given).__name__}",
                path="http_client",
            )
        self._given = given
        self._lock = threading.Lock()
        self._sync: httpx.Client | None = None
        self._by_loop: dict[asyncio.AbstractEventLoop, _Kept] = {}

    @property
    def given_is_async(self) -> bool:
        """Whether only an asynchronous client was passed in, so that plain calls have to borrow a loop."""
        return self._given is not None and hasattr(self._given, "aclose")

    def sync_client(self) -> Any:
        """The client for a plain call. Raises InvalidInputError for one that is closed."""
        if self._given is not None:
            return self._open()
        with self._lock:
            if self._sync is None:
                import httpx

                self._sync = httpx.Client(**_options(httpx))
                weakref.finalize(self, self._sync.close)
            return self._sync

    async def async_client(self) -> Any:
        """The client for a call on the running loop.

        Raises InvalidInputError where a plain client was passed in, or one that is closed.
        """
        if self.given_is_async:
            return self._open()
        if self._given is not None:
            raise InvalidInputError(
                "a plain client was passed in, so only generate_sync and stream_sync work; pass an AsyncClient",
                path="http_client",
            )
        loop = _running_loop()
        if loop not in self._by_loop:
            for other in [other for other in self._by_loop if other.is_closed()]:
                del self._by_loop[other]
            kept = self._by_loop[loop] = _Kept()
            await kept.open()
        return self._by_loop[loop].client

    def _open(self) -> Any:
        if self._given.is_closed:
            raise InvalidInputError("this client is closed", path="http_client")
        return self._given

    def close(self) -> None:
        """Close the own plain client; those of event loops are closed on their loops, a moment later."""
        with self._lock:
            client, self._sync = self._sync, None
        if client is not None:
            client.close()
        self._by_loop.clear()

    async def aclose(self) -> None:
        """Close the own clients, that of the running loop before this returns."""
        kept = self._by_loop.pop(_running_loop(), None)
        if kept is not None:
            await kept.close()
        self.close()


class _Kept:
    """A client inside an asynchronous generator, which the event loop closes when it shuts down or nobody holds it."""

    def __init__(self) -> None:
        import httpx

        self.client = httpx.AsyncClient(**_options(httpx))
        self._keeper = _keep(self.client)

    async def open(self) -> None:
        await anext(self._keeper)

    async def close(self) -> None:
        await self._keeper.aclose()


async def _keep(client: "httpx.AsyncClient") -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await client.aclose()


def _running_loop() -> asyncio.AbstractEventLoop:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        pass
    raise InvalidInputError("outside of asyncio a client has to be passed in", path="http_client")


def _options(httpx: Any) -> dict[str, Any]:
    return {"limits": httpx.Limits(max_connections=1000, max_keepalive_connections=100)}


def timeouts_for(timeout: Any, given: Any) -> Timeouts | None:
    """The seconds that ``timeout`` means, or ``None`` to leave them to the client that was given.

    A number is the longest silence, endless with ``math.inf``; connecting has five seconds of it at most. Unset, a
    given client keeps the timeouts that it was made with, unless they are httpx's own five seconds, in which few
    models answer.
    """
    if timeout is None:
        own = getattr(given, "timeout", None)
        return DEFAULT_TIMEOUTS if own is None or set(own.as_dict().values()) == {HTTPX_DEFAULT_TIMEOUT} else None
    if hasattr(timeout, "as_dict"):
        seconds = timeout.as_dict()
        return seconds["connect"], seconds["read"], seconds["write"], seconds["pool"]
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0:
        raise InvalidInputError(f"{timeout!r} is not a number of seconds above 0, nor a Timeout", path="timeout")
    return min(5.0, timeout), *(3 * (None if math.isinf(timeout) else float(timeout),))
