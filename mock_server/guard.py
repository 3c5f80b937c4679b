"""No test reaches a real provider: what leaves this machine is refused where it starts, at the name lookup or the
connection, whichever HTTP client wants it.

An audit hook sees every socket of this process, so that no client gets around it by holding a reference. Attempts are
kept, because a client may take the refusal for a failed connection, try again, and hide it behind an error of its own.
Python processes that are started meanwhile have a guard of their own, which tells this one by a file. This module needs
nothing but the standard library, so that it costs nothing to have it at hand.
"""

import asyncio
import inspect
import ipaddress
import json
import os
import socket
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Lock
from types import FrameType
from typing import Any
from unittest import mock

__all__ = ["Attempt", "Guard", "RealHostError", "no_real_llm"]

LOOKUPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
TO_ADDRESSES = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", ""})
BENEATH_CLIENTS = frozenset({"anyio", "sniffio", "httpcore", "httpcore2", "h11", "h2", "urllib3", "trio", "uvloop"})
"""Packages that only carry a client's bytes: the client is whoever called them."""
OURS = __name__.partition(".")[0]
STANDARD = frozenset(sys.stdlib_module_names)
PYTHON_CLIENTS = {"http": "http.client", "urllib": "urllib"}
"""Clients of the standard library, named where no other is found; the outer of them counts."""


IN_CHILDREN = "MOCK_SERVER_GUARD"
"""The environment variable that tells processes of a guarded test what is allowed, and where to tell what is not."""
CHILDREN = Path(__file__).parent / "guard_of_children"


class RealHostError(OSError):
    """A test tried to reach another machine; the message says which, who wanted it, and what to set."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to reach another machine. ``client`` names the packages that wanted it, outermost first."""

    host: str
    client: str
    place: str | None = None

    def __str__(self) -> str:
        at = f" at {self.place}" if self.place else ""
        return f"{self.client} tried to reach {self.host}{at}"


@dataclass(slots=True)
class Guard:
    """What is refused and what was. ``allow_hosts`` are names or addresses that may be reached; ``*`` is a pattern."""

    allow_hosts: tuple[str, ...] = ()
    attempts: list[Attempt] = field(default_factory=list)
    _addresses: set[str] = field(default_factory=set)
    _process: int = field(default_factory=os.getpid)
    _report: str | None = None

    def allows(self, host: str) -> bool:
        """Whether this host may be reached: this machine, those that are allowed, and where their names have led."""
        name = host.lower().rstrip(".")
        return _is_local(name) or name in self._addresses or any(fnmatchcase(name, one) for one in self.allow_hosts)

    def learn(self, found: Iterable[Any]) -> None:
        """Take the addresses that a lookup of an allowed name has given as allowed."""
        self._addresses.update(str(entry[4][0]).lower() for entry in found)

    def refuse(self, host: str) -> None:
        """Keep the attempt. Raises RealHostError."""
        attempt = Attempt(host, *_who_asks())
        if attempt not in self.attempts:
            self.attempts.append(attempt)
            self._tell(attempt)
        raise RealHostError(explain([attempt]))

    def _tell(self, attempt: Attempt) -> None:
        """Write an attempt down, where this is another process than the one that asks for it in the end."""
        if self._report is not None and os.getpid() != self._process:
            with open(self._report, "a", encoding="utf-8") as report:
                report.write(json.dumps([attempt.host, attempt.client, attempt.place]) + "\n")

    @contextmanager
    def in_children(self) -> Iterator[None]:
        """Let Python processes that are started in a ``with`` block have this guard, and take in what they tell."""
        with tempfile.TemporaryDirectory(prefix="mock-server-guard-") as folder:
            self._report = os.path.join(folder, "attempts")
            told = json.dumps([list(self.allow_hosts), self._process, self._report])
            paths = os.pathsep.join(filter(None, (str(CHILDREN), os.environ.get("PYTHONPATH"))))
            try:
                with _set(IN_CHILDREN, told), _set("PYTHONPATH", paths):
                    yield
            finally:
                with suppress(FileNotFoundError), open(self._report, encoding="utf-8") as report:
                    found = dict.fromkeys(Attempt(*json.loads(line)) for line in report)
                    self.attempts += [attempt for attempt in found if attempt not in self.attempts]
                self._report = None

    def explain(self) -> str:
        """All that was tried, and what to do; empty where nothing was."""
        return explain(self.attempts) if self.attempts else ""


class _Active:
    """The guards that are on, the innermost last; an audit hook cannot be taken away again."""

    guards: tuple[Guard, ...] = ()
    is_installed = False
    lock = Lock()
    forever = ExitStack()


