"""What the server has done, counted for Prometheus."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from typing import Any

__all__ = ["CONTENT_TYPE", "Traffic"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
LABELS = ("provider", "status", "scenario")

# The names and descriptions of the figures.
REQUESTS = ("mock_server_requests", "Requests to providers that were answered.")
OPEN_CONNECTIONS = ("mock_server_open_connections", "Connections of clients.")
OPEN_STREAMS = ("mock_server_open_streams", "Answers on their way piece by piece.")
ANSWER_SECONDS = ("mock_server_answer_seconds", "From the end of a request to that of its answer.")


class Traffic:
    """Requests by provider, status and scenario; how long answers took; what is open. Counting costs next to nothing:
    the format is only written when it is asked for."""

    def __init__(self) -> None:
        self.open_connections = 0
        self.open_streams = 0
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._took = [0] * (len(SECONDS) + 1)
        self._seconds = 0.0

    def connection_opened(self) -> None:
        """A client has connected."""
        self.open_connections += 1

    def connection_closed(self) -> None:
        """Its connection has ended."""
        self.open_connections -= 1

    def stream_began(self) -> None:
        """An answer goes out piece by piece."""
        self.open_streams += 1

    def stream_ended(self) -> None:
        """It has gone out, or its client has gone."""
        self.open_streams -= 1

    def count(self, provider: str, status: int, scenario: str | None) -> None:
        """A request to a provider was answered; ``scenario`` is None for an answer that was made up."""
        self._requests[provider, str(status), scenario or ""] += 1

    def took(self, seconds: float) -> None:
        """An answer was written, so long after its request had come."""
        self._took[bisect_left(SECONDS, seconds)] += 1
        self._seconds += seconds

    def collect(self) -> Iterator[Any]:
        """The figures as Prometheus' own client wants them of a collector."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        requests = CounterMetricFamily(*REQUESTS, None, LABELS)
        for values, number in sorted(self._requests.items()):
            requests.add_metric(values, number)
        yield requests
        yield GaugeMetricFamily(*OPEN_CONNECTIONS, self.open_connections)
        yield GaugeMetricFamily(*OPEN_STREAMS, self.open_streams)
        buckets, total = [], 0
        for bound, number in zip((*map(str, SECONDS), "+Inf"), self._took, strict=True):
            total += number
            buckets.append((bound, total))
        yield HistogramMetricFamily(*ANSWER_SECONDS, buckets, self._seconds)

    def render(self) -> bytes:
        """All of it in Prometheus' text format."""
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)
