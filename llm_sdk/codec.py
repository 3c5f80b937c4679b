"""The contract that every provider folder fulfils. No I/O.

Rules of a codec
1. It reads no clock, holds no client and makes no random ids: what must be made up comes from :class:`Ids`.
2. Both directions of one message stand in one file, those of a stream side by side in ``stream_decoder.py`` and
   ``stream_encoder.py``; each enum is written once and read both ways.
3. It is lenient in reading and exact in writing. What it cannot express is an error with a path, or a warning, never
   a gap.
"""

import json
import random
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, Protocol, TypeAlias
from urllib.parse import parse_qs

from llm_sdk.capabilities import Capabilities
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import LanguageModelError, StatusCodeError
from llm_sdk.rate_limit_headers import NO_RATE_LIMIT_HEADERS, RateLimitHeaders
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import LanguageModelInput, ModelResponse

__all__ = [
    "Codec",
    "Endpoint",
    "Framing",
    "IdForm",
    "Ids",
    "ModelCall",
    "Route",
    "SeededIds",
    "StreamDecoder",
    "StreamEncoder",
    "WireRequest",
    "WireResponse",
    "dump_json",
]

Framing: TypeAlias = Literal["sse", "json-array"]


@dataclass(frozen=True, slots=True)
class WireRequest:
    """An HTTP request without its host and key. ``path`` starts after the base URL and may carry a query.

    ``warnings`` say what of the input was left out of it.
    """

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WireResponse:
    """A whole HTTP answer; header names are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """What a path says of a call: ``None`` where the body has to say it.

    ``framing`` is how the events of a streamed answer stand in its body; two routes that differ in it alone are equal.
    """

    model_id: str | None = None
    stream: bool | None = None
    framing: Framing = field(default="sse", compare=False)


@dataclass(frozen=True, slots=True)
class ModelCall:
    """A request as the provider reads it. ``warnings`` name content without a unified form; ``notices`` are what the
    provider says of the request beside its answer, in :attr:`Endpoint.notice_header`. ``stopped_at`` is the one of its
    stop sequences at which the answer ends, for a protocol that names it."""

    model_id: str
    input: LanguageModelInput
    stream: bool
    warnings: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    stopped_at: str | None = None


@dataclass(frozen=True, slots=True)
class IdForm:
    """What the ids look like that a provider makes up: ``prefix``, in which ``{tool_name}`` stands for the tool's, and
    a token of ``length`` characters of ``alphabet``."""

    prefix: str
    length: int
    alphabet: str = string.ascii_letters + string.digits

    def make(self, ids: "Ids", tool_name: str) -> str:
        """A new id."""
        return self.prefix.replace("{tool_name}", tool_name) + ids.token(self.length, self.alphabet)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How a client reaches the provider and shows its key.

    ``base_url`` is the default one, and ``root`` the part of it that is a path: a server mounts the protocol below it.
    ``key_header`` is the name of the header and ``key_format`` its value, such as ``Bearer {key}``; a
    server takes those in ``other_key_headers`` as well, each a name and a format, and the one in the query's
    ``key_parameter``, where it has a name. ``line_end`` ends the lines of the
    server-sent events that the provider writes. Without ``at_root`` a server leaves a path at its root to another
    protocol that has the same one. ``tool_call_id`` is the form of the ids that the provider gives to calls, and
    ``hosted_call_id`` to those of its own tools, where that is another. ``telemetry_name`` is what OpenTelemetry's
    conventions call the provider, where that is not its name here. ``notice_header`` is the header of an answer in
    which the provider says what it has passed over in the request, and empty where it has none. ``rate_limit_headers``
    tell in every answer how many requests are left. ``diverting_variables`` are environment variables by which the
    provider's own clients go elsewhere than to ``base_url_variable``, or show another key.
    ``other_base_url_variables`` and ``other_key_variables`` are those that frameworks read in their place: whoever
    leads clients to another server sets them too. ``versions`` are the beginnings of paths that some clients expect
    in the base URL, the usual one first: below its mount a server takes a path without one for that with the first
    that fits.
    """

    base_url: str
    root: str
    mount: str
    key_variables: tuple[str, ...]
    base_url_variable: str
    key_header: str
    key_format: str
    request_id_header: str
    line_end: bytes = b"\n"
    other_key_headers: tuple[tuple[str, str], ...] = ()
    key_parameter: str = ""
    at_root: bool = True
    tool_call_id: IdForm = IdForm("call_", 24)
    hosted_call_id: IdForm | None = None
    telemetry_name: str = ""
    notice_header: str = ""
    rate_limit_headers: RateLimitHeaders = NO_RATE_LIMIT_HEADERS
    diverting_variables: tuple[str, ...] = ()
    other_base_url_variables: tuple[str, ...] = ()
    other_key_variables: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()

    def key_of(self, headers: Mapping[str, str], path: str) -> str | None:
        """The key of a request, None without one; names of ``headers`` are in lower case, ``path`` has its query."""
        for name, format in self.key_headers:
            prefix = format.partition("{key}")[0]
            value = headers.get(name, "")
            if value and value[: len(prefix)].lower() == prefix.lower():
                return value[len(prefix) :]
        given = parse_qs(path.partition("?")[2]).get(self.key_parameter) if self.key_parameter else None
        return given[0] if given else None

    @property
    def key_headers(self) -> tuple[tuple[str, str], ...]:
        """Every header that may hold the key, in lower case, with its format; the usual one first."""
        return _lower(((self.key_header, self.key_format), *self.other_key_headers))


