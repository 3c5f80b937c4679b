"""The headers that carry a key, and the key kept out of everything that is shown. No I/O."""

import json
import re
from collections.abc import Mapping
from urllib.parse import quote

from pydantic import Secret

from llm_sdk.codec import Endpoint
from llm_sdk.errors import InvalidInputError, LanguageModelError

__all__ = ["REDACTED", "Credentials"]

REDACTED = "[redacted]"
SHORTEST_SECRET = 6
"""A shorter key is a placeholder, such as ``test``: to blank it out would only spoil messages."""

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_VALUE = re.compile(r"(?:[!-~](?:[ \t!-~]*[!-~])?)?")
KEY = re.compile(r"[!-~]+")
SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})


class Credentials:
    """The headers of every request of one model. Neither its repr nor a look at its attributes shows the key."""

    def __init__(self, endpoint: Endpoint, api_key: str, headers: Mapping[str, str] | None = None) -> None:
        """``api_key`` is empty where ``headers``, which overrule the key's own header, have it or none is needed.

        Raises InvalidInputError for what cannot stand in a header, without showing it.
        """
        extra = _check_headers(headers or {})
        key_header = endpoint.key_header.lower()
        own: dict[str, str] = {}
        if api_key and key_header not in extra:
            if not KEY.fullmatch(api_key):
                raise InvalidInputError("the API key has characters that cannot stand in a header", path="api_key")
            own[key_header] = endpoint.key_format.format(key=api_key)
        shown = [value.rpartition(" ")[2] for name, value in extra.items() if name in SECRET_HEADERS | {key_header}]
        self._headers = Secret(own | extra)
        self._secrets = Secret(_spellings([api_key, *shown]))

    def headers(self) -> Mapping[str, str]:
        """Header names, in lower case, and their values."""
        return self._headers.get_secret_value()

    def redact(self, text: str) -> str:
        """The text without the key, should a provider or a library have repeated it."""
        for secret in self._secrets.get_secret_value():
            text = text.replace(secret, REDACTED)
        return text

    def redact_bytes(self, data: bytes) -> bytes:
        """The same for bytes."""
        for secret in self._secrets.get_secret_value():
            data = data.replace(secret.encode(), REDACTED.encode())
        return data

    def redact_error(self, error: LanguageModelError) -> None:
        """Take the key out of every text of the error, and cut off the errors behind it that show it."""
        error.args = tuple(self.redact(item) if isinstance(item, str) else item for item in error.args)
        for name, value in vars(error).items():
            if isinstance(value, str):
                setattr(error, name, self.redact(value))
        shown: BaseException = error
        while (cause := shown.__cause__ or shown.__context__) is not None:
            if self.redact(seen := f"{cause!r} {cause} {vars(cause)}") != seen:
                shown.__cause__ = shown.__context__ = None
                return
            shown = cause


def _check_headers(headers: Mapping[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not isinstance(name, str) or not HEADER_NAME.fullmatch(name):
            raise InvalidInputError(f"{name!r} is not the name of a header", path="headers")
        if not isinstance(value, str) or not HEADER_VALUE.fullmatch(value):
            raise InvalidInputError(f"the value of {name} cannot stand in a header", path="headers")
    return {name.lower(): value for name, value in headers.items()}


def _spellings(secrets: list[str]) -> tuple[str, ...]:
    """Each secret as it stands, inside JSON, and inside a URL; longest first, so that none hides in another."""
    found = {
        spelling
        for secret in secrets
        if len(secret) >= SHORTEST_SECRET
        for spelling in (secret, json.dumps(secret)[1:-1], secret.replace("/", r"\/"), quote(secret, safe=""))
    }
    return tuple(sorted(found, key=len, reverse=True))
