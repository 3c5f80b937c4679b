"""How much a client may ask of the server, and how long it may take."""

from dataclasses import dataclass

__all__ = ["MAX_BODY_BYTES", "Limits"]

MAX_BODY_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds.

    ``read_seconds`` is the time in which a request has to come whole, ``write_seconds`` that in which a client has to
    take what waits for it, and ``idle_seconds`` how long a connection may wait for its next request.
    ``half_closed_seconds`` is how long the next piece of an answer may take when the client has closed its own side
    of the connection, which it may have done because it has gone. ``buffer_bytes`` is what may wait for one client
    before the rest of its answer is held back.
    """

    body_bytes: int = MAX_BODY_BYTES
    header_bytes: int = 64 * 1024
    headers: int = 200
    connections: int = 10_000
    read_seconds: float = 60.0
    write_seconds: float = 60.0
    idle_seconds: float = 60.0
    half_closed_seconds: float = 30.0
    buffer_bytes: int = 256 * 1024
