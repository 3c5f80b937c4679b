"""Several processes at one address: the system spreads connections over them, so that each core serves its share."""

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from mock_server.web_server import open_socket

__all__ = ["can_have_workers", "run_workers"]

logger = logging.getLogger("mock_server")

Serve = Callable[[socket.socket, Callable[[], None]], None]
"""Serves on a socket until it is stopped, and says when it accepts connections."""


def can_have_workers() -> bool:
    """Whether this system can have several processes listen at one address."""
    return hasattr(os, "fork") and hasattr(socket, "SO_REUSEPORT")


def run_workers(count: int, listener: socket.socket, serve: Serve, on_started: Callable[[], None]) -> int:
    """Serve with ``count`` processes, of which the first takes ``listener``, a socket that others may share.

    ``on_started`` is called once all of them accept connections. SIGINT and SIGTERM end them all, a second one at once;
    so does the end of any of them, and of the process that has started them. Returns the exit status: nothing unless
    one has failed.
    """
    host, port = listener.getsockname()[:2]
    ready, begun = os.pipe()
    orphaned, parent = os.pipe()
    children = []
    for number in range(count):
        child = os.fork()
        if child == 0:
            os.close(ready)
            os.close(parent)
            _work(serve, listener, begun, orphaned, beside=(host, port) if number else None)
        children.append(child)
    listener.close()
    os.close(begun)
    os.close(orphaned)
    told: list[int] = []

    def tell(number: int) -> None:
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)
        told.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: tell(number))
    if _all_ready(ready, count):
        on_started()
    status = 0
    while children:
        ended, code = os.wait()
        children.remove(ended)
        code = os.waitstatus_to_exitcode(code)
        # One that was about to end when it was told again has not failed.
        status = status or (0 if told and code == -signal.SIGTERM else abs(code))
        if not told:
            tell(signal.SIGTERM)
    return status


def _work(serve: Serve, listener: socket.socket, begun: int, orphaned: int, *, beside: tuple[str, int] | None) -> None:
    """What a worker does, from its beginning to the end of its process: on a socket of its own ``beside`` the first."""
    status = 1
    # A group of its own, because Ctrl-C would reach it twice: from the terminal, and from the process that started it.
    os.setpgid(0, 0)

    def accepts() -> None:
        os.write(begun, b".")
        os.close(begun)
        threading.Thread(target=_end_with_parent, args=(orphaned,), daemon=True).start()

    try:
        if beside is not None:
            listener.close()
            listener = open_socket(*beside, shared=True)
        serve(listener, accepts)
        status = 0
    except Exception:
        logger.exception("a worker has failed")
    finally:
        # The process is a copy of the one that has started it, and must not do what that has still to do.
        os._exit(status)


def _end_with_parent(orphaned: int) -> None:
    """End when the process has gone that has the other end of this pipe, of which nobody ever writes."""
    os.read(orphaned, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _all_ready(ready: int, count: int) -> bool:
    """Wait until every worker has said that it accepts connections, or has ended without."""
    told = 0
    while told < count and (said := os.read(ready, count)):
        told += len(said)
    os.close(ready)
    return told == count
