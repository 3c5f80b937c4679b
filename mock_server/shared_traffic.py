"""What several workers of one server have done, counted for Prometheus in files that all of them read."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from mock_server.traffic import ANSWER_SECONDS, LABELS, OPEN_CONNECTIONS, OPEN_STREAMS, REQUESTS, SECONDS, Traffic

__all__ = ["shared_traffic"]

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where Prometheus' own client counts for several processes, told before it is imported."""


@contextmanager
def shared_traffic() -> Iterator[Traffic]:
    """Traffic that is counted for this process and all that are made of it, in a folder that goes with the block."""
    with tempfile.TemporaryDirectory(prefix="mock-server-") as folder:
        os.environ[FOLDER_VARIABLE] = folder
        try:
            yield _SharedTraffic()
        finally:
            del os.environ[FOLDER_VARIABLE]


class _SharedTraffic(Traffic):
    """See :class:`mock_server.traffic.Traffic`."""

    def __init__(self) -> None:
        super().__init__()
        from prometheus_client import Counter, Gauge, Histogram

        self._requests_of_all = Counter(*REQUESTS, LABELS, registry=None)
        self._connections_of_all = Gauge(*OPEN_CONNECTIONS, registry=None, multiprocess_mode="sum")
        self._streams_of_all = Gauge(*OPEN_STREAMS, registry=None, multiprocess_mode="sum")
        self._took_of_all = Histogram(*ANSWER_SECONDS, registry=None, buckets=SECONDS)

    def connection_opened(self) -> None:
        self._connections_of_all.inc()

    def connection_closed(self) -> None:
        self._connections_of_all.dec()

    def stream_began(self) -> None:
        self._streams_of_all.inc()

    def stream_ended(self) -> None:
        self._streams_of_all.dec()

    def count(self, provider: str, status: int, scenario: str | None) -> None:
        self._requests_of_all.labels(provider, str(status), scenario or "").inc()

    def took(self, seconds: float) -> None:
        self._took_of_all.observe(seconds)

    def render(self) -> bytes:
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
