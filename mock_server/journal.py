"""What was asked and what was answered: bounded, decoded to the unified input, without secrets."""

import hashlib
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from llm_sdk.types import JsonObject, LanguageModelInput, ModelResponse
from mock_server.conditions import fits_model

__all__ = [
    "REDACTED",
    "Exchange",
    "Exchanges",
    "Journal",
    "Sender",
    "caller_of",
    "is_secret_parameter",
    "redact_headers",
    "redact_path",
]

REDACTED = "[redacted]"
SECRET_HEADER = re.compile(r"authorization|api[-_]?key|token|secret|cookie|password|credential", re.IGNORECASE)
SECRET_PARAMETER = re.compile(
    r"(x[-_])?((api|access|subscription|secret)[-_]?)?key|((access|auth|bearer|api)[-_]?)?token|(client[-_]?)?secret|"
    r"password|authorization",
    re.IGNORECASE,
)
LIKE_KEY = re.compile(r"(?<![\w-])(sk-|AIza)[\w-]{16,}")
MAX_EXCHANGES = 1000
MAX_BYTES = 64 * 1024 * 1024
SMALLEST_SIZE = 2048
"""Bytes that an exchange without a body takes: its headers, and the objects that it is."""
COPIES = 3
"""How often the bytes of a body are there: as they came, as texts of the unified input, and as an answer's."""


