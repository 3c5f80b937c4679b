"""No run reaches the network: connections to anywhere but this machine are refused, name lookups among them, and so
are commands that name a host elsewhere.

It is an audit hook, so that no client can get around it by holding a reference to the real functions. Attempts are
written down too, because an adapter may take the refusal for a failed connection and say nothing of it.

Processes that are started are guarded as far as that can be from here: those in Python by the same hook
(``offline_child/sitecustomize.py``), which ``python -I`` leaves out, and others by proxies that lead nowhere, which
most clients obey. A program that obeys neither is only held back by a machine without a network.

This module needs nothing but the standard library, because those processes read it by itself.
"""

import ipaddress
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

__all__ = [
    "LOG",
    "READS",
    "NetworkRefusedError",
    "attempts",
    "guard_this_process",
    "hear_of_children",
    "hidden",
    "offline",
]

LOOKUPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
TO_ADDRESSES = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind"})
COMMANDS = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"})
NAME_OF_ADDRESS, READING = "socket.getnameinfo", "open"
GUARDED = LOOKUPS | TO_ADDRESSES | COMMANDS | {NAME_OF_ADDRESS, READING}
LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", ""})
ADDRESS = re.compile(r"\b(?:https?|wss?|ftp)://(?:[^/\s@]*@)?(\[[^\]]*\]|[^/\s:'\"?#]+)")
CALLERS = frozenset({"dig", "host", "nc", "ncat", "netcat", "nslookup", "ping", "scp", "sftp", "ssh", "telnet"})
"""Programs that do nothing but reach for another machine, named without a scheme."""
LOG = "LLM_CONFORMANCE_OFFLINE"
"""The environment variable that tells a guarded process where to note what it was refused."""
HIDDEN = "LLM_CONFORMANCE_HIDDEN"
"""The environment variable that tells it which folders it may not read."""
NOWHERE = "http://127.0.0.1:9"
READS = "reads the suite's own answers in"
"""How the attempt to read a hidden folder is told."""
THIS_MACHINE = "localhost,127.0.0.1,::1"

attempts: list[str] = []
"""Everything that was refused, in order."""


class NetworkRefusedError(OSError):
    """The suite runs without a network; the message says what was to be reached."""


class _Guard:
    """Installed once, because an audit hook cannot be taken away; on and off by count. ``log`` is where a process that
    was started notes its attempts, ``heard`` how many bytes of the log of such processes have been read, and
    ``hidden`` are folders that nobody may read for a while."""

    installed = False
    active = 0
    log: str | None = None
    heard = 0
    hidden: tuple[str, ...] = ()


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in GUARDED or not _Guard.active:  # there are events for every attribute that is looked up
        return
    if event in LOOKUPS:
        _refuse_host(event, arguments[0])
    elif event in TO_ADDRESSES:
        _refuse_host(event, _host_of(arguments[1]))
    elif event == NAME_OF_ADDRESS:
        _refuse_host(event, _host_of(arguments[0]))
    elif event in COMMANDS:
        _refuse_command(arguments)
    elif event == READING and _Guard.hidden and isinstance(arguments[0], str | bytes):
        _refuse_hidden(os.path.realpath(os.fsdecode(arguments[0])))


def _refuse_hidden(file: str) -> None:
    if file.startswith(_Guard.hidden):
        _refuse(f"{READS} {file!r}")


def _refuse_host(event: str, host: Any) -> None:
    if not _is_local(host):
        _refuse(f"{event.removeprefix('socket.')} {host!r}")


def _refuse_command(arguments: tuple[Any, ...]) -> None:
    words = [_text(word) for value in arguments[:2] for word in (value if isinstance(value, list | tuple) else [value])]
    hosts = [host for word in words for host in ADDRESS.findall(word)]
    calls = any(Path(word.split(" ")[0]).name in CALLERS for word in words[:2])
    if any(folder.rstrip(os.sep) in word for folder in _Guard.hidden for word in words):
        _refuse(f"{READS} a command: {' '.join(dict.fromkeys(words))!r}")
    if any(not _is_local(host.strip("[]")) for host in hosts) or (calls and not any(map(_is_local, words))):
        _refuse(f"command {' '.join(dict.fromkeys(words))!r}")


