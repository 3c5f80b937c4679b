"""Recorded answers for requests that mean the same as recorded ones: ``mock-server serve --replay DIR``.

A request to a chat endpoint is found by its model, its unified input, and whether it is streamed; one to a service
beside it, and one that cannot be read, by its path and its JSON. So neither the order of keys, nor headers, nor the
host have to be what they were.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from llm_sdk.accumulator import accumulate
from llm_sdk.codec import Codec, ModelCall, WireRequest, WireResponse
from llm_sdk.comparison import differences
from llm_sdk.errors import LanguageModelError, RefusalError
from llm_sdk.types import ModelResponse
from mock_server.asked import Asked
from mock_server.attribution import attribute
from mock_server.recordings import Exchange, RecordingError, read_exchanges, unframe
from mock_server.reply import ReplyPlan, TimedChunk
from mock_server.service_routes import claims
from mock_server.store import Counter, Counts

__all__ = ["Recorded", "Replay", "load_replay", "plan_of"]

NOT_REPLAYED = frozenset(
    {
        *("alt-svc", "connection", "content-encoding", "content-length", "date", "keep-alive", "set-cookie"),
        *("strict-transport-security", "trailer", "transfer-encoding", "upgrade"),
    }
)
"""Headers that were about another connection, another server, or a body that is not compressed any more."""
HEADER_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
EVENT = re.compile(rb".+?(?:\r\n\r\n|\n\n|\r\r|\Z)", re.DOTALL)
ANSWERS = range(200, 600)
SHOWN = 12
COMPARED = 500
"""Among how many recordings the nearest one is looked for: each has to be compared leaf by leaf."""

Key: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class Recorded:
    """A recorded exchange and the protocol that it speaks; ``call`` is None where its request is not for the model, or
    cannot be read."""

    exchange: Exchange
    codec: Codec
    path: str
    call: ModelCall | None

    @cached_property
    def response(self) -> ModelResponse | None:
        """What the answer says; None for an error, and for what cannot be read."""
        exchange, codec = self.exchange, self.codec
        if self.call is None or not exchange.is_answer:
            return None
        try:
            if not exchange.streaming:
                return codec.decode_response(WireResponse(exchange.status, exchange.response_body))
            reader = codec.stream_decoder()
            partials = [partial for event in unframe([exchange.response_body]) for partial in reader.feed(event)]
            return accumulate([*partials, *reader.close()])
        except RefusalError as refusal:
            return refusal.response
        except LanguageModelError:
            return None


class Replay:
    """Recorded exchanges, to be found by what their requests mean.

    Of several that mean the same the answers come in their order, and then the last one again; with ``once`` each
    comes once. With ``timing`` the pieces of an answer come when they came, where that was recorded.
    """

    def __init__(self, recorded: Iterable[Recorded], *, timing: bool = False, once: bool = False) -> None:
        self._found: defaultdict[Key, list[Recorded]] = defaultdict(list)
        self._calls: defaultdict[str, list[tuple[Recorded, ModelCall]]] = defaultdict(list)
        self._used: Counts = Counter()
        self._timing = timing
        self._once = once
        for one in recorded:
            exchange = one.exchange
            request = WireRequest(exchange.method, one.path, exchange.request_body or b"")
            self._found[_key(one.codec, request, one.call)].append(one)
            if one.call is not None:
                self._calls[one.codec.provider].append((one, one.call))

    def __len__(self) -> int:
        return sum(map(len, self._found.values()))

    @property
    def counts(self) -> bool:
        """Whether what is answered depends on how often it was asked."""
        return self._once or any(len(same) > 1 for same in self._found.values())

    def find(self, codec: Codec, request: WireRequest, call: ModelCall | None) -> Recorded | None:
        """The recording to answer with, counted as used; ``call`` is the request as it was read, where it could be."""
        key = _key(codec, request, call)
        same = self._found.get(key)
        if same is None:
            return None
        used = self._used.next(*key)
        if used >= len(same):
            return None if self._once else same[-1]
        return same[used]

    def plan(self, recorded: Recorded) -> ReplyPlan:
        """The recorded answer."""
        return plan_of(recorded.exchange, timing=self._timing)

    def fresh(self, used: Counts) -> "Replay":
        """The same recordings, which were used as often as ``used`` says."""
        other = copy(self)
        other._used = used  # noqa: SLF001 - of the same class
        return other

    def explain(self, asked: Asked) -> str:
        """Why no recording answers this call: the nearest one, and what differs, field by field."""
        every = self._calls.get(asked.provider, [])
        if not every:
            return f"no recording of {asked.provider} is there to replay ({len(self)} of others)."
        if self._found.get(_key_of_call(asked.provider, asked.call)):
            return "every recording that means this request has been used."
        wanted = _meaning(asked.call)
        compared = [(one, list(differences(_meaning(said), wanted))) for one, said in every[:COMPARED]]
        nearest, found = min(compared, key=lambda pair: len(pair[1]))
        lines = [
            f"no recording means this request; of {len(every)} the nearest is {nearest.exchange.id}.",
            "From it to this request:",
            *(f"  {difference}" for difference in found[:SHOWN]),
        ]
        return "\n".join(lines + ([f"  and {len(found) - SHOWN} more"] if len(found) > SHOWN else []))


def load_replay(path: Path, codecs: Sequence[Codec], *, timing: bool = False, once: bool = False) -> Replay:
    """All that can be replayed of a file or a folder: cassettes, HAR files, JSON lines.

    Raises RecordingError where nothing can, and for a file that is no recording.
    """
    replay = Replay(_read(path, codecs), timing=timing, once=once)
    if not len(replay):
        raise RecordingError(f"{path}: nothing to replay: no request to a provider that is spoken here is recorded")
    return replay


def plan_of(exchange: Exchange, *, timing: bool = False) -> ReplyPlan:
    """The recorded answer in the recorded chunks, with ``timing`` at the recorded times. A stream whose chunks were not
    noted comes event by event."""
    headers = {
        name: value
        for name, value in exchange.response_headers.items()
        if name not in NOT_REPLAYED and HEADER_NAME.fullmatch(name)
    }
    pieces = _pieces(exchange)
    complete = not exchange.truncated
    if complete and not exchange.streaming and len(pieces) <= 1:
        headers["content-length"] = str(len(exchange.response_body))
    latency, *delays = _delays(exchange, len(pieces)) if timing else [0.0] * (len(pieces) + 1)
    return ReplyPlan(
        exchange.status,
        headers,
        tuple(TimedChunk(piece, delay) for piece, delay in zip(pieces, delays, strict=True)),
        stream=exchange.streaming,
        latency=latency,
        complete=complete,
        reset=exchange.metadata.get("cut") == "reset",
    )


def _pieces(exchange: Exchange) -> list[bytes]:
    body = exchange.response_body
    if not body:
        return []
    noted = exchange.metadata.get("chunk_offsets")
    compressed = exchange.response_headers.get("content-encoding", "identity") != "identity"
    if isinstance(noted, list) and not compressed:
        edges = [0, *sorted({at for at in noted if isinstance(at, int) and 0 < at < len(body)}), len(body)]
        return [body[start:end] for start, end in pairwise(edges)]
    return EVENT.findall(body) if exchange.streaming else [body]


def _delays(exchange: Exchange, pieces: int) -> list[float]:
    """The seconds before the head, and before each piece; none where they were not noted."""
    times = exchange.metadata.get("times")
    if not isinstance(times, list) or len(times) != pieces + 1 or not all(isinstance(at, int | float) for at in times):
        return [0.0] * (pieces + 1)
    return [max(0.0, later - earlier) for earlier, later in pairwise([0.0, *times])]


def _read(path: Path, codecs: Sequence[Codec]) -> Iterator[Recorded]:
    named = {codec.provider: codec for codec in codecs}
    for exchange in read_exchanges(path):
        if exchange.status not in ANSWERS:
            continue
        attributed = attribute(exchange, named)
        if attributed is not None and exchange.request_body is not None:
            codec, chat_path = named[attributed[0]], attributed[1]
            yield Recorded(exchange, codec, chat_path, _decoded(codec, chat_path, exchange))
        elif attributed is None:
            yield from (Recorded(exchange, codec, path, None) for codec, path in _services(exchange, codecs))


def _services(exchange: Exchange, codecs: Sequence[Codec]) -> list[tuple[Codec, str]]:
    """The providers that have this path beside their chat endpoint, each with the path as it sees it: those at whose
    host it was recorded, or else all."""
    url = urlsplit(exchange.url)
    segments = url.path.strip("/").split("/")
    ends = ["/" + "/".join(segments[start:]) for start in range(len(segments))]
    found = [
        (codec, path)
        for codec in codecs
        for path in [next((end for end in ends if claims(codec, exchange.method, end)), None)]
        if path is not None
    ]
    own = [(codec, path) for codec, path in found if urlsplit(codec.endpoint.base_url).hostname == url.hostname]
    return own or found


def _decoded(codec: Codec, path: str, exchange: Exchange) -> ModelCall | None:
    body = exchange.request_body or b""
    try:
        return codec.decode_request(WireRequest(exchange.method, path, body, exchange.request_headers))
    except (LanguageModelError, ValueError):
        return None


def _key(codec: Codec, request: WireRequest, call: ModelCall | None) -> Key:
    if call is not None:
        return _key_of_call(codec.provider, call)
    return codec.provider, request.method, request.path.partition("?")[0], _canonical_body(request.body)


def _key_of_call(provider: str, call: ModelCall) -> Key:
    return provider, json.dumps(_meaning(call), sort_keys=True)


def _meaning(call: ModelCall) -> dict[str, Any]:
    return {"model_id": call.model_id, "stream": call.stream, "input": call.input.model_dump(mode="json")}


def _canonical_body(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), sort_keys=True)
    except (ValueError, RecursionError):
        return body.decode("latin-1")
