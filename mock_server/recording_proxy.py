"""Between a client and the real API: passes everything on as it is, piece by piece, and records it.

Changed is only what is about the connection itself, and the encodings, which are ``identity``: a recording is to be
read. A body that dies upstream dies here in the same way; an API that cannot be reached is an error of status 502
or 504 in its own form, which is not recorded.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

import httpx

from llm_sdk.codec import Codec, WireRequest
from llm_sdk.errors import status_error
from mock_server.access import is_loopback
from mock_server.cassette import Interaction
from mock_server.cassette_folder import CassetteFolder, name_of
from mock_server.content_encoding import EncodedBodyError, without_encoding
from mock_server.limits import MAX_BODY_BYTES
from mock_server.recorder import Recorder
from mock_server.recording_transport import RecordingTransport
from mock_server.relay import LostError, Relay, Relayed
from mock_server.reply import ReplyPlan, json_reply, whole_reply
from mock_server.service_routes import claims

__all__ = ["RecordingProxy", "Upstream"]

OF_THE_CONNECTION = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te"),
        *("trailer", "transfer-encoding", "upgrade"),
    }
)
NOT_SENT_ON = OF_THE_CONNECTION | {"accept-encoding", "content-length", "expect", "host"}
TIMEOUT = {"connect": 30.0, "read": 600.0, "write": 60.0, "pool": 30.0}
LAST_WORDS_SECONDS = 2.0
LIVE = "live"
LOCAL = "a local server"


@dataclass(frozen=True, slots=True)
class Upstream:
    """An API to record, at ``base_url``, and the protocols that are spoken there."""

    base_url: str
    codecs: tuple[Codec, ...]

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine."""
        return is_loopback(urlsplit(self.base_url).hostname or "")

    @property
    def written_url(self) -> str:
        """What stands in the cassettes: of a local server the provider's own address, for the port is another one the
        next time."""
        return self.codecs[0].endpoint.base_url if self.is_local else self.base_url

    def codec_for(self, method: str, path: str) -> Codec:
        """The protocol of a path, which starts with the root."""
        return next((codec for codec in self.codecs if claims(codec, method, path)), self.codecs[0])


