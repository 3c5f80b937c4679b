"""What was asked and what was answered: bounded, decoded to the unified input, without secrets."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from llm_sdk.types import JsonObject, LanguageModelInput, ModelResponse

__all__ = ["Exchange", "Journal", "redact_headers", "redact_path"]

REDACTED = "[redacted]"
SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie", "set-cookie"}
)
SECRET_PARAMETERS = frozenset({"key", "api_key", "access_token"})


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request to a provider and the answer to it.

    ``input`` is the request as the provider reads it; it is None, as ``model_id`` is, where it could not be read.
    ``scenario`` is the name of the one that answered, None for an answer that was made up. ``response`` is the answer
    before any fault, None where it is an error; ``error`` is its message. ``headers`` and ``path`` hold no secrets.
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
    response: ModelResponse | None = None
    error: str | None = None
    faults: Mapping[str, object] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def to_json(self) -> JsonObject:
        """The exchange as JSON, its body as text."""
        return {
            "number": self.number,
            "provider": self.provider,
            "method": self.method,
            "path": self.path,
            "headers": dict(self.headers),
            "body": self.body.decode("utf-8", "replace"),
            "status": self.status,
            "model_id": self.model_id,
            "input": self.input.model_dump(mode="json") if self.input is not None else None,
            "stream": self.stream,
            "scenario": self.scenario,
            "response": self.response.model_dump(mode="json") if self.response is not None else None,
            "error": self.error,
            "faults": dict(self.faults),
            "warnings": list(self.warnings),
        }

    def __str__(self) -> str:
        """One line, for messages of assertions."""
        what = f"{self.model_id} {'streamed' if self.stream else 'whole'}" if self.input is not None else self.path
        by = f"scenario {self.scenario!r}" if self.scenario is not None else self.error or "made up"
        return f"#{self.number} {self.provider} {what}: {self.status}, {by}"


class Journal:
    """The latest exchanges: at most ``max_exchanges`` of them, with bodies of at most ``max_bytes`` together."""

    def __init__(self, max_exchanges: int = 1000, max_bytes: int = 64 * 1024 * 1024) -> None:
        self._exchanges: deque[Exchange] = deque()
        self._max_exchanges = max_exchanges
        self._max_bytes = max_bytes
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._exchanges)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._exchanges)

    def add(self, exchange: Exchange) -> None:
        """Keep this one, and forget the oldest where there are too many."""
        self._exchanges.append(exchange)
        self._bytes += len(exchange.body)
        while len(self._exchanges) > self._max_exchanges or (self._bytes > self._max_bytes and len(self) > 1):
            self._bytes -= len(self._exchanges.popleft().body)

    def clear(self) -> None:
        """Forget all."""
        self._exchanges.clear()
        self._bytes = 0


def redact_headers(headers: Mapping[str, str], also: frozenset[str] = frozenset()) -> dict[str, str]:
    """The headers, in lower case, with the values of those that carry secrets replaced."""
    secret = SECRET_HEADERS | also
    return {name.lower(): REDACTED if name.lower() in secret else value for name, value in headers.items()}


def redact_path(path: str) -> str:
    """The path with secrets in its query replaced."""
    bare, mark, query = path.partition("?")
    if not mark:
        return path
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(name in SECRET_PARAMETERS for name, _ in pairs):
        return path
    return f"{bare}?" + urlencode([(name, REDACTED if name in SECRET_PARAMETERS else value) for name, value in pairs])
