"""Who may control the server. Whoever can reach a provider's paths may use them; control changes what others get."""

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

__all__ = ["Access", "is_loopback"]

TOKEN_HEADER = "x-mock-token"  # noqa: S105 - the name of a header
SAME_SITE = frozenset({"same-origin", "same-site", "none"})


def is_loopback(host: str) -> bool:
    """Whether a host, without its port, is this machine alone."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Access:
    """The rule for the control endpoints of a server that listens on ``host``.

    With a ``token`` they take it, as ``Authorization: Bearer TOKEN`` or in the header ``X-Mock-Token``, and nothing
    else. Without one they are there on a loopback address alone, for requests that were meant for it: a page in a
    browser must not control the server by a name that leads here, or by a form. Of several workers that are ``shared``
    out among the clients none can be controlled, because it would be that one alone; each tells what it has ``of_all``.
    """

    host: str
    token: str | None = None
    shared: bool = False

    def refuse(self, headers: Mapping[str, str], *, of_all: bool = False) -> tuple[int, str] | None:
        """Status and reason where the request, whose headers have names in lower case, may not control. ``of_all`` is
        whether every worker has the same answer to it."""
        if self.shared and not of_all:
            return 501, "control is off with --workers: each would answer for itself alone"
        if self.token is not None:
            given = headers.get(TOKEN_HEADER) or headers.get("authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), self.token.encode()):
                return 401, "control needs the token: send Authorization: Bearer TOKEN"
            return None
        if not is_loopback(self.host):
            return 403, f"control is off: the server listens on {self.host} and was started without --control-token"
        host, origin = headers.get("host"), headers.get("origin")
        if host is not None and not is_loopback(_name_of(host)):
            return 403, f"control is for the loopback address alone, and {host[:100]!r} is not"
        if origin is not None and urlsplit(origin).netloc != host:
            return 403, "control is not for pages of other sites"
        if headers.get("sec-fetch-site", "none") not in SAME_SITE:
            return 403, "control is not for pages of other sites"
        return None


def _name_of(host: str) -> str:
    """A Host header without its port."""
    return host.partition("]")[0] if host.startswith("[") else host.partition(":")[0]
