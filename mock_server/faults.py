"""What can go wrong on purpose: as data, each of it combinable with the others, and put on a reply that is planned."""

import re
from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mock_server.reply import ReplyPlan, TimedChunk

__all__ = ["Fault", "put_on"]

DATA_FIELD = re.compile(rb"^data: ?", re.MULTILINE)

Seconds = Annotated[float, Field(ge=0, le=3600)]
Count = Annotated[int, Field(ge=0)]


class Fault(BaseModel):
    """What goes wrong with one answer.

    ``status`` answers with an error in the provider's own form; ``message``, the machine-readable ``code`` and, in
    seconds, ``retry_after`` go with it. ``latency`` is the time before the answer begins, in seconds. The others damage
    the answer that would have come: ``cut_after_bytes`` and ``cut_after_events`` cut the connection,
    ``malformed_event`` breaks the data of the n-th event (the first is 1), ``omit_end`` leaves out the last event,
    which is the provider's end mark, and ends the connection properly. An answer that is not streamed counts as one
    event; its end is its last byte.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Annotated[int, Field(ge=400, le=599)] | None = None
    message: str | None = None
    code: str | None = None
    retry_after: Annotated[float, Field(ge=0)] | None = None
    latency: Seconds | None = None
    cut_after_bytes: Count | None = None
    cut_after_events: Count | None = None
    malformed_event: Annotated[int, Field(ge=1)] | None = None
    omit_end: bool = False

    @model_validator(mode="after")
    def _is_something(self) -> "Fault":
        if not self.asked:
            raise ValueError(f"nothing goes wrong: give one of {', '.join(type(self).model_fields)}")
        if self.status is None and self.asked.keys() & {"message", "code", "retry_after"}:
            raise ValueError("message, code and retry_after need a status")
        return self

    @property
    def asked(self) -> dict[str, object]:
        """What is set, by name."""
        return self.model_dump(exclude_defaults=True)

    @property
    def spoils(self) -> bool:
        """Whether the caller gets no whole answer, so that it may ask the same again."""
        return bool(self.asked.keys() - {"latency"})


def put_on(plan: ReplyPlan, fault: Fault) -> ReplyPlan:
    """``plan`` with the fault in it. What lies beyond the end of the reply does nothing."""
    chunks = list(plan.chunks)
    complete = plan.complete
    if fault.malformed_event is not None and fault.malformed_event <= len(chunks):
        at = fault.malformed_event - 1
        chunks[at] = replace(chunks[at], data=_broken(chunks[at].data))
    if fault.omit_end and chunks:
        last = chunks.pop()
        if not plan.stream:
            chunks.append(replace(last, data=last.data[:-1]))
    length = sum(len(chunk.data) for chunk in chunks)
    if fault.cut_after_events is not None and fault.cut_after_events < len(chunks):
        del chunks[fault.cut_after_events :]
        complete = False
    if fault.cut_after_bytes is not None and fault.cut_after_bytes < sum(len(chunk.data) for chunk in chunks):
        chunks = _first_bytes(chunks, fault.cut_after_bytes)
        complete = False
    headers = {**plan.headers, "content-length": str(length)} if "content-length" in plan.headers else plan.headers
    return replace(
        plan,
        headers=headers,
        chunks=tuple(chunks),
        complete=complete,
        latency=plan.latency + (fault.latency or 0.0),
        faults=fault.asked,
    )


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
        kept.append(replace(chunk, data=chunk.data[:length]))
        length -= len(chunk.data)
    return kept
