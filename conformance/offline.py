"""No run reaches the network: connections to anywhere but this machine are refused, name lookups among them.

It is an audit hook, so that no client can get around it by holding a reference to the real functions. Attempts are
written down too, because an adapter may take the refusal for a failed connection and say nothing of it.
"""

import ipaddress
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["NetworkRefusedError", "attempts", "offline"]

EVENTS = frozenset(
    {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname", "socket.bind"}
)
LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", ""})

attempts: list[str] = []
"""Everything that was refused, in order."""


class NetworkRefusedError(OSError):
    """The suite runs without a network; the message says what was to be reached."""


class _Guard:
    """Installed once, because an audit hook cannot be taken away; on and off by count."""

    installed = False
    active = 0


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not _Guard.active or event not in EVENTS:
        return
    host = arguments[0] if event in ("socket.getaddrinfo", "socket.gethostbyname") else _host_of(arguments[1])
    if not _is_local(host):
        where = f"{event.removeprefix('socket.')} {host!r}"
        attempts.append(where)
        raise NetworkRefusedError(f"no network while the suite runs: {where} was refused")


def _host_of(address: Any) -> Any:
    """The host of an IP address; a path or ``None`` stays on this machine."""
    return address[0] if isinstance(address, tuple) else None


def _is_local(host: Any) -> bool:
    if host is None:
        return True
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    if name.lower() in LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


@contextmanager
def offline() -> Iterator[None]:
    """Refuse every connection that leaves this machine, between ``with`` and its end."""
    if not _Guard.installed:
        sys.addaudithook(_watch)
        _Guard.installed = True
    _Guard.active += 1
    try:
        yield
    finally:
        _Guard.active -= 1
