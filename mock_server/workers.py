"""Several processes at one address: the system spreads connections over them, so that each core serves its share."""

import logging
import os
import signal
import socket
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

    ``on_started`` is called once all of them accept connections. SIGINT and SIGTERM end them all, as does the end of
    any of them. Returns the exit status: nothing unless one has failed.
    """
    host, port = listener.getsockname()[:2]
    ready, begun = os.pipe()
    children = []
    for number in range(count):
        child = os.fork()
        if child == 0:
            os.close(ready)
            _work(serve, listener, begun, beside=(host, port) if number else None)
        children.append(child)
    listener.close()
    os.close(begun)
    told: list[int] = []

    def tell(number: int) -> None:
        # Once: the second of these signals ends a worker that is about to end at once, as if it had failed.
        for child in () if told else children:
            with suppress(ProcessLookupError):
                os.kill(child, number)
        told.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: tell(number))
    if _all_ready(ready, count):
        on_started()
    status = 0
    while children:
        ended, code = os.wait()
        children.remove(ended)
        status = status or abs(os.waitstatus_to_exitcode(code))
        tell(signal.SIGTERM)
    return status


def _work(serve: Serve, listener: socket.socket, begun: int, *, beside: tuple[str, int] | None) -> None:
    """What a worker does, from its beginning to the end of its process: on a socket of its own ``beside`` the first."""
    status = 1

    def accepts() -> None:
        os.write(begun, b".")
        os.close(begun)

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


def _all_ready(ready: int, count: int) -> bool:
    """Wait until every worker has said that it accepts connections, or has ended without."""
    told = 0
    while told < count and (said := os.read(ready, count)):
        told += len(said)
    os.close(ready)
    return told == count
