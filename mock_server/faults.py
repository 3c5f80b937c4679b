"""What can go wrong on purpose: as data, each of it combinable with the others, and put on a reply that is planned."""

import re
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from mock_server.reply import ReplyPlan, TimedChunk

__all__ = ["Fault", "put_on"]

DATA_FIELD = re.compile(rb"^data: ?", re.MULTILINE)
INSIDE_CHARACTER = re.compile(rb"(?<=[\xc0-\xff])(?=[\x80-\xbf])")

FOREVER = 3600.0
TIMES = frozenset({"latency", "time_to_first_token", "tokens_per_second", "jitter"})
ERRORS = frozenset({"status", "rate_limit", "error_after_events"})
OF_AN_ERROR = frozenset({"message", "code", "retry_after"})

Seconds = Annotated[float, Field(ge=0, le=3600)]
Count = Annotated[int, Field(ge=0)]


def _one_of(*names: str) -> JsonDict:
    """The schema of an object that has at least one of these keys."""
    return {"anyOf": [{"required": [name]} for name in names]}


class Fault(BaseModel):
    """What goes wrong with one answer.

    ``status`` answers with an error in the provider's own form; ``message``, the machine-readable ``code`` and, in
    seconds, ``retry_after`` go with it. With ``rate_limit`` that error, 429 where no other is given, comes only after
    so many requests in ``window`` seconds, counted for each key, and the provider's headers tell how many are left.
    With ``error_after_events`` it comes in the middle of a stream that has begun well, after so many events, in the
    form in which the provider ends one; it is of status 500 where no other is given. An answer that is not streamed is
    that error from the start.

    Of the time: ``latency`` is in seconds and passes before the answer begins, ``time_to_first_token`` between its
    headers and its first event; ``tokens_per_second`` is how fast the events come, and how long an answer that is not
    streamed takes to be written; ``jitter`` is the part of each of these times, 0 to 1, by which it is longer or
    shorter, drawn from the seed.

    The others damage the answer that would have come: ``cut_after_bytes`` and ``cut_after_events`` cut the connection,
    ``reset`` cuts it with a reset, before the first byte where no other place is given; ``stall_after_events`` says
    nothing more for ``stall`` seconds, an hour by default; ``malformed_event`` breaks the data of the n-th event (the
    first is 1); ``omit_end`` leaves out the last event, which is the provider's end mark, and ends the connection
    properly; ``split_utf8`` sends each character of several bytes in two pieces; ``content_type`` is told in the
    place of the true one. An answer that is not streamed counts as one event; its end is its last
    character.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        defer_build=True,
        allow_inf_nan=False,
        json_schema_extra={
            "minProperties": 1,
            "dependentRequired": {"window": ["rate_limit"], "stall": ["stall_after_events"]},
            "dependentSchemas": {
                **{name: _one_of(*sorted(ERRORS)) for name in sorted(OF_AN_ERROR)},
                "jitter": _one_of(*sorted(TIMES - {"jitter"})),
            },
        },
    )

    status: Annotated[int, Field(ge=400, le=599)] | None = None
    message: str | None = None
    code: str | None = None
    retry_after: Annotated[float, Field(ge=0, le=1e9)] | None = None
    rate_limit: Count | None = None
    window: Annotated[float, Field(gt=0, le=1e9)] = 60.0
    error_after_events: Count | None = None
    latency: Seconds | None = None
    time_to_first_token: Seconds | None = None
    tokens_per_second: Annotated[float, Field(ge=0.001)] | None = None
    jitter: Annotated[float, Field(ge=0, le=1)] | None = None
    stall_after_events: Count | None = None
    stall: Seconds = FOREVER
    cut_after_bytes: Count | None = None
    cut_after_events: Count | None = None
    reset: bool = False
    malformed_event: Annotated[int, Field(ge=1)] | None = None
    omit_end: bool = False
    split_utf8: bool = False
    content_type: Annotated[str, Field(pattern=r"^[\x21-\x7e][\x20-\x7e]*$")] | None = None

    @model_validator(mode="after")
    def _is_something(self) -> "Fault":
        asked = self.asked.keys()
        if not asked:
            raise ValueError(f"nothing goes wrong: give one of {', '.join(type(self).model_fields)}")
        if asked & OF_AN_ERROR and not asked & ERRORS:
            raise ValueError("message, code and retry_after need a status")
        if self.rate_limit is None and "window" in asked:
            raise ValueError("window needs a rate_limit")
        if self.stall_after_events is None and "stall" in asked:
            raise ValueError("stall needs stall_after_events")
        if self.jitter is not None and not asked & (TIMES - {"jitter"}):
            raise ValueError("jitter needs latency, time_to_first_token or tokens_per_second")
        return self

    @property
    def asked(self) -> dict[str, Any]:
        """What is set, by name."""
        return self.model_dump(exclude_defaults=True)

    @property
    def error_status(self) -> int | None:
        """The status of the error that it answers with, None where it lets an answer come."""
        return self.status if self.rate_limit is None and self.error_after_events is None else None

    @property
    def spoils(self) -> bool:
        """Whether the caller gets no whole answer, so that it may ask the same again."""
        return self.rate_limit is None and bool(self.asked.keys() - TIMES - {"split_utf8"})

    def over(self, other: "Fault") -> "Fault":
        """Both at once; where they disagree, this one."""
        return Fault(**(other.asked | self.asked))

    def __str__(self) -> str:
        """As a header has it: ``status=429; retry_after=1``."""
        return "; ".join(f"{name}={_written(value)}" for name, value in self.asked.items())


def put_on(plan: ReplyPlan, fault: Fault, seed: str = "", tokens: int = 0) -> ReplyPlan:
    """``plan`` with the fault in it; ``seed`` is what the jitter is drawn from, ``tokens`` how many the answer has.
    What lies beyond the end of the reply does nothing."""
    chunks = list(plan.chunks)
    if fault.malformed_event is not None and fault.malformed_event <= len(chunks):
        at = fault.malformed_event - 1
        chunks[at] = chunks[at]._replace(data=_broken(chunks[at].data))
    if fault.omit_end and chunks:
        last = chunks.pop()
        if not plan.stream:
            chunks.append(last._replace(data=last.data.rstrip()[:-1]))
    length = sum(len(chunk.data) for chunk in chunks)
    vary = _jitter(fault, seed)
    latency = plan.latency + vary(fault.latency or 0.0)
    if fault.tokens_per_second is not None and not plan.stream:
        latency += vary(tokens / fault.tokens_per_second)
    chunks = _paced(chunks, fault, vary)
    chunks, cut = _cut(chunks, fault)
    if fault.split_utf8:
        chunks = [piece for chunk in chunks for piece in _split(chunk)]
    return replace(
        plan,
        headers=_headers(plan, fault, length),
        chunks=tuple(chunks),
        complete=plan.complete and not cut,
        reset=plan.reset or fault.reset,
        latency=latency,
        faults={**plan.faults, **fault.asked},
    )


def _headers(plan: ReplyPlan, fault: Fault, length: int) -> dict[str, str]:
    """The headers: of the answer as it would have come, had nothing cut it."""
    headers = dict(plan.headers)
    if "content-length" in headers:
        headers["content-length"] = str(length)
    if fault.content_type is not None:
        headers["content-type"] = fault.content_type
    return headers


def _jitter(fault: Fault, seed: str) -> Callable[[float], float]:
    """Makes a time longer or shorter."""
    if not fault.jitter:
        return lambda seconds: seconds
    draw, part = Random(seed).random, fault.jitter  # noqa: S311 - reproducible is the point
    return lambda seconds: seconds * (1 + part * (2 * draw() - 1))


def _paced(chunks: list[TimedChunk], fault: Fault, vary: Callable[[float], float]) -> list[TimedChunk]:
    """The chunks at the times that the fault asks for."""
    delays = [chunk.delay for chunk in chunks]
    if fault.tokens_per_second is not None:
        delays[1:] = [vary(1 / fault.tokens_per_second) for _ in delays[1:]]
    if fault.time_to_first_token is not None and delays:
        delays[0] += vary(fault.time_to_first_token)
    if fault.stall_after_events is not None and fault.stall_after_events < len(delays):
        delays[fault.stall_after_events] += fault.stall
    return [
        chunk if chunk.delay == delay else chunk._replace(delay=delay)
        for chunk, delay in zip(chunks, delays, strict=True)
    ]


def _cut(chunks: list[TimedChunk], fault: Fault) -> tuple[list[TimedChunk], bool]:
    """What is sent before the connection is cut, and whether it is."""
    cut = False
    if fault.cut_after_events is not None and fault.cut_after_events < len(chunks):
        chunks, cut = chunks[: fault.cut_after_events], True
    if fault.cut_after_bytes is not None and fault.cut_after_bytes < sum(len(chunk.data) for chunk in chunks):
        chunks, cut = _first_bytes(chunks, fault.cut_after_bytes), True
    if fault.reset and fault.cut_after_events is None and fault.cut_after_bytes is None:
        return [], True
    return chunks, cut


def _broken(event: bytes) -> bytes:
    """The event with the second half of its data missing: its frame stays whole, its JSON does not."""
    text = event.rstrip(b"\r\n")
    field = DATA_FIELD.search(text)
    start = field.end() if field else 0
    return text[: start + (len(text) - start) // 2] + event[len(text) :]


def _first_bytes(chunks: list[TimedChunk], length: int) -> list[TimedChunk]:
    kept = []
    for chunk in chunks:
        if length <= 0:
            break
        kept.append(chunk._replace(data=chunk.data[:length]))
        length -= len(chunk.data)
    return kept


def _split(chunk: TimedChunk) -> list[TimedChunk]:
    """The chunk cut inside each of its characters of several bytes."""
    first, *rest = INSIDE_CHARACTER.split(chunk.data)
    return [chunk._replace(data=first), *map(TimedChunk, rest)]


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)
