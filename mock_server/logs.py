"""The log of a server, for people or for programs: one line on standard error for every request, and for what else
there is to say."""

import json
import logging
import sys
from typing import Literal, TypeAlias

from mock_server.journal import Exchange

__all__ = ["LogFormat", "begin_log", "log_exchange"]

LogFormat: TypeAlias = Literal["text", "json"]

requests = logging.getLogger("mock_server.requests")
# Nobody hears of requests who has not asked for it.
requests.setLevel(logging.WARNING)


def begin_log(format: LogFormat) -> None:
    """Write requests, and all that the package logs, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _JsonLines() if format == "json" else logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    )
    package = logging.getLogger("mock_server")
    package.handlers[:] = [handler]
    package.propagate = False
    requests.setLevel(logging.INFO)


def log_exchange(exchange: Exchange) -> None:
    """Log a request and what became of it, without its contents."""
    if requests.isEnabledFor(logging.INFO):
        requests.info("%s", exchange, extra={"exchange": exchange})


class _JsonLines(logging.Formatter):
    """Each record as one JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {"time": self.formatTime(record), "level": record.levelname.lower()}
        exchange = getattr(record, "exchange", None)
        if isinstance(exchange, Exchange):
            fields = ("number", "provider", "method", "path", "status", "model_id", "stream", "scenario", "error")
            line |= {"event": "request"} | {name: getattr(exchange, name) for name in fields}
            line |= {"faults": dict(exchange.faults)}
        else:
            line |= {"event": "message", "message": record.getMessage()}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