class Sender(NamedTuple):
    """What is kept of who asked: headers and path without secrets, and what tells one key from another."""

    headers: Mapping[str, str]
    path: str
    caller: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request to a provider and the answer to it.

    ``input`` is the request as the provider reads it; it is None, as ``model_id`` is, where it could not be read.
    ``scenario`` is the name of the one that answered, and ``turn`` how far the conversation had come in it, from 1;
    both are None for an answer that was made up. ``response`` is the answer before any fault, None where it is an
    error; ``error`` is its message, and ``retry_after`` the seconds to wait that it told. ``faults`` are what went
    wrong on purpose; an answer that is not ``complete`` was cut, and with ``left`` the client has gone before its end.
    ``headers`` and ``path`` hold no secrets; ``caller``
    is the same for requests with the same key, and says nothing of it.

    ``time`` is when the request came, in seconds since 1970 by the stand-in's clock, ``arrived`` the same by the
    machine's own, in seconds since some moment; the answer was to take ``seconds`` from then on. ``fingerprint`` is
    the same for requests that ask the same, empty for one that could not be read.
    """

    number: int
    provider: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    status: int
    model_id: str | None = None
    input: LanguageModelInput | None = None
    stream: bool = False
    scenario: str | None = None
    turn: int | None = None
    response: ModelResponse | None = None
    error: str | None = None
    retry_after: float | None = None
    faults: Mapping[str, object] = field(default_factory=dict)
    complete: bool = True
    left: bool = False
    warnings: tuple[str, ...] = ()
    time: float = 0.0
    arrived: float = 0.0
    seconds: float = 0.0
    caller: str = ""
    fingerprint: str = ""

    def to_json(self) -> JsonObject:
        """The exchange as JSON, its body as text."""
        return {
            "number": self.number,
            "time": self.time,
            "arrived": self.arrived,
            "seconds": self.seconds,
            "provider": self.provider,
            "caller": self.caller,
            "method": self.method,
            "path": self.path,
            "headers": dict(self.headers),
            "body": self.body.decode("utf-8", "replace"),
            "status": self.status,
            "model_id": self.model_id,
            "input": self.input.model_dump(mode="json") if self.input is not None else None,
            "stream": self.stream,
            "scenario": self.scenario,
            "turn": self.turn,
            "response": self.response.model_dump(mode="json") if self.response is not None else None,
            "error": self.error,
            "retry_after": self.retry_after,
            "faults": dict(self.faults),
            "complete": self.complete,
            "left": self.left,
            "warnings": list(self.warnings),
            "fingerprint": self.fingerprint,
        }

    def __str__(self) -> str:
        """One line, for messages of assertions."""
        what = f"{self.model_id} {'streamed' if self.stream else 'whole'}" if self.input is not None else self.path
        by = f"scenario {self.scenario!r}" if self.scenario is not None else self.error or "made up"
        return f"#{self.number} {self.provider} {what}: {self.status}, {by}"


class Exchanges(list[Exchange]):
    """Exchanges, oldest first."""

    def where(
        self,
        *,
        provider: str | None = None,
        model: str | None = None,
        status: int | str | None = None,
        scenario: str | None = None,
        since: int | None = None,
        limit: int | None = None,
    ) -> "Exchanges":
        """Those for which all that is given holds.

        ``model`` is a pattern such as ``gpt-*``, ``status`` a number or a class such as ``4xx``. ``since`` is the
        number of an exchange, and those after it are wanted; ``limit`` leaves the latest so many.
        """
        found = Exchanges(
            exchange
            for exchange in self
            if provider in (None, exchange.provider)
            and (model is None or (exchange.model_id is not None and fits_model(model, exchange.model_id)))
            and (status is None or _is_status(exchange.status, str(status)))
            and scenario in (None, exchange.scenario)
            and (since is None or exchange.number > since)
        )
        return found if limit is None else Exchanges(found[max(0, len(found) - limit) :])


class Journal:
    """The latest exchanges: at most ``max_exchanges`` of them, of about ``max_bytes`` together. ``dropped`` counts
    those that were forgotten for that."""

    def __init__(self, max_exchanges: int = MAX_EXCHANGES, max_bytes: int = MAX_BYTES) -> None:
        self._exchanges: deque[Exchange] = deque()
        self._max_exchanges = max_exchanges
        self._max_bytes = max_bytes
        self._bytes = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._exchanges)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._exchanges)

    def add(self, exchange: Exchange) -> None:
        """Keep this one, and forget the oldest where there are too many."""
        self._exchanges.append(exchange)
        self._bytes += _size(exchange)
        while len(self._exchanges) > self._max_exchanges or (self._bytes > self._max_bytes and len(self) > 1):
            self._bytes -= _size(self._exchanges.popleft())
            self.dropped += 1

    def note_left(self, number: int) -> None:
        """The client of this exchange has gone before the end of its answer."""
        for at in range(len(self._exchanges) - 1, -1, -1):
            if self._exchanges[at].number == number:
                self._exchanges[at] = replace(self._exchanges[at], left=True)
                return

    def clear(self) -> None:
        """Forget all."""
        self._exchanges.clear()
        self._bytes = self.dropped = 0


def redact_headers(headers: Mapping[str, str], also: Iterable[str] = (), key: str | None = None) -> Mapping[str, str]:
    """The headers, in lower case, with the values replaced of those that carry secrets by their names, or are in
    ``also``, and of those that hold ``key`` or what looks like one."""
    return _redacted(tuple(headers.items()), frozenset(also), key)


@lru_cache(maxsize=512)
def _redacted(headers: tuple[tuple[str, str], ...], also: frozenset[str], key: str | None) -> Mapping[str, str]:
    # Most requests of a client have the same headers: they are looked through once, and kept once.
    kept = {}
    for name, value in headers:
        lower, secret = _secrecy(name)
        kept[lower] = REDACTED if secret or lower in also or _holds(value, key) else value
    return kept


@lru_cache(maxsize=1024)
def caller_of(key: str | None, salt: bytes) -> str:
    """What tells one key from another, and nothing else of it; empty without a key."""
    if key is None:
        return ""
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), key=salt, digest_size=4).hexdigest()


def redact_path(path: str) -> str:
    """The path with secrets in its query replaced."""
    bare, mark, query = path.partition("?")
    if not mark:
        return path
    pairs = parse_qsl(query, keep_blank_values=True)
    hidden = [(name, REDACTED if is_secret_parameter(name, value) else value) for name, value in pairs]
    return path if hidden == pairs else f"{bare}?{urlencode(hidden, safe='[]')}"


def is_secret_parameter(name: str, value: str) -> bool:
    """Whether a parameter of a URL carries a secret: by its name, or because it looks like a key."""
    return SECRET_PARAMETER.fullmatch(name) is not None or LIKE_KEY.search(value) is not None


@lru_cache(maxsize=1024)
def _secrecy(name: str) -> tuple[str, bool]:
    """A header's name in lower case, and whether it says that the header is secret."""
    return name.lower(), SECRET_HEADER.search(name) is not None


def _holds(value: str, key: str | None) -> bool:
    if key is not None and key in value and len(key) > 3:
        return True
    # Looked for plainly at first: this is done for every header of every request.
    return ("sk-" in value or "AIza" in value) and LIKE_KEY.search(value) is not None


def _is_status(status: int, wanted: str) -> bool:
    return str(status) == wanted or (wanted.endswith("xx") and str(status)[0] == wanted[0])


def _size(exchange: Exchange) -> int:
    return SMALLEST_SIZE + COPIES * len(exchange.body)
