"""One recorded stream: read, read again however its bytes are cut, and written again event by event."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol, runtime_checkable

from conformance.chunking import (
    Cuts,
    byte_cuts,
    chunks,
    event_cuts,
    format_cuts,
    seeded_cuts,
    tender_offsets,
)
from conformance.judgement import UNREAD, Judgement, MismatchError
from conformance.published import PublishedSchemas
from llm_sdk.accumulator import accumulate, to_partials
from llm_sdk.codec import Codec, ModelCall, SeededIds
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import LanguageModelError, RefusalError, StatusCodeError, StreamTruncatedError
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import ModelResponse
from mock_server.recordings import Exchange, unframe

__all__ = ["NamesEvents", "StreamOutcome", "event_kind", "judge_stream", "read_stream"]

SMALL = 4096
"""Bodies below this many bytes are cut at every byte at once, and once at every tender offset."""
LARGE_CUTTINGS = 32
FULL_CUTTINGS = 2
NOISE = frozenset({"keepalive", "ping"})
"""Events that a provider sends to keep a connection open, whenever it likes."""


@runtime_checkable
class NamesEvents(Protocol):
    """A codec whose events carry neither a name nor a type, and which says itself what kind each one is."""

    def event_kind(self, event: ServerSentEvent) -> str:
        """The kind of this event; runs of one kind count as one."""
        ...


@dataclass(frozen=True, slots=True)
class StreamOutcome:
    """What a stream came to: a response or an error, and the partials before it."""

    partials: tuple[PartialModelResponse, ...]
    response: ModelResponse | None = None
    error: LanguageModelError | None = None

    @property
    def answer(self) -> ModelResponse | None:
        """The response; that of a refusal stands in its error."""
        return self.error.response if isinstance(self.error, RefusalError) else self.response

    def equals(self, other: "StreamOutcome") -> bool:
        """Whether both came to the same response, or to the same kind of error with the same message."""
        same_error = type(self.error) is type(other.error) and str(self.error) == str(other.error)
        return same_error and self.answer == other.answer


def read_stream(codec: Codec, pieces: Iterable[bytes]) -> StreamOutcome:
    """Bytes to outcome, the whole way. Raises only what is no LanguageModelError."""
    partials: list[PartialModelResponse] = []
    decoder = codec.stream_decoder()
    try:
        for event in unframe(pieces):
            partials += decoder.feed(event)
        partials += decoder.close()
        return StreamOutcome(tuple(partials), response=accumulate(partials))
    except LanguageModelError as error:
        return StreamOutcome(tuple(partials), error=error)


def judge_stream(
    codec: Codec, exchange: Exchange, call: ModelCall, schemas: PublishedSchemas, judgement: Judgement
) -> list[str]:
    """Add what the stream of ``exchange`` shows of ``codec`` to ``judgement``, and return the stream's warnings.

    A stream that reports an error of its own has no grammar to write: partials carry no errors.
    """
    id = exchange.id
    outcome = judgement.check(id, "streams.read", lambda: _read(codec, exchange))
    if outcome is None:
        judgement.fail(id, "streams.rechunked", UNREAD)
        judgement.fail(id, "streams.grammar", UNREAD)
        return []
    judgement.check(id, "streams.rechunked", lambda: _rechunk(codec, exchange, outcome))
    if not isinstance(outcome.error, StatusCodeError):
        judgement.check(id, "streams.grammar", lambda: _write(codec, exchange, outcome, call, schemas))
    return [warning for partial in outcome.partials for warning in partial.warnings or ()]


def _read(codec: Codec, exchange: Exchange) -> StreamOutcome:
    outcome = read_stream(codec, [exchange.response_body])
    reported = isinstance(outcome.error, RefusalError | StatusCodeError)
    cut = isinstance(outcome.error, StreamTruncatedError) and exchange.truncated
    if outcome.error is not None and not reported and not cut:
        raise outcome.error
    return outcome


def _rechunk(codec: Codec, exchange: Exchange, whole: StreamOutcome) -> None:
    """A stream decoder sees events only, so chunks that give the same events give the same outcome; the whole way is
    gone for a few cuttings beside.
    """
    body = exchange.response_body
    events = _events([body])
    cuttings = list(_cuttings(body, exchange.id))
    for cuts in cuttings:
        if _events(chunks(body, cuts)) != events:
            raise MismatchError(f"other events when cut at {_shorten(cuts)}")
    for cuts in cuttings[:FULL_CUTTINGS]:
        if not read_stream(codec, chunks(body, cuts)).equals(whole):
            raise MismatchError(f"another outcome when cut at {_shorten(cuts)}")


def _cuttings(body: bytes, seed: str) -> Iterable[Cuts]:
    yield event_cuts(body)
    tender = tender_offsets(body)
    if len(body) < SMALL:
        yield byte_cuts(body)
        yield from ((at,) for at in tender)
        return
    for number in range(LARGE_CUTTINGS):
        yield seeded_cuts(body, f"{seed}/{number}", 1 if number % 2 else 32, tender)


def _events(pieces: Iterable[bytes]) -> list[ServerSentEvent]:
    return list(unframe(pieces))


def _write(
    codec: Codec, exchange: Exchange, outcome: StreamOutcome, call: ModelCall, schemas: PublishedSchemas
) -> None:
    encoder = codec.stream_encoder(call=call, ids=SeededIds(exchange.id))
    partials = outcome.partials
    if isinstance(outcome.error, RefusalError) and outcome.error.response is not None:
        partials = tuple(to_partials(outcome.error.response))
    written = [event for partial in partials for event in encoder.feed(partial)] + encoder.close()
    recorded_kinds = _kinds(codec, _events([exchange.response_body]))
    written_kinds = _kinds(codec, written)
    if exchange.truncated:
        written_kinds = written_kinds[: len(recorded_kinds)]
    recorded_kinds = _first_stream(recorded_kinds, written_kinds)
    if recorded_kinds != written_kinds:
        raise MismatchError(_first_difference(recorded_kinds, written_kinds))
    for event in written:
        if complaint := _complaint(event, schemas):
            raise MismatchError(f"the published schema refuses {event_kind(event)}: {complaint}")


def _complaint(event: ServerSentEvent, schemas: PublishedSchemas) -> str:
    try:
        value = json.loads(event.data)
    except ValueError:
        return ""  # an end mark such as [DONE], which no schema describes
    return schemas.complaint("stream_event", value)


def event_kind(event: ServerSentEvent) -> str:
    """What kind of event this is: its name, or its JSON ``type``, or else its shape."""
    if event.event:
        return event.event
    try:
        value = json.loads(event.data)
    except ValueError:
        return event.data.decode("utf-8", "replace")
    if not isinstance(value, dict):
        return type(value).__name__
    return str(value.get("type") or " ".join(sorted(value)))


def _kinds(codec: Codec, events: Iterable[ServerSentEvent]) -> list[str]:
    """The kinds of the events in order, without noise, and runs of one kind as one."""
    name = codec.event_kind if isinstance(codec, NamesEvents) else event_kind
    return [kind for kind, _ in groupby(kind for kind in map(name, events) if kind not in NOISE)]


def _first_stream(recorded: list[str], written: list[str]) -> list[str]:
    """A recording may hold several streams, one behind the other: when it begins anew where the written one ends, the
    first of them is what was read.
    """
    end = len(written)
    anew = recorded[:end] == written and len(recorded) > end and recorded[end] == recorded[0]
    return recorded[:end] if anew and written.count(recorded[0]) == 1 else recorded


def _first_difference(recorded: list[str], written: list[str]) -> str:
    at = next((at for at, pair in enumerate(zip(recorded, written, strict=False)) if pair[0] != pair[1]), None)
    at = min(len(recorded), len(written)) if at is None else at
    left, right = (kinds[at] if at < len(kinds) else "the end" for kinds in (recorded, written))
    after = f"after {recorded[at - 1]}" if at else "at the start"
    return f"event {at + 1} {after}: {left} was recorded, {right} was written"


def _shorten(cuts: Cuts) -> str:
    text = format_cuts(cuts)
    return text if len(text) <= 80 else f"{text[:80]}… ({len(cuts)} cuts)"