def _text(value: Any) -> str:
    return os.fsdecode(value) if isinstance(value, str | bytes | os.PathLike) else "-"


def _refuse(where: str) -> None:
    attempts.append(where)
    if _Guard.log is not None:
        descriptor = os.open(_Guard.log, os.O_WRONLY | os.O_APPEND)
        os.write(descriptor, f"{where} of a process that was started\n".encode())
        os.close(descriptor)
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


def guard_this_process(log: str | None) -> None:
    """Refuse the network from here on, in a process that a guarded one has started."""
    _Guard.log = log if log and Path(log).is_file() else None
    _Guard.hidden = tuple(filter(None, os.environ.get(HIDDEN, "").split(os.pathsep)))
    _install()
    _Guard.active += 1


def _install() -> None:
    if not _Guard.installed:
        sys.addaudithook(_watch)
        _Guard.installed = True


@contextmanager
def offline() -> Iterator[None]:
    """Refuse every connection that leaves this machine, between ``with`` and its end."""
    _install()
    with ExitStack() as stack:
        if not _Guard.active:
            stack.enter_context(_children_guarded())
        _Guard.active += 1
        try:
            yield
        finally:
            _Guard.active -= 1


@contextmanager
def hidden(*folders: Path) -> Iterator[None]:
    """Refuse to read files in these folders, between ``with`` and its end."""
    before, _Guard.hidden = _Guard.hidden, _resolved(folders)
    try:
        yield
    finally:
        _Guard.hidden = before


@cache
def _resolved(folders: tuple[Path, ...]) -> tuple[str, ...]:
    return tuple(f"{folder.resolve()}{os.sep}" for folder in folders)


@contextmanager
def _children_guarded() -> Iterator[None]:
    """Start processes with an environment that keeps them off the network."""
    real = subprocess.Popen.__init__
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "attempts"
        log.touch()
        _Guard.heard, before = 0, os.environ.get(LOG)
        os.environ[LOG] = str(log)

        def start(self: Any, *arguments: Any, **options: Any) -> None:
            if len(arguments) <= ENVIRONMENT:
                options["env"] = _environment(options.get("env"), str(log))
            real(self, *arguments, **options)

        setattr(subprocess.Popen, "__init__", start)  # noqa: B010 - a method of a class that is not ours
        try:
            yield
        finally:
            setattr(subprocess.Popen, "__init__", real)  # noqa: B010
            hear_of_children()
            if before is None:
                del os.environ[LOG]
            else:
                os.environ[LOG] = before


ENVIRONMENT = 10
"""The place of ``env`` among the arguments of ``subprocess.Popen``."""


def _environment(given: Mapping[Any, Any] | None, log: str) -> dict[Any, Any]:
    found = dict(os.environ if given is None else given)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        found[name] = found[name.upper()] = NOWHERE
    found["no_proxy"] = found["NO_PROXY"] = THIS_MACHINE
    guard = str(Path(__file__).resolve().parent / "offline_child")
    found["PYTHONPATH"] = os.pathsep.join(filter(None, [guard, str(found.get("PYTHONPATH", ""))]))
    found[LOG], found[HIDDEN] = log, os.pathsep.join(_Guard.hidden)
    return found


def hear_of_children() -> None:
    """Add to :data:`attempts` what processes that were started were refused since the last time."""
    file = os.environ.get(LOG)
    if not file or _Guard.log is not None:
        return
    with suppress(FileNotFoundError):
        if os.stat(file).st_size != _Guard.heard:  # this is asked after every check
            noted = Path(file).read_bytes()
            attempts.extend(noted[_Guard.heard :].decode("utf-8", "replace").splitlines())
            _Guard.heard = len(noted)
