"""What of an interaction may be written down, and the proof that nothing else is.

Headers and parameters of an address are kept by name, and everything that is not named is dropped. What is kept is then
searched for secrets that are known, in whatever form they stand there, and for anything that looks like a key: a
recording that holds one is refused, with the place. A :class:`Canary` is a set of made-up secrets that a session plants
where real ones stand, to see that this works.
"""

import base64
import gzip
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from mock_server.cassette import CassetteError, Interaction

__all__ = ["Canary", "kept_request_headers", "kept_response_headers", "kept_url", "leaks", "refuse_leaks"]

REQUEST_HEADERS = re.compile(r"accept|accept-encoding|content-type|[a-z-]+-(version|beta)")
RESPONSE_HEADERS = re.compile(
    r"content-type|content-encoding|retry-after|retry-after-ms|x-should-retry|[a-z-]+-version|x-api-warning|"
    r"([a-z]+-)*(request|correlation|trace)-id"
)
PARAMETERS = frozenset({"alt", "api-version", "beta"})
KEY = re.compile(
    rb"(?<![\w-])("
    rb"sk-[\w-]{20,}|AIza[\w-]{35}|gsk_\w{20,}|xai-\w{20,}|pplx-\w{20,}|hf_\w{30,}|gh[pousr]_\w{30,}|"
    rb"AKIA[A-Z0-9]{16}(?!\w)|Bearer\s+[\w.-]{20,}|eyJ[\w-]{20,}\.)|"
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----|"
    rb"(?i:[?&](?:key|api[_-]?key|access[_-]?token|token)=[\w.-]{16,})"
)
SHORTEST = 8
"""A secret of fewer characters would be found everywhere."""


@dataclass(frozen=True, slots=True)
class Canary:
    """Made-up secrets of one session, by where they are planted: in the ``key``, in a ``header``, in the ``prompt``."""

    key: str
    header: str
    prompt: str

    HEADER = "x-canary"

    @classmethod
    def make(cls) -> Self:
        """New ones: nobody else has ever written them."""
        return cls(*(f"canary-{place}-{secrets.token_hex(12)}" for place in ("key", "header", "prompt")))

    def named(self) -> dict[str, str]:
        """By what they are called in a complaint."""
        return {f"the canary of the {place}": getattr(self, place) for place in ("key", "header", "prompt")}


def kept_request_headers(headers: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """The headers of a request that may be written, by name in lower case, in the order of their names."""
    return _kept(headers, REQUEST_HEADERS)


def kept_response_headers(headers: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """The same of a response."""
    return _kept(headers, RESPONSE_HEADERS)


def _kept(headers: Iterable[tuple[str, str]], allowed: re.Pattern[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in headers:
        if allowed.fullmatch(lower := name.lower()):
            found[lower] = (*found.get(lower, ()), value)
    return dict(sorted(found.items()))


def kept_url(url: str) -> str:
    """An address without user, password and fragment, and with the parameters alone that may be written."""
    parts = urlsplit(url)
    kept = urlencode([item for item in parse_qsl(parts.query, keep_blank_values=True) if item[0] in PARAMETERS])
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, kept, ""))


def leaks(interaction: Interaction, secrets: Mapping[str, str]) -> Iterator[str]:
    """Where a secret or what looks like a key stands, such as ``request.body at $.messages[0].content holds the key``.

    ``secrets`` are values by what to call them, such as ``{"the key": "..."}``; the secret itself is never said. They
    are found as they are, escaped for an address or for JSON, in base64, and in a body that is compressed.
    """
    known = {name: _forms(value) for name, value in secrets.items() if len(value) >= SHORTEST}
    request, response = interaction.request, interaction.response
    for place, content in {
        "request.uri": request.uri.encode(),
        "request.headers": repr(request.headers).encode(),
        "request.body": _plain(request.body),
        "response.headers": repr(response.headers).encode(),
        "response.body": _plain(response.body),
    }.items():
        for name, pattern in {**known, "what looks like a key": KEY}.items():
            if (found := pattern.search(content)) is not None:
                yield f"{place}{_where(content, pattern, found)} holds {name}"


def refuse_leaks(interactions: Iterable[Interaction], where: str, secrets: Mapping[str, str]) -> None:
    """Raise CassetteError, with every place, where interactions hold a secret or what looks like a key."""
    found = [
        f"interactions[{at}].{leak}"
        for at, interaction in enumerate(interactions)
        for leak in leaks(interaction, secrets)
    ]
    if found:
        raise CassetteError(f"{where}: {'; '.join(found)}; nothing was written")


def _forms(secret: str) -> re.Pattern[bytes]:
    """A pattern of every form in which a secret is looked for."""
    raw = secret.encode()
    escaped = (quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1])
    forms = [raw, *(form.encode() for form in escaped), *_in_base64(raw)]
    return re.compile(b"|".join(re.escape(form) for form in dict.fromkeys(forms)))


def _in_base64(raw: bytes) -> Iterator[bytes]:
    """What stands in base64 of any text that contains ``raw``: there are three, by where the text around it ends."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw).rstrip(b"=")
        whole = len(encoded) - bool((before + len(raw)) % 3)
        yield encoded[before + bool(before) : whole]


def _plain(body: bytes) -> bytes:
    try:
        return gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
    except (OSError, EOFError):
        return body


def _where(content: bytes, pattern: re.Pattern[bytes], found: re.Match[bytes]) -> str:
    """The place inside ``content``: a path in JSON, or else a byte; nothing for what is short."""
    try:
        path = next(_paths(json.loads(content), pattern, "$"), "")
    except (ValueError, RecursionError):
        path = ""
    return f" at {path or f'byte {found.start()}'}"


def _paths(value: Any, pattern: re.Pattern[bytes], path: str) -> Iterator[str]:
    if isinstance(value, str) and pattern.search(value.encode("utf-8", "surrogatepass")):
        yield path
    items: Iterable[tuple[str, Any]] = ()
    if isinstance(value, dict):
        items = ((f".{name}", item) for name, item in value.items())
    elif isinstance(value, list):
        items = ((f"[{at}]", item) for at, item in enumerate(value))
    for step, item in items:
        yield from _paths(item, pattern, path + step)