def explain(attempts: Iterable[Attempt]) -> str:
    """The attempts, and what to do about them."""
    told = list(attempts)
    hosts = ", ".join(dict.fromkeys(repr(attempt.host) for attempt in told))
    return (
        "no test may reach a real provider: "
        + "; ".join(map(str, told))
        + ".\nLead the client to the stand-in: use the fixture mock_llm, which sets the variables of every provider's "
        "client; give base_url=mock.base_url(PROVIDER) to a client that reads none; or, for an address that is built "
        f"in, `with mock.intercept():`.\nIf it is meant to be reached, allow it: allow_hosts=[{hosts}]."
    )


@contextmanager
def no_real_llm(allow_hosts: Iterable[str] = ()) -> Iterator[Guard]:
    """Refuse, in a ``with`` block, every lookup and connection that leaves this machine, in the whole process.

    ``allow_hosts`` are excepted: names or addresses in which ``*`` is any text. What was tried raises RealHostError in
    the client, and AssertionError at the end of the block, unless that ends with another error.
    """
    guard = Guard(tuple(host.lower() for host in allow_hosts))
    with watched(guard):
        yield guard
    if told := guard.explain():
        raise AssertionError(told)


@contextmanager
def watched(guard: Guard) -> Iterator[None]:
    """Let ``guard`` see everything, in a ``with`` block, and leave what was tried to the caller."""
    with _patched(guard), guard.in_children():
        _Active.guards = (*_Active.guards, guard)
        try:
            yield
        finally:
            _Active.guards = tuple(other for other in _Active.guards if other is not guard)


@contextmanager
def _set(name: str, value: str) -> Iterator[None]:
    """Set an environment variable in a ``with`` block, and leave all others to whoever sets them meanwhile."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name, None)
        if before is not None:
            os.environ[name] = before


def guard_this_process() -> None:
    """Have the guard that the process that has started this one has said, until this one ends."""
    allow_hosts, process, report = json.loads(os.environ[IN_CHILDREN])
    guard = Guard(tuple(allow_hosts), _process=process, _report=report)
    _Active.forever.enter_context(_patched(guard))
    _Active.guards = (guard,)


@contextmanager
def _patched(guard: Guard) -> Iterator[None]:
    """Let the hook be there, and lookups teach the guard, in a ``with`` block."""
    with _Active.lock:
        if not _Active.is_installed:
            sys.addaudithook(_watch)
            _Active.is_installed = True
    real = socket.getaddrinfo
    real_async = asyncio.BaseEventLoop.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        found = real(host, *arguments, **options)
        if host is not None:
            guard.learn(found)
        return found

    async def getaddrinfo_async(self: Any, host: Any, *arguments: Any, **options: Any) -> Any:
        # Here, because the lookup itself runs in a thread that does not know who asks.
        _check(host)
        return await real_async(self, host, *arguments, **options)

    with (
        mock.patch.object(socket, "getaddrinfo", getaddrinfo),
        mock.patch.object(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo_async),
    ):
        yield


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not _Active.guards:
        return
    if event in LOOKUPS:
        _check(arguments[0])
    elif event in TO_ADDRESSES and isinstance(arguments[1], tuple):
        _check(arguments[1][0])


def _check(host: Any) -> None:
    guards = _Active.guards
    if guards and host is not None:
        name = host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else str(host)
        if not guards[-1].allows(name):
            guards[-1].refuse(name)


def _is_local(name: str) -> bool:
    if name in LOCAL_NAMES or name.endswith(".localhost") or name == socket.gethostname().lower():
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _who_asks() -> tuple[str, str | None]:
    """The packages on the stack that are clients, outermost first, and the line of the code that called them."""
    packages: list[str] = []
    python = "a socket"
    frame: FrameType | None = inspect.currentframe()
    while frame is not None:
        name = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        file = frame.f_code.co_filename
        if name in PYTHON_CLIENTS:
            python = PYTHON_CLIENTS[name]
        elif _is_code_under_test(name, file):
            return " over ".join(packages) or python, f"{os.path.relpath(file)}:{frame.f_lineno}"
        elif name not in STANDARD | BENEATH_CLIENTS and name != OURS and name not in packages:
            packages.insert(0, name)
        frame = frame.f_back
    return " over ".join(packages) or python, None


def _is_code_under_test(name: str, file: str) -> bool:
    """Whether it is neither installed, nor of the standard library, nor of this package."""
    if name in STANDARD or name == OURS or file.startswith("<"):
        return False
    return not {"site-packages", "dist-packages"} & set(Path(file).parts)
