"""What the control endpoints tell of the journal: its exchanges, and the verdict on them."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from llm_sdk.codec import WireResponse
from llm_sdk.errors import InvalidInputError
from mock_server.engine import Engine
from mock_server.journal import Exchanges
from mock_server.reply import ReplyPlan, json_reply, whole_reply

if TYPE_CHECKING:
    from mock_server.verdict import Verdict

__all__ = ["judge_all", "requests_reply", "verdict_reply"]

FILTERS = ("provider", "model", "status", "scenario", "since", "limit")
NUMBERS = ("since", "limit")


def requests_reply(engine: Engine, query: str) -> ReplyPlan:
    """The exchanges that ``query`` asks for, see :meth:`Exchanges.where`; ``last`` is the number of the latest one of
    all, to go on from, and ``dropped`` how many were forgotten. Raises InvalidInputError for a malformed query."""
    asked = _read(query, FILTERS)
    since, limit = (_number(name, asked.pop(name)) if name in asked else None for name in NUMBERS)
    with engine.lock:
        exchanges, dropped = Exchanges(engine.journal), engine.journal.dropped
    last = exchanges[-1].number if exchanges else 0
    wanted = exchanges.where(since=since, limit=limit, **asked)
    told = {"requests": [exchange.to_json() for exchange in wanted], "last": last, "dropped": dropped}
    return json_reply(200, told)


def verdict_reply(engine: Engine, query: str) -> ReplyPlan:
    """The verdict, as ``format`` asks for it: ``json``, ``text`` or ``junit``; without the rules in ``ignore``, a list
    with commas. Raises InvalidInputError for a malformed query."""
    from mock_server.verdict.formats import FORMATS

    asked = _read(query, ("format", "ignore"))
    format = asked.get("format", "json")
    if format not in FORMATS:
        raise InvalidInputError(f"no format {format!r}; there are {', '.join(FORMATS)}", path="format")
    try:
        verdict = judge_all(engine, ignore=filter(None, asked.get("ignore", "").split(",")))
    except ValueError as error:
        raise InvalidInputError(str(error), path="ignore") from None
    content_type, write = FORMATS[format]
    return whole_reply(WireResponse(200, write(verdict), {"content-type": content_type}))


def judge_all(engine: Engine, *, ignore: Iterable[str] = ()) -> "Verdict":
    """The verdict on all that is in the journal. Raises ValueError for an id in ``ignore`` that no rule has."""
    # Here, because most servers are never asked for it.
    from mock_server.verdict import judge

    with engine.lock:
        exchanges, dropped = list(engine.journal), engine.journal.dropped
    return judge(exchanges, engine.codecs, ignore=ignore, dropped=dropped)


def _read(query: str, known: Iterable[str]) -> dict[str, str]:
    asked: Mapping[str, str] = dict(parse_qsl(query, keep_blank_values=True))
    for name in asked:
        if name not in known:
            raise InvalidInputError(f"unknown parameter; there are {', '.join(known)}", path=name)
    return {name: value for name, value in asked.items() if value}


def _number(name: str, value: str) -> int:
    if not value.isdecimal() or len(value) > 15:
        raise InvalidInputError(f"{value[:40]!r} is not a number of an exchange, or of exchanges", path=name)
    return int(value)
