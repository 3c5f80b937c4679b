"""``completion()`` itself, broken in one thing each: what a run shows, to whom, and how it ends."""

import asyncio
import copy
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from conformance.mutants.registry import MUTANTS, Mutant, reference
from conformance.runs import COMPLETION
from llm_sdk.accumulator import to_partials
from llm_sdk.completion import logs, options, reader, run, sync_run
from llm_sdk.completion.events import CompletionStats
from llm_sdk.completion.history import HistoryReader
from llm_sdk.errors import InvalidInputError, InvariantError, StatusCodeError, StreamTruncatedError

__all__ = ["breaks"]

Defect = Callable[[pytest.MonkeyPatch], None]


def breaks(requirement: str, checks: str) -> Callable[[Defect], Mutant]:
    """Register what breaks ``completion()``; the adapter below it is the reference one."""

    def register(defect: Defect) -> Mutant:
        said, around = (defect.__doc__ or "").strip(), partial(_patched, defect)
        name, module = defect.__name__, defect.__module__
        found = Mutant(name, module, requirement, said, (COMPLETION,), checks, reference, around=around)
        MUTANTS.append(found)
        return found

    return register


@contextmanager
def _patched(defect: Defect) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        defect(patch)
        yield


@breaks("COMPL-01", "tokens_come_while")
def tells_all_tokens_at_the_end(patch: pytest.MonkeyPatch) -> None:
    """Reads a stream to its end before it tells anything."""
    honest = run.AsyncCompletionRun._read_stream

    async def read(self: Any, stream: Any) -> None:
        came = [one async for one in stream]

        async def again() -> Any:
            for one in came:
                yield one

        await honest(self, again())

    patch.setattr(run.AsyncCompletionRun, "_read_stream", read)


@breaks("COMPL-02", "whole_and_streamed")
def counts_nothing_of_whole_answers(patch: pytest.MonkeyPatch) -> None:
    """Tells the usage of streamed answers only."""

    def without_usage(response: Any) -> Any:
        return [one.model_copy(update={"usage": None}) for one in to_partials(response)]

    patch.setattr(run, "to_partials", without_usage)


@breaks("COMPL-03", "whole_and_streamed")
def streams_whole_answers(patch: pytest.MonkeyPatch) -> None:
    """Puts the text of a whole answer into the stream of tokens."""

    def publish(self: Any, events: Any) -> None:
        for event in events:
            self._events.append(event)
            if event.type == "contentDelta":
                self._tokens.append(event.text)

    patch.setattr(run.AsyncCompletionRun, "_publish", publish)


@breaks("COMPL-04", "cut_anywhere")
def has_an_error_for_every_reader(patch: pytest.MonkeyPatch) -> None:
    """Raises another error object to every reader."""

    def throw(self: Any) -> None:
        raise copy.copy(self.error)

    patch.setattr(logs.Failure, "throw", throw)


def _streams_end_well(patch: pytest.MonkeyPatch, when: Callable[[Any], bool]) -> None:
    honest = run.AsyncCompletionRun._end

    def end(self: Any, failure: Any, of_streams: Any) -> None:
        honest(self, failure, None if when(self) else of_streams)

    patch.setattr(run.AsyncCompletionRun, "_end", end)


@breaks("COMPL-05", "whole_answer_that_fails")
def ends_the_streams_of_a_failed_answer(patch: pytest.MonkeyPatch) -> None:
    """Ends the streams of a whole answer that failed as if they were merely empty."""
    _streams_end_well(patch, lambda self: not self._prepared.stream)


@breaks("COMPL-06", "error_of_the_provider")
def wraps_the_provider_s_errors(patch: pytest.MonkeyPatch) -> None:
    """Raises an error of its own in place of the provider's."""
    honest = logs.Failure.__init__

    def wrapped(self: Any, error: BaseException) -> None:
        honest(self, RuntimeError(str(error)) if isinstance(error, StatusCodeError) else error)

    patch.setattr(logs.Failure, "__init__", wrapped)


@breaks("COMPL-07", "test_cancelling")
def forgets_what_came_before_the_end(patch: pytest.MonkeyPatch) -> None:
    """Gives nothing of the text that a cancelled run had."""
    whole = reader.CompletionReader.result
    patch.setattr(reader.CompletionReader, "result", lambda self: whole(self).model_copy(update={"content_text": ""}))


@breaks("COMPL-08", "without_a_token")
def wants_a_token(patch: pytest.MonkeyPatch) -> None:
    """Takes an answer without a token for a failure."""
    honest = reader.CompletionReader.close

    def close(self: Any) -> Any:
        yield from honest(self)
        if not self._text and not self._calls:
            raise InvariantError("the model said nothing")

    patch.setattr(reader.CompletionReader, "close", close)


