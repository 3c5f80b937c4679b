"""The lanes on which answers come before an adapter: through its httpx client, under vcrpy, or over a socket.

They differ in what they can show of an exchange. A check names what it needs of that with
:func:`conformance.marks.lane_shows`, and is not judged on a lane that cannot show it.
"""

from types import TracebackType
from typing import Any, Literal, Protocol, Self, TypeAlias, get_args

import httpx

from conformance.replay import Answer, Performance, Playback, ReplayTransport
from conformance.replay_server import ReplayServer
from llm_sdk.codec import Codec, WireRequest

__all__ = ["LANES", "InProcess", "Lane", "Loopback", "Sight", "open_lane", "refuse"]

Sight: TypeAlias = Literal["address", "chunks", "client", "compression", "endings", "holding", "closing", "waiting"]
"""What a lane can show: the address that a request goes to, where the chunks of an answer are cut, what becomes of the
client that the adapter was given, a compressed body, a connection that is refused or lost, an answer that is held back,
whether the client closes the response, and that no answer comes in time."""
EVERYTHING: frozenset[Sight] = frozenset(get_args(Sight))
NOWHERE = "https://provider.invalid"
"""Where no provider stands: an adapter that goes to its provider all the same is seen."""


class Lane(Protocol):
    """A way to put answers before an adapter. ``shows`` is what of them it can show."""

    name: str
    shows: frozenset[Sight]
    http_client: httpx.AsyncClient | None

    @property
    def performances(self) -> list[Performance]:
        """Everything that was asked so far."""
        ...

    @property
    def closings(self) -> int:
        """How often the adapter has closed the client that it was given, since the last :meth:`play`."""
        ...

    def base_url(self, codec: Codec) -> str:
        """Where the adapter shall send its requests."""
        ...

    def play(self, answer: Answer) -> None:
        """Answer so from now on, and forget what was asked."""
        ...

    def close(self) -> None:
        """Stop."""
        ...


def refuse(_: WireRequest) -> Playback:
    """The answer of a lane that nothing was given to play."""
    return Playback(ending="refused")


class InProcess:
    """Through the adapter's httpx client: every chunk arrives exactly as it is played."""

    name = "in-process"
    shows = EVERYTHING

    def __init__(self) -> None:
        self._transport = ReplayTransport(refuse)
        self._client = _Client(transport=_as_transport(self._transport))
        self.http_client: httpx.AsyncClient | None = self._client

    @property
    def performances(self) -> list[Performance]:
        return self._transport.performances

    @property
    def closings(self) -> int:
        return self._client.closings

    def base_url(self, codec: Codec) -> str:
        return NOWHERE + codec.endpoint.root

    def play(self, answer: Answer) -> None:
        self._transport.answer = answer
        self._transport.performances = []
        self._client.closings = 0

    def close(self) -> None:
        """The client holds nothing that needs closing."""


class _Cookies(httpx.Cookies):
    """Cookies that are looked for only where an answer sets any: the search takes longer than the rest of a call."""

    def extract_cookies(self, response: httpx.Response) -> None:
        if "set-cookie" in response.headers:
            super().extract_cookies(response)


class _Client(httpx.AsyncClient):
    """The client that adapters are given. It counts how often it is closed, and stays open for the other checks."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        super().__init__(transport=transport)
        self._cookies = _Cookies()
        self.closings = 0

    async def aclose(self) -> None:
        self.closings += 1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()


def _as_transport(transport: ReplayTransport) -> Any:
    return transport


class Loopback:
    """Over a socket of this machine: for adapters on any other HTTP client, or in any other language."""

    name = "socket"
    shows = EVERYTHING - {"client", "waiting"}
    http_client: httpx.AsyncClient | None = None
    closings = 0

    def __init__(self) -> None:
        self._server = ReplayServer(refuse)
        self._server.start()

    @property
    def performances(self) -> list[Performance]:
        return self._server.performances

    def base_url(self, codec: Codec) -> str:
        return self._server.origin + codec.endpoint.root

    def play(self, answer: Answer) -> None:
        self._server.answer = answer
        self._server.performances = []

    def close(self) -> None:
        self._server.stop()


LANES = ("in-process", "patched", "socket")
"""The values of ``--transport``."""


def open_lane(name: str) -> Lane:
    """The lane of this name, to be closed by the caller."""
    if name == InProcess.name:
        return InProcess()
    if name == Loopback.name:
        return Loopback()
    from conformance.patched import Patched  # where it is used: vcrpy imports every HTTP client there is

    return Patched()