@lru_cache(maxsize=64)
def _lower(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The headers with their names in lower case; every request is looked at for them."""
    return tuple((name.lower(), format) for name, format in headers)


class Ids(Protocol):
    """The source of made-up ids and times, so that every byte that is written can be reproduced."""

    def token(self, length: int, alphabet: str = "0123456789abcdef") -> str:
        """A new token of ``length`` characters of ``alphabet``."""
        ...

    def padding(self, length: int, alphabet: str) -> str:
        """Characters that mean nothing and only hide how long something is. Unlike a token, they need not be new."""
        ...

    def now(self) -> float:
        """Seconds since 1970."""
        ...


class SeededIds:
    """Ids that are the same for the same ``seed``, at a time that stands still; ``time`` is in seconds since 1970."""

    def __init__(self, seed: int | str = 0, time: float = 1767225600.0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - reproducible is the point
        self._time = time

    def token(self, length: int, alphabet: str = "0123456789abcdef") -> str:
        """See :meth:`Ids.token`."""
        return "".join(self._random.choices(alphabet, k=length))

    def padding(self, length: int, alphabet: str) -> str:
        """See :meth:`Ids.padding`."""
        return self.token(length, alphabet)

    def now(self) -> float:
        """See :meth:`Ids.now`."""
        return self._time


class StreamDecoder(Protocol):
    """The provider's events -> partial responses."""

    def feed(self, event: ServerSentEvent) -> list[PartialModelResponse]:
        """Read one event. Raises what the event reports, and InvariantError for one that breaks the protocol."""
        ...

    def close(self) -> list[PartialModelResponse]:
        """The bytes have ended. Raises StreamTruncatedError when the provider's end mark has not come."""
        ...


class StreamEncoder(Protocol):
    """Partial responses -> the provider's events."""

    def feed(self, partial: PartialModelResponse) -> list[ServerSentEvent]:
        """Write what this partial brings, with every event that the protocol puts before and between."""
        ...

    def close(self) -> list[ServerSentEvent]:
        """Write the end of the stream."""
        ...


class Codec(Protocol):
    """One provider's protocol, in both directions: pure functions of their arguments."""

    provider: str
    capabilities: Capabilities
    endpoint: Endpoint

    def encode_request(self, model_id: str, input: LanguageModelInput, *, stream: bool) -> WireRequest:
        """Raises UnsupportedError or InvalidInputError, with the path of what cannot be sent."""
        ...

    def decode_response(self, reply: WireResponse) -> ModelResponse:
        """Read a 2xx answer. Raises RefusalError, or InvariantError that says where the answer is malformed."""
        ...

    def stream_decoder(self) -> StreamDecoder:
        """A new decoder for one stream."""
        ...

    def decode_error(self, reply: WireResponse) -> LanguageModelError:
        """Read any other answer, whatever its body is; the error is returned, not raised."""
        ...

    def match(self, method: str, path: str) -> Route | None:
        """Whether this is the provider's chat endpoint. ``path`` starts with the root, such as ``/v1``."""
        ...

    def decode_request(self, request: WireRequest) -> ModelCall:
        """Raises InvalidInputError for what the provider would refuse, with the path in its own words."""
        ...

    def encode_response(self, response: ModelResponse, *, call: ModelCall, ids: Ids) -> WireResponse:
        """A whole answer to this call."""
        ...

    def stream_encoder(self, *, call: ModelCall, ids: Ids) -> StreamEncoder:
        """A new encoder for one streamed answer to this call."""
        ...

    def encode_error(self, error: LanguageModelError) -> WireResponse:
        """The provider's own error answer."""
        ...

    def refuse_key(self, key: str | None) -> StatusCodeError:
        """What the provider says of a key that it does not know, or of none at all; the error is returned."""
        ...

    def check_fields(self, call: ModelCall) -> None:
        """Raises InvalidInputError, in the provider's words, for a field that its requests do not have."""
        ...

    def response_headers(self, ids: Ids, *, stream: bool) -> dict[str, str]:
        """The headers of an answer of status 200, content type included."""
        ...

    def normalize_request(self, body: Any) -> Any:
        """The same request with the protocol's documented defaults and short forms written out, for comparing two
        bodies."""
        ...


def dump_json(value: Any, *, indent: int | None = None, separators: tuple[str, str] = (",", ":")) -> bytes:
    """JSON in UTF-8: compact, as most providers write it, or in the given layout.

    A lone surrogate, which Python's texts can hold, has no UTF-8: then all that is not ASCII is written as escapes.
    """
    try:
        return json.dumps(value, ensure_ascii=False, indent=indent, separators=separators).encode()
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent, separators=separators).encode()