@breaks("COMPL-09", "cut_anywhere")
def takes_a_cut_stream_for_a_whole_one(patch: pytest.MonkeyPatch) -> None:
    """Ends well where a stream has broken off."""
    honest = run.AsyncCompletionRun._read_stream

    async def read(self: Any, stream: Any) -> None:
        try:
            await honest(self, stream)
        except StreamTruncatedError:
            self._publish(self._reader.close())

    patch.setattr(run.AsyncCompletionRun, "_read_stream", read)


@breaks("COMPL-10", "nobody_reads")
def leaves_an_error_to_nobody(patch: pytest.MonkeyPatch) -> None:
    """Keeps the error of a run in a future, for whoever may ask for it."""
    honest = run.AsyncCompletionRun._end

    def end(self: Any, failure: Any, of_streams: Any) -> None:
        honest(self, failure, of_streams)
        if failure is not None:
            self._loop.create_future().set_exception(failure.error)

    patch.setattr(run.AsyncCompletionRun, "_end", end)


@breaks("COMPL-11", "streams_are_logs")
def lets_a_stream_be_read_once(patch: pytest.MonkeyPatch) -> None:
    """Has one reader of a stream for all who read it."""

    def one_reader(self: Any) -> Any:
        if not hasattr(self, "only"):
            self.only = logs._Reader(self)
        return self.only

    patch.setattr(logs.Log, "__aiter__", one_reader)


@breaks("COMPL-12", "test_awaitables")
def ends_when_one_gives_up(patch: pytest.MonkeyPatch) -> None:
    """Ends a run when one who waits for it gives up."""
    honest = logs.Outcome.get

    async def get(self: Any) -> Any:
        try:
            return await honest(self)
        except asyncio.CancelledError as error:
            self.settle(None, logs.Failure(error))
            raise

    patch.setattr(logs.Outcome, "get", get)


@breaks("COMPL-13", "events_are_in_order")
def counts_events_from_1(patch: pytest.MonkeyPatch) -> None:
    """Gives the first event the number 1."""
    honest = reader.CompletionReader.__init__

    def made(self: Any, *arguments: Any, **named: Any) -> None:
        honest(self, *arguments, **named)
        self._seq = itertools.count(1)

    patch.setattr(reader.CompletionReader, "__init__", made)


@breaks("COMPL-29", "stats_are_exact")
def tells_times_in_seconds(patch: pytest.MonkeyPatch) -> None:
    """Tells the time to the first token in seconds."""
    honest = reader.CompletionReader.stats

    def stats(self: Any) -> Any:
        found = honest(self)
        if found is None or found.time_to_first_token is None:
            return found
        return CompletionStats(
            **{**found.model_dump(), "time_to_first_token": found.time_to_first_token / 1000.0 + 0.5}
        )

    patch.setattr(reader.CompletionReader, "stats", stats)


@breaks("COMPL-30", "cache_keys")
def drops_cache_keys(patch: pytest.MonkeyPatch) -> None:
    """Sends a cache key nowhere, and does not say so."""
    patch.setattr(options, "cache_hint", lambda *_: ({}, None))


@breaks("COMPL-31", "history_reaches")
def answers_the_last_call_first(patch: pytest.MonkeyPatch) -> None:
    """Takes results without an id for those of the calls in the other direction."""
    honest = HistoryReader._read_result

    def read(self: Any, entry: Any, path: str) -> None:
        self._open.reverse()
        honest(self, entry, path)
        self._open.reverse()

    patch.setattr(HistoryReader, "_read_result", read)


@breaks("COMPL-32", "mistakes_are_told")
def takes_any_option(patch: pytest.MonkeyPatch) -> None:
    """Passes over an option that it does not know."""
    honest = options.prepare

    def prepare(**named: Any) -> Any:
        try:
            return honest(**named)
        except InvalidInputError as error:
            if error.path not in named["options"]:
                raise
            known = {name: value for name, value in named["options"].items() if name != error.path}
            return honest(**{**named, "options": known})

    patch.setattr("llm_sdk.completion.prepare", prepare)


@breaks("COMPL-33", "plain_twin")
def has_a_twin_that_strips(patch: pytest.MonkeyPatch) -> None:
    """Strips the text of the plain twin."""
    honest = sync_run._wait

    def wait(settled: Any) -> Any:
        found = honest(settled)
        return found.rstrip(".") if isinstance(found, str) else found

    patch.setattr(sync_run, "_wait", wait)


@breaks("COMPL-34", "many_runs_at_once")
def never_ends_what_did_not_begin(patch: pytest.MonkeyPatch) -> None:
    """Never ends a run that was cancelled before it began."""
    honest = run.AsyncCompletionRun._finish

    def finish(self: Any, task: asyncio.Task[None]) -> None:
        if task.cancelled() and not self._events.items:
            run._running.discard(task)
            return
        honest(self, task)

    patch.setattr(run.AsyncCompletionRun, "_finish", finish)
