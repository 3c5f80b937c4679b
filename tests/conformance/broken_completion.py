"""Breaks ``completion()`` in one thing after the other, and prints which requirements of the suite failed each time."""

import asyncio
import contextlib
import copy
import io
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llm_sdk.completion import logs, parameters, reader, run
from llm_sdk.completion.dialects import markers, scanner
from llm_sdk.completion.events import CompletionStats
from llm_sdk.errors import StreamTruncatedError

Defect = Callable[[pytest.MonkeyPatch], None]
DEFECTS: dict[str, tuple[str, str, Defect]] = {}
"""The requirement that has to fail, the checks that see it (for ``-k``), and what breaks it, by name."""


def breaks(requirement: str, checks: str) -> Callable[[Defect], None]:
    def register(defect: Defect) -> None:
        DEFECTS[defect.__name__] = (requirement, checks, defect)

    return register


def failed(checks: str) -> list[str]:
    """The requirements that fail."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        words = ["-q", "-p", "conformance.plugin", "--pyargs", "conformance", "-c", os.devnull]
        words += ["-p", "no:cacheprovider", "--provider", "openai", "--case", "completion"]
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            pytest.main([*words, "--report-json", str(report), "-k", checks])
        if not report.exists():
            return [output.getvalue()]
        requirements = json.loads(report.read_text(encoding="utf-8"))["requirements"]
    return [id for id, found in requirements.items() if found["verdict"] == "failed"]


def main() -> None:
    """One line for each defect, and one for none."""
    for name, (requirement, checks, defect) in DEFECTS.items():
        with pytest.MonkeyPatch.context() as patch:
            defect(patch)
            found = failed(checks)
        print(name, "caught" if requirement in found else f"SURVIVES {requirement}", *found, flush=True)
    print("nothing", *failed(" or ".join(checks for _, checks, _ in DEFECTS.values())))


@breaks("COMPL-03", "whole_and_streamed")
def a_whole_answer_streams(patch: pytest.MonkeyPatch) -> None:
    def publish(self: Any, events: Any) -> None:
        for event in events:
            self._events.append(event)
            if event.type == "contentDelta":
                self._tokens.append(event.text)

    patch.setattr(run.AsyncCompletionRun, "_publish", publish)


@breaks("COMPL-04", "cut_anywhere")
def every_reader_has_an_error_of_its_own(patch: pytest.MonkeyPatch) -> None:
    def throw(self: Any) -> None:
        raise copy.copy(self.error)

    patch.setattr(logs.Failure, "throw", throw)


@breaks("COMPL-07", "test_cancelling")
def a_cancelled_run_forgets_what_came(patch: pytest.MonkeyPatch) -> None:
    whole = reader.CompletionReader.result
    patch.setattr(reader.CompletionReader, "result", lambda self: whole(self).model_copy(update={"content_text": ""}))


@breaks("COMPL-09", "cut_anywhere")
def a_cut_stream_is_a_success(patch: pytest.MonkeyPatch) -> None:
    honest = run.AsyncCompletionRun._read_stream

    async def read(self: Any, stream: Any) -> None:
        try:
            await honest(self, stream)
        except StreamTruncatedError:
            self._publish(self._reader.close())

    patch.setattr(run.AsyncCompletionRun, "_read_stream", read)


@breaks("COMPL-11", "streams_are_logs")
def a_stream_is_read_once(patch: pytest.MonkeyPatch) -> None:
    def one_reader(self: Any) -> Any:
        if not hasattr(self, "only"):
            self.only = logs._Reader(self)
        return self.only

    patch.setattr(logs.Log, "__aiter__", one_reader)


@breaks("COMPL-12", "test_awaitables")
def giving_up_ends_the_run(patch: pytest.MonkeyPatch) -> None:
    honest = logs.Outcome.get

    async def get(self: Any) -> Any:
        try:
            return await honest(self)
        except asyncio.CancelledError as error:
            self.settle(None, logs.Failure(error))
            raise

    patch.setattr(logs.Outcome, "get", get)


@breaks("COMPL-14", "test_ids")
def identical_calls_become_one(patch: pytest.MonkeyPatch) -> None:
    honest = reader.CompletionReader._finished_calls

    def finished(self: Any, before: int | None) -> Any:
        seen: set[str] = vars(self).setdefault("seen", set())
        for event in honest(self, before):
            said = str(getattr(event, "call", None) and event.call.arguments)
            if said not in seen:
                seen.add(said)
                yield event

    patch.setattr(reader.CompletionReader, "_finished_calls", finished)


@breaks("COMPL-17", "wrong_arguments")
def only_missing_arguments_are_noticed(patch: pytest.MonkeyPatch) -> None:
    for kind in (parameters._Schema, parameters._Typed):
        honest = kind.parse

        def parse(self: Any, arguments: Any, honest: Any = honest) -> Any:
            try:
                return honest(self, arguments)
            except parameters.RefusedArgumentsError as error:
                if error.missing:
                    raise
                return arguments

        patch.setattr(kind, "parse", parse)


@breaks("COMPL-25", "cuts_change_nothing")
def markers_come_whole(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(markers, "held_back", lambda *_: 0)


@breaks("COMPL-26", "cuts_change_nothing")
def markup_that_makes_no_sense_is_dropped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        scanner.ScanningParser,
        "_tell_calls",
        lambda self, calls, raw, items: items.extend(calls),  # noqa: ARG005
    )


@breaks("COMPL-29", "stats_are_exact")
def times_are_in_seconds(patch: pytest.MonkeyPatch) -> None:
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
def a_cache_key_goes_nowhere(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("llm_sdk.completion.options.cache_hint", lambda *_: ({}, None))


@breaks("COMPL-31", "history_reaches")
def results_answer_the_last_call(patch: pytest.MonkeyPatch) -> None:
    from llm_sdk.completion.history import HistoryReader

    honest = HistoryReader._read_result

    def read(self: Any, entry: Any, path: str) -> None:
        self._open.reverse()
        honest(self, entry, path)
        self._open.reverse()

    patch.setattr(HistoryReader, "_read_result", read)


if __name__ == "__main__":
    main()
