"""Pages of other sites: which of them a browser lets read the providers' answers (CORS)."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from llm_sdk.errors import InvalidInputError
from mock_server.reply import ReplyPlan

__all__ = ["CrossOrigin"]

ANY = "*"
SECONDS_REMEMBERED = "600"


class CrossOrigin:
    """Lets pages of these ``origins``, such as ``http://localhost:5173``, or of all with ``*``, read answers.

    Providers differ in what they let a page read, and some do so only for a header of their client; for a stand-in it
    is whoever starts it that decides. Raises InvalidInputError for what is no origin.
    """

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origins)
        for origin in sorted(self._origins - {ANY}):
            parts = urlsplit(origin)
            if not parts.scheme or origin != f"{parts.scheme}://{parts.netloc}":
                raise InvalidInputError(
                    f"{origin!r} is no origin: give a scheme and a host, with a port where the page has one, and "
                    "nothing behind it, such as http://localhost:5173, or * for all"
                )

    def __bool__(self) -> bool:
        return bool(self._origins)

    def preflight(self, method: str, headers: Mapping[str, str]) -> ReplyPlan | None:
        """The answer to a browser that asks whether a page may send a request; None where nothing like that is asked,
        or it may not."""
        asked = headers.get("access-control-request-method")
        if method != "OPTIONS" or asked is None or not self.told(headers):
            return None
        allowed = {
            "access-control-allow-methods": asked,
            "access-control-allow-headers": headers.get("access-control-request-headers", ""),
            "access-control-max-age": SECONDS_REMEMBERED,
        }
        return ReplyPlan(204, allowed, ())

    def told(self, headers: Mapping[str, str]) -> dict[str, str]:
        """What the answer to a request with these headers tells the browser; nothing where the page may not read it, or
        there is none."""
        origin = headers.get("origin")
        if origin is None or not self._origins & {origin, ANY}:
            return {}
        return {"access-control-allow-origin": origin, "access-control-expose-headers": ANY, "vary": "Origin"}