class RecordingProxy:
    """Answers in the place of ``upstreams``, below the paths that the mock server has for their providers, and puts
    what it hears into ``folder``. ``recorded_at`` is in ISO 8601; ``is_stopping`` tells that answers are cut from here.
    """

    def __init__(
        self,
        upstreams: Sequence[Upstream],
        folder: CassetteFolder,
        *,
        recorded_at: str,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._upstreams = upstreams
        self._folder = folder
        self._is_stopping = is_stopping
        self._open: set[asyncio.Task[object]] = set()
        self._client = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=None))
        self._transports = [
            RecordingTransport(
                self._client,
                Recorder(
                    recorded=LOCAL if upstream.is_local else LIVE,
                    recorded_at=recorded_at,
                    rename=partial(_renamed, upstream),
                    clock=time.monotonic,
                    on_recorded=partial(self._keep, upstream),
                ),
            )
            for upstream in upstreams
        ]

    def answer(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        host: str = "",  # noqa: ARG002 - what leads to the right API is the path
    ) -> ReplyPlan | Relay:
        """What the API says to this request; names of ``headers`` are in lower case. A body that is encoded goes on
        decoded, so that it can be read, and looked through for keys, where it is written down."""
        try:
            headers, body = without_encoding(headers, body, MAX_BODY_BYTES)
        except EncodedBodyError as error:
            return self.refuse(method, target, headers, error.status, str(error))
        for at, upstream in enumerate(self._upstreams):
            endpoint = upstream.codecs[0].endpoint
            if target.startswith(endpoint.mount + "/"):
                path = target.removeprefix(endpoint.mount)
                for codec in upstream.codecs:
                    if key := codec.endpoint.key_of(headers, target):
                        self._folder.guard("the key of a request", key)
                url = upstream.base_url + path.removeprefix(endpoint.root)
                request = httpx.Request(method, url, headers=_sent_on(headers), content=body or None)
                request.extensions["timeout"] = TIMEOUT
                return Relay(partial(self._send, self._transports[at], request, upstream.codec_for(method, path)))
        bases = ", ".join(self.bases())
        return json_reply(
            404, {"error": {"message": f"nothing is recorded at {method} {target}; base URLs are {bases}"}}
        )

    def refuse(self, method: str, target: str, headers: Mapping[str, str], status: int, message: str) -> ReplyPlan:  # noqa: ARG002 - as of a server's routes
        """The reply to a request that was not read to its end."""
        return json_reply(status, {"error": {"message": message}})

    def bases(self) -> Iterator[str]:
        """The paths of the base URLs here."""
        for upstream in self._upstreams:
            yield upstream.codecs[0].endpoint.mount + upstream.codecs[0].endpoint.root

    async def close(self) -> None:
        """Let what is cut off have its end, and wait until all is written."""
        if self._open:
            await asyncio.wait(self._open, timeout=LAST_WORDS_SECONDS)
        await self._client.aclose()
        await asyncio.to_thread(self._folder.close)

    @asynccontextmanager
    async def _send(
        self, transport: RecordingTransport, request: httpx.Request, codec: Codec
    ) -> AsyncIterator[Relayed]:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a reply is written by a task
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        try:
            response = await transport.handle_async_request(request)
        except httpx.TransportError as error:
            plan = _unreached(codec, error)
            yield Relayed(plan, _pieces_of(plan))
            return
        try:
            yield Relayed(_head(response), _pieces(response))
        finally:
            await response.aclose()

    def _keep(self, upstream: Upstream, interaction: Interaction) -> None:
        if interaction.response.note and interaction.response.note.cut == "left" and self._is_stopping():
            return
        request = interaction.request
        rest = request.uri.removeprefix(upstream.written_url)
        path = upstream.codecs[0].endpoint.root + rest
        codec = upstream.codec_for(request.method, path)
        self._folder.add(name_of(codec, WireRequest(request.method, path, request.body)), interaction)


def _renamed(upstream: Upstream, uri: str) -> str:
    return uri.replace(upstream.base_url, upstream.written_url, 1)


def _sent_on(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    named = {name.strip().lower() for name in headers.get("connection", "").split(",")}
    kept = [(name, value) for name, value in headers.items() if name not in NOT_SENT_ON and name not in named]
    return [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in [*kept, ("accept-encoding", "identity")]
    ]


def _head(response: httpx.Response) -> ReplyPlan:
    named = {name.strip().lower() for name in response.headers.get("connection", "").split(",")}
    not_passed_on = OF_THE_CONNECTION | named | {"date"}
    headers = {name: value for name, value in response.headers.items() if name not in not_passed_on}
    return ReplyPlan(response.status_code, headers, (), stream=True)


async def _pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - of an asynchronous transport
    try:
        async for piece in response.stream:
            yield piece
    except httpx.TransportError as error:
        raise LostError(reset=isinstance(error, httpx.ReadError)) from error


async def _pieces_of(plan: ReplyPlan) -> AsyncIterator[bytes]:
    for chunk in plan.chunks:
        yield chunk.data


def _unreached(codec: Codec, error: httpx.TransportError) -> ReplyPlan:
    """What comes where nothing has come: an error, or the end of a connection that has ended upstream."""
    timed_out = isinstance(error, httpx.TimeoutException)
    if not timed_out and not isinstance(error, httpx.ConnectError | httpx.UnsupportedProtocol):
        return ReplyPlan(502, {}, (), complete=False, reset=True)
    status = 504 if timed_out else 502
    said = f"the API cannot be reached: {str(error) or type(error).__name__}"
    return whole_reply(codec.encode_error(status_error(status)(said, status_code=status)))
